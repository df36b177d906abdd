internal import CardCrypto
internal import SmartCard
internal import TestSupport
internal import Testing

@Suite("CMAC")
struct CMACTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let source: String
        let key: String
        let messageBytes: Int
        let mac: String
        var testDescription: String { "\(source), \(messageBytes) bytes" }
    }

    // The messages are the beginnings of the four blocks of SP 800-38A.
    static let vectors: [Vector] = [
        .init(
            source: "SP 800-38B D.1", key: CipherTests.aes128, messageBytes: 0,
            mac: "BB1D6929E95937287FA37D129B756746"),
        .init(
            source: "SP 800-38B D.1", key: CipherTests.aes128, messageBytes: 16,
            mac: "070A16B46B4D4144F79BDD9DD04A287C"),
        .init(
            source: "SP 800-38B D.1", key: CipherTests.aes128, messageBytes: 40,
            mac: "DFA66747DE9AE63030CA32611497C827"),
        .init(
            source: "SP 800-38B D.1", key: CipherTests.aes128, messageBytes: 64,
            mac: "51F0BEBF7E3B9D92FC49741779363CFE"),
        .init(
            source: "SP 800-38B D.2", key: CipherTests.aes192, messageBytes: 0,
            mac: "D17DDF46ADAACDE531CAC483DE7A9367"),
        .init(
            source: "SP 800-38B D.2", key: CipherTests.aes192, messageBytes: 16,
            mac: "9E99A7BF31E710900662F65E617C5184"),
        .init(
            source: "SP 800-38B D.2", key: CipherTests.aes192, messageBytes: 40,
            mac: "8A1DE5BE2EB31AAD089A82E6EE908B0E"),
        .init(
            source: "SP 800-38B D.2", key: CipherTests.aes192, messageBytes: 64,
            mac: "A1D5DF0EED790F794D77589659F39A11"),
        .init(
            source: "SP 800-38B D.3", key: CipherTests.aes256, messageBytes: 0,
            mac: "028962F61B7BF89EFC6B551F4667D983"),
        .init(
            source: "SP 800-38B D.3", key: CipherTests.aes256, messageBytes: 16,
            mac: "28A7023F452E8F82BD4BF28D8C37C35C"),
        .init(
            source: "SP 800-38B D.3", key: CipherTests.aes256, messageBytes: 40,
            mac: "AAF3D8F1DE5640C232F5B169B9C911E6"),
        .init(
            source: "SP 800-38B D.3", key: CipherTests.aes256, messageBytes: 64,
            mac: "E1992190549F6ED5696A2C056C315410"),
    ]

    @Test("gives the published MAC, in one part or in many", arguments: vectors)
    func published(_ vector: Vector) throws {
        let mac = try CMAC(aes: Secret(Hex.decode(vector.key)))
        let message = Array(try Hex.decode(CipherTests.fourBlocks).prefix(vector.messageBytes))
        #expect(mac.mac(message).hex == vector.mac)
        let cut = vector.messageBytes / 3
        #expect(mac.mac(Array(message[..<cut]), [], Array(message[cut...])).hex == vector.mac)
    }

    @Test("a context used many times gives what a fresh one gives")
    func reuse() throws {
        var random = SeededGenerator(seed: 4)
        let key = random.bytes(16)
        let kept = try CMAC(aes: Secret(key))
        for _ in 0..<200 {
            let message = random.bytes(Int.random(in: 0...70, using: &random))
            #expect(try kept.mac(message) == CMAC(aes: Secret(key)).mac(message), "seed 4")
        }
    }

    @Test("refuses keys that AES does not have", arguments: [0, 8, 15, 17, 33])
    func keyLength(count: Int) {
        #expect(throws: CryptoError.keyLength(count)) {
            try CMAC(aes: Secret([UInt8](repeating: 0, count: count)))
        }
    }
}

@Suite("DES MACs")
struct DESMACTests {
    // ISO/IEC 9797-1:1999 annex A: padding method 2, K = 0123456789ABCDEF, K' = FEDCBA9876543210.
    // ICAO 9303-11 appendix D.3: K_MAC and E_IFD.
    @Test(
        "gives the published retail MAC (algorithm 3)",
        arguments: [
            (
                "0123456789ABCDEFFEDCBA9876543210", Array("Now is the time for all ".utf8).hex,
                "E9086230CA3BE796"
            ),
            (
                "0123456789ABCDEFFEDCBA9876543210", Array("Now is the time for it".utf8).hex,
                "5A692CE64F404145"
            ),
            (
                "7962D9ECE03D1ACD4C76089DCE131543",
                "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2", "5F1448EEA8AD90A7"
            ),
        ])
    func retail(key: String, message: String, expected: String) throws {
        let mac = try DESMAC(key: Secret(Hex.decode(key)))
        #expect(mac.retail(try Hex.decode(message)).hex == expected)
    }

    // ICAO 9303-11 appendix D.3's key and message; the MAC by `openssl enc -des-ede-cbc` over the padded
    // message.
    @Test("gives the full triple DES MAC (algorithm 1)")
    func full() throws {
        let mac = try DESMAC(key: Secret(Hex.decode("7962D9ECE03D1ACD4C76089DCE131543")))
        let message = try Hex.decode("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2")
        #expect(mac.full(message).hex == "54390D7ECFD6FE9A")
    }

    @Test("an IV of zeros is no IV, in messages of one block and of more", arguments: [0, 7, 8, 40])
    func zeroIV(count: Int) throws {
        let mac = try DESMAC(key: Secret(Hex.decode("0123456789ABCDEFFEDCBA9876543210")))
        let message = [UInt8](repeating: 0x5A, count: count)
        let zeros = [UInt8](repeating: 0, count: 8)
        #expect(mac.retail(message, iv: zeros) == mac.retail(message))
        #expect(mac.full(message, iv: zeros) == mac.full(message))
        #expect(mac.retail(message, iv: [1, 0, 0, 0, 0, 0, 0, 0]) != mac.retail(message))
        #expect(mac.full(message, iv: [1, 0, 0, 0, 0, 0, 0, 0]) != mac.full(message))
    }

    // ANSI X9.24-style identity: with both halves equal, algorithm 3 and the full MAC are the plain DES MAC.
    @Test("with equal halves both are the single DES MAC")
    func equalHalves() throws {
        let half = try Hex.decode("0123456789ABCDEF")
        let mac = try DESMAC(key: Secret(half + half))
        let message = Array("Now is the time for all ".utf8)
        let plain = try Cipher(.singleDES, key: Secret(half))
            .encryptCBC(Padding.method2(message, blockSize: 8)).suffix(8)
        #expect(mac.retail(message) == Array(plain))
        #expect(mac.full(message) == Array(plain))
    }

    @Test("the ICV is encrypted with the first half only (GPCS 2.3.1 §E.3.4)")
    func icv() throws {
        let mac = try DESMAC(key: Secret(Hex.decode("0101010101010101FEDCBA9876543210")))
        #expect(mac.encryptICV([0x80, 0, 0, 0, 0, 0, 0, 0]).hex == "95F8A5E5DD31D900")
    }

    @Test("takes double-length keys only", arguments: [0, 8, 15, 24])
    func keyLength(count: Int) {
        #expect(throws: CryptoError.keyLength(count)) {
            try DESMAC(key: Secret([UInt8](repeating: 0, count: count)))
        }
    }
}
