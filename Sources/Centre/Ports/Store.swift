/// The registers, durably. One call is one transaction: all of it or nothing, and on disk before it returns.
///
/// Calls block; whoever must not wait calls from a thread of its own. A body may run more than once, when another
/// transaction was faster: it decides from what it reads and changes nothing outside.
package protocol Store: Sendable {
    /// A consistent look that changes nothing.
    func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result
    /// The same for those who tell nobody what they saw, and only decide what to do next: it may be so young that a
    /// loss of power undoes it.
    func glance<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result
    /// Reads and changes.
    func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result
}

extension Store {
    package func glance<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try read(body)
    }
}

/// What can be asked and changed inside one transaction; it must not leave the body it was lent to.
///
/// Changes may be sent together at the end or before the next question: a duplicate may be noticed only then, and ends
/// the transaction.
package protocol Transaction: AnyObject {
    /// Many questions in one round trip; the rows of each in the order of its key.
    func ask(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]]
    func count(_ query: Query) throws(StoreFailure) -> Int
    /// What the node remembers of the catalogue; `nil` as soon as this transaction changes it.
    var catalogueMemory: CatalogueMemory? { get }
    func change(_ change: Change)
    /// Sends what `change` took so far: for those who must know of a duplicate before they go on.
    func flush() throws(StoreFailure)
}

/// Rows of one table whose columns have these values, in the order of the key (but see `Condition.isLeast`).
package struct Query: Hashable, Sendable {
    /// A list that nobody bounded is bounded by this; more comes page by page.
    package static let rowsMax = 1_000

    package struct Condition: Hashable, Sendable {
        package static let valuesMax = 1_024

        package let column: String
        /// The column has one of these; never none.
        package let values: [StoredValue]
        /// The value stands in the statement itself, as it does in the index that the statement is for: an engine that
        /// has to look at a parameter to know whether it may use that index prepares the statement each time anew.
        package let isFixed: Bool
        /// Where the value stands that the column has; `values` is the key of that row.
        package let source: Source?
        /// The column has the value or a greater one; an empty column has neither.
        package private(set) var isLeast = false

        /// `values` are those that the column itself may have.
        package var isEqual: Bool { source == nil && !isLeast }

        /// A column of one row of another table.
        package struct Source: Hashable, Sendable {
            package let table: Table
            package let column: String
        }

        package init(_ column: String, _ value: StoredValue) {
            self.column = column
            values = [value]
            isFixed = false
            source = nil
        }

        /// What another row says, which whoever asks has not seen yet: both are asked for together.
        package init(_ column: String, as other: String, of table: Table, key: StoredValue) {
            precondition(table.keyCount == 1, "the row is named by one value")
            self.column = column
            values = [key]
            isFixed = false
            source = Source(table: table, column: other)
        }

        /// For one of a few numbers that the code itself names.
        package init(_ column: String, fixed number: Int64) {
            self.column = column
            values = [.integer(number)]
            isFixed = true
            source = nil
        }

        /// This number or a greater one: the rows come in the order of this column first, as an index of it gives them.
        package init(_ column: String, atLeast number: Int64) {
            self.init(column, .integer(number))
            isLeast = true
        }

        package init(_ column: String, anyOf values: [StoredValue]) {
            precondition(
                (1...Self.valuesMax).contains(values.count), "a condition of no value, or of very many")
            precondition(!values.contains(.null), "no row is found by being empty or not")
            self.column = column
            self.values = values
            isFixed = false
            source = nil
        }
    }

    package let table: Table
    package var conditions: [Condition]
    /// Only rows whose key comes after this one: how a page follows a page.
    package var after: [StoredValue]?
    package var limit: Int
    /// The schema allows no second row like this, so there is no order: where an index other than the key's finds it,
    /// SQLite would make a table to sort it in.
    package var isOnly = false
    /// No other transaction may change these rows until this one ends.
    package var isLocking = false
    /// The rows as they happen to be: others may change them meanwhile.
    package var isGlance = false

    package init(
        _ table: Table, _ conditions: [Condition] = [], after: [StoredValue]? = nil,
        limit: Int = Query.rowsMax
    ) {
        self.table = table
        self.conditions = conditions
        self.after = after
        self.limit = limit
    }

    /// Rows whose key begins with these values.
    package init(_ table: Table, key: [StoredValue], limit: Int = Query.rowsMax) {
        precondition(key.count <= table.keyCount, "more values than the key has columns")
        self.init(table, zip(table.columns, key).map { Condition($0.name, $1) }, limit: limit)
    }

    /// Rows whose column has any of these values, in one answer: as many questions as it takes, mostly one.
    package static func any(
        of values: [StoredValue], in column: String, _ table: Table, _ others: [Condition] = [],
        rowsOfEach: Int
    ) -> [Query] {
        stride(from: 0, to: values.count, by: Condition.valuesMax).map { start in
            let some = Array(values[start..<min(start + Condition.valuesMax, values.count)])
            return Query(table, others + [Condition(column, anyOf: some)], limit: rowsOfEach * some.count)
        }
    }

    /// Of long lists the beginning: equality decides.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(table)
        for condition in conditions { hasher.combine(condition.values.first) }
    }

    package func only() -> Query {
        var query = self
        query.isOnly = true
        return query
    }

    package func locking() -> Query {
        var query = self
        query.isLocking = true
        return query
    }

    package func glancing() -> Query {
        var query = self
        query.isGlance = true
        return query
    }
}

