internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Testing

private func aid(_ hex: String) throws -> AID { try AID(hex: hex) }

@Suite("Commands of GPCS 2.3.1 chapter 11")
struct CommandTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let source: String
        let command: @Sendable () throws -> CommandAPDU
        let hex: String
        var testDescription: String { source }
    }

    static let rows: [Row] = [
        .init(
            source: "§11.9 SELECT by name", command: { .select(try aid("A000000151000000")) },
            hex: "00A4040008A00000015100000000"),
        .init(source: "§11.9 SELECT the default", command: { .select(nil) }, hex: "00A4040000"),
        .init(
            source: "§11.9 SELECT next occurrence", command: { .select(try aid("A000000151"), isNext: true) },
            hex: "00A4040205A00000015100"),
        .init(
            source: "Amendment H MANAGE ELF UPGRADE [start]",
            command: { .startELFUpgrade(of: try aid("A00000000201")) },
            hex: "80EA01000AA1084F06A0000000020100"),
        .init(
            source: "Amendment H MANAGE ELF UPGRADE [resume]", command: { .manageELFUpgrade(.resume) },
            hex: "80EA020000"),
        .init(
            source: "Amendment H MANAGE ELF UPGRADE [status]", command: { .manageELFUpgrade(.status) },
            hex: "80EA080000"),
        .init(
            source: "§11.3 GET DATA, one-byte tag", command: { .getData(.keyInformationTemplate) },
            hex: "80CA00E000"),
        .init(source: "§11.3 GET DATA, two-byte tag", command: { .getData(0x9F7F) }, hex: "80CA9F7F00"),
        .init(
            source: "§11.3.2.2 list of applications", command: { .getData(.applicationList) },
            hex: "80CA2F00025C0000"),
        .init(
            source: "§11.4 GET STATUS, all", command: { .getStatus(.applications) }, hex: "80F24002024F0000"),
        .init(
            source: "§11.4 GET STATUS, next", command: { .getStatus(.loadFilesAndModules, isNext: true) },
            hex: "80F21003024F0000"),
        .init(
            source: "§11.4 GET STATUS, one AID",
            command: { .getStatus(.applications, matching: [0xA0, 0, 0, 0, 1]) },
            hex: "80F24002074F05A00000000100"),
        .init(
            source: "§11.2 DELETE with related",
            command: { .delete(try aid("A0000000620101"), withRelated: true) },
            hex: "80E40080094F07A000000062010100"),
        .init(
            source: "§11.2 DELETE with token",
            command: { .delete(try aid("A000000062"), withRelated: false, token: [0xAA, 0xBB]) },
            hex: "80E400000B4F05A0000000629E02AABB00"),
        .init(
            source: "§11.2.2.3.2 DELETE [key]", command: { .deleteKey(identifier: 1, version: 0x30) },
            hex: "80E4000006D00101D2013000"),
        .init(
            source: "§11.2.2.3.2 DELETE [key], a whole version",
            command: { .deleteKey(identifier: nil, version: 0x30) }, hex: "80E4000003D2013000"),
        .init(
            source: "§11.10 SET STATUS of the card", command: { .setStatus(card: .secured, issuer: nil) },
            hex: "80F0800F"),
        .init(
            source: "§11.10 SET STATUS, lock",
            command: { .setStatus(application: try aid("A000000062"), state: 0x80) },
            hex: "80F0408005A000000062"),
        .init(
            source: "§11.10 SET STATUS of a domain and what is in it",
            command: { .setStatus(domainAndApplications: try aid("A000000062"), state: 0x80) },
            hex: "80F0608005A000000062"),
        .init(source: "§11.7 MANAGE CHANNEL, open", command: { .openLogicalChannel }, hex: "0070000001"),
        .init(source: "§11.7 MANAGE CHANNEL, close", command: { .closeLogicalChannel(2) }, hex: "00708002"),
    ]

    @Test("have the bytes of their tables", arguments: rows)
    func bytes(_ row: Row) throws {
        #expect(try row.command().bytes.hex == row.hex)
    }

    @Test("STORE DATA numbers its blocks and marks the last (§11.11, table 11-85)")
    func storeData() {
        let plain = StoreData().commands(data: [1, 2, 3], blockBytesMax: 2)
        #expect(plain.map(\.bytes.hex) == ["80E20000020102", "80E280010103"])
        let answered = StoreData(format: .dgi, encryption: .all, expectsAnswer: true)
        #expect(answered.commands(blocks: [[0x70]]).map(\.bytes.hex) == ["80E2E900017000"])
        #expect(
            StoreData(format: .berTLV).commands(data: [], blockBytesMax: 9).map(\.bytes.hex) == ["80E29000"])
    }

    @Test("LOAD numbers its blocks, and no file has more than 256 (§11.6.2.2)")
    func load() {
        let commands = LoadCommand.commands(loadFile: [0xC4, 0x01, 0xFF], blockBytesMax: 2)
        #expect(commands?.map(\.bytes.hex) == ["80E8000002C40100", "80E8800101FF00"])
        #expect(LoadCommand.commands(loadFile: .init(repeating: 0, count: 257), blockBytesMax: 1) == nil)
        #expect(
            LoadCommand.commands(loadFile: .init(repeating: 0, count: 256), blockBytesMax: 1)?.count == 256)
        #expect(LoadCommand.commands(loadFile: [], blockBytesMax: 1) == nil)
    }
}

