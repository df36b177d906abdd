internal import Arguments

/// A narrow display: everything it is given fits 40 columns, is plain text, and says the same without colour.
package struct Display: Sendable {
    package static let columns = 40

    package let language: Language
    /// For screen readers: a line for each thing that is new, and nothing that is drawn.
    package let isSpoken: Bool

    package init(_ language: Language, isSpoken: Bool) {
        self.language = language
        self.isSpoken = isSpoken
    }

    package func text(_ message: Message) -> String { language.text(message) }

    /// Text of others: folded, never cut.
    package func folded(_ text: String, indent: Int = 2) -> [String] {
        wrap(text.printable, width: Self.columns, indent: indent)
    }

    /// `On the card ......... nothing`: a word and what belongs to it, on two lines where one is too short.
    package func pair(_ label: Message, _ value: String) -> [String] {
        let name = text(label)
        let room = Self.columns - name.displayWidth - value.displayWidth
        guard room >= 2 else { return [name + ":"] + folded("  " + value) }
        return [name + ":" + String(repeating: " ", count: room - 1) + value]
    }

    /// How full a memory is: a bar and figures, or, for a screen reader, figures only.
    package func memory(_ label: Message, used: Int, free: Int) -> [String] {
        let total = max(1, used + free)
        let figures = "\(percent(used, of: total)) % \(text(.used)), \(text(.bytes(free))) \(text(.free))"
        let head = text(label) + ":"
        guard !isSpoken else { return folded("\(head) \(figures)") }
        return [head, bar(used, of: total)] + folded("  " + figures)
    }

    /// `[########............]`; full only when it is.
    package func bar(_ done: Int, of total: Int) -> String {
        let cells = Self.columns - 2
        let filled = min(cells, max(0, done) * cells / max(1, total))
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: cells - filled)
            + "]"
    }

    /// The same with the time that is left, on one line.
    package func bar(_ done: Int, of total: Int, secondsLeft: Int) -> String {
        let time = " \(secondsLeft) s"
        let cells = max(8, Self.columns - 2 - max(7, time.count))
        let filled = min(cells, max(0, done) * cells / max(1, total))
        let bar =
            "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: cells - filled) + "]"
        return bar + String(repeating: " ", count: max(0, Self.columns - bar.count - time.count)) + time
    }

    /// What the centre told: in the language of the display where it has a code that is known, else in its words. Its
    /// words are English, and say more.
    package func told(
        code: String?, about subjects: [String] = [], _ words: String, _ remedy: String?, indent: String = ""
    ) -> [String] {
        let known = code.flatMap(Trouble.init(code:)).map { folded(indent + text(.trouble($0))) } ?? []
        guard known.isEmpty || language == .english else {
            // English words name them; here they stand beside.
            return subjects.isEmpty
                ? known : known + folded("  (" + subjects.joined(separator: ", ") + ")")
        }
        return known + [words, remedy].compactMap { $0 }.flatMap { folded("  " + $0) }
    }

    /// A step that begins; a program whose words nobody knows is still shown.
    package func step(
        _ step: Int?, of steps: Int?, action: String?, subject: String?, secondsLeft: Int? = nil
    ) -> [String] {
        var line =
            action.flatMap(Message.Action.init(rawValue:)).map { text(.action($0)) } ?? text(.action(.check))
        // The application of a release; names of the card's inside say nothing to a person.
        if let subject, subject.contains("@") { line += ": " + subject.prefix { $0 != "@" } }
        let lines = folded(line)
        guard let step, let steps else { return lines }
        let place: Message =
            secondsLeft.map { .workingFor(step: step, of: steps, seconds: $0) }
            ?? .working(step: step, of: steps)
        return [text(place)] + lines
    }

    private func percent(_ part: Int, of total: Int) -> Int { max(0, part) * 100 / total }
}
