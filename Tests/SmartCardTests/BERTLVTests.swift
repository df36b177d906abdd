internal import SmartCard
internal import Testing

@Suite("BER-TLV")
struct BERTLVTests {
    struct LengthVector: Sendable {
        let bytes: [UInt8]
        let expected: Result<Int, TLVError>
    }

    // ISO/IEC 7816-4:2013 §5.2.2.2, table 4; the refusals are ours (bounds) or X.690 §8.1.3.
    static let lengths: [LengthVector] = [
        .init(bytes: [0x00], expected: .success(0)),
        .init(bytes: [0x7F], expected: .success(127)),
        .init(bytes: [0x81, 0x80], expected: .success(128)),
        .init(bytes: [0x82, 0x01, 0x00], expected: .success(256)),
        .init(bytes: [0x83, 0x01, 0x00, 0x00], expected: .success(65_536)),
        .init(bytes: [0x80], expected: .failure(.indefiniteLength(at: 0))),
        .init(bytes: [0x84, 0, 0, 0, 1], expected: .failure(.lengthTooLong(at: 0))),
        .init(bytes: [], expected: .failure(.truncated(at: 0))),
    ]

    @Test("decodes the length the standard gives", arguments: lengths)
    func decodesLength(_ vector: LengthVector) {
        let result = Result { () throws(TLVError) in
            var input = vector.bytes[...]
            return try BERTLV.readLength(&input)
        }
        #expect(result == vector.expected)
    }

    @Test("every proper prefix is reported as truncated, never read past", arguments: 0..<6)
    func truncation(count: Int) {
        let whole: [UInt8] = [0x9F, 0x70, 0x82, 0x00, 0x01, 0x07]
        #expect(throws: TLVError.truncated(at: count)) { try BERTLV.readOne(whole[..<count]) }
    }

    @Test(
        "tags of one to four bytes keep their form both ways",
        arguments: [
            ([0x4F], 0x4F, false), ([0x9F, 0x70], 0x9F70, false), ([0xBF, 0x0C], 0xBF0C, true),
            ([0x5F, 0x82, 0x01], 0x5F8201, false), ([0x7F, 0x81, 0x82, 0x03], 0x7F81_8203, true),
        ] as [([UInt8], UInt32, Bool)])
    func tags(bytes: [UInt8], number: UInt32, isConstructed: Bool) throws {
        var input = bytes[...]
        let tag = try BERTLV.readTag(&input)
        #expect(tag == BERTag(number))
        #expect(tag.bytes == bytes)
        #expect(tag.isConstructed == isConstructed)
    }

    @Test("a tag of five bytes is refused")
    func longTag() {
        let bytes: [UInt8] = [0x1F, 0x81, 0x81, 0x81, 0x01, 0x00]
        #expect(throws: TLVError.tagTooLong(at: 4)) { try BERTLV.readOne(bytes) }
    }

    @Test("reads a nested object and writes the same bytes")
    func nested() throws {
        let bytes = try Hex.decode("6F108408A000000151000000A5049F6501FF")
        let object = try BERTLV.readOne(bytes)
        let children = try object.children()
        #expect(try children.value(0x84) == [0xA0, 0, 0, 1, 0x51, 0, 0, 0])
        #expect(try children.value(0xA5) == [0x9F, 0x65, 0x01, 0xFF])
        #expect(throws: TLVError.missing(0x4F)) { try children.value(0x4F) }
        #expect(object.encoded == bytes)
    }

    @Test("what follows one object is refused where one is asked for")
    func surplus() {
        #expect(throws: TLVError.lengthTooLong(at: 2)) { try BERTLV.readOne([0x4F, 0x00, 0x00]) }
    }
}
