internal import Centre

/// What a body works with inside one transaction. The beginning travels with the first question, changes with the next
/// question or with the end: a transaction that reads once and writes takes two round trips.
///
/// What it looks at and what it changes it has to itself until it ends (`Claim`): so those that run at the same time
/// come out as if they had run one after the other.
final class PostgreSQLTransaction: Transaction {
    typealias Step = PostgreSQLConnection.Step

    enum Kind {
        /// A consistent look.
        case look
        /// Claims what it touches, and waits for those who have it.
        case change
        /// The same, and estimates as soon as it looks at them.
        case changeAgain
        /// While nobody else changes anything.
        case changeAlone
    }

    /// Beyond so many claims a transaction runs alone: the server's table of locks is of a fixed size.
    private static let claimsMax = 1_000

    private let connection: PostgreSQLConnection
    private var kind: Kind
    private var changes: [Change] = []
    private var claims: Set<Int64> = []
    /// Rows, or that there was none, which were looked at without a claim: who changes them must find them so.
    private var estimates: [Int64: [StoredValue]?] = [:]
    private var hasBegun = false
    private var hasChanged = false
    private var isOver = false
    /// A failure ends the transaction, also if the body goes on.
    private(set) var failure: PostgreSQLFailure?
    private var reported: StoreFailure?
    /// It came to something that only one who runs alone may do.
    private(set) var mustBeAlone = false
    private(set) var trips = 0
    private(set) var changesCatalogue = false
    private let memory: CatalogueMemory

    init(_ connection: PostgreSQLConnection, _ memory: CatalogueMemory, _ kind: Kind) {
        self.connection = connection
        self.memory = memory
        self.kind = kind
    }

    var catalogueMemory: CatalogueMemory? { changesCatalogue ? nil : memory }
    var isAlone: Bool { kind == .changeAlone }
    private var isInCompany: Bool { kind == .change || kind == .changeAgain }

