internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Testing

private let keys = (
    Secret(Array(0x40...0x4F)), Secret(Array(0x50...0x5F)), Secret(Array(0x60...0x6F))
)

/// A session without its card: both protocols with the challenge computed ahead.
private func session(
    _ version: SecureChannelProtocol.Version, options: UInt8, level: UInt8, challenge: [UInt8],
    counter: UInt32 = 7, channel: Int = 0, quirks: ChannelQuirks = .none
) throws -> SecureSession {
    let keys = try CardKeys(
        version == .scp03 ? .aes : .tripleDES, version: 0x30, encryption: keys.0, mac: keys.1,
        dataEncryption: keys.2)
    let wish = Handshake.Wish(
        hostChallenge: challenge, level: SecurityLevel(rawValue: level), logicalChannel: channel,
        quirks: quirks)
    return try PrecomputedSession(
        .init(
            keys: keys, secureChannel: .init(version, options: options), sequenceCounter: counter,
            application: AID(hex: "A000000151000000")), wish
    ).secured
}

private func scp03(
    level: UInt8, options: UInt8 = 0x70, channel: Int = 0, quirks: ChannelQuirks = .none
) throws -> SecureSession {
    try session(
        .scp03, options: options, level: level,
        challenge: (0..<(options & 1 == 0 ? 8 : 16)).map { 0x10 + $0 },
        channel: channel, quirks: quirks)
}

private func scp02(level: UInt8, options: UInt8 = 0x75) throws -> SecureSession {
    try session(.scp02, options: options, level: level, challenge: Array(1...8), counter: 3)
}

@Suite("Secure session")
struct SecureSessionTests {
    @Test("tells how much fits, and takes exactly that")
    func sizes() throws {
        let rows: [(SecureSession, Int, Int)] = [
            (try scp03(level: 0x00), 255, 65_535), (try scp03(level: 0x01), 247, 65_527),
            (try scp03(level: 0x03), 239, 65_519), (try scp03(level: 0x33), 239, 65_519),
            (try scp03(level: 0x01, options: 0x71), 239, 65_519),
            (try scp03(level: 0x03, options: 0x71), 223, 65_503), (try scp02(level: 0x01), 247, 65_527),
            (try scp02(level: 0x03), 239, 65_519),
        ]
        for (session, short, extended) in rows {
            #expect(session.maximumCommandData() == short)
            #expect(session.maximumCommandData(lengthMax: 65_535) == extended)
            for (count, isShort) in [(short, true), (short + 1, false)] {
                var session = session
                let command = CommandAPDU(0x80, 0xE8, 0, 0, data: [UInt8](repeating: 0x5A, count: count))
                if let wrapped = try? session.wrap(command) {
                    #expect(wrapped.isExtended == !isShort, "\(count) bytes")
                } else {
                    #expect(session.peer.secureChannel.version == .scp02 && !isShort)
                    #expect(session.isOpen)
                }
            }
        }
    }

    @Test("an extended command is MACed over its three bytes of Lc")
    func extended() throws {
        var session = try scp03(level: 0x03)
        let command = CommandAPDU(
            0x80, 0xE8, 0x80, 0, data: [UInt8](repeating: 0x5A, count: 1_000), expecting: 65_536)
        let wrapped = try session.wrap(command)
        // 1,000 bytes, padded to 1,008, and the MAC: 03F8.
        #expect(wrapped.bytes.prefix(7).hex == "84E880000003F8")
        #expect(wrapped.bytes.suffix(2) == [0, 0])
    }

