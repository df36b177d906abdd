internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Testing

@Suite("Key diversification")
struct DiversificationTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let source: String
        let scheme: String
        var master = "404142434445464748494A4B4C4D4E4F"
        var data = "00010203040506070809"
        /// Keys or, shorter, check values.
        let encryption: String
        let mac: String
        let dataEncryption: String
        var algorithm = CardKeys.Algorithm.tripleDES
        var testDescription: String { "\(scheme), \(source)" }
    }

    static let aes192 = "404142434445464748494A4B4C4D4E4F5051525354555657"
    static let aes256 = "404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F"

    static let rows: [Row] = [
        Row(
            source: "GlobalPlatformPro testDiversification_EMV_SCP02", scheme: "emv", encryption: "C33013",
            mac: "6F4CA6", dataEncryption: "BB8179"),
        Row(
            source: "GlobalPlatformPro testDiversification_VISA2_SCP02", scheme: "visa2",
            encryption: "2BE598", mac: "58DA38", dataEncryption: "3C328E"),
        Row(
            source: "openjavacard-tools SCPDiversificationTest", scheme: "emv", data: "00000000000000000000",
            encryption: "5D9A62E01DF1FA7A93F231000F4AC272", mac: "13179F2220FC6BCE5E740387EB78DB5C",
            dataEncryption: "8BBE5457944D18DF460AF68730F570A2"),
        Row(
            source: "openjavacard-tools SCPDiversificationTest", scheme: "EMV", data: "0102030405060708090A",
            encryption: "6438A05AC377DF302423BC5E2038FB5B", mac: "5A9402DDABC5B9497BBECE0884929B83",
            dataEncryption: "ACB4C129B3912FB782A4EAEE043BAE95"),
        Row(
            source: "kaoh scp01Test.c mutual_auth_visa2, proved by the card's cryptogram", scheme: "visa2",
            data: "00004181116665F5B830", encryption: "884017FCA6EC4FF6382A4E1AF85AFA51",
            mac: "39FC0CD420D3DF51EA93F2DD169B7D33", dataEncryption: "5409B00FA873CEFAB1C02CD692E8E769"),
        Row(
            source: "GlobalPlatformPro KDF3 SCP03 AES-128", scheme: "kdf3", encryption: "E79C05",
            mac: "D1BD77", dataEncryption: "3FDE8C", algorithm: .aes),
        Row(
            source: "GlobalPlatformPro KDF3 AES-192", scheme: "kdf3", master: aes192, encryption: "1DE8EA",
            mac: "47C00C", dataEncryption: "C04D76", algorithm: .aes),
        Row(
            source: "GlobalPlatformPro KDF3 AES-256", scheme: "kdf3", master: aes256, encryption: "2972D2",
            mac: "036F94", dataEncryption: "5D57B8", algorithm: .aes),
        Row(
            source: "GlobalPlatformPro testDiversification_KDF3_ExternalVector", scheme: "kdf3",
            master: "8C72C72CF908411653018807950D82FBAD947562F0828A0B10B8B9606ABF3BCD",
            data: "D9B1DE5D0362DEDCE4FB",
            encryption: "9AAC5D0B3601F89438A0D9D0B6B256CFB47E6462DFA5228D3420C4AC7C224781", mac: "76FE74",
            dataEncryption: "8861BF", algorithm: .aes),
        Row(
            source: "GlobalPlatformPro's template of emv",
            scheme: "$4 $5 $6 $7 $8 $9 0xF0 $k $4$5$6$7$8$9 0x0f $K",
            encryption: "C33013", mac: "6F4CA6", dataEncryption: "BB8179"),
        Row(
            source: "GlobalPlatformPro's template of kdf3",
            scheme: "$_ 0x00 0x00 0x00 $k 0x00 $0 $1 $2 $3 $4 $5 $6 $7 $8 $9", encryption: "E79C05",
            mac: "D1BD77", dataEncryption: "3FDE8C", algorithm: .aes),
        Row(
            source: "the key is used as it is", scheme: "none", encryption: "8BAF47", mac: "8BAF47",
            dataEncryption: "8BAF47"),
    ]

    @Test("gives the published keys", arguments: rows)
    func derives(_ row: Row) throws {
        let source = KeySource(
            .one(Secret(try Hex.decode(row.master))),
            diversification: try Diversification(parsing: row.scheme))
        let keys = try source.keys(
            for: KeyRequest(
                algorithm: row.algorithm, version: 1, diversificationData: try Hex.decode(row.data)))
        for (key, expected) in [
            (keys.encryption, row.encryption), (keys.mac, row.mac), (keys.dataEncryption, row.dataEncryption),
        ] {
            if expected.count == 6 {
                let check =
                    row.algorithm == .aes ? try KeyCheckValue.aes(key) : try KeyCheckValue.tripleDES(key)
                #expect(check.hex == expected)
            } else {
                #expect(key.matches(Secret(try Hex.decode(expected))))
            }
        }
    }

    @Test("each of three masters gives its own key")
    func threeMasters() throws {
        let masters = [0x11, 0x22, 0x33].map { Secret([UInt8](repeating: $0, count: 16)) }
        let request = KeyRequest(algorithm: .tripleDES, version: 1, diversificationData: Array(0...9))
        let together = try KeySource(
            .three(encryption: masters[0], mac: masters[1], dataEncryption: masters[2]),
            diversification: .visa2
        ).keys(for: request)
        let alone = try masters.map { try KeySource(.one($0), diversification: .visa2).keys(for: request) }
        #expect(together.encryption.matches(alone[0].encryption))
        #expect(together.mac.matches(alone[1].mac))
        #expect(together.dataEncryption.matches(alone[2].dataEncryption))
        #expect(!together.isOneKey)
    }

    @Test("$l$l is the length in bits on two bytes")
    func bitLength() throws {
        let key = Secret(Array(0x40...0x4F))
        let request = KeyRequest(algorithm: .aes, version: 1, diversificationData: Array(0...9))
        let named = try KeySource(.one(key), diversification: .init(parsing: "$_ $l$l")).keys(for: request)
        let written = try KeySource(.one(key), diversification: .init(parsing: "$_ 0080")).keys(for: request)
        #expect(named.mac.matches(written.mac))
    }

    @Test(
        "templates that cannot be are refused",
        arguments: [
            ("", DiversificationError.malformedTemplate("")), ("$", .malformedTemplate("$")),
            ("$x", .malformedTemplate("$x")), ("$l", .malformedTemplate("$l")),
            ("$l$k", .malformedTemplate("$l")), ("0", .malformedTemplate("0")),
            ("GG", .malformedTemplate("gg")),
            ("$_$_", .malformedTemplate("$_")), ("$-1", .malformedTemplate("$-")),
            (String(repeating: "00", count: 65), .templateTooLong),
        ])
    func malformed(text: String, error: DiversificationError) {
        #expect(throws: error) { try Diversification(parsing: text) }
    }

    @Test("a scheme and a card that do not go together are told apart")
    func mismatches() throws {
        let rows: [(String, CardKeys.Algorithm, [UInt8], DiversificationError)] = [
            ("kdf3", .tripleDES, Array(0...9), .counterWithTripleDES),
            ("visa2", .aes, Array(0...9), .counterMissing), ("emv", .aes, Array(0...9), .counterMissing),
            ("emv", .tripleDES, Array(0...8), .diversificationDataTooShort(9)),
            ("0011", .tripleDES, Array(0...9), .derivationDataLength(2)),
            ("kdf3", .aes, [], .diversificationDataTooShort(0)),
        ]
        for (scheme, algorithm, data, error) in rows {
            let source = KeySource(
                .one(Secret(Array(0x40...0x4F))), diversification: try .init(parsing: scheme))
            #expect(throws: KeySourceError.diversification(error)) {
                try source.keys(for: .init(algorithm: algorithm, version: 1, diversificationData: data))
            }
        }
    }
}

