internal import Centre

/// Everything in a store in one file, the same for both engines: what was kept in one can be taken into the other.
package enum Backup {
    package struct Summary: Hashable, Sendable {
        package let schemaVersion: Int
        package let rows: Int
        /// How many rows each table has, in the order of the tables.
        package let tables: [Table]

        package struct Table: Hashable, Sendable {
            package let name: String
            package let rows: Int
        }
    }

    /// Told now and then how many rows of how many are done.
    package typealias Progress = (_ done: Int, _ total: Int) -> Void

    /// Writes what the store holds at one moment, while others go on working with it.
    @discardableResult
    package static func write(
        _ store: any Database, to path: String, replacing: Bool = false, progress: Progress = { _, _ in }
    ) throws -> Summary {
        let tables = try store.tables()
        // Asked again from the start, should the connection break: then the file is begun again.
        return try store.read { transaction in
            let target = try BackupTarget(path, replacing: replacing)
            let steps = try Schema.steps(transaction.ask([Query(Schema.ledgerTable)])[0])
            try target.write(.steps(steps.map { BackupStep(number: $0.number, checksum: $0.checksum) }))
            let counts = try tables.map { try transaction.count(Query($0)) }
            let total = counts.reduce(0, +)
            var done = 0
            for table in tables {
                try target.write(.table(table))
                try transaction.forEachRow(of: table) { row in
                    try target.write(.row(row))
                    done += 1
                    if done.isMultiple(of: Query.rowsMax) { progress(done, total) }
                }
            }
            try target.write(.end(rows: done))
            try target.finish()
            progress(done, total)
            return Summary(
                schemaVersion: steps.last?.number ?? 0, rows: done,
                tables: zip(tables, counts).map { Summary.Table(name: $0.name, rows: $1) })
        }
    }

    /// Reads a backup through to its end: whether it is whole, and what is in it.
    package static func verify(_ path: String) throws(BackupFailure) -> Summary {
        try scan(path).summary
    }

    static func scan(_ path: String) throws(BackupFailure) -> (
        summary: Summary, steps: [BackupStep], tables: [Centre.Table]
    ) {
        let reader = try BackupReader(path)
        var tables: [Centre.Table] = []
        var counts: [Int] = []
        while let (table, _) = try reader.next() {
            if tables.last != table {
                tables.append(table)
                counts.append(0)
            }
            counts[counts.count - 1] += 1
        }
        let summary = Summary(
            schemaVersion: reader.steps.last?.number ?? 0, rows: reader.rows,
            tables: zip(tables, counts).map { Summary.Table(name: $0.name, rows: $1) })
        return (summary, reader.steps, reader.tables)
    }
}

extension Backup {
    /// Reads what stands in the blocks of a backup and writes it again, for those who try what can be read.
    package static func rewrite(contents: [UInt8]) throws(BackupFailure) -> [UInt8] {
        let source = BackupSource(contents: contents)
        var written: [UInt8] = []
        var table: Centre.Table?
        while true {
            let record = try BackupRecord.read(source, table: table)
            record.encode(into: &written)
            if case .table(let next) = record { table = next }
            guard case .end = record else { continue }
            try source.expectEnd()
            return written
        }
    }
}

/// Gives the rows of a backup, each with its table.
final class BackupReader {
    private let source: BackupSource
    let steps: [BackupStep]
    /// Those seen so far; all of them at the end.
    private(set) var tables: [Table] = []
    private(set) var rows = 0

    convenience init(_ path: String) throws(BackupFailure) { try self.init(BackupSource(path)) }

    init(_ source: BackupSource) throws(BackupFailure) {
        self.source = source
        guard case .steps(let steps) = try BackupRecord.read(source, table: nil) else {
            throw source.damaged("it does not begin with its schema")
        }
        self.steps = steps
    }

    func next() throws(BackupFailure) -> (Table, [StoredValue])? {
        while true {
            switch try BackupRecord.read(source, table: tables.last) {
            case .steps: throw source.damaged("a second schema")
            case .table(let table): tables.append(table)
            case .row(let values):
                guard let table = tables.last else { throw source.damaged("a row without a table") }
                rows += 1
                return (table, values)
            case .end(let count):
                guard count == rows else {
                    throw source.damaged("\(rows) rows where there should be \(count)")
                }
                try source.expectEnd()
                return nil
            }
        }
    }
}

extension Transaction {
    /// Page by page, in the order of the key.
    func forEachRow(of table: Table, _ body: ([StoredValue]) throws -> Void) throws {
        // Some rows are whole programs: a page of them must not fill the memory.
        let pageRows = 200
        var query = Query(table, limit: pageRows)
        while true {
            let page = try ask([query])[0]
            for row in page { try body(row) }
            guard page.count == query.limit, let last = page.last else { return }
            query.after = Array(last.prefix(table.keyCount))
        }
    }
}
