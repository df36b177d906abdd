internal import SmartCard
internal import Testing

@Suite("APDU")
struct APDUTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let hex: String
        let command: CommandAPDU
        var testDescription: String { String(hex.prefix(24)) }
    }

    // ISO/IEC 7816-4:2013 §5.1, cases 1, 2S, 3S, 4S, 2E, 3E, 4E.
    static let vectors: [Vector] = [
        .init(hex: "00A40400", command: .init(0x00, 0xA4, 0x04, 0x00)),
        .init(hex: "80CA9F7F00", command: .init(0x80, 0xCA, 0x9F, 0x7F, expecting: 256)),
        .init(hex: "80CA9F7F2D", command: .init(0x80, 0xCA, 0x9F, 0x7F, expecting: 45)),
        .init(hex: "8050000002ABCD", command: .init(0x80, 0x50, 0, 0, data: [0xAB, 0xCD])),
        .init(hex: "8050000002ABCD00", command: .init(0x80, 0x50, 0, 0, data: [0xAB, 0xCD], expecting: 256)),
        .init(hex: "80CA0000000200", command: .init(0x80, 0xCA, 0, 0, expecting: 512)),
        .init(hex: "80CA0000000000", command: .init(0x80, 0xCA, 0, 0, expecting: 65_536)),
        .init(
            hex: "80E80000000100" + String(repeating: "5A", count: 256),
            command: .init(0x80, 0xE8, 0, 0, data: .init(repeating: 0x5A, count: 256))),
    ]

    @Test("writes the form the standard gives", arguments: vectors)
    func encodes(_ vector: Vector) {
        #expect(vector.command.bytes.hex == vector.hex)
    }

    @Test("reads the form the standard gives", arguments: vectors)
    func decodes(_ vector: Vector) throws {
        #expect(try CommandAPDU(parsing: Hex.decode(vector.hex)) == vector.command)
    }

    @Test("an extended Le makes the whole command extended")
    func extendedCase4() throws {
        let command = CommandAPDU(0x80, 0xE8, 0, 0, data: [0xAB], expecting: 257)
        #expect(command.bytes.hex == "80E80000000001AB0101")
        #expect(try CommandAPDU(parsing: command.bytes) == command)
    }

    @Test(
        "refuses lengths that do not add up",
        arguments: ["", "00A404", "8050000003ABCD", "8050000001ABCDEF", "80E800000000", "80E80000000002AB"])
    func refuses(hex: String) throws {
        let bytes = try Hex.decode(hex)
        #expect(throws: APDUError.self) { try CommandAPDU(parsing: bytes) }
    }

    @Test("a response needs its status word")
    func responses() throws {
        #expect(try ResponseAPDU(parsing: [0x01, 0x90, 0x00]) == ResponseAPDU(data: [1], status: .success))
        #expect(throws: APDUError.tooShort(1)) { try ResponseAPDU(parsing: [0x90]) }
    }

    @Test(
        "CLA bytes keep their meaning when the channel changes",
        arguments: [
            (0x80, 1, 0x81), (0x84, 3, 0x87), (0x80, 4, 0xC0), (0x00, 19, 0x4F), (0xC0, 2, 0x82),
        ] as [(UInt8, Int, UInt8)])
    func channels(cla: UInt8, channel: Int, expected: UInt8) {
        #expect(cla.onLogicalChannel(channel) == expected)
        #expect(expected.logicalChannel == channel)
    }
}
