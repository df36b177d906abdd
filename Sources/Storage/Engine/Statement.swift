package import Centre

/// The shape of one statement: what its text depends on, and so what it is kept prepared under.
struct Statement: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case insert
        case put
        /// The columns by their places.
        case update([Int])
        case remove
        case select(Filter, isLocking: Bool)
        case count(Filter)
    }

    /// Which rows, without the values.
    struct Filter: Hashable, Sendable {
        struct Condition: Hashable, Sendable {
            let column: String
            /// How many values it may have; none is asked for by a condition of its own, because SQL's `=` never
            /// finds an empty column.
            let count: Int
            /// Stands in the text, and has no parameter.
            var fixed: Int64?
            /// The parameter is the key of a row of another table.
            var source: Query.Condition.Source?
            var isLeast = false
        }
        let conditions: [Condition]
        /// The columns of the key in which a row must come later.
        let later: Range<Int>
        let isOnly: Bool
    }

    let kind: Kind
    let table: Table

    /// What tells statements apart nearly always, and takes no time; equality decides.
    func hash(into hasher: inout Hasher) {
        hasher.combine(table)
        switch kind {
        case .insert: hasher.combine(0)
        case .put: hasher.combine(1)
        case .update(let columns): hasher.combine(columns)
        case .remove: hasher.combine(2)
        case .select(let filter, _), .count(let filter):
            for condition in filter.conditions { hasher.combine(condition.count) }
        }
    }

    /// The text with numbered parameters, each used once and in order: PostgreSQL counts them by their numbers, SQLite
    /// takes `$1` for a name and counts by first appearance, which is then the same.
    func text(lock: String) -> String {
        switch kind {
        case .insert: insert
        case .put: insert + onConflict
        case .update(let columns):
            "UPDATE \(table.name) SET \(numbered(columns.map { table.columns[$0].name }, " = ", ", "))"
                + " WHERE \(numbered(table.key.map(\.name), " = ", " AND ", after: columns.count))"
        case .remove: "DELETE FROM \(table.name) WHERE \(numbered(table.key.map(\.name), " = ", " AND "))"
        case .select(let filter, let isLocking):
            "SELECT \(list(table.columns[...])) FROM \(table.name)" + clause(filter)
                + (filter.isOnly ? "" : " ORDER BY \(order(filter))")
                + " LIMIT $\(parameterCount(filter) + 1)"
                + (isLocking ? lock : "")
        case .count(let filter): "SELECT count(*) FROM \(table.name)" + clause(filter)
        }
    }

    /// What each parameter is, in order.
    var parameterTypes: [Table.ColumnType] {
        switch kind {
        case .insert, .put: table.columns.map(\.type)
        case .update(let columns): columns.map { table.columns[$0].type } + table.key.map(\.type)
        case .remove: table.key.map(\.type)
        case .select(let filter, _): types(filter) + [.integer]
        case .count(let filter): types(filter)
        }
    }

    var columnCount: Int {
        switch kind {
        case .insert, .put, .update, .remove: 0
        case .select: table.columns.count
        case .count: 1
        }
    }

    private var insert: String {
        "INSERT INTO \(table.name) (\(list(table.columns[...]))) VALUES "
            + "(\(table.columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")))"
    }

    private var onConflict: String {
        let others = table.columns.dropFirst(table.keyCount)
        let action =
            others.isEmpty
            ? "NOTHING"
            : "UPDATE SET " + others.map { "\($0.name) = excluded.\($0.name)" }.joined(separator: ", ")
        return " ON CONFLICT (\(list(table.key))) DO \(action)"
    }

    private func clause(_ filter: Filter) -> String {
        var parts: [String] = []
        var number = 0
        for condition in filter.conditions {
            if let fixed = condition.fixed {
                parts.append("\(condition.column) = \(fixed)")
                continue
            }
            if let source = condition.source {
                let row = "\(source.table.name) WHERE \(list(source.table.key)) = $\(number + 1)"
                parts.append("\(condition.column) = (SELECT \(source.column) FROM \(row))")
                number += condition.count
                continue
            }
            switch condition.count {
            case 0: parts.append("\(condition.column) IS NULL")
            case 1: parts.append("\(condition.column) \(condition.isLeast ? ">=" : "=") $\(number + 1)")
            case let count:
                let values = (1...count).map { "$\(number + $0)" }
                parts.append("\(condition.column) IN (\(values.joined(separator: ", ")))")
            }
            number += condition.count
        }
        if !filter.later.isEmpty {
            let values = filter.later.indices.map { "$\(number + 1 + $0 - filter.later.lowerBound)" }
            parts.append("(\(list(table.columns[filter.later]))) > (\(values.joined(separator: ", ")))")
        }
        return parts.isEmpty ? "" : " WHERE " + parts.joined(separator: " AND ")
    }

    private func order(_ filter: Filter) -> String {
        (filter.conditions.filter(\.isLeast).map(\.column) + table.key.map(\.name)).joined(separator: ", ")
    }

    private func parameterCount(_ filter: Filter) -> Int {
        filter.conditions.reduce(0) { $0 + $1.count } + filter.later.count
    }

    private func types(_ filter: Filter) -> [Table.ColumnType] {
        filter.conditions.flatMap { condition in
            repeatElement(
                condition.source?.table.columns[0].type ?? type(of: condition.column), count: condition.count)
        }
            + table.columns[filter.later].map(\.type)
    }

    private func type(of column: String) -> Table.ColumnType {
        guard let found = table.columns.first(where: { $0.name == column }) else {
            preconditionFailure("\(table.name) has no column \(column)")
        }
        return found.type
    }

    private func list(_ columns: ArraySlice<Table.Column>) -> String {
        columns.map(\.name).joined(separator: ", ")
    }

    private func numbered(
        _ names: [String], _ relation: String, _ separator: String, after count: Int = 0
    ) -> String {
        names.enumerated().map { "\($1)\(relation)$\(count + $0 + 1)" }.joined(separator: separator)
    }
}

