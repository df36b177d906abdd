import JSON
import TestSupport
import Testing

@Suite("JSON beside a plain reader and writer")
struct PlainJSONTests {
    // Fixed seeds, and a new one each time, which a failure prints.
    static let seeds: [UInt64] = [1, 2, 3, UInt64.random(in: 0...UInt64.max)]

    @Test("reads every spelling and refuses every damage as the plain reader does", arguments: seeds)
    func reads(_ seed: UInt64) {
        var speller = Speller(random: SeededGenerator(seed: seed))
        var (accepted, refused) = (0, 0)
        for _ in 0..<2_000 {
            var bytes = Array(speller.value(depth: 4).utf8)
            if Bool.random(using: &speller.random) { speller.damage(&bytes) }
            let depthMax = Int.random(in: 2...5, using: &speller.random)
            let plain = PlainReader.read(bytes, depthMax: depthMax)
            let result = Result { () throws(JSONError) in
                try JSONValue(decoding: bytes, limits: JSONLimits(depthMax: depthMax))
            }
            // Texts that are equal as strings can still be other bytes, and minus zero equals zero.
            let isSame =
                result == plain
                && (try? result.get()).map { plainText($0) } == (try? plain.get()).map { plainText($0) }
            #expect(isSame, "seed \(seed): \(bytes) gave \(result), not \(plain)")
            if case .success = plain { accepted += 1 } else { refused += 1 }
        }
        #expect(accepted > 500 && refused > 300, "seed \(seed): \(accepted) accepted, \(refused) refused")
    }

    @Test("writes as the plain writer does, to the byte", arguments: seeds)
    func writes(_ seed: UInt64) throws {
        var speller = Speller(random: SeededGenerator(seed: seed))
        for _ in 0..<1_000 {
            guard let value = try? JSONValue(decoding: speller.value(depth: 4)) else { continue }
            #expect(value.encoded() == Array(plainText(value).utf8), "seed \(seed): \(value)")
            #expect(
                value.encodedPretty() == Array(plainText(value, indent: "").utf8), "seed \(seed): \(value)")
        }
    }

    @Test("every character at every place among plain ones is written and read as it is")
    func characters() throws {
        for number in Array(0...0x17F) + [0x2028, 0xFFFD, 0x1F600] {
            let scalar = try #require(Unicode.Scalar(UInt32(number)))
            for (before, behind) in (0...17).flatMap({ before in [0, 1, 7, 8, 9].map { (before, $0) } }) {
                let text =
                    String(repeating: "a", count: before) + String(scalar)
                    + String(repeating: "b", count: behind)
                let bytes = JSONValue.string(text).encoded()
                #expect(bytes == Array(plainText(.string(text)).utf8))
                let read = try JSONValue(decoding: bytes)
                #expect(read.stringValue.map { Array($0.utf8) } == Array(text.utf8))
                let raw = [UInt8(ascii: "\"")] + Array(text.utf8) + [UInt8(ascii: "\"")]
                let result = Result { () throws(JSONError) in try JSONValue(decoding: raw) }
                #expect(result == PlainReader.read(raw, depthMax: 1))
            }
        }
    }

    @Test(
        "a name that is there already is refused, among few and among many",
        arguments: [1, 2, 15, 16, 17, 40])
    func duplicates(_ count: Int) throws {
        let names = (0..<count).map { "n\($0)" } + ["K;`", "\u{E9}"]
        for again in names + ["\u{212A}\u{37E}\u{1FEF}", "e\u{301}", "new"] {
            let members = (names + [again]).map { "\"\($0)\":{\"n0\":[1]}" }.joined(separator: ",")
            let bytes = Array("{\(members)}".utf8)
            let result = Result { () throws(JSONError) in try JSONValue(decoding: bytes) }
            #expect(result == PlainReader.read(bytes, depthMax: 64))
            #expect((try? result.get()) == nil || again == "new")
        }
    }

    @Test("integers at the edges of 64 bits")
    func edges() throws {
        for digits in [
            "0", "9", "10", "9223372036854775806", "9223372036854775807", "9223372036854775808",
            "9223372036854775809", "18446744073709551616", "99999999999999999999",
        ] {
            for text in [digits, "-" + digits] {
                let result = Result { () throws(JSONError) in try JSONValue(decoding: text) }
                #expect(result == PlainReader.read(Array(text.utf8), depthMax: 1))
                #expect((try result.get().text) == plainText(try result.get()))
            }
        }
    }
}

/// Makes texts that are JSON, in all the ways one may write it.
private struct Speller {
    var random: SeededGenerator

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[number(0...choices.count - 1)]
    }

    private mutating func space() -> String {
        number(0...3) > 0 ? "" : String(pick([" ", "\t", "\n", "\r\n", "  "]))
    }

    mutating func value(depth: Int) -> String {
        let text: String
        switch number(0...(depth > 0 ? 9 : 6)) {
        case 0: text = pick(["null", "true", "false"])
        case 1: text = "\(Int64(bitPattern: random.next()) >> number(0...63))"
        case 2:
            text =
                "\(number(-9...9)).\(number(0...999))" + (number(0...1) > 0 ? "e\(number(-400...330))" : "")
        case 3:
            text = pick(["-0", "0", "0.0", "-0.0", "1E2", "123456789012345678901"])
        case 4...6: text = string()
        case 7: text = "[" + space() + elements { $0.value(depth: depth - 1) } + "]"
        default:
            text =
                "{" + space()
                + elements { $0.string() + $0.space() + ":" + $0.value(depth: depth - 1) + $0.space() } + "}"
        }
        return space() + text + space()
    }

    /// Few, or more than are compared one with the other.
    private mutating func elements(_ element: (inout Self) -> String) -> String {
        let count = number(0...40) == 0 ? 24 : number(0...5)
        return (0..<count).map { _ in space() + element(&self) }.joined(separator: ",")
    }

    private mutating func string() -> String {
        let length = number(0...5) == 0 ? number(0...70) : number(0...9)
        return "\"" + (0..<length).map { _ in character() }.joined() + "\""
    }

    private mutating func character() -> String {
        switch number(0...29) {
        case 0: "\\" + pick(["\"", "\\", "/", "b", "f", "n", "r", "t"])
        case 1: "\\u00" + (number(0...1) > 0 ? "4a" : "1F")
        case 2: "\\uD83D\\ude0\(number(0...9))"
        case 3: pick(["é", "e\u{301}", "日", "😀", "\u{7F}", "\u{212A}"])
        default: String(Unicode.Scalar(UInt8(number(0x5D...0x7E))))
        }
    }

    mutating func damage(_ bytes: inout [UInt8]) {
        for _ in 0..<number(1...3) where !bytes.isEmpty {
            let index = number(0...bytes.count - 1)
            let byte = pick(Array("{}[]\",:\\u0e-+.dDt \n\u{1F}\u{7F}é".utf8))
            switch number(0...3) {
            case 0: bytes[index] = byte
            case 1: bytes.insert(byte, at: index)
            case 2: bytes.remove(at: index)
            default: bytes[index] = UInt8(number(0...255))
            }
        }
        if number(0...9) == 0 { bytes.removeLast(number(0...bytes.count)) }
    }
}
