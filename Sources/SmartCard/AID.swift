/// An application identifier (ISO/IEC 7816-4 §8.2.1.2): five to sixteen bytes.
package struct AID: Hashable, Sendable {
    @usableFromInline package let bytes: [UInt8]

    @inlinable
    package init(_ bytes: some Sequence<UInt8>) throws(AIDError) {
        let bytes = Array(bytes)
        guard (5...16).contains(bytes.count) else { throw .wrongLength(bytes.count) }
        self.bytes = bytes
    }

    /// Reads hex text, for example `A000000151000000`.
    package init(hex text: some StringProtocol) throws(AIDError) {
        let bytes: [UInt8]
        do { bytes = try Hex.decode(text) } catch { throw .notHex(error) }
        try self.init(bytes)
    }

    /// All bytes at once: an array hashes them one after the other.
    package func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// The registered application provider, the first five bytes.
    package var rid: ArraySlice<UInt8> { bytes[..<5] }

    /// What follows the RID.
    package var pix: ArraySlice<UInt8> { bytes[5...] }

    /// Whether the identifier begins with these bytes, as a SELECT by partial name asks.
    package func matches(partial: some Collection<UInt8>) -> Bool {
        partial.count <= bytes.count && bytes.starts(with: partial)
    }
}

/// Why bytes are not an application identifier.
package enum AIDError: Error, Hashable {
    case wrongLength(Int)
    case notHex(HexError)
}

extension AID: CustomStringConvertible {
    package var description: String { bytes.hex }
}

extension AID: Comparable {
    package static func < (left: AID, right: AID) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
