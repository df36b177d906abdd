internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Testing

private let sessions =
    RecordedSCP02.sessions + RecordedSCP03.sessions + RecordedSCP03Keys.sessions + ComputedSessions.sessions
    + ComputedSessions.extended

private let protectedSessions = sessions.filter { session in
    guard let transcript = try? session.read() else { return false }
    return transcript.level.contains(.responseMAC) && transcript.exchanges.contains { $0.answer != nil }
}

private let predictableSessions = sessions.filter { (try? $0.read())?.application != nil }

@Suite("Secure channels of real cards, replayed")
struct SessionReplayTests {
    @Test("the handshake sends the recorded bytes", arguments: sessions)
    func handshake(_ recorded: RecordedSession) throws {
        let transcript = try recorded.read()
        var handshake = try transcript.handshake()
        guard case .send(let first) = handshake.start() else {
            Issue.record("no INITIALIZE UPDATE")
            return
        }
        #expect(first.bytes.prefix(first.bytes.count - 1) == transcript.initializeUpdate.header[...])
        guard case .send(let second) = handshake.received(transcript.cardChallenge) else {
            Issue.record("no EXTERNAL AUTHENTICATE")
            return
        }
        #expect(second.bytes.hex == transcript.authenticate.hex)
        guard case .established(let session) = handshake.received(ResponseAPDU()) else {
            Issue.record("not established")
            return
        }
        #expect(session.peer.keyVersion == transcript.cardChallenge.data[10])
        #expect(session.peer.diversificationData == Array(transcript.cardChallenge.data[..<10]))
    }

    @Test("every command is protected and every answer believed, one after the other", arguments: sessions)
    func stepByStep(_ recorded: RecordedSession) throws {
        let transcript = try recorded.read()
        var session = try transcript.openSession()
        for exchange in transcript.exchanges {
            #expect(try session.wrap(exchange.plain).bytes.hex == exchange.wrapped.hex)
            guard let answer = exchange.answer else { continue }
            #expect(try session.unwrap(answer) == exchange.clear)
        }
    }

    @Test("all commands may be protected before the first answer", arguments: sessions)
    func ahead(_ recorded: RecordedSession) throws {
        let transcript = try recorded.read()
        var session = try transcript.openSession()
        for exchange in transcript.exchanges {
            #expect(try session.wrap(exchange.plain).bytes.hex == exchange.wrapped.hex)
        }
        #expect(session.awaitedAnswers == transcript.exchanges.count)
        for exchange in transcript.exchanges {
            guard let answer = exchange.answer else { return }
            #expect(try session.unwrap(answer) == exchange.clear)
        }
        #expect(session.awaitedAnswers == 0)
    }

    @Test(
        "with the pseudo-random challenge everything is computed before anything is sent",
        arguments: predictableSessions)
    func precomputed(_ recorded: RecordedSession) throws {
        let transcript = try recorded.read()
        var session = try transcript.precomputedSession()
        let script = try session.wholeScript(transcript.exchanges.map(\.plain))
        #expect(script[1].bytes.hex == transcript.authenticate.hex)
        #expect(script.dropFirst(2).map(\.bytes.hex) == transcript.exchanges.map(\.wrapped.hex))
        #expect(try session.received(transcript.cardChallenge) == .cardProved)
        #expect(!session.isEstablished)
        #expect(try session.received(ResponseAPDU()) == .established)
        #expect(session.isEstablished)
        for exchange in transcript.exchanges {
            guard let answer = exchange.answer, let clear = exchange.clear else { return }
            #expect(try session.received(answer) == .answer(clear))
        }
    }

    @Test(
        "the handshake tells whether the challenge could have been computed", arguments: predictableSessions)
    func predictable(_ recorded: RecordedSession) throws {
        let transcript = try recorded.read()
        #expect(try transcript.openSession().peer.isChallengePredictable == true)
        var other = transcript
        other.application = try AID(hex: "A000000151000099")
        #expect(try other.openSession().peer.isChallengePredictable == false)
        other.application = nil
        #expect(try other.openSession().peer.isChallengePredictable == nil)
    }
}

