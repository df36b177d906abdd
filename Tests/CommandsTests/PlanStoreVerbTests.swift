import Arguments
import CardCrypto
import Centre
import FoundationEssentials
import GlobalPlatform
import JSON
import SmartCard
import Storage
import TestSupport
import Testing
import VirtualCard

@testable import Commands

/// A store with a card that is nowhere near, and `berth plan --store` that meets it.
private final class PlanStoreBench: Sendable {
    static let card = "4790000000000001"
    let folder: String
    private let now = Instant(milliseconds: 1_795_255_216_000)

    init(free: Int = 600, life: Card.Life = .active) throws {
        folder = FileManager.default.temporaryDirectory.path + "/berth-plan-stores-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let store = try StoreAddress(folder + "/s.db").make()
        _ = try store.migrate(to: .current)
        let now = now
        try store.write { transaction in
            let act = Act(transaction, now: now, actor: .centre, entropy: SeededEntropy(seed: [1]))
            try Self.fillCatalogue(act)
            try Self.addCard(transaction, now: now, free: free, life: life)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static func fillCatalogue(_ act: Act) throws {
        for name in ["bank", "city"] {
            try act.registerProvider(
                ProviderID(name), name: name,
                limits: .init(roomPerCard: Room(nonVolatile: 1 << 20, volatile: 1 << 16), cardsMax: 1_000))
        }
        for example in [ExampleApplication.pass, .loans, .purse, .loyalty] {
            let provider = try ProviderID(example == .purse ? "bank" : "city")
            let application = try ApplicationID(example.rawValue)
            try act.registerApplication(application, name: example.rawValue, provider: provider)
            let imports = try (example.dependencies + [example]).map { try CAPImport($0.capFile) }
            for cap in imports { try act.keep(cap, for: provider) }
            for version in ["1.0", "1.1"] where version == "1.0" || example == .pass {
                let release = Release(
                    id: ReleaseID(application, try ReleaseVersion(version)),
                    loadFiles: imports.map(\.loadFile),
                    instances: [
                        .init(
                            aid: example.module, module: example.module, loadFile: example.loadFile,
                            declared: Room(nonVolatile: 256))
                    ], parking: .contract, permitsSnapshots: true)
                try act.draft(release)
                try act.publish(release.id)
            }
        }
        let euro = try #require(Currency("EUR"))
        try act.setTariff(
            for: ProviderID("city"), basis: .day, rate: 5_000_000, terms: .init(currency: euro))
    }

    private static func addCard(
        _ transaction: any Transaction, now: Instant, free: Int, life: Card.Life
    ) throws {
        let id = try CardID(card)
        transaction.insert(
            Card(
                id: id, profile: try ProfileName("small-16k"), issuerDomain: try AID(hex: "A000000151000000"),
                keySet: .init(masterKey: try MasterKeyName("m"), version: 1, channel: .scp03), life: life,
                registeredAt: now,
                inventory: .init(
                    readAt: now, free: Room(nonVolatile: free, volatile: 512),
                    digest: [UInt8](repeating: 7, count: 32))))
        for example in [ExampleApplication.pass, .loans] {
            let release = ReleaseID(try ApplicationID(example.rawValue), try ReleaseVersion("1.0"))
            for file in example.dependencies + [example] {
                transaction.insert(
                    InstalledLoadFile(
                        card: id, aid: file.loadFile, lifeCycle: 1,
                        digest: try CAPImport(file.capFile).loadFile.digest))
            }
            transaction.insert(
                InstalledApplication(
                    card: id, aid: example.module, lifeCycle: 7, loadFile: example.loadFile, release: release)
            )
        }
    }

    func plan(_ words: String) async -> (exit: ExitCode, output: String, json: JSONValue?) {
        let (output, errors) = (MemorySink(), MemorySink())
        let terminal = Terminal(
            output: output, errors: errors, input: ScriptedInput([], isTerminal: false),
            environment: Environment(["COLUMNS": "120"]), clock: ContinuousClock(), interrupts: .none)
        let opener = CardOpener(
            openFile: { _ in throw CardChannelError(.noCard, "no card may be opened") },
            openReader: { _, _ in throw CardChannelError(.noCard, "no reader may be opened") })
        let program = Program(
            "berth", "Test", version: "0", date: "2026-01-01",
            commands: [PlanCommand.verb(DeskProvider(opener), ManualClock(self.now))])
        let line = ["plan", "--store", folder + "/s.db"] + words.split(separator: " ").map(String.init)
        let exit = await program.run(line, on: terminal)
        let json = output.text.split(separator: "\n").first.flatMap { try? JSONValue(decoding: String($0)) }
        return (exit, output.text + errors.text, json)
    }
}

@Suite("berth plan --store")
struct PlanStoreVerbTests {
    private static let card = "--card " + PlanStoreBench.card

    @Test("plans from the registers, with fees, and opens no card", .mission(.b4), .mission(.point2))
    func leaves() async throws {
        let bench = try PlanStoreBench()
        let outcome = await bench.plan(Self.card + " --wish add:purse")
        #expect(outcome.exit == .success, "\(outcome.output)")
        for words in [
            "Memory now:", "Memory afterwards:", "Missing: ", " leaves, ", "park ", "load F0426572746802",
            "No other choice is cheaper.", "Keeping it costs 0.05 EUR a day.",
            "Custody costs 0.10 EUR a day.",
            "round trips",
        ] {
            #expect(outcome.output.contains(words), "\(words) in:\n\(outcome.output)")
        }
        let kept = await bench.plan(Self.card + " --wish add:purse --keep pass --keep loans")
        #expect(kept.exit == .noRoom, "\(kept.output)")
    }

    @Test(
        "every wish has its words",
        arguments: [
            ("add:purse", 8_000, ["load F0426572746802", "install F042657274680201", "Memory afterwards:"]),
            ("add:purse@1.0", 8_000, ["There is room enough"]),
            (
                "remove:pass", 600,
                ["pass@1.0 leaves", "You wished to remove it for good.", "delete instance"]
            ),
            ("park:pass", 600, ["park ", "You wished to park it.", "Custody costs 0.05 EUR a day."]),
            ("snapshot:pass", 600, ["copy the data of", "of pass@1.0"]),
            ("update:pass@1.1", 8_000, ["park ", "Its new release takes its place.", "bring the data of"]),
            ("reserve:bank:1024:F04265727468FF01", 8_000, ["make domain F04265727468FF01 for bank"]),
            ("renew", 8_000, ["There is nothing to do."]),
        ])
    func wishes(_ wish: String, free: Int, words: [String]) async throws {
        let outcome = await (try PlanStoreBench(free: free)).plan(Self.card + " --wish " + wish)
        #expect(outcome.exit == .success, "\(wish): \(outcome.output)")
        for words in words { #expect(outcome.output.contains(words), "\(words) in:\n\(outcome.output)") }
    }

    @Test("what its provider has vetoed stays, with the reason", .mission(.b4))
    func veto() async throws {
        let bench = try PlanStoreBench()
        try StoreAddress(bench.folder + "/s.db").open().write { transaction in
            let act = Act(
                transaction, now: Instant(milliseconds: 0), actor: .centre, entropy: SeededEntropy(seed: [2]))
            try act.veto(ApplicationID("pass"), reason: "it opens the gates")
        }
        let outcome = await bench.plan(Self.card + " --wish add:purse")
        #expect(outcome.exit == .noRoom, "\(outcome.output)")
        #expect(
            outcome.output.contains("pass stays, because its provider wants it: it opens the gates."),
            "\(outcome.output)")
    }

    @Test("a plan in JSON is for the card at its revision")
    func json() async throws {
        let outcome = await (try PlanStoreBench()).plan(Self.card + " --wish add:purse --json")
        let plan = try #require(outcome.json)
        #expect(plan["ground"]?["card"]?.stringValue == PlanStoreBench.card, "\(outcome.output)")
        #expect(plan["leaving"]?.arrayValue?.count == 2)
        #expect(plan["optimality"] != nil)
    }

    private static let refusalRows: [(String, ExitCode)] = [
        ("--wish add:purse", ExitCode.usage), ("--card none/such.card --wish add:purse", .usage),
        ("--card 99 --wish add:purse", .notFound), ("\(card) --wish add:nothing", .notFound),
        ("\(card) --wish release:bank", .notFound),
        ("\(card) --wish restore:99:F00102030405:1", .notFound),
        ("\(card) --wish add:pass", .alreadyExists), ("\(card) --wish reserve:bank:900000", .unsupported),
        ("\(card) --wish reserve:bank:900000:F04265727468FF01", .noRoom),
        ("\(card)", .usage),
    ]

    @Test("each refusal has the exit code of its class", arguments: refusalRows)
    func refusals(_ words: String, exit: ExitCode) async throws {
        let outcome = await (try PlanStoreBench()).plan(words)
        #expect(outcome.exit == exit, "\(words): \(outcome.output)")
    }

    @Test("a store that a newer program made is refused, and stays as it is, byte for byte")
    func newer() async throws {
        let bench = try PlanStoreBench()
        let path = bench.folder + "/s.db"
        do {
            let store = try SQLiteStore(.file(path), mode: .direct)
            try store.perform("INSERT INTO schema_steps VALUES (1000, 'later', '')")
        }
        let before = try Data(contentsOf: URL(filePath: path))
        let outcome = await bench.plan(Self.card + " --wish add:purse --json")
        #expect(outcome.exit == .configuration, "\(outcome.output)")
        #expect(outcome.json?["problem"]?["code"] == "store-newer", "\(outcome.output)")
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
    }

    @Test("a blocked card has no plan")
    func blocked() async throws {
        let bench = try PlanStoreBench(free: 8_000, life: .blocked(reason: "It was lost."))
        let outcome = await bench.plan(Self.card + " --wish add:purse")
        #expect(outcome.exit == .refused && outcome.output.contains("blocked"), "\(outcome.output)")
    }
}
