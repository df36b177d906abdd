import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("Keys of cards from the vault", .mission(.c11))
struct VaultSessionTests {
    /// A card that speaks SCP03 with the keys of the set, as far as INITIALIZE UPDATE goes.
    private func answer(
        _ keys: CardKeys, hostChallenge: [UInt8], data: [UInt8] = VaultBench.cardData, version: UInt8 = 0x30
    ) throws -> (update: [UInt8], session: SecureSession) {
        let wish = Handshake.Wish(hostChallenge: hostChallenge, level: .commandMAC, keyVersion: version)
        let application = try AID(hex: "A000000151000000")
        let card = PrecomputedSession.Card(
            keys: keys, secureChannel: SecureChannelProtocol(.scp03, options: 0x70), sequenceCounter: 1,
            application: application, diversificationData: data)
        let session = try PrecomputedSession(card, wish)
        return ([], session.secured)
    }

    private func cardKeys(_ version: UInt8 = 0x30) throws -> CardKeys {
        try KeySource(
            .one(Secret(VaultBench.masterBytes)), diversification: .kdf3, algorithm: .aes
        ).keys(
            for: KeyRequest(algorithm: .aes, version: version, diversificationData: VaultBench.cardData))
    }

    @Test("a session computed ahead is the one that the card's own keys make")
    func precomputed() throws {
        let vault = try VaultBench.inMemory()
        let application = try AID(hex: "A000000151000000")
        let wish = Handshake.Wish(hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8], level: .commandMAC)
        let session = try vault.precomputedSession(
            wish, with: .test(counter: 5), options: 0x70, application: application)
        var mine = wish
        mine.keyVersion = 0x30
        let direct = try PrecomputedSession(
            .init(
                keys: cardKeys(), secureChannel: SecureChannelProtocol(.scp03, options: 0x70),
                sequenceCounter: 5, application: application, diversificationData: VaultBench.cardData),
            mine)
        #expect(session.opening == direct.opening)
        #expect(session.opening[0].p1 == 0x30)
    }

    @Test("a card whose challenge nobody can know is not computed ahead for")
    func unpredictable() throws {
        let vault = try VaultBench.inMemory()
        #expect(throws: KeyVaultFailure.session(.unsupportedProtocol(version: 3, options: 0x70))) {
            try vault.precomputedSession(
                .init(hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8], level: .commandMAC), with: .test(),
                options: 0x70, application: AID(hex: "A000000151000000"))
        }
    }

    @Test("the handshake asks for the version on record, and refuses another card with the same id")
    func handshake() throws {
        let vault = try VaultBench.inMemory()
        let wish = Handshake.Wish(hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8], level: .commandMAC)
        var handshake = try vault.handshake(wish, with: .test())
        guard case .send(let command) = handshake.start() else {
            Issue.record("nothing to send")
            return
        }
        #expect(command.p1 == 0x30)
        // SCP03 "i" 70: ten bytes of data, version, protocol, i, challenge, cryptogram, counter.
        let stranger = [UInt8](repeating: 9, count: 10) + [0x30, 0x03, 0x70]
        let answer = stranger + [UInt8](repeating: 0, count: 16) + [0, 0, 1]
        guard case .failed(let failure) = handshake.received(ResponseAPDU(data: answer)) else {
            Issue.record("another card was accepted")
            return
        }
        #expect(failure == .keys(.otherDiversificationData))
    }

    @Test("keys for a rotation come wrapped for the session, with the check values that must come back")
    func delivery() throws {
        let vault = try VaultBench.inMemory()
        let session = try vault.precomputedSession(
            .init(hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8], level: .commandMAC), with: .test(counter: 5),
            options: 0x70, application: AID(hex: "A000000151000000")
        ).secured
        let new = try Card.KeySet.test(version: 0x31)
        let delivery = try vault.delivery(of: new, replacing: nil, in: session, hasZeroCheckBlock: false)
        #expect(delivery.expectedAnswer == [0x31] + (try vault.checkValues(of: new)).flatMap { $0 })
        #expect(delivery.command == (try PutKey(keySet: cardKeys(0x31)).command(for: session)))
        for key in [try cardKeys().encryption, try cardKeys().mac, try cardKeys().dataEncryption] {
            let clear = key.withBytes { Array($0) }
            #expect(!delivery.command.data.contains(clear))
        }
        #expect(try delivery.check(ResponseAPDU(data: delivery.expectedAnswer)) == .confirmed)
        #expect(try delivery.check(ResponseAPDU(data: [0x31])) == .accepted)
        #expect(throws: PutKeyError.otherCheckValues) {
            try delivery.check(ResponseAPDU(data: [0x31, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
        }
        #expect(throws: PutKeyError.refused(StatusWord(0x6A80))) {
            try delivery.check(ResponseAPDU(status: StatusWord(0x6A80)))
        }
    }

    @Test("check values tell derived keys apart, card by card")
    func checkValues() throws {
        let vault = try VaultBench.inMemory()
        let mine = try vault.checkValues(of: .test())
        #expect(mine.map(\.count) == [3, 3, 3])
        #expect(try vault.checkValues(of: .test(data: [UInt8](repeating: 2, count: 10))) != mine)
        let keys = try cardKeys()
        #expect(
            try mine
                == [keys.encryption, keys.mac, keys.dataEncryption].map { try KeyCheckValue.aes($0) })
        #expect(try vault.checkValues(of: .test("plain", data: [])).count == 3)
        #expect(try vault.checkValues(of: .test("old", .scp02, version: 0x20)).count == 3)
    }

    @Test("a key that is not there, or of the other kind, is refused by name")
    func refusals() throws {
        let vault = try VaultBench.inMemory()
        let name = try MasterKeyName("nobody")
        #expect(throws: KeyVaultFailure.masterKeyUnknown(name)) {
            try vault.checkValues(of: .test("nobody"))
        }
        #expect(
            throws: KeyVaultFailure.otherAlgorithm(try MasterKeyName("issuer"), wanted: .tripleDES)
        ) { try vault.checkValues(of: .test("issuer", .scp02)) }
        #expect(throws: KeyVaultFailure.keySource(.diversification(.diversificationDataTooShort(2)))) {
            try vault.checkValues(of: .test(data: [1, 2]))
        }
    }

    @Test("a receipt is believed when the card's key made it for this very operation")
    func receipts() throws {
        let vault = try VaultBench.inMemory()
        let subject = ReceiptSubject.delete(try AID(hex: "F042657274680201"))
        let signed: [UInt8] = [2, 0, 7, 0]
        let key = try cardKeys().mac
        let receipt = try ContentSigningKey.aes(key).signature(of: signed + subject.signedFields)
        let data = [UInt8(receipt.count)] + receipt + signed
        let confirmation = try #require(try CardConfirmation.read(data))
        #expect(try vault.proves(confirmation, of: subject, with: .test()))
        let other = ReceiptSubject.delete(try AID(hex: "F042657274680202"))
        #expect(try !vault.proves(confirmation, of: other, with: .test()))
        #expect(try !vault.proves(confirmation, of: subject, with: .test(data: [UInt8](0...9))))
    }

    @Test("no description of anything shows a byte of a key")
    func nothingShown() throws {
        let bench = try VaultBench()
        let vault = try bench.create()
        try vault.addMasters()
        let wish = Handshake.Wish(hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8], level: .commandMAC)
        let things: [Any] = [
            vault, vault.contents, vault.contents.masters, vault.contents.wrappingKeys,
            try vault.masterKeys(), try vault.handshake(wish, with: .test()),
            try vault.makeDataKey(for: VaultBench.card(1), number: 1),
        ]
        var text = ""
        for thing in things {
            text += "\(thing)"
            dump(thing, to: &text)
        }
        let files = String(decoding: try bench.bytes, as: UTF8.self) + (try bench.bytes).hex
        for shown in [text.uppercased(), files.uppercased()] {
            #expect(!shown.contains(VaultBench.masterBytes.hex))
            #expect(!shown.contains("A0A1A2A3") && !shown.contains("160, 161, 162, 163"))
            #expect(!shown.contains("CORRECT HORSE"))
        }
    }
}

extension [UInt8] {
    fileprivate func contains(_ other: [UInt8]) -> Bool {
        indices.contains { self[$0...].starts(with: other) }
    }
}