    func ask(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]] {
        guard !queries.isEmpty else {
            try flush()
            return []
        }
        let questions = queries.map { Step.call(Call(select: $0)) }
        var claim = queries.reduce(Claim.nothing) { $0 + claimed($1) }
        var holders = Set(queries.compactMap(\.holderSource))
        while true {
            let answers = try travel(questions, claim, holders, changes: takeChanges(before: queries))
            holders = []
            keepEstimates(queries, answers)
            let found = isInCompany ? Self.found(queries, answers).subtracting(claims) : []
            guard !found.isEmpty else { return answers }
            // They may have changed until they were claimed: asked once more.
            claim = .parts(found)
        }
    }

    private func claimed(_ query: Query) -> Claim {
        guard isInCompany else { return .nothing }
        return kind == .changeAgain ? .of(query) + .parts(Claim.ofEstimate(query)) : .of(query)
    }

    /// Whose rows were found by a value, and not as the rows of somebody.
    private static func found(_ queries: [Query], _ answers: [[[StoredValue]]]) -> Set<Int64> {
        var found: Set<Int64> = []
        for (query, rows) in zip(queries, answers) where !rows.isEmpty && Claim.needsRows(query) {
            found.formUnion(rows.compactMap { Claim.of($0, in: query.table) })
        }
        return found
    }

    private func keepEstimates(_ queries: [Query], _ answers: [[[StoredValue]]]) {
        guard isInCompany else { return }
        for (query, rows) in zip(queries, answers) {
            let parts = Claim.ofEstimate(query).subtracting(claims)
            guard !parts.isEmpty else { continue }
            for part in parts { estimates[part] = .some(nil) }
            for row in rows {
                if let part = Claim.of(row, in: query.table), parts.contains(part) { estimates[part] = row }
            }
        }
    }

    /// That what is to be changed is still what it was decided from.
    private func checks(of changes: [Change]) -> [Step] {
        guard isInCompany, !estimates.isEmpty else { return [] }
        return changes.compactMap { change in
            guard case .parts(let parts) = Claim.of(change), let part = parts.first,
                let known = estimates.removeValue(forKey: part)
            else { return nil }
            return .check(change.table, key: change.key, row: known)
        }
    }

    func count(_ query: Query) throws(StoreFailure) -> Int {
        let rows = try travel(
            [.call(Call(count: query))], isInCompany ? Claim.ofCount(query) : .nothing, changes: takeChanges()
        )
        guard case .integer(let count)? = rows.first?.first?.first else { return 0 }
        return Int(count)
    }

    func change(_ change: Change) {
        precondition(!isOver, "a transaction was used after its end")
        if CatalogueMemory.covers(change.table) { changesCatalogue = true }
        changes.append(change)
    }

    func flush() throws(StoreFailure) {
        if changes.isEmpty {
            if let reported { throw reported }
        } else {
            _ = try travel([], .nothing, changes: takeChanges())
        }
    }

    /// Durable when this returns.
    func commit() throws(StoreFailure) {
        if let reported { throw reported }
        if changes.isEmpty, !hasChanged {
            try abandon()
        } else {
            _ = try travel([.control("COMMIT")], .nothing, changes: takeChanges(), isLast: true)
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

    /// What is to be sent before these questions. Changes of estimates that they do not look at wait for the end: from
    /// then on others wait for them.
    private func takeChanges(before queries: [Query] = []) -> [Change] {
        var later: [Change] = []
        if isInCompany, !queries.isEmpty {
            later = changes.filter { change in
                TableSharing.of(change.table).isEstimate && !queries.contains { Claim.mayFind(change, $0) }
            }
        }
        let due = later.isEmpty ? changes : changes.filter { !later.contains($0) }
        changes = later
        return due
    }

    /// Begins if need be, claims, sends what was changed, then asks.
    private func travel(
        _ questions: [Step], _ claim: Claim, _ holders: Set<StoredValue> = [], changes: [Change],
        isLast: Bool = false
    ) throws(StoreFailure) -> [[[StoredValue]]] {
        precondition(!isOver, "a transaction was used after its end")
        if let reported { throw reported }
        if kind == .look, !changes.isEmpty { throw end(with: .other("a look at the store changes nothing")) }
        let claimed = try claimed(changes.reduce(claim) { $0 + .of($1) })
        let checks = checks(of: changes)
        let calls = changes.map(Call.init)
        for call in calls {
            do throws(StoreFailure) { try call.refuseNUL() } catch { throw end(with: error) }
        }
        // What is known to be lost before the end is sent surely did not happen.
        if isLast, hasBegun, connection.isGone {
            let lost = PostgreSQLFailure(state: "", message: "the connection was lost", isConnectionBad: true)
            failure = lost
            throw end(with: lost.failure(table: nil))
        }
        let before =
            (hasBegun ? [] : kind.beginning) + (claimed.isEmpty ? [] : [Step.claim(claimed)])
            + (isInCompany ? holders.map { Step.claimHolder(card: $0) } : []) + checks
        hasBegun = true
        hasChanged = hasChanged || !calls.isEmpty
        trips += 1
        do throws(PostgreSQLFailure) {
            let answers = try connection.trip(before + calls.map(Step.call) + questions)
            return Array(answers.suffix(questions.count))
        } catch {
            failure = error
            mustBeAlone = isInCompany && error.isOutOfLocks
            if isLast, error.isLost, error.call == nil || error.call == before.count + calls.count {
                throw end(with: .unknownOutcome(error.message))
            }
            let change = error.call.map { $0 - before.count } ?? -1
            let table = calls.indices.contains(change) ? calls[change].statement.table.name : nil
            throw end(with: error.failure(table: table))
        }
    }

    /// What is to be claimed beyond what it has, in the order in which everybody claims.
    private func claimed(_ claim: Claim) throws(StoreFailure) -> [Int64] {
        guard isInCompany else { return [] }
        if case .parts(let parts) = claim, claims.count + parts.count <= Self.claimsMax {
            let new = parts.subtracting(claims)
            claims.formUnion(new)
            return new.sorted()
        }
        guard !hasBegun else {
            mustBeAlone = true
            throw end(with: .contended)
        }
        kind = .changeAlone
        return []
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
        // Every statement sees what those left behind whom it waited for: a claim comes in a statement of its own
        // before those that need it. Those in company hold the gate as whoever changes rows holds a table: that shuts
        // it for one who wants to be alone, and the server gives it without looking at everybody else's locks.
        case .change, .changeAgain:
            [.control("BEGIN ISOLATION LEVEL READ COMMITTED"), Self.lock("ROW EXCLUSIVE")]
        // The lock is taken before the snapshot: it waits for those underway, keeps new ones out, and sees what was
        // done before.
        case .changeAlone:
            [.control("BEGIN ISOLATION LEVEL REPEATABLE READ"), Self.lock("SHARE ROW EXCLUSIVE")]
        }
    }

    private static func lock(_ mode: String) -> PostgreSQLConnection.Step {
        .control("LOCK TABLE \(Schema.ledgerName) IN \(mode) MODE")
    }
}
