internal import CardCrypto
internal import SmartCard
internal import TestSupport
internal import Testing

@Suite("Sealed boxes")
struct SealedBoxTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let source: String
        let key: String
        let nonce: String
        var context = ""
        let plaintext: String
        let ciphertext: String
        let tag: String
        var testDescription: String { source }
    }

    // McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B (also NIST's GCM validation set).
    static let vectors: [Vector] = [
        .init(
            source: "test case 13", key: String(repeating: "00", count: 32),
            nonce: "000000000000000000000000",
            plaintext: "", ciphertext: "", tag: "530F8AFBC74536B9A963B4F1C4CB738B"),
        .init(
            source: "test case 14", key: String(repeating: "00", count: 32),
            nonce: "000000000000000000000000",
            plaintext: "00000000000000000000000000000000", ciphertext: "CEA7403D4D606B6E074EC5D3BAF39D18",
            tag: "D0D1C8A799996BF0265B98B5D48AB919"),
        .init(
            source: "test case 16", key: "FEFFE9928665731C6D6A8F9467308308FEFFE9928665731C6D6A8F9467308308",
            nonce: "CAFEBABEFACEDBADDECAF888", context: "FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2",
            plaintext: "D9313225F88406E5A55909C5AFF5269A86A7A9531534F7DA2E4C303D8A318A72"
                + "1C3C0C95956809532FCF0E2449A6B525B16AEDF5AA0DE657BA637B39",
            ciphertext: "522DC1F099567D07F47F37A32A84427D643A8CDCBFE5C0C97598A2BD2555D1AA"
                + "8CB08E48590DBB3DA7B08B1056828838C5F61E6393BA7A0ABCC9F662",
            tag: "76FC6ECE0F4E1768CDDF8853BB2D551B"),
    ]

    private func secret(_ hex: String) throws -> Secret { Secret(try Hex.decode(hex)) }

    @Test("seals as published, and opens again", arguments: vectors)
    func published(_ vector: Vector) throws {
        let context = try Hex.decode(vector.context)
        let key = try secret(vector.key)
        let box = try SealedBox(
            sealing: secret(vector.plaintext), key: key, authenticating: context,
            nonce: Hex.decode(vector.nonce))
        #expect(box.bytes.hex == vector.nonce + vector.ciphertext + vector.tag)
        let opened = try SealedBox(bytes: box.bytes).open(key: key, authenticating: context)
        #expect(opened.withBytes { $0.hex } == vector.plaintext)
    }

    @Test(
        "does not open with any bit changed, cut, under another key or in another context", arguments: vectors
    )
    func refusals(_ vector: Vector) throws {
        let context = try Hex.decode(vector.context)
        let key = try secret(vector.key)
        let bytes = try Hex.decode(vector.nonce + vector.ciphertext + vector.tag)
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: CryptoError.notAuthentic, "bit \(bit)") {
                try SealedBox(bytes: changed).open(key: key, authenticating: context)
            }
        }
        for count in 0..<bytes.count {
            #expect(throws: CryptoError.notAuthentic, "\(count) bytes") {
                try SealedBox(bytes: bytes.prefix(count)).open(key: key, authenticating: context)
            }
        }
        let box = try SealedBox(bytes: bytes)
        #expect(throws: CryptoError.notAuthentic) { try box.open(key: key, authenticating: context + [0]) }
        #expect(throws: CryptoError.notAuthentic) {
            try box.open(key: Secret([UInt8](repeating: 1, count: 32)), authenticating: context)
        }
        #expect(throws: CryptoError.keyLength(16)) {
            try box.open(key: Secret([UInt8](repeating: 1, count: 16)))
        }
    }

    @Test("takes a fresh nonce each time")
    func freshNonces() throws {
        let key = Secret([UInt8](repeating: 9, count: 32))
        let entropy = SeededEntropy(seed: [1])
        let first = try SealedBox(sealing: Secret([1, 2, 3]), key: key, entropy: entropy)
        let second = try SealedBox(sealing: Secret([1, 2, 3]), key: key, entropy: entropy)
        #expect(first != second)
        #expect(try second.open(key: key).withBytes { Array($0) } == [1, 2, 3])
    }
}

@Suite("scrypt")
struct ScryptTests {
    // RFC 7914 §12.
    @Test(
        "derives the published keys",
        arguments: [
            (
                "", "", 4, 1, 1,
                "77D6576238657B203B19CA42C18A0497F16B4844E3074AE8DFDFFA3FEDE21442"
                    + "FCD0069DED0948F8326A753A0FC81F17E8D3E0FB2E0D3628CF35E20C38D18906"
            ),
            (
                "password", "NaCl", 10, 8, 16,
                "FDBABE1C9D3472007856E7190D01E9FE7C6AD7CBC8237830E77376634B373162"
                    + "2EAF30D92E22A3886FF109279D9830DAC727AFB94A83EE6D8360CBDFA2CC0640"
            ),
            (
                "pleaseletmein", "SodiumChloride", 14, 8, 1,
                "7023BDCB3AFD7348461C06CD81FD38EBFDA8FBBA904F8E3EA9B543F6545DA1F2"
                    + "D5432955613F0FCF62D49705242A9AF9E61E85DC0D651E40DFCF017B45575887"
            ),
        ])
    func published(password: String, salt: String, exponent: Int, block: Int, parallel: Int, expected: String)
        throws
    {
        let cost = try KeyDerivation.ScryptCost(
            workExponent: exponent, blockSize: block, parallelism: parallel)
        let key = try KeyDerivation.scrypt(
            Secret(password.utf8), salt: Array(salt.utf8), cost: cost, count: 64)
        #expect(key.withBytes { $0.hex } == expected)
    }

    @Test(
        "refuses a cost that is nothing, or more than a gigabyte",
        arguments: [(0, 8, 1), (21, 8, 1), (15, 0, 1), (15, 33, 1), (15, 8, 0), (15, 8, 17), (20, 16, 1)])
    func costs(exponent: Int, block: Int, parallel: Int) {
        #expect(throws: CryptoError.unsupportedKey("scrypt parameters")) {
            try KeyDerivation.ScryptCost(workExponent: exponent, blockSize: block, parallelism: parallel)
        }
    }
}
