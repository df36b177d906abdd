internal import Arguments
internal import JSON

/// Lines of a script, cut into words as a shell would: quotes, backslashes, comments.
struct ScriptLine: Hashable, Sendable {
    let number: Int
    let words: [String]

    /// A script is written by hand; more is a mistake.
    static let linesMax = 100_000

    /// All lines that hold a command; the programs' own name before it is passed over.
    static func read(_ text: String) throws(Problem) -> [ScriptLine] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.count <= linesMax else {
            throw Problem("script-too-long", exit: .badData, "the script has more than \(linesMax) lines")
        }
        var commands: [ScriptLine] = []
        for (index, line) in lines.enumerated() {
            var words = try cut(line, number: index + 1)
            if words.first == "berth" { words.removeFirst() }
            if words.first == "gp" { words.removeFirst() }
            if !words.isEmpty { commands.append(ScriptLine(number: index + 1, words: words)) }
        }
        return commands
    }

    private enum Quote { case none, single, double }

    private static func cut(_ line: Substring, number: Int) throws(Problem) -> [String] {
        var words: [String] = []
        var word: String?
        var quote = Quote.none
        var rest = line
        while let character = rest.popFirst() {
            switch (quote, character) {
            case (.none, "#") where word == nil: return words
            case (.none, " "), (.none, "\t"):
                if let whole = word { words.append(whole) }
                word = nil
            case (.none, "'"): (quote, word) = (.single, word ?? "")
            case (.none, "\""): (quote, word) = (.double, word ?? "")
            case (.single, "'"), (.double, "\""): quote = .none
            case (.none, "\\"), (.double, "\\"):
                guard let next = rest.popFirst() else { throw unfinished(number, "a backslash ends it") }
                word = (word ?? "") + String(next)
            case (_, _): word = (word ?? "") + String(character)
            }
        }
        guard quote == .none else { throw unfinished(number, "a quote is not closed") }
        return words + (word.map { [$0] } ?? [])
    }

    private static func unfinished(_ number: Int, _ reason: String) -> Problem {
        Problem(
            "script-malformed", exit: .badData, "line \(number) of the script cannot be read", why: reason,
            details: ["line": .count(number)])
    }
}
