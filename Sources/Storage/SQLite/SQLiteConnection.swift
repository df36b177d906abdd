internal import CSQLite
internal import Centre

/// One connection to one database, and the statements that are kept prepared on it; one thread at a time.
final class SQLiteConnection {
    private let handle: OpaquePointer
    /// Stays registered as long as the connection is open.
    private let fileSystem: FaultyFileSystem?
    private var prepared: [Statement: OpaquePointer] = [:]
    /// In the transaction underway, by one of those who share it: what they read may be undone with it.
    var changesCatalogue = false
    private var committedChanges: Int64 = 0
    /// What stands between transactions: prepared once, by text.
    private var controls: [String: OpaquePointer] = [:]

    /// Of the library, once and before its first use; later it refuses, which changes nothing.
    private static let isPrepared: Bool = berth_sqlite_count_no_memory() == SQLITE_OK

    /// Without a file system of its own it is on the machine's.
    init(path: String, on fileSystem: FaultyFileSystem? = nil, flags: Int32) throws(StoreFailure) {
        self.fileSystem = fileSystem
        _ = Self.isPrepared
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX, fileSystem?.name)
        guard code == SQLITE_OK, let handle else {
            let failure = SQLiteFailure(
                code: code, message: "\(path): \(Self.message(handle, code))",
                systemError: handle.map(sqlite3_system_errno) ?? 0)
            sqlite3_close_v2(handle)
            throw failure.failure(table: nil)
        }
        self.handle = handle
        sqlite3_extended_result_codes(handle, 1)
    }

    deinit {
        for statement in prepared.values { sqlite3_finalize(statement) }
        for statement in controls.values { sqlite3_finalize(statement) }
        // What could be told now was told by the last commit.
        sqlite3_close_v2(handle)
    }

    /// How long to wait for another process that is writing.
    func wait(milliseconds: Int32) { sqlite3_busy_timeout(handle, milliseconds) }

    /// Some failures end the transaction by themselves.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    // MARK: what is asked and changed all the time

    func run(_ call: Call) throws(StoreFailure) {
        _ = try step(call) { (_: OpaquePointer) in }
    }

    func rows(_ call: Call) throws(StoreFailure) -> [[StoredValue]] {
        let count = call.statement.columnCount
        return try step(call) { statement in
            [StoredValue](unsafeUninitializedCapacity: count) { row, filled in
                while filled < count {
                    row.initializeElement(at: filled, to: Self.value(statement, Int32(filled)))
                    filled += 1
                }
            }
        }
    }

    private func step<Row>(
        _ call: Call, _ read: (OpaquePointer) -> Row
    ) throws(StoreFailure) -> [Row] {
        let statement = try prepare(call.statement)
        // Nothing new: the step has already said what went wrong.
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        var place: Int32 = 0
        for value in call.values {
            place += 1
            try check(Self.bind(value, to: statement, at: place))
        }
        return try rows(of: statement, table: call.statement.table.name, read)
    }

    private func rows<Row>(
        of statement: OpaquePointer, table: String? = nil, _ read: (OpaquePointer) -> Row
    ) throws(StoreFailure) -> [Row] {
        var rows: [Row] = []
        while true {
            let code = sqlite3_step(statement)
            switch code {
            case SQLITE_ROW: rows.append(read(statement))
            case SQLITE_DONE: return rows
            default: throw failure(code).failure(table: table)
            }
        }
    }

    // The code has finitely many shapes of statements, so this does not grow without end.
    private func prepare(_ statement: Statement) throws(StoreFailure) -> OpaquePointer {
        if let found = prepared[statement] { return found }
        let made = try prepare(statement.text(lock: ""))
        prepared[statement] = made
        return made
    }

    private func prepare(_ text: String) throws(StoreFailure) -> OpaquePointer {
        var statement: OpaquePointer?
        try check(sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
        guard let statement else {
            throw .other("there is no statement in '\(text)'")
        }
        return statement
    }

    // MARK: what is said now and then

    /// One statement without parameters that gives nothing back, kept prepared: BEGIN, COMMIT and the like.
    func control(_ text: String) throws(StoreFailure) {
        let statement = try prepareControl(text)
        defer { sqlite3_reset(statement) }
        _ = try rows(of: statement) { (_: OpaquePointer) in }
    }

    private func prepareControl(_ text: String) throws(StoreFailure) -> OpaquePointer {
        if let found = controls[text] { return found }
        let made = try prepare(text)
        controls[text] = made
        return made
    }

    /// Rows were changed since the last commit, or were to be.
    var hasChanges: Bool { sqlite3_total_changes64(handle) != committedChanges }

    /// The write-ahead log as SQLite has it open, from the first transaction on for as long as the connection is there.
    var log: SQLiteLog? {
        var file: UnsafeMutablePointer<sqlite3_file>?
        let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file)
        guard code == SQLITE_OK, let file, file.pointee.pMethods != nil else { return nil }
        return SQLiteLog(file: file)
    }

    /// Ends the transaction. Only here does it matter how exactly it failed.
    func commit() throws(SQLiteFailure) {
        defer { committedChanges = sqlite3_total_changes64(handle) }
        guard let statement = try? prepareControl("COMMIT") else { throw failure(SQLITE_ERROR) }
        defer { sqlite3_reset(statement) }
        let code = sqlite3_step(statement)
        guard code == SQLITE_DONE else { throw failure(code) }
    }

    /// Any number of statements, nothing back: schemas.
    func script(_ text: String) throws(StoreFailure) {
        try check(sqlite3_exec(handle, text, nil, nil, nil))
    }

    /// One statement and all its rows.
    func query(_ text: String, _ values: [StoredValue] = []) throws(StoreFailure) -> [[StoredValue]] {
        let statement = try prepare(text)
        defer { sqlite3_finalize(statement) }
        for (index, value) in values.enumerated() {
            try check(Self.bind(value, to: statement, at: Int32(index + 1)))
        }
        let count = sqlite3_column_count(statement)
        return try rows(of: statement) { row in (0..<count).map { Self.value(row, $0) } }
    }

    /// The first column of the first row as a number.
    func number(_ text: String) throws(StoreFailure) -> Int64? {
        guard case .integer(let value)? = try query(text).first?.first else { return nil }
        return value
    }

    // MARK: values

    private static func bind(_ value: StoredValue, to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(statement, index)
        case .integer(let number): return sqlite3_bind_int64(statement, index, number)
        case .text(var text):
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    // An empty text may have no address, which would be taken for NULL.
                    guard let start = characters.baseAddress else {
                        return sqlite3_bind_text(statement, index, "", 0, berth_sqlite_transient())
                    }
                    return sqlite3_bind_text(
                        statement, index, start, Int32(characters.count), berth_sqlite_transient())
                }
            }
        case .bytes(let bytes):
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
            return sqlite3_bind_blob64(
                statement, index, bytes, UInt64(bytes.count), berth_sqlite_transient())
        }
    }

    private static func value(_ statement: OpaquePointer, _ index: Int32) -> StoredValue {
        switch sqlite3_column_type(statement, index) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, index))
        case SQLITE_TEXT:
            let text = sqlite3_column_text(statement, index)
            let count = Int(sqlite3_column_bytes(statement, index))
            return .text(String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let bytes = sqlite3_column_blob(statement, index)
            let count = Int(sqlite3_column_bytes(statement, index))
            return .bytes(Array(UnsafeRawBufferPointer(start: bytes, count: count)))
        case SQLITE_FLOAT:
            // No column of ours holds one; whoever reads the row says that it makes no sense.
            return .text("\(sqlite3_column_double(statement, index))")
        default: return .null
        }
    }

    // MARK: codes

    private func check(_ code: Int32) throws(StoreFailure) {
        guard code == SQLITE_OK else { throw failure(code).failure(table: nil) }
    }

    private func failure(_ code: Int32) -> SQLiteFailure {
        SQLiteFailure(
            code: sqlite3_extended_errcode(handle), message: Self.message(handle, code),
            systemError: sqlite3_system_errno(handle))
    }

    private static func message(_ handle: OpaquePointer?, _ code: Int32) -> String {
        String(cString: handle.map { sqlite3_errmsg($0) } ?? sqlite3_errstr(code))
    }
}

/// A log file that a connection has open.
struct SQLiteLog: @unchecked Sendable {
    // Sendable because to sync is all that is done with it: the system takes that from any thread.
    fileprivate let file: UnsafeMutablePointer<sqlite3_file>

    /// Everything written so far is on the disk when this returns nothing.
    func sync() -> SQLiteFailure? {
        guard let sync = file.pointee.pMethods?.pointee.xSync else { return nil }
        let code = sync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY)
        guard code != SQLITE_OK else { return nil }
        return SQLiteFailure(code: code, message: String(cString: sqlite3_errstr(code)))
    }
}
