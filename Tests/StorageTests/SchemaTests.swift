import Centre
import Foundation
import Storage
import Testing

@Suite("Schemas")
struct SchemaTests {
    @Test("a new store gets every step, a second time nothing", arguments: Engine.allCases)
    func steps(_ engine: Engine) throws {
        try engine.with(nil) { store, again throws in
            #expect(try store.pendingSteps(of: Fixtures.schema) == [1, 2])
            #expect(try store.migrate(to: Schema([Fixtures.schema.migrations[0]])) == [1])
            #expect(try store.pendingSteps(of: Fixtures.schema) == [2])
            #expect(try again().migrate(to: Fixtures.schema) == [2])
            #expect(try store.migrate(to: Fixtures.schema) == [])
            #expect(try store.tables() == [Fixtures.parents, Fixtures.children, Fixtures.marks])
        }
    }

    @Test("nodes that start at the same moment do each step once", arguments: Engine.shared)
    func concurrentStart(_ engine: Engine) throws {
        try engine.with(nil) { _, again throws in
            let stores = try (0..<6).map { _ in try again() }
            onThreads(stores.count) { try stores[$0].migrate(to: Fixtures.schema) }
            let tables = try stores[0].tables()
            #expect(tables.map(\.name) == ["parents", "children", "marks"])
        }
    }

    @Test("a store that a newer program made is left alone", arguments: Engine.allCases)
    func newer(_ engine: Engine) throws {
        try engine.with { store, again throws in
            let older = Schema([Fixtures.schema.migrations[0]])
            let failure = StoreFailure.newerSchema(found: 2, known: 1)
            #expect(throws: failure) { try store.migrate(to: older) }
            #expect(throws: failure) { try store.pendingSteps(of: older) }
            #expect(try again().tables().count == 3)
        }
    }

    @Test("a step that was edited after it was done is found out", arguments: Engine.allCases)
    func edited(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            var migrations = Fixtures.schema.migrations
            migrations[1] = Migration(2, "marks", ["CREATE TABLE marks (mark BYTEA NOT NULL PRIMARY KEY)"])
            let edited = Schema(migrations)
            #expect {
                try store.migrate(to: edited)
            } throws: { error in
                guard case .damaged(let why)? = error as? StoreFailure else { return false }
                return why.contains("step 2")
            }
            try store.migrate(to: Fixtures.schema)
        }
    }

    @Test("a step that fails leaves nothing behind, nor do the steps before it", arguments: Engine.allCases)
    func failing(_ engine: Engine) throws {
        try engine.with(nil) { store, _ throws in
            let broken = Schema([
                Fixtures.schema.migrations[0],
                Migration(2, "broken", ["CREATE TABLE parents (id TEXT PRIMARY KEY)"]),
            ])
            #expect(throws: StoreFailure.self) { try store.migrate(to: broken) }
            #expect(try store.tables() == [])
            #expect(try store.migrate(to: Fixtures.schema) == [1, 2])
        }
    }

    @Test("every record says of its table what the schema says", arguments: Engine.allCases)
    func tables(_ engine: Engine) throws {
        try engine.with(.current) { store, _ throws in
            let tables = try store.tables()
            for record in StoredRecords.all {
                #expect(tables.first { $0.name == record.table.name } == record.table)
            }
            #expect(Set(tables.map(\.name)) == Set(StoredRecords.all.map { $0.table.name }))
            #expect(StoredRecords.all.count == tables.count, "a table has two records")
        }
    }

    @Test("an operation from before is read, without who asked for it", arguments: Engine.allCases)
    func askers(_ engine: Engine) throws {
        try engine.with(Schema(Array(Schema.current.migrations.prefix(3)))) { store, _ throws in
            let table = Centre.Operation.table
            let before = Table(
                table.name, key: Array(table.key), Array(table.columns.dropFirst(table.keyCount).dropLast()))
            var operation = Centre.Operation(
                id: try RequestID("old"), card: try CardID("0A"), wishes: [.renew], steps: [],
                requestedAt: Instant(milliseconds: 1), deadline: Instant(milliseconds: 2))
            try store.insert(before, Array(operation.row.dropLast()))
            try store.migrate(to: .current)
            let key = (StoredValue.word(operation.card), StoredValue.word(operation.id))
            #expect(try store.read { try $0.find(Centre.Operation.self, key: key.0, key.1) } == operation)
            operation.askedBy = "operator/olga"
            try store.put(table, operation.row)
            #expect(try store.read { try $0.find(Centre.Operation.self, key: key.0, key.1) } == operation)
        }
    }

    @Test("a table refers only to tables before it, so that rows can be copied table by table")
    func references() throws {
        let store = try SQLiteStore.inMemory()
        var seen: Set<String> = []
        for table in try store.tables() {
            for row in try store.perform("SELECT \"table\" FROM pragma_foreign_key_list('\(table.name)')") {
                guard case .text(let other)? = row.first else { continue }
                #expect(seen.contains(other), "\(table.name) refers to \(other)")
            }
            seen.insert(table.name)
        }
    }

    @Test("words are replaced, but not in quotes, comments or other words")
    func words() throws {
        try Engine.sqliteMemory.with { store, _ throws in
            try store.insert(Fixtures.parents, Fixtures.parent("a", note: "x"))
            let failure = store.failure {
                $0.change(.insert(Fixtures.parents, Fixtures.parent("b", note: "TEXT; BYTEA")))
            }
            #expect(failure != nil, "the schema's check compares with the words themselves")
        }
    }

    @Test("SQLite keeps a table's rows at their keys, but not long ones; and it holds on to types")
    func strict() throws {
        try Engine.sqliteMemory.with { store, _ throws in
            func sql(_ table: String) throws -> String {
                guard
                    case .text(let text)? = try store.perform(
                        "SELECT sql FROM sqlite_schema WHERE name = '\(table)'"
                    ).first?.first
                else { return "" }
                return text
            }
            #expect(try sql("parents").hasSuffix("STRICT, WITHOUT ROWID"))
            #expect(try sql("children").hasSuffix("STRICT"))
            #expect(
                store.failure {
                    $0.change(.insert(Fixtures.parents, [.text("a"), .text("much"), .null, .null]))
                } != nil)
        }
    }
}
