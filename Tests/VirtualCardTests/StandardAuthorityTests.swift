internal import CardCrypto
internal import GlobalPlatform
internal import TestSupport
internal import Testing
internal import VirtualCard

@Suite("Tokens, receipts, DAP and ciphered load files on the card (GPCS 2.3.1 annex C)", .mission(.a4))
struct StandardAuthorityTests {
    private let authority = StandardAuthority()
    private let message: [UInt8] = Array("P1, P2, length and fields".utf8)
    private static let key16 = [UInt8](0x40...0x4F)

    private func set(
        _ version: UInt8, _ components: [(KeyType, [UInt8])], usage: UInt8? = nil,
        channel: SecureChannelProtocol? = nil
    ) -> CardKeySet {
        let key = CardKey(
            identifier: 1, components: components.map { .init(type: $0.0, value: Secret($0.1)) }, usage: usage
        )
        return CardKeySet(version: version, keys: [key], channelProtocol: channel)
    }

    @Test("a symmetric token is verified by the MAC of its key type, and every flipped bit of it refused")
    func symmetricTokens() throws {
        let cases: [(KeyType, [UInt8])] = [
            (.des, try DESMAC(key: Secret(Self.key16)).retail(message)),
            (.aes, try CMAC(aes: Secret(Self.key16)).mac(message)),
        ]
        for (type, token) in cases {
            let sets = [set(0x70, [(type, Self.key16)])]
            #expect(authority.hasTokenKey(sets))
            #expect(authority.verifyToken(token, over: message, keySets: sets))
            for bit in 0..<token.count * 8 {
                var altered = token
                altered[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(!authority.verifyToken(altered, over: message, keySets: sets))
            }
            #expect(!authority.verifyToken(Array(token.dropLast()), over: message, keySets: sets))
            #expect(!authority.verifyToken(token, over: message + [0], keySets: sets))
        }
    }

    @Test("RSA and EC tokens are verified with the scheme of their length", arguments: [1_024, 2_048])
    func asymmetricTokens(bits: Int) throws {
        let rsa = try RSAPrivateKey.generate(bits: bits)
        let signature = try rsa.signature(of: message, scheme: rsa.publicKey.globalPlatformScheme)
        let sets = [
            set(
                0x70,
                [(.rsaPublicModulus, rsa.publicKey.modulus), (.rsaPublicExponent, rsa.publicKey.exponent)])
        ]
        #expect(authority.verifyToken(signature, over: message, keySets: sets))
        #expect(!authority.verifyToken(signature, over: [], keySets: sets))
        for curve in [EllipticCurve.p256, .p384, .brainpoolP256r1] {
            let key = try ECPrivateKey.generate(curve)
            let reference = [curve.keyParameterReference]
            let sets = [set(0x73, [(.eccPublic, key.publicKey.point), (.eccParametersReference, reference)])]
            let signature = try key.signature(of: message)
            #expect(authority.verifyDAP(signature, overHash: message, keySets: sets))
            #expect(!authority.verifyDAP(signature, overHash: message + [1], keySets: sets))
        }
    }

    @Test("a key of another purpose verifies nothing")
    func purposes() throws {
        let token = try CMAC(aes: Secret(Self.key16)).mac(message)
        let scp03 = SecureChannelProtocol(.scp03, options: 0x70)
        let refused = [
            [], [set(0x71, [(.aes, Self.key16)])], [set(0x30, [(.aes, Self.key16)], channel: scp03)],
            [set(0x10, [(.aes, Self.key16)], usage: 0x84)],
        ]
        for sets in refused {
            #expect(!authority.hasTokenKey(sets))
            #expect(!authority.verifyToken(token, over: message, keySets: sets))
        }
        #expect(
            authority.verifyToken(
                token, over: message, keySets: [set(0x10, [(.aes, Self.key16)], usage: 0x81)]))
    }

    @Test("a receipt is the MAC of its key, or nothing without one")
    func receipts() throws {
        let entropy = SeededEntropy(seed: [1])
        let aes = authority.receipt(
            over: message, keySets: [set(0x71, [(.aes, Self.key16)])], entropy: entropy)
        #expect(aes == (try CMAC(aes: Secret(Self.key16)).mac(message)))
        let des = authority.receipt(
            over: message, keySets: [set(0x71, [(.des, Self.key16)])], entropy: entropy)
        #expect(des == (try DESMAC(key: Secret(Self.key16)).retail(message)))
        #expect(authority.receipt(over: message, keySets: [], entropy: entropy) == nil)
    }

    @Test("a ciphered load file is deciphered with its ICV, and refused when it cannot be")
    func cipheredLoadFile() throws {
        let cipher = try Cipher(.aes, key: Secret(Self.key16))
        let icv = [UInt8](repeating: 7, count: 16)
        let block = cipher.encryptCBC(Padding.method2(message, blockSize: 16), iv: icv)
        let sets = [set(0x75, [(.aes, Self.key16)])]
        #expect(authority.decipherLoadFile(block, icv: icv, keySets: sets) == message)
        #expect(authority.decipherLoadFile(block, icv: [1], keySets: sets) == nil)
        #expect(authority.decipherLoadFile(Array(block.dropLast()), icv: icv, keySets: sets) == nil)
        #expect(authority.decipherLoadFile([], icv: nil, keySets: sets) == nil)
        #expect(authority.decipherLoadFile(block, icv: icv, keySets: []) == nil)
    }
}
