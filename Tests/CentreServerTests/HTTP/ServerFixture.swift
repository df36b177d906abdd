import CardCrypto
import Centre
import CentreServer
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a test answers with.
struct ClosureService: HTTPService {
    let body: @Sendable (HTTPRequest, Instant) -> Answer

    func answer(_ request: HTTPRequest, since: Instant) -> Answer { body(request, since) }
}

struct RealClock: WallClock {
    var now: Instant {
        var time = timespec()
        _ = clock_gettime(CLOCK_REALTIME, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// Keeps what it was told.
final class RecordingObserver: HTTPObserver {
    let records = Mutex<[HTTPRecord]>([])
    let endings = Mutex<[HTTPEndReason]>([])

    func answered(_ record: HTTPRecord) { records.withLock { $0.append(record) } }
    func ended(_ reason: HTTPEndReason) { endings.withLock { $0.append(reason) } }
}

/// A real server at a free port of this machine.
struct ServerFixture {
    let server: HTTPServer
    let room = WaitingRoom()
    let observer = RecordingObserver()

    init(
        _ limits: HTTPLimits = HTTPLimits(), tls: TLSSettings? = nil, proxies: [NetworkAddress] = [],
        _ body: @escaping @Sendable (HTTPRequest, Instant) -> Answer
    ) throws {
        var limits = limits
        limits.workers = min(limits.workers, 4)
        server = try HTTPServer(
            .init([.init(ListenAddress(.loopback, port: 0), tls: tls)], limits: limits, proxies: proxies),
            service: ClosureService(body: body), room: room, clock: RealClock(), entropy: SystemEntropy(),
            observer: observer)
    }

    var port: UInt16 { server.addresses[0].port }

    func client() throws -> RawClient { try RawClient(port: port) }

    /// Tells back what it was asked.
    static func echo(_ request: HTTPRequest) -> HTTPResponse {
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
        return HTTPResponse(
            text: [
                request.method.rawValue, request.segments.joined(separator: "|"), query,
                String(decoding: request.body, as: UTF8.self),
            ].joined(separator: "\n"))
    }
}

/// Waits until it is so; what a server does on other threads has no other sign.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2_000 {
        if condition() { return true }
        usleep(5_000)
    }
    return false
}

/// A thread that a test waits for: what blocks must not take one from those that run tests.
struct TestThread {
    private let thread: pthread_t

    private final class Start {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    init(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(body))
        _ = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, start.toOpaque())
        self.thread = thread
    }

    func join() { pthread_join(thread, nil) }
}