@Suite("INSTALL in all its forms (GPCS 2.3.1 §11.5)")
struct InstallCommandTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let source: String
        let command: @Sendable () throws -> InstallCommand
        let hex: String
        var testDescription: String { source }
    }

    static let rows: [Row] = [
        .init(
            source: "table 11-42, for load",
            command: {
                .load(.init(loadFile: try aid("A00000006203"), securityDomain: try aid("A000000151000000")))
            },
            hex: "80E602001306A0000000620308A00000015100000000000000"),
        .init(
            source: "table 11-42, with hash and parameters",
            command: {
                .load(
                    .init(
                        loadFile: try aid("A000000062"), securityDomain: nil, hash: [0xAB, 0xCD],
                        parameters: LoadParameters(nonVolatileCode: 1_024, volatileData: 16).encoded))
            }, hex: "80E602001605A0000000620002ABCD0AEF08C6020400C70200100000"),
        .init(
            source: "table 11-43, for install and make selectable",
            command: { .install(try install(), makeSelectable: true) },
            hex: "80E60C001A05A00000006206A0000000620106A00000006202010002C9000000"),
        .init(
            source: "table 11-43, for install only",
            command: { .install(try install(), makeSelectable: false) },
            hex: "80E604001A05A00000006206A0000000620106A00000006202010002C9000000"),
        .init(
            source: "table 11-44, for make selectable",
            command: { .makeSelectable(try aid("A000000062"), privileges: .cardReset, parameters: []) },
            hex: "80E608000C000005A0000000620104000000"),
        .init(
            source: "table 11-45, for extradition",
            command: { .extradite(try aid("A000000062"), to: try aid("A000000151")) },
            hex: "80E610001005A0000001510005A00000006200000000"),
        .init(
            source: "table 11-46, for registry update",
            command: {
                .registryUpdate(
                    .init(newDomain: nil, application: try aid("A000000062"), privileges: .globalLock))
            }, hex: "80E640000E000005A00000006203000800000000"),
        .init(
            source: "table 11-47, for personalization", command: { .personalize(try aid("A000000062")) },
            hex: "80E620000B000005A00000006200000000"),
        .init(
            source: "§11.5.2.2, the combined process begins",
            command: { .combinedBegin(.init(loadFile: try aid("A000000062"), securityDomain: nil)) },
            hex: "80E60E010A05A0000000620000000000"),
        .init(
            source: "§11.5.2.2, the combined process ends", command: { .combinedEnd(try install()) },
            hex: "80E60E031A05A00000006206A0000000620106A00000006202010002C9000000"),
    ]

    private static func install() throws -> InstallCommand.Install {
        .init(
            loadFile: try aid("A000000062"), module: try aid("A00000006201"),
            instance: try aid("A00000006202"))
    }

    @Test("has the bytes of its table", arguments: rows)
    func bytes(_ row: Row) throws {
        #expect(try row.command().command().bytes.hex == row.hex)
    }
}
