internal import CardCrypto
internal import SmartCard
internal import TestSupport
internal import Testing

@Suite("RSA signatures")
struct RSATests {
    private func wycheproofKey() throws -> RSAPublicKey {
        try RSAPublicKey(modulus: Hex.decode(WycheproofVectors.rsaModulus), exponent: [0x01, 0x00, 0x01])
    }

    @Test("judges PSS signatures as Wycheproof does", arguments: WycheproofVectors.pss)
    func pss(_ vector: WycheproofVectors.Case) throws {
        let isValid = try wycheproofKey().verifies(
            Hex.decode(vector.signature), of: Hex.decode(vector.message), scheme: .pss(.sha256))
        #expect(isValid == vector.isValid)
    }

    @Test("judges PKCS #1 v1.5 signatures as Wycheproof does", arguments: WycheproofVectors.pkcs1)
    func pkcs1(_ vector: WycheproofVectors.Case) throws {
        let isValid = try wycheproofKey().verifies(
            Hex.decode(vector.signature), of: Hex.decode(vector.message), scheme: .pkcs1(.sha256))
        #expect(isValid == vector.isValid)
    }

    // RSA Laboratories, pkcs1v15sign-vectors.txt, example 1.1 (1,024 bits, SHA-1).
    static let modulus =
        "A56E4A0E701017589A5187DC7EA841D156F2EC0E36AD52A44DFEB1E61F7AD991D8C51056FFEDB162B4C0F283A12A88A3"
        + "94DFF526AB7291CBB307CEABFCE0B1DFD5CD9508096D5B2B8B6DF5D671EF6377C0921CB23C270A70E2598E6FF89D19F1"
        + "05ACC2D3F0CB35F29280E1386B6F64C4EF22E1E1F20D0CE8CFFB2249BD9A2137"
    static let message =
        "CDC87DA223D786DF3B45E0BBBC721326D1EE2AF806CC315475CC6F0D9C66E1B62371D45CE2392E1AC92844C310102F15"
        + "6A0D8D52C1F4C40BA3AA65095786CB769757A6563BA958FED0BCC984E8B517A3D5F515B23B8A41E74AA867693F90DFB0"
        + "61A6E86DFAAEE64472C00E5F20945729CBEBE77F06CE78E08F4098FBA41F9D6193C0317E8B60D4B6084ACB42D29E3808"
        + "A3BC372D85E331170FCBF7CC72D0B71C296648B3A4D10F416295D0807AA625CAB2744FD9EA8FD223C42537029828BD16"
        + "BE02546F130FD2E33B936D2676E08AED1B73318B750A0167D0"
    static let signature =
        "6BC3A06656842930A247E30D5864B4D819236BA7C68965862AD7DBC4E24AF28E86BB531F03358BE5FB74777C6086F850"
        + "CAEF893F0D6FCC2D0C91EC013693B4EA00B80CD49AAC4ECB5F8911AFE539ADA4A8F3823D1D13E472D1490547C659C761"
        + "7F3D24087DDB6F2B72096167FC097CAB18E9A458FCB634CDCE8EE35894C484D7"

    @Test("verifies the published signature of scheme 1, and refuses it with any bit changed")
    func scheme1() throws {
        let key = try RSAPublicKey(modulus: Hex.decode(Self.modulus), exponent: [1, 0, 1])
        let message = try Hex.decode(Self.message)
        var signature = try Hex.decode(Self.signature)
        #expect(key.globalPlatformScheme == .pkcs1(.sha1))
        #expect(PublicKey.rsa(key).verifies(signature, of: message))
        #expect(!key.verifies(signature, of: message, scheme: .pkcs1(.sha256)))
        #expect(!key.verifies(signature, of: message, scheme: .pss(.sha256)))
        #expect(!key.verifies(signature, of: message.dropLast(), scheme: .pkcs1(.sha1)))
        #expect(!key.verifies(Array(signature.dropFirst()), of: message, scheme: .pkcs1(.sha1)))
        #expect(!key.verifies([0] + signature, of: message, scheme: .pkcs1(.sha1)))
        for bit in stride(from: 0, to: signature.count * 8, by: 7) {
            signature[bit / 8] ^= 1 << (bit % 8)
            #expect(!key.verifies(signature, of: message, scheme: .pkcs1(.sha1)), "bit \(bit)")
            signature[bit / 8] ^= 1 << (bit % 8)
        }
    }

