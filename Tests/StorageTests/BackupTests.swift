import Centre
import Foundation
import Storage
import Testing

private typealias F = Fixtures

@Suite("Backups")
struct BackupTests {
    private func fill(_ store: any Store, parents: Int = 30) throws {
        try store.write { transaction in
            for number in 0..<parents {
                let data = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number * 7)
                let note = number.isMultiple(of: 4) ? nil : "note \(number) ä"
                transaction.change(
                    .insert(F.parents, F.parent("p\(number)", size: Int64(number), data: data, note: note)))
                transaction.change(.insert(F.children, F.child("p\(number)", -Int64(number), "")))
            }
            transaction.change(.insert(F.marks, [.bytes([]), .text("")]))
        }
    }

    private func contents(_ store: any Store) throws -> [[[StoredValue]]] {
        try store.read { try $0.ask([Query(F.parents), Query(F.children), Query(F.marks)]) }
    }

    @Test("of one engine are taken into any other, row for row", arguments: Engine.allCases, Engine.allCases)
    func everyWay(_ from: Engine, _ to: Engine) throws {
        try withFolder { folder in
            let path = folder + "/a.backup"
            var kept: [[[StoredValue]]] = []
            try from.with { store, _ throws in
                try fill(store)
                kept = try contents(store)
                let summary = try Backup.write(store, to: path)
                #expect(summary.rows == 61)
                #expect(summary.schemaVersion == 2)
                #expect(summary.tables.map(\.rows) == [30, 30, 1])
            }
            #expect(try Backup.verify(path).rows == 61)
            try to.with(nil) { store, _ throws in
                let summary = try Backup.restore(path, into: store, schema: F.schema)
                #expect(summary.rows == 61)
                let found = try contents(store)
                #expect(found == kept)
                #expect(try store.pendingSteps(of: F.schema) == [])
            }
        }
    }

    @Test("of more rows than a page, with progress to its end", arguments: Engine.shared)
    func large(_ engine: Engine) throws {
        try withFolder { folder in
            try engine.with { store, _ throws in
                try fill(store, parents: 1_250)
                var last = (0, 0)
                try Backup.write(store, to: folder + "/a.backup") { last = ($0, $1) }
                #expect(last == (2_501, 2_501))
                let other = try SQLiteStore(.memory, mode: .direct)
                try Backup.restore(folder + "/a.backup", into: other, schema: F.schema) { last = ($0, $1) }
                #expect(last == (2_501, 2_501))
                #expect(try other.read { try $0.count(Query(F.children)) } == 1_250)
            }
        }
    }

    @Test("made while others write hold one moment", arguments: Engine.shared)
    func consistent(_ engine: Engine) throws {
        try withFolder { folder in
            try engine.with { store, _ throws in
                for name in ["a", "b"] { try store.insert(F.parents, F.parent(name, size: 5_000)) }
                let rounds = 40
                onThreads(3) { index in
                    if index == 0 {
                        for round in 0..<5 { try Backup.write(store, to: folder + "/\(round).backup") }
                        return
                    }
                    for round in 0..<rounds {
                        try store.write { transaction in
                            let rows = try transaction.ask([
                                Query(F.parents, key: [.text("a")]), Query(F.parents, key: [.text("b")]),
                            ])
                            guard case .integer(let one) = rows[0][0][1],
                                case .integer(let other) = rows[1][0][1]
                            else { return }
                            transaction.change(.put(F.parents, F.parent("a", size: one - 1)))
                            transaction.change(.put(F.parents, F.parent("b", size: other + 1)))
                            transaction.change(.insert(F.parents, F.parent("t\(index)-\(round)")))
                        }
                    }
                }
                for round in 0..<5 {
                    let restored = try SQLiteStore(.memory, mode: .direct)
                    try Backup.restore(folder + "/\(round).backup", into: restored, schema: F.schema)
                    let rows = try restored.rows(F.parents)
                    let sizes = rows.compactMap { if case .integer(let size) = $0[1] { size } else { nil } }
                    // Each transaction moved one and left one row: so many moved as rows were added.
                    #expect(sizes.reduce(0, +) == 10_000)
                    #expect(sizes[0] == 5_000 - Int64(rows.count - 2))
                }
            }
        }
    }

    @Test("cut off anywhere, or with any byte changed, are refused, and the store is as it was")
    func damaged() throws {
        try withFolder { folder in
            let path = folder + "/a.backup"
            let store = try SQLiteStore.inMemory(F.schema)
            try store.insert(F.parents, F.parent("a", data: [1, 2, 3], note: "x"))
            try Backup.write(store, to: path)
            let bytes = try Data(contentsOf: URL(filePath: path))
            let target = try SQLiteStore.inMemory(F.schema)
            for count in 0..<bytes.count {
                try bytes.prefix(count).write(to: URL(filePath: path))
                #expect(throws: BackupFailure.self) {
                    try Backup.restore(path, into: target, schema: F.schema)
                }
            }
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= 0x10
                try changed.write(to: URL(filePath: path))
                #expect(throws: BackupFailure.self) {
                    try Backup.restore(path, into: target, schema: F.schema)
                }
            }
            // One byte, text, and a whole backup.
            let said = BackupFailure.damaged("\(path), byte \(bytes.count): something behind the end")
            for rest in [Data([0]), Data("more".utf8), bytes] {
                try (bytes + rest).write(to: URL(filePath: path))
                #expect(throws: said) { try Backup.verify(path) }
                #expect(throws: said) { try Backup.restore(path, into: target, schema: F.schema) }
            }
            #expect(try target.rows(F.parents).isEmpty)
            try bytes.write(to: URL(filePath: path))
            #expect(try Backup.verify(path).rows == 1)
        }
    }

    @Test(
        "are refused by a store that has something in it, unless it may be replaced",
        arguments: Engine.allCases)
    func notEmpty(_ engine: Engine) throws {
        try withFolder { folder in
            let path = folder + "/a.backup"
            let source = try SQLiteStore.inMemory(F.schema)
            try fill(source)
            try Backup.write(source, to: path)
            try engine.with { store, _ throws in
                try store.insert(F.parents, F.parent("mine"))
                try store.insert(F.children, F.child("mine", 1, ""))
                #expect(throws: BackupFailure.notEmpty(rows: 2)) {
                    try Backup.restore(path, into: store, schema: F.schema)
                }
                #expect(try store.rows(F.parents) == [F.parent("mine")])
                try Backup.restore(path, into: store, schema: F.schema, replacing: true)
                let found = try contents(store)
                let kept = try contents(source)
                #expect(found == kept)
            }
        }
    }

    @Test("of an older program are brought up to date, of a newer one refused", arguments: Engine.allCases)
    func otherSteps(_ engine: Engine) throws {
        try withFolder { folder in
            let path = folder + "/a.backup"
            let older = Schema([F.schema.migrations[0]])
            let source = try SQLiteStore.inMemory(older)
            try source.insert(F.parents, F.parent("a"))
            try Backup.write(source, to: path)
            try engine.with(nil) { store, _ throws in
                try Backup.restore(path, into: store, schema: F.schema)
                let tables = try store.tables()
                #expect(tables.count == 3)
                #expect(try store.rows(F.parents).count == 1)
                #expect(throws: BackupFailure.otherSchema(backup: 1, store: 2)) {
                    try Backup.restore(path, into: store, schema: F.schema, replacing: true)
                }
                try Backup.write(store, to: folder + "/b.backup")
            }
            let old = try SQLiteStore(.memory, mode: .direct)
            #expect(throws: BackupFailure.newerSchema(found: 2, known: 1)) {
                try Backup.restore(folder + "/b.backup", into: old, schema: older)
            }
        }
    }

    @Test("replace no file by mistake, and leave nothing half-made")
    func files() throws {
        try withFolder { folder in
            let path = folder + "/a.backup"
            let store = try SQLiteStore.inMemory(F.schema)
            try Backup.write(store, to: path)
            #expect(throws: BackupFailure.exists(path)) { try Backup.write(store, to: path) }
            try Backup.write(store, to: path, replacing: true)
            #expect(throws: BackupFailure.self) { try Backup.write(store, to: folder + "/none/a.backup") }
            #expect(throws: BackupFailure.self) { try Backup.verify(folder + "/none.backup") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.backup"])
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test("begin as they always did, so that those of today can be read tomorrow")
    func format() throws {
        try withFolder { folder in
            let store = try SQLiteStore.inMemory(
                Schema([Migration(1, "x", ["CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b BIGINT)"])]))
            let table = Table("t", key: [.text("a")], [.integer("b").optional])
            try store.insert(table, [.text("k"), .integer(258)])
            try Backup.write(store, to: folder + "/a.backup")
            let bytes = Array(try Data(contentsOf: URL(filePath: folder + "/a.backup")))
            #expect(Array(bytes.prefix(21)) == Array("berth store backup 1\n".utf8))
            // Length and digest of the first block, then the schema: one step, its number, its checksum as 64 digits.
            let block = Array(bytes[(21 + 4 + 32)...])
            #expect(Array(block.prefix(17)) == [0x53, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 64])
            let rest = Array(block[(17 + 64)...])
            let rows: [UInt8] =
                [0x54, 0, 0, 0, 1, 0x74, 0, 0, 0, 1, 0, 0, 0, 2, 2, 0, 0, 0, 1, 0x61, 0x81, 0, 0, 0, 1, 0x62]
                + [0x52, 2, 0, 0, 0, 1, 0x6B, 1, 0, 0, 0, 0, 0, 0, 1, 2] + [0x45, 0, 0, 0, 0, 0, 0, 0, 1]
            #expect(Array(rest.prefix(rows.count)) == rows)
        }
    }
}

@Suite("The check of a store")
struct StoreCheckTests {
    @Test("a store that is as it should be is sound", arguments: Engine.allCases)
    func sound(_ engine: Engine) throws {
        try engine.with(.current) { store, _ throws in
            let report = try StoreCheck.run(store)
            #expect(report.isSound, "\(report)")
            #expect(report.parts.map(\.name).contains("audit chains"))
        }
    }

    @Test("rows that make no sense are named, and others still read", arguments: Engine.allCases)
    func rows(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            for (name, size) in [("a", 1), ("odd", 13), ("z", 2)] {
                try store.insert(F.parents, F.parent(name, size: Int64(size)))
            }
            let report = try StoreCheck.run(store, schema: F.schema, records: [ParentRecord.self], checks: [])
            #expect(!report.isSound)
            #expect(report.rows == 3)
            #expect(report.parts.last?.findings == ["row (odd): size is unlucky"])
        }
    }

    @Test("missing steps and other columns are found before rows are read", arguments: Engine.allCases)
    func schema(_ engine: Engine) throws {
        try engine.with(nil) { store, _ throws in
            let empty = try StoreCheck.run(store, schema: F.schema, records: [ParentRecord.self], checks: [])
            #expect(!empty.isSound)
            try store.migrate(to: Schema([F.schema.migrations[0]]))
            let older = try StoreCheck.run(store, schema: F.schema, records: [ParentRecord.self], checks: [])
            #expect(older.parts[1].findings == ["step 2 of the schema is not done yet"])
            try store.migrate(to: F.schema)
            try store.perform("ALTER TABLE parents ADD COLUMN more TEXT")
            let other = try StoreCheck.run(store, schema: F.schema, records: [ParentRecord.self], checks: [])
            #expect(other.parts[1].findings == ["the table parents has other columns than it should"])
        }
    }

    @Test("what must hold beyond single rows is asked as well", arguments: Engine.allCases)
    func registered(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            let check = StoreCheck("parents have children") { transaction in
                let parents = try transaction.count(Query(F.parents))
                return parents == 0 ? [] : ["\(parents) have none"]
            }
            func findings() throws -> [String]? {
                try StoreCheck.run(store, schema: F.schema, records: [], checks: [check]).parts.last?.findings
            }
            #expect(try findings() == [])
            try store.insert(F.parents, F.parent("a"))
            #expect(try findings() == ["1 have none"])
        }
    }
}
