/// What one column of one row holds.
package enum StoredValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])
}

/// What a table looks like to the centre; the schema itself is SQL in `Storage`, and a test holds both together.
package struct Table: Hashable, Sendable {
    package enum ColumnType: Hashable, Sendable {
        case integer
        case text
        case bytes
    }

    package struct Column: Hashable, Sendable {
        package let name: String
        package let type: ColumnType
        package let isOptional: Bool

        package static func integer(_ name: String) -> Column {
            .init(name: name, type: .integer, isOptional: false)
        }
        package static func text(_ name: String) -> Column {
            .init(name: name, type: .text, isOptional: false)
        }
        package static func bytes(_ name: String) -> Column {
            .init(name: name, type: .bytes, isOptional: false)
        }
        /// The same column where a row may leave it empty.
        package var optional: Column { .init(name: name, type: type, isOptional: true) }
    }

    package let name: String
    /// The key's columns come first.
    package let columns: [Column]
    package let keyCount: Int

    package init(_ name: String, key: [Column], _ columns: [Column]) {
        self.name = name
        self.columns = key + columns
        keyCount = key.count
    }

    package var key: ArraySlice<Column> { columns.prefix(keyCount) }

    /// The name tells tables apart nearly always; equality decides.
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// One row of one table as a value of the domain.
package protocol Record: Sendable, Hashable {
    static var table: Table { get }
    /// In the order of the table's columns.
    var row: [StoredValue] { get }
    /// Fails when the row does not say what its columns promise: the store was changed behind our back.
    init(row: inout RowReader) throws(RowError)
}

extension Record {
    package var keyValues: [StoredValue] { Array(row.prefix(Self.table.keyCount)) }
}

/// A stored row that cannot be read as what it should be.
package struct RowError: Error, Hashable {
    package let table: String
    package let column: String
    package let problem: String
}

/// Takes a row apart, column by column, in the order of the table.
package struct RowReader {
    private let table: Table
    private let values: [StoredValue]
    private var index = 0

    package init(_ table: Table, _ values: [StoredValue]) throws(RowError) {
        guard values.count == table.columns.count else {
            throw RowError(table: table.name, column: "*", problem: "\(values.count) columns")
        }
        self.table = table
        self.values = values
    }

    package mutating func integer() throws(RowError) -> Int64 {
        guard let value = try optionalInteger() else { throw failure("is empty") }
        return value
    }
    package mutating func int() throws(RowError) -> Int { Int(try integer()) }
    package mutating func text() throws(RowError) -> String {
        guard let value = try optionalText() else { throw failure("is empty") }
        return value
    }
    package mutating func bytes() throws(RowError) -> [UInt8] {
        guard let value = try optionalBytes() else { throw failure("is empty") }
        return value
    }
    package mutating func optionalInteger() throws(RowError) -> Int64? {
        switch take() {
        case .null: return nil
        case .integer(let value): return value
        case .text, .bytes: throw failure("is not a number")
        }
    }
    package mutating func optionalText() throws(RowError) -> String? {
        switch take() {
        case .null: return nil
        case .text(let value): return value
        case .integer, .bytes: throw failure("is not text")
        }
    }
    package mutating func optionalBytes() throws(RowError) -> [UInt8]? {
        switch take() {
        case .null: return nil
        case .bytes(let value): return value
        case .integer, .text: throw failure("is not a string of bytes")
        }
    }

    /// For a value that was read and makes no sense; names the column that was read last.
    package func failure(_ problem: String) -> RowError {
        RowError(table: table.name, column: table.columns[max(0, index - 1)].name, problem: problem)
    }

    /// Reads text and makes a word of the domain of it.
    package mutating func word<Word>(_ make: (String) throws -> Word?) throws(RowError) -> Word {
        let text = try text()
        guard let word = (try? make(text)) ?? nil else { throw failure("'\(text)' is not valid") }
        return word
    }
    package mutating func optionalWord<Word>(_ make: (String) throws -> Word?) throws(RowError) -> Word? {
        guard let text = try optionalText() else { return nil }
        guard let word = (try? make(text)) ?? nil else { throw failure("'\(text)' is not valid") }
        return word
    }

    private mutating func take() -> StoredValue {
        precondition(index < values.count, "a record reads more columns than its table has")
        defer { index += 1 }
        return values[index]
    }
}
