internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

extension FuzzTarget {
    /// Answers to INITIALIZE UPDATE: read or refused, and no handshake goes on without its keys.
    static let channelOpening = FuzzTarget(
        "channel-opening",
        seeds: [
            bytes("00008192001624074119FF0200072ECCEBB6BA1F3E30097FAD9545E19000"),
            bytes("00000136281405995382310370730BE014C03B4558A2155798D5B2C6020000239000"),
        ]
    ) { bytes throws(FuzzFinding) in
        guard let response = try? ResponseAPDU(parsing: bytes) else { return }
        let answer = try? InitializeUpdateAnswer(parsing: response.data)
        if let answer {
            try FuzzFinding.unless(
                answer.diversificationData.count == 10, "ten bytes of diversification data")
        }
        var handshake = Handshake(
            Handshake.Wish(hostChallenge: Array(1...8), level: .commandMAC),
            keys: { (request) throws(KeySourceError) -> CardKeys in throw .noKeys(version: request.version) })
        _ = handshake.start()
        guard case .failed(let failure) = handshake.received(response) else {
            throw FuzzFinding("a handshake went on without keys")
        }
        try FuzzFinding.unless(!failure.isCountedByCard, "nothing was sent that a card counts")
    }

    /// Answers inside a session: without the session's keys none but a bare error is believed.
    static let securedAnswer = FuzzTarget(
        "secured-answer",
        seeds: [
            bytes("E3264F08A0000001510000009F700101C5039E7D5F8BBC66683F429000"), bytes("6A88"), bytes("9000"),
        ]
    ) { bytes throws(FuzzFinding) in
        guard let response = try? ResponseAPDU(parsing: bytes) else { return }
        for var session in makeSessions() {
            let command = CommandAPDU(
                0x80, Instruction.getStatus, 0x80, 0x02, data: [0x4F, 0], expecting: 256)
            guard (try? session.wrap(command)) != nil else { throw FuzzFinding("a session takes a command") }
            guard let plain = try? session.unwrap(response) else {
                try FuzzFinding.unless(!session.isOpen, "a refused answer ends the session")
                continue
            }
            let isBareError = plain.data.isEmpty && ![0x90, 0x62, 0x63].contains(plain.status.sw1)
            let isOtherNinety = plain.status.sw1 == 0x90 && !plain.status.isSuccess && plain.data.isEmpty
            try FuzzFinding.unless(isBareError || isOtherNinety, "an answer without R-MAC was believed")
        }
    }

    /// Confirmations of delegated operations.
    static let confirmation = FuzzTarget(
        "confirmation",
        seeds: [
            bytes("100A472D05E99C741859F8F1CDDC740659020001054201020304"), bytes("00"),
            bytes("01AA0200120002BBCC03DDEEFF"),
        ]
    ) { bytes throws(FuzzFinding) in
        guard let confirmation = try? CardConfirmation.read(bytes) else { return }
        try FuzzFinding.unless(!confirmation.receipt.isEmpty, "a confirmation has a receipt")
        try FuzzFinding.unless(
            confirmation.receipt.count + confirmation.signedData.count < bytes.count,
            "receipt and signed data lie in the answer")
        var ledger = ReceiptLedger()
        try FuzzFinding.unless(ledger.record(confirmation) == .first, "the first receipt of a domain")
        try FuzzFinding.unless(ledger.record(confirmation) == .repeated, "and the same again")
    }

    /// Texts of people and files: budgets of failed authentications and templates of derivation data.
    static let keyTexts = FuzzTarget(
        "key-texts",
        seeds: [
            Array("berth-authentication-failures 1\nA 01 1\nB 20 12\n".utf8),
            Array("$4 $5 $6 $7 $8 $9 0xF0 $k".utf8), Array("$_ 00 00 00 $k 00 $0 $l$l".utf8),
        ]
    ) { bytes throws(FuzzFinding) in
        let text = String(decoding: bytes, as: UTF8.self)
        _ = try? Diversification(parsing: text)
        guard let budget = try? AuthenticationBudget(parsing: text) else { return }
        let again = try? AuthenticationBudget(parsing: budget.text)
        try FuzzFinding.unless(again == budget, "a budget is read back as it was written")
    }

    private static func makeSessions() -> [SecureSession] {
        let key = Secret(Array(0x40...0x4F))
        let kinds: [(CardKeys.Algorithm, SecureChannelProtocol, UInt8)] = [
            (.aes, .init(.scp03, options: 0x70), 0x33), (.aes, .init(.scp03, options: 0x70), 0x11),
            (.tripleDES, .init(.scp02, options: 0x75), 0x13),
        ]
        return kinds.compactMap { algorithm, secureChannel, level -> SecureSession? in
            let keys = try? CardKeys(
                algorithm, version: 0x30, encryption: key, mac: key, dataEncryption: key)
            guard let keys else { return nil }
            let card = PrecomputedSession.Card(
                keys: keys, secureChannel: secureChannel, sequenceCounter: 1,
                application: WellKnownAID.issuerSecurityDomain)
            let wish = Handshake.Wish(
                hostChallenge: Array(1...8), level: SecurityLevel(rawValue: level))
            return try? PrecomputedSession(card, wish).secured
        }
    }

    /// Samples as people write them.
    static func bytes(_ hex: String) -> [UInt8] { (try? Hex.decode(hex)) ?? [] }
}
