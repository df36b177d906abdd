package import CardManagement
internal import GlobalPlatform
package import SmartCard

/// The secure channel of one visit, spoken in orders: many commands travel together, and their answers come back
/// together, fewer where the carrier stopped.
///
/// Nothing an answer says is believed before its protection was checked; the first failure ends the dialogue.
package struct Dialogue {
    private enum State {
        case closed
        case awaitingCardChallenge(Handshake)
        /// EXTERNAL AUTHENTICATE has not been answered, and commands travel behind it.
        case awaitingAcceptance(SecureSession)
        case awaitingComputedOpening(PrecomputedSession)
        case open(SecureSession)
        case openComputed(PrecomputedSession)
        case ended
    }

    private var state = State.closed
    /// How many APDUs each secured command became, in the order of the commands.
    private var parts: [Int] = []
    /// A planted mistake: see `Flaws.trustsUnproven`.
    private let trustsUnproven: Bool

    package init(flaws: Flaws = []) { trustsUnproven = flaws.contains(.trustsUnproven) }

    package var isOpen: Bool {
        switch state {
        case .open, .openComputed, .awaitingAcceptance, .awaitingComputedOpening: true
        case .closed, .awaitingCardChallenge, .ended: false
        }
    }

    /// The open session, for what it tells: sizes, level, keys on their way.
    package var session: SecureSession? {
        switch state {
        case .open(let session), .awaitingAcceptance(let session): session
        case .openComputed(let computed), .awaitingComputedOpening(let computed): computed.secured
        case .closed, .awaitingCardChallenge, .ended: nil
        }
    }

    /// The counter as the card's cryptogram vouches for it: SCP02 derives its keys from it; SCP03 shows it beside a
    /// challenge that must be the one made from it, or anybody on the way could have changed it.
    var provenCounter: UInt32? {
        guard let peer = session?.peer else { return nil }
        guard peer.secureChannel.version != .scp02 else { return peer.sequenceCounter }
        return peer.isChallengePredictable == true ? peer.sequenceCounter : nil
    }

    /// Begins with INITIALIZE UPDATE; the rest waits for the card's challenge.
    package mutating func open(_ handshake: Handshake) throws(DialogueFailure) -> CommandAPDU {
        var handshake = handshake
        switch handshake.start() {
        case .send(let command):
            state = .awaitingCardChallenge(handshake)
            return command
        case .failed(let failure): throw end(.handshake(failure))
        case .established: throw end(.handshake(.outOfOrder))
        }
    }

    /// Takes the answer to INITIALIZE UPDATE and gives EXTERNAL AUTHENTICATE, behind which commands may travel.
    package mutating func proceed(_ answer: ResponseAPDU) throws(DialogueFailure) -> CommandAPDU {
        guard case .awaitingCardChallenge(var handshake) = state else { throw end(.handshake(.outOfOrder)) }
        switch handshake.received(answer) {
        case .send(let command):
            guard let session = handshake.goAhead() else { throw end(.handshake(.outOfOrder)) }
            state = .awaitingAcceptance(session)
            return command
        case .failed(let failure): throw end(.handshake(failure))
        case .established: throw end(.handshake(.outOfOrder))
        }
    }

    /// Begins with both commands of the opening, computed before the card has said anything.
    package mutating func open(_ computed: PrecomputedSession) -> [CommandAPDU] {
        state = .awaitingComputedOpening(computed)
        return computed.opening
    }

    /// How many answers come before the first one to a secured command.
    package var openingAnswers: Int {
        switch state {
        case .awaitingAcceptance: 1
        case .awaitingComputedOpening: 2
        case .closed, .awaitingCardChallenge, .open, .openComputed, .ended: 0
        }
    }

    /// Commands travel that no answer of the card was seen for.
    package var isComputedAhead: Bool {
        if case .awaitingComputedOpening = state { true } else { false }
    }

    /// Takes the answers to what opened the session.
    package mutating func accept(_ answers: [ResponseAPDU]) throws(DialogueFailure) {
        guard answers.count == openingAnswers else { throw end(.interrupted) }
        switch state {
        case .awaitingAcceptance(let session):
            guard let answer = answers.first, answer.status.isSuccess else {
                throw end(.handshake(.authenticationRefused(answers.first?.status ?? 0x6F00)))
            }
            state = .open(session)
        case .awaitingComputedOpening(var computed):
            for answer in answers {
                do { _ = try computed.received(answer) } catch {
                    switch error {
                    case .handshake(let failure): throw end(.handshake(failure))
                    case .messaging(let failure): throw end(.messaging(failure))
                    }
                }
            }
            state = .openComputed(computed)
        case .open, .openComputed: return
        case .closed, .awaitingCardChallenge, .ended: throw end(.handshake(.outOfOrder))
        }
    }

    /// Protects the next command; one that is longer than a short APDU becomes several where the standard has that.
    package mutating func secure(_ command: CommandAPDU) throws(DialogueFailure) -> [CommandAPDU] {
        do throws(SecureMessagingError) {
            let sent: [CommandAPDU]
            switch state {
            case .open(var session):
                sent = command.isChainable ? try session.wrapChained(command) : [try session.wrap(command)]
                state = .open(session)
            case .awaitingAcceptance(var session):
                sent = command.isChainable ? try session.wrapChained(command) : [try session.wrap(command)]
                state = .awaitingAcceptance(session)
            case .openComputed(var computed):
                sent = try computed.wrap(command, isChainable: command.isChainable)
                state = .openComputed(computed)
            case .awaitingComputedOpening(var computed):
                sent = try computed.wrap(command, isChainable: command.isChainable)
                state = .awaitingComputedOpening(computed)
            case .closed, .awaitingCardChallenge, .ended: throw .ended
            }
            parts.append(sent.count)
            return sent
        } catch {
            throw end(.messaging(error))
        }
    }

    /// Takes the answers to the next secured command off the front; the last of them is the command's own.
    package mutating func receive(
        _ answers: inout ArraySlice<ResponseAPDU>
    ) throws(DialogueFailure) -> ResponseAPDU {
        guard let count = parts.first, answers.count >= count else { throw end(.interrupted) }
        parts.removeFirst()
        var last = ResponseAPDU(status: 0x6F00)
        do throws(PrecomputedFailure) {
            for answer in answers.prefix(count) {
                switch state {
                case .open(var session):
                    do throws(SecureMessagingError) { last = try session.unwrap(answer) } catch {
                        guard trustsUnproven else { throw .messaging(error) }
                        last = answer
                        continue
                    }
                    state = .open(session)
                case .openComputed(var computed):
                    if case .answer(let plain) = try computed.received(answer) { last = plain }
                    state = .openComputed(computed)
                case .closed, .awaitingCardChallenge, .awaitingAcceptance, .awaitingComputedOpening, .ended:
                    throw .handshake(.outOfOrder)
                }
            }
        } catch {
            switch error {
            case .handshake(let failure): throw end(.handshake(failure))
            case .messaging(let failure): throw end(.messaging(failure))
            }
        }
        answers = answers.dropFirst(count)
        return last
    }

    package mutating func close() {
        state = .ended
        parts = []
    }

    private mutating func end(_ failure: DialogueFailure) -> DialogueFailure {
        close()
        return failure
    }
}

/// Why a dialogue came to an end; the work goes on in a new one, after the card was asked what is true.
package enum DialogueFailure: Error, Hashable {
    case handshake(HandshakeFailure)
    case messaging(SecureMessagingError)
    /// Answers are missing: the card was pulled, or the carrier stopped.
    case interrupted
}
