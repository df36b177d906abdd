internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Testing

private let scp02 = RecordedSCP02.sessions[3]
private let scp03 =
    RecordedSCP03.sessions.first { $0.name.hasSuffix("R_ENCRYPTION_C_MAC_R_MAC") }
    ?? RecordedSCP03.sessions[0]

extension Handshake.Action {
    var failure: HandshakeFailure? {
        switch self {
        case .failed(let failure): failure
        case .send, .established: nil
        }
    }

    var command: CommandAPDU? {
        switch self {
        case .send(let command): command
        case .failed, .established: nil
        }
    }

    var session: SecureSession? {
        switch self {
        case .established(let session): session
        case .failed, .send: nil
        }
    }
}

@Suite("Handshake")
struct HandshakeTests {
    @Test("every event in every state that does not await it ends the handshake", arguments: [scp02, scp03])
    func wrongEvents(_ recorded: RecordedSession) throws {
        let transcript = try recorded.read()
        let answers = [transcript.cardChallenge, ResponseAPDU(), ResponseAPDU(status: 0x6985)]
        for answer in answers {
            var idle = try transcript.handshake()
            #expect(idle.received(answer).failure == .outOfOrder)
            #expect(idle.start().failure == .outOfOrder)
        }
        var twice = try transcript.handshake()
        _ = twice.start()
        #expect(twice.start().failure == .outOfOrder)
        #expect(twice.received(transcript.cardChallenge).failure == .outOfOrder)
        var late = try transcript.handshake()
        _ = late.start()
        _ = late.received(transcript.cardChallenge)
        #expect(late.start().failure == .outOfOrder)
        var done = try transcript.handshake()
        _ = done.start()
        _ = done.received(transcript.cardChallenge)
        #expect(done.received(ResponseAPDU()).session != nil)
        for answer in answers { #expect(done.received(answer).failure == .outOfOrder) }
        #expect(done.start().failure == .outOfOrder)
    }

    @Test(
        "one wrong bit in challenge or cryptogram: nothing is sent that the card counts",
        arguments: [scp02, scp03])
    func everyBit(_ recorded: RecordedSession) throws {
        let transcript = try recorded.read()
        let isSCP03 = transcript.cardChallenge.data[11] == 3
        let version = transcript.cardChallenge.data[10]
        // Counter (SCP02), challenge and cryptogram; the counter of SCP03 is proved by the challenge only.
        let proved = isSCP03 ? 13..<29 : 12..<28
        for bit in proved.lowerBound * 8..<proved.upperBound * 8 {
            var handshake = try transcript.handshake()
            _ = handshake.start()
            var wrong = transcript.cardChallenge
            wrong.data[bit / 8] ^= 1 << (bit % 8)
            let failure = handshake.received(wrong).failure
            #expect(failure == .cardCryptogramMismatch(keyVersion: version))
            #expect(failure?.isCountedByCard == false)
            #expect(handshake.received(transcript.cardChallenge).failure == .outOfOrder)
        }
    }

    @Test("wrong keys are found before the card can count", arguments: [scp02, scp03])
    func wrongKeys(_ recorded: RecordedSession) throws {
        var transcript = try recorded.read()
        let version = transcript.cardChallenge.data[10]
        for name in ["enc", "mac"] {
            let right = transcript.keys[name]
            transcript.keys[name] = Secret([UInt8](repeating: 0x11, count: 16))
            var handshake = try transcript.handshake()
            _ = handshake.start()
            let failure = handshake.received(transcript.cardChallenge).failure
            // SCP02 makes its cryptograms with the encryption key, SCP03 with the MAC key: the other is not seen.
            let isUnseen = (transcript.cardChallenge.data[11] == 2) == (name == "mac")
            #expect(failure == (isUnseen ? nil : .cardCryptogramMismatch(keyVersion: version)))
            transcript.keys[name] = right
        }
    }

    @Test(
        "a refused INITIALIZE UPDATE is told with its status, and costs nothing",
        arguments: [0x6982, 0x6983, 0x6985, 0x6A88, 0x6A86, 0x6D00, 0x6E00, 0x6700, 0x6300, 0x61FF]
            as [StatusWord])
    func refusedInitialization(_ status: StatusWord) throws {
        let transcript = try scp03.read()
        var handshake = try transcript.handshake()
        _ = handshake.start()
        let failure = handshake.received(ResponseAPDU(data: transcript.cardChallenge.data, status: status))
            .failure
        #expect(failure == .initializationRefused(status))
        #expect(failure?.isCountedByCard == false)
    }

    @Test(
        "a refused EXTERNAL AUTHENTICATE is final and counted",
        arguments: [0x6300, 0x63C2, 0x6982, 0x6983, 0x6985, 0x6A80, 0x6A88, 0x6283] as [StatusWord])
    func refusedAuthentication(_ status: StatusWord) throws {
        let transcript = try scp03.read()
        var handshake = try transcript.handshake()
        _ = handshake.start()
        _ = handshake.received(transcript.cardChallenge)
        let failure = handshake.received(ResponseAPDU(status: status)).failure
        #expect(failure == .authenticationRefused(status))
        #expect(failure?.isCountedByCard == true)
        #expect(handshake.received(ResponseAPDU()).failure == .outOfOrder)
    }

    @Test("every length of the answer but the defined ones is malformed", arguments: [scp02, scp03])
    func lengths(_ recorded: RecordedSession) throws {
        let transcript = try recorded.read()
        let data = transcript.cardChallenge.data
        for count in 0...80 where count != data.count {
            var handshake = try transcript.handshake()
            _ = handshake.start()
            let bytes = Array((data + [UInt8](repeating: 0, count: 80)).prefix(count))
            let failure = handshake.received(ResponseAPDU(data: bytes)).failure
            // SCP03 without its counter has everything that is needed.
            let isWhole = data[11] == 3 && count == 29
            #expect(failure == (isWhole ? nil : .malformedAnswer(byteCount: count)), "\(count) bytes")
        }
    }

    @Test(
        "other protocols than SCP02 and SCP03 are named",
        arguments: [0x01, 0x10, 0x11, 0x00, 0xFF] as [UInt8])
    func otherProtocols(_ version: UInt8) throws {
        let transcript = try scp03.read()
        var answer = transcript.cardChallenge
        answer.data[11] = version
        var handshake = try transcript.handshake()
        _ = handshake.start()
        #expect(handshake.received(answer).failure == .unsupportedProtocol(version: version, options: nil))
    }

    @Test("implicit initiation of SCP02 is not ours", arguments: [0x0A, 0x0B, 0x1A, 0x1B] as [UInt8])
    func implicit(_ options: UInt8) throws {
        var transcript = try scp02.read()
        transcript.scp02Options = SCP02Options(rawValue: options)
        var handshake = try transcript.handshake()
        _ = handshake.start()
        #expect(
            handshake.received(transcript.cardChallenge).failure
                == .unsupportedProtocol(version: 2, options: options))
    }

