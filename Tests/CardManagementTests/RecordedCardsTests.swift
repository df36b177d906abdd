internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import TestSupport
internal import Testing

/// Answers of one real card, by the command in hex; what is not recorded is refused with 6A88.
private struct RecordedCard {
    var answers: [String: String]
    var otherwise: StatusWord = 0x6A88

    func answer(_ command: CommandAPDU) throws -> ResponseAPDU {
        guard let recorded = answers[command.bytes.hex] else { return ResponseAPDU(status: otherwise) }
        return try ResponseAPDU(parsing: Hex.decode(recorded))
    }

    func run<P: Procedure>(_ procedure: P) throws -> P.Outcome {
        var procedure = procedure
        var received: [ResponseAPDU] = []
        // Far above what any recording needs.
        for _ in 0..<100 {
            switch try procedure.next(after: received) {
            case .done(let outcome): return outcome
            case .send(let commands): received = try commands.map(answer)
            }
        }
        throw ProcedureError.unanswered
    }

    func identity() throws -> CardIdentity { try run(IdentifyCard()) }

    /// The identity of a card of which one object is recorded.
    static func telling(_ command: String, _ answer: String) throws -> CardIdentity {
        try RecordedCard(answers: ["00A4040000": "6F009000", command: answer + "9000"]).identity()
    }
}

@Suite("Answers of real cards: what they are")
struct RecordedIdentityTests {
    struct Selection: Sendable, CustomTestStringConvertible {
        let source: String
        let answer: String
        let aid: String
        let channels: [SecureChannelProtocol]
        var testDescription: String { source }
    }

    /// Issues are those of github.com/martinpaljak/GlobalPlatformPro and github.com/kaoh/globalplatform.
    static let selections: [Selection] = [
        .init(
            source: "Gemalto, GlobalPlatformPro 143",
            answer: """
                6F658408A000000018434D00A559734A06072A864886FC6B01600C060A2A864886FC6B02020101630906072A864886FC6B03\
                640B06092A864886FC6B040105650B06092B8510864864020103660C060A2B060104012A026E01029F6E061291212101009F\
                6501FF
                """, aid: "A000000018434D00", channels: [.init(.scp01, options: 0x05)]),
        .init(
            source: "Oberthur, GlobalPlatformPro 112",
            answer: """
                6F408407A0000001510000A535732F06072A864886FC6B01600C060A2A864886FC6B02020201630906072A864886FC6B0364\
                0B06092A864886FC6B0403709F6501FF
                """, aid: "A0000001510000", channels: [.init(.scp03, options: 0x70)]),
        .init(
            source: "kaoh/globalplatform 36",
            answer: """
                6F5B8408A000000003000000A54F734906072A864886FC6B01600B06092A864886FC6B020202630906072A864886FC6B0364\
                0B06092A864886FC6B040255650B06092A864886FC6B020101660C060A2B060104012A026E01029F6501FF
                """, aid: "A000000003000000", channels: [.init(.scp02, options: 0x55)]),
        .init(
            source: "NXP, GlobalPlatformPro 355", answer: "6F108408A000000151000000A5049F6501FF",
            aid: "A000000151000000", channels: []),
        .init(
            source: "sysmoISIM-SJA2, GlobalPlatformPro 253", answer: "6F108408A000000003000000A5049F6501FF",
            aid: "A000000003000000", channels: []),
    ]

    @Test("SELECT alone tells the domain, the channels and the longest command", arguments: selections)
    func selected(_ selection: Selection) throws {
        // The NXP card of issue 355 refuses every GET DATA with 6985 before authentication.
        let card = RecordedCard(answers: ["00A4040000": selection.answer + "9000"], otherwise: 0x6985)
        let identity = try card.identity()
        #expect(identity.issuerDomain?.description == selection.aid)
        #expect(identity.secureChannels == selection.channels)
        #expect(identity.fileControl?.commandBytesMax == 255)
        #expect(identity.keys.isEmpty && identity.resources == nil && identity.cardID == nil)
    }

    @Test(
        "answers to SELECT without a name leave the name open",
        arguments: ["", "6F028400", "A000000151000000"])
    func unnamed(answer: String) throws {
        let identity = try RecordedCard(answers: ["00A4040000": answer + "9000"]).identity()
        #expect(identity.issuerDomain == nil)
    }

    /// kaoh/globalplatform, getDataTest.c.
    @Test(
        "production life cycle data",
        arguments: [
            (
                "9F7F2A4790D6004700000000003244342952208448000000000000000015278234323935320000000000000000",
                "34295220"
            ),
            (
                "9F7F2A409019154090004501008301A8186827A822000000000000000000000000000000000000000000000000",
                "A8186827"
            ),
            (
                "9F7F2A4750006100008303008000E692E082BE675C72877301FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
                "92E082BE"
            ),
        ])
    func productionLifeCycle(answer: String, serial: String) throws {
        let identity = try RecordedCard.telling("80CA9F7F00", answer)
        let fields = try #require(identity.productionLifeCycle?.fields)
        #expect(fields.first { $0.name == "ICSerialNumber" }?.bytes.hex == serial)
        #expect(fields.flatMap(\.bytes).hex == String(answer.dropFirst(6)))
        #expect(identity.cardID != nil)
    }

