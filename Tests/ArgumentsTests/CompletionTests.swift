import Testing

@testable import Arguments

@Suite("Completion")
struct CompletionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let words: [String]
        let kind: CompletionAnswer.Kind
        let candidates: [String]
        var prefix = ""
        var testDescription: String { words.joined(separator: " ") }

        init(
            _ words: [String], _ candidates: [String], _ kind: CompletionAnswer.Kind = .words,
            prefix: String = ""
        ) {
            self.words = words
            self.kind = kind
            self.candidates = candidates
            self.prefix = prefix
        }
    }

    static let readers = ["Virtual PCD 00 00", "Virtual PCD 00 01"]
    static let rows = [
        Row([], ["gp", "explain", "help", "completion", "man"]),
        Row([""], ["gp", "explain", "help", "completion", "man"]),
        Row(["g"], ["gp"]),
        Row(["--v"], ["--version"]),
        Row(["--json", "ex"], ["explain"]),
        Row(["gp", ""], ["list", "install", "export"]),
        Row(["gp", "--v"], []),
        Row(["help", ""], ["gp", "explain", "help", "completion", "man"]),
        Row(["help", "gp", "l"], ["list"]),
        Row(["completion", ""], ["bash", "zsh", "fish"]),
        Row(["gp", "list", "--key"], ["--key", "--key-version"]),
        Row(["gp", "list", "--debug"], []),
        Row(["gp", "install", "--no"], ["--no-check"]),
        Row(["gp", "list", "--mode", ""], ["clear", "mac", "enc"]),
        Row(["gp", "list", "-m", "e"], ["enc"]),
        Row(["gp", "list", "-tm", "e"], ["enc"]),
        Row(["gp", "ls", "--mode", "c"], ["clear"]),
        Row(["gp", "list", "--mode=m"], ["mac"], prefix: "--mode="),
        Row(["gp", "list", "--nothing=m"], []),
        Row(["--color", ""], ["auto", "always", "never"]),
        Row(["gp", "list", "--reader", ""], readers),
        Row(["gp", "list", "--reader", "Virtual PCD 00 01"], ["Virtual PCD 00 01"]),
        Row(["gp", "list", "--reader=V"], readers, prefix: "--reader="),
        Row(["gp", "list", "--card", "x"], ["card"], .files),
        Row(["gp", "install", ""], ["cap"], .files),
        Row(["gp", "install", "--trace", "-r", "ACS", "h"], ["cap"], .files),
        Row(["gp", "install", "a.cap", ""], []),
        Row(["gp", "install", "--", "--re"], ["cap"], .files),
        Row(["gp", "export", ""], [], .directories),
        Row(["gp", "export", "x", ""], []),
        Row(["gp", "list", ""], []),
        Row(["nonsense", "gp", "l"], ["list"]),
    ]

    @Test("offers what fits at that place", arguments: rows)
    func offers(_ row: Row) {
        let answer = Sample.program.completion(of: row.words)
        #expect(answer.kind == row.kind)
        #expect(answer.prefix == row.prefix)
        #expect(answer.candidates.map(\.text) == row.candidates)
    }

    @Test("the scripts' question is answered with a kind, then candidates with their meanings")
    func answer() async {
        let outcome = await run(["__complete", "--", "gp", "--json", "l"])
        #expect(
            outcome
                == Outcome(exit: .success, output: "words\t\nlist\tShow what the card holds\n", errors: ""))
        #expect(await run(["__complete", "--", "gp", ""]).output.hasPrefix("words\t\nlist\t"))
    }

    @Test("a reader's name cannot send control characters to the shell")
    func controlCharacters() {
        let program = Program(
            "tool", "A tool", version: "1", date: "2026-01-31", commands: [Sample.gp],
            readerNames: { ["Evil\u{1B}[2J\nname"] })
        let lines = program.completion(of: ["gp", "list", "-r", ""]).lines
        #expect(lines == ["words\t", "Evil\\u{1B}[2J name\t"])
    }
}
