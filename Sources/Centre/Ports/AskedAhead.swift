/// A transaction that has asked ahead: many questions in one round trip, of which whoever asks one later has the answer
/// already. A change makes it forget what the changed row may be among.
package final class AskedAhead: Transaction {
    private let base: any Transaction
    /// A dozen or two: to look through them takes less time than to hash each question twice.
    private var answers: [(query: Query, rows: [[StoredValue]])] = []
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
        let known = queries.map(answer)
        let unknown = zip(queries, known).filter { $1 == nil }.map(\.0)
        guard !unknown.isEmpty else { return known.map { $0 ?? [] } }
        let rows = try base.ask(unknown)
        answers.reserveCapacity(answers.count + unknown.count)
        for (query, rows) in zip(unknown, rows) { answers.append((query, rows)) }
        var next = rows.makeIterator()
        return known.map { $0 ?? next.next() ?? [] }
    }

    private func answer(to query: Query) -> [[StoredValue]]? { answers.first { $0.query == query }?.rows }

    /// Of these nothing is kept but what was asked along: nobody asks twice for what he asks first.
    private func askAlong(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]] {
        guard !queries.isEmpty else { return [] }
        let all = queries + along.filter { !queries.contains($0) }
        let rows = try base.ask(all)
        for (query, rows) in zip(all, rows) where along.contains(query) { answers.append((query, rows)) }
        along = []
        return Array(rows.prefix(queries.count))
    }

    package var catalogueMemory: CatalogueMemory? { base.catalogueMemory }

    package func count(_ query: Query) throws(StoreFailure) -> Int { try base.count(query) }

    package func change(_ change: Change) {
        answers.removeAll { $0.query.mayFind(change) }
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
                $0.column != column.name || !$0.isEqual || $0.values.contains(value)
            }
        }
    }
}
