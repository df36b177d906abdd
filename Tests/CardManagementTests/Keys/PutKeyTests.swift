internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Testing

/// A session whose static keys are all 404142..., as long as asked; SCP02 stands at sequence counter 0.
private func session(_ algorithm: CardKeys.Algorithm, keyBytes: Int) throws -> SecureSession {
    let key = Secret((0..<keyBytes).map { UInt8(0x40 + $0) })
    let keys = try CardKeys(algorithm, version: 0x30, encryption: key, mac: key, dataEncryption: key)
    return try PrecomputedSession(
        .init(
            keys: keys,
            secureChannel: algorithm == .aes ? .init(.scp03, options: 0x70) : .init(.scp02, options: 0x55),
            sequenceCounter: 0, application: AID(hex: "A000000151000000")),
        .init(hostChallenge: Array(1...8), level: .commandMAC)
    ).secured
}

@Suite("PUT KEY")
struct PutKeyTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let what: String
        let algorithm: CardKeys.Algorithm
        let keyBytes: Int
        let version: UInt8
        let replacing: UInt8?
        let command: String
        let answer: String
        var testDescription: String { what }
    }

    /// Computed by an implementation independent of this one from GPCS 2.3.1 §11.8 and §E.4.7, SCP03 §6.2.8 and §7.2.
    static let rows: [Row] = [
        Row(
            what: "SCP02, add 20", algorithm: .tripleDES, keyBytes: 16, version: 0x20, replacing: nil,
            command: """
                80D8008143208010EFC4226C13C8C986EFC4226C13C8C9860382E136801081CDDB5EAF0E821D81CDDB5EAF
                0E821D0300962B8010C189C04CF6B2845BC189C04CF6B2845B03ADC67D00
                """,
            answer: "2082E13600962BADC67D"),
        Row(
            what: "SCP02, replace 20", algorithm: .tripleDES, keyBytes: 16, version: 0x20, replacing: 0x20,
            command: """
                80D8208143208010EFC4226C13C8C986EFC4226C13C8C9860382E136801081CDDB5EAF0E821D81CDDB5EAF
                0E821D0300962B8010C189C04CF6B2845BC189C04CF6B2845B03ADC67D00
                """,
            answer: "2082E13600962BADC67D"),
        Row(
            what: "SCP03, add 30", algorithm: .aes, keyBytes: 16, version: 0x30, replacing: nil,
            command: """
                80D80081463088111056995E11483713A09E127FB9CE26780903098542881110DBDE4C54F4410FAE7F2EEA
                CD00AE021903C6559188111028CC83B5CE6DA791448167F6F9EE6A28035F8AF900
                """,
            answer: "30098542C655915F8AF9"),
        Row(
            what: "SCP03, replace 30", algorithm: .aes, keyBytes: 16, version: 0x30, replacing: 0x30,
            command: """
                80D83081463088111056995E11483713A09E127FB9CE26780903098542881110DBDE4C54F4410FAE7F2EEA
                CD00AE021903C6559188111028CC83B5CE6DA791448167F6F9EE6A28035F8AF900
                """,
            answer: "30098542C655915F8AF9"),
        Row(
            what: "SCP03, AES-192, add 31", algorithm: .aes, keyBytes: 24, version: 0x31, replacing: nil,
            command: """
                80D800817631882118E28A511EF7176D70199D58A691170E51AAD402EB1BEC6DE7B2B03268E30EDE7D03D8
                D687882118B4191E50ADA7E747F0B7E59C34592B1AACE34D5E3D1DE839A039BA57054D293A036A7BC98821
                18A4B7A6A9FCCF318938FE170B79275FF92CB3615A6BCC81A2D97BA33C89AEF22B034AAC8C00
                """,
            answer: "31D8D6876A7BC94AAC8C"),
        Row(
            what: "SCP03, AES-256, add 32", algorithm: .aes, keyBytes: 32, version: 0x32, replacing: nil,
            command: """
                80D80081763288212061DFA31FAE1054ABA6F4EE0825AA80DA4C97A2873AA923A215914CE5011E6F140305
                D2B68821202BC2BE2274BFC5AA442DACA8175DD86FA5465A837CC11D8771E4E85358FD9DD40306AD988821
                20F53F66BA367CFC6E2689A4DA61D2582CBFD9401DCCFB09A11BDFFC01BF90B2EC03E7CE1900
                """,
            answer: "3205D2B606AD98E7CE19"),
    ]

    private func keySet(_ row: Row) throws -> CardKeys {
        let keys = [0x11, 0x22, 0x33].map { Secret([UInt8](repeating: $0, count: row.keyBytes)) }
        return try CardKeys(
            row.algorithm, version: row.version, encryption: keys[0], mac: keys[1], dataEncryption: keys[2])
    }

    @Test("carries a whole key set, and knows what a card that took it answers", arguments: rows)
    func keySets(_ row: Row) throws {
        let put = try PutKey(keySet: keySet(row), replacing: row.replacing)
        let command = try put.command(for: session(row.algorithm, keyBytes: row.keyBytes))
        #expect(command.bytes == (try Hex.decode(row.command)))
        #expect(try put.expectedAnswer().hex == row.answer)
        let answer = ResponseAPDU(data: try Hex.decode(row.answer))
        #expect(try put.check(answer) == .confirmed)
        for bit in 0..<answer.data.count * 8 {
            var wrong = answer
            wrong.data[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: PutKeyError.otherCheckValues) { try put.check(wrong) }
        }
        for count in 2..<answer.data.count {
            #expect(throws: PutKeyError.otherCheckValues) {
                try put.check(ResponseAPDU(data: Array(answer.data.prefix(count))))
            }
        }
        #expect(try put.check(ResponseAPDU()) == .accepted)
        #expect(try put.check(ResponseAPDU(data: [row.version])) == .accepted)
        #expect(throws: PutKeyError.refused(0x6982)) { try put.check(ResponseAPDU(status: 0x6982)) }
    }

    @Test("carries public keys in clear, without check value (tables 11-73 and 11-75)")
    func publicKeys() throws {
        let modulus = [0xC1] + [UInt8](repeating: 0x01, count: 127)
        let rsa = try RSAPublicKey(modulus: modulus, exponent: [1, 0, 1])
        let put = try PutKey([NewKey(.rsaPublic(rsa))], version: 0x70)
        let command = try put.command(for: session(.aes, keyBytes: 16))
        #expect([command.p1, command.p2] == [0x00, 0x01])
        #expect(command.data.hex == "70A18180\(modulus.hex)A00301000100")
        #expect(try put.check(ResponseAPDU(data: [0x70])) == .confirmed)
        let point = try ECPrivateKey.generate(.p256).publicKey
        let ec = try PutKey([NewKey(.ecPublic(point))], version: 0x73, firstIdentifier: 2)
        let reference = try ec.command(for: session(.aes, keyBytes: 16))
        #expect(reference.p2 == 0x02)
        #expect(reference.data.hex == "73B041\(point.point.hex)F0010000")
    }

    @Test("carries private and other secret keys encrypted, their length in front where padded")
    func otherSecrets() throws {
        let aes = try session(.aes, keyBytes: 16)
        let psk = Secret([UInt8](repeating: 0xA5, count: 20))
        let padded = try aes.encryptSensitive(
            [UInt8](repeating: 0xA5, count: 20) + [UInt8](repeating: 0, count: 12))
        let command = try PutKey([NewKey(.otherSecret(.preSharedKeyTLS, psk))], version: 0x40).command(
            for: aes)
        #expect(command.data.hex == "40852114\(padded.hex)00")
        let scalar = Secret([UInt8](repeating: 0x07, count: 32))
        let plain = try aes.encryptSensitive([UInt8](repeating: 0x07, count: 32))
        let ec = try PutKey([NewKey(.ecPrivate(scalar: scalar, .p256))], version: 0x40).command(for: aes)
        #expect(ec.data.hex == "40B120\(plain.hex)F0010000")
    }

    @Test("writes usage and access in the extended format (table 11-69)")
    func extended() throws {
        let aes = try session(.aes, keyBytes: 16)
        let key = Secret(Array(0x50...0x5F))
        let new = NewKey(.aes(key), attributes: .init(usageQualifier: [0x38], access: [0x01]))
        let cipherText = try aes.encryptSensitive(Array(0x50...0x5F))
        let command = try PutKey([new], version: 0x31).command(for: aes)
        #expect(command.data.hex == "31FF881110\(cipherText.hex)03F2A8DF01380101")
    }

    /// kaoh/globalplatform storeDataTest.c, test_build_store_data_keys_scp03_aes128 and ..._aes256_single.
    @Test("encrypts as published")
    func published() throws {
        let key = Secret(Array(0x00...0x0F))
        let keys = try CardKeys(.aes, version: 1, encryption: key, mac: key, dataEncryption: key)
        let session = try PrecomputedSession(
            .init(
                keys: keys, secureChannel: .init(.scp03, options: 0x10), sequenceCounter: 1,
                application: AID(hex: "A000000151000000")),
            .init(hostChallenge: Array(1...8), level: .commandMAC)
        ).secured
        #expect(try session.encryptSensitive(Array(0x40...0x4F)).hex == "D533E59B45A153ED7E5E9C5DFCFD4AAA")
        #expect(try session.encryptSensitive(Array(0x50...0x5F)).hex == "3EF0B1A5E3059DAB21FCE23A7B61C4CA")
        #expect(try session.encryptSensitive(Array(0x60...0x6F)).hex == "ADDE68F7AD497268D31A0DDD5C74B08F")
    }

    @Test("refuses versions, identifiers and numbers of keys that do not exist")
    func limits() throws {
        let key = NewKey(.aes(Secret(Array(0...15))))
        for version: UInt8 in [0x00, 0x80, 0xFF] {
            #expect(throws: PutKeyError.versionOutOfRange) { try PutKey([key], version: version) }
            #expect(throws: PutKeyError.versionOutOfRange) {
                try PutKey([key], version: 1, replacing: version)
            }
        }
        #expect(throws: PutKeyError.identifierOutOfRange) { try PutKey([], version: 1) }
        #expect(throws: PutKeyError.identifierOutOfRange) {
            try PutKey(Array(repeating: key, count: 17), version: 1)
        }
        #expect(throws: PutKeyError.identifierOutOfRange) {
            try PutKey([key, key], version: 1, firstIdentifier: 0x7F)
        }
        #expect(throws: PutKeyError.keyLength(0)) {
            try PutKey([NewKey(.otherSecret(.preSharedKeyTLS, Secret([])))], version: 1)
                .command(for: session(.aes, keyBytes: 16))
        }
    }
}