    @Test(
        "refuses moduli and exponents that no card's key has",
        arguments: [
            ("00", "010001", CryptoError.unsupportedKey("an RSA modulus of 0 bits")),
            ("", "010001", .unsupportedKey("an RSA modulus of 0 bits")),
            (String(repeating: "FF", count: 96), "010001", .unsupportedKey("an RSA modulus of 768 bits")),
            (String(repeating: "FF", count: 1_025), "010001", .unsupportedKey("an RSA modulus of 8200 bits")),
            (String(repeating: "FE", count: 128), "010001", .malformedKey("an even RSA modulus")),
            (modulus, "", .malformedKey("an RSA exponent that is even or 1")),
            (modulus, "0001", .malformedKey("an RSA exponent that is even or 1")),
            (modulus, "010000", .malformedKey("an RSA exponent that is even or 1")),
            (modulus, String(repeating: "FF", count: 33), .unsupportedKey("an RSA exponent of 33 bytes")),
        ])
    func refusesNumbers(modulus: String, exponent: String, expected: CryptoError) throws {
        let (modulus, exponent) = (try Hex.decode(modulus), try Hex.decode(exponent))
        #expect(throws: expected) { try RSAPublicKey(modulus: modulus, exponent: exponent) }
    }

    @Test("leading zeros of the numbers change nothing")
    func leadingZeros() throws {
        let modulus = try Hex.decode(Self.modulus)
        let key = try RSAPublicKey(modulus: [0, 0] + modulus, exponent: [0, 1, 0, 1])
        #expect(key.modulus == modulus)
        #expect(key.bits == 1_024)
        #expect(try key == RSAPublicKey(modulus: modulus, exponent: [1, 0, 1]))
    }

    @Test("what a new key signs, its public key verifies, and nobody else's")
    func roundTrip() throws {
        let key = try RSAPrivateKey.generate(bits: 2_048)
        let message = Array("load token".utf8)
        #expect(key.publicKey.globalPlatformScheme == .pss(.sha256))
        let signature = try PrivateKey.rsa(key).signature(of: message)
        #expect(PublicKey.rsa(key.publicKey).verifies(signature, of: message))
        #expect(!(try wycheproofKey().verifies(signature, of: message, scheme: .pss(.sha256))))
        let older = try key.signature(of: message, scheme: .pkcs1(.sha1))
        #expect(key.publicKey.verifies(older, of: message, scheme: .pkcs1(.sha1)))
        #expect(!key.publicKey.verifies(older, of: message, scheme: .pss(.sha256)))
    }

    @Test("a key too short for its scheme says so")
    func tooShort() throws {
        let key = try RSAPrivateKey.generate(bits: 1_024)
        #expect(throws: CryptoError.keyTooShort(bits: 1_024)) {
            try key.signature(of: [1], scheme: .pss(.sha512))
        }
        #expect(throws: CryptoError.unsupportedKey("an RSA modulus of 512 bits")) {
            try RSAPrivateKey.generate(bits: 512)
        }
    }
}

