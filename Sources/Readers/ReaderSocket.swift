#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A TCP connection to a virtual reader that carries messages, and whose waits a bell can end.
final class ReaderSocket {
    enum Failure: Error, Hashable {
        case stopped
        case closed
        case system(errno: Int32)

        /// For the end of a sentence.
        var inWords: String {
            switch self {
            case .stopped, .closed: ""
            case .system(let number): " (\(String(cString: strerror(number))))"
            }
        }
    }

    /// The connection for another thread, which may only end it.
    struct Line: Sendable {
        fileprivate let descriptor: Int32

        /// The other side sees the end at once, and so does a wait of ours.
        func cut() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    var line: Line { Line(descriptor: descriptor) }

    private let descriptor: Int32
    private let stopping: Wakeup
    private var received: [UInt8] = []
    /// How much of `received` has been handed out.
    private var consumed = 0
    private var chunk = [UInt8](repeating: 0, count: 4096)

    private init(descriptor: Int32, stopping: Wakeup) {
        self.descriptor = descriptor
        self.stopping = stopping
    }

    deinit { _ = close(descriptor) }

    static func connect(host: String, port: UInt16, stopping: Wakeup) -> Result<ReaderSocket, Failure> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let list else {
            return .failure(.system(errno: EHOSTUNREACH))
        }
        defer { freeaddrinfo(list) }
        var last = Failure.system(errno: EHOSTUNREACH)
        for address in sequence(first: list, next: { $0.pointee.ai_next }) {
            switch connect(to: address.pointee, stopping: stopping) {
            case .success(let connection): return .success(connection)
            case .failure(.stopped): return .failure(.stopped)
            case .failure(let failure): last = failure
            }
        }
        return .failure(last)
    }

    private static func connect(to address: addrinfo, stopping: Wakeup) -> Result<ReaderSocket, Failure> {
        let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
        guard descriptor >= 0 else { return .failure(.system(errno: errno)) }
        let connection = ReaderSocket(descriptor: descriptor, stopping: stopping)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        // Every wait is a poll that the bell can end, so no call on the socket itself may block.
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        connection.enable(TCP_NODELAY, at: Int32(IPPROTO_TCP))
        #if canImport(Darwin)
            connection.enable(SO_NOSIGPIPE, at: SOL_SOCKET)
        #endif
        #if canImport(Glibc)
            let code = Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen)
        #else
            let code = Darwin.connect(descriptor, address.ai_addr, address.ai_addrlen)
        #endif
        if code != 0 {
            guard errno == EINPROGRESS else { return .failure(.system(errno: errno)) }
            if let failure = connection.wait(for: POLLOUT) { return .failure(failure) }
            var problem: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &problem, &size)
            guard problem == 0 else { return .failure(.system(errno: problem)) }
        }
        connection.acknowledgeAtOnce()
        return .success(connection)
    }

    /// The next message, without its length.
    func receive() -> Result<[UInt8], Failure> {
        while true {
            if let message = nextMessage() { return .success(message) }
            if let failure = wait(for: POLLIN) { return .failure(failure) }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0 {
                guard errno == EAGAIN || errno == EINTR else { return .failure(.system(errno: errno)) }
                continue
            }
            acknowledgeAtOnce()
            guard count > 0 else { return .failure(.closed) }
            received += chunk[..<count]
        }
    }

    /// Sends length and data in one piece.
    func send(_ message: [UInt8]) -> Result<Void, Failure> {
        var rest = [UInt8(message.count >> 8), UInt8(message.count & 0xFF)][...] + message
        #if canImport(Glibc)
            let flags = Int32(MSG_NOSIGNAL)
        #else
            let flags: Int32 = 0
        #endif
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { system_send(descriptor, $0.baseAddress, $0.count, flags) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                if let failure = wait(for: POLLOUT) { return .failure(failure) }
            } else if errno != EINTR {
                return .failure(.system(errno: errno))
            }
        }
        return .success(())
    }

    private func nextMessage() -> [UInt8]? {
        let available = received.count - consumed
        guard available >= 2 else { return nil }
        let length = Int(received[consumed]) << 8 | Int(received[consumed + 1])
        guard available >= 2 + length else { return nil }
        let message = Array(received[consumed + 2..<consumed + 2 + length])
        consumed += 2 + length
        // The reader waits for each answer, so the buffer is nearly always empty here; it never holds two commands.
        if consumed == received.count {
            received.removeAll(keepingCapacity: true)
            consumed = 0
        }
        return message
    }

    /// Waits for the socket or the bell; nothing when the socket is ready.
    private func wait(for events: Int32) -> Failure? {
        while true {
            var waiting = [
                pollfd(fd: descriptor, events: Int16(events), revents: 0),
                pollfd(fd: stopping.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&waiting, 2, -1)
            if count < 0 {
                guard errno == EINTR else { return .system(errno: errno) }
                continue
            }
            if waiting[1].revents != 0 { return .stopped }
            if waiting[0].revents != 0 { return nil }
        }
    }

    /// vpcd writes length and data apart, and its second write waits for the acknowledgement of the first. Linux
    /// delays that by 40 ms unless asked not to, and forgets the wish after each receive.
    private func acknowledgeAtOnce() {
        #if canImport(Glibc)
            enable(TCP_QUICKACK, at: Int32(IPPROTO_TCP))
        #endif
    }

    private func enable(_ option: Int32, at level: Int32) {
        var isOn: Int32 = 1
        // A refusal costs speed, nothing else.
        _ = setsockopt(descriptor, level, option, &isOn, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// `send` of the system; inside the class that name is the method's.
private func system_send(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32) -> Int
{
    send(descriptor, bytes, count, flags)
}
