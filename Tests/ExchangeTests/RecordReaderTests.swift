import Exchange
import JSON
import TestSupport
import Testing

@Suite("Rows out of a file")
struct RecordReaderTests {
    private static func parts(_ text: String, _ format: ExchangeFormat, piece: Int = 1_000) -> [RecordReader
        .Part]
    {
        var reader = RecordReader(format)
        var parts: [RecordReader.Part] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            reader.feed(bytes[start..<min(start + piece, bytes.count)])
            while let part = reader.next(isEnd: false) { parts.append(part) }
        }
        while let part = reader.next(isEnd: true) { parts.append(part) }
        return parts
    }

    private static func row(_ line: Int, _ fields: [String: String]) -> RecordReader.Part {
        .record(ExchangeRecord(line: line, fields: fields))
    }

    /// RFC 4180 §2, rule by rule, and what comes from other programs.
    static let csvTexts: [(String, [RecordReader.Part])] = [
        ("a,b\r\n1,2\r\n", [row(2, ["a": "1", "b": "2"])]),
        ("a,b\n1,2", [row(2, ["a": "1", "b": "2"])]),
        ("\u{FEFF}a,b\n1,\n", [row(2, ["a": "1"])]),
        (
            "a,b\n\"x,\"\"y\"\"\nz\",2\n3,4\n",
            [row(2, ["a": "x,\"y\"\nz", "b": "2"]), row(4, ["a": "3", "b": "4"])]
        ),
        ("a,b\n\n1,2\n", [row(3, ["a": "1", "b": "2"])]),
        ("a\nä€😀\n", [row(2, ["a": "ä€😀"])]),
        ("", []), ("a,b\n", []),
        (
            "a,b\n1\n3,4\n",
            [
                .bad(BadRow(line: 2, reason: "It has 1 fields where the first line has 2.")),
                row(3, ["a": "3", "b": "4"]),
            ]
        ),
        (
            "a,b\n1\"x,2\n3,4\n",
            [
                .bad(BadRow(line: 2, reason: "A quote stands inside a field without quotes.")),
                row(3, ["a": "3", "b": "4"]),
            ]
        ),
        (
            "a,b\n\"1\"x,2\n3,4\n",
            [
                .bad(BadRow(line: 2, reason: "Something follows a quoted field.")),
                row(3, ["a": "3", "b": "4"]),
            ]
        ),
        // A quote that nobody closes takes one line with it, not the rest of the file.
        (
            "a,b\n\"1,2\n3,4\n5,6\n",
            [
                .bad(BadRow(line: 2, reason: "It does not end: a quote or a brace is not closed.")),
                row(3, ["a": "3", "b": "4"]), row(4, ["a": "5", "b": "6"]),
            ]
        ),
    ]

    static let jsonTexts: [(String, [RecordReader.Part])] = [
        ("{\"a\":\"1\",\"b\":2}\n{\"a\":true}\n", [row(1, ["a": "1", "b": "2"]), row(2, ["a": "true"])]),
        (
            "[\n {\"a\": \"}{\\\"\"},\n {\"a\": [\"x\", \"y\"]}\n]\n",
            [row(2, ["a": "}{\""]), row(3, ["a": "x y"])]
        ),
        ("{\"a\":null}", [row(1, [:])]), ("", []), ("[]", []),
        (
            "nonsense\n{\"a\":\"1\"}",
            [.bad(BadRow(line: 1, reason: "It is not a JSON object.")), row(2, ["a": "1"])]
        ),
        (
            "{\"a\":\"1\n{\"a\":\"2\"}\n",
            [.bad(BadRow(line: 1, reason: "A text does not end on its line.")), row(2, ["a": "2"])]
        ),
        (
            "{\"a\":{\"b\":1}}\n{\"a\":\"2\"}\n",
            [
                .bad(
                    BadRow(line: 1, reason: "What 'a' has is neither text nor a number nor a list of texts.")),
                row(2, ["a": "2"]),
            ]
        ),
    ]

    @Test("CSV, in pieces of every size", arguments: csvTexts.indices)
    func csv(_ index: Int) {
        let (text, expected) = Self.csvTexts[index]
        for piece in [1, 2, 3, 7, 1_000] {
            #expect(Self.parts(text, .csv, piece: piece) == expected, "pieces of \(piece)")
        }
    }

    @Test("JSON, in pieces of every size", arguments: jsonTexts.indices)
    func json(_ index: Int) {
        let (text, expected) = Self.jsonTexts[index]
        for piece in [1, 2, 3, 7, 1_000] {
            #expect(Self.parts(text, .json, piece: piece) == expected, "pieces of \(piece)")
        }
    }

    @Test("each row is there as it stands in the file, and so is the first line")
    func text() {
        var reader = RecordReader(.csv)
        reader.feed(Array("a,b\r\n\"1\n2\",3\r\nx\n4,5".utf8))
        var texts: [String] = []
        while reader.next(isEnd: true) != nil { texts.append(String(decoding: reader.text, as: UTF8.self)) }
        #expect(texts == ["\"1\n2\",3", "x", "4,5"])
        #expect(reader.header == Array("a,b".utf8))
    }

    @Test("objects are taken whole where objects are wanted")
    func objects() {
        var reader = RecordReader(.json, takesObjects: true)
        reader.feed(Array("{\"a\":{\"b\":[1,{}]}}\n{\"a\":\n".utf8))
        #expect(reader.next(isEnd: true) == .record(ExchangeRecord(line: 1, fields: [:])))
        #expect(reader.object == ["a": ["b": [1, [:]]]])
        #expect(reader.next(isEnd: true) != nil && reader.next(isEnd: true) == nil)
    }

    @Test("what is not UTF-8 is a bad row")
    func notUTF8() {
        var reader = RecordReader(.csv)
        reader.feed(Array("a\n".utf8) + [0xC3, 0x28, 0x0A] + Array("x\n".utf8))
        #expect(reader.next(isEnd: true) == .bad(BadRow(line: 2, reason: "It is not UTF-8.")))
        #expect(reader.next(isEnd: true) == .record(ExchangeRecord(line: 3, fields: ["a": "x"])))
    }

    @Test("any bytes end, and lines never go back", arguments: UInt64(0)..<200)
    func anything(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("a,\"\r\n{}[]:\\1 é".utf8)
        for format in ExchangeFormat.allCases {
            var reader = RecordReader(format)
            var line = 0
            for _ in 0..<20 {
                reader.feed((0..<50).map { _ in alphabet.randomElement(using: &random) ?? 0 })
                while let part = reader.next(isEnd: false) {
                    let next =
                        switch part {
                        case .record(let record): record.line
                        case .bad(let row): row.line
                        }
                    #expect(next > line || (format == .json && next >= line), "seed \(seed)")
                    line = next
                }
            }
            while reader.next(isEnd: true) != nil {}
        }
    }
}
