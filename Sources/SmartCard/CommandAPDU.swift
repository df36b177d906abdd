/// A command to a card (ISO/IEC 7816-4 §5.1), in any of the four cases, short or extended.
package struct CommandAPDU: Hashable, Sendable {
    package static let dataBytesMax = 65_535
    package static let expectedLengthMax = 65_536

    package var cla: UInt8
    package var ins: UInt8
    package var p1: UInt8
    package var p2: UInt8
    package var data: [UInt8]
    /// The greatest number of response bytes asked for (Ne); `nil` asks for none, 256 is written as `00`.
    package var expectedLength: Int?

    package init(
        _ cla: UInt8, _ ins: UInt8, _ p1: UInt8, _ p2: UInt8, data: [UInt8] = [], expecting length: Int? = nil
    ) {
        precondition(data.count <= Self.dataBytesMax, "a command carries at most 65,535 bytes")
        precondition(length.map { (1...Self.expectedLengthMax).contains($0) } ?? true, "Ne is 1...65,536")
        self.cla = cla
        self.ins = ins
        self.p1 = p1
        self.p2 = p2
        self.data = data
        expectedLength = length
    }

    /// Whether Lc or Le need the extended form.
    package var isExtended: Bool { data.count > 255 || (expectedLength ?? 0) > 256 }

    /// The bytes that go to the card: short when everything fits, else extended.
    package var bytes: [UInt8] {
        var bytes = [cla, ins, p1, p2]
        bytes.reserveCapacity(data.count + 10)
        if isExtended {
            if !data.isEmpty || expectedLength == nil { bytes += [0] + UInt16(data.count).bigEndianBytes }
            bytes += data
            if let expectedLength {
                if data.isEmpty { bytes.append(0) }
                bytes += UInt16(truncatingIfNeeded: expectedLength).bigEndianBytes
            }
            return bytes
        }
        if !data.isEmpty { bytes.append(UInt8(data.count)) }
        bytes += data
        if let expectedLength { bytes.append(UInt8(truncatingIfNeeded: expectedLength)) }
        return bytes
    }

    package init(parsing bytes: some Collection<UInt8>) throws(APDUError) {
        let bytes = Array(bytes)
        guard bytes.count >= 4 else { throw .tooShort(bytes.count) }
        let body = bytes[4...]
        let (data, length) = try Self.parse(body: body)
        (cla, ins, p1, p2) = (bytes[0], bytes[1], bytes[2], bytes[3])
        self.data = data
        expectedLength = length
    }

    private static func parse(body: ArraySlice<UInt8>) throws(APDUError) -> ([UInt8], Int?) {
        guard let first = body.first else { return ([], nil) }
        if body.count == 1 { return ([], first == 0 ? 256 : Int(first)) }
        if first != 0 { return try parse(body: body.dropFirst(), count: Int(first), lengthBytes: 1) }
        guard body.count >= 3 else { throw .lengthMismatch(declared: 0, actual: body.count - 1) }
        let count = Int(bigEndianBytes: body.dropFirst().prefix(2))
        if body.count == 3 { return ([], count == 0 ? expectedLengthMax : count) }
        guard count > 0 else { throw .lengthMismatch(declared: 0, actual: body.count - 3) }
        return try parse(body: body.dropFirst(3), count: count, lengthBytes: 2)
    }

    private static func parse(
        body: ArraySlice<UInt8>, count: Int, lengthBytes: Int
    ) throws(APDUError) -> ([UInt8], Int?) {
        let data = Array(body.prefix(count))
        let rest = body.dropFirst(count)
        guard data.count == count, rest.isEmpty || rest.count == lengthBytes else {
            throw .lengthMismatch(declared: count, actual: body.count)
        }
        if rest.isEmpty { return (data, nil) }
        let length = Int(bigEndianBytes: rest)
        return (data, length == 0 ? (lengthBytes == 1 ? 256 : expectedLengthMax) : length)
    }
}

/// Why bytes are not an APDU.
package enum APDUError: Error, Hashable {
    case tooShort(Int)
    case lengthMismatch(declared: Int, actual: Int)
}

extension CommandAPDU: CustomStringConvertible {
    /// The header and the sizes only: the data may be secret.
    package var description: String {
        let le = expectedLength.map { " Ne=\($0)" } ?? ""
        return "\([cla, ins, p1, p2].hex) Nc=\(data.count)\(le)"
    }
}

extension CommandAPDU {
    /// The command in pieces of at most so many data bytes: bit 5 of CLA is set in all but the last, which
    /// alone asks for the answer (ISO/IEC 7816-4:2013 §5.3.3).
    ///
    /// GlobalPlatform chains some commands by P1 or P2 instead; this is not for them.
    package func chained(maximumBlock: Int = 255) -> [CommandAPDU] {
        precondition((1...Self.dataBytesMax).contains(maximumBlock), "a block has 1...65,535 bytes")
        precondition(cla & 0x10 == 0, "a command that is itself a link cannot be chained again")
        guard data.count > maximumBlock else { return [self] }
        return stride(from: 0, to: data.count, by: maximumBlock).map { start in
            let block = data[start..<min(start + maximumBlock, data.count)]
            let isLast = block.endIndex == data.count
            return CommandAPDU(
                isLast ? cla : cla | 0x10, ins, p1, p2, data: Array(block),
                expecting: isLast ? expectedLength : nil)
        }
    }
}