    @Test("SCP02 refuses what does not fit, changing nothing")
    func tooLong() throws {
        var session = try scp02(level: 0x03)
        let before = try scp02(level: 0x03)
        #expect(throws: SecureMessagingError.commandTooLong(maximum: 239)) {
            try session.wrap(CommandAPDU(0x80, 0xE8, 0, 0, data: [UInt8](repeating: 0, count: 240)))
        }
        #expect(session.isOpen)
        var fresh = before
        let command = CommandAPDU(0x80, 0xCA, 0, 0x66, expecting: 256)
        #expect(try session.wrap(command) == fresh.wrap(command))
    }

    @Test("commands run ahead of answers only so far")
    func bound() throws {
        var session = try scp03(level: 0x01)
        let command = CommandAPDU(0x80, 0xE8, 0, 0, data: [1])
        for _ in 0..<SecureSession.aheadMax { _ = try session.wrap(command) }
        #expect(throws: SecureMessagingError.tooManyAhead(maximum: SecureSession.aheadMax)) {
            try session.wrap(command)
        }
        #expect(!session.isOpen)
    }

    @Test("a long run ahead keeps the order, and the queue is used again")
    func longRun() throws {
        var session = try scp03(level: 0x01)
        let command = CommandAPDU(0x80, 0xE8, 0, 0, data: [1])
        for round in 0..<10 {
            for _ in 0..<300 { _ = try session.wrap(command) }
            for _ in 0..<250 { _ = try session.unwrap(ResponseAPDU()) }
            #expect(session.awaitedAnswers == 50 * (round + 1))
        }
    }

    @Test("a command for another channel is refused")
    func channels() throws {
        var basic = try scp03(level: 0x01)
        #expect(throws: SecureMessagingError.otherChannel(2)) { try basic.wrap(.init(0x82, 0xCA, 0, 0)) }
        var third = try scp03(level: 0x01, channel: 3)
        #expect(try third.wrap(.init(0x83, 0xCA, 0, 0)).cla == 0x87)
        #expect(try third.wrap(.init(0x80, 0xCA, 0, 0)).cla == 0x87)
        var plain = try scp03(level: 0x00, channel: 5)
        #expect(try plain.wrap(.init(0x80, 0xCA, 0, 0)).cla == 0xC1)
        #expect(throws: SecureMessagingError.otherChannel(1)) { try plain.wrap(.init(0x81, 0xCA, 0, 0)) }
    }

    @Test("a closed session does nothing more")
    func closed() throws {
        var session = try scp03(level: 0x01)
        session.close()
        #expect(!session.isOpen)
        #expect(session.failure == nil)
        #expect(throws: SecureMessagingError.ended) { try session.wrap(.init(0x80, 0xCA, 0, 0)) }
        #expect(throws: SecureMessagingError.ended) { try session.unwrap(ResponseAPDU()) }
    }

    @Test("a card that does not count empty commands is followed (a profile says so)")
    func uncountedCommands() throws {
        let empty = CommandAPDU(0x80, 0xCA, 0, 0x66, expecting: 256)
        let full = CommandAPDU(0x80, 0xE2, 0, 0, data: [1, 2, 3])
        var byText = try scp03(level: 0x03)
        var quirky = try scp03(level: 0x03, quirks: ChannelQuirks(isEmptyCommandUncounted: true))
        #expect(try byText.wrap(empty) == quirky.wrap(empty))
        // The chain of MACs is the same, the counter is not.
        #expect(try byText.wrap(full) != quirky.wrap(full))
        var fresh = try scp03(level: 0x03, quirks: ChannelQuirks(isEmptyCommandUncounted: true))
        let first = try fresh.wrap(full)
        var other = try scp03(level: 0x03)
        #expect(try other.wrap(full) == first)
    }

    @Test("sensitive data are whole blocks under the data encryption key")
    func sensitive() throws {
        let block = Array(UInt8(0)...15)
        let aes = try scp03(level: 0x01)
        #expect(try aes.encryptSensitive(block) == Cipher(.aes, key: keys.2).encryptCBC(block))
        #expect(throws: SecureMessagingError.wholeBlocksOnly(blockBytes: 16)) {
            try aes.encryptSensitive(Array(block.dropLast()))
        }
        #expect(throws: SecureMessagingError.wholeBlocksOnly(blockBytes: 8)) {
            try scp02(level: 0x01).encryptSensitive([])
        }
    }

    /// openjavacard-tools, org.openjavacard.gp.scp.SCP02DerivationTest: static key 404142...4F.
    @Test(
        "the session's data encryption key of SCP02 (GPCS 2.3.1 §E.4.1)",
        arguments: [
            (0x0000, "E11987EE331B417A5D67D760692F89D4"), (0x0001, "0E51FDF196141F227A57BD154012FD39"),
            (0x007F, "369A67C04590B93101CA413613DB706A"), (0xFFFF, "3C750E0F60899FFC8F0D26D860AE6C95"),
        ] as [(UInt32, String)])
    func sessionKey(counter: UInt32, key: String) throws {
        let base = try CardKeys(
            .tripleDES, version: 1, encryption: keys.0, mac: keys.0, dataEncryption: keys.0)
        let session = try PrecomputedSession(
            .init(
                keys: base, secureChannel: .init(.scp02, options: 0x55), sequenceCounter: counter,
                application: AID(hex: "A000000003000000")),
            .init(hostChallenge: Array(1...8), level: .commandMAC)
        ).secured
        let block = Array(UInt8(0)...15)
        let expected = try Cipher(.tripleDES, key: Secret(Hex.decode(key))).encryptECB(block)
        #expect(try session.encryptSensitive(block) == expected)
    }
}

