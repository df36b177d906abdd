/// A transaction that has asked ahead: many questions in one round trip, of which whoever asks one later has the answer
/// already. A change makes it forget what the changed row may be among.
package final class AskedAhead: Transaction {
    private let base: any Transaction
    private var answers: [Query: [[StoredValue]]] = [:]
    private var along: [Query]

    /// - Parameter along: what is asked beside the first question, because it is likely to be asked later.
    package init(_ base: any Transaction, along: [Query] = []) {
        self.base = base
        self.along = along
    }

    /// Asks what is not known yet.
    package func prepare(_ queries: [Query]) throws(StoreFailure) { _ = try ask(queries) }

    package func ask(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]] {
        if !along.isEmpty { return try askAlong(queries) }
        let unknown = queries.filter { answers[$0] == nil }
        if !unknown.isEmpty {
            for (query, rows) in zip(unknown, try base.ask(unknown)) { answers[query] = rows }
        }
        return queries.map { answers[$0] ?? [] }
    }

    /// Of these nothing is kept but what was asked along: nobody asks twice for what he asks first.
    private func askAlong(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]] {
        guard !queries.isEmpty else { return [] }
        let all = queries + along.filter { !queries.contains($0) }
        let rows = try base.ask(all)
        for (query, rows) in zip(all, rows) where along.contains(query) { answers[query] = rows }
        along = []
        return Array(rows.prefix(queries.count))
    }

    package var catalogueMemory: CatalogueMemory? { base.catalogueMemory }

    package func count(_ query: Query) throws(StoreFailure) -> Int { try base.count(query) }

    package func change(_ change: Change) {
        if answers.keys.contains(where: { $0.mayFind(change) }) {
            answers = answers.filter { !$0.key.mayFind(change) }
        }
        base.change(change)
    }

    package func flush() throws(StoreFailure) { try base.flush() }
}

extension Query {
    /// Whether the row of the change could be in its answer, before or afterwards; by what another row says if need be.
    fileprivate func mayFind(_ change: Change) -> Bool {
        if conditions.contains(where: { $0.source?.table.name == change.table.name }) { return true }
        guard table.name == change.table.name else { return false }
        // Rows keep their keys.
        return zip(table.key, change.key).allSatisfy { column, value in
            conditions.allSatisfy {
                $0.column != column.name || $0.source != nil || $0.values.contains(value)
            }
        }
    }
}
