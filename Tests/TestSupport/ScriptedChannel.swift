package import SmartCard

/// A card that answers from a list, and remembers what it was asked.
package final class ScriptedChannel: CardChannel {
    package let answerToReset: [UInt8]
    package private(set) var commands: [[UInt8]] = []
    package private(set) var resetCount = 0
    private var answers: [Answer]

    package enum Answer: Sendable {
        case bytes([UInt8])
        case failure(CardChannelError)
    }

    package init(_ answers: [Answer], answerToReset: [UInt8] = [0x3B, 0x00]) {
        self.answers = answers
        self.answerToReset = answerToReset
    }

    /// Answers in hex, status word included.
    package convenience init(hex answers: [String], answerToReset: [UInt8] = [0x3B, 0x00]) throws {
        try self.init(answers.map { .bytes(try Hex.decode($0)) }, answerToReset: answerToReset)
    }

    /// How many answers nobody has asked for yet.
    package var answersLeft: Int { answers.count }

    /// A list that has run out behaves like a card that was pulled.
    package func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] {
        commands.append(command)
        guard !answers.isEmpty else {
            throw CardChannelError(.cardRemoved, "The script has no more answers.")
        }
        switch answers.removeFirst() {
        case .bytes(let bytes): return bytes
        case .failure(let error): throw error
        }
    }

    package func reset() throws(CardChannelError) { resetCount += 1 }
}
