internal import GlobalPlatform
internal import SmartCard
internal import TestSupport
internal import Testing

/// Where secrets travel: each place is given some bytes, and no word may ever show them.
private struct Hiding: Sendable, CustomTestStringConvertible {
    let place: String
    let commands: @Sendable ([UInt8]) -> [CommandAPDU]
    let answer: (@Sendable ([UInt8]) -> [UInt8])?

    init(
        _ place: String, answer: (@Sendable ([UInt8]) -> [UInt8])? = nil,
        commands: @escaping @Sendable ([UInt8]) -> [CommandAPDU]
    ) {
        self.place = place
        self.commands = commands
        self.answer = answer
    }

    var testDescription: String { place }

    static func lv(_ value: [UInt8]) -> [UInt8] { BERTLV.encodeLength(value.count) + value }

    /// INSTALL [for install] with some application parameters.
    static func install(_ parameters: [UInt8]) -> [UInt8] {
        let name: [UInt8] = [0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5]
        return lv(name) + lv(name) + lv(name) + lv([0x00]) + lv(BERTLV.encode(0xC9, parameters)) + [0x00]
    }

    static let all: [Hiding] = [
        Hiding("keys of PUT KEY") { secret in
            let key = Array(secret.prefix(16))
            return [
                .init(0x80, 0xD8, 0x00, 0x01, data: [0x30, 0x80] + lv(key) + [0x00]),
                .init(0x80, 0xD8, 0x30, 0x81, data: [0x30, 0x88] + lv([0x10] + key) + [0x03, 1, 2, 3]),
                .init(0x80, 0xD8, 0x00, 0x01, data: [0x30, 0xFF, 0x88] + lv(key) + [0x00, 0x00, 0x00]),
                // Broken: no version, no check value, too long a length, a part of a chain.
                .init(0x80, 0xD8, 0x00, 0x01, data: [0x88] + lv(key)),
                .init(0x80, 0xD8, 0x00, 0x01, data: [0x30, 0x88] + lv(key)),
                .init(0x80, 0xD8, 0x00, 0x01, data: [0x30, 0x88, 0x7F] + secret),
                .init(0x80, 0xD8, 0x80, 0x01, data: secret),
                .init(0x80, 0xD8, 0x00, 0x01, data: secret),
            ]
        },
        Hiding("cryptograms of EXTERNAL AUTHENTICATE") { secret in
            [.init(0x84, 0x82, 0x33, 0x00, data: secret), .init(0x00, 0x82, 0x00, 0x81, data: secret)]
        },
        Hiding("PINs") { secret in
            [0x20, 0x21, 0x24, 0x26, 0x28, 0x2C].flatMap { ins in
                [0x00, 0x0C, 0x80, 0xA0, 0xFF].map { .init($0, ins, 0x00, 0x81, data: secret) }
            }
        },
        Hiding("contents of STORE DATA") { secret in
            (0...255).flatMap { p1 in
                let p1 = UInt8(p1)
                let group = [0x00, 0x70, UInt8(secret.count)] + secret
                let data = p1 & 0x08 != 0 ? group : p1 & 0x10 != 0 ? BERTLV.encode(0x42, secret) : secret
                return [
                    CommandAPDU(0x80, 0xE2, p1, 0x00, data: data),
                    CommandAPDU(0x80, 0xE2, p1, 0x01, data: secret),
                ]
            }
        },
        Hiding("parameters of applications") { secret in
            let whole = install(secret)
            let middle = whole.count - secret.count + 4
            return [
                .init(0x80, 0xE6, 0x0C, 0x00, data: whole),
                // Cut in two, and the second part read as if it were a whole.
                .init(0x80, 0xE6, 0x8C, 0x00, data: Array(whole[..<middle])),
                .init(0x80, 0xE6, 0x0C, 0x00, data: Array(whole[middle...])),
                .init(0x80, 0xE6, 0x0C, 0x00, data: secret), .init(0x80, 0xE6, 0x02, 0x00, data: secret),
            ]
        },
        Hiding("tokens and hashes") { secret in
            let name: [UInt8] = [0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5]
            let load = lv(name) + [0x00] + lv(secret) + [0x00] + lv(secret)
            return [
                .init(0x80, 0xE6, 0x02, 0x00, data: load),
                .init(0x80, 0xE4, 0x00, 0x00, data: BERTLV.encode(0x4F, name) + BERTLV.encode(0x9E, secret)),
            ]
        },
        Hiding("code") { secret in
            [
                .init(0x80, 0xE8, 0x00, 0x01, data: secret),
                .init(0x80, 0xE8, 0x00, 0x00, data: BERTLV.encode(0xC4, secret)),
            ]
        },
        Hiding("what goes to an application") { secret in
            let instructions: [UInt8] = [
                0x2A, 0x22, 0x32, 0x86, 0x87, 0x88, 0x89, 0xA2, 0xC2, 0xC3, 0xD0, 0xD6, 0xD7, 0xDA, 0xDB,
                0xDC, 0xDD, 0xE0, 0xE2, 0x10, 0x14, 0x5C,
            ]
            return instructions.flatMap { ins in
                [0x00, 0x10, 0x40, 0x90, 0xA0, 0xB0, 0xFF].map { .init($0, ins, 0x00, 0x00, data: secret) }
            }
        },
        Hiding("secured commands of any kind", answer: { $0 }) { secret in
            (0...255).flatMap { ins in
                [0x04, 0x0C, 0x84, 0xE0].map { .init($0, UInt8(ins), 0x80, 0x00, data: secret) }
            }
        },
        Hiding("what an application answers", answer: { $0 }) { _ in
            let instructions: [UInt8] = [
                0xB0, 0xB1, 0xB2, 0xB3, 0x2A, 0x84, 0x86, 0x88, 0xC0, 0xE2, 0x5C, 0x12, 0xC2,
            ]
            return instructions.flatMap { ins in
                [0x00, 0x80, 0x90, 0xA0].map { .init($0, ins, 0x00, 0x00, expecting: 256) }
            }
        },
        Hiding("objects of an application", answer: { BERTLV.encode(0x65, $0) }) { _ in
            [
                .init(0x00, 0xCA, 0x00, 0x65, expecting: 256),
                .init(0x00, 0xCA, 0x00, 0xC1, expecting: 256),
                .init(0x00, 0xCB, 0x3F, 0xFF, data: [0x5C, 0x01, 0x7E], expecting: 256),
            ]
        },
        Hiding(
            "labels and what SELECT answers beyond the specification",
            answer: { BERTLV.encode(0x6F, BERTLV.encode(0x50, $0) + BERTLV.encode(0x99, $0)) }
        ) { _ in [.init(0x00, 0xA4, 0x04, 0x00, expecting: 256)] },
        Hiding("refused answers", answer: { BERTLV.encode(0x9F7F, $0) }) { _ in
            [.init(0x80, 0xCA, 0x9F, 0x7F, expecting: 256)]
        },
    ]
}

