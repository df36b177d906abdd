internal import CardCrypto
package import GlobalPlatform
package import SmartCard

/// Opens a secure channel: INITIALIZE UPDATE, a look at the card's cryptogram, EXTERNAL AUTHENTICATE.
///
/// Any failure is final: the card counts failed authentications, so a second try is somebody's decision.
package struct Handshake {
    /// What the session is to be.
    package struct Wish: Sendable {
        /// Eight bytes, or sixteen for a card in S16 mode; unpredictable, and never used twice.
        package var hostChallenge: [UInt8]
        package var level: SecurityLevel
        /// 0 lets the card choose.
        package var keyVersion: UInt8
        package var keyIdentifier: UInt8
        package var logicalChannel: Int
        /// "i" of SCP02, which the answer to INITIALIZE UPDATE does not tell; card recognition data do.
        package var scp02Options: SCP02Options
        /// The selected application; with it, a pseudo-random challenge is looked at.
        package var application: AID?
        package var quirks: ChannelQuirks

        package init(
            hostChallenge: [UInt8], level: SecurityLevel, keyVersion: UInt8 = 0, keyIdentifier: UInt8 = 0,
            logicalChannel: Int = 0, scp02Options: SCP02Options = SCP02Options(rawValue: 0x15),
            application: AID? = nil, quirks: ChannelQuirks = .none
        ) {
            precondition([8, 16].contains(hostChallenge.count), "a host challenge has 8 or 16 bytes")
            self.hostChallenge = hostChallenge
            self.level = level
            self.keyVersion = keyVersion
            self.keyIdentifier = keyIdentifier
            self.logicalChannel = logicalChannel
            self.scp02Options = scp02Options
            self.application = application
            self.quirks = quirks
        }
    }

    package enum Action {
        case send(CommandAPDU)
        case established(SecureSession)
        case failed(HandshakeFailure)
    }

    private enum State {
        case idle
        case awaitingCardChallenge
        case awaitingAcceptance(SecureSession)
        case ended
    }

    private let wish: Wish
    private let keys: KeyProvider
    private var state = State.idle

    package init(_ wish: Wish, keys: @escaping KeyProvider) {
        self.wish = wish
        self.keys = keys
    }

    package mutating func start() -> Action {
        guard case .idle = state else { return fail(.outOfOrder) }
        state = .awaitingCardChallenge
        return .send(Self.initializeUpdate(wish))
    }

    package mutating func received(_ response: ResponseAPDU) -> Action {
        switch state {
        case .awaitingCardChallenge:
            do {
                let (session, command) = try prove(to: response)
                state = .awaitingAcceptance(session)
                return .send(command)
            } catch {
                return fail(error)
            }
        case .awaitingAcceptance(let session):
            state = .ended
            guard response.status.isSuccess else { return .failed(.authenticationRefused(response.status)) }
            return .established(session)
        case .idle, .ended:
            return fail(.outOfOrder)
        }
    }

    /// The session before the card has accepted it, so that commands can travel with EXTERNAL AUTHENTICATE: a card that
    /// refuses that command refuses them all. From here on the caller judges the acceptance.
    package mutating func goAhead() -> SecureSession? {
        guard case .awaitingAcceptance(let session) = state else { return nil }
        state = .ended
        return session
    }

    static func initializeUpdate(_ wish: Wish) -> CommandAPDU {
        CommandAPDU(
            UInt8(0x80).onLogicalChannel(wish.logicalChannel), Instruction.initializeUpdate, wish.keyVersion,
            wish.keyIdentifier, data: wish.hostChallenge, expecting: 256)
    }

    private mutating func fail(_ failure: HandshakeFailure) -> Action {
        state = .ended
        return .failed(failure)
    }

    private func prove(
        to response: ResponseAPDU
    ) throws(HandshakeFailure) -> (SecureSession, CommandAPDU) {
        guard response.status.isSuccess else { throw .initializationRefused(response.status) }
        let answer = try InitializeUpdateAnswer(parsing: response.data)
        let expected = wish.quirks.reportedKeyVersions[wish.keyVersion] ?? wish.keyVersion
        guard wish.keyVersion == 0 || answer.keyVersion == expected else {
            throw .otherKeyVersion(asked: wish.keyVersion, answered: answer.keyVersion)
        }
        let opening = try ChannelOpening(answer, wish, keys: keys)
        guard isEqualInConstantTime(answer.cryptogram, opening.cardCryptogram) else {
            throw .cardCryptogramMismatch(keyVersion: answer.keyVersion)
        }
        return opening.authenticate(wish)
    }
}
