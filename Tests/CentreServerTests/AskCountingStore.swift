import Centre
import Synchronization

/// Counts how often the store is asked.
final class AskCountingStore: Store {
    private let base: any Store
    private let count = Atomic<Int>(0)

    init(_ base: any Store) { self.base = base }

    var questions: Int { count.load(ordering: .relaxed) }

    func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try base.read { transaction in try counted(transaction, body) }
    }

    func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try base.write { transaction in try counted(transaction, body) }
    }

    private func counted<Result>(
        _ transaction: any Transaction, _ body: (any Transaction) throws -> Result
    ) throws -> Result {
        let counting = AskCountingTransaction(transaction)
        defer { count.wrappingAdd(counting.questions, ordering: .relaxed) }
        return try body(counting)
    }
}

private final class AskCountingTransaction: Transaction {
    private let base: any Transaction
    private(set) var questions = 0

    init(_ base: any Transaction) { self.base = base }

    var catalogueMemory: CatalogueMemory? { base.catalogueMemory }

    func ask(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]] {
        questions += 1
        return try base.ask(queries)
    }

    func count(_ query: Query) throws(StoreFailure) -> Int {
        questions += 1
        return try base.count(query)
    }
    func change(_ change: Change) { base.change(change) }
    func flush() throws(StoreFailure) { try base.flush() }
}
