package import SmartCard

/// A value of the domain as bytes that only the centre reads, as short as they are, for columns that are read with
/// every report of a card. Numbers take as many bytes as they need; whatever has a length says it first.
package protocol Packed {
    func pack(into bytes: inout PackedBytes)
    init(unpacking reader: inout PackedReader) throws(PackedError)
}

/// Bytes that are no value of the kind they should be.
package struct PackedError: Error, Hashable {
    package init() {}
}

extension Packed {
    /// The whole value with the number of the form, so that a later form can be told from this one.
    package var packed: [UInt8] {
        var writer = PackedBytes()
        writer.bytes.append(PackedBytes.form)
        pack(into: &writer)
        return writer.bytes
    }

    package init(packed bytes: [UInt8]) throws(PackedError) {
        guard bytes.first == PackedBytes.form else { throw PackedError() }
        var reader = PackedReader(bytes[1...])
        try self.init(unpacking: &reader)
        guard reader.isAtEnd else { throw PackedError() }
    }
}

/// Where values are written, one after the other.
package struct PackedBytes {
    fileprivate static let form: UInt8 = 1

    package fileprivate(set) var bytes: [UInt8] = []

    /// Small numbers of either sign take one byte; seven bits of each byte count, the eighth says that more follow.
    package mutating func append(_ value: Int) {
        var rest = UInt64(bitPattern: Int64(value) << 1 ^ Int64(value) >> 63)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func append(_ value: Bool) { bytes.append(value ? 1 : 0) }

    package mutating func append(_ value: [UInt8]) {
        append(value.count)
        bytes += value
    }

    package mutating func append(_ text: String) {
        append(text.utf8.count)
        bytes += text.utf8
    }

    package mutating func append(_ value: some Packed) { value.pack(into: &self) }
}

/// Takes packed bytes apart; whatever is not there or makes no sense is an error.
package struct PackedReader {
    private var rest: ArraySlice<UInt8>

    fileprivate init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    fileprivate var isAtEnd: Bool { rest.isEmpty }

    package mutating func number() throws(PackedError) -> Int {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try byte()
            // The tenth byte has room for one bit only.
            guard shift < 63 || byte <= 1 else { throw PackedError() }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return Int(Int64(bitPattern: value >> 1) ^ -Int64(value & 1)) }
        }
        throw PackedError()
    }

    /// Never negative.
    package mutating func count() throws(PackedError) -> Int {
        let value = try number()
        guard value >= 0 else { throw PackedError() }
        return value
    }

    package mutating func bool() throws(PackedError) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw PackedError()
        }
    }

    package mutating func bytes() throws(PackedError) -> ArraySlice<UInt8> {
        let length = try count()
        guard length <= rest.count else { throw PackedError() }
        defer { rest = rest.dropFirst(length) }
        return rest.prefix(length)
    }

    package mutating func text() throws(PackedError) -> String {
        guard let text = String(validating: try bytes(), as: UTF8.self) else { throw PackedError() }
        return text
    }

    package mutating func value<Value: Packed>() throws(PackedError) -> Value {
        try Value(unpacking: &self)
    }

    private mutating func byte() throws(PackedError) -> UInt8 {
        guard let byte = rest.popFirst() else { throw PackedError() }
        return byte
    }
}

// MARK: what values are made of

extension String: Packed {
    package func pack(into bytes: inout PackedBytes) { bytes.append(self) }
    package init(unpacking reader: inout PackedReader) throws(PackedError) { self = try reader.text() }
}

extension Array: Packed where Element: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(count)
        for element in self { element.pack(into: &bytes) }
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self = []
        // Every element takes a byte at least, so that a length that is not true ends at the end of the bytes.
        for _ in 0..<(try reader.count()) { append(try reader.value()) }
    }
}

extension Optional: Packed where Wrapped: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(self != nil)
        if let self { bytes.append(self) }
    }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self = try reader.bool() ? .some(try reader.value()) : .none
    }
}

extension AID: Packed {
    package func pack(into bytes: inout PackedBytes) { bytes.append(self.bytes) }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        let bytes = try reader.bytes()
        do throws(AIDError) { try self.init(bytes) } catch { throw PackedError() }
    }
}

extension Identifier: Packed {
    package func pack(into bytes: inout PackedBytes) { bytes.append(text) }

    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        let text = try reader.text()
        do throws(IdentifierError) { try self.init(kept: text) } catch { throw PackedError() }
    }
}

extension HexBytes: Packed {
    package func pack(into bytes: inout PackedBytes) { bytes.append(self.bytes) }
    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(Array(try reader.bytes()))
    }
}

extension ReleaseID: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(application)
        bytes.append(version)
    }
    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(try reader.value(), try reader.value())
    }
}

extension Room: Packed {
    package func pack(into bytes: inout PackedBytes) {
        bytes.append(nonVolatile)
        bytes.append(volatile)
    }
    package init(unpacking reader: inout PackedReader) throws(PackedError) {
        self.init(nonVolatile: try reader.number(), volatile: try reader.number())
    }
}

extension UInt32 {
    init(unpacking reader: inout PackedReader) throws(PackedError) {
        guard let value = UInt32(exactly: try reader.number()) else { throw PackedError() }
        self = value
    }
}

extension UInt8 {
    init(unpacking reader: inout PackedReader) throws(PackedError) {
        guard let value = UInt8(exactly: try reader.number()) else { throw PackedError() }
        self = value
    }
}
