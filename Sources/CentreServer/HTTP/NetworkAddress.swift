// Its headers bring in the addresses of sockets, which then belong to it.
internal import CMicroHTTPD

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// An address of the internet, of version 4 or 6; version 4 is kept as what version 6 maps it to.
package struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    private static let mappedPrefix: UInt64 = 0x0000_FFFF_0000_0000

    /// 127.0.0.1.
    package static let loopback = NetworkAddress(high: 0, low: mappedPrefix | 0x7F00_0001)

    package init?(_ text: String) {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(high: 0, low: Self.mappedPrefix | UInt64(UInt32(bigEndian: four.s_addr)))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self.init(six)
    }

    /// As proxies write it: also `203.0.113.9:4711`, `[2001:db8::1]:4711` and `[2001:db8::1]`.
    init?(perhapsWithPort text: String) {
        let (host, port): (Substring, Substring) =
            if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
                (text[..<end].dropFirst(), text[end...].dropFirst())
            } else if let colon = text.firstIndex(of: ":"), colon == text.lastIndex(of: ":") {
                (text[..<colon], text[colon...])
            } else {
                (text[...], "")
            }
        guard port.isEmpty || port.first == ":" && UInt16(port.dropFirst()) != nil else { return nil }
        self.init(String(host))
    }

    init(_ six: in6_addr) {
        let bytes = withUnsafeBytes(of: six) { Array($0) }
        self.init(high: Self.number(bytes[0..<8]), low: Self.number(bytes[8..<16]))
    }

    /// nil for what is no address of the internet.
    init?(_ socket: UnsafePointer<sockaddr>?) {
        guard let socket else { return nil }
        // Every kind begins as this one does; the general one's members belong to whichever module was seen first.
        let four = UnsafeRawPointer(socket).loadUnaligned(as: sockaddr_in.self)
        switch Int32(four.sin_family) {
        case AF_INET:
            self.init(
                high: 0, low: Self.mappedPrefix | UInt64(UInt32(bigEndian: four.sin_addr.s_addr)))
        case AF_INET6: self.init(UnsafeRawPointer(socket).loadUnaligned(as: sockaddr_in6.self).sin6_addr)
        default: return nil
        }
    }

    private var isVersion4: Bool { high == 0 && low >> 32 == Self.mappedPrefix >> 32 }

    package var isLoopback: Bool {
        isVersion4 ? (low >> 24) & 0xFF == 127 : high == 0 && low == 1
    }

    package var isUnspecified: Bool {
        isVersion4 ? UInt32(truncatingIfNeeded: low) == 0 : high == 0 && low == 0
    }

    /// What limits are counted for: whoever has an address of version 6 has a whole network of them.
    package var network: NetworkAddress { isVersion4 ? self : NetworkAddress(high: high, low: 0) }

    package var description: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        if isVersion4 {
            var four = in_addr(s_addr: UInt32(truncatingIfNeeded: low).bigEndian)
            _ = inet_ntop(AF_INET, &four, &buffer, socklen_t(buffer.count))
        } else {
            var six = in6_addr()
            withUnsafeMutableBytes(of: &six) { bytes in
                bytes.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            _ = inet_ntop(AF_INET6, &six, &buffer, socklen_t(buffer.count))
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    var isFour: Bool { isVersion4 }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Where a server listens: `127.0.0.1:8443`, `[::1]:8443`, `*:8443` for every address of the machine.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    package let host: NetworkAddress
    /// 0 for any that is free.
    package let port: UInt16
    /// Every address of the machine, of both versions.
    package let isEverywhere: Bool

    package init(_ host: NetworkAddress, port: UInt16) {
        self.host = host
        self.port = port
        isEverywhere = false
    }

    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        isEverywhere = host == "*" || host == "[::]"
        if isEverywhere { host = "::" }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host == "localhost" { host = "127.0.0.1" }
        guard let address = NetworkAddress(host) else { return nil }
        self.host = address
        self.port = port
    }

    package var isLoopback: Bool { host.isLoopback }

    package var description: String {
        if isEverywhere { return "*:\(port)" }
        return host.isFour ? "\(host):\(port)" : "[\(host)]:\(port)"
    }
}
