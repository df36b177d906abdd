internal import CPostgreSQL
internal import CSQLite
internal import Centre
internal import Storage

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

// What a program would do that calls the engine and nothing else, and writes the very rows that ours writes: without a
// question or with the same ones, and without a decision. It exists to be measured against.

/// One connection to a copy of a store.
protocol BareWriter: AnyObject {
    /// Prepares the statements of one transaction: what comes back makes it, durably, each time it is called.
    ///
    /// - Parameter asked: before that, each list at once; what is answered is looked at and thrown away.
    func ready(_ asked: [[Query]], _ changes: [Change]) throws -> () throws -> Void
}

/// The values of one statement, laid out as the engines take them.
private struct BareValues {
    enum Place {
        case null
        case integer(Int64)
        case text(Range<Int>)
        case bytes(Range<Int>)
    }

    private(set) var bytes: [UInt8] = []
    private(set) var places: [Place] = []

    /// - Parameter isBinary: numbers too, as PostgreSQL wants them.
    init(_ values: [StoredValue], isBinary: Bool) {
        func add(_ more: some Sequence<UInt8>) -> Range<Int> {
            let start = bytes.count
            bytes += more
            return start..<bytes.count
        }
        for value in values {
            switch value {
            case .null: places.append(.null)
            case .integer(let number) where isBinary:
                places.append(.bytes(withUnsafeBytes(of: number.bigEndian) { add($0) }))
            case .integer(let number): places.append(.integer(number))
            case .text(let text): places.append(.text(add(text.utf8)))
            case .bytes(let data): places.append(.bytes(add(data)))
            }
        }
        // An address that an empty value at the end can have.
        bytes.append(0)
    }
}

/// A file of SQLite with the same manner of committing.
final class BareSQLiteWriter: BareWriter {
    private let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    init(_ path: String, setUp: String) throws {
        var handle: OpaquePointer?
        guard sqlite3_open(path, &handle) == SQLITE_OK, let handle else { throw BenchmarkError("no \(path)") }
        self.handle = handle
        sqlite3_busy_timeout(handle, 5_000)
        guard sqlite3_exec(handle, setUp, nil, nil, nil) == SQLITE_OK else { throw failure() }
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close(handle)
    }

    func ready(_ asked: [[Query]], _ changes: [Change]) throws -> () throws -> Void {
        let (begin, end) = (try statement("BEGIN IMMEDIATE"), try statement("COMMIT"))
        let all = asked.flatMap { $0 }.map { $0.statement(lock: "") } + changes.map(\.statement)
        let calls = try all.map { text, values in
            (statement: try statement(text), values: BareValues(values, isBinary: false))
        }
        return {
            try self.run(begin)
            for call in calls {
                try call.values.bytes.withUnsafeBytes { bytes in
                    for (index, place) in call.values.places.enumerated() {
                        Self.bind(place, bytes, to: call.statement, at: Int32(index + 1))
                    }
                    try self.run(call.statement)
                }
            }
            try self.run(end)
        }
    }

    private static func bind(
        _ place: BareValues.Place, _ bytes: UnsafeRawBufferPointer, to statement: OpaquePointer,
        at index: Int32
    ) {
        // No destructor: the bytes stay where they are until the statement has run.
        switch place {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let number): sqlite3_bind_int64(statement, index, number)
        case .text(let range):
            let text = bytes.baseAddress?.advanced(by: range.lowerBound)
            sqlite3_bind_text(
                statement, index, text?.assumingMemoryBound(to: CChar.self), Int32(range.count), nil)
        case .bytes(let range):
            sqlite3_bind_blob(
                statement, index, bytes.baseAddress?.advanced(by: range.lowerBound), Int32(range.count), nil)
        }
    }

    private func statement(_ text: String) throws -> OpaquePointer {
        if let known = statements[text] { return known }
        var statement: OpaquePointer?
        sqlite3_prepare_v2(handle, text, -1, &statement, nil)
        guard let statement else { throw failure() }
        statements[text] = statement
        return statement
    }

    private func run(_ statement: OpaquePointer) throws {
        var code = sqlite3_step(statement)
        while code == SQLITE_ROW {
            for column in 0..<sqlite3_column_count(statement) {
                consume(sqlite3_column_blob(statement, column))
                consume(sqlite3_column_bytes(statement, column))
            }
            code = sqlite3_step(statement)
        }
        guard code == SQLITE_DONE, sqlite3_reset(statement) == SQLITE_OK else {
            throw failure()
        }
    }

    private func failure() -> BenchmarkError {
        BenchmarkError("SQLite does not write: \(String(cString: sqlite3_errmsg(handle)))")
    }
}

