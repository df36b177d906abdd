package import SmartCard

/// Commands and answers in words, for traces and logs.
///
/// Nothing secret is ever in them: keys, PINs, cryptograms, and what a command carries for an application are
/// told by their sizes. Only fields that a table names are shown; bytes that do not add up are told by size and
/// by the offset where they stop making sense.
package enum CommandText {
    /// The command in one line: its name, and what it is about.
    package static func describe(_ command: CommandAPDU) -> String { CommandWords.text(command).headline }

    /// The same line, and what the command carries, line by line.
    package static func lines(_ command: CommandAPDU) -> [String] { CommandWords.text(command).lines }

    /// What the answer says, then what it holds, line by line.
    package static func lines(_ answer: ResponseAPDU, to command: CommandAPDU) -> [String] {
        AnswerWords.text(answer, to: command).lines
    }

    /// No command and no answer ever has more lines than this.
    package static let linesMax = TraceText.detailsMax + 2
    /// No line has more characters than this.
    package static let lineCharactersMax = TraceText.lineCharactersMax + 1
}
