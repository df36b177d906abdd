import Testing

@testable import CentreServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("The socket that clients connect to")
struct ListeningSocketTests {
    @Test("what is accepted sends small pieces at once: a handshake must not wait for acknowledgements")
    func sendsAtOnce() throws {
        let listening = try ListeningSocket(ListenAddress(.loopback, port: 0), hearsAtOnce: true)
        defer { close(listening.descriptor) }
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(client) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = listening.port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0)
        let accepted = accept(listening.descriptor, nil, nil)
        try #require(accepted >= 0)
        defer { close(accepted) }
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        #expect(getsockopt(accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &length) == 0)
        #expect(value != 0)
    }
    #if os(Linux)
        @Test(
            "first packets with bytes are taken only where that is said (RFC 7413)", arguments: [true, false])
        func hearsAtOnce(_ isSaid: Bool) throws {
            let listening = try ListeningSocket(ListenAddress(.loopback, port: 0), hearsAtOnce: isSaid)
            defer { close(listening.descriptor) }
            var value: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            let level = Int32(IPPROTO_TCP)
            try #require(getsockopt(listening.descriptor, level, TCP_FASTOPEN, &value, &length) == 0)
            #expect((value > 0) == isSaid)
        }
    #endif
}