    /// kaoh/globalplatform, getDataTest.c.
    @Test(
        "card recognition data",
        arguments: [
            (
                """
                664D734B06072A864886FC6B01600B06092A864886FC6B020203630906072A864886FC6B03640B06092A864886FC6B0403706\
                50D060B2A864886FC6B0507020000660C060A2B060104012A026E0103
                """, "2.3", [SecureChannelProtocol(.scp03, options: 0x70)]
            ),
            (
                """
                663F733D06072A864886FC6B01600C060A2A864886FC6B02020301630906072A864886FC6B03640B06092A864886FC6B04036\
                0640C060A2A864886FC6B04119B06
                """, "2.3.1",
                [SecureChannelProtocol(.scp03, options: 0x60), SecureChannelProtocol(.scp11, options: 0x86)]
            ),
        ])
    func recognition(answer: String, version: String, channels: [SecureChannelProtocol]) throws {
        let identity = try RecordedCard.telling("80CA006600", answer)
        #expect(identity.recognition?.version == version)
        #expect(identity.secureChannels == channels)
    }

    /// kaoh/globalplatform, getDataTest.c: privileges E5BEC0 and 1E0300, SHA-256, SCP02 i = 15, 35, 55, 75.
    private static let capabilities =
        "6724A0098001028104153555758103E5BEC082031E030083010284010285017B86010C87017B"
    /// The same file: a card that answers its recognition data when it is asked for its capabilities.
    private static let recognitionInstead = """
        6658735606072A864886FC6B01600B06092A864886FC6B020202630906072A864886FC6B03640B06092A864886FC6B048000640B06092A\
        864886FC6B040370650B06092A864886FC6B020101660C060A2B060104012A026E0102
        """

    @Test("card capability information", arguments: [capabilities, "6726" + capabilities])
    func capability(answer: String) throws {
        let identity = try RecordedCard.telling("80CA006700", answer)
        let told = try #require(identity.capabilities)
        #expect(told.secureChannels.map(\.options) == [[0x15, 0x35, 0x55, 0x75]])
        #expect(told.domainPrivileges == Privileges(bytes: [0xE5, 0xBE, 0xC0]))
        #expect(told.applicationPrivileges == Privileges(bytes: [0x1E, 0x03, 0x00]))
        #expect(told.loadFileHashes == [0x02])
        #expect(told.tokenSuites == [0x7B] && told.receiptSuites == [0x0C] && told.dapSuites == [0x7B])
        #expect(identity.secureChannels.map(\.options) == [0x15, 0x35, 0x55, 0x75])
    }

    @Test("recognition data in place of capabilities are not taken for them")
    func wrongCapability() throws {
        let wrong = try RecordedCard.telling("80CA006700", Self.recognitionInstead)
        #expect(wrong.capabilities == nil)
        // Where they belong they are read: SCP80 with options of two bytes stands before SCP03.
        let right = try RecordedCard.telling("80CA006600", Self.recognitionInstead)
        #expect(
            right.secureChannels == [.init(.scp80, options: 0), .init(.scp03, options: 0x70)])
    }

    /// GlobalPlatformPro, TestGPKeyInfo, and its issue 114.
    @Test(
        "key information templates",
        arguments: [
            ("E012C00401018820C00402018820C00403018820", [1, 1, 1]),
            ("E020C00401018820C00402018820C00403018820C0060170A180A003C00401718010", [1, 1, 1, 0x70, 0x71]),
            ("E021C00401018010C00402018010C00403018010C00D0173FFA10080A0000301840100", [1, 1, 1, 0x73]),
            (
                """
                E081B0C00A0120FF80001001000100C00A0220FF80001001000100C00A0320FF80001001000100C00A0101FF80001001000100\
                C00A0201FF80001001000100C00A0301FF80001001000100C00A0102FF88001001000100C00E0202FF880010FF100001010001\
                00C00A0302FF88001001000100C00A0103FF88001001000100C00E0203FF880010FF10000101000100C00A0303FF8800100100\
                0100C00A1403FF85001001000100C00A1503FF88001001000100
                """, [0x20, 0x20, 0x20, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]
            ),
        ])
    func keys(answer: String, versions: [UInt8]) throws {
        let identity = try RecordedCard.telling("80CA00E000", answer)
        #expect(identity.keys.map(\.version) == versions)
        #expect(identity.keys.allSatisfy { !$0.components.isEmpty })
    }

    @Test("memory, and the sequence counter (kaoh/globalplatform, getDataTest.c; GlobalPlatformPro 114)")
    func memory() throws {
        let card = RecordedCard(answers: [
            "00A4040000": "6F009000", "80CAFF2100": "FF211081020002820400016DB483040000086A9000",
            "80CA00C100": "C10300001E9000",
        ])
        let identity = try card.identity()
        #expect(
            identity.resources
                == CardResources(applicationCount: 2, freeNonVolatile: 0x16DB4, freeVolatile: 0x86A))
        #expect(identity.sequenceCounter == [0, 0, 0x1E])
    }
}

