internal import CardCrypto
internal import SmartCard
internal import TestSupport
internal import Testing

@Suite("Cipher")
struct CipherTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let source: String
        let algorithm: Cipher.Algorithm
        let key: String
        var iv: String?
        let plaintext: String
        let ciphertext: String
        var testDescription: String { source }
    }

    static let aes128 = "2B7E151628AED2A6ABF7158809CF4F3C"
    static let aes192 = "8E73B0F7DA0E6452C810F32B809079E562F8EAD2522C6B7B"
    static let aes256 = "603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4"
    static let fourBlocks =
        "6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51"
        + "30C81C46A35CE411E5FBC1191A0A52EFF69F2445DF4F9B17AD2B417BE66C3710"
    static let counting = "000102030405060708090A0B0C0D0E0F"

    static let vectors: [Vector] = [
        .init(
            source: "FIPS 197 appendix C.1", algorithm: .aes, key: counting,
            plaintext: "00112233445566778899AABBCCDDEEFF", ciphertext: "69C4E0D86A7B0430D8CDB78070B4C55A"),
        .init(
            source: "FIPS 197 appendix C.2", algorithm: .aes, key: counting + "1011121314151617",
            plaintext: "00112233445566778899AABBCCDDEEFF", ciphertext: "DDA97CA4864CDFE06EAF70A0EC0D7191"),
        .init(
            source: "FIPS 197 appendix C.3", algorithm: .aes,
            key: counting + "101112131415161718191A1B1C1D1E1F",
            plaintext: "00112233445566778899AABBCCDDEEFF", ciphertext: "8EA2B7CA516745BFEAFC49904B496089"),
        .init(
            source: "SP 800-38A F.1.1 ECB-AES128", algorithm: .aes, key: aes128, plaintext: fourBlocks,
            ciphertext: "3AD77BB40D7A3660A89ECAF32466EF97F5D3D58503B9699DE785895A96FDBAAF"
                + "43B1CD7F598ECE23881B00E3ED0306887B0C785E27E8AD3F8223207104725DD4"),
        .init(
            source: "SP 800-38A F.1.3 ECB-AES192", algorithm: .aes, key: aes192, plaintext: fourBlocks,
            ciphertext: "BD334F1D6E45F25FF712A214571FA5CC974104846D0AD3AD7734ECB3ECEE4EEF"
                + "EF7AFD2270E2E60ADCE0BA2FACE6444E9A4B41BA738D6C72FB16691603C18E0E"),
        .init(
            source: "SP 800-38A F.1.5 ECB-AES256", algorithm: .aes, key: aes256, plaintext: fourBlocks,
            ciphertext: "F3EED1BDB5D2A03C064B5A7E3DB181F8591CCB10D410ED26DC5BA74A31362870"
                + "B6ED21B99CA6F4F9F153E7B1BEAFED1D23304B7A39F9F3FF067D8D8F9E24ECC7"),
        .init(
            source: "SP 800-38A F.2.1 CBC-AES128", algorithm: .aes, key: aes128, iv: counting,
            plaintext: fourBlocks,
            ciphertext: "7649ABAC8119B246CEE98E9B12E9197D5086CB9B507219EE95DB113A917678B2"
                + "73BED6B8E3C1743B7116E69E222295163FF1CAA1681FAC09120ECA307586E1A7"),
        .init(
            source: "SP 800-38A F.2.3 CBC-AES192", algorithm: .aes, key: aes192, iv: counting,
            plaintext: fourBlocks,
            ciphertext: "4F021DB243BC633D7178183A9FA071E8B4D9ADA9AD7DEDF4E5E738763F69145A"
                + "571B242012FB7AE07FA9BAAC3DF102E008B0E27988598881D920A9E64F5615CD"),
        .init(
            source: "SP 800-38A F.2.5 CBC-AES256", algorithm: .aes, key: aes256, iv: counting,
            plaintext: fourBlocks,
            ciphertext: "F58C4C04D6E5F1BA779EABFB5F7BFBD69CFC4E967EDB808D679F777BC6702C7D"
                + "39F23369A9D9BACFA530E26304231461B2EB05E2C39BE9FCDA6C19078C6A9D1B"),
        .init(
            source: "SP 800-67 appendix B.1 (three keys)", algorithm: .tripleDES,
            key: "0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123",
            plaintext: "5468652071756663" + "6B2062726F776E20" + "666F78206A756D70",
            ciphertext: "A826FD8CE53B855F" + "CCE21C8112256FE6" + "68D5C05DD9B6B900"),
        .init(
            source: "SP 800-20 table A.1, single DES", algorithm: .singleDES, key: "0101010101010101",
            plaintext: "8000000000000000", ciphertext: "95F8A5E5DD31D900"),
        .init(
            source: "SP 800-20 table A.1, one key three times", algorithm: .tripleDES,
            key: "010101010101010101010101010101010101010101010101",
            plaintext: "8000000000000000", ciphertext: "95F8A5E5DD31D900"),
        .init(
            source: "ICAO 9303-11 appendix D.3 (two keys)", algorithm: .tripleDES,
            key: "AB94FDECF2674FDFB9B391F85D7F76F2", iv: "0000000000000000",
            plaintext: "781723860C06C2264608F91988702212" + "0B795240CB7049B01C19B33E32804F0B",
            ciphertext: "72C29C2371CC9BDB65B779B8E8D37B29" + "ECC154AA56A8799FAE2F498F76ED92F2"),
    ]

    @Test("gives the published ciphertext, and the plaintext back", arguments: vectors)
    func published(_ vector: Vector) throws {
        let cipher = try Cipher(vector.algorithm, key: Secret(Hex.decode(vector.key)))
        let plaintext = try Hex.decode(vector.plaintext)
        let ciphertext = try Hex.decode(vector.ciphertext)
        if let iv = try vector.iv.map({ try Hex.decode($0) }) {
            #expect(cipher.encryptCBC(plaintext, iv: iv).hex == vector.ciphertext)
            #expect(cipher.decryptCBC(ciphertext, iv: iv).hex == vector.plaintext)
        } else {
            #expect(cipher.encryptECB(plaintext).hex == vector.ciphertext)
            #expect(cipher.decryptECB(ciphertext).hex == vector.plaintext)
        }
    }

    @Test(
        "refuses key lengths that the algorithm does not have",
        arguments: [
            (.aes, [0, 8, 15, 17, 31, 33]), (.tripleDES, [0, 8, 15, 23, 32]), (.singleDES, [0, 7, 16]),
        ] as [(Cipher.Algorithm, [Int])])
    func keyLengths(algorithm: Cipher.Algorithm, counts: [Int]) {
        for count in counts {
            #expect(throws: CryptoError.keyLength(count)) {
                try Cipher(algorithm, key: Secret([UInt8](repeating: 7, count: count)))
            }
        }
    }

    @Test("no IV is an IV of zeros")
    func zeroIV() throws {
        let cipher = try Cipher(.aes, key: Secret(Hex.decode(Self.aes128)))
        let data = try Hex.decode(Self.fourBlocks)
        let zeros = [UInt8](repeating: 0, count: 16)
        #expect(cipher.encryptCBC(data) == cipher.encryptCBC(data, iv: zeros))
        #expect(cipher.decryptCBC(data) == cipher.decryptCBC(data, iv: zeros))
    }

    @Test("nothing encrypts to nothing, and slices work as arrays do")
    func shapes() throws {
        let cipher = try Cipher(.aes, key: Secret(Hex.decode(Self.aes128)))
        #expect(cipher.encryptCBC([]).isEmpty)
        #expect(cipher.decryptECB([]).isEmpty)
        let data = try Hex.decode("FFFF" + Self.fourBlocks)
        #expect(cipher.encryptECB(data[2...]) == cipher.encryptECB(Array(data[2...])))
        #expect(
            cipher.encryptECB(repeatElement(7, count: 32))
                == cipher.encryptECB([UInt8](repeating: 7, count: 32)))
    }

    @Test("a cipher used many times gives what a fresh one gives", arguments: [1, 2, 3] as [UInt64])
    func reuse(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for algorithm in [Cipher.Algorithm.aes, .tripleDES, .singleDES] {
            let key = random.bytes(algorithm == .singleDES ? 8 : 16)
            let kept = try Cipher(algorithm, key: Secret(key))
            for round in 0..<100 {
                let fresh = try Cipher(algorithm, key: Secret(key))
                let data = random.bytes(kept.blockSize * Int.random(in: 0...5, using: &random))
                let iv = random.bytes(kept.blockSize)
                switch round % 4 {
                case 0:
                    #expect(kept.encryptCBC(data, iv: iv) == fresh.encryptCBC(data, iv: iv), "seed \(seed)")
                case 1:
                    #expect(kept.decryptCBC(data, iv: iv) == fresh.decryptCBC(data, iv: iv), "seed \(seed)")
                case 2: #expect(kept.encryptECB(data) == fresh.encryptECB(data), "seed \(seed)")
                default: #expect(kept.decryptECB(data) == fresh.decryptECB(data), "seed \(seed)")
                }
            }
        }
    }
}

