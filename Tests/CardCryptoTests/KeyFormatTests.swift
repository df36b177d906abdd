internal import CardCrypto
internal import SmartCard
internal import TestSupport
internal import Testing

@Suite("Key files")
struct KeyFormatTests {
    private func secret(_ text: String) -> Secret { Secret(text.utf8) }
    private var passphrase: Secret { secret(KeyFixtures.passphrase) }

    @Test(
        "every form of a private key is the same key",
        arguments: [
            (KeyFixtures.rsaPKCS8, false), (KeyFixtures.rsaPKCS1, false),
            (KeyFixtures.rsaPKCS1Encrypted, true),
            (KeyFixtures.rsaPKCS8Encrypted, true),
        ])
    func rsaForms(text: String, isEncrypted: Bool) throws {
        let key = try PrivateKey(pem: secret(text), passphrase: isEncrypted ? passphrase : nil)
        #expect(try key.publicKey == PublicKey(pem: KeyFixtures.rsaSPKI))
        #expect(try PublicKey(pem: KeyFixtures.rsaPublicPKCS1) == PublicKey(pem: KeyFixtures.rsaSPKI))
        let signature = try key.signature(of: [1, 2, 3])
        #expect(try PublicKey(pem: KeyFixtures.rsaSPKI).verifies(signature, of: [1, 2, 3]))
    }

    @Test(
        "every form of an EC key is the same key",
        arguments: [
            (KeyFixtures.ecSEC1, false), (KeyFixtures.ecPKCS8, false), (KeyFixtures.ecSEC1Encrypted, true),
            (KeyFixtures.ecPKCS8Encrypted, true),
        ])
    func ecForms(text: String, isEncrypted: Bool) throws {
        let key = try PrivateKey(pem: secret(text), passphrase: isEncrypted ? passphrase : nil)
        #expect(try key.publicKey == PublicKey(pem: KeyFixtures.ecSPKI))
        // A compressed point in a file is read; only points on their own must be uncompressed.
        #expect(try key.publicKey == PublicKey(pem: KeyFixtures.ecSPKICompressed))
        let signature = try key.signature(of: [1, 2, 3])
        #expect(key.publicKey.verifies(signature, of: [1, 2, 3]))
    }

