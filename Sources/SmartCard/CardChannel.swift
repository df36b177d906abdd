/// A way to one powered card: a reader, a virtual card in this process, a relay.
///
/// Blocking: a caller that must not wait gives each channel a thread of its own.
package protocol CardChannel: AnyObject {
    /// What the card said when it was powered; empty where the way does not tell.
    var answerToReset: [UInt8] { get }

    /// Sends one command and waits for the answer, status word included.
    func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8]

    /// Takes the power away and gives it back: every session and selection on the card ends.
    func reset() throws(CardChannelError)

    /// Sends commands that were all made before, and gives their answers: one message for a way that carries many at
    /// once, one after the other for all others.
    func exchange(message: [CommandAPDU]) throws(CardChannelError) -> [ResponseAPDU]
}

/// Why an exchange with a card did not happen or did not end.
package struct CardChannelError: Error, Hashable {
    /// Stable names that scripts may rely on.
    package enum Code: String, Hashable, Sendable {
        case noService = "no-reader-service"
        case noPermission = "no-reader-permission"
        case noReader = "no-reader"
        case ambiguousReader = "ambiguous-reader"
        case noCard = "no-card"
        case cardRemoved = "card-removed"
        case cardReset = "card-reset"
        case cardMute = "card-mute"
        case shared = "reader-in-use"
        case protocolMismatch = "protocol-mismatch"
        case malformedAnswer = "malformed-answer"
        case cancelled = "cancelled"
        case failure = "reader-failure"
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension CardChannel {
    package func exchange(message: [CommandAPDU]) throws(CardChannelError) -> [ResponseAPDU] {
        try message.map { (command) throws(CardChannelError) in try exchange(command) }
    }

    /// Sends one command; asks for what 61xx announces, and repeats with the length that 6Cxx names.
    package func exchange(_ command: CommandAPDU) throws(CardChannelError) -> ResponseAPDU {
        var answer = try send(command)
        if case .wrongLength(let length) = answer.status.classification, answer.data.isEmpty {
            var again = command
            again.expectedLength = length
            answer = try send(again)
        }
        var data = answer.data
        var rounds = 0
        while case .moreData(let count) = answer.status.classification {
            guard rounds < Self.getResponseMax else {
                throw CardChannelError(.malformedAnswer, "The card announces more response data without end.")
            }
            rounds += 1
            // GET RESPONSE goes out on the same logical channel, without secure messaging.
            answer = try send(CommandAPDU(command.cla.plainChannelCLA, 0xC0, 0, 0, expecting: count))
            if case .wrongLength(let length) = answer.status.classification, answer.data.isEmpty {
                answer = try send(CommandAPDU(command.cla.plainChannelCLA, 0xC0, 0, 0, expecting: length))
            }
            data += answer.data
        }
        return ResponseAPDU(data: data, status: answer.status)
    }

    /// An answer of 65,536 bytes takes 256 rounds; a card that announces more is broken.
    private static var getResponseMax: Int { 256 }

    private func send(_ command: CommandAPDU) throws(CardChannelError) -> ResponseAPDU {
        let answer = try transmit(command.bytes)
        do {
            return try ResponseAPDU(parsing: answer)
        } catch {
            throw CardChannelError(
                .malformedAnswer, "The card answered \(answer.count) bytes; two is the least.")
        }
    }
}

extension UInt8 {
    /// The channel that a CLA byte addresses (ISO/IEC 7816-4 §5.4.1): 0...3, or 4...19 in the further form.
    package var logicalChannel: Int { self & 0x40 == 0 ? Int(self & 0x03) : Int(self & 0x0F) + 4 }

    /// The interindustry CLA without secure messaging or chaining on the same channel.
    package var plainChannelCLA: UInt8 { self & 0x40 == 0 ? self & 0x03 : 0x40 | self & 0x0F }

    /// The same CLA on another logical channel.
    package func onLogicalChannel(_ channel: Int) -> UInt8 {
        precondition((0...19).contains(channel), "logical channels are 0...19")
        if channel < 4 { return (self & 0x40 == 0 ? self & ~0x03 : self & 0x80) | UInt8(channel) }
        return (self & 0x80) | 0x40 | UInt8(channel - 4)
    }
}
