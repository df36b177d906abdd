import CardCrypto
import SmartCard
import Testing

@Suite("Self-signed certificates")
struct X509CertificateTests {
    /// 2026-11-21T00:00:00Z.
    private static let now: Int64 = 1_795_219_200

    private func make(_ names: [String], _ key: ECPrivateKey) throws -> [UInt8] {
        try SelfSignedCertificate.make(
            names: names, key: key, now: Self.now, days: 10, entropy: SeededEntropy(seed: [1]))
    }

    @Test("is read back, runs out when it should, and is recognised by its fingerprint")
    func roundTrip() throws {
        let key = try ECPrivateKey.generate(.p256)
        let pem = try make(["localhost", "127.0.0.1", "::1"], key)
        let certificate = try X509Certificate(pem: pem)
        #expect(certificate.notAfter == Self.now + 864_000)
        #expect(certificate.fingerprint == Digest.sha256.hash(certificate.der))
        // The names stand in it as RFC 5280 §4.2.1.6 says: dNSName [2], iPAddress [7].
        let names: [[UInt8]] = [
            [0x82, 0x09] + Array("localhost".utf8), [0x87, 0x04, 127, 0, 0, 1],
            [0x87, 0x10] + [UInt8](repeating: 0, count: 15) + [1],
        ]
        for name in names {
            #expect(certificate.der.indices.contains { certificate.der[$0...].starts(with: name) })
        }
        #expect(certificate.der.indices.contains { certificate.der[$0...].starts(with: key.publicKey.point) })
    }

    @Test("two of the same second are two")
    func serials() throws {
        let key = try ECPrivateKey.generate(.p256)
        let entropy = SeededEntropy(seed: [2])
        let two = try (0..<2).map { _ in
            try X509Certificate(
                pem: SelfSignedCertificate.make(
                    names: ["a"], key: key, now: Self.now, days: 1, entropy: entropy))
        }
        #expect(two[0].fingerprint != two[1].fingerprint)
    }

    @Test("refuses names that are none", arguments: [[], ["a,IP:1.2.3.4"], ["critical@section"], [""]])
    func names(_ names: [String]) throws {
        #expect(throws: CryptoError.self) { try make(names, ECPrivateKey.generate(.p256)) }
    }

    @Test("what is no certificate is refused", arguments: ["", "-----BEGIN CERTIFICATE-----\n-----END"])
    func malformed(_ text: String) {
        #expect(throws: CryptoError.self) { try X509Certificate(pem: Array(text.utf8)) }
    }
}
