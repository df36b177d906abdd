internal import CardCrypto
internal import SmartCard
internal import TestSupport
internal import Testing

@Suite("Secret")
struct SecretTests {
    static let bytes: [UInt8] = [0xDE, 0xAD, 0xBE, 0xEF, 0xCA, 0xFE, 0xBA, 0xBE]

    private func texts(of value: Any) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        let children = Mirror(reflecting: value).children.map { "\($0.value)" }
        return [String(describing: value), String(reflecting: value), "\(value)", dumped] + children
    }

    /// The forms that the bytes could show up in: hex, and the list of numbers that an array prints.
    private func shows(_ text: String, _ bytes: [UInt8]) -> Bool {
        let numbers = bytes.prefix(3).map { "\($0)" }.joined(separator: ", ")
        let lines = bytes.prefix(3).map { "- \($0)" }
        let hex = bytes.prefix(3).hex
        return text.contains(numbers) || text.uppercased().contains(hex) || lines.allSatisfy(text.contains)
    }

    @Test("is not printed by any way of printing, alone or inside something")
    func notPrinted() {
        struct Holder { let key = Secret(SecretTests.bytes) }
        let secret = Secret(Self.bytes)
        for text in texts(of: secret) + texts(of: Holder()) + texts(of: [secret]) {
            #expect(!shows(text, Self.bytes), "\(text)")
        }
        #expect(String(describing: secret) == "Secret(8 bytes)")
        #expect(shows("\(Self.bytes)", Self.bytes), "the test must see what it looks for")
    }

    @Test("private keys are not printed either")
    func privateKeys() throws {
        let scalar = [UInt8](repeating: 0, count: 24) + Self.bytes
        let key = try ECPrivateKey(.p256, scalar: Secret(scalar))
        for text in texts(of: key) + texts(of: PrivateKey.ec(key)) {
            #expect(!shows(text, Self.bytes), "\(text)")
            #expect(!text.contains("0x"), "a handle is an address: \(text)")
        }
        #expect("\(key)" == "P-256 private key")
    }

    @Test("an error about a key does not carry the key")
    func errors() {
        let error = #expect(throws: CryptoError.self) { try Cipher(.aes, key: Secret(Self.bytes)) }
        #expect(error == .keyLength(8))
        for text in texts(of: error as Any) { #expect(!shows(text, Self.bytes)) }
    }

    @Test("lends its bytes, and compares without ==")
    func comparing() {
        let secret = Secret(Self.bytes)
        #expect(secret.withBytes { Array($0) } == Self.bytes)
        #expect(secret.matches(Secret(Self.bytes)))
        #expect(!secret.matches(Secret(Self.bytes.dropLast())))
        #expect(!secret.matches(Secret([])))
        for bit in 0..<64 {
            var other = Self.bytes
            other[bit / 8] ^= 1 << (bit % 8)
            #expect(!secret.matches(Secret(other)))
        }
    }

    @Test("constant-time comparison agrees with plain comparison", arguments: [5] as [UInt64])
    func constantTime(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let left = random.bytes(Int.random(in: 0...3, using: &random)).map { $0 & 1 }
            let right = random.bytes(Int.random(in: 0...3, using: &random)).map { $0 & 1 }
            #expect(isEqualInConstantTime(left, right) == (left == right), "seed \(seed)")
            // What does not stand in memory is compared as well.
            #expect(isEqualInConstantTime(left.lazy.map(\.self), right) == (left == right), "seed \(seed)")
        }
    }

    @Test("is made in place, from zeros")
    func inPlace() {
        let secret = Secret(count: 4) { $0[1] = 0xAA }
        #expect(secret.withBytes { Array($0) } == [0, 0xAA, 0, 0])
    }

    @Test("an error while it is made comes through")
    func failing() {
        #expect(throws: CryptoError.passphraseNeeded) {
            try Secret(count: 4) { _ throws(CryptoError) in throw .passphraseNeeded }
        }
    }

    @Test("erases the memory it is given")
    func erases() {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 16)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0xA5)
        Secret.erase(memory)
        #expect(memory.allSatisfy { $0 == 0 })
        Secret.erase(UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }
}

@Suite("Digest")
struct DigestTests {
    // FIPS 180-4 examples (csrc.nist.gov, "Example Values"): "abc", the empty message, and two blocks.
    @Test(
        "gives the published hash",
        arguments: [
            (.sha1, "abc", "A9993E364706816ABA3E25717850C26C9CD0D89D"),
            (.sha1, "", "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"),
            (
                .sha1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "84983E441C3BD26EBAAE4AA1F95129E5E54670F1"
            ),
            (.sha256, "abc", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
            (.sha256, "", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
            (
                .sha384, "abc",
                "CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43FF5BED"
                    + "8086072BA1E7CC2358BAECA134C825A7"
            ),
            (
                .sha512, "abc",
                "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A"
                    + "2192992A274FC1A836BA3C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F"
            ),
        ] as [(Digest, String, String)])
    func published(digest: Digest, message: String, expected: String) {
        let hash = digest.hash(message.utf8)
        #expect(hash.hex == expected)
        #expect(hash.count == digest.byteCount)
    }
}

@Suite("Entropy")
struct EntropyTests {
    @Test("a seed gives the same bytes again, and another seed gives others")
    func seeded() throws {
        let (first, second) = (SeededEntropy(seed: [1]), SeededEntropy(seed: [1]))
        #expect(first.bytes(40) == second.bytes(40))
        #expect(SeededEntropy(seed: [2]).bytes(40) != SeededEntropy(seed: [1]).bytes(40))
        #expect(first.bytes(16) != second.bytes(32).suffix(16))
    }

    @Test("goes on where it was saved")
    func resumes() throws {
        let whole = SeededEntropy(seed: [7])
        _ = whole.bytes(33)
        let resumed = SeededEntropy(seed: [7], blocksDrawn: whole.blocksDrawn)
        #expect(whole.blocksDrawn == 2)
        #expect(resumed.bytes(20) == whole.bytes(20))
    }

    @Test("the system's bytes are as many as asked for, and never twice the same")
    func system() {
        let entropy = SystemEntropy()
        #expect(entropy.bytes(0).isEmpty)
        #expect(entropy.bytes(32).count == 32)
        #expect(entropy.bytes(32) != entropy.bytes(32))
    }
}