@Suite("Traces show no secrets")
struct TraceSafetyTests {
    static let rounds: UInt64 = 40

    /// Any three bytes of a secret in a row would be a leak; two may stand anywhere by chance.
    private static func leak(of secret: [UInt8], in lines: [String]) -> String? {
        let text = lines.joined(separator: "\n").uppercased()
        let windows = (0...secret.count - 3).map { secret[$0..<$0 + 3].hex }
        return windows.first { text.contains($0) }
    }

    @Test("whatever is hidden", arguments: Hiding.all)
    fileprivate func nothingLeaks(_ hiding: Hiding) {
        for round in 0..<Self.rounds {
            var random = SeededGenerator(seed: 0x5EC_2E7 + round)
            let secret = random.bytes(32)
            for command in hiding.commands(secret) {
                var lines = CommandText.lines(command) + [CommandText.describe(command)]
                if let answer = hiding.answer {
                    let status: StatusWord = hiding.place == "refused answers" ? 0x6985 : 0x9000
                    let response = ResponseAPDU(data: answer(secret), status: status)
                    lines += CommandText.lines(response, to: command)
                }
                #expect(Self.leak(of: secret, in: lines) == nil, "seed \(random.seed): \(lines)")
            }
        }
    }

    @Test("a leak would be seen")
    func leaksAreSeen() {
        let command = CommandAPDU(0x80, 0x50, 0x00, 0x00, data: [1, 2, 3, 4, 5, 6, 7, 8], expecting: 256)
        #expect(Self.leak(of: command.data, in: CommandText.lines(command)) == "010203")
    }
}

