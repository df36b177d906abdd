internal import Centre

extension Backup {
    /// Takes a backup into a store: all of it in one transaction, or nothing.
    ///
    /// The file is read through before anything is touched. A store that has something in it is refused, unless that
    /// may be replaced.
    @discardableResult
    package static func restore(
        _ path: String, into store: any Database, schema: Schema = .current, replacing: Bool = false,
        progress: Progress = { _, _ in }
    ) throws -> Summary {
        let (summary, steps, tables) = try scan(path)
        let asNew = try prepare(store, for: steps, schema)
        guard try Set(store.tables()) == Set(tables) else {
            throw BackupFailure.otherSchema(backup: summary.schemaVersion, store: summary.schemaVersion)
        }
        try store.write { transaction in
            if !replacing { try refuseWhatIsThere(transaction, tables, besides: asNew) }
            try empty(transaction, tables)
            let reader = try BackupReader(path)
            while let (table, row) = try reader.next() {
                transaction.change(.insert(table, row))
                guard reader.rows.isMultiple(of: Query.rowsMax) else { continue }
                try transaction.flush()
                progress(reader.rows, summary.rows)
            }
            try transaction.flush()
        }
        progress(summary.rows, summary.rows)
        // An older backup is brought up to what this program has.
        try store.migrate(to: schema)
        return summary
    }

    /// Brings a new store to the step that the backup was made at; one that is elsewhere is left alone. Gives what a
    /// store holds that nobody has used yet.
    private static func prepare(
        _ store: any Database, for steps: [BackupStep], _ schema: Schema
    ) throws -> SQLiteStore {
        guard steps.count <= schema.version else {
            throw BackupFailure.newerSchema(found: steps.last?.number ?? 0, known: schema.version)
        }
        let pending: ArraySlice<Migration>
        do {
            pending = try schema.pending(after: steps.map { ($0.number, $0.checksum) })
        } catch {
            throw BackupFailure.damaged("the backup was made by another program: \(error)")
        }
        let target = Schema(Array(schema.migrations.dropLast(pending.count)))
        let missing = try store.pendingSteps(of: schema)
        if missing.count == schema.version {
            try store.migrate(to: target)
        } else if missing.count != pending.count {
            throw BackupFailure.otherSchema(backup: steps.count, store: schema.version - missing.count)
        }
        return try SQLiteStore.inMemory(target)
    }

    /// The schema puts a few rows into a new store by itself; whatever is more, or other, somebody wants to keep.
    private static func refuseWhatIsThere(
        _ transaction: any Transaction, _ tables: [Centre.Table], besides asNew: SQLiteStore
    ) throws {
        var rows = 0
        for table in tables {
            let expected = try asNew.read { try $0.ask([Query(table)])[0] }
            let count = try transaction.count(Query(table))
            let isAsNew = try count == expected.count && transaction.ask([Query(table)])[0] == expected
            if !isAsNew { rows += count }
        }
        guard rows == 0 else { throw BackupFailure.notEmpty(rows: rows) }
    }

    private static func empty(_ transaction: any Transaction, _ tables: [Centre.Table]) throws {
        // Who refers to others goes first.
        for table in tables.reversed() {
            try transaction.forEachRow(of: table) {
                transaction.change(.remove(table, key: Array($0.prefix(table.keyCount))))
            }
            try transaction.flush()
        }
    }
}
