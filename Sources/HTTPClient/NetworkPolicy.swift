#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A network of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
package struct NetworkRange: Hashable, Sendable {
    private let prefix: [UInt8]
    private let bitCount: Int

    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count), let bytes = Self.bytes(parts[0]) else { return nil }
        let most = bytes.count * 8
        guard parts.count == 2 else {
            (prefix, bitCount) = (bytes, most)
            return
        }
        guard let count = Int(parts[1]), (0...most).contains(count), parts[1] == String(count) else {
            return nil
        }
        (prefix, bitCount) = (bytes, count)
    }

    /// Four bytes or sixteen; of a range of one address, that address.
    package var firstAddress: [UInt8] { prefix }

    /// An address of the other version is not in it.
    package func holds(_ address: [UInt8]) -> Bool {
        guard address.count == prefix.count else { return false }
        return (0..<bitCount).allSatisfy { bit in
            (prefix[bit / 8] ^ address[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
        }
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        return withUnsafeBytes(of: six) { Array($0) }
    }
}

/// Where messages may go: anywhere that anybody can reach, and into the networks that the centre's operator allowed.
///
/// It is asked with the address of the connection that is about to be made, so that no name can stand for one address
/// when it is looked at and for another when it is used.
package struct NetworkPolicy: Hashable, Sendable {
    package let allowed: [NetworkRange]

    package init(allowed: [NetworkRange] = []) { self.allowed = allowed }

    /// Without encryption only what was allowed by name.
    package func admits(_ address: ResolvedAddress, isEncrypted: Bool) -> Bool {
        if allowed.contains(where: { $0.holds(address.plain) || $0.holds(address.bytes) }) { return true }
        return isEncrypted && address.isPublic
    }
}