    @Test(
        "an encrypted key asks for its passphrase, and refuses another",
        arguments: [
            KeyFixtures.rsaPKCS1Encrypted, KeyFixtures.rsaPKCS8Encrypted, KeyFixtures.ecSEC1Encrypted,
            KeyFixtures.ecPKCS8Encrypted,
        ])
    func passphrases(text: String) {
        #expect(throws: CryptoError.passphraseNeeded) { try PrivateKey(pem: secret(text)) }
        for wrong in ["", "moorings", "Mooring"] {
            #expect(throws: CryptoError.wrongPassphrase) {
                try PrivateKey(pem: secret(text), passphrase: secret(wrong))
            }
        }
    }

    @Test("a passphrase for a key that has none is not held against it")
    func needlessPassphrase() throws {
        let key = try PrivateKey(pem: secret(KeyFixtures.ecPKCS8), passphrase: passphrase)
        #expect(try key.publicKey == PublicKey(pem: KeyFixtures.ecSPKI))
    }

    @Test(
        "says what is wrong with a public key",
        arguments: [
            ("", CryptoError.malformedKey("there is no PEM block with a public key")),
            (KeyFixtures.certificate, .malformedKey("there is no PEM block with a public key")),
            (
                KeyFixtures.ecPKCS8,
                .malformedKey("there is a PEM block PRIVATE KEY, but a public key is needed")
            ),
            ("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", .malformedKey("not a key in PEM")),
            ("-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----", .malformedKey("not a key in PEM")),
            (KeyFixtures.ecSPKIExplicit, .unsupportedKey("an EC key with explicit curve parameters")),
            (KeyFixtures.ed25519SPKI, .unsupportedKey("neither RSA nor EC")),
            (KeyFixtures.rsaPSSOnlySPKI, .unsupportedKey("neither RSA nor EC")),
            (KeyFixtures.rsa768SPKI, .unsupportedKey("an RSA modulus of 768 bits")),
            (String(repeating: "A", count: 65_537), .malformedKey("more than 65536 bytes")),
        ])
    func publicRefusals(text: String, expected: CryptoError) {
        #expect(throws: expected) { try PublicKey(pem: text) }
    }

    @Test(
        "says what is wrong with a private key",
        arguments: [
            (
                KeyFixtures.ecSPKI,
                CryptoError.malformedKey("there is a PEM block PUBLIC KEY, but a private key is needed")
            ),
            (KeyFixtures.ed25519, .unsupportedKey("neither RSA nor EC")),
            (KeyFixtures.secp256k1, .unsupportedKey("an EC key on secp256k1")),
        ])
    func privateRefusals(text: String, expected: CryptoError) {
        #expect(throws: expected) { try PrivateKey(pem: secret(text)) }
    }

    @Test("every proper prefix of a key is refused", arguments: [KeyFixtures.ecSPKI, KeyFixtures.rsaSPKI])
    func truncated(text: String) throws {
        let der = try PublicKey(pem: text).der()
        #expect(try PublicKey(der: der).der() == der)
        for count in 0..<der.count {
            #expect(throws: CryptoError.self, "\(count) bytes") { try PublicKey(der: der.prefix(count)) }
        }
        #expect(throws: CryptoError.malformedKey("1 bytes follow the key")) { try PublicKey(der: der + [0]) }
    }

    @Test("damaged private keys are refused or are another key, and never crash", arguments: [11] as [UInt64])
    func damaged(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let text = Array(KeyFixtures.ecPKCS8.utf8)
        let original = try PrivateKey(pem: Secret(text)).publicKey
        for _ in 0..<300 {
            var damaged = text
            damaged[Int.random(in: 30..<text.count - 30, using: &random)] = UInt8.random(
                in: 32...126, using: &random)
            guard let key = try? PrivateKey(pem: Secret(damaged)), key.publicKey != original else { continue }
            let signature = try key.signature(of: [1])
            #expect(key.publicKey.verifies(signature, of: [1]), "seed \(seed)")
        }
    }

    @Test("a key that was made here is saved under a passphrase and read again")
    func saving() throws {
        let key = PrivateKey.ec(try ECPrivateKey.generate(.brainpoolP384r1))
        let saved = try key.pem(passphrase: passphrase)
        #expect(
            saved.withBytes { String(decoding: $0, as: UTF8.self) }.contains("BEGIN ENCRYPTED PRIVATE KEY"))
        #expect(throws: CryptoError.passphraseNeeded) { try PrivateKey(pem: saved) }
        #expect(try PrivateKey(pem: saved, passphrase: passphrase).publicKey == key.publicKey)
        #expect(try PrivateKey(pem: key.pem(passphrase: nil)).publicKey == key.publicKey)
        #expect(throws: CryptoError.passphraseNeeded) { try key.pem(passphrase: Secret([])) }
    }

    @Test("DER of a private key, and encrypted DER without a passphrase")
    func privateDER() throws {
        let plain = try Hex.decode(Self.derOfPEM(KeyFixtures.ecPKCS8))
        #expect(try PrivateKey(der: Secret(plain)).publicKey == PublicKey(pem: KeyFixtures.ecSPKI))
        let encrypted = try Hex.decode(Self.derOfPEM(KeyFixtures.ecPKCS8Encrypted))
        #expect(throws: CryptoError.passphraseNeeded) { try PrivateKey(der: Secret(encrypted)) }
        #expect(
            try PrivateKey(der: Secret(encrypted), passphrase: passphrase).publicKey
                == PublicKey(pem: KeyFixtures.ecSPKI))
        #expect(throws: CryptoError.wrongPassphrase) {
            try PrivateKey(der: Secret(encrypted), passphrase: secret("no"))
        }
    }

    /// Base64 of the block's body (RFC 4648 §4) as hex.
    private static func derOfPEM(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let body = text.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        var (bits, count, bytes) = (0, 0, [UInt8]())
        for character in body.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { continue }
            (bits, count) = ((bits << 6 | value) & 0xFFFF, count + 6)
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return bytes.hex
    }
}
