import Arguments
import Testing

@Suite("Program tree")
struct TreeTests {
    @Test("the sample and the built-in commands have no defects")
    func sample() { #expect(Sample.program.defects == []) }

    @Test("finds every mistake in a tree")
    func defects() {
        let first = Option<Bool>.flag("one", .short("o"), help: "One")
        let second = Option<Bool>.flag("other", .short("o"), help: "Other.")
        let twin = Option<Bool>.invertible("one", default: true, help: "One")
        let json = Option<Bool>.flag("json", help: "Mine")
        let many = Positional<[String]>.repeated(.text("A"), help: "All")
        let maybe = Positional<String?>.optional(.text("B"), help: "Maybe")
        let must = Positional<String>.required(.text("B"), help: "Must")
        let program = Program(
            "tool", "A tool", version: "1", date: "2026-01-31",
            commands: [
                Command("a", "Ends in a stop.", commands: []),
                Command("a", "") { _, _ in },
                Command("b", "B", options: [OptionGroup("Options", [first, second, twin, json])]) { _, _ in },
                Command("c", "C", arguments: [many, maybe, must]) { _, _ in },
            ])
        #expect(
            program.defects == [
                "tool: the command name 'a' twice",
                "tool a: the summary is not one line without a full stop",
                "tool a: no commands",
                "tool a: no summary",
                "tool b: the option --one twice",
                "tool b: the option --json twice",
                "tool b: the option -o twice",
                "tool b: --other has no summary, or one with a full stop",
                "tool c: the argument B twice",
                "tool c: B follows A, which takes all",
                "tool c: B is required and follows B, which is not",
            ])
    }
}