/// A statement and the values of its parameters.
struct Call: Sendable {
    let statement: Statement
    let values: [StoredValue]

    init(_ change: Change) {
        switch change {
        case .insert(let table, let row): self.init(.insert, table, row, count: table.columns.count)
        case .put(let table, let row): self.init(.put, table, row, count: table.columns.count)
        case .update(let table, let key, let columns, let values):
            self.init(.update(columns), table, values + key, count: columns.count + table.keyCount)
        case .remove(let table, let key): self.init(.remove, table, key, count: table.keyCount)
        }
    }

    private init(_ kind: Statement.Kind, _ table: Table, _ values: [StoredValue], count: Int) {
        precondition(values.count == count, "\(table.name) takes \(count) values here")
        statement = Statement(kind: kind, table: table)
        self.values = values
    }

    init(select query: Query) {
        precondition(query.limit > 0, "a question for no rows")
        var (filter, values) = Self.filter(query)
        statement = Statement(kind: .select(filter, isLocking: query.isLocking), table: query.table)
        values.append(.integer(Int64(query.limit)))
        self.values = values
    }

    init(count query: Query) {
        let (filter, values) = Self.filter(query)
        statement = Statement(kind: .count(filter), table: query.table)
        self.values = values
    }

    private static func filter(_ query: Query) -> (Statement.Filter, [StoredValue]) {
        let table = query.table
        var values: [StoredValue] = []
        // One for each, nearly always, and the limit.
        values.reserveCapacity(query.conditions.count + 1)
        var conditions: [Statement.Filter.Condition] = []
        conditions.reserveCapacity(query.conditions.count)
        for condition in query.conditions {
            let count = condition.appendParameters(to: &values)
            conditions.append(
                .init(
                    column: condition.column, count: count, fixed: condition.number, source: condition.source,
                    isLeast: condition.isLeast))
        }
        var later = 0..<0
        if let after = query.after {
            precondition(
                !after.isEmpty && after.count <= table.keyCount && !conditions.contains(where: \.isLeast),
                "a place in \(table.name) is given by its key")
            // Where the beginning of the key is given anyway, comparing only the rest lets the engine go there at once.
            var start = 0
            while start < after.count - 1, query.fixes(table.columns[start].name, after[start]) { start += 1 }
            later = start..<after.count
            values += after[start...]
        }
        return (Statement.Filter(conditions: conditions, later: later, isOnly: query.isOnly), values)
    }
}

extension Query {
    fileprivate func fixes(_ column: String, _ value: StoredValue) -> Bool {
        conditions.contains { $0.column == column && $0.isEqual && $0.values == [value] }
    }
}

extension Query.Condition {
    /// What stands in the text of the statement.
    fileprivate var number: Int64? {
        guard isFixed, case .integer(let number)? = values.first else { return nil }
        return number
    }

    /// The last value is repeated up to a power of two, so that lists of many lengths share a few statements.
    /// - Returns: how many there are.
    fileprivate func appendParameters(to parameters: inout [StoredValue]) -> Int {
        guard number == nil, let last = values.last, last != .null else { return 0 }
        var count = 1
        while count < values.count { count *= 2 }
        parameters.append(contentsOf: values)
        for _ in values.count..<count { parameters.append(last) }
        return count
    }
}

extension Call {
    /// What neither engine is asked to keep: PostgreSQL refuses it, and SQLite would cut it at the wrong place.
    func refuseNUL() throws(StoreFailure) {
        for value in values {
            guard case .text(let text) = value, text.utf8.contains(0) else { continue }
            throw .other("a text for \(statement.table.name) holds a NUL character")
        }
    }
}

extension Change {
    /// What the engines are told: for who compares this program with one that says nothing else.
    package var statement: (text: String, values: [StoredValue]) {
        let call = Call(self)
        return (call.statement.text(lock: ""), call.values)
    }
}

extension Query {
    /// What the engines are asked, likewise.
    package func statement(lock: String) -> (text: String, values: [StoredValue]) {
        let call = Call(select: self)
        return (call.statement.text(lock: lock), call.values)
    }
}
