internal import CardCrypto
internal import Centre
internal import SmartCard
internal import Synchronization

/// What the threads of a server share.
final class ServerCore: Sendable {
    let library: MicroHTTPD
    let limits: HTTPLimits
    let proxies: [NetworkAddress]
    let service: any HTTPService
    let room: WaitingRoom
    let clock: any WallClock
    let observer: any HTTPObserver
    let queue = WorkQueue<ServerJob>()
    let connections = ClientConnections()
    let addresses: AddressLimits
    private let tagPrefix: String
    private let tagCount = Atomic<UInt64>(0)
    private let stopping = Atomic<Bool>(false)
    private let exchanges = Atomic<Int>(0)
    private let bodyBytes = Atomic<Int>(0)
    private let streams = Atomic<Int>(0)

    init(
        _ configuration: HTTPServer.Configuration, service: any HTTPService, room: WaitingRoom,
        clock: any WallClock, entropy: any EntropySource, observer: any HTTPObserver
    ) throws(HTTPServerError) {
        library = try MicroHTTPD()
        limits = configuration.limits
        proxies = configuration.proxies
        self.service = service
        self.room = room
        self.clock = clock
        self.observer = observer
        addresses = AddressLimits(configuration.limits, proxies: configuration.proxies)
        tagPrefix = entropy.bytes(6).hex.lowercased()
    }

    var isStopping: Bool { stopping.load(ordering: .acquiring) }
    func beginStopping() { stopping.store(true, ordering: .releasing) }

    /// A name that no other request has, of this node or another.
    func newTag() -> String {
        let count = tagCount.wrappingAdd(1, ordering: .relaxed).newValue
        return tagPrefix + "-" + String(count, radix: 36)
    }

    var exchangeCount: Int { exchanges.load(ordering: .relaxed) }
    func exchangeBegan() { exchanges.wrappingAdd(1, ordering: .relaxed) }
    func exchangeEnded() { exchanges.wrappingSubtract(1, ordering: .relaxed) }

    var streamCount: Int { streams.load(ordering: .relaxed) }
    func streamBegan() { streams.wrappingAdd(1, ordering: .relaxed) }
    func streamEnded() { streams.wrappingSubtract(1, ordering: .relaxed) }

    /// Refuses where the bodies of this address, or of all together, would take more memory than they may.
    func takeBodyBytes(_ count: Int, from address: NetworkAddress) throws(RequestRefusal) {
        guard addresses.takeBodyBytes(count, from: address) else {
            throw .init(.tooManyRequests, ["Retry-After": "2"])
        }
        let all = bodyBytes.wrappingAdd(count, ordering: .relaxed).newValue
        guard all > limits.bodiesBytesMax else { return }
        giveBodyBytes(count, from: address)
        throw .init(.overloaded, ["Retry-After": "2"])
    }

    func giveBodyBytes(_ count: Int, from address: NetworkAddress) {
        addresses.giveBodyBytes(count, from: address)
        bodyBytes.wrappingSubtract(count, ordering: .relaxed)
    }

    /// What one worker does until the server stops.
    func work() {
        while let job = queue.next() {
            switch job {
            case .answer(let exchange): exchange.answer()
            case .pull(let pump): pump.pull()
            case .close(let pump): pump.close()
            }
        }
    }

    /// What happens every so often whatever clients do; `isSecond` about once a second.
    func tick(isSecond: Bool) {
        let now = monotonicMilliseconds()
        room.expire(at: now)
        guard isSecond else { return }
        for _ in 0..<connections.endOverdue(now) { observer.ended(.clientTooSlow) }
        for ticket in connections.ticketsOfGone() { room.wake(ticket) }
    }

    /// Waits in the room, in time that no clock can set back; false where it has to look again.
    func park(_ sleeper: any Sleeper, _ waiting: Waiting, since mark: UInt64) -> WaitingRoom.Ticket? {
        let longest = Int64(limits.waitSecondsMax) * 1_000
        let rest = waiting.until.milliseconds - clock.now.milliseconds
        return room.park(
            sleeper, for: waiting.topics, until: monotonicMilliseconds() + min(max(rest, 0), longest),
            since: mark)
    }
}

/// What workers do.
enum ServerJob: Sendable {
    case answer(Exchange)
    case pull(StreamPump)
    case close(StreamPump)
}

/// One way into the server: an address it listens at.
final class Door: Sendable {
    let core: ServerCore
    let isEncrypted: Bool
    /// Only the proxies may come in here, and programs of this machine.
    let isForProxies: Bool
    let certificates: ServerCertificates?
    let clients: ClientAuthority?

    init(
        _ core: ServerCore, isForProxies: Bool, certificates: ServerCertificates?, clients: ClientAuthority?
    ) {
        self.core = core
        self.isForProxies = isForProxies
        self.certificates = certificates
        self.clients = clients
        isEncrypted = certificates != nil
    }

    func admits(_ address: NetworkAddress) -> Bool {
        if isForProxies, !address.isLoopback, !core.proxies.contains(address) {
            core.observer.ended(.notTheProxy)
            return false
        }
        guard core.addresses.admits(address) else {
            core.observer.ended(.addressHasTooMany)
            return false
        }
        return true
    }
}