/// One change to one row.
package enum Change: Hashable, Sendable {
    /// A new row; one with its key there already ends the transaction as `StoreFailure.duplicate`.
    case insert(Table, [StoredValue])
    /// A row that is new or takes the place of the one with its key.
    case put(Table, [StoredValue])
    /// These columns, by their places, of a row that is there: an index of the others costs nothing.
    case update(Table, key: [StoredValue], columns: [Int], [StoredValue])
    case remove(Table, key: [StoredValue])
}

/// Why the store did not answer or did not keep; nothing of the transaction happened.
package enum StoreFailure: Error, Hashable {
    case duplicate(table: String)
    /// Another row is needed that is not there, or still needs this one.
    case reference(table: String)
    /// Others were faster, again and again.
    case contended
    case unreachable(String)
    case full(String)
    case damaged(String)
    case newerSchema(found: Int, known: Int)
    case row(RowError)
    case other(String)
    /// The connection broke while the end was being written: it may have happened. Ask before doing it again.
    case unknownOutcome(String)
}

extension Change {
    package var table: Table {
        switch self {
        case .insert(let table, _), .put(let table, _), .update(let table, _, _, _), .remove(let table, _):
            table
        }
    }

    package var key: [StoredValue] {
        switch self {
        case .insert(let table, let row), .put(let table, let row): Array(row.prefix(table.keyCount))
        case .update(_, let key, _, _), .remove(_, let key): key
        }
    }

    /// From a row that is there to what it shall be.
    package static func update<R: Record>(_ earlier: R, to later: R) -> Change {
        update(R.table, from: earlier.row, to: later.row)
    }

    static func update(_ table: Table, from old: [StoredValue], to new: [StoredValue]) -> Change {
        let columns = new.indices.filter { old[$0] != new[$0] }
        precondition(columns.allSatisfy { $0 >= table.keyCount }, "a row keeps its key")
        guard !columns.isEmpty else { return .put(table, new) }
        return .update(
            table, key: Array(new.prefix(table.keyCount)), columns: columns, columns.map { new[$0] })
    }
}

extension Transaction {
    package func all<R: Record>(_ type: R.Type, _ query: Query) throws(StoreFailure) -> [R] {
        try decode(R.self, ask([query])[0])
    }

    /// The rows of all these questions.
    package func all<R: Record>(_ type: R.Type, _ queries: [Query]) throws(StoreFailure) -> [R] {
        try decode(R.self, ask(queries).flatMap { $0 })
    }

    /// All rows whose key begins so.
    package func all<R: Record>(_ type: R.Type, key: StoredValue...) throws(StoreFailure) -> [R] {
        try all(R.self, Query(R.table, key: key))
    }

    package func find<R: Record>(_ type: R.Type, key: StoredValue...) throws(StoreFailure) -> R? {
        precondition(key.count == R.table.keyCount, "a row is found by its whole key")
        return try all(R.self, Query(R.table, key: key, limit: 1)).first
    }

    /// Finds a row and keeps others from changing it until the end of this transaction.
    package func lock<R: Record>(_ type: R.Type, key: StoredValue...) throws(StoreFailure) -> R? {
        precondition(key.count == R.table.keyCount, "a row is found by its whole key")
        return try all(R.self, Query(R.table, key: key, limit: 1).locking()).first
    }

    package func insert(_ record: some Record) { change(.insert(type(of: record).table, record.row)) }
    package func put(_ record: some Record) { change(.put(type(of: record).table, record.row)) }
    /// Writes what differs from the row as this transaction found it.
    package func put<R: Record>(_ record: R, since earlier: R) { change(.update(earlier, to: record)) }
    package func remove(_ record: some Record) {
        change(.remove(type(of: record).table, key: record.keyValues))
    }

    package func decode<R: Record>(_ type: R.Type, _ rows: [[StoredValue]]) throws(StoreFailure) -> [R] {
        do throws(RowError) {
            var records: [R] = []
            records.reserveCapacity(rows.count)
            for row in rows {
                var reader = try RowReader(R.table, row)
                records.append(try R(row: &reader))
            }
            return records
        } catch {
            throw .row(error)
        }
    }
}
