internal import GlobalPlatform
internal import SmartCard
internal import TestSupport
internal import Testing

@Suite("Commands and answers in words")
struct TraceWordsTests {
    @Test("are told as the fixture says", arguments: TraceFixture.all)
    func words(_ fixture: TraceFixture) throws {
        #expect(try fixture.words() == fixture.lines)
    }

    @Test("the fixture has something of every command of GPCS 2.3.1 chapter 11 and of the sessions")
    func coverage() throws {
        let names = Set(
            try TraceFixture.all.map { try CommandAPDU(parsing: $0.command) }
                .filter { $0.cla & 0x80 != 0 || [0xA4, 0xCA, 0x70, 0xC0].contains($0.ins) }.map(\.ins))
        let all: Set<UInt8> = [
            Instruction.delete, Instruction.getData, Instruction.getStatus, Instruction.install,
            Instruction.load, Instruction.manageChannel, Instruction.putKey, Instruction.select,
            Instruction.setStatus, Instruction.storeData, Instruction.initializeUpdate,
            Instruction.externalAuthenticate, Instruction.beginRMACSession, Instruction.endRMACSession,
            Instruction.getResponse,
        ]
        #expect(all.isSubset(of: names))
    }

    @Test("one line is the first of several", arguments: TraceFixture.all.filter { $0.answer == nil })
    func oneLine(_ fixture: TraceFixture) throws {
        let command = try CommandAPDU(parsing: fixture.command)
        #expect(CommandText.describe(command) == CommandText.lines(command).first)
    }

    @Test("a recorded session of a real card is understood to its last byte", arguments: RecordedSession.all)
    func recordedSessions(_ session: RecordedSession) throws {
        var exchanges = [(session.initializeUpdate, session.initializeUpdateAnswer + [0x90, 0x00])]
        for exchange in session.exchanges {
            // Without protection of answers they travel as they are; otherwise the recording has them plain.
            guard let answer = exchange.answer, answer.count >= 2 else { continue }
            let data = exchange.plainData ?? Array(answer.dropLast(2))
            exchanges.append((exchange.plain, data + answer.suffix(2)))
        }
        for (command, answer) in exchanges {
            let command = try CommandAPDU(parsing: command)
            // Commands that a test of the recording program made up say nothing.
            guard command.ins != Instruction.getStatus || command.data.first == 0x4F else { continue }
            let lines =
                try CommandText.lines(command)
                + CommandText.lines(ResponseAPDU(parsing: answer), to: command)
            #expect(!lines.contains { $0.contains("malformed") }, "\(lines.joined(separator: "\n"))")
        }
    }

    @Test(
        "names come from the longest known beginning",
        arguments: [
            ("A000000151000000", "issuer security domain"), ("A0000001510001", "GlobalPlatform"),
            ("A0000000620101", "javacard.framework"), ("A000000062010101", "javacard.framework.service"),
            ("A0000000031010", "Visa credit or debit"), ("A000000003101001", "Visa credit or debit"),
            ("A0000000871002FF49FF0589", "USIM"), ("D276000124010304000612345678", "OpenPGP"),
            ("A0000006472F0001", "FIDO"), ("A000000308000010000100", "PIV"),
            ("A0000005591010FFFFFFFF8900000100", "ISD-R of an eUICC"),
            ("A0000005591010FFFFFFFF8900001200", "ISD-P of an eUICC"),
        ])
    func names(hex: String, name: String) throws {
        #expect(KnownAIDs.name(try AID(hex: hex).bytes) == name)
    }

    @Test(
        "what has no known beginning, or is no AID, has no name", arguments: ["D0D1D2D3D4D5", "A0000001", ""])
    func unnamed(hex: String) throws {
        #expect(KnownAIDs.name(try Hex.decode(hex)) == nil)
    }
}
