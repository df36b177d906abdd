/// A transaction that has asked ahead: many questions in one round trip, of which whoever asks one later has the answer
/// already. A change makes it forget them.
package final class AskedAhead: Transaction {
    private let base: any Transaction
    private var answers: [Query: [[StoredValue]]] = [:]

    package init(_ base: any Transaction) { self.base = base }

    /// Asks what is not known yet.
    package func prepare(_ queries: [Query]) throws(StoreFailure) { _ = try ask(queries) }

    package func ask(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]] {
        let unknown = queries.filter { answers[$0] == nil }
        if !unknown.isEmpty {
            for (query, rows) in zip(unknown, try base.ask(unknown)) { answers[query] = rows }
        }
        return queries.map { answers[$0] ?? [] }
    }

    package var catalogueMemory: CatalogueMemory? { base.catalogueMemory }

    package func count(_ query: Query) throws(StoreFailure) -> Int { try base.count(query) }

    package func change(_ change: Change) {
        answers.removeAll()
        base.change(change)
    }

    package func flush() throws(StoreFailure) { try base.flush() }
}
