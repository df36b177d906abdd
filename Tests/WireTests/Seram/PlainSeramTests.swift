import JSON
import TestSupport
import Testing
import Wire

@Suite("Messages of GP SERAM beside their plain way")
struct PlainSeramTests {
    // Fixed seeds, and a new one each time, which a failure prints.
    static let seeds: [UInt64] = [1, 2, 3, UInt64.random(in: 0...UInt64.max)]

    @Test("are written to the byte as their plain values are, and read back", arguments: seeds)
    func writes(_ seed: UInt64) throws {
        var maker = MessageMaker(random: SeededGenerator(seed: seed))
        for _ in 0..<60 {
            try Self.checkWriting(maker.handshake(), seed)
            try Self.checkWriting(maker.handshakeResponse(), seed)
            try Self.checkWriting(maker.order(), seed)
            try Self.checkWriting(maker.report(), seed)
        }
    }

    private static func checkWriting(_ message: some PlainMessage, _ seed: UInt64) throws {
        #expect(message.written() == message.plain.encoded(), "seed \(seed): \(message)")
        #expect(try type(of: message).init(reading: message.written()) == message, "seed \(seed)")
    }

    @Test("damaged ones are read, or refused at the same place for the same reason", arguments: seeds)
    func damaged(_ seed: UInt64) {
        var maker = MessageMaker(random: SeededGenerator(seed: seed))
        var refused = 0
        for _ in 0..<120 {
            refused += Self.checkReading(maker.handshake(), &maker, seed)
            refused += Self.checkReading(maker.handshakeResponse(), &maker, seed)
            refused += Self.checkReading(maker.order(), &maker, seed)
            refused += Self.checkReading(maker.report(), &maker, seed)
        }
        #expect((120..<480).contains(refused), "seed \(seed): \(refused) refused")
    }

    /// How many were refused.
    private static func checkReading<Message: PlainMessage>(
        _ message: Message, _ maker: inout MessageMaker, _ seed: UInt64
    ) -> Int {
        let bytes = maker.damaged(message.plain)
        let result = Result { () throws(SeramError) in try Message(reading: bytes) }
        let plain = Result { () throws(SeramError) in try Message(plain: PlainPlace.message(bytes)) }
        #expect(result == plain, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
        if case .failure = plain { return 1 } else { return 0 }
    }

    @Test("an APDU is pairs of digits: every character in every place of a pair")
    func digits() {
        for number in Array(UInt32(0)...0x17F) + [0xFF10, 0xFF21, 0x1F600] {
            let scalar = String(Unicode.Scalar(number)!)
            for text in [
                "\(scalar)0", "0\(scalar)", "9000\(scalar)F", "0123456789abcdefABCDEF0\(scalar)", scalar,
            ] {
                let report: JSONValue = [
                    "localAgentStatus": ["localAgentStatusEnum": "PROCESSED"],
                    "ramResponses": [
                        ["ramResponseType": "seRamResponse", "listOfRAPDU": ["", .string(text)]]
                    ],
                ]
                let result = Result { () throws(SeramError) in try SeramReport(reading: report.encoded()) }
                let plain = Result { () throws(SeramError) in
                    try SeramReport(plain: PlainPlace.message(report.encoded()))
                }
                #expect(result == plain, "\(text)")
            }
        }
    }
}

private struct MessageMaker {
    var random: SeededGenerator

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[number(0...choices.count - 1)]
    }
    private mutating func often() -> Bool { number(0...3) > 0 }

    private mutating func text(_ lengthMax: Int = 20) -> String {
        let odd = ["\"", "\\", "\n", "\u{1F}", "\u{7F}", "é", "😀", "/"]
        return (0..<number(0...lengthMax)).map { _ in
            number(0...9) == 0
                ? pick(odd) : String(Unicode.Scalar(UInt8(number(0x20...0x7E))))
        }.joined()
    }

    private mutating func some<Element>(_ max: Int, _ make: (inout Self) -> Element) -> [Element] {
        (0..<number(0...max)).map { _ in make(&self) }
    }

    private mutating func apdus() -> [[UInt8]] { some(12) { $0.random.bytes($0.number(0...60)) } }

    private mutating func element() -> SecureElement {
        SecureElement(
            pick(SecureElement.Kind.allCases), id: text(),
            extraInfo: often() ? text() : nil)
    }

    mutating func handshake() -> SeramHandshakeCommand {
        SeramHandshakeCommand(
            secureElements: some(3) { $0.element() }, transports: often() ? some(3) { $0.text() } : nil,
            formats: often() ? some(3) { $0.text() } : nil, versions: often() ? some(3) { $0.text() } : nil)
    }

    mutating func handshakeResponse() -> SeramHandshakeResponse {
        SeramHandshakeResponse(transport: text(), format: text(), version: text())
    }

    mutating func order() -> SeramOrder {
        let commands = some(5) { maker -> SeramCommand in
            switch maker.number(0...5) {
            case 0: .start
            case 1: .stop
            case 2: .notify(maker.text(200))
            default: .send(maker.apdus())
            }
        }
        return SeramOrder(
            delay: often() ? number(0...SeramBounds.delayMax) : nil, chosen: often() ? element() : nil,
            commands: commands)
    }

    mutating func report() -> SeramReport {
        let status = SeramStatus(
            pick(SeramStatus.Word.allCases),
            executed: often() ? number(0...SeramBounds.commandsMax) : nil, message: often() ? text(100) : nil)
        return SeramReport(status, responses: some(4) { $0.apdus() })
    }

    /// Mostly still JSON, so that what is wrong is found in the message.
    mutating func damaged(_ value: JSONValue) -> [UInt8] {
        var bytes = damaged(value, times: number(1...2)).encoded()
        if number(0...9) == 0 { bytes[number(0...bytes.count - 1)] = UInt8(number(0...255)) }
        return bytes
    }

    private mutating func damaged(_ value: JSONValue, times: Int) -> JSONValue {
        (0..<times).reduce(value) { value, _ in damagedOnce(value) }
    }

    private mutating func damagedOnce(_ value: JSONValue) -> JSONValue {
        // Goes into the value as long as there is anything inside, and not always.
        switch value {
        case .object(let object) where !object.members.isEmpty && number(0...7) > 0:
            let member = pick(object.members)
            var changed = object
            changed[member.name] = number(0...7) == 0 ? nil : damagedOnce(member.value)
            if number(0...9) == 0 { changed[text(4)] = member.value }
            return .object(changed)
        case .array(var values) where !values.isEmpty && number(0...7) > 0:
            let index = number(0...values.count - 1)
            values[index] = damagedOnce(values[index])
            return .array(values)
        case .array where number(0...2) == 0:
            return .array(Array(repeating: .string("9000"), count: number(0...2) == 0 ? 5_000 : 300))
        case .string(let text) where number(0...1) == 0:
            return .string(number(0...3) == 0 ? text + self.text() : String(text.dropLast()))
        case .string where number(0...3) == 0:
            let lengths = [256, 257, 4_096, 4_097, 131_092, 131_093, 131_094]
            return .string(String(repeating: "A", count: pick(lengths)))
        case .null, .bool, .integer, .number, .string, .array, .object:
            let others: [JSONValue] = [
                nil, true, -1, 257, 0.5, 5.0, "x", "eSE", "seRamCommand", [], [:], ["", "6f00"],
            ]
            return pick(others)
        }
    }
}
