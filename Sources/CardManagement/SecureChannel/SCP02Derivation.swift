internal import CardCrypto
internal import SmartCard

/// Session keys, challenges and cryptograms of SCP02 (GPCS 2.3.1 §E.4.1, §E.4.2).
struct SCP02Derivation {
    private enum Constant: UInt16 {
        case commandMAC = 0x0101
        case responseMAC = 0x0102
        case dataEncryption = 0x0181
        case encryption = 0x0182
    }

    let encryption: Cipher
    let commandMAC: DESMAC
    let responseMAC: DESMAC
    /// The R-MAC key of the counter's next value, for a session that BEGIN R-MAC SESSION starts.
    let laterResponseMAC: DESMAC
    let dataEncryption: Cipher
    private let cryptogramKey: DESMAC

    init(_ keys: CardKeys, sequenceCounter: UInt16) throws(CryptoError) {
        let encryptionKey = try Self.key(keys.encryption, .encryption, sequenceCounter)
        encryption = try Cipher(.tripleDES, key: encryptionKey)
        cryptogramKey = try DESMAC(key: encryptionKey)
        commandMAC = try DESMAC(key: Self.key(keys.mac, .commandMAC, sequenceCounter))
        responseMAC = try DESMAC(key: Self.key(keys.mac, .responseMAC, sequenceCounter))
        laterResponseMAC = try DESMAC(key: Self.key(keys.mac, .responseMAC, sequenceCounter &+ 1))
        dataEncryption = try Cipher(
            .tripleDES, key: Self.key(keys.dataEncryption, .dataEncryption, sequenceCounter))
    }

    func cardCryptogram(hostChallenge: [UInt8], sequenceCounter: UInt16, cardChallenge: [UInt8]) -> [UInt8] {
        cryptogramKey.full(hostChallenge + sequenceCounter.bigEndianBytes + cardChallenge)
    }

    func hostCryptogram(hostChallenge: [UInt8], sequenceCounter: UInt16, cardChallenge: [UInt8]) -> [UInt8] {
        cryptogramKey.full(sequenceCounter.bigEndianBytes + cardChallenge + hostChallenge)
    }

    /// What a card with the well-known pseudo-random challenge will answer (§E.4.2.3).
    func cardChallenge(application: AID) -> [UInt8] {
        Array(commandMAC.retail(application.bytes).prefix(6))
    }

    private static func key(
        _ key: Secret, _ constant: Constant, _ sequenceCounter: UInt16
    ) throws(CryptoError) -> Secret {
        let data =
            constant.rawValue.bigEndianBytes + sequenceCounter.bigEndianBytes
            + [UInt8](repeating: 0, count: 12)
        var bytes = try Cipher(.tripleDES, key: key).encryptCBC(data)
        return Secret(erasing: &bytes)
    }
}
