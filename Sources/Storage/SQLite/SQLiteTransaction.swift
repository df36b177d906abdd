internal import Centre

/// What a body works with inside one transaction, or inside one savepoint of a group.
final class SQLiteTransaction: Transaction {
    private let connection: SQLiteConnection
    private let isReadOnly: Bool
    private var changes: [Change] = []
    /// A failure ends the transaction, also if the body goes on.
    private(set) var failure: StoreFailure?
    private var isOver = false

    private let memory: CatalogueMemory

    init(_ connection: SQLiteConnection, _ memory: CatalogueMemory, isReadOnly: Bool) {
        self.connection = connection
        self.memory = memory
        self.isReadOnly = isReadOnly
    }

    var catalogueMemory: CatalogueMemory? { connection.changesCatalogue ? nil : memory }

    /// Nothing may be asked of it from here on: somebody kept it beyond its body.
    func end() { isOver = true }

    func ask(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]] {
        try flush()
        return try attempt { () throws(StoreFailure) in
            var answers: [[[StoredValue]]] = []
            for query in queries { answers.append(try connection.rows(Call(select: query))) }
            return answers
        }
    }

    func count(_ query: Query) throws(StoreFailure) -> Int {
        try flush()
        let rows = try attempt { () throws(StoreFailure) in try connection.rows(Call(count: query)) }
        guard case .integer(let count)? = rows.first?.first else { return 0 }
        return Int(count)
    }

    func change(_ change: Change) {
        precondition(!isOver, "a transaction was used after its end")
        if CatalogueMemory.covers(change.table) { connection.changesCatalogue = true }
        changes.append(change)
    }

    func flush() throws(StoreFailure) {
        precondition(!isOver, "a transaction was used after its end")
        if let failure { throw failure }
        guard !changes.isEmpty else { return }
        if isReadOnly { throw end(with: .other("a look at the store changes nothing")) }
        let calls = changes.map(Call.init)
        changes.removeAll(keepingCapacity: true)
        try attempt { () throws(StoreFailure) in
            for call in calls {
                try call.refuseNUL()
                try connection.run(call)
            }
        }
    }

    private func attempt<Result>(_ body: () throws(StoreFailure) -> Result) throws(StoreFailure) -> Result {
        do { return try body() } catch { throw end(with: error) }
    }

    private func end(with failure: StoreFailure) -> StoreFailure {
        self.failure = failure
        changes.removeAll()
        return failure
    }
}
