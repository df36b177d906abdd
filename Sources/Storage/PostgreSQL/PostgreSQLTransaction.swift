internal import Centre

/// What a body works with inside one transaction. The beginning travels with the first question, changes with the next
/// question or with the end: a transaction that reads once and writes takes two round trips.
final class PostgreSQLTransaction: Transaction {
    typealias Step = PostgreSQLConnection.Step

    enum Kind {
        /// A consistent look.
        case look
        /// As if no other ran at the same time.
        case change
        /// The same, after those that are in the way have ended.
        case changeInTurn
    }

    private let connection: PostgreSQLConnection
    private let kind: Kind
    private var changes: [Change] = []
    private var hasBegun = false
    private var isOver = false
    /// A failure ends the transaction, also if the body goes on.
    private(set) var failure: PostgreSQLFailure?
    private var reported: StoreFailure?

    init(_ connection: PostgreSQLConnection, _ kind: Kind) {
        self.connection = connection
        self.kind = kind
    }

    func ask(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]] {
        guard !queries.isEmpty else {
            try flush()
            return []
        }
        return try travel(queries.map { .call(Call(select: $0)) })
    }

    func count(_ query: Query) throws(StoreFailure) -> Int {
        let rows = try travel([.call(Call(count: query))])
        guard case .integer(let count)? = rows.first?.first?.first else { return 0 }
        return Int(count)
    }

    func change(_ change: Change) {
        precondition(!isOver, "a transaction was used after its end")
        changes.append(change)
    }

    func flush() throws(StoreFailure) {
        if changes.isEmpty {
            if let reported { throw reported }
        } else {
            _ = try travel([])
        }
    }

    /// Durable when this returns.
    func commit() throws(StoreFailure) {
        if let reported { throw reported }
        if changes.isEmpty, kind == .look || !hasBegun {
            try abandon()
        } else {
            _ = try travel([.control("COMMIT")], isLast: true)
        }
        isOver = true
    }

    /// Nobody waits for the answer: nothing that matters can come of it.
    func abandon() throws(StoreFailure) {
        isOver = true
        guard hasBegun, failure?.isLost != true else { return }
        do throws(PostgreSQLFailure) {
            try connection.send([.control("ROLLBACK")])
        } catch {
            failure = error
        }
    }

    /// Begins if need be, sends what was changed, then asks.
    private func travel(_ questions: [Step], isLast: Bool = false) throws(StoreFailure) -> [[[StoredValue]]] {
        precondition(!isOver, "a transaction was used after its end")
        if let reported { throw reported }
        if kind == .look, !changes.isEmpty { throw end(with: .other("a look at the store changes nothing")) }
        let calls = changes.map(Call.init)
        changes.removeAll(keepingCapacity: true)
        for call in calls {
            do throws(StoreFailure) { try call.refuseNUL() } catch { throw end(with: error) }
        }
        // What is known to be lost before the end is sent surely did not happen.
        if isLast, hasBegun, connection.isGone {
            let lost = PostgreSQLFailure(state: "", message: "the connection was lost", isConnectionBad: true)
            failure = lost
            throw end(with: lost.failure(table: nil))
        }
        let beginning = hasBegun ? [] : kind.beginning
        hasBegun = true
        do throws(PostgreSQLFailure) {
            let answers = try connection.trip(beginning + calls.map(Step.call) + questions)
            return Array(answers.suffix(questions.count))
        } catch {
            failure = error
            if isLast, error.isLost, error.call == nil || error.call == beginning.count + calls.count {
                throw end(with: .unknownOutcome(error.message))
            }
            let change = error.call.map { $0 - beginning.count } ?? -1
            let table = calls.indices.contains(change) ? calls[change].statement.table.name : nil
            throw end(with: error.failure(table: table))
        }
    }

    private func end(with failure: StoreFailure) -> StoreFailure {
        reported = failure
        changes.removeAll()
        return failure
    }
}

extension PostgreSQLTransaction.Kind {
    fileprivate var beginning: [PostgreSQLConnection.Step] {
        switch self {
        case .look: [.control("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")]
        // Both locks are taken before the snapshot: who comes in turn waits for those underway, keeps new ones out,
        // sees what was done before, and so cannot be overtaken.
        case .change: Self.serializable + [Self.lock("ROW EXCLUSIVE")]
        case .changeInTurn: Self.serializable + [Self.lock("SHARE ROW EXCLUSIVE")]
        }
    }

    private static let serializable = [
        PostgreSQLConnection.Step.control("BEGIN ISOLATION LEVEL SERIALIZABLE")
    ]

    private static func lock(_ mode: String) -> PostgreSQLConnection.Step {
        .control("LOCK TABLE \(Schema.ledgerName) IN \(mode) MODE")
    }
}