    @Test("a level that the card's options do not have is refused before it is asked for")
    func levels() throws {
        let offered: [UInt8: Set<UInt8>] = [
            0x00: [0x00, 0x01, 0x03], 0x10: [0x00, 0x01, 0x03], 0x20: [0x00, 0x01, 0x03, 0x11, 0x13],
            0x30: [0x00, 0x01, 0x03, 0x11, 0x13], 0x60: [0x00, 0x01, 0x03, 0x11, 0x13, 0x33],
            0x70: [0x00, 0x01, 0x03, 0x11, 0x13, 0x33], 0x40: [0x00, 0x01, 0x03],
        ]
        for (options, levels) in offered {
            for level in UInt8.min...UInt8.max {
                let isOffered = SCP03Options(rawValue: options).offers(SecurityLevel(rawValue: level))
                #expect(isOffered == levels.contains(level), "i=\(options.hex) level \(level.hex)")
            }
        }
        for level in UInt8.min...UInt8.max {
            let level = SecurityLevel(rawValue: level)
            #expect(SCP02Options(rawValue: 0x15).offers(level) == [0, 1, 3].contains(level.rawValue))
            #expect(
                SCP02Options(rawValue: 0x35).offers(level)
                    == [0, 1, 3, 0x10, 0x11, 0x13].contains(level.rawValue))
        }
        let transcript = try scp02.read()
        var wish = transcript.wish()
        wish.level = [.commandMAC, .responseMAC]
        var handshake = Handshake(wish, keys: try transcript.keySource.provider)
        _ = handshake.start()
        #expect(
            handshake.received(transcript.cardChallenge).failure
                == .levelNotOffered(wish.level, options: 0x15))
    }

    @Test("another key version than asked for is refused, unless the profile knows it")
    func keyVersions() throws {
        let transcript = try #require(RecordedSCP02.sessions.last).read()
        var handshake = Handshake(transcript.wish(), keys: try transcript.keySource.provider)
        _ = handshake.start()
        #expect(
            handshake.received(transcript.cardChallenge).failure
                == .otherKeyVersion(asked: 0x20, answered: 0x70))
        var known = Handshake(
            transcript.wish(quirks: ChannelQuirks(reportedKeyVersions: [0x20: 0x70])),
            keys: try transcript.keySource.provider)
        _ = known.start()
        #expect(known.received(transcript.cardChallenge).command != nil)
    }

    @Test("a base key stands alone: three keys do not go with it")
    func baseKey() throws {
        var transcript = try #require(RecordedSCP02.sessions.last).read()
        transcript.scp02Options = SCP02Options(rawValue: 0x14)
        var handshake = try transcript.handshake()
        _ = handshake.start()
        #expect(handshake.received(transcript.cardChallenge).failure == .threeKeysForBaseKey)
    }

    @Test("a challenge of the wrong length is told before anything is counted")
    func challengeLengths() throws {
        let transcript = try scp03.read()
        var wish = transcript.wish()
        wish.hostChallenge = [UInt8](repeating: 1, count: 16)
        var handshake = Handshake(wish, keys: try transcript.keySource.provider)
        _ = handshake.start()
        #expect(handshake.received(transcript.cardChallenge).failure == .challengeLength(wanted: 8))
        let s16 = try #require(ComputedSessions.sessions.first).read()
        var short = s16.wish()
        short.hostChallenge = [UInt8](repeating: 1, count: 8)
        var other = Handshake(short, keys: try s16.keySource.provider)
        _ = other.start()
        #expect(other.received(s16.cardChallenge).failure == .challengeLength(wanted: 16))
    }

    @Test("keys that cannot be had, or are of the other kind, end it without a try")
    func keyFailures() throws {
        let transcript = try scp03.read()
        let failing: [(KeySourceError, KeyProvider)] = [
            (
                .noKeys(version: 0x31),
                { (_) throws(KeySourceError) -> CardKeys in throw .noKeys(version: 0x31) }
            ),
            (
                .otherAlgorithm(wanted: .aes),
                KeySource(.one(Secret(Array(0x40...0x4F))), algorithm: .tripleDES).provider
            ),
            (.keyLength(15, .aes), KeySource(.one(Secret(Array(0x40...0x4E)))).provider),
            (
                .otherAlgorithm(wanted: .aes),
                { (request) throws(KeySourceError) -> CardKeys in
                    let key = Secret(Array(0x40...0x4F))
                    return try CardKeys(
                        .tripleDES, version: request.version, encryption: key, mac: key, dataEncryption: key)
                }
            ),
        ]
        for (error, provider) in failing {
            var handshake = Handshake(transcript.wish(), keys: provider)
            _ = handshake.start()
            let failure = handshake.received(transcript.cardChallenge).failure
            #expect(failure == .keys(error))
            #expect(failure?.isCountedByCard == false)
        }
    }
}