/// A connection to PostgreSQL that sends all statements of a transaction at once, without asking anything before: they
/// are one transaction of the server's because they are one message to it.
final class BarePostgreSQLWriter: BareWriter {
    private let library: BareLibPQ
    private let connection: OpaquePointer
    private var names: [String: String] = [:]

    init(_ address: String) throws {
        library = try BareLibPQ()
        guard let connection = library.connect(address) else { throw BenchmarkError("no connection") }
        self.connection = connection
    }

    deinit { library.finish(connection) }

    func ready(_ asked: [[Query]], _ changes: [Change]) throws -> () throws -> Void {
        typealias Call = (name: String, values: BareValues)
        func call(_ text: String, _ values: [StoredValue]) throws -> Call {
            (try name(text), BareValues(values, isBinary: true))
        }
        var messages = try asked.map { queries in
            try queries.map { query in
                let (text, values) = query.statement(lock: " FOR UPDATE")
                return try call(text, values)
            }
        }
        var last = try changes.map { try call($0.statement.text, $0.statement.values) }
        // One message is a transaction by itself.
        if !messages.isEmpty {
            messages[0].insert(try call("BEGIN", []), at: 0)
            last.append(try call("COMMIT", []))
        }
        let all = messages + [last]
        return { for message in all { try self.trip(message) } }
    }

    private func trip(_ calls: [(name: String, values: BareValues)]) throws {
        for call in calls { try send(call.name, call.values) }
        guard library.pipelineSync(connection) == 1 else { throw failure() }
        for _ in calls {
            try read([PGRES_COMMAND_OK.rawValue, PGRES_TUPLES_OK.rawValue])
            guard library.getResult(connection) == nil else { throw failure() }
        }
        try read([PGRES_PIPELINE_SYNC.rawValue])
    }

    private func send(_ name: String, _ values: BareValues) throws {
        let sent = values.bytes.withUnsafeBytes { bytes in
            let ranges = values.places.map { place -> Range<Int>? in
                switch place {
                case .null, .integer: nil
                case .text(let range), .bytes(let range): range
                }
            }
            let texts = ranges.map { range in
                range.flatMap {
                    bytes.baseAddress?.advanced(by: $0.lowerBound).assumingMemoryBound(to: CChar.self)
                }
            }
            let formats = [Int32](repeating: 1, count: ranges.count)
            return library.sendQueryPrepared(
                connection, name, Int32(ranges.count), texts, ranges.map { Int32($0?.count ?? 0) }, formats, 1
            )
        }
        guard sent == 1 else { throw failure() }
    }

    private func read(_ expected: [UInt32]) throws {
        guard let answer = library.getResult(connection) else { throw failure() }
        defer { library.clear(answer) }
        guard expected.contains(library.status(answer)) else { throw failure() }
    }

    private func name(_ text: String) throws -> String {
        if let known = names[text] { return known }
        let name = "s\(names.count)"
        _ = library.exitPipelineMode(connection)
        let answer = library.prepare(connection, name, text, 0, nil)
        defer { answer.map(library.clear) }
        guard let answer, library.status(answer) == PGRES_COMMAND_OK.rawValue,
            library.enterPipelineMode(connection) == 1
        else { throw failure() }
        names[text] = name
        return name
    }

    private func failure() -> BenchmarkError {
        let text = library.errorMessage(connection).map { String(cString: $0) } ?? ""
        return BenchmarkError("PostgreSQL does not write: \(text)")
    }
}
