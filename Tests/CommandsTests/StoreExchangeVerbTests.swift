import Arguments
import CardCrypto
import Centre
import FoundationEssentials
import JSON
import Storage
import Testing
import VirtualCard

@testable import Commands

/// A folder with a store and files, and command lines of `berth store` that meet them.
private final class ExchangeBench: Sendable {
    static let header = "id,profile,issuer-domain,master-key,key-version,channel\n"
    let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/berth-exchange-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["a.db", "b.db"] {
            try StoreAddress(folder + "/" + name).make().migrate(to: .current)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: folder + "/" + name))
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: folder + "/" + name)), as: UTF8.self)
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder + "/" + name) }

    static func row(_ number: Int) -> String {
        "4790\(10 + number),javacard-80k,A000000151000000,batch,48,scp03\n"
    }

    func cards(in store: String = "a.db") throws -> [Card] {
        try StoreAddress(folder + "/" + store).open().read { try $0.all(Card.self, Query(Card.table)) }
    }

    /// `@` stands for the folder.
    func run(_ line: String) async -> (exit: ExitCode, text: String, json: JSONValue?) {
        let (output, errors) = (MemorySink(), MemorySink())
        let terminal = Terminal(
            output: output, errors: errors, input: ScriptedInput([]),
            environment: Environment(["COLUMNS": "200", "HOME": folder]), clock: ContinuousClock(),
            interrupts: .none)
        let words = line.split(separator: " ").map { String($0).replacing("@", with: folder + "/") }
        let program = Program(
            "berth", "Test", version: "0", date: "2026-01-01",
            commands: [StoreCommands.noun(ManualClock(Instant(milliseconds: 1_795_000_000_000)))])
        let exit = await program.run(["store"] + words, on: terminal)
        return (exit, output.text + errors.text, try? JSONValue(decoding: output.text))
    }
}

@Suite("berth store import, export and tidy")
struct StoreExchangeVerbTests {
    @Test("bad rows are told by line and all others are taken; mended, only they are new")
    func badRows() async throws {
        let bench = try ExchangeBench()
        let good = (0..<3).map(ExchangeBench.row)
        try bench.write(
            ExchangeBench.header + good[0] + "4790AA,javacard-80k,A000000151000000,batch,48,scp04\n" + good[1]
                + "4790AB,,A000000151000000,batch,48,scp03\n" + good[2], to: "cards.csv")
        let outcome = await bench.run("import cards @cards.csv --store @a.db")
        #expect(outcome.exit == .badData, "\(outcome.text)")
        #expect(outcome.text.contains("3 cards are new"), "\(outcome.text)")
        #expect(outcome.text.contains("line 3: channel is neither scp02 nor scp03."), "\(outcome.text)")
        #expect(outcome.text.contains("line 5: "), "\(outcome.text)")
        #expect(try bench.cards().map(\.id.text) == ["479010", "479011", "479012"])
        #expect(!bench.exists("cards.csv.progress"))
        try bench.write(ExchangeBench.header + good.joined() + ExchangeBench.row(3), to: "cards.csv")
        let mended = await bench.run("import cards @cards.csv --store @a.db --json")
        #expect(mended.exit == .success, "\(mended.text)")
        #expect(mended.json?["added"]?.integerValue == 1 && mended.json?["unchanged"]?.integerValue == 3)
    }

    @Test("a trial keeps nothing, and says what would be")
    func trial() async throws {
        let bench = try ExchangeBench()
        try bench.write(ExchangeBench.header + ExchangeBench.row(0), to: "cards.csv")
        let outcome = await bench.run("import cards @cards.csv --store @a.db --dry-run --json")
        #expect(outcome.exit == .success, "\(outcome.text)")
        #expect(outcome.json?["added"]?.integerValue == 1 && outcome.json?["kept"] == false)
        #expect(try bench.cards().isEmpty)
    }

    @Test("an import that was broken off goes on after the line that its note names")
    func resumption() async throws {
        let bench = try ExchangeBench()
        let text = ExchangeBench.header + (0..<6).map(ExchangeBench.row).joined()
        try bench.write(text, to: "cards.csv")
        let place = try StoreAddress(bench.folder + "/a.db").open().place
        let subject = "cards into \(place), \(text.utf8.count) bytes"
        func note(_ subject: String) throws {
            try bench.write(
                JSONValue.object(["of": .string(subject), "line": .count(4)]).text, to: "cards.csv.progress")
        }
        try note(subject)
        let outcome = await bench.run("import cards @cards.csv --store @a.db --json")
        #expect(outcome.exit == .success, "\(outcome.text)")
        #expect(outcome.json?["continuedAfterLine"]?.integerValue == 4, "\(outcome.text)")
        #expect(try bench.cards().map(\.id.text) == ["479013", "479014", "479015"])
        #expect(!bench.exists("cards.csv.progress"))
        // A note about another store is not believed.
        try note(subject)
        let other = await bench.run("import cards @cards.csv --store @b.db --json")
        #expect(other.json?["continuedAfterLine"]?.integerValue == 0, "\(other.text)")
        #expect(try bench.cards(in: "b.db").count == 6)
    }

