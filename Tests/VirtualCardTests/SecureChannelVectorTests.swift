internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard
internal import TestSupport
internal import Testing
internal import VirtualCard

/// Gives the bytes that a recorded card drew as its challenge.
private final class RecordedEntropy: EntropySource {
    private let drawn: [UInt8]
    init(_ drawn: [UInt8]) { self.drawn = drawn }
    func bytes(_ count: Int) -> [UInt8] { Array(drawn.prefix(count)) }
}

/// The card's side against sessions of real cards: the host's side of this project is not involved.
@Suite("Secure channels on the card, against recorded cards", .mission(.c11), .mission(.point7))
struct SecureChannelVectorTests {
    private func open(_ session: RecordedSession) throws -> (OpenedChannel, CommandAPDU) {
        let answer = session.initializeUpdateAnswer
        let isSCP03 = session.version == 3
        let type: KeyType = isSCP03 ? .aes : .des
        let keys = [session.encryptionKey, session.macKey, session.dataEncryptionKey].enumerated().map {
            index, key in
            CardKey(identifier: UInt8(index + 1), components: [.init(type: type, value: Secret(key))])
        }
        let version = try #require(SecureChannelProtocol.Version(rawValue: session.version))
        // SCP02 tells its counter before the challenge; SCP03 behind everything, already counted up.
        let counter =
            isSCP03
            ? (answer.count > 29 ? UInt32(bigEndianBytes: answer.suffix(3)) - 1 : 0)
            : UInt32(bigEndianBytes: answer[12..<14])
        let keySet = CardKeySet(
            version: answer[10], keys: keys,
            channelProtocol: SecureChannelProtocol(version, options: session.options),
            sequenceCounter: counter)
        let command = try CommandAPDU(parsing: session.initializeUpdate)
        let opening = ChannelOpening(
            command: command, keySet: keySet,
            requester: try AID(session.aid ?? WellKnownAID.issuerSecurityDomain.bytes),
            diversificationData: Array(answer[..<10]),
            entropy: RecordedEntropy(isSCP03 ? Array(answer[13..<21]) : Array(answer[14..<20])))
        return (try StandardChannels().open(opening), command)
    }

    @Test("INITIALIZE UPDATE is answered byte for byte as the real card did", arguments: RecordedSession.all)
    func opens(_ session: RecordedSession) throws {
        #expect(try open(session).0.answer.hex == session.initializeUpdateAnswer.hex)
    }

    @Test(
        "the host's commands are accepted and unwrapped, and answers wrapped alike",
        arguments: RecordedSession.all)
    func replays(_ session: RecordedSession) throws {
        var channel = try open(session).0.channel
        let authenticate = try CommandAPDU(parsing: session.externalAuthenticate)
        _ = try channel.authenticate(authenticate)
        #expect(channel.securityLevel?.rawValue == authenticate.p1)
        #expect(channel.wrap(ResponseAPDU()) == ResponseAPDU())
        for exchange in session.exchanges {
            let plain = try CommandAPDU(parsing: exchange.plain)
            let unwrapped = try channel.unwrap(CommandAPDU(parsing: exchange.sent))
            #expect(unwrapped.data == plain.data)
            #expect(
                [unwrapped.cla, unwrapped.ins, unwrapped.p1, unwrapped.p2] == Array(exchange.plain.prefix(4)))
            guard let answer = exchange.answer else { continue }
            var response = try ResponseAPDU(parsing: answer)
            if let data = exchange.plainData { response.data = data }
            #expect(channel.wrap(response).bytes.hex == answer.hex)
        }
    }

    @Test("every bit of a host cryptogram and of its MAC counts", arguments: RecordedSession.all)
    func flippedBits(_ session: RecordedSession) throws {
        let opened = try open(session).0.channel
        let command = try CommandAPDU(parsing: session.externalAuthenticate)
        for bit in 0..<command.data.count * 8 {
            var channel = opened
            var altered = command
            altered.data[bit / 8] ^= 1 << UInt8(bit % 8)
            let expected = bit < 64 ? Refusal.authenticationFailed : .securityStatusNotSatisfied
            #expect(throws: expected) { try channel.authenticate(altered) }
        }
    }

    @Test(
        "a command altered anywhere, sent twice, or in clear ends the session", arguments: RecordedSession.all
    )
    func alteredCommands(_ session: RecordedSession) throws {
        guard let exchange = session.exchanges.first, session.externalAuthenticate[2] != 0 else { return }
        let sent = try CommandAPDU(parsing: exchange.sent)
        func refuses(_ command: CommandAPDU, after earlier: [CommandAPDU] = []) throws {
            var channel = try open(session).0.channel
            _ = try channel.authenticate(CommandAPDU(parsing: session.externalAuthenticate))
            for command in earlier { _ = try channel.unwrap(command) }
            #expect(throws: Refusal.securityStatusNotSatisfied) { try channel.unwrap(command) }
            #expect(channel.isAborted && channel.securityLevel == nil)
            #expect(throws: Refusal.securityStatusNotSatisfied) { try channel.unwrap(sent) }
        }
        for index in sent.data.indices {
            var altered = sent
            altered.data[index] ^= 0x01
            try refuses(altered)
        }
        for change in [\CommandAPDU.ins, \.p1, \.p2] {
            var altered = sent
            altered[keyPath: change] ^= 0x01
            try refuses(altered)
        }
        try refuses(sent, after: [sent])
        try refuses(CommandAPDU(parsing: exchange.plain))
    }
}
