internal import GlobalPlatform
package import SmartCard

/// A session that was computed ahead, until its opening has been answered.
struct AheadOpening {
    var session: PrecomputedSession
    let willSend: () -> Bool
    let settled: (AheadOutcome) -> Void
}

/// What became of an opening that was computed ahead.
package enum AheadOutcome {
    case opened(ResponseAPDU)
    /// With the answer to INITIALIZE UPDATE, which tells whose card it was.
    case failed(HandshakeFailure, ResponseAPDU)
}

extension CardLink {
    /// Takes a session that was computed ahead: its opening goes out in one message with whatever is sent next.
    ///
    /// - Parameters:
    ///   - willSend: asked before the card gets anything that it counts.
    ///   - settled: told once the card has answered the opening; not called when no answer came.
    package func open(
        ahead session: PrecomputedSession, willSend: @escaping () -> Bool,
        settled: @escaping (AheadOutcome) -> Void
    ) {
        endSession()
        ahead = AheadOpening(session: session, willSend: willSend, settled: settled)
    }

    /// Sends commands that were all made before the first is answered, as one message. What follows a refused one is
    /// sent all the same, so that both sides go on counting alike.
    package func send(message commands: [CommandAPDU]) throws(LinkError) -> [ResponseAPDU] {
        if commands.contains(where: \.isSelection) { endSession() }
        if let ahead, !ahead.willSend() { throw .stopped }
        let opening = ahead?.session.opening ?? []
        var parts: [[CommandAPDU]] = []
        for command in commands { parts.append(try protect(command)) }
        let message = opening + parts.flatMap { $0 }
        guard !message.isEmpty else { return [] }
        commandCount += message.count
        roundTripCount += 1
        observer(.message(number: roundTripCount, commandCount: message.count))
        var answers = try carry(message, of: commands.first ?? message[0])
        do {
            if !opening.isEmpty { try settle(opening, answers.take(opening.count)) }
            var plain: [ResponseAPDU] = []
            for (command, parts) in zip(commands, parts) {
                plain.append(try reveal(command, parts, answers.take(parts.count)))
                guard session?.isOpen != false else {
                    // A part of a long command was refused: what comes behind it cannot be checked any more.
                    endSession()
                    break
                }
            }
            return plain
        } catch {
            if session?.isOpen == false { endSession() }
            throw error
        }
    }

    private func carry(
        _ message: [CommandAPDU], of first: CommandAPDU
    ) throws(LinkError) -> ArraySlice<ResponseAPDU> {
        do throws(CardChannelError) {
            let answers = try channel.exchange(message: message)
            guard answers.count == message.count else {
                throw CardChannelError(
                    .malformedAnswer, "\(message.count) commands had \(answers.count) answers.")
            }
            return answers[...]
        } catch {
            observer(.unanswered(first, error))
            endSession()
            throw .channel(error)
        }
    }

    /// The command as it travels, in as many parts as it takes.
    private func protect(_ command: CommandAPDU) throws(LinkError) -> [CommandAPDU] {
        do throws(SecureMessagingError) {
            if ahead != nil {
                return try ahead?.session.wrap(command, isChainable: command.isChainable) ?? []
            }
            guard var current = session else { return Self.parts(command) }
            defer { session = current }
            return command.isChainable ? try current.wrapChained(command) : [try current.wrap(command)]
        } catch {
            throw .secureMessaging(error)
        }
    }

    private func settle(
        _ opening: [CommandAPDU], _ answers: ArraySlice<ResponseAPDU>
    ) throws(LinkError) {
        guard let current = ahead, let first = answers.first else { return }
        ahead = nil
        for (command, answer) in zip(opening, answers) {
            observer(
                .exchange(Exchange(plain: command, sent: [command], answer: answer, plainAnswer: answer)))
        }
        var precomputed = current.session
        do throws(PrecomputedFailure) {
            for answer in answers { _ = try precomputed.received(answer) }
        } catch {
            switch error {
            case .handshake(let failure):
                current.settled(.failed(failure, first))
                throw .handshake(failure)
            case .messaging(let failure): throw .secureMessaging(failure)
            }
        }
        session = precomputed.secured
        current.settled(.opened(first))
    }

    /// Checks the answers to one command and takes their protection off; the last one, or the first that is a refusal,
    /// is the command's.
    private func reveal(
        _ command: CommandAPDU, _ parts: [CommandAPDU], _ answers: ArraySlice<ResponseAPDU>
    ) throws(LinkError) -> ResponseAPDU {
        var answer = ResponseAPDU()
        var plain = ResponseAPDU()
        for received in answers {
            answer = received
            plain = answer
            if var current = session {
                defer { session = current }
                do { plain = try current.unwrap(received) } catch { throw .secureMessaging(error) }
            }
            guard plain.status.isSuccess else { break }
        }
        observer(.exchange(Exchange(plain: command, sent: parts, answer: answer, plainAnswer: plain)))
        return plain
    }
}

extension ArraySlice {
    fileprivate mutating func take(_ count: Int) -> ArraySlice {
        defer { self = dropFirst(count) }
        return prefix(count)
    }
}
