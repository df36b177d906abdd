internal import Arguments
internal import JSON
internal import SmartCard

/// `berth explain 6A84 --after INSTALL`: a status word in plain words.
enum ExplainCommand {
    private static let status = Positional<StatusWord>.required(
        ArgumentValue("SW") { (text) throws(ValueRefusal) in
            guard let bytes = try? Hex.decode(text), bytes.count == 2 else {
                throw ValueRefusal("a status word is four hexadecimal digits, such as 6A84")
            }
            return StatusWord(UInt16(bigEndianBytes: bytes))
        }, help: "The status word that a card answered, such as 6A84")

    private static let after = Option<CommandContext?>.optional(
        "after",
        ArgumentValue(
            "COMMAND", candidates: .words(CommandContext.allCases.map { .init($0.name) }), show: \.name
        ) { (text) throws(ValueRefusal) in
            guard let context = CommandContext(name: text) else {
                throw ValueRefusal("it must be a command, such as " + CommandContext.installForLoad.name)
            }
            return context
        },
        help:
            "The command that was answered so: the same word means different things after different commands")

    static let verb = Command(
        "explain", "Say what a card's status word means, why, and what to do",
        examples: [
            .init("not enough room", "berth explain 6A84 --after INSTALL"),
            .init("whatever the command", "berth explain 6985"),
        ], arguments: [status], options: [OptionGroup("Context", [after])]
    ) { parsed, terminal in
        let word = parsed[status]
        let explanation = word.explanation(after: parsed[after])
        if terminal.isJSON {
            terminal.print(json: json(word, parsed[after], explanation))
            return
        }
        let context = parsed[after].map { " after \($0.name)" } ?? ""
        terminal.print("\(word)\(context): \(explanation.title)")
        terminal.print(lines: wrapped(explanation.meaning, terminal.width))
        show("Likely causes on real cards", explanation.causes, on: terminal)
        show("What to do", explanation.advice, on: terminal)
        terminal.print("Source: \(explanation.source)")
    }

    private static func show(_ title: String, _ items: [String], on terminal: Terminal) {
        guard !items.isEmpty else { return }
        terminal.print("\(title):")
        for item in items { terminal.print(lines: wrapped("- " + item, terminal.width)) }
    }

    private static func wrapped(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        var line = " "
        for word in text.split(separator: " ") {
            if line.count + word.count >= width, line.contains(where: { $0 != " " }) {
                lines.append(line)
                line = "   "
            }
            line += " " + word
        }
        return lines + [line]
    }

    private static func json(
        _ word: StatusWord, _ context: CommandContext?, _ explanation: StatusExplanation
    ) -> JSONValue {
        [
            "statusWord": .string("\(word)"), "after": context.map { .string($0.name) } ?? .null,
            "title": .string(explanation.title), "meaning": .string(explanation.meaning),
            "causes": .array(explanation.causes.map { .string($0) }),
            "advice": .array(explanation.advice.map { .string($0) }), "source": .string(explanation.source),
        ]
    }
}
