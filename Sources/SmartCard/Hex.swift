/// Hexadecimal text, written the way card people read it: upper case, no separators.
package enum Hex {
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        bytes.withContiguousStorageIfAvailable(encode) ?? Array(bytes).withUnsafeBufferPointer(encode)
    }

    private static func encode(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for (index, byte) in bytes.enumerated() {
                text[2 * index] = digits[Int(byte >> 4)]
                text[2 * index + 1] = digits[Int(byte & 0x0F)]
            }
            return bytes.count * 2
        }
    }

    /// Reads hex digits of either case; spaces, tabs, line ends, colons and one leading `0x` are passed over.
    package static func decode(_ text: some StringProtocol) throws(HexError) -> [UInt8] {
        var input = Substring(text)
        if input.hasPrefix("0x") || input.hasPrefix("0X") { input.removeFirst(2) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(input.utf8.count / 2)
        var high: UInt8?
        for (offset, character) in input.utf8.enumerated() {
            if isSeparator(character) { continue }
            guard let digit = value(of: character) else { throw .notHex(offset: offset) }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil else { throw .oddDigits }
        return bytes
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func isSeparator(_ character: UInt8) -> Bool {
        switch character {
        case 0x20, 0x09, 0x0A, 0x0D, 0x3A: true
        default: false
        }
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// Why a text is not hexadecimal.
package enum HexError: Error, Hashable {
    case notHex(offset: Int)
    case oddDigits
}

extension Sequence<UInt8> {
    /// The bytes as upper-case hex.
    package var hex: String { Hex.encode(self) }
}

extension UInt8 {
    /// The byte as two upper-case hex digits.
    package var hex: String { Hex.encode(CollectionOfOne(self)) }
}

extension UInt16 {
    /// The value as four upper-case hex digits.
    package var hex: String { Hex.encode(bigEndianBytes) }
}

// Inlined: called for every number on every row, and slow where the type is found out only while running.
extension FixedWidthInteger {
    /// The bytes of the value, most significant first.
    @inlinable
    package var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }

    /// Reads all the bytes, most significant first; more bytes than the type holds lose their front.
    @inlinable
    package init(bigEndianBytes: some Sequence<UInt8>) {
        self = bigEndianBytes.reduce(0) { $0 << 8 | Self($1) }
    }
}