@Suite("Answers of real cards: what is on them", .mission(.c6))
struct RecordedRegistryTests {
    /// github.com/martinpaljak/GlobalPlatformPro/issues/402: 22 load files on two pages.
    static let pages = [
        """
        E30D4F07A00000006200019F700101E30D4F07A00000006200029F700101E30D4F07A00000006201019F700101E30D4F07A00000006201\
        029F700101E30D4F07A00000006202099F700101E30E4F08A0000000620209019F700101E30D4F07A00000006202019F700101E30E4F08\
        A0000000620208029F700101E30E4F08A0000000620208049F700101E30E4F08A0000000620208059F700101E30E4F08A0000000620208\
        069F700101E30E4F08A0000000620208079F700101E30E4F08A0000000620208039F700101E30E4F08A0000000620208019F700101E30F\
        4F09A000000062020801019F700101E30D4F07A00000006202059F700101
        """,
        """
        E30E4F08A0000000620205019F700101E30E4F08A0000000620205029F700101E30E4F08A0000000620205039F700101E30F4F09A00000\
        006203010F019F700101E30C4F06A000000151009F700101E30D4F07A00000015153509F700101
        """,
    ]

    private static func read(_ first: [UInt8], _ second: [UInt8]) throws -> CardContents {
        let card = RecordedCard(answers: [
            "80F22002024F0000": first.hex + "6310", "80F22003024F0000": second.hex + "9000",
        ])
        return try card.run(ReadContents(scopes: [.loadFiles]))
    }

    @Test("pages with 6310 are put together")
    func paging() throws {
        let contents = try Self.read(Hex.decode(Self.pages[0]), Hex.decode(Self.pages[1]))
        #expect(contents.loadFiles.count == 22)
        #expect(contents.loadFiles.last?.aid.description == "A0000001515350")
    }

    /// A UICC of kaoh/globalplatform (statusTest.c) ends a page within an entry.
    @Test("a page may end within an entry, at any byte")
    func cutPages() throws {
        let all = try Hex.decode(Self.pages[0] + Self.pages[1])
        let whole = try Self.read(Hex.decode(Self.pages[0]), Hex.decode(Self.pages[1])).loadFiles
        for end in 1..<all.count {
            #expect(try Self.read(Array(all[..<end]), Array(all[end...])).loadFiles == whole)
        }
    }

    /// kaoh/globalplatform, scp01Test.c get_status_mac_enc: privileges on load files, versions, modules.
    @Test("load files with modules and with objects that they need not have")
    func modules() throws {
        let answer = """
            E3304F07A00000000353509F700101C50100CE0202038407A00000015100008408A0000000035350418407A0000000030000E31D4F\
            10A00000007701000300100000000000039F700101C50100CE020100E31E4F07D0D1D2D3D4D5019F700101C50100CE0201008408D0\
            D1D2D3D4D50101
            """
        let card = RecordedCard(answers: ["80F21002024F0000": answer + "9000"])
        let files = try card.run(ReadContents()).loadFiles
        #expect(
            files.map(\.aid.description) == [
                "A0000000035350", "A0000000770100030010000000000003", "D0D1D2D3D4D501",
            ])
        #expect(files.map(\.modules.count) == [3, 0, 1])
        #expect(files.map(\.version) == [[2, 3], [1, 0], [1, 0]])
    }

    /// UICC of kaoh/globalplatform: the second byte is the contactless activation state.
    @Test("a life cycle of two bytes")
    func longLifeCycle() throws {
        let card = RecordedCard(answers: [
            "80F24002024F0000": "E30E4F07A00000006201019F700207009000",
            "80F28002024F0000": "E3144F08A0000001510000009F70020F00C5039EFE809000",
        ])
        let contents = try card.run(ReadContents())
        #expect(contents.applications.map(\.lifeCycle) == [0x07])
        #expect(contents.issuerDomain?.lifeCycle == 0x0F)
        #expect(contents.issuerDomain?.privileges == Privileges(bytes: [0x9E, 0xFE, 0x80]))
    }

    /// kaoh/globalplatform, scp01Test.c get_status: a card of Open Platform 2.0.1 knows no TLV.
    @Test("the form without tags")
    func legacy() throws {
        let card = RecordedCard(
            answers: [
                "80F28000024F0000": "07A000000003000007009000",
                "80F24000024F0000": "08D0D1D2D3D4D5010107029000",
                "80F22000024F0000": """
                07A0000000620001010007A0000000620101010007A0000000620102010007A0000000620201010007A000000003000001\
                0007D0D1D2D3D4D50101009000
                """,
            ], otherwise: 0x6A86)
        let contents = try card.run(ReadContents())
        #expect(contents.issuerDomain?.aid.description == "A0000000030000")
        #expect(contents.applications.map(\.aid.description) == ["D0D1D2D3D4D50101"])
        #expect(contents.applications.first?.privileges == Privileges(bytes: [0x02]))
        #expect(contents.loadFiles.count == 6)
    }
}