@Suite("Answers that must not be believed")
struct SessionRefusalTests {
    @Test("one wrong bit anywhere in a protected answer ends the session", arguments: protectedSessions)
    func everyBit(_ recorded: RecordedSession) throws {
        let transcript = try recorded.read()
        let exchange = try #require(transcript.exchanges.first { !($0.answer?.data.isEmpty ?? true) })
        let first = try #require(transcript.exchanges.firstIndex { $0.wrapped == exchange.wrapped })
        let answer = try #require(exchange.answer)
        for bit in 0..<answer.data.count * 8 {
            var session = try transcript.openSession()
            for earlier in transcript.exchanges[...first] { _ = try session.wrap(earlier.plain) }
            for earlier in transcript.exchanges[..<first] {
                _ = try session.unwrap(try #require(earlier.answer))
            }
            var wrong = answer
            wrong.data[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: SecureMessagingError.responseMACWrong) { try session.unwrap(wrong) }
            #expect(!session.isOpen)
            #expect(session.failure == .responseMACWrong)
            #expect(throws: SecureMessagingError.ended) { try session.unwrap(answer) }
            #expect(throws: SecureMessagingError.ended) { try session.wrap(exchange.plain) }
        }
    }

    @Test("another status under the same R-MAC is refused", arguments: protectedSessions)
    func otherStatus(_ recorded: RecordedSession) throws {
        let transcript = try recorded.read()
        let exchange = try #require(transcript.exchanges.first)
        let answer = try #require(exchange.answer)
        try #require(!answer.data.isEmpty)
        for status: StatusWord in [0x6283, 0x6310, 0x63C0, 0x6985, 0x9001] {
            var session = try transcript.openSession()
            _ = try session.wrap(exchange.plain)
            #expect(throws: SecureMessagingError.responseMACWrong) {
                try session.unwrap(ResponseAPDU(data: answer.data, status: status))
            }
        }
    }

    @Test("every truncation is refused, and a success without its R-MAC", arguments: protectedSessions)
    func truncated(_ recorded: RecordedSession) throws {
        let transcript = try recorded.read()
        let exchange = try #require(transcript.exchanges.first)
        let answer = try #require(exchange.answer)
        for count in 0..<answer.data.count {
            var session = try transcript.openSession()
            _ = try session.wrap(exchange.plain)
            let short = ResponseAPDU(data: Array(answer.data.prefix(count)), status: answer.status)
            #expect(throws: SecureMessagingError.self) { try session.unwrap(short) }
            #expect(!session.isOpen)
        }
    }

    @Test("an answer is not believed twice, nor in another's place", arguments: protectedSessions)
    func swapped(_ recorded: RecordedSession) throws {
        let transcript = try recorded.read()
        let answered = transcript.exchanges.prefix { $0.answer != nil }
        guard answered.count >= 2, let first = answered[0].answer, answered[0].wrapped != answered[1].wrapped
        else { return }
        var replayed = try transcript.openSession()
        for exchange in answered { _ = try replayed.wrap(exchange.plain) }
        _ = try replayed.unwrap(first)
        #expect(throws: SecureMessagingError.responseMACWrong) { try replayed.unwrap(first) }
        guard let later = answered.dropFirst().compactMap(\.answer).first(where: { !$0.data.isEmpty }) else {
            return
        }
        var early = try transcript.openSession()
        for exchange in answered { _ = try early.wrap(exchange.plain) }
        #expect(throws: SecureMessagingError.responseMACWrong) { try early.unwrap(later) }
    }

    @Test("an answer that no command awaits ends the session", arguments: sessions)
    func unasked(_ recorded: RecordedSession) throws {
        var session = try recorded.read().openSession()
        #expect(throws: SecureMessagingError.noCommandAwaitsAnswer) { try session.unwrap(ResponseAPDU()) }
        #expect(!session.isOpen)
    }

    @Test("SCP03: an error status passes without R-MAC, and the session goes on")
    func errorPasses() throws {
        let transcript = try #require(
            RecordedSCP03.sessions.first { $0.name.hasSuffix("test_scp03_C_MAC_R_MAC") }
        )
        .read()
        var session = try transcript.openSession()
        for exchange in transcript.exchanges { _ = try session.wrap(exchange.plain) }
        let answers = transcript.exchanges.compactMap(\.answer)
        #expect(try session.unwrap(answers[0]).status == .success)
        #expect(try session.unwrap(answers[1]) == ResponseAPDU(status: 0x6A88))
        #expect(try session.unwrap(answers[2]).status == .success)
        #expect(session.isOpen)
    }
}

extension CommandAPDU {
    /// Header, Lc and data.
    var header: [UInt8] { Array(bytes.prefix(5 + data.count)) }
}

extension Transcript {
    func precomputedSession(
        sequenceCounter: UInt32? = nil, version: UInt8? = nil
    ) throws -> PrecomputedSession {
        let answer = try InitializeUpdateAnswer(parsing: cardChallenge.data)
        let secureChannel: SecureChannelProtocol
        let algorithm: CardKeys.Algorithm
        switch answer.body {
        case .scp02:
            secureChannel = SecureChannelProtocol(.scp02, options: 0x55)
            algorithm = .tripleDES
        case .scp03(let options, _, _):
            secureChannel = SecureChannelProtocol(.scp03, options: options.rawValue)
            algorithm = .aes
        }
        let keys = try CardKeys(
            algorithm, version: version ?? answer.keyVersion, encryption: try #require(keys["enc"]),
            mac: try #require(keys["mac"]), dataEncryption: try #require(keys["dek"]))
        return try PrecomputedSession(
            .init(
                keys: keys, secureChannel: secureChannel,
                sequenceCounter: sequenceCounter ?? answer.sequenceCounter ?? 0,
                application: try #require(application), diversificationData: answer.diversificationData),
            wish(quirks: quirks))
    }
}
