import Centre
import Storage

/// Every row that is business, for comparison: what a refused request must leave as it was.
struct Snapshot: Equatable {
    private let rows: [String: [[StoredValue]]]

    init(_ bench: RestBench) throws {
        // Who signed in when, and how often it went wrong, changes with every request.
        let passing: Set = ["credentials", "sign_in_doors"]
        rows = try bench.store.read { transaction in
            var rows: [String: [[StoredValue]]] = [:]
            for record in StoredRecords.all where !passing.contains(record.table.name) {
                rows[record.table.name] = try transaction.ask([Query(record.table)])[0]
            }
            return rows
        }
    }
}