@Suite("A session computed ahead does not believe a card that differs")
struct PrecomputedRefusalTests {
    @Test("a card at another counter, or with other keys, is not believed, and says where it stands")
    func otherCounter() throws {
        let transcript = try scp03.read()
        let answer = try InitializeUpdateAnswer(parsing: transcript.cardChallenge.data)
        let counter = try #require(answer.sequenceCounter)
        var session = try transcript.precomputedSession(sequenceCounter: counter + 1)
        _ = try session.wholeScript(transcript.exchanges.map(\.plain))
        #expect(throws: PrecomputedFailure.handshake(.unexpectedAnswer(sequenceCounter: counter))) {
            try session.received(transcript.cardChallenge)
        }
        #expect(HandshakeFailure.unexpectedAnswer(sequenceCounter: counter).isCountedByCard)
        #expect(throws: PrecomputedFailure.handshake(.outOfOrder)) { try session.received(ResponseAPDU()) }
        #expect(throws: SecureMessagingError.ended) { try session.wrap(.init(0x80, 0xCA, 0, 0)) }
        #expect(!session.isEstablished)
    }

    @Test("one wrong bit anywhere in the answer to INITIALIZE UPDATE")
    func everyBit() throws {
        let transcript = try scp03.read()
        for bit in 0..<transcript.cardChallenge.data.count * 8 {
            var session = try transcript.precomputedSession()
            var wrong = transcript.cardChallenge
            wrong.data[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: PrecomputedFailure.self) { try session.received(wrong) }
            #expect(!session.isEstablished)
        }
    }

    @Test("a refused handshake ends everything behind it")
    func refused() throws {
        let transcript = try scp03.read()
        var first = try transcript.precomputedSession()
        #expect(throws: PrecomputedFailure.handshake(.initializationRefused(0x6A88))) {
            try first.received(ResponseAPDU(status: 0x6A88))
        }
        var second = try transcript.precomputedSession()
        _ = try second.wholeScript(transcript.exchanges.map(\.plain))
        _ = try second.received(transcript.cardChallenge)
        #expect(throws: PrecomputedFailure.handshake(.authenticationRefused(0x6300))) {
            try second.received(ResponseAPDU(status: 0x6300))
        }
        let answer = try #require(transcript.exchanges.first?.answer)
        #expect(throws: PrecomputedFailure.handshake(.outOfOrder)) { try second.received(answer) }
    }

    @Test("a wrong R-MAC in the script ends it")
    func wrongMAC() throws {
        let transcript = try scp03.read()
        var session = try transcript.precomputedSession()
        _ = try session.wholeScript(transcript.exchanges.map(\.plain))
        _ = try session.received(transcript.cardChallenge)
        _ = try session.received(ResponseAPDU())
        var answer = try #require(transcript.exchanges.first?.answer)
        answer.data[0] ^= 1
        #expect(throws: PrecomputedFailure.messaging(.responseMACWrong)) { try session.received(answer) }
        #expect(!session.isEstablished)
        #expect(throws: PrecomputedFailure.handshake(.outOfOrder)) { try session.received(answer) }
    }

    @Test("cards whose challenge cannot be known are refused")
    func unpredictable() throws {
        let transcript = try scp03.read()
        let keys = try transcript.keySource.keys(
            for: KeyRequest(algorithm: .aes, version: 0x31, diversificationData: []))
        let application = try #require(transcript.application)
        for options: UInt8 in [0x00, 0x20, 0x60] {
            #expect(throws: HandshakeFailure.unsupportedProtocol(version: 3, options: options)) {
                try PrecomputedSession(
                    .init(
                        keys: keys, secureChannel: .init(.scp03, options: options), sequenceCounter: 1,
                        application: application), transcript.wish())
            }
        }
        #expect(throws: HandshakeFailure.unsupportedProtocol(version: 3, options: 0x70)) {
            try PrecomputedSession(
                .init(
                    keys: keys, secureChannel: .init(.scp03, options: 0x70), sequenceCounter: 1,
                    application: application),
                transcript.wish(quirks: ChannelQuirks(isChallengeUnpredictable: true)))
        }
        #expect(throws: HandshakeFailure.otherKeyVersion(asked: 0x30, answered: 0x31)) {
            var wish = transcript.wish()
            wish.keyVersion = 0x30
            return try PrecomputedSession(
                .init(
                    keys: keys, secureChannel: .init(.scp03, options: 0x70), sequenceCounter: 1,
                    application: application), wish)
        }
    }
}