    @Test("what is exported comes back the same, in both forms", arguments: ["csv", "json"])
    func roundTrip(_ format: String) async throws {
        let bench = try ExchangeBench()
        try bench.write(ExchangeBench.header + (0..<20).map(ExchangeBench.row).joined(), to: "cards.csv")
        try bench.write(
            "number,name,birth-date\nH1,\"Ada, \"\"the first\"\"\",1990-02-28\n", to: "holders.csv")
        for kind in ["holders", "cards"] {
            let taken = await bench.run("import \(kind) @\(kind).csv --store @a.db")
            #expect(taken.exit == .success, "\(taken.text)")
        }
        for kind in ["holders", "cards"] {
            let given = await bench.run("export \(kind) @out-\(kind).\(format) --store @a.db")
            #expect(given.exit == .success, "\(given.text)")
            let taken = await bench.run("import \(kind) @out-\(kind).\(format) --store @b.db")
            #expect(taken.exit == .success, "\(taken.text)")
            let again = await bench.run("export \(kind) @again-\(kind).\(format) --store @b.db")
            #expect(again.exit == .success, "\(again.text)")
            #expect(try bench.read("out-\(kind).\(format)") == bench.read("again-\(kind).\(format)"))
        }
        #expect(try bench.cards().count == 20 && bench.cards(in: "b.db").count == 20)
    }

    /// A folder of applications as somebody would write it, beside tariffs for them.
    private static func fillTariffs(_ bench: ExchangeBench) throws {
        for name in ["a.db", "b.db"] {
            try StoreAddress(bench.folder + "/" + name).open().write { transaction in
                let act = Act(
                    transaction, now: Instant(milliseconds: 1_795_000_000_000), actor: .centre,
                    entropy: SeededEntropy(seed: [1]))
                try act.registerProvider(
                    ProviderID("city"), name: "City",
                    limits: .init(roomPerCard: Room(nonVolatile: 1 << 20, volatile: 1 << 16), cardsMax: 10))
            }
        }
        let manifest = """
            {"provider": "city", "applications": [
              {"id": "purse", "name": "Purse", "releases": [
                {"version": "1.0", "files": ["purse.cap"], "parking": "contract", "profiles": ["javacard-80k"],
                 "personalisation": ["8001020304"]}]},
              {"id": "loyalty", "name": "Points", "releases": [
                {"version": "2.0", "files": ["library.cap", "loyalty.cap"], "parking": "never",
                 "reason": "A trial.", "life": "draft"}]}]}
            """
        try FileManager.default.createDirectory(
            atPath: bench.folder + "/city", withIntermediateDirectories: true)
        try bench.write(manifest, to: "city/manifest.json")
        for example in [ExampleApplication.purse, .library, .loyalty] {
            try Data(example.capFile).write(
                to: URL(filePath: bench.folder + "/city/\(example.rawValue).cap"))
        }
        try bench.write(
            "provider,application,basis,rate,currency,free-days,minimum,cap,valid-from\n"
                + "city,,day,5000000,EUR,3,10,500,1795255216000\n"
                + "city,purse,kilobyte-day,250000,EUR,,,,1795255217000\n", to: "tariffs.csv")
    }

