#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Takes connections of this machine, each on a thread of its own.
enum BenchListener {
    static func serve(_ port: UInt16, _ take: @escaping @Sendable (Int32) -> Void) throws {
        let listener = stream()
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        #if os(Linux)
            // As the centre does.
            setsockopt(listener, Int32(IPPROTO_TCP), TCP_FASTOPEN, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
        let isListening = withLoopback(port) { address, length in
            bind(listener, address, length) == 0 && listen(listener, 128) == 0
        }
        guard isListening else { throw BenchmarkError("nothing can listen at \(port)") }
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { throw BenchmarkError("nobody can come in any more") }
            hurry(connection)
            _ = BenchThread { take(connection) }
        }
    }

    private static func stream() -> Int32 {
        #if canImport(Glibc)
            socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket(AF_INET, SOCK_STREAM, 0)
        #endif
    }

    private static func hurry(_ descriptor: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func withLoopback(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
