package import Centre

extension SQLiteStore {
    @discardableResult
    package func migrate(to schema: Schema) throws(StoreFailure) -> [Int] {
        try alone { connection throws(StoreFailure) in
            // Others who start at the same moment wait here, and find nothing left to do.
            try connection.control("BEGIN IMMEDIATE")
            do throws(StoreFailure) {
                let done = try Self.migrate(connection, to: schema)
                try connection.control("COMMIT")
                return done
            } catch {
                try? connection.control("ROLLBACK")
                throw error
            }
        }
    }

    private static func migrate(
        _ connection: SQLiteConnection, to schema: Schema
    ) throws(StoreFailure) -> [Int] {
        try connection.script(adapted(Schema.ledger))
        let pending = try schema.pending(after: Schema.steps(ledgerRows(connection)))
        for migration in pending {
            for statement in migration.statements { try connection.script(adapted(statement)) }
            try connection.run(Call(.insert(Schema.ledgerTable, Schema.ledgerRow(migration))))
        }
        try connection.script("PRAGMA application_id = \(SQLite.applicationID)")
        try connection.script("PRAGMA user_version = \(schema.version)")
        return pending.map(\.number)
    }

    package func pendingSteps(of schema: Schema) throws(StoreFailure) -> [Int] {
        let rows = try alone { connection throws(StoreFailure) -> [[StoredValue]] in
            let ledger = try connection.query(
                "SELECT 1 FROM sqlite_schema WHERE name = $1", [.text(Schema.ledgerName)])
            return ledger.isEmpty ? [] : try Self.ledgerRows(connection)
        }
        return try schema.pending(after: Schema.steps(rows)).map(\.number)
    }

    package func tables() throws(StoreFailure) -> [Table] {
        try alone { connection throws(StoreFailure) in
            let names = try connection.query(
                """
                SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
                    AND name <> '\(Schema.ledgerName)' ORDER BY rowid
                """)
            var tables: [Table] = []
            for case .text(let name) in names.compactMap(\.first) {
                tables.append(try Self.table(name, connection))
            }
            return tables
        }
    }

    @discardableResult
    package func perform(_ statement: String) throws(StoreFailure) -> [[StoredValue]] {
        try alone { connection throws(StoreFailure) in try connection.query(statement) }
    }

    package func flaws() throws(StoreFailure) -> [String] {
        try alone { connection throws(StoreFailure) in
            let pages = try connection.query("PRAGMA integrity_check").compactMap { row -> String? in
                guard case .text(let text)? = row.first, text != "ok" else { return nil }
                return text
            }
            let references = try connection.query("PRAGMA foreign_key_check").compactMap { row -> String? in
                guard row.count > 2, case .text(let table) = row[0], case .text(let parent) = row[2] else {
                    return nil
                }
                return "a row of \(table) refers to a row of \(parent) that is not there"
            }
            return pages + references
        }
    }

    private static func ledgerRows(_ connection: SQLiteConnection) throws(StoreFailure) -> [[StoredValue]] {
        try connection.rows(Call(select: Query(Schema.ledgerTable)))
    }

    /// Strict tables keep their types; without a row number beside it, the key is the place of a row. Only where rows
    /// are large, as files of programs are, is the key better kept apart.
    private static func adapted(_ statement: String) -> String {
        let text = SchemaText.replacing(["BIGINT": "INTEGER", "BYTEA": "BLOB"], in: statement)
        guard text.hasPrefix("CREATE TABLE") else { return text }
        return text + (statement.contains(Schema.largeRows) ? "\nSTRICT" : "\nSTRICT, WITHOUT ROWID")
    }

    private static func table(_ name: String, _ connection: SQLiteConnection) throws(StoreFailure) -> Table {
        let rows = try connection.query(
            "SELECT name, type, \"notnull\", pk FROM pragma_table_info($1) ORDER BY cid", [.text(name)])
        var key: [Table.Column] = []
        var others: [Table.Column] = []
        for row in rows {
            guard case .text(let column) = row[0], case .text(let type) = row[1],
                case .integer(let isRequired) = row[2], case .integer(let keyPlace) = row[3]
            else { continue }
            let plain: Table.Column =
                switch type {
                case "INTEGER": .integer(column)
                case "BLOB": .bytes(column)
                default: .text(column)
                }
            if keyPlace > 0 {
                key.append(plain)
            } else {
                others.append(isRequired == 1 ? plain : plain.optional)
            }
        }
        return Table(name, key: key, others)
    }
}

extension Schema {
    /// A comment in a table's SQL: its rows are longer than a few hundred bytes.
    package static let largeRows = "/* large rows */"
}
