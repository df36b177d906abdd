import Arguments
import Centre
import Commands
import FoundationEssentials
import JSON
import TestSupport
import Testing

@Suite("The program's tree of commands")
struct ProgramTreeTests {
    private static let opener = CardOpener(
        openFile: { _ in throw Problem.usage("no cards here") },
        openReader: { _, _ in throw Problem.usage("no readers here") })
    private static let program = BerthProgram.make(
        opener, readers: .none, clock: ManualClock(Instant(milliseconds: 0)))

    /// Every verb, as it is typed.
    private static func verbs(_ command: JSONValue) -> [String] {
        guard let children = command["commands"]?.arrayValue else {
            return command["command"]?.stringValue.map { [$0] } ?? []
        }
        return children.flatMap(verbs)
    }

    private static func run(_ words: [String]) async -> (exit: ExitCode, output: String, errors: String) {
        let output = MemorySink()
        let errors = MemorySink()
        let terminal = Terminal(
            output: output, errors: errors, input: ScriptedInput([], isTerminal: false),
            environment: Environment([:]), clock: ContinuousClock(), interrupts: .none)
        let exit = await program.run(words, on: terminal)
        return (exit, output.text, errors.text)
    }

    private static func everyVerb() async throws -> [String] {
        let help = await run(["--help", "--json"])
        return verbs(try JSONValue(decoding: help.output))
    }

    @Test("it has no defects")
    func defects() { #expect(Self.program.defects == []) }

    @Test("every verb of the task is there")
    func complete() async throws {
        let verbs = try await Self.everyVerb()
        let wanted = [
            "gp info", "gp list", "gp load", "gp install", "gp delete", "gp domain create", "gp domain list",
            "gp domain extradite", "gp domain delete", "gp lock", "gp unlock", "gp key list", "gp key put",
            "gp key delete", "gp key rotate", "gp store-data", "gp personalise", "gp apdu", "gp script",
            "reader list", "reader watch", "explain", "completion", "man", "card create", "card run",
            "card info",
            "card reset", "card tear", "card profiles", "card log",
        ]
        for verb in wanted { #expect(verbs.contains("berth " + verb), "\(verb)") }
    }

    @Test("every verb has help, a place in the manual, and tells its mistakes as JSON too")
    func everyVerb() async throws {
        let manual = await Self.run(["man"]).output.replacing("\\-", with: "-")
        let verbs = try await Self.everyVerb()
        #expect(verbs.count > 30)
        for verb in verbs {
            let words = verb.split(separator: " ").dropFirst().map(String.init)
            let help = await Self.run(words + ["--help"])
            #expect(help.exit == .success && help.output.contains("Usage: \(verb)"), "\(verb)")
            #expect(manual.contains(verb), "\(verb)")
            let wrong = await Self.run(words + ["--no-such-option", "--json"])
            #expect(wrong.exit == .usage && wrong.errors.isEmpty, "\(verb)")
            let problem = try JSONValue(decoding: wrong.output)["problem"]
            #expect(problem?["code"] == "unknown-option" && problem?["class"] == "usage", "\(verb)")
            #expect(problem?["exit"]?.integerValue == 64, "\(verb)")
        }
    }

    @Test("examples are command lines that the program understands")
    func examples() async throws {
        let text = Self.program.markdownReference
        let lines = text.matches(of: /: `(berth [^`|]+)`\n/).map { String($0.1) }
        #expect(lines.count > 20)
        for line in lines {
            let words = line.split(separator: " ").dropFirst().map(String.init)
            let result = await Self.run(words + ["--help"])
            #expect(result.exit == .success, "\(line): \(result.errors)")
        }
    }

    static let completions: [(typed: [String], kind: String, some: [String])] = [
        (["gp", ""], "words", ["install", "list", "key"]),
        (["gp", "key", ""], "words", ["put", "rotate"]),
        (["gp", "install", ""], "files", ["cap"]),
        (["gp", "list", "--card", ""], "files", ["card"]),
        (["gp", "list", "--mode", ""], "words", ["mac", "enc", "renc"]),
        (["gp", "list", "--kdf="], "words", ["none", "visa2", "emv", "kdf3", "auto"]),
        (["gp", "list", "--quirk", ""], "words", ["uncounted-empty"]),
        (["explain", "6A84", "--after", ""], "words", ["INSTALL"]),
        (["card", "run", ""], "files", ["card"]),
        (["completion", ""], "words", ["bash", "zsh", "fish"]),
    ]

    @Test("shells are told commands, options, files and words", arguments: completions)
    func completes(_ completion: (typed: [String], kind: String, some: [String])) async {
        let answer = await Self.run(["__complete", "--"] + completion.typed).output
        #expect(answer.hasPrefix(completion.kind + "\t"), "\(answer)")
        let offered = answer.split(separator: "\n").dropFirst().map { $0.prefix { $0 != "\t" } }
        for word in completion.some { #expect(offered.contains(Substring(word)), "\(word) in \(answer)") }
    }

    @Test("docs/reference/commands.md is the tree; write it anew with: berth __reference")
    func reference() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = root.appendingPathComponent("docs/reference/commands.md").path
        let page = try String(contentsOfFile: path, encoding: .utf8)
        #expect(page == Self.program.markdownReference)
    }
}
