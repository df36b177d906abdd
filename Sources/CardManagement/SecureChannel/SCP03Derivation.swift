internal import CardCrypto
internal import SmartCard

/// Session keys, challenges and cryptograms of SCP03 (§4.1.5, §6.2.1, §6.2.2).
struct SCP03Derivation {
    private enum Constant: UInt8 {
        case cardCryptogram = 0x00
        case hostCryptogram = 0x01
        case cardChallenge = 0x02
        case encryption = 0x04
        case commandMAC = 0x06
        case responseMAC = 0x07
    }

    let encryption: Cipher
    let commandMAC: CMAC
    let responseMAC: CMAC
    let hostCryptogram: [UInt8]
    let cardCryptogram: [UInt8]

    init(_ keys: CardKeys, hostChallenge: [UInt8], cardChallenge: [UInt8]) throws(CryptoError) {
        let context = hostChallenge + cardChallenge
        let size = hostChallenge.count
        let encryptionKDF = CounterKDF(try CMAC(aes: keys.encryption))
        let macKDF = CounterKDF(try CMAC(aes: keys.mac))
        encryption = try Cipher(
            .aes, key: Self.key(encryptionKDF, .encryption, context, keys.encryption.count))
        commandMAC = try CMAC(aes: Self.key(macKDF, .commandMAC, context, keys.mac.count))
        responseMAC = try CMAC(aes: Self.key(macKDF, .responseMAC, context, keys.mac.count))
        let session = CounterKDF(commandMAC)
        hostCryptogram = Self.open(session, .hostCryptogram, context, size)
        cardCryptogram = Self.open(session, .cardCryptogram, context, size)
    }

    /// What a card with pseudo-random challenges will answer (§6.2.2.1).
    static func cardChallenge(
        _ keys: CardKeys, sequenceCounter: UInt32, application: AID, byteCount: Int
    ) throws(CryptoError) -> [UInt8] {
        open(
            CounterKDF(try CMAC(aes: keys.encryption)), .cardChallenge,
            sequenceCounter.bigEndianBytes.suffix(3) + application.bytes, byteCount)
    }

    private static func key(
        _ kdf: CounterKDF, _ constant: Constant, _ context: [UInt8], _ byteCount: Int
    ) -> Secret {
        kdf.derive(before: label(constant, byteCount), after: context, byteCount: byteCount)
    }

    private static func open(
        _ kdf: CounterKDF, _ constant: Constant, _ context: [UInt8], _ byteCount: Int
    ) -> [UInt8] {
        kdf.derivePublic(before: label(constant, byteCount), after: context, byteCount: byteCount)
    }

    private static func label(_ constant: Constant, _ byteCount: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: 11) + [constant.rawValue, 0x00]
            + UInt16(byteCount * 8).bigEndianBytes
    }
}
