import Testing

@testable import Arguments

@Suite("Text")
struct TextTests {
    @Test(
        "display width counts columns, not characters",
        arguments: [
            ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("ｱ", 1), ("Ａ", 2), ("한", 2), ("👍", 2),
            ("👍🏽", 2), ("👨‍👩‍👧", 2), ("🇩🇪", 2), ("❤", 1), ("❤\u{FE0F}", 2), ("\u{200B}", 0), ("a\u{200D}b", 2),
            ("…", 1), ("Ω", 1), ("\u{1F2FF}", 1), ("\u{20000}", 2),
        ] as [(String, Int)])
    func width(_ text: String, _ columns: Int) { #expect(text.displayWidth == columns) }

    @Test("control characters and marks that turn text around become visible")
    func printable() {
        #expect("plain é\nline".printable == "plain é\nline")
        #expect("a\u{1B}[31m\u{07}".printable == "a\\u{1B}[31m\\u{7}")
        #expect("x\u{9B}2J\u{7F}".printable == "x\\u{9B}2J\\u{7F}")
        #expect("gpj\u{202E}pac".printable == "gpj\\u{202E}pac")
        #expect("a\r\nb".printable == "a\\u{D}\nb")
        #expect("a\tb".printable == "a\\u{9}b")
    }

    @Test("cutting keeps whole characters and never exceeds the columns", arguments: 0...12)
    func truncation(_ columns: Int) {
        let text = "ab日本cde\u{301}f"
        let cut = text.truncated(to: columns)
        #expect(cut.displayWidth <= columns)
        #expect(cut == text || columns == 0 || cut.hasSuffix("…"))
        #expect(columns < 10 || cut == text)
    }

    @Test("padding fills the columns on either side")
    func padding() {
        #expect("日".padded(to: 4) == "日  ")
        #expect("日".paddedLeft(to: 4) == "  日")
        #expect("long".padded(to: 2) == "long")
    }

    struct Wrapped: Sendable {
        let text: String
        let width: Int
        let indent: Int
        let lines: [String]
    }

    @Test(
        "wraps at spaces, with a hanging indent, and keeps long words whole",
        arguments: [
            Wrapped(text: "", width: 10, indent: 0, lines: [""]),
            Wrapped(text: "one two three", width: 7, indent: 0, lines: ["one two", "three"]),
            Wrapped(text: "one two three", width: 7, indent: 2, lines: ["one two", "  three"]),
            Wrapped(
                text: "A0000001510000000000 x", width: 8, indent: 1, lines: ["A0000001510000000000", " x"]),
            Wrapped(text: "a\n\nb c", width: 20, indent: 2, lines: ["a", "", "  b c"]),
            Wrapped(text: "  in dented", width: 6, indent: 2, lines: ["  in", "  dented"]),
            Wrapped(text: "日本 語語", width: 7, indent: 0, lines: ["日本", "語語"]),
            Wrapped(text: "a b\u{A0}c", width: 4, indent: 0, lines: ["a", "b c"]),
        ])
    func wrapping(_ row: Wrapped) {
        #expect(wrap(row.text, width: row.width, indent: row.indent) == row.lines)
    }

    @Test(
        "byte counts read as people write them",
        arguments: [
            (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1 kB"), (1049, "1 kB"),
            (1050, "1.1 kB"),
            (12_400, "12.4 kB"), (16_000, "16 kB"), (999_949, "999.9 kB"), (999_950, "1 MB"),
            (1_500_000, "1.5 MB"),
            (999_950_000, "1 GB"), (-12_400, "-12.4 kB"), (-1, "-1 byte"),
            (.max, "9223372036.9 GB"), (.min, "-9223372036.9 GB"),
        ] as [(Int, String)])
    func byteCounts(_ bytes: Int, _ text: String) { #expect(ByteCount(bytes).description == text) }

    @Test(
        "edit distance counts insertions, deletions, replacements and swaps",
        arguments: [
            ("", "", 0), ("a", "", 1), ("", "abc", 3), ("list", "list", 0), ("lsit", "list", 1),
            ("lst", "list", 1), ("lisst", "list", 1), ("kitten", "sitting", 3), ("ca", "abc", 3),
        ] as [(String, String, Int)])
    func distances(_ first: String, _ second: String, _ distance: Int) {
        #expect(editDistance(first, second) == distance)
        #expect(editDistance(second, first) == distance)
    }

    @Test("suggests near words and beginnings, nearest first, and nothing far")
    func suggesting() {
        let known = ["install", "list", "load", "lock", "unlock", "info"]
        #expect(suggestions(for: "lsit", among: known) == ["list"])
        #expect(suggestions(for: "lo", among: known) == ["load", "lock"])
        #expect(suggestions(for: "loak", among: known) == ["load", "lock"])
        #expect(suggestions(for: "zzzz", among: known) == [])
        #expect(suggestions(for: "", among: known) == [])
        #expect(suggestions(for: String(repeating: "x", count: 100_000), among: known) == [])
    }

    @Test("hexadecimal is read as people write it")
    func hex() throws {
        let kind = ArgumentValue<[UInt8]>.hex(bytes: 1...3)
        for text in ["A0b1", "a0 B1", "A0:B1", "0xA0B1", "0XA0B1"] {
            #expect(try kind.read(text) == [0xA0, 0xB1])
        }
        #expect(kind.show([0x00, 0xFF]) == "00FF")
        let refused = [
            ("", "it has 0 bytes, and 1 to 3 are needed"),
            ("00112233", "it has 4 bytes, and 1 to 3 are needed"),
            ("A", "it has an odd number of hexadecimal digits"),
            ("0x", "it has 0 bytes, and 1 to 3 are needed"),
            ("0g", "'g' is not a hexadecimal digit"), ("Ａ0", "'Ａ' is not a hexadecimal digit"),
            ("0\u{1B}", "'\\u{1B}' is not a hexadecimal digit"), ("00-11", "'-' is not a hexadecimal digit"),
        ]
        for (text, reason) in refused {
            #expect(throws: ValueRefusal(reason)) { try kind.read(text) }
        }
    }

    @Test("integers respect the bounds of their type")
    func integers() throws {
        let byte = ArgumentValue<UInt8>.integer(in: 0...255)
        #expect(try byte.read("255") == 255)
        #expect(try byte.read("0xff") == 255)
        #expect(throws: ValueRefusal("it must be from 0 to 255")) { try byte.read("256") }
        #expect(throws: ValueRefusal("it must be from 0 to 255")) { try byte.read("-1") }
        #expect(throws: ValueRefusal("it is not a whole number")) { try byte.read("１") }
        #expect(throws: ValueRefusal("it is not a whole number")) { try byte.read("0x-1") }
        #expect(throws: ValueRefusal("it is not a whole number")) { try byte.read("--1") }
    }

    @Test("a problem is wrapped under its labels, and its text cannot command the terminal")
    func problem() {
        let problem = Problem(
            "x", exit: .refused, "the card says \u{1B}[2J", why: "one two three four five six",
            advice: ["alpha beta gamma delta"])
        #expect(
            problem.text(program: "berth", width: 24) == """
                berth: the card says
                  \\u{1B}[2J
                  why: one two three
                       four five six
                  help: alpha beta gamma
                        delta

                """)
    }
}
