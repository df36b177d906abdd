/// A tag as a standard prints it: `0x4F`, `0x9F70`, `0xBF0C`, up to four bytes.
package struct BERTag: Hashable, Sendable, ExpressibleByIntegerLiteral {
    package let rawValue: UInt32

    package init(_ rawValue: UInt32) { self.rawValue = rawValue }
    package init(integerLiteral value: UInt32) { rawValue = value }

    /// The tag's own bytes, without leading zeros.
    package var bytes: [UInt8] {
        switch rawValue {
        case 0...0xFF: [UInt8(rawValue)]
        case 0x100...0xFFFF: [UInt8(rawValue >> 8), UInt8(rawValue & 0xFF)]
        default: Array(rawValue.bigEndianBytes.drop { $0 == 0 })
        }
    }

    /// Whether the value is itself a series of TLVs (ISO/IEC 8825-1 §8.1.2.5).
    package var isConstructed: Bool {
        let byteCount = (UInt32.bitWidth - rawValue.leadingZeroBitCount + 7) / 8
        return byteCount > 0 && rawValue >> UInt32(8 * (byteCount - 1)) & 0x20 != 0
    }
}

extension BERTag: CustomStringConvertible {
    package var description: String { bytes.hex }
}

/// Why bytes are not BER-TLV; every case says at which index of the input it went wrong.
package enum TLVError: Error, Hashable {
    case truncated(at: Int)
    case tagTooLong(at: Int)
    case lengthTooLong(at: Int)
    case indefiniteLength(at: Int)
    case missing(BERTag)
}

/// One BER-TLV object (ISO/IEC 7816-4 §5.2.2); the value is a slice of what was read, not a copy.
package struct BERTLV: Hashable, Sendable {
    package let tag: BERTag
    package let value: ArraySlice<UInt8>

    package init(_ tag: BERTag, _ value: some Sequence<UInt8>) {
        self.tag = tag
        self.value = ArraySlice(value)
    }

    private init(tag: BERTag, slice: ArraySlice<UInt8>) {
        self.tag = tag
        value = slice
    }

    /// Reads one object from the front of the input and moves the input past it.
    package static func read(_ input: inout ArraySlice<UInt8>) throws(TLVError) -> BERTLV {
        var rest = input
        let tag = try readTag(&rest)
        let length = try readLength(&rest)
        guard length <= rest.count else { throw .truncated(at: rest.endIndex) }
        let value = rest.prefix(length)
        input = rest.dropFirst(length)
        return BERTLV(tag: tag, slice: value)
    }

    /// Reads the whole input as a series of objects; no byte may be left over.
    package static func readAll(_ input: some Collection<UInt8>) throws(TLVError) -> [BERTLV] {
        try readAll(ArraySlice(input))
    }

    /// The same without a copy of the input.
    package static func readAll(_ input: [UInt8]) throws(TLVError) -> [BERTLV] { try readAll(input[...]) }

    /// The same; errors tell indices of the slice.
    package static func readAll(_ input: ArraySlice<UInt8>) throws(TLVError) -> [BERTLV] {
        var rest = input
        var objects: [BERTLV] = []
        while !rest.isEmpty { objects.append(try read(&rest)) }
        return objects
    }

    /// Reads the whole input as exactly one object.
    package static func readOne(_ input: some Collection<UInt8>) throws(TLVError) -> BERTLV {
        var rest = ArraySlice(input)
        let object = try read(&rest)
        guard rest.isEmpty else { throw .lengthTooLong(at: rest.startIndex) }
        return object
    }

    /// The objects inside a constructed one.
    package func children() throws(TLVError) -> [BERTLV] { try Self.readAll(value) }

    package var encoded: [UInt8] { Self.encode(tag, value) }

    package static func encode(_ tag: BERTag, _ value: some Collection<UInt8>) -> [UInt8] {
        tag.bytes + encodeLength(value.count) + value
    }

    /// The shortest form of a length field.
    package static func encodeLength(_ length: Int) -> [UInt8] {
        precondition((0...0xFF_FFFF).contains(length), "a length field on a card has at most three bytes")
        switch length {
        case 0...0x7F: return [UInt8(length)]
        case 0x80...0xFF: return [0x81, UInt8(length)]
        case 0x100...0xFFFF: return [0x82, UInt8(length >> 8), UInt8(length & 0xFF)]
        default: return [0x83] + UInt32(length).bigEndianBytes.dropFirst()
        }
    }

    package static func readTag(_ input: inout ArraySlice<UInt8>) throws(TLVError) -> BERTag {
        guard let first = input.popFirst() else { throw .truncated(at: input.endIndex) }
        guard first & 0x1F == 0x1F else { return BERTag(UInt32(first)) }
        var number = UInt32(first)
        // Four bytes of tag is the most that BERTag and any card specification hold.
        for _ in 0..<3 {
            guard let next = input.popFirst() else { throw .truncated(at: input.endIndex) }
            number = number << 8 | UInt32(next)
            if next & 0x80 == 0 { return BERTag(number) }
        }
        throw .tagTooLong(at: input.startIndex)
    }

    package static func readLength(_ input: inout ArraySlice<UInt8>) throws(TLVError) -> Int {
        guard let first = input.popFirst() else { throw .truncated(at: input.endIndex) }
        if first < 0x80 { return Int(first) }
        guard first != 0x80 else { throw .indefiniteLength(at: input.startIndex - 1) }
        let count = Int(first & 0x7F)
        // Four length bytes already exceed anything a card can hold; more is an attack or a bug.
        guard count <= 3 else { throw .lengthTooLong(at: input.startIndex - 1) }
        guard count <= input.count else { throw .truncated(at: input.endIndex) }
        defer { input = input.dropFirst(count) }
        return Int(bigEndianBytes: input.prefix(count))
    }
}

extension [BERTLV] {
    /// The first object with the tag.
    package func first(_ tag: BERTag) -> BERTLV? { first { $0.tag == tag } }

    /// The value of the first object with the tag; its absence is an error.
    package func value(_ tag: BERTag) throws(TLVError) -> ArraySlice<UInt8> {
        guard let object = first(tag) else { throw .missing(tag) }
        return object.value
    }
}
