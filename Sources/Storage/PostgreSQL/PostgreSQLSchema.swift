package import Centre

extension PostgreSQLStore {
    /// Any number will do, as long as every node takes the same: "BRTH".
    private static let migrationLock: Int64 = 0x4252_5448
    /// The large tables whose rows change with every visit. Pages that are filled to the brim by an import have no room
    /// for a row's next version: it goes to another page, and every index is told (PostgreSQL, "Heap-Only Tuples").
    private static let changing = ["cards", "card_applications"]

    @discardableResult
    package func migrate(to schema: Schema) throws(StoreFailure) -> [Int] {
        let outcome = try alone { connection throws(PostgreSQLFailure) -> Result<[Int], StoreFailure> in
            // Others who start at the same moment wait here, and find nothing left to do.
            _ = try connection.trip([
                .control("BEGIN"), .once("SET LOCAL lock_timeout = 0"),
                .once("SELECT pg_advisory_xact_lock($1)", [.integer(Self.migrationLock)]),
            ])
            let ledger = try connection.trip([
                .once(Self.adapted(Schema.ledger)), .call(Call(select: Query(Schema.ledgerTable))),
            ])[1]
            let pending: ArraySlice<Migration>
            switch Self.pending(schema, ledger) {
            case .failure(let failure):
                _ = try connection.trip([.control("ROLLBACK")])
                return .failure(failure)
            case .success(let found): pending = found
            }
            // Those who change rows meanwhile end first; otherwise they and the schema could wait for each other.
            if !pending.isEmpty {
                _ = try connection.trip([
                    .control("LOCK TABLE \(Schema.ledgerName) IN SHARE ROW EXCLUSIVE MODE")
                ])
            }
            for migration in pending {
                _ = try connection.trip(
                    migration.statements.map { .once(Self.adapted($0)) }
                        + [.call(Call(.insert(Schema.ledgerTable, Schema.ledgerRow(migration))))])
            }
            if !pending.isEmpty {
                _ = try connection.trip(
                    Self.changing.map { .once("ALTER TABLE IF EXISTS \($0) SET (fillfactor = 85)") })
            }
            _ = try connection.trip([.control("COMMIT")])
            return .success(pending.map(\.number))
        }
        return try outcome.get()
    }

    package func pendingSteps(of schema: Schema) throws(StoreFailure) -> [Int] {
        let rows = try alone { connection throws(PostgreSQLFailure) -> [[StoredValue]] in
            let ledger = try connection.trip([
                .once(
                    "SELECT 1::bigint FROM pg_class WHERE relkind = 'r' AND relname = $1 AND relnamespace = current_schema()::regnamespace",
                    [.text(Schema.ledgerName)])
            ])[0]
            return ledger.isEmpty
                ? [] : try connection.trip([.call(Call(select: Query(Schema.ledgerTable)))])[0]
        }
        return try Self.pending(schema, rows).get().map(\.number)
    }

    private static func pending(
        _ schema: Schema, _ rows: [[StoredValue]]
    ) -> Result<ArraySlice<Migration>, StoreFailure> {
        Result { () throws(StoreFailure) in try schema.pending(after: Schema.steps(rows)) }
    }

    package func tables() throws(StoreFailure) -> [Table] {
        let rows = try alone { connection throws(PostgreSQLFailure) in
            try connection.trip([
                .once(
                    """
                    SELECT c.relname::text, a.attname::text, t.typname::text,
                        a.attnotnull::int::bigint, coalesce(a.attnum = ANY (i.indkey), false)::int::bigint
                    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                        AND NOT a.attisdropped
                        JOIN pg_type t ON t.oid = a.atttypid
                        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
                    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
                        AND c.relname <> $1
                    ORDER BY c.oid, a.attnum
                    """, [.text(Schema.ledgerName)])
            ])[0]
        }
        var names: [String] = []
        var columns: [String: (key: [Table.Column], others: [Table.Column])] = [:]
        for row in rows {
            guard case .text(let table) = row[0], case .text(let name) = row[1], case .text(let type) = row[2]
            else { continue }
            if names.last != table { names.append(table) }
            let column: Table.Column =
                switch type {
                case "int8": .integer(name)
                case "bytea": .bytes(name)
                default: .text(name)
                }
            if row[4] == .integer(1) {
                columns[table, default: ([], [])].key.append(column)
            } else {
                columns[table, default: ([], [])].others.append(
                    row[3] == .integer(1) ? column : column.optional)
            }
        }
        return names.map { Table($0, key: columns[$0]?.key ?? [], columns[$0]?.others ?? []) }
    }

    @discardableResult
    package func perform(_ statement: String) throws(StoreFailure) -> [[StoredValue]] {
        try alone { connection throws(PostgreSQLFailure) in try connection.trip([.once(statement)])[0] }
    }

    /// The server looks after its own pages: it knows of checksums that did not hold, and, where its extension
    /// `amcheck` is installed, it looks through the keys.
    package func flaws() throws(StoreFailure) -> [String] {
        let answers = try alone { connection throws(PostgreSQLFailure) in
            try connection.trip([
                .once(
                    """
                    SELECT coalesce(checksum_failures, 0)::bigint FROM pg_stat_database
                    WHERE datname = current_database() AND checksum_failures > 0
                    """),
                .once("SELECT 1::bigint FROM pg_extension WHERE extname = 'amcheck'"),
            ])
        }
        var flaws = answers[0].map { _ in "the server found pages whose checksum does not hold" }
        guard !answers[1].isEmpty else { return flaws }
        do throws(StoreFailure) {
            _ = try alone { connection throws(PostgreSQLFailure) in
                try connection.trip([
                    .once(
                        """
                        SELECT bt_index_check(i.indexrelid, true)::text FROM pg_index i
                            JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
                        WHERE c.relnamespace = current_schema()::regnamespace AND a.amname = 'btree'
                        """)
                ])
            }
        } catch .damaged(let message) {
            flaws.append(message)
        }
        return flaws
    }

    /// Keys sort by their bytes, as everywhere else, whatever the language of the server.
    private static func adapted(_ statement: String) -> String {
        SchemaText.replacing(["TEXT": "TEXT COLLATE \"C\""], in: statement)
    }
}
