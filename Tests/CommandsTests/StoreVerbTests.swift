import Arguments
import Centre
import FoundationEssentials
import JSON
import Storage
import Testing

@testable import Commands

@Suite("berth store")
struct StoreVerbTests {
    /// A folder for stores, and command lines of `berth store` that meet it.
    private final class Bench: Sendable {
        let folder: String

        init() throws {
            folder = FileManager.default.temporaryDirectory.path + "/berth-stores-" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        /// `@` stands for the folder.
        func run(_ line: String, variables: [String: String] = [:]) async -> (
            exit: ExitCode, json: JSONValue?, text: String
        ) {
            let output = MemorySink()
            let errors = MemorySink()
            let terminal = Terminal(
                output: output, errors: errors, input: ScriptedInput([]),
                environment: Environment(["COLUMNS": "200", "HOME": folder].merging(variables) { $1 }),
                clock: ContinuousClock(), interrupts: .none)
            let words = line.split(separator: " ").map { String($0).replacing("@", with: folder + "/") }
            let program = Program(
                "berth", "Test", version: "0", date: "2026-01-01",
                commands: [StoreCommands.noun(ManualClock(Instant(milliseconds: 0)))])
            let exit = await program.run(["store"] + words, on: terminal)
            return (exit, try? JSONValue(decoding: output.text), output.text + errors.text)
        }

        func code(_ line: String) async -> (ExitCode, String?) {
            let (exit, json, _) = await run(line + " --json")
            return (exit, json?["problem"]?["code"]?.stringValue)
        }
    }

    @Test("a store is made, checked, backed up and taken back")
    func story() async throws {
        let bench = try Bench()
        let made = await bench.run("migrate --store @a.db --json")
        #expect(made.exit == .success, "\(made.text)")
        #expect(made.json?["steps"]?.arrayValue?.count == Schema.current.version)
        #expect(await bench.run("migrate --store @a.db").text.contains("is up to date"))
        let check = await bench.run("check --store sqlite:@a.db --json")
        #expect(check.exit == .success, "\(check.text)")
        #expect(check.json?["sound"] == true)
        let backup = await bench.run("backup @a.backup --store @a.db --json")
        #expect(backup.exit == .success, "\(backup.text)")
        #expect(backup.json?["tables"]?.arrayValue?.isEmpty == false)
        let restored = await bench.run("restore @a.backup --store @b.db")
        #expect(restored.exit == .success, "\(restored.text)")
        #expect(await bench.run("check --store @b.db").text.contains("sound"))
    }

    @Test("refusals have their codes")
    func refusals() async throws {
        let bench = try Bench()
        #expect(await bench.code("check --store @none.db") == (.unavailable, "store-unreachable"))
        #expect(await bench.code("check --store mysql://h/d") == (.inputOutput, "store-failed"))
        try Data("something else, and long enough".utf8).write(to: URL(filePath: bench.folder + "/text"))
        #expect(await bench.code("check --store @text") == (.badData, "store-damaged"))
        #expect(await bench.code("restore @text --store @a.db") == (.badData, "backup-other"))
        #expect(await bench.run("migrate --store @a.db").exit == .success)
        #expect(await bench.run("backup @a.backup --store @a.db").exit == .success)
        #expect(await bench.code("backup @a.backup --store @a.db") == (.cannotCreate, "backup-exists"))
        #expect(await bench.run("backup @a.backup --force --store @a.db").exit == .success)
        #expect(await bench.code("restore @none.backup --store @b.db") == (.inputOutput, "backup-file"))
        let bytes = try Data(contentsOf: URL(filePath: bench.folder + "/a.backup"))
        try bytes.dropLast().write(to: URL(filePath: bench.folder + "/short.backup"))
        #expect(await bench.code("restore @short.backup --store @b.db") == (.badData, "backup-damaged"))
        try (bytes + bytes).write(to: URL(filePath: bench.folder + "/long.backup"))
        #expect(await bench.code("restore @long.backup --store @b.db") == (.badData, "backup-damaged"))
        let words = await bench.run("restore @long.backup --store @b.db").text
        #expect(words.contains("the backup is not whole") && words.contains("something behind the end"))
        let store = try SQLiteStore(.file(bench.folder + "/a.db"))
        try store.perform("INSERT INTO schema_steps VALUES (1000, 'later', '')")
        #expect(await bench.code("check --store @a.db") == (.configuration, "store-newer"))
        #expect(await bench.code("migrate --store @a.db") == (.configuration, "store-newer"))
    }

    @Test("a store with something in it is replaced only when that is said")
    func notEmpty() async throws {
        let bench = try Bench()
        #expect(await bench.run("migrate --store @a.db").exit == .success)
        #expect(await bench.run("backup @a.backup --store @a.db").exit == .success)
        // What the schema itself puts there is nobody's.
        #expect(await bench.run("restore @a.backup --store @a.db").exit == .success)
        let store = try SQLiteStore(.file(bench.folder + "/a.db"))
        let table = try #require(try store.tables().first { $0.name == "requests" })
        try store.write {
            $0.change(.insert(table, [.text("x"), .text("r"), .integer(0), .bytes([]), .bytes([])]))
        }
        #expect(await bench.code("restore @a.backup --store @a.db") == (.alreadyExists, "store-not-empty"))
        #expect(await bench.run("restore @a.backup --store @a.db --force").exit == .success)
        #expect(try store.read { try $0.count(Query(table)) } == 0)
    }

    @Test("a row that makes no sense is found, and the exit code says so")
    func unsound() async throws {
        let bench = try Bench()
        #expect(await bench.run("migrate --store @a.db").exit == .success)
        let store = try SQLiteStore(.file(bench.folder + "/a.db"))
        let table = try #require(try store.tables().first { $0.name == "requests" })
        try store.write {
            $0.change(
                .insert(table, [.text("x"), .text("not a request!"), .integer(0), .bytes([]), .bytes([])]))
        }
        #expect(await bench.code("check --store @a.db") == (.mismatch, "store-unsound"))
        #expect(await bench.run("check --store @a.db").text.contains("requests"))
    }

    @Test("without an address it is the store in the data folder, or the one that BERTH_STORE names")
    func places() async throws {
        let bench = try Bench()
        #expect(await bench.run("migrate").exit == .success)
        #expect(FileManager.default.fileExists(atPath: bench.folder + "/.local/share/berth/store.db"))
        let data = ["XDG_DATA_HOME": bench.folder + "/data"]
        #expect(await bench.run("migrate", variables: data).exit == .success)
        #expect(FileManager.default.fileExists(atPath: bench.folder + "/data/berth/store.db"))
        let named = ["BERTH_STORE": "sqlite:" + bench.folder + "/named.db"]
        #expect(await bench.run("migrate --dry-run", variables: named).exit == .unavailable)
        #expect(await bench.run("migrate", variables: named).exit == .success)
        #expect(FileManager.default.fileExists(atPath: bench.folder + "/named.db"))
    }
}