@Suite("Key check values of GPCS 2.3.1 §B.6")
struct KeyCheckValueTests {
    /// GlobalPlatformPro TestPlaintextKeys, kaoh storeDataTest.c, pySim SCP03_KCV_Test.
    @Test(
        "are the published ones",
        arguments: [
            ("404142434445464748494A4B4C4D4E4F", "504A77"), ("505152535455565758595A5B5C5D5E5F", "F2A8DF"),
            ("606162636465666768696A6B6C6D6E6F", "D7D0E4"),
            ("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "75E208"),
            ("0102030405060708090A0B0C0D0E0F10", "EDCC64"), ("1112131415161718191A1B1C1D1E1F20", "FBEBDC"),
            ("AABBCCDDEEFF00112233445566778899", "61DDC3"), ("000102030405060708090A0B0C0D0E0F", "C35280"),
            ("101112131415161718191A1B1C1D1E1F", "013808"), ("202122232425262728292A2B2C2D2E2F", "840DE5"),
        ])
    func aes(key: String, value: String) throws {
        #expect(try KeyCheckValue.aes(Secret(Hex.decode(key))).hex == value)
    }

    @Test("a vendor's zeros are another block")
    func zeros() throws {
        let key = Secret(Array(0x40...0x4F))
        let expected = try Cipher(.aes, key: key).encryptECB([UInt8](repeating: 0, count: 16)).prefix(3)
        let new = NewKey(.aes(key), hasZeroCheckBlock: true)
        #expect(try new.checkValue() == Array(expected))
        #expect(try KeyCheckValue.tripleDES(key).hex == "8BAF47")
    }
}
