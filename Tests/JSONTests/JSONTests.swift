import JSON
import TestSupport
import Testing

@Suite("JSON")
struct JSONTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let value: JSONValue
        let text: String
        var testDescription: String { text }
    }

    static let rows = [
        Row(value: nil, text: "null"),
        Row(value: true, text: "true"),
        Row(value: false, text: "false"),
        Row(value: 0, text: "0"),
        Row(value: -1, text: "-1"),
        Row(value: .integer(.max), text: "9223372036854775807"),
        Row(value: .integer(.min), text: "-9223372036854775808"),
        Row(value: 1.5, text: "1.5"),
        Row(value: .number(-0.0), text: "-0.0"),
        Row(value: .number(1e300), text: "1e+300"),
        Row(value: .number(.leastNonzeroMagnitude), text: "5e-324"),
        Row(value: "", text: "\"\""),
        Row(value: "plain", text: "\"plain\""),
        Row(value: "q\" b\\ s/", text: #""q\" b\\ s/""#),
        Row(value: "\u{08}\t\n\u{0C}\r", text: #""\b\t\n\f\r""#),
        Row(value: "\u{00}\u{1B}\u{1F}\u{7F}", text: #""\u0000\u001B\u001F\u007F""#),
        Row(value: "é 日本 😀 \u{2028}", text: "\"é 日本 😀 \u{2028}\""),
        Row(value: [], text: "[]"),
        Row(value: [1, [2], "3"], text: #"[1,[2],"3"]"#),
        Row(value: [:], text: "{}"),
        Row(value: ["b": 1, "a": ["c": nil]], text: #"{"b":1,"a":{"c":null}}"#),
    ]

    @Test("encodes to the fixed text, and reads it back", arguments: rows)
    func both(_ row: Row) throws {
        #expect(row.value.text == row.text)
        #expect(try JSONValue(decoding: row.text) == row.value)
        #expect(try JSONValue(decoding: row.value.encodedPretty()) == row.value)
    }

    @Test(
        "reads other spellings of the same value",
        arguments: [
            Row(value: [1, 2], text: " [ 1 ,\t2 ]\r\n"),
            Row(value: "A/é😀", text: #""\u0041\/\u00e9\uD83D\ude00""#),
            Row(value: 100.0, text: "1E2"),
            Row(value: .number(-0.0), text: "-0"),
            Row(value: 0.125, text: "1.25e-1"),
            Row(value: .number(1e19), text: "10000000000000000000"),
        ])
    func spellings(_ row: Row) throws { #expect(try JSONValue(decoding: row.text) == row.value) }

    @Test("a whole number is one however it is written, and is none where it would lose digits")
    func wholeNumbers() throws {
        for (text, number) in [
            ("5", 5), ("5.0", 5), ("-0.0", 0), ("1e3", 1000), ("12e-1", nil), ("1e19", nil),
        ]
            as [(String, Int64?)]
        {
            #expect(try JSONValue(decoding: text).integerValue == number, "\(text)")
        }
    }

    @Test("for people it is indented")
    func pretty() {
        let value: JSONValue = ["a": [1, ["b": nil]], "c": [], "d": [:]]
        let text = """
            {
              "a": [
                1,
                {
                  "b": null
                }
              ],
              "c": [],
              "d": {}
            }
            """
        #expect(String(decoding: value.encodedPretty(), as: UTF8.self) == text)
    }

    @Test("infinity and NaN, which JSON lacks, are null")
    func notFinite() {
        #expect(
            JSONValue.array([.number(.infinity), .number(.nan), .number(-.infinity)]).text
                == "[null,null,null]")
    }

    static let refused: [(String, JSONError)] = [
        ("", .truncated(at: 0)), ("  ", .truncated(at: 2)),
        ("nul", .truncated(at: 3)), ("nulL", .unexpectedByte(0x4C, at: 3)),
        ("True", .unexpectedByte(0x54, at: 0)),
        ("1 2", .trailingBytes(at: 2)), ("{}x", .trailingBytes(at: 2)), ("01", .trailingBytes(at: 1)),
        ("-", .truncated(at: 1)), ("-a", .unexpectedByte(0x61, at: 1)), ("+1", .unexpectedByte(0x2B, at: 0)),
        ("1.", .truncated(at: 2)), (".5", .unexpectedByte(0x2E, at: 0)),
        ("1.e5", .unexpectedByte(0x65, at: 2)),
        ("1e", .truncated(at: 2)), ("1e+", .truncated(at: 3)), ("[1e]", .unexpectedByte(0x5D, at: 3)),
        ("1e400", .numberOutOfRange(at: 0)), ("[-1e999]", .numberOutOfRange(at: 1)),
        ("NaN", .unexpectedByte(0x4E, at: 0)), ("0x10", .trailingBytes(at: 1)),
        ("[1,]", .unexpectedByte(0x5D, at: 3)), ("[,1]", .unexpectedByte(0x2C, at: 1)),
        ("[1 2]", .unexpectedByte(0x32, at: 3)), ("[1}", .unexpectedByte(0x7D, at: 2)),
        ("{\"a\":1,}", .unexpectedByte(0x7D, at: 7)), ("{a:1}", .unexpectedByte(0x61, at: 1)),
        ("{\"a\" 1}", .unexpectedByte(0x31, at: 5)), ("{\"a\":}", .unexpectedByte(0x7D, at: 5)),
        ("{\"a\":1,\"a\":2}", .duplicateName("a", at: 7)),
        ("{\"a\":1,\"\\u0061\":2}", .duplicateName("a", at: 7)),
        ("\"a\nb\"", .unexpectedByte(0x0A, at: 2)), ("\"\\x\"", .unexpectedByte(0x78, at: 2)),
        ("\"\\u12g4\"", .unexpectedByte(0x67, at: 5)),
        ("\"\\uD800\"", .loneSurrogate(at: 1)), ("\"a\\uDC00\"", .loneSurrogate(at: 2)),
        ("\"\\uD800\\n\"", .loneSurrogate(at: 1)), ("\"\\uD800\\uD800\"", .loneSurrogate(at: 1)),
        ("// c", .unexpectedByte(0x2F, at: 0)), ("'a'", .unexpectedByte(0x27, at: 0)),
        ("\u{FEFF}1", .unexpectedByte(0xEF, at: 0)),
    ]

    @Test("refuses what RFC 8259 does not allow, and says where", arguments: refused)
    func refuses(_ text: String, _ error: JSONError) {
        #expect(throws: error) { try JSONValue(decoding: text) }
        #expect(!error.reason.isEmpty)
    }

    @Test(
        "refuses bytes that are not UTF-8",
        arguments: [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONError.invalidUTF8(at: 2)) {
            try JSONValue(decoding: [0x5B, 0x22] + bytes + [0x22, 0x5D])
        }
    }

    static let whole = Array(#"{"a":[1,-2.5e+3,true,null,"x\u00e9\uD83D\uDE00\\"],"b":{"c":[],"d":{}}}"#.utf8)

    @Test("every proper prefix is reported as truncated at its end", arguments: 0..<whole.count)
    func prefixes(_ count: Int) {
        #expect(throws: JSONError.truncated(at: count)) {
            try JSONValue(decoding: Array(Self.whole[..<count]))
        }
    }

    @Test("depth and length have bounds")
    func bounds() throws {
        let limits = JSONLimits(bytesMax: 20, depthMax: 3)
        #expect(try JSONValue(decoding: "[[{}]]", limits: limits) == [[[:]]])
        #expect(throws: JSONError.tooDeep(at: 3)) { try JSONValue(decoding: "[[[[]]]]", limits: limits) }
        #expect(throws: JSONError.tooLong(count: 21)) {
            try JSONValue(decoding: String(repeating: " ", count: 21), limits: limits)
        }
        let bomb = String(repeating: "[", count: 1_000_000)
        #expect(throws: JSONError.tooDeep(at: 64)) { try JSONValue(decoding: bomb) }
        let objects = String(repeating: "{\"a\":", count: 100_000)
        #expect(throws: JSONError.tooDeep(at: 64 * 5)) { try JSONValue(decoding: objects) }
    }

    @Test("random values come back as they were", arguments: seeds)
    func random(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let value = randomValue(depth: 4, &generator)
            #expect(try JSONValue(decoding: value.encoded()) == value, "seed \(seed)")
            #expect(try JSONValue(decoding: value.encodedPretty()) == value, "seed \(seed)")
        }
    }

    @Test("damaged text gives an error or a value, within the text's bounds", arguments: seeds)
    func damaged(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var bytes = randomValue(depth: 4, &generator).encoded()
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[index] = UInt8.random(in: 0...255, using: &generator)
            }
            // What was accepted must be a value that survives its own text.
            guard let value = try? JSONValue(decoding: bytes) else { continue }
            #expect((try? JSONValue(decoding: value.encoded())) == value, "seed \(seed): \(bytes)")
        }
    }

    // Fixed seeds, and a new one each time, which a failure prints.
    static let seeds: [UInt64] = [1, 2, 3, UInt64.random(in: 0...UInt64.max)]

    private func randomValue(depth: Int, _ generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0...(depth > 0 ? 7 : 5), using: &generator) {
        case 0: return nil
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &generator))
        case 3:
            let number = Double(bitPattern: generator.next())
            return number.isFinite ? .number(number) : .number(0.5)
        case 4, 5: return .string(randomText(&generator))
        case 6:
            let count = Int.random(in: 0...5, using: &generator)
            return .array((0..<count).map { _ in randomValue(depth: depth - 1, &generator) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...5, using: &generator) {
                object[randomText(&generator)] = randomValue(depth: depth - 1, &generator)
            }
            return .object(object)
        }
    }

    private func randomText(_ generator: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...8, using: &generator) {
            // Small ranges hit the characters with escapes more often.
            let limit: UInt32 = Bool.random(using: &generator) ? 0x80 : 0x10FFFF
            let number = UInt32.random(in: 0...limit, using: &generator)
            text.unicodeScalars.append(Unicode.Scalar(number) ?? "?")
        }
        return text
    }
}

@Suite("JSON object")
struct JSONObjectTests {
    @Test("keeps the order of its members; setting again keeps the place, nil removes")
    func order() {
        var object: JSONObject = ["z": 1, "a": 2, "z": 3]
        #expect(JSONValue.object(object).text == #"{"z":3,"a":2}"#)
        object["m"] = 4
        object["z"] = nil
        object["none"] = nil
        #expect(JSONValue.object(object).text == #"{"a":2,"m":4}"#)
        #expect(object["a"] == 2)
        #expect(object["z"] == nil)
    }

    @Test("values are read by their kind, and refuse to be another")
    func access() {
        let value: JSONValue = ["s": "x", "i": 5, "b": true, "a": [1], "o": [:]]
        #expect(value["s"]?.stringValue == "x" && value["s"]?.integerValue == nil)
        #expect(value["i"]?.integerValue == 5 && value["i"]?.boolValue == nil)
        #expect(value["b"]?.boolValue == true && value["b"]?.arrayValue == nil)
        #expect(value["a"]?.arrayValue == [1] && value["a"]?.objectValue == nil)
        #expect(value["o"]?.objectValue == [:] && value["o"]?.stringValue == nil)
        #expect(value["none"] == nil && JSONValue.null["s"] == nil)
    }
}