    @Test("applications and tariffs that are exported come back the same", arguments: ["csv", "json"])
    func catalogueRoundTrip(_ format: String) async throws {
        let bench = try ExchangeBench()
        try Self.fillTariffs(bench)
        func must(_ line: String) async -> JSONValue? {
            let outcome = await bench.run(line + " --json")
            #expect(outcome.exit == .success, "\(line): \(outcome.text)")
            return outcome.json
        }
        _ = await must("import applications @city --store @a.db")
        _ = await must("import tariffs @tariffs.csv --store @a.db")
        for (from, to) in [("a.db", "b.db"), ("b.db", "b.db")] {
            _ = await must("export applications @out-\(from) --provider city --store @\(from)")
            _ = await must("export tariffs @out-\(from).\(format) --store @\(from)")
            _ = await must("import applications @out-\(from) --store @\(to)")
            let tariffs = await must("import tariffs @out-\(from).\(format) --store @\(to)")
            #expect(tariffs?["added"]?.integerValue == (to == from ? 0 : 2))
        }
        #expect(try bench.read("out-a.db.\(format)") == bench.read("out-b.db.\(format)"))
        let files = try FileManager.default.contentsOfDirectory(atPath: bench.folder + "/out-a.db")
        #expect(files.count == 4)
        for file in files {
            #expect(
                FileManager.default.contentsEqual(
                    atPath: bench.folder + "/out-a.db/" + file, andPath: bench.folder + "/out-b.db/" + file),
                "\(file)")
        }
        func rows<Row: Record>(_ row: Row.Type, _ store: String) throws -> [Row] {
            try StoreAddress(bench.folder + "/" + store).open().read {
                try $0.all(Row.self, Query(Row.table))
            }
        }
        #expect(try rows(Release.self, "a.db") == rows(Release.self, "b.db"))
        #expect(try rows(Release.self, "b.db").map(\.personalisation) == [[], [[0x80, 1, 2, 3, 4]]])
        #expect(try rows(Application.self, "a.db") == rows(Application.self, "b.db"))
        #expect(try rows(Tariff.self, "a.db") == rows(Tariff.self, "b.db"))
        #expect(try rows(Tariff.self, "b.db").count == 2)
    }

    @Test("what cannot be begun says so, each with its own exit code")
    func refusals() async throws {
        let bench = try ExchangeBench()
        try bench.write("id,colour\nx,red\n", to: "cards.csv")
        let columns = await bench.run("import cards @cards.csv --store @a.db")
        #expect(columns.exit == .badData && columns.text.contains("colour"), "\(columns.text)")
        #expect(await bench.run("import cards @none.csv --store @a.db").exit == .noInput)
        #expect(await bench.run("import cards @cards.txt --store @a.db").exit == .usage)
        #expect(await bench.run("export applications @out --store @a.db").exit == .usage)
        let tariffs = await bench.run("export tariffs @t.csv --provider city --store @a.db")
        #expect(tariffs.exit == .usage && !bench.exists("t.csv"), "\(tariffs.text)")
        #expect(await bench.run("export applications @out --provider nobody --store @a.db").exit == .notFound)
        try bench.write("{}", to: "manifest.json")
        let folder = await bench.run("import applications @ --store @a.db")
        #expect(folder.exit == .badData, "\(folder.text)")
    }

    @Test("a store that a newer program made is refused by all of them, and stays as it is, byte for byte")
    func newer() async throws {
        let bench = try ExchangeBench()
        try bench.write(ExchangeBench.header + ExchangeBench.row(0), to: "cards.csv")
        let path = bench.folder + "/a.db"
        do {
            let store = try SQLiteStore(.file(path), mode: .direct)
            try store.perform("INSERT INTO schema_steps VALUES (1000, 'later', '')")
        }
        // Whoever closes it last leaves nothing beside it.
        #expect(!bench.exists("a.db-wal"))
        let before = try Data(contentsOf: URL(filePath: path))
        for line in [
            "import cards @cards.csv", "import cards @cards.csv --dry-run", "import applications @city",
            "export cards @out.csv", "export applications @out --provider city", "tidy", "tidy --dry-run",
        ] {
            let outcome = await bench.run(line + " --store @a.db --json")
            #expect(outcome.exit == .configuration, "\(line): \(outcome.text)")
            #expect(outcome.json?["problem"]?["code"] == "store-newer", "\(line): \(outcome.text)")
            #expect(try Data(contentsOf: URL(filePath: path)) == before, "\(line)")
        }
        #expect(!bench.exists("out.csv") && !bench.exists("out") && !bench.exists("cards.csv.progress"))
        // Of an older one, what to do is told.
        _ = try StoreAddress(bench.folder + "/old.db").make()
        let older = await bench.run("import cards @cards.csv --store @old.db")
        #expect(older.exit == .configuration, "\(older.text)")
        #expect(older.text.contains("berth store migrate"), "\(older.text)")
    }

    @Test("load files that no release names are forgotten, and only when it is no trial")
    func tidy() async throws {
        let bench = try ExchangeBench()
        #expect(await bench.run("tidy --store @a.db").text.contains("Every load file is named by a release."))
        let store = try StoreAddress(bench.folder + "/a.db").open()
        try store.write { transaction in
            let act = Act(
                transaction, now: Instant(milliseconds: 0), actor: .centre,
                entropy: SeededEntropy(seed: [1]))
            try act.registerProvider(
                ProviderID("city"), name: "City",
                limits: .init(roomPerCard: Room(nonVolatile: 1 << 20, volatile: 1 << 16), cardsMax: 10))
            try act.keep(CAPImport(ExampleApplication.pass.capFile), for: ProviderID("city"))
        }
        let trial = await bench.run("tidy --store @a.db --dry-run --json")
        #expect(trial.json?["unused"]?.integerValue == 1 && trial.json?["forgotten"]?.integerValue == 0)
        let done = await bench.run("tidy --store @a.db --json")
        #expect(done.json?["forgotten"]?.integerValue == 1, "\(done.text)")
        #expect(try store.read { try $0.all(KeptLoadFile.self, Query(KeptLoadFile.table)) }.isEmpty)
    }
}
