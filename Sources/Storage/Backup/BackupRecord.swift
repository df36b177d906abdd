internal import Centre
internal import SmartCard

/// What stands in a backup, one after the other: the steps of the schema, then each table with its rows, then the end.
///
/// Numbers are big-endian. A text or string of bytes has four bytes of length before it.
enum BackupRecord: Equatable {
    case steps([BackupStep])
    case table(Table)
    /// Of the table before it.
    case row([StoredValue])
    case end(rows: Int)
}

struct BackupStep: Equatable {
    let number: Int
    let checksum: String
}

extension BackupRecord {
    private enum Mark {
        static let steps = UInt8(ascii: "S")
        static let table = UInt8(ascii: "T")
        static let row = UInt8(ascii: "R")
        static let end = UInt8(ascii: "E")
    }

    func encode(into bytes: inout [UInt8]) {
        switch self {
        case .steps(let steps):
            bytes.append(Mark.steps)
            bytes += UInt32(steps.count).bigEndianBytes
            for step in steps {
                bytes += Int64(step.number).bigEndianBytes
                Self.append(Array(step.checksum.utf8), to: &bytes)
            }
        case .table(let table):
            bytes.append(Mark.table)
            Self.append(Array(table.name.utf8), to: &bytes)
            bytes += UInt32(table.keyCount).bigEndianBytes
            bytes += UInt32(table.columns.count).bigEndianBytes
            for column in table.columns {
                bytes.append(column.type.code | (column.isOptional ? 0x80 : 0))
                Self.append(Array(column.name.utf8), to: &bytes)
            }
        case .row(let values):
            bytes.append(Mark.row)
            for value in values { Self.append(value, to: &bytes) }
        case .end(let rows):
            bytes.append(Mark.end)
            bytes += Int64(rows).bigEndianBytes
        }
    }

    private static func append(_ data: [UInt8], to bytes: inout [UInt8]) {
        bytes += UInt32(data.count).bigEndianBytes
        bytes += data
    }

    private static func append(_ value: StoredValue, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes.append(0)
        case .integer(let number):
            bytes.append(1)
            bytes += number.bigEndianBytes
        case .text(let text):
            bytes.append(2)
            append(Array(text.utf8), to: &bytes)
        case .bytes(let data):
            bytes.append(3)
            append(data, to: &bytes)
        }
    }

    /// `table` is the one whose rows stand here.
    static func read(_ source: BackupSource, table: Table?) throws(BackupFailure) -> BackupRecord {
        switch try source.byte() {
        case Mark.steps:
            var steps: [BackupStep] = []
            for _ in 0..<(try source.count(max: stepsMax)) {
                steps.append(
                    BackupStep(number: Int(try source.number()), checksum: try source.text()))
            }
            return .steps(steps)
        case Mark.table: return .table(try readTable(source))
        case Mark.row:
            guard let table else { throw source.damaged("a row without a table") }
            var values: [StoredValue] = []
            for _ in table.columns { values.append(try readValue(source)) }
            return .row(values)
        case Mark.end: return .end(rows: Int(try source.number()))
        case let other: throw source.damaged("something unknown (\(other))")
        }
    }

    private static let stepsMax = 10_000
    private static let columnsMax = 1_000

    private static func readTable(_ source: BackupSource) throws(BackupFailure) -> Table {
        let name = try source.text()
        let keyCount = try source.count(max: columnsMax)
        var columns: [Table.Column] = []
        for _ in 0..<(try source.count(max: columnsMax)) {
            let code = try source.byte()
            let name = try source.text()
            guard let column = Table.Column(name, code: code & 0x7F) else {
                throw source.damaged("a column of an unknown type")
            }
            columns.append(code & 0x80 == 0 ? column : column.optional)
        }
        guard (1...max(1, columns.count)).contains(keyCount), keyCount <= columns.count else {
            throw source.damaged("a table without a key")
        }
        return Table(name, key: Array(columns.prefix(keyCount)), Array(columns.dropFirst(keyCount)))
    }

    private static func readValue(_ source: BackupSource) throws(BackupFailure) -> StoredValue {
        switch try source.byte() {
        case 0: .null
        case 1: .integer(try source.number())
        case 2: .text(try source.text())
        case 3: .bytes(try source.data())
        case let other: throw source.damaged("a value of an unknown type (\(other))")
        }
    }
}

extension Table.ColumnType {
    fileprivate var code: UInt8 {
        switch self {
        case .integer: 1
        case .text: 2
        case .bytes: 3
        }
    }
}

extension Table.Column {
    fileprivate init?(_ name: String, code: UInt8) {
        switch code {
        case 1: self = .integer(name)
        case 2: self = .text(name)
        case 3: self = .bytes(name)
        default: return nil
        }
    }
}