@Suite("Chained commands of GPCS 2.3.1 §11.1.5.1")
struct ChainedCommandTests {
    private let long = CommandAPDU(
        0x80, 0xE6, 0x0C, 0x00, data: (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) }, expecting: 256)

    @Test(
        "are secured whole and then cut",
        arguments: [
            (
                SecureChannelProtocol.Version.scp03, "0D644F4889E80431",
                "98893AE878D04CCFAD53C73AF01CCA09F38C80E225124BAAD91A93E99FFE0E78"
            ),
            (.scp02, "5A669667492B8DB4", "7DB4FF76133875C9DC857A94959EEA220226BBF5CE814EB9CC87AD52879E345A"),
        ])
    func whole(version: SecureChannelProtocol.Version, mac: String, digest: String) throws {
        var session = version == .scp03 ? try scp03(level: 0x03) : try chainedSCP02()
        let parts = try session.wrapChained(long)
        #expect(parts.map(\.p1) == [0x8C, 0x0C])
        #expect(parts.map(\.data.count) == [255, 57])
        #expect(parts.allSatisfy { $0.cla == 0x84 && !$0.isExtended })
        let data = parts.flatMap(\.data)
        #expect(data.suffix(8).hex == mac)
        #expect(Digest.sha256.hash(data).hex == digest)
        #expect(session.awaitedAnswers == 2)
    }

    /// The figures above were computed for this card challenge.
    private func chainedSCP02() throws -> SecureSession {
        let transcript = try #require(ComputedSessions.sessions.first { $0.name == "SCP02 i=55" }).read()
        return try transcript.openSession()
    }

    @Test("that fit are sent as one")
    func short() throws {
        var session = try scp03(level: 0x33)
        var other = session
        let command = CommandAPDU(0x80, 0xE6, 0x0C, 0, data: [1, 2, 3], expecting: 256)
        #expect(try session.wrapChained(command) == [other.wrap(command)])
    }

    @Test("answer their parts without R-MAC, and the last with it")
    func answers() throws {
        var session = try scp03(level: 0x13)
        _ = try session.wrapChained(long)
        #expect(try session.unwrap(ResponseAPDU()) == ResponseAPDU())
        #expect(throws: SecureMessagingError.responseMACMissing) { try session.unwrap(ResponseAPDU()) }
    }

    @Test("refused in the middle end the session, for the card has not seen the C-MAC")
    func refused() throws {
        var session = try scp03(level: 0x03)
        _ = try session.wrapChained(long)
        #expect(try session.unwrap(ResponseAPDU(status: 0x6A86)) == ResponseAPDU(status: 0x6A86))
        #expect(!session.isOpen)
        #expect(session.failure == .chainRefused(0x6A86))
        #expect(throws: SecureMessagingError.ended) { try session.unwrap(ResponseAPDU()) }
    }

    @Test("need no protection to be cut")
    func plain() throws {
        var session = try scp03(level: 0x00)
        let parts = try session.wrapChained(long)
        #expect(parts.map(\.cla) == [0x80, 0x80])
        #expect(parts.flatMap(\.data) == long.data)
    }
}

@Suite("R-MAC sessions")
struct ResponseProtectionTests {
    private let status = CommandAPDU(0x80, 0xF2, 0x80, 0x02, data: [0x4F, 0x00], expecting: 256)

    /// GPCS 2.3.1 §E.3.2, §E.4.1 and §E.4.5, computed by an implementation independent of this one.
    @Test(
        "SCP02: BEGIN and END R-MAC SESSION, every answer with its R-MAC",
        arguments: [
            (false, "33ECDEEF78101BEA"), (true, "5E8E8D8CDF4CB57D"),
        ])
    func scp02Session(isKeyOfFirstCounter: Bool, mac: String) throws {
        let transcript = try #require(ComputedSessions.sessions.first { $0.name == "SCP02 i=35 level 11" })
            .read()
        var wish = transcript.wish(quirks: ChannelQuirks(isResponseKeyOfFirstCounter: isKeyOfFirstCounter))
        wish.level = .commandMAC
        var handshake = Handshake(wish, keys: try transcript.keySource.provider)
        _ = handshake.start()
        _ = handshake.received(transcript.cardChallenge)
        var session = try #require(handshake.received(ResponseAPDU()).session)
        let begin = try session.beginResponseProtection(data: [0x11, 0x22, 0x33, 0x44])
        #expect(begin.bytes.hex == "847A10010D041122334461D775F77C9670D1")
        #expect(try session.unwrap(ResponseAPDU()) == ResponseAPDU())
        #expect(session.level == [.commandMAC, .responseMAC])
        #expect(try session.wrap(status).bytes.hex == "84F280020A4F001A0DA093DD8D554D00")
        let answer = try Hex.decode("E303010203" + mac)
        #expect(try session.unwrap(ResponseAPDU(data: answer)).data.hex == "E303010203")
        #expect(try session.endResponseProtection().bytes.hex == "8478000308F11DF510D343AA6000")
        // END R-MAC SESSION returns the chain's last value.
        #expect(try session.unwrap(ResponseAPDU(data: Hex.decode(mac))) == ResponseAPDU())
        #expect(session.level == .commandMAC)
        _ = try session.wrap(status)
        #expect(try session.unwrap(ResponseAPDU(data: [1])).data == [1])
        // A second R-MAC session starts the same chain again: over the same commands it gives the same R-MACs.
        _ = try session.beginResponseProtection(data: [0x11, 0x22, 0x33, 0x44])
        _ = try session.unwrap(ResponseAPDU())
        _ = try session.wrap(status)
        #expect(try session.unwrap(ResponseAPDU(data: answer)).data.hex == "E303010203")
    }

