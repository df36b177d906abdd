internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One connection from a client, for as long as its socket is open.
final class ClientConnection: @unchecked Sendable {
    // What can change is atomic, but for the certificate, which only the thread of libmicrohttpd touches.
    let descriptor: Int32
    let address: NetworkAddress
    let door: Door
    var certificate: ClientCertificate = .unknown
    /// When the client must have done the next thing; `max` while it is our turn.
    private let deadline: Atomic<Int64>
    /// What its request waits under; 0 for nothing.
    private let ticket = Atomic<UInt64>(0)
    private let gone = Atomic<Bool>(false)

    enum ClientCertificate {
        case unknown
        case none
        case verified([UInt8])
        case refused(String)
    }

    init(descriptor: Int32, address: NetworkAddress, door: Door, deadline: Int64) {
        self.descriptor = descriptor
        self.address = address
        self.door = door
        self.deadline = Atomic(deadline)
    }

    var isGone: Bool { gone.load(ordering: .acquiring) }

    func expect(by time: Int64) { deadline.store(time, ordering: .relaxed) }
    func waits(as ticket: WaitingRoom.Ticket?) {
        self.ticket.store(ticket?.number ?? 0, ordering: .relaxed)
    }

    fileprivate func isOverdue(_ now: Int64) -> Bool { deadline.load(ordering: .relaxed) <= now }
    fileprivate var waitingTicket: WaitingRoom.Ticket? {
        let number = ticket.load(ordering: .relaxed)
        return number == 0 ? nil : WaitingRoom.Ticket(number: number)
    }
    fileprivate func markGone() { gone.store(true, ordering: .releasing) }
}

/// All connections of a server, to find those whose client is too slow or went away.
///
/// libmicrohttpd has a time limit for silence only, and does not look at connections that wait.
final class ClientConnections: Sendable {
    private let open = Mutex<[Int32: ClientConnection]>([:])

    var count: Int { open.withLock { $0.count } }

    func add(_ connection: ClientConnection) { open.withLock { $0[connection.descriptor] = connection } }

    /// To be called before the descriptor is closed, and may be another connection's.
    func remove(_ connection: ClientConnection) {
        open.withLock { _ = $0.removeValue(forKey: connection.descriptor) }
    }

    /// Ends the connections whose client should have gone on before now; returns how many.
    func endOverdue(_ now: Int64) -> Int {
        open.withLock { open in
            var ended = 0
            for connection in open.values where connection.isOverdue(now) {
                // The owner of the socket sees its end and closes it.
                _ = shutdown(connection.descriptor, Int32(SHUT_RDWR))
                connection.expect(by: .max)
                ended += 1
            }
            return ended
        }
    }

    /// What waits for clients that went away.
    func ticketsOfGone() -> [WaitingRoom.Ticket] {
        open.withLock { open in
            var asked: [pollfd] = []
            var waiting: [(ClientConnection, WaitingRoom.Ticket)] = []
            for connection in open.values {
                guard let ticket = connection.waitingTicket else { continue }
                waiting.append((connection, ticket))
                asked.append(pollfd(fd: connection.descriptor, events: Self.hangUp, revents: 0))
            }
            guard !asked.isEmpty, poll(&asked, nfds_t(asked.count), 0) > 0 else { return [] }
            var gone: [WaitingRoom.Ticket] = []
            for (answer, (connection, ticket)) in zip(asked, waiting) where answer.revents != 0 {
                connection.markGone()
                gone.append(ticket)
            }
            return gone
        }
    }

    #if os(Linux)
        // A client that closes its side while it waits has gone away, as every proxy takes it.
        private static let hangUp = Int16(0x2000)
    #else
        private static let hangUp = Int16(POLLHUP)
    #endif
}