@Suite("Traces of damaged bytes")
struct TraceDamageTests {
    private static func isBounded(_ lines: [String]) -> Bool {
        !lines.isEmpty && lines.count <= CommandText.linesMax
            && lines.allSatisfy { line in
                !line.isEmpty && line.count <= CommandText.lineCharactersMax
                    && line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            }
    }

    private static func check(_ command: [UInt8], _ answer: [UInt8]) -> Bool {
        guard let command = try? CommandAPDU(parsing: command) else { return true }
        guard isBounded(CommandText.lines(command)) else { return false }
        guard let answer = try? ResponseAPDU(parsing: answer) else { return true }
        return isBounded(CommandText.lines(answer, to: command))
    }

    @Test("every proper prefix of what a command or an answer carries has words", arguments: TraceFixture.all)
    func prefixes(_ fixture: TraceFixture) throws {
        var command = try CommandAPDU(parsing: fixture.command)
        if let answer = fixture.answer {
            for count in 0..<answer.count {
                let isPrefix = Self.check(fixture.command, answer.prefix(count) + [0x90, 0x00])
                #expect(isPrefix, "\(count) bytes")
            }
        } else {
            let data = command.data
            for count in 0..<data.count {
                command.data = Array(data.prefix(count))
                #expect(Self.check(command.bytes, [0x90, 0x00]), "\(count) bytes")
            }
        }
    }

    @Test("every changed byte leaves words", arguments: TraceFixture.all)
    func changes(_ fixture: TraceFixture) {
        let answer = fixture.answer ?? [0x90, 0x00]
        for value in [0x00, 0x01, 0x7F, 0x80, 0x81, 0x83, 0xFF] as [UInt8] {
            for index in fixture.command.indices {
                var changed = fixture.command
                changed[index] = value
                #expect(Self.check(changed, answer), "\(changed.hex)")
            }
            for index in answer.indices {
                var changed = answer
                changed[index] = value
                #expect(Self.check(fixture.command, changed), "\(changed.hex)")
            }
        }
    }

    @Test("any bytes have words", arguments: 0..<8 as Range<UInt64>)
    func noise(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let known = TraceFixture.all.randomElement(using: &random)?.command.prefix(4) ?? []
            let header = Bool.random(using: &random) ? Array(known) : random.bytes(4)
            let data = random.bytes(Int.random(in: 1...64, using: &random))
            let answer = random.bytes(Int.random(in: 0...64, using: &random)) + [0x90, 0x00]
            #expect(Self.check(header + [UInt8(data.count)] + data, answer), "seed \(seed)")
        }
    }

    @Test(
        "the longest answers are cut to a number of lines, and say how many are missing",
        arguments: [
            ("80F24002024F00", "E300"), ("80F24000024F00", "05A000000151030005"), ("80CA2F00", "6100"),
        ])
    func longAnswers(command: String, entry: String) throws {
        let entry = try Hex.decode(entry)
        let data = Array([[UInt8]](repeating: entry, count: 60_000 / entry.count).joined())
        let lines = CommandText.lines(
            ResponseAPDU(data: data), to: try CommandAPDU(parsing: Hex.decode(command)))
        #expect(Self.isBounded(lines))
        #expect(lines.last?.hasPrefix("… and ") == true || lines.count == 2)
    }
}
