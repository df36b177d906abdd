internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// What both sides know once the two challenges are there: the cryptograms, and the channel before its first MAC.
struct ChannelOpening {
    let cardCryptogram: [UInt8]
    let hostCryptogram: [UInt8]
    let peer: ChannelPeer
    private let channel: SecureSession.Channel

    init(
        _ answer: InitializeUpdateAnswer, _ wish: Handshake.Wish, keys: KeyProvider
    ) throws(HandshakeFailure) {
        switch answer.body {
        case .scp02(let counter, let challenge):
            try self.init(scp02: answer, counter, challenge, wish, keys)
        case .scp03(let options, let challenge, let counter):
            try self.init(scp03: answer, options, challenge, counter, wish, keys)
        }
    }

    /// EXTERNAL AUTHENTICATE, and the session that stands once the card accepts it.
    func authenticate(_ wish: Handshake.Wish) -> (SecureSession, CommandAPDU) {
        let plain = CommandAPDU(
            0x80, Instruction.externalAuthenticate, wish.level.rawValue, 0, data: hostCryptogram)
        let command: CommandAPDU
        let opened: SecureSession.Channel
        switch channel {
        case .scp02(var scp02):
            command = scp02.wrapAuthentication(plain, onChannel: wish.logicalChannel)
            opened = .scp02(scp02)
        case .scp03(var scp03):
            command = scp03.wrapAuthentication(plain, onChannel: wish.logicalChannel)
            opened = .scp03(scp03)
        }
        let session = SecureSession(
            opened, peer: peer, level: wish.level, logicalChannel: wish.logicalChannel)
        return (session, command)
    }

    private init(
        scp02 answer: InitializeUpdateAnswer, _ counter: UInt16, _ challenge: [UInt8], _ wish: Handshake.Wish,
        _ keys: KeyProvider
    ) throws(HandshakeFailure) {
        let options = wish.quirks.options.map(SCP02Options.init) ?? wish.scp02Options
        guard options.isExplicit, !options.isICVOverAID else {
            throw .unsupportedProtocol(version: 2, options: options.rawValue)
        }
        guard options.offers(wish.level) else {
            throw .levelNotOffered(wish.level, options: options.rawValue)
        }
        guard wish.hostChallenge.count == 8 else { throw .challengeLength(wanted: 8) }
        let cardKeys = try Self.fetch(keys, .tripleDES, answer)
        guard options.hasThreeKeys || cardKeys.isOneKey else { throw .threeKeysForBaseKey }
        do {
            let derivation = try SCP02Derivation(cardKeys, sequenceCounter: counter)
            cardCryptogram = derivation.cardCryptogram(
                hostChallenge: wish.hostChallenge, sequenceCounter: counter, cardChallenge: challenge)
            hostCryptogram = derivation.hostCryptogram(
                hostChallenge: wish.hostChallenge, sequenceCounter: counter, cardChallenge: challenge)
            channel = .scp02(SCP02Channel(derivation, options: options, quirks: wish.quirks))
            peer = ChannelPeer(
                diversificationData: answer.diversificationData, keyVersion: answer.keyVersion,
                secureChannel: SecureChannelProtocol(.scp02, options: options.rawValue),
                sequenceCounter: UInt32(counter),
                isChallengePredictable: wish.application.map {
                    derivation.cardChallenge(application: $0) == challenge
                })
        } catch {
            throw .crypto(error)
        }
    }

    private init(
        scp03 answer: InitializeUpdateAnswer, _ reported: SCP03Options, _ challenge: [UInt8],
        _ counter: UInt32?, _ wish: Handshake.Wish, _ keys: KeyProvider
    ) throws(HandshakeFailure) {
        let options = wish.quirks.options.map(SCP03Options.init) ?? reported
        guard options.offers(wish.level) else {
            throw .levelNotOffered(wish.level, options: options.rawValue)
        }
        guard wish.hostChallenge.count == challenge.count, options.isS16 == reported.isS16 else {
            throw .challengeLength(wanted: challenge.count)
        }
        let cardKeys = try Self.fetch(keys, .aes, answer)
        do {
            let derivation = try SCP03Derivation(
                cardKeys, hostChallenge: wish.hostChallenge, cardChallenge: challenge)
            cardCryptogram = derivation.cardCryptogram
            hostCryptogram = derivation.hostCryptogram
            channel = .scp03(
                SCP03Channel(
                    derivation, options: options,
                    dataEncryption: try Cipher(.aes, key: cardKeys.dataEncryption), quirks: wish.quirks))
            var isPredictable: Bool?
            if let application = wish.application, let counter, options.isChallengePseudoRandom {
                isPredictable =
                    try SCP03Derivation.cardChallenge(
                        cardKeys, sequenceCounter: counter, application: application,
                        byteCount: challenge.count) == challenge
            }
            peer = ChannelPeer(
                diversificationData: answer.diversificationData, keyVersion: answer.keyVersion,
                secureChannel: SecureChannelProtocol(.scp03, options: options.rawValue),
                sequenceCounter: counter, isChallengePredictable: isPredictable)
        } catch {
            throw .crypto(error)
        }
    }

    private static func fetch(
        _ provider: KeyProvider, _ algorithm: CardKeys.Algorithm, _ answer: InitializeUpdateAnswer
    ) throws(HandshakeFailure) -> CardKeys {
        let keys: CardKeys
        do {
            keys = try provider(
                KeyRequest(
                    algorithm: algorithm, version: answer.keyVersion,
                    diversificationData: answer.diversificationData))
        } catch {
            throw .keys(error)
        }
        guard keys.algorithm == algorithm else { throw .keys(.otherAlgorithm(wanted: algorithm)) }
        return keys
    }
}
