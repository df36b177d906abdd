package import SmartCard

/// Commands and answers in words, for traces and logs. Nothing secret is ever in them: what a command carries for
/// an application or as a key is shown by its size only.
package enum CommandText {
    /// One line.
    package static func describe(_ command: CommandAPDU) -> String { lines(command).joined(separator: ", ") }

    /// The command's name, then what it is about, line by line.
    package static func lines(_ command: CommandAPDU) -> [String] {
        let name = CommandContext(command)?.name ?? "command \([command.cla, command.ins].hex)"
        return ["\(name) P1=\(command.p1.hex) P2=\(command.p2.hex), \(command.data.count) bytes"]
    }

    /// What the answer says, then what it holds, line by line.
    package static func lines(_ answer: ResponseAPDU, to command: CommandAPDU) -> [String] {
        let explanation = answer.status.explanation(after: CommandContext(command))
        return ["\(answer.status) \(explanation.title), \(answer.data.count) bytes"]
    }
}