@Suite("Card keys")
struct CardKeysTests {
    @Test("have the lengths of their algorithm, and one length")
    func lengths() throws {
        for count in 0...40 {
            let key = Secret([UInt8](repeating: 1, count: count))
            for (algorithm, allowed) in [
                (CardKeys.Algorithm.tripleDES, [16]), (.aes, [16, 24, 32]),
            ] {
                let keys = Result { () throws(KeySourceError) in
                    try CardKeys(algorithm, version: 1, encryption: key, mac: key, dataEncryption: key)
                }
                #expect(((try? keys.get()) != nil) == allowed.contains(count))
            }
        }
        let (short, long) = (Secret(Array(0...15)), Secret(Array(0...31)))
        #expect(throws: KeySourceError.keyLength(32, .aes)) {
            try CardKeys(.aes, version: 1, encryption: short, mac: short, dataEncryption: long)
        }
    }

    @Test("and nothing that holds them can be printed")
    func secrets() throws {
        let key = Secret(Array(0x40...0x4F))
        let keys = try CardKeys(.aes, version: 0x30, encryption: key, mac: key, dataEncryption: key)
        let source = KeySource(.one(key), diversification: .kdf3)
        let wish = Handshake.Wish(hostChallenge: Array(1...8), level: .commandMAC)
        let session = try PrecomputedSession(
            .init(
                keys: keys, secureChannel: .init(.scp03, options: 0x70), sequenceCounter: 1,
                application: AID(hex: "A000000151000000")), wish)
        let values: [Any] = [
            keys, source, source.material, Handshake(wish, keys: source.provider), session, session.secured,
            NewKey(.aes(key)), try PutKey([NewKey(.aes(key))], version: 0x30), ContentSigningKey.aes(key),
        ]
        for value in values {
            var text = String(describing: value) + String(reflecting: value)
            dump(value, to: &text)
            let isShown = text.contains("64, 65, 66") || text.lowercased().contains("404142")
            #expect(!isShown)
            #expect(!shows(Array(0x40...0x4F), in: value, depth: 0))
        }
    }

    private func shows(_ bytes: [UInt8], in value: Any, depth: Int) -> Bool {
        if let shown = value as? [UInt8], shown == bytes { return true }
        guard depth < 12 else { return false }
        return Mirror(reflecting: value).children.contains { shows(bytes, in: $0.value, depth: depth + 1) }
    }
}

