package import GlobalPlatform
package import SmartCard

/// One command and its answer, in clear and as they travelled.
package struct Exchange: Sendable {
    /// Commands chained over several APDUs are shown once, as a whole.
    package let plain: CommandAPDU
    package let sent: [CommandAPDU]
    package let answer: ResponseAPDU
    package let plainAnswer: ResponseAPDU
}

/// What a watcher of a link is told.
package enum LinkEvent: Sendable {
    case exchange(Exchange)
    /// The command went out and no answer came.
    case unanswered(CommandAPDU, CardChannelError)
    /// So many APDUs go out as one message; their exchanges follow.
    case message(number: Int, commandCount: Int)
}

/// Why an exchange with a card came to an end.
package enum LinkError: Error, Hashable {
    case channel(CardChannelError)
    case handshake(HandshakeFailure)
    case secureMessaging(SecureMessagingError)
    case procedure(ProcedureError)
    /// Whoever watches the progress asked to stop; the card was left between two commands.
    case stopped
}

/// A card at the end of a blocking channel: secures what is sent, checks what comes back, shows both to a watcher.
///
/// Not Sendable: a MAC chain must never interleave, so a link belongs to one thread.
package final class CardLink {
    package let channel: any CardChannel
    let observer: (LinkEvent) -> Void
    var session: SecureSession?
    /// A session that was computed ahead and whose opening waits for the message that will carry it.
    var ahead: AheadOpening?
    /// Whether an order goes out as one message, where it could go command by command.
    package var sendsMessages = false
    /// How many APDUs went to the card, whatever became of them.
    package internal(set) var commandCount = 0
    /// How often an answer was waited for before what follows could be sent.
    package internal(set) var roundTripCount = 0

    package init(_ channel: any CardChannel, observer: @escaping (LinkEvent) -> Void = { _ in }) {
        self.channel = channel
        self.observer = observer
    }

    /// A second link over the same channel with no session of its own, shown to the same watcher: for a session on
    /// another logical channel while this one stays open.
    package func sibling() -> CardLink { CardLink(channel, observer: observer) }

    /// What the card told when the session was opened; `nil` outside a session.
    package var peer: ChannelPeer? { protection?.peer }
    package var level: SecurityLevel? { protection?.level }

    /// The session, as soon as it is made.
    private var protection: SecureSession? { session ?? ahead?.session.secured }

    /// The most data bytes of a command, so that it fits into a short APDU with its protection.
    package var commandDataMax: Int { commandDataMax(lengthMax: 255) }

    /// The same for an Lc of at most so much: above 255 it takes extended commands.
    package func commandDataMax(lengthMax: Int) -> Int {
        protection?.maximumCommandData(lengthMax: lengthMax) ?? lengthMax
    }

    /// Opens a secure channel; the one before it ends.
    ///
    /// - Parameter willProve: asked once the card has proved itself and before the host does: from here on the card
    ///   counts a failure.
    package func authenticate(
        _ wish: Handshake.Wish, willProve: () -> Bool = { true }, keys: @escaping KeyProvider
    ) throws(LinkError) {
        endSession()
        var handshake = Handshake(wish, keys: keys)
        var action = handshake.start()
        while true {
            switch action {
            case .send(let command):
                if command.ins == Instruction.externalAuthenticate, !willProve() { throw .stopped }
                action = handshake.received(try transmit(command))
            case .established(let session):
                self.session = session
                return
            case .failed(let failure): throw .handshake(failure)
            }
        }
    }

    /// Ends the session on this side.
    package func endSession() {
        session = nil
        ahead = nil
    }

    /// Sends one command in the session, or in clear outside one. A SELECT ends the session.
    package func send(_ command: CommandAPDU) throws(LinkError) -> ResponseAPDU {
        if sendsMessages || ahead != nil {
            // Every command has its answer, or an error was thrown.
            return try send(message: [command])[0]
        }
        if command.isSelection { endSession() }
        guard session != nil else { return try sendPlain(command) }
        do {
            return try sendSecured(command)
        } catch {
            if case .channel = error { session = nil }
            throw error
        }
    }

    /// Encrypts keys and other sensitive data for this session.
    package func withSession<Value>(
        _ body: (inout SecureSession) throws(LinkError) -> Value
    ) throws(LinkError) -> Value {
        if ahead != nil { _ = try send(message: []) }
        guard var current = session else { throw .secureMessaging(.ended) }
        defer { session = current }
        return try body(&current)
    }

    /// Carries a procedure to its outcome. An order is left at its first refusal: what follows could only be refused.
    ///
    /// - Parameter progress: told the data bytes sent so far; answers whether to go on.
    package func run<P: Procedure>(
        _ procedure: P, progress: (Int) -> Bool = { _ in true }
    ) throws(LinkError) -> P.Outcome {
        var procedure = procedure
        var answers: [ResponseAPDU] = []
        var sentBytes = 0
        while true {
            switch try wrap({ () throws(ProcedureError) in try procedure.next(after: answers) }) {
            case .done(let outcome): return outcome
            case .send(let commands) where sendsMessages:
                answers = try send(message: commands)
                sentBytes += commands.reduce(0) { $0 + $1.data.count }
                guard progress(sentBytes) else { throw .stopped }
            case .send(let commands):
                answers = []
                for command in commands {
                    let answer = try send(command)
                    answers.append(answer)
                    sentBytes += command.data.count
                    guard progress(sentBytes) else { throw .stopped }
                    if isRefusal(answer, of: command) { break }
                }
            }
        }
    }

    /// Questions may be refused one by one without harm to the next; a command that changes the card may not.
    private func isRefusal(_ answer: ResponseAPDU, of command: CommandAPDU) -> Bool {
        let isQuestion = [Instruction.getData, Instruction.getStatus, Instruction.select].contains(
            command.ins)
        return !answer.status.isSuccess && !isQuestion
    }

    // MARK: Sending

    private func sendPlain(_ command: CommandAPDU) throws(LinkError) -> ResponseAPDU {
        let parts = Self.parts(command)
        var answer = ResponseAPDU()
        for part in parts {
            answer = try exchange(part, of: command)
            guard answer.status.isSuccess else { break }
        }
        observer(.exchange(Exchange(plain: command, sent: parts, answer: answer, plainAnswer: answer)))
        return answer
    }

    private func sendSecured(_ command: CommandAPDU) throws(LinkError) -> ResponseAPDU {
        let parts = try withSession { session throws(LinkError) in
            do throws(SecureMessagingError) {
                return command.isChainable ? try session.wrapChained(command) : [try session.wrap(command)]
            } catch {
                throw .secureMessaging(error)
            }
        }
        var answer = ResponseAPDU()
        var plain = ResponseAPDU()
        for part in parts {
            answer = try exchange(part, of: command)
            let received = answer
            plain = try withSession { session throws(LinkError) in
                do throws(SecureMessagingError) { return try session.unwrap(received) } catch {
                    throw .secureMessaging(error)
                }
            }
            guard plain.status.isSuccess else { break }
        }
        observer(.exchange(Exchange(plain: command, sent: parts, answer: answer, plainAnswer: plain)))
        return plain
    }

    /// A command of the handshake: never secured by the session it opens.
    private func transmit(_ command: CommandAPDU) throws(LinkError) -> ResponseAPDU {
        let answer = try exchange(command, of: command)
        observer(.exchange(Exchange(plain: command, sent: [command], answer: answer, plainAnswer: answer)))
        return answer
    }

    /// - Parameter whole: what is sent, in clear: it is what a watcher is told when no answer comes.
    private func exchange(
        _ command: CommandAPDU, of whole: CommandAPDU
    ) throws(LinkError) -> ResponseAPDU {
        commandCount += 1
        roundTripCount += 1
        do { return try channel.exchange(command) } catch {
            observer(.unanswered(whole, error))
            throw .channel(error)
        }
    }

    private func wrap<Value>(_ body: () throws(ProcedureError) -> Value) throws(LinkError) -> Value {
        do { return try body() } catch { throw .procedure(error) }
    }

    /// A command in clear; a long one is cut as GPCS 2.3.1 §11.1.5.1 asks, with b8 of P1 saying that more follows.
    static func parts(_ command: CommandAPDU) -> [CommandAPDU] {
        guard command.data.count > 255, command.isChainable else { return [command] }
        let pieces = command.data.chunks(of: 255)
        return pieces.enumerated().map { index, piece in
            var part = command
            part.data = piece
            if index < pieces.count - 1 { part.p1 |= 0x80 }
            return part
        }
    }
}

extension CommandAPDU {
    /// Whether b8 of P1 says that more follows. It means something else in every other command, so that one that is
    /// too long for a short APDU can only go out as an extended one.
    package var isChainable: Bool {
        [Instruction.install, Instruction.delete, Instruction.putKey].contains(ins)
    }

    /// SELECT, which ends every session.
    var isSelection: Bool { ins == Instruction.select && cla & 0x80 == 0 }
}
