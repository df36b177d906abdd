import Centre
import Foundation
import Storage
import Testing

/// Every engine that must behave alike.
enum Engine: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case sqliteFile
    case sqliteMemory
    case sqliteOnTestDisk
    case postgreSQL

    var testDescription: String { rawValue }

    /// Those that many threads and several stores may share.
    static let shared: [Engine] = [.sqliteFile, .postgreSQL]

    /// An empty store with the given schema, and what opens the same once more; all of it is gone afterwards.
    func with(
        _ schema: Schema? = Fixtures.schema,
        _ body: (_ store: any Database, _ again: () throws -> any Database) throws -> Void
    ) throws {
        switch self {
        case .sqliteFile:
            try withFolder { folder throws in
                let open = { try SQLiteStore(.file(folder + "/store.db")) }
                try run(open(), schema) { try body($0, open) }
            }
        case .sqliteMemory:
            let store = try SQLiteStore(.memory, mode: .direct)
            try run(store, schema) { try body($0) { store } }
        case .sqliteOnTestDisk:
            let disk = FaultyDisk()
            let store = try SQLiteStore(.faulty(disk), mode: .direct)
            try run(store, schema) { try body($0) { store } }
        case .postgreSQL:
            try withPostgreSQL { address throws in
                let open = { try PostgreSQLStore(address) }
                try run(open(), schema) { try body($0, open) }
            }
        }
    }

    private func run(_ store: any Database, _ schema: Schema?, _ body: (any Database) throws -> Void) throws {
        if let schema { try store.migrate(to: schema) }
        try body(store)
    }
}

struct MissingServer: Error, CustomStringConvertible {
    let description =
        "no PostgreSQL: run the tests by scripts/test, or by scripts/private-postgresql -- swift test"
}

/// The address of an empty schema on the server that the test script started; without a server the test fails.
func withPostgreSQL(_ body: (_ address: String) throws -> Void) throws {
    guard let server = ProcessInfo.processInfo.environment["BERTH_TEST_POSTGRESQL"] else {
        throw MissingServer()
    }
    let administrator = try PostgreSQLStore(server)
    let name = "test_\(UInt64.random(in: 0...UInt64.max))"
    try administrator.perform("CREATE SCHEMA \(name)")
    defer { _ = try? administrator.perform("DROP SCHEMA \(name) CASCADE") }
    try body(server + "&options=-csearch_path%3D\(name)&application_name=\(name)")
}

func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "berth-store-\(UUID().uuidString)")
        .path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}

/// Runs the body on so many threads at once and waits for all; what they throw is recorded.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) {
    let group = DispatchGroup()
    for index in 0..<count {
        group.enter()
        Thread {
            defer { group.leave() }
            do { try body(index) } catch { Issue.record(error, "thread \(index)") }
        }.start()
    }
    group.wait()
}

extension Store {
    func insert(_ table: Table, _ row: [StoredValue]) throws { try write { $0.change(.insert(table, row)) } }
    func put(_ table: Table, _ row: [StoredValue]) throws { try write { $0.change(.put(table, row)) } }
    func remove(_ table: Table, _ key: [StoredValue]) throws {
        try write { $0.change(.remove(table, key: key)) }
    }
    func rows(_ query: Query) throws -> [[StoredValue]] { try read { try $0.ask([query])[0] } }
    func rows(_ table: Table) throws -> [[StoredValue]] { try rows(Query(table)) }

    /// What a write that must fail fails with.
    func failure(_ body: (any Transaction) throws -> Void) -> StoreFailure? {
        do {
            try write { try body($0) }
            return nil
        } catch {
            return error as? StoreFailure
        }
    }
}
