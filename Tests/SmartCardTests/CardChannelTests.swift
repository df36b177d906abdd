internal import SmartCard
internal import TestSupport
internal import Testing

@Suite("Exchange")
struct CardChannelTests {
    struct Script: Sendable, CustomTestStringConvertible {
        let name: String
        let command: CommandAPDU
        let answers: [String]
        let sent: [String]
        let result: String
        var testDescription: String { name }
    }

    static let select = CommandAPDU(0x00, 0xA4, 0x04, 0x00, data: [0xA0], expecting: 256)
    static let getData = CommandAPDU(0x84, 0xCA, 0x9F, 0x7F, expecting: 256)

    // ISO/IEC 7816-4:2013 §5.3.4: 61xx is fetched by GET RESPONSE, 6Cxx by the same command with Le = xx.
    static let scripts: [Script] = [
        .init(
            name: "a plain answer", command: getData, answers: ["01029000"], sent: ["84CA9F7F00"],
            result: "01029000"),
        .init(name: "a refusal", command: getData, answers: ["6A88"], sent: ["84CA9F7F00"], result: "6A88"),
        .init(
            name: "61xx", command: select, answers: ["6103", "0102039000"],
            sent: ["00A4040001A000", "00C0000003"],
            result: "0102039000"),
        .init(
            name: "61xx with data before it, twice", command: select,
            answers: ["016101", "026101", "039000"],
            sent: ["00A4040001A000", "00C0000001", "00C0000001"], result: "0102039000"),
        .init(
            name: "6100 asks for 256", command: select, answers: ["6100", "9000"],
            sent: ["00A4040001A000", "00C0000000"], result: "9000"),
        .init(
            name: "6Cxx", command: getData, answers: ["6C02", "01029000"],
            sent: ["84CA9F7F00", "84CA9F7F02"],
            result: "01029000"),
        .init(
            name: "6C00 means 256", command: CommandAPDU(0x80, 0xCA, 0, 0, expecting: 5),
            answers: ["6C00", "019000"], sent: ["80CA000005", "80CA000000"], result: "019000"),
        .init(
            name: "6Cxx to GET RESPONSE", command: select, answers: ["6105", "6C02", "01029000"],
            sent: ["00A4040001A000", "00C0000005", "00C0000002"], result: "01029000"),
        .init(
            name: "6Cxx again is the card's last word", command: getData, answers: ["6C02", "6C03"],
            sent: ["84CA9F7F00", "84CA9F7F02"], result: "6C03"),
        .init(
            name: "6Cxx with data is an answer", command: getData, answers: ["016C02"], sent: ["84CA9F7F00"],
            result: "016C02"),
        .init(
            name: "an error after 61xx keeps what came", command: select, answers: ["016101", "6F00"],
            sent: ["00A4040001A000", "00C0000001"], result: "016F00"),
        .init(
            name: "GET RESPONSE stays on the channel, without secure messaging",
            command: CommandAPDU(0x87, 0xF2, 0x40, 0x00), answers: ["6101", "AA9000"],
            sent: ["87F24000", "03C0000001"], result: "AA9000"),
        .init(
            name: "GET RESPONSE on a further channel", command: CommandAPDU(0xE5, 0xF2, 0x40, 0x00),
            answers: ["6101", "AA9000"], sent: ["E5F24000", "45C0000001"], result: "AA9000"),
        .init(
            name: "a warning is an answer", command: select, answers: ["016283"], sent: ["00A4040001A000"],
            result: "016283"),
    ]

    @Test("sends and gathers as the standard asks", arguments: scripts)
    func exchanges(_ script: Script) throws {
        let channel = try ScriptedChannel(hex: script.answers)
        let response = try channel.exchange(script.command)
        #expect(response.bytes.hex == script.result)
        #expect(channel.commands.map(\.hex) == script.sent)
        #expect(channel.answersLeft == 0)
    }

    @Test("an answer of 65,536 bytes comes whole")
    func longest() throws {
        let block = [UInt8](repeating: 0x5A, count: 256)
        var answers: [ScriptedChannel.Answer] = [.bytes([0x61, 0x00])]
        answers += (0..<255).map { _ in .bytes(block + [0x61, 0x00]) }
        answers.append(.bytes(block + [0x90, 0x00]))
        let response = try ScriptedChannel(answers).exchange(Self.select)
        #expect(response.data.count == 65_536)
        #expect(response.status == .success)
    }

    @Test("a card that announces more without end is given up")
    func endless() {
        let channel = ScriptedChannel(
            [ScriptedChannel.Answer](repeating: .bytes([1, 0x61, 0x01]), count: 1_000))
        let error = #expect(throws: CardChannelError.self) { try channel.exchange(Self.select) }
        #expect(error?.code == .malformedAnswer)
        #expect(channel.commands.count == 257)
    }

    @Test("an answer without a status word is malformed", arguments: [[], [0x90]] as [[UInt8]])
    func malformed(answer: [UInt8]) {
        let error = #expect(throws: CardChannelError.self) {
            try ScriptedChannel([.bytes(answer)]).exchange(Self.select)
        }
        #expect(error?.code == .malformedAnswer)
    }

    @Test("a failure of the reader comes through, at any step", arguments: 0..<3)
    func failures(step: Int) {
        var answers = [ScriptedChannel.Answer](repeating: .bytes([0x61, 0x01]), count: step)
        answers.append(.failure(CardChannelError(.cardRemoved, "pulled")))
        #expect(throws: CardChannelError(.cardRemoved, "pulled")) {
            try ScriptedChannel(answers).exchange(Self.select)
        }
    }
}

@Suite("Command chaining")
struct ChainingTests {
    @Test("what fits in one block stays as it is")
    func fits() {
        let command = CommandAPDU(
            0x00, 0xDB, 0x3F, 0xFF, data: .init(repeating: 1, count: 255), expecting: 256)
        #expect(command.chained() == [command])
        let empty = CommandAPDU(0x00, 0xCA, 0, 0, expecting: 256)
        #expect(empty.chained(maximumBlock: 1) == [empty])
    }

    // ISO/IEC 7816-4:2013 §5.3.3: bit 5 of CLA marks every command but the last; INS, P1 and P2 stay.
    @Test(
        "cuts into blocks, marks all but the last, and asks once",
        arguments: [(256, 255, [255, 1]), (510, 255, [255, 255]), (5, 2, [2, 2, 1]), (3, 1, [1, 1, 1])])
    func cuts(count: Int, maximum: Int, sizes: [Int]) {
        let data = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let command = CommandAPDU(0x01, 0xDB, 0x3F, 0xFF, data: data, expecting: 256)
        let links = command.chained(maximumBlock: maximum)
        #expect(links.map(\.data.count) == sizes)
        #expect(links.flatMap(\.data) == data)
        #expect(links.dropLast().allSatisfy { $0.cla == 0x11 && $0.expectedLength == nil })
        #expect(links.last?.cla == 0x01)
        #expect(links.last?.expectedLength == 256)
        #expect(links.allSatisfy { $0.ins == 0xDB && $0.p1 == 0x3F && $0.p2 == 0xFF && !$0.isExtended })
    }
}
