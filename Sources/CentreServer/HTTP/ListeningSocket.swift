#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A socket that listens; what closes it is whoever took it over.
struct ListeningSocket {
    let descriptor: Int32
    let port: UInt16

    /// Clients that may wait to be accepted: as many as arrive while one thread does something else.
    private static let backlog: Int32 = 4_096
    /// Of those, who may have spoken before it is certain that the address is theirs.
    private static let fastMax: Int32 = 1_024

    /// - Parameter hearsAtOnce: whether the first bytes of clients may come with their first packet. The network may
    ///   repeat it, so it must hold nothing that counts twice, such as the beginning of a handshake.
    init(_ address: ListenAddress, hearsAtOnce: Bool) throws(HTTPServerError) {
        let family = address.host.isFour && !address.isEverywhere ? AF_INET : AF_INET6
        descriptor = socket(family, Self.streamType, 0)
        guard descriptor >= 0 else { throw Self.failure(address) }
        do throws(HTTPServerError) {
            try Self.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1, address)
            // What is accepted inherits it. GnuTLS answers a handshake in two pieces, and the second would wait until
            // the first was acknowledged: a round trip.
            try Self.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1, address)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            if family == AF_INET6 {
                try Self.set(
                    descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, address.isEverywhere ? 0 : 1, address)
            }
            guard Self.bind(descriptor, address, family), listen(descriptor, Self.backlog) == 0 else {
                throw Self.failure(address)
            }
        } catch {
            _ = close(descriptor)
            throw error
        }
        if hearsAtOnce { Self.hearAtOnce(descriptor) }
        port = Self.port(of: descriptor)
    }

    /// TCP Fast Open (RFC 7413), where the kernel permits it to servers (`net.ipv4.tcp_fastopen`): who was here before
    /// speaks with the first packet.
    private static func hearAtOnce(_ descriptor: Int32) {
        #if os(Linux)
            var count = fastMax
            _ = setsockopt(
                descriptor, Int32(IPPROTO_TCP), TCP_FASTOPEN, &count, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    private static func set(
        _ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32, _ address: ListenAddress
    ) throws(HTTPServerError) {
        var value = value
        guard setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw failure(address)
        }
    }

    private static func bind(_ descriptor: Int32, _ address: ListenAddress, _ family: Int32) -> Bool {
        if family == AF_INET {
            var four = sockaddr_in()
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = address.port.bigEndian
            _ = inet_pton(AF_INET, address.host.description, &four.sin_addr)
            return withUnsafePointer(to: &four) { bindAny(descriptor, $0) }
        }
        var six = sockaddr_in6()
        six.sin6_family = sa_family_t(AF_INET6)
        six.sin6_port = address.port.bigEndian
        if !address.isEverywhere { _ = inet_pton(AF_INET6, address.host.description, &six.sin6_addr) }
        return withUnsafePointer(to: &six) { bindAny(descriptor, $0) }
    }

    private static func bindAny<Address>(_ descriptor: Int32, _ address: UnsafePointer<Address>) -> Bool {
        address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            #if canImport(Glibc)
                Glibc.bind(descriptor, address, socklen_t(MemoryLayout<Address>.size)) == 0
            #else
                Darwin.bind(descriptor, address, socklen_t(MemoryLayout<Address>.size)) == 0
            #endif
        }
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        var six = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        _ = withUnsafeMutablePointer(to: &six) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        // The port stands at the same place for both versions.
        return UInt16(bigEndian: six.sin6_port)
    }

    private static func failure(_ address: ListenAddress) -> HTTPServerError {
        .address("\(address)", reason: String(cString: strerror(errno)))
    }

    #if canImport(Glibc)
        private static let streamType = Int32(SOCK_STREAM.rawValue)
    #else
        private static let streamType = SOCK_STREAM
    #endif
}
