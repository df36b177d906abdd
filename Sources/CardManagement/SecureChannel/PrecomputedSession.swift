internal import CardCrypto
package import GlobalPlatform
package import SmartCard

/// A secure channel with a card whose challenge can be known beforehand: INITIALIZE UPDATE, EXTERNAL AUTHENTICATE
/// and a whole script are made before anything is sent, so that one message carries them all.
///
/// EXTERNAL AUTHENTICATE travels before the card has proved itself. A wrong counter or key costs the card's
/// count of failed authentications one: compute ahead only for cards whose counter is known to be right.
package struct PrecomputedSession {
    /// What is known of the card.
    package struct Card: Sendable {
        package var keys: CardKeys
        package var secureChannel: SecureChannelProtocol
        /// What the card will show: for SCP03 one more than its last value, since INITIALIZE UPDATE counts first
        /// (SCP03 §6.2.2.1); for SCP02 the number of channels opened so far (GPCS 2.3.1 §E.1.2).
        package var sequenceCounter: UInt32
        /// The selected application, whose AID goes into the challenge.
        package var application: AID
        /// Compared where it is known.
        package var diversificationData: [UInt8]?

        package init(
            keys: CardKeys, secureChannel: SecureChannelProtocol, sequenceCounter: UInt32, application: AID,
            diversificationData: [UInt8]? = nil
        ) {
            self.keys = keys
            self.secureChannel = secureChannel
            self.sequenceCounter = sequenceCounter
            self.application = application
            self.diversificationData = diversificationData
        }
    }

    /// What an answer meant.
    package enum Step: Hashable, Sendable {
        /// INITIALIZE UPDATE: the card proved itself.
        case cardProved
        /// EXTERNAL AUTHENTICATE was accepted.
        case established
        /// The next command of the script, its protection checked and taken off.
        case answer(ResponseAPDU)
    }

    private enum State {
        case awaitingCardChallenge
        case awaitingAcceptance
        case open
        case ended
    }

    /// The two commands that go before the script.
    package let opening: [CommandAPDU]
    private let card: Card
    private let expected: InitializeUpdateAnswer
    private let cardCryptogram: [UInt8]
    private var session: SecureSession
    private var state = State.awaitingCardChallenge

    package init(_ card: Card, _ wish: Handshake.Wish) throws(HandshakeFailure) {
        guard !wish.quirks.isChallengeUnpredictable else {
            throw .unsupportedProtocol(
                version: card.secureChannel.version.rawValue, options: card.secureChannel.options)
        }
        var wish = wish
        wish.scp02Options = SCP02Options(rawValue: card.secureChannel.options)
        expected = try Self.expectedAnswer(card, wish)
        let opening = try ChannelOpening(
            expected, wish, keys: { (_) throws(KeySourceError) -> CardKeys in card.keys })
        let (session, authenticate) = opening.authenticate(wish)
        self.opening = [Handshake.initializeUpdate(wish), authenticate]
        self.session = session
        self.card = card
        cardCryptogram = opening.cardCryptogram
    }

    package var isEstablished: Bool {
        if case .open = state { return session.isOpen }
        return false
    }

    /// The session, for what it tells: sizes, level, sensitive data.
    package var secured: SecureSession { session }

    /// Protects the next command of the script; at any time, before or after the card has answered.
    package mutating func wrap(_ command: CommandAPDU) throws(SecureMessagingError) -> CommandAPDU {
        if case .ended = state { throw .ended }
        return try session.wrap(command)
    }

    /// The same for one that may be longer than an APDU, in as many parts as it takes.
    package mutating func wrap(
        _ command: CommandAPDU, isChainable: Bool
    ) throws(SecureMessagingError) -> [CommandAPDU] {
        if case .ended = state { throw .ended }
        return isChainable ? try session.wrapChained(command) : [try session.wrap(command)]
    }

    /// Everything to be sent, in order: the opening and the script.
    package mutating func wholeScript(
        _ commands: [CommandAPDU]
    ) throws(SecureMessagingError) -> [CommandAPDU] {
        var script = opening
        for command in commands { script.append(try wrap(command)) }
        return script
    }

    /// Takes the answers in the order of the commands; after a failure none is believed.
    package mutating func received(_ response: ResponseAPDU) throws(PrecomputedFailure) -> Step {
        do {
            return try advance(response)
        } catch {
            state = .ended
            throw error
        }
    }

    private mutating func advance(_ response: ResponseAPDU) throws(PrecomputedFailure) -> Step {
        switch state {
        case .awaitingCardChallenge:
            do { try check(response) } catch { throw .handshake(error) }
            state = .awaitingAcceptance
            return .cardProved
        case .awaitingAcceptance:
            guard response.status.isSuccess else {
                throw .handshake(.authenticationRefused(response.status))
            }
            state = .open
            return .established
        case .open:
            do { return .answer(try session.unwrap(response)) } catch { throw .messaging(error) }
        case .ended:
            throw .handshake(.outOfOrder)
        }
    }

    private func check(_ response: ResponseAPDU) throws(HandshakeFailure) {
        guard response.status.isSuccess else { throw .initializationRefused(response.status) }
        let answer = try InitializeUpdateAnswer(parsing: response.data)
        guard answer.keyVersion == expected.keyVersion, answer.body == expected.body,
            card.diversificationData == nil || card.diversificationData == answer.diversificationData
        else { throw .unexpectedAnswer(sequenceCounter: answer.sequenceCounter) }
        guard isEqualInConstantTime(answer.cryptogram, cardCryptogram) else {
            throw .unexpectedAnswer(sequenceCounter: answer.sequenceCounter)
        }
    }

    private static func expectedAnswer(
        _ card: Card, _ wish: Handshake.Wish
    ) throws(HandshakeFailure) -> InitializeUpdateAnswer {
        let keyVersion = card.keys.version
        guard
            wish.keyVersion == 0
                || (wish.quirks.reportedKeyVersions[wish.keyVersion] ?? wish.keyVersion) == keyVersion
        else { throw .otherKeyVersion(asked: wish.keyVersion, answered: keyVersion) }
        return InitializeUpdateAnswer(
            expecting: try expectedBody(card, wish), keyVersion: keyVersion,
            diversificationData: card.diversificationData ?? [])
    }

    private static func expectedBody(
        _ card: Card, _ wish: Handshake.Wish
    ) throws(HandshakeFailure) -> InitializeUpdateAnswer.Body {
        let unsupported = HandshakeFailure.unsupportedProtocol(
            version: card.secureChannel.version.rawValue, options: card.secureChannel.options)
        do {
            switch card.secureChannel.version {
            case .scp02:
                guard SCP02Options(rawValue: card.secureChannel.options).isChallengePseudoRandom else {
                    throw unsupported
                }
                guard let counter = UInt16(exactly: card.sequenceCounter) else { throw unsupported }
                let derivation = try SCP02Derivation(card.keys, sequenceCounter: counter)
                return .scp02(
                    sequenceCounter: counter,
                    challenge: derivation.cardChallenge(application: card.application))
            case .scp03:
                let options = SCP03Options(rawValue: card.secureChannel.options)
                guard options.isChallengePseudoRandom, card.sequenceCounter <= 0xFF_FFFF else {
                    throw unsupported
                }
                let challenge = try SCP03Derivation.cardChallenge(
                    card.keys, sequenceCounter: card.sequenceCounter, application: card.application,
                    byteCount: options.macBytes)
                return .scp03(
                    options: options, challenge: challenge, sequenceCounter: card.sequenceCounter)
            case .scp01, .scp10, .scp11, .scp21, .scp22, .scp80, .scp81:
                throw unsupported
            }
        } catch let failure as HandshakeFailure {
            throw failure
        } catch let error as CryptoError {
            throw .crypto(error)
        } catch {
            preconditionFailure("only the two kinds of errors above are thrown")
        }
    }
}

/// Why a session that was computed ahead ended.
package enum PrecomputedFailure: Error, Hashable {
    case handshake(HandshakeFailure)
    case messaging(SecureMessagingError)
}