@Suite("Evidence for a diversification")
struct DiversificationEvidenceTests {
    private static let lifeCycle = "4790D6004700000000003244" + "34295220" + "844800000000000000000000"

    struct Row: Sendable, CustomTestStringConvertible {
        let why: String
        let data: String
        var algorithm = CardKeys.Algorithm.tripleDES
        var domain: String? = "A000000003000000"
        var lifeCycle: String? = DiversificationEvidenceTests.lifeCycle
        var keyData: String?
        let conclusion: DiversificationEvidence.Conclusion
        var testDescription: String { why }
    }

    static let rows: [Row] = [
        Row(
            why: "KEYDATA equals the data", data: "AABBCCDDEEFF01020304", keyData: "AABBCCDDEEFF01020304",
            conclusion: .scheme(.emvCPS11, because: .keyDataObject)),
        Row(
            why: "KEYDATA says something else", data: "AABBCCDDEEFF01020304", keyData: "AABBCCDDEEFF01020305",
            conclusion: .undecided),
        Row(
            why: "domain and serial number stand where VISA2 has them", data: "0000AAAA34295220BBBB",
            conclusion: .scheme(.visa2, because: .domainAndSerialNumber)),
        Row(
            why: "serial number there, another domain", data: "0001AAAA34295220BBBB", conclusion: .undecided),
        Row(
            why: "serial number there, domain unknown", data: "0000AAAA34295220BBBB", domain: nil,
            conclusion: .undecided),
        Row(
            why: "serial number stands last", data: "AABBCCDDEEFF34295220",
            conclusion: .scheme(.emvCPS11, because: .serialNumber)),
        Row(
            why: "no CPLC, no serial number", data: "AABBCCDDEEFF34295220", lifeCycle: nil,
            conclusion: .undecided),
        Row(
            why: "a serial number of zeros is none", data: "0000AAAA00000000BBBB",
            lifeCycle: "4790D6004700000000003244" + "00000000" + "8448", conclusion: .undecided),
        Row(
            why: "two schemes would fit", data: "0000AAAA34295220BBBB", keyData: "0000AAAA34295220BBBB",
            conclusion: .undecided),
        Row(
            why: "all zeros", data: "00000000000000000000",
            conclusion: .scheme(.none, because: .constantData)),
        Row(
            why: "all ones", data: "FFFFFFFFFFFFFFFFFFFF", conclusion: .scheme(.none, because: .constantData)),
        Row(
            why: "AES keys leave no mark", data: "0000AAAA34295220BBBB", algorithm: .aes,
            conclusion: .undecided),
        Row(why: "nothing known", data: "01020304050607080910", conclusion: .undecided),
        Row(why: "not ten bytes", data: "0000000000", conclusion: .undecided),
    ]

    @Test("a scheme is chosen only for a reason on the card", arguments: rows)
    func concludes(_ row: Row) throws {
        let evidence = DiversificationEvidence(
            diversificationData: try Hex.decode(row.data), algorithm: row.algorithm,
            securityDomain: try row.domain.map { try Hex.decode($0) },
            productionLifeCycle: try row.lifeCycle.map { try Hex.decode($0) },
            keyData: try row.keyData.map { try Hex.decode($0) })
        #expect(evidence.conclusion == row.conclusion)
    }
}
