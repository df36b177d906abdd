internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A connection that is on its way to a server while libcurl is loaded and the first request is made ready: its round
/// trip costs no time then. Whatever is wrong with it, the client makes one of its own.
package final class EarlyConnection: Sendable {
    private enum State {
        case resolving
        case begun(Int32, to: ResolvedAddress)
        case over
    }

    /// Then TCP would try once more; somebody who needs it now begins anew.
    private static let waitMilliseconds: Int32 = 1_000

    private let state = Mutex(State.resolving)
    private let host: String
    private let port: String

    /// `nil` where the text is no address as `https://centre.example:8443`.
    package init?(to url: String) {
        guard let scheme = ["https://": "443", "http://": "80"].first(where: { url.hasPrefix($0.key) })
        else { return nil }
        let place = url.dropFirst(scheme.key.count).prefix { $0 != "/" }
        if place.hasPrefix("[") {
            host = String(place.dropFirst().prefix { $0 != "]" })
        } else {
            host = String(place.prefix { $0 != ":" })
        }
        let rest = place.drop { $0 != "]" }
        let end = (rest.isEmpty ? place : rest).drop { $0 != ":" }.dropFirst()
        port = end.isEmpty ? scheme.value : String(end)
    }

    deinit { state.withLock { Self.end($0) } }

    /// Looks the name up, which may take a while, and does not wait for the server.
    package func begin() {
        guard let (descriptor, address) = connect() else { return }
        state.withLock { state in
            guard case .resolving = state else { return Self.end(.begun(descriptor, to: address)) }
            state = .begun(descriptor, to: address)
        }
    }

    /// The connection, where it leads to this address and is there; it belongs to the caller then.
    func take(to wanted: ResolvedAddress) -> Int32? {
        let descriptor: Int32? = state.withLock { state in
            switch state {
            case .begun(_, let address) where address != wanted: return nil
            case .begun(let descriptor, _):
                state = .over
                return descriptor
            case .resolving, .over:
                state = .over
                return nil
            }
        }
        guard let descriptor else { return nil }
        var event = pollfd(fd: descriptor, events: Int16(POLLIN | POLLOUT), revents: 0)
        // A server that has something to say before it was asked has hung up. To curl it is connected when it tries.
        guard poll(&event, 1, Self.waitMilliseconds) == 1, event.revents == Int16(POLLOUT) else {
            _ = close(descriptor)
            return nil
        }
        return descriptor
    }

    private static func end(_ state: State) {
        if case .begun(let descriptor, _) = state { _ = close(descriptor) }
    }

    private func connect() -> (Int32, ResolvedAddress)? {
        var hints = addrinfo()
        hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, port, &hints, &list) == 0, let first = list?.pointee else { return nil }
        defer { freeaddrinfo(list) }
        guard let address = ResolvedAddress(first.ai_addr, family: first.ai_family) else { return nil }
        let descriptor = socket(first.ai_family, first.ai_socktype, first.ai_protocol)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        Self.speakAtOnce(descriptor)
        guard isOnItsWay(descriptor, to: first) else {
            _ = close(descriptor)
            return nil
        }
        return (descriptor, address)
    }

    /// False also where the system would connect with the first bytes: then nothing has to be begun early.
    private func isOnItsWay(_ descriptor: Int32, to first: addrinfo) -> Bool {
        #if canImport(Glibc)
            let code = Glibc.connect(descriptor, first.ai_addr, first.ai_addrlen)
        #else
            let code = Darwin.connect(descriptor, first.ai_addr, first.ai_addrlen)
        #endif
        return code != 0 && errno == EINPROGRESS
    }

    /// TCP Fast Open (RFC 7413): with a server that permits it and was spoken with before, the first bytes go with the
    /// first packet, and the connection takes no round trip of its own. Else this one asks for that permission.
    private static func speakAtOnce(_ descriptor: Int32) {
        #if os(Linux)
            var on: Int32 = 1
            _ = setsockopt(
                descriptor, Int32(IPPROTO_TCP), TCP_FASTOPEN_CONNECT, &on,
                socklen_t(MemoryLayout<Int32>.size))
        #endif
    }
}

extension ResolvedAddress {
    /// `nil` for what is neither IPv4 nor IPv6.
    init?(_ address: UnsafeRawPointer, family: Int32) {
        switch family {
        case AF_INET:
            let four = address.loadUnaligned(as: sockaddr_in.self)
            self = withUnsafeBytes(of: four.sin_addr) {
                ResolvedAddress(bytes: Array($0), port: Int(UInt16(bigEndian: four.sin_port)))
            }
        case AF_INET6:
            let sixteen = address.loadUnaligned(as: sockaddr_in6.self)
            self = withUnsafeBytes(of: sixteen.sin6_addr) {
                ResolvedAddress(bytes: Array($0), port: Int(UInt16(bigEndian: sixteen.sin6_port)))
            }
        default: return nil
        }
    }
}