@Suite("Padding")
struct PaddingTests {
    @Test(
        "adds 80 and zeros up to a whole block (GPCS 2.3.1 §B.1.3, §B.2.3)",
        arguments: [
            ("", 8, "8000000000000000"), ("01", 8, "0180000000000000"),
            ("01020304050607", 8, "0102030405060780"),
            ("0102030405060708", 8, "01020304050607088000000000000000"),
            ("", 16, "80000000000000000000000000000000"),
        ])
    func adds(data: String, blockSize: Int, expected: String) throws {
        let bytes = try Hex.decode(data)
        #expect(Padding.method2(bytes, blockSize: blockSize).hex == expected)
        #expect(Padding.removeMethod2(try Hex.decode(expected)) == bytes)
    }

    @Test("keeps zeros that belong to the data")
    func innerZeros() {
        #expect(Padding.removeMethod2([0x80, 0x00, 0x80, 0x00]) == [0x80, 0x00])
    }

    @Test(
        "refuses what is not padded",
        arguments: [
            "", "00", "0000000000000000", "01", "8001", "80000000000000FF", "0102030405060708", "81", "40",
        ])
    func refuses(hex: String) throws {
        #expect(Padding.removeMethod2(try Hex.decode(hex)) == nil)
    }

    @Test(
        "with the block size given, takes the standard's own padding only",
        arguments: [
            ("0180000000000000", "01"), ("8000000000000000", ""), ("01800000000000000000000000000000", nil),
            ("80000000000000000000000000000000", nil), ("0180", nil), ("018000000000000000", nil),
            ("01020304050607080102030405060780", "010203040506070801020304050607"), ("", nil),
        ] as [(String, String?)])
    func strict(hex: String, expected: String?) throws {
        #expect(Padding.removeMethod2(try Hex.decode(hex), blockSize: 8)?.hex == expected)
    }
}