    @Test("SCP02: a wrong R-MAC at the end, or none, is refused")
    func scp02End() throws {
        for (data, error) in [
            ([UInt8](repeating: 0, count: 8), SecureMessagingError.responseMACWrong),
            ([], .responseMACMissing), ([UInt8](repeating: 0, count: 9), .responseMACMissing),
        ] {
            var session = try scp02(level: 0x01)
            _ = try session.beginResponseProtection([])
            _ = try session.unwrap(ResponseAPDU())
            #expect(session.level == .commandMAC)
            _ = try session.endResponseProtection()
            #expect(throws: error) { try session.unwrap(ResponseAPDU(data: data)) }
        }
    }

    @Test("SCP03: BEGIN R-MAC SESSION protects what follows, and a refusal takes it back")
    func scp03Session() throws {
        var session = try scp03(level: 0x03)
        let begin = try session.beginResponseProtection([.responseMAC, .responseEncryption])
        #expect(begin.header.prefix(4).hex == "847A3001")
        #expect(session.level.rawValue == 0x33)
        #expect(try session.unwrap(ResponseAPDU(status: 0x6985)).status == 0x6985)
        #expect(session.level.rawValue == 0x03)
        _ = try session.beginResponseProtection()
        #expect(try session.unwrap(ResponseAPDU()).status == .success)
        _ = try session.wrap(status)
        #expect(throws: SecureMessagingError.responseMACMissing) { try session.unwrap(ResponseAPDU()) }
    }

    @Test("SCP03: END R-MAC SESSION is still protected itself")
    func scp03End() throws {
        var session = try scp03(level: 0x01)
        _ = try session.beginResponseProtection()
        _ = try session.unwrap(ResponseAPDU())
        _ = try session.endResponseProtection()
        #expect(session.level == .commandMAC)
        #expect(throws: SecureMessagingError.responseMACMissing) { try session.unwrap(ResponseAPDU()) }
    }

    @Test("only what the rules allow is begun or ended (SCP03 §7.1.3.7, GPCS 2.3.1 table E-14)")
    func rules() throws {
        let both: SecurityLevel = [.responseMAC, .responseEncryption]
        let refused: [(SecureSession, SecurityLevel)] = [
            (try scp03(level: 0x00), .responseMAC), (try scp03(level: 0x11), .responseMAC),
            (try scp03(level: 0x33), both), (try scp03(level: 0x01), both), (try scp03(level: 0x01), []),
            (try scp03(level: 0x01, options: 0x10), .responseMAC),
            (try scp03(level: 0x03, options: 0x30), both), (try scp02(level: 0x11), .responseMAC),
            (try scp02(level: 0x01, options: 0x55), .responseMAC), (try scp02(level: 0x01), both),
        ]
        for (session, level) in refused {
            var session = session
            #expect(throws: SecureMessagingError.notOffered(level)) {
                try session.beginResponseProtection(level)
            }
            #expect(session.isOpen)
        }
        var tooMuch = try scp03(level: 0x01)
        #expect(throws: SecureMessagingError.notOffered(.responseMAC)) {
            try tooMuch.beginResponseProtection(data: [UInt8](repeating: 0, count: 25))
        }
        for session in [
            try scp03(level: 0x11), try scp03(level: 0x01), try scp02(level: 0x11), try scp02(level: 0x01),
        ] {
            var session = session
            #expect(throws: SecureMessagingError.notOffered(session.level)) {
                try session.endResponseProtection()
            }
        }
    }
}
