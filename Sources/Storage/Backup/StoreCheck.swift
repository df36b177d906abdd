package import Centre
internal import SmartCard

/// One thing that must hold of what is kept, beyond what an engine can know.
package struct StoreCheck: Sendable {
    package let name: String
    /// What does not hold, in words.
    package let findings: @Sendable (any Transaction) throws -> [String]

    package init(_ name: String, _ findings: @escaping @Sendable (any Transaction) throws -> [String]) {
        self.name = name
        self.findings = findings
    }
}

extension StoreCheck {
    package struct Report: Hashable, Sendable {
        package struct Part: Hashable, Sendable {
            package let name: String
            package let findings: [String]
        }
        package let rows: Int
        package let parts: [Part]

        package var isSound: Bool { parts.allSatisfy(\.findings.isEmpty) }
    }

    /// A table that is broken is broken often; so many are enough to see it.
    private static let findingsMax = 20

    /// Looks through everything, while others go on working.
    package static func run(
        _ store: any Database, schema: Schema = .current, records: [any Record.Type] = StoredRecords.all,
        checks: [StoreCheck] = StoredRecords.checks, progress: Backup.Progress = { _, _ in }
    ) throws -> Report {
        var parts = [Report.Part(name: "engine", findings: Array(try store.flaws().prefix(findingsMax)))]
        let pending = try store.pendingSteps(of: schema)
        let isMissing = pending.count == schema.version
        parts.append(
            .init(
                name: "schema",
                findings: try isMissing
                    ? ["the store is empty: nothing was ever kept in it"]
                    : pending.map { "step \($0) of the schema is not done yet" } + differences(store, records)
            ))
        // Rows cannot be read by a program that expects other columns.
        guard parts[1].findings.isEmpty else { return Report(rows: 0, parts: parts) }
        let (rows, further) = try store.read { transaction in
            let counts = try records.map { try transaction.count(Query($0.table)) }
            let total = counts.reduce(0, +)
            var done = 0
            var further: [Report.Part] = []
            for record in records {
                let findings = try unreadable(record, transaction) {
                    done += 1
                    if done.isMultiple(of: Query.rowsMax) { progress(done, total) }
                }
                further.append(.init(name: record.table.name, findings: findings))
            }
            for check in checks {
                further.append(
                    .init(
                        name: check.name, findings: Array(try check.findings(transaction).prefix(findingsMax))
                    ))
            }
            progress(done, total)
            return (done, further)
        }
        return Report(rows: rows, parts: parts + further)
    }

    private static func differences(_ store: any Database, _ records: [any Record.Type]) throws -> [String] {
        let tables = try store.tables()
        return records.compactMap { record in
            guard let found = tables.first(where: { $0.name == record.table.name }) else {
                return "there is no table \(record.table.name)"
            }
            return found == record.table ? nil : "the table \(found.name) has other columns than it should"
        }
    }

    /// Rows that cannot be read as what they should be, each with its key.
    private static func unreadable<R: Record>(
        _ type: R.Type, _ transaction: any Transaction, _ progress: () -> Void
    ) throws -> [String] {
        var findings: [String] = []
        try transaction.forEachRow(of: R.table) { row in
            progress()
            do throws(RowError) {
                var reader = try RowReader(R.table, row)
                _ = try R(row: &reader)
            } catch {
                guard findings.count < findingsMax else { return }
                let key = row.prefix(R.table.keyCount).map(\.shown).joined(separator: ", ")
                findings.append("row (\(key)): \(error.column) \(error.problem)")
            }
        }
        return findings
    }
}

extension StoredValue {
    /// A part of a key in a message. Keys are names; what they name stays out.
    fileprivate var shown: String {
        switch self {
        case .null: "-"
        case .integer(let number): "\(number)"
        case .text(let text): text
        case .bytes(let bytes): bytes.hex
        }
    }
}
