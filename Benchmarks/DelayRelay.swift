#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A distant network, where the kernel cannot make one: every byte arrives so much later, each way, and a connection
/// takes a round trip to be there.
enum DelayRelay {
    static func run(port: UInt16, to target: UInt16, each delay: Duration) throws {
        _ = signal(SIGPIPE, SIG_IGN)
        try BenchListener.serve(port) { client in
            guard let server = BenchListener.connection(to: target) else {
                _ = close(client)
                return
            }
            let there = BenchThread { carry(client, server, delay, opening: delay * 2) }
            carry(server, client, delay, opening: .zero)
            there.join()
            _ = close(client)
            _ = close(server)
        }
    }

    /// One direction, until either end hangs up.
    private static func carry(_ source: Int32, _ sink: Int32, _ delay: Duration, opening: Duration) {
        let clock = ContinuousClock()
        let ready = clock.now + opening
        var waiting: [(due: ContinuousClock.Instant, bytes: [UInt8])] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var isOpen = true
        while isOpen || !waiting.isEmpty {
            let rest = waiting.first.map { clock.now.duration(to: $0.due) }
            let milliseconds = rest.map { max(0, Int32(($0 / .microseconds(1) / 1000).rounded(.up))) } ?? -1
            var event = pollfd(fd: isOpen ? source : -1, events: Int16(POLLIN), revents: 0)
            guard poll(&event, 1, milliseconds) >= 0 else { break }
            if event.revents != 0 {
                let count = recv(source, &buffer, buffer.count, 0)
                if count > 0 {
                    waiting.append((max(clock.now, ready) + delay, Array(buffer[..<count])))
                } else {
                    isOpen = false
                }
            }
            while let first = waiting.first, first.due <= clock.now {
                waiting.removeFirst()
                guard sendAll(first.bytes, sink) else { return hangUp(source, sink) }
            }
        }
        hangUp(source, sink)
    }

    private static func sendAll(_ bytes: [UInt8], _ sink: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(sink, $0.baseAddress, $0.count) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func hangUp(_ source: Int32, _ sink: Int32) {
        shutdown(source, Int32(SHUT_RD))
        shutdown(sink, Int32(SHUT_WR))
    }
}