@Suite("EC keys")
struct ECTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let source: String
        let curve: EllipticCurve
        let scalar: String
        let point: String
        /// Over the five letters "sample".
        let signature: String
        var testDescription: String { source }
    }

    static let vectors: [Vector] = [
        .init(
            source: "RFC 6979 A.2.5, SHA-256", curve: .p256,
            scalar: "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
            point: "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
                + "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
            signature: "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
                + "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"),
        .init(
            source: "RFC 6979 A.2.6, SHA-384", curve: .p384,
            scalar: "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8"
                + "96D5724E4C70A825F872C9EA60D2EDF5",
            point: "04EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64"
                + "DEF8F0EA9055866064A254515480BC138015D9B72D7D57244EA8EF9AC0C62189"
                + "6708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720",
            signature: "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
                + "81A648152E44ACF96E36DD1E80FABE4699EF4AEB15F178CEA1FE40DB2603138F"
                + "130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8"),
        .init(
            source: "RFC 6979 A.2.7, SHA-512", curve: .p521,
            scalar: "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75"
                + "CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
            point: "0401894550D0785932E00EAA23B694F213F8C3121F86DC97A04E5A7167DB4E5B"
                + "CD371123D46E45DB6B5D5370A7F20FB633155D38FFA16D2BD761DCAC474B9A2F"
                + "5023A400493101C962CD4D2FDDF782285E64584139C2F91B47F87FF82354D663"
                + "0F746A28A0DB25741B5B34A828008B22ACC23F924FAAFBD4D33F81EA66956DFE" + "AA2BFDFCF5",
            signature: "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F"
                + "174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E3"
                + "77FA00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B"
                + "68AF282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E4" + "4DA4A67A"),
    ]

    @Test("finds the published point and verifies the published signature", arguments: vectors)
    func published(_ vector: Vector) throws {
        let key = try ECPrivateKey(vector.curve, scalar: Secret(Hex.decode(vector.scalar)))
        #expect(key.publicKey.point.hex == vector.point)
        let message = Array("sample".utf8)
        var signature = try Hex.decode(vector.signature)
        #expect(key.publicKey.verifies(signature, of: message))
        #expect(!key.publicKey.verifies(signature, of: Array("samplf".utf8)))
        for bit in 0..<signature.count * 8 where bit % 5 == 0 {
            signature[bit / 8] ^= 1 << (bit % 8)
            #expect(!key.publicKey.verifies(signature, of: message), "bit \(bit)")
            signature[bit / 8] ^= 1 << (bit % 8)
        }
    }

    @Test(
        "judges brainpoolP256r1 signatures as Wycheproof does", arguments: WycheproofVectors.brainpoolP256r1)
    func brainpool256(_ vector: WycheproofVectors.Case) throws {
        try judge(vector, .brainpoolP256r1, WycheproofVectors.brainpoolP256r1Point)
    }

    @Test(
        "judges brainpoolP384r1 signatures as Wycheproof does", arguments: WycheproofVectors.brainpoolP384r1)
    func brainpool384(_ vector: WycheproofVectors.Case) throws {
        try judge(vector, .brainpoolP384r1, WycheproofVectors.brainpoolP384r1Point)
    }

    @Test(
        "judges brainpoolP512r1 signatures as Wycheproof does", arguments: WycheproofVectors.brainpoolP512r1)
    func brainpool512(_ vector: WycheproofVectors.Case) throws {
        try judge(vector, .brainpoolP512r1, WycheproofVectors.brainpoolP512r1Point)
    }

    private func judge(_ vector: WycheproofVectors.Case, _ curve: EllipticCurve, _ point: String) throws {
        let key = try ECPublicKey(curve, point: Hex.decode(point))
        #expect(
            try key.verifies(Hex.decode(vector.signature), of: Hex.decode(vector.message)) == vector.isValid)
    }

    @Test(
        "signs in plain format on every curve, and differently each time", arguments: EllipticCurve.allCases)
    func roundTrip(curve: EllipticCurve) throws {
        let key = try ECPrivateKey.generate(curve)
        let message = Array("receipt".utf8)
        let signature = try key.signature(of: message)
        #expect(signature.count == curve.signatureBytes)
        #expect(key.publicKey.verifies(signature, of: message))
        #expect(try key.signature(of: message) != signature)
        #expect(try !ECPrivateKey.generate(curve).publicKey.verifies(signature, of: message))
        #expect(!key.publicKey.verifies([UInt8](repeating: 0, count: signature.count), of: message))
        #expect(!key.publicKey.verifies([], of: message))
        #expect(EllipticCurve(keyParameterReference: curve.keyParameterReference) == curve)
    }

    @Test("a digest other than the curve's own can be asked for")
    func otherDigest() throws {
        let key = try ECPrivateKey.generate(.p256)
        let signature = try key.signature(of: [1, 2], digest: .sha512)
        #expect(key.publicKey.verifies(signature, of: [1, 2], digest: .sha512))
        #expect(!key.publicKey.verifies(signature, of: [1, 2]))
    }

    @Test("refuses points that are not on the curve, compressed, at infinity or of another length")
    func badPoints() throws {
        let point = try Hex.decode(Self.vectors[0].point)
        var off = point
        off[64] ^= 1
        let bad: [[UInt8]] = [
            off, [0x02] + point[1...32], [0x00], [], Array(point.dropLast()), point + [0],
            [0x06] + point.dropFirst(), [0x04] + [UInt8](repeating: 0, count: 64),
            [0x04] + [UInt8](repeating: 0xFF, count: 64),
        ]
        for candidate in bad {
            #expect(throws: CryptoError.self) { try ECPublicKey(.p256, point: candidate) }
        }
        #expect(throws: CryptoError.self) { try ECPublicKey(.brainpoolP256r1, point: point) }
    }

    // The order of P-256 (SP 800-186 §3.2.1.3).
    static let order = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"

    @Test("a private number is 1...n-1, and as long as the field")
    func scalars() throws {
        let order = try Hex.decode(Self.order)
        let one = [UInt8](repeating: 0, count: 31) + [1]
        let largest = order.dropLast() + [0x50]
        #expect(try ECPrivateKey(.p256, scalar: Secret(one)).publicKey.point[0] == 4)
        #expect(try ECPrivateKey(.p256, scalar: Secret(largest)).publicKey.point[0] == 4)
        for bad in [[UInt8](repeating: 0, count: 32), order, [UInt8](repeating: 0xFF, count: 32)] {
            #expect(throws: CryptoError.malformedKey("a private number outside 1...n-1")) {
                try ECPrivateKey(.p256, scalar: Secret(bad))
            }
        }
        #expect(throws: CryptoError.keyLength(31)) {
            try ECPrivateKey(.p256, scalar: Secret(order.dropLast()))
        }
    }

    // Wycheproof ecdh_brainpoolP256r1_test.json, tcId 1.
    @Test("agrees on the published secret")
    func agreement() throws {
        let key = try ECPrivateKey(
            .brainpoolP256r1,
            scalar: Secret(Hex.decode("0113DB979E07D9C8FDBEA5B06A682C0D2AD67170FFCB65D7547D8C442D3AC237")))
        let peer = try ECPublicKey(
            .brainpoolP256r1,
            point: Hex.decode(
                "044CEE5E1072B30D64F70BF01958E22C044A2127DDD744CE3060C15990FF0FE114"
                    + "8C6EE56559829A5A84DD5C8646EE0C43D0B7C50181F234EC09EBA43BC86B169E"))
        let shared = try key.sharedSecret(with: peer)
        #expect(
            shared.withBytes { $0.hex } == "3F00D9AF7607FD32809EF7A4A30B396E3DA9F465ADF20597C9E2046F16A7B1BE")
        let other = try ECPrivateKey.generate(.p256).publicKey
        #expect(throws: CryptoError.unsupportedKey("the keys are on different curves")) {
            try key.sharedSecret(with: other)
        }
    }

    // NIST CAVP, ansx963_2001.rsp, SHA-256: without and with shared information.
    @Test(
        "derives the published keys by X9.63",
        arguments: [
            ("96C05619D56C328AB95FE84B18264B08725B85E33FD34F08", "", "443024C3DAE66B95E6F5670601558F71"),
            ("96F600B73AD6AC5629577ECED51743DD2C24C21B1AC83EE4", "", "B6295162A7804F5667BA9070F82FA522"),
            (
                "22518B10E70F2A3F243810AE3254139EFBEE04AA57C7AF7D", "75EEF81AA3041E33B80971203D2C0C52",
                "C498AF77161CC59F2962B9A713E2B215152D139766CE34A776DF11866A69BF2E"
                    + "52A13D9C7C6FC878C50C5EA0BC7B00E0DA2447CFD874F6CF92F30D0097111485"
                    + "500C90C3AF8B487872D04685D14C8D1DC8D7FA08BEB0CE0ABABC11F0BD496269"
                    + "142D43525A78E5BC79A17F59676A5706DC54D54D4D1F0BD7E386128EC26AFC21"
            ),
        ])
    func x963(secret: String, info: String, expected: String) throws {
        let key = try KeyDerivation.x963(
            Secret(Hex.decode(secret)), sharedInfo: Hex.decode(info), digest: .sha256,
            count: expected.count / 2)
        #expect(key.withBytes { $0.hex } == expected)
    }
}
