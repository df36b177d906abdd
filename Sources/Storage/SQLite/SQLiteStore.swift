internal import CSQLite
package import Centre

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The store in one file of this machine, or in memory.
package final class SQLiteStore: Database {
    package enum Location: Sendable {
        case file(String)
        /// Gone with the store.
        case memory
        /// A disk that fails when it is told to; for tests and simulated worlds.
        case faulty(FaultyDisk)
    }

    /// Who does the work.
    package enum Mode: Sendable {
        /// Callers on many threads: writers in groups, readers beside them.
        case shared
        /// One connection and the caller's own thread: the same calls give the same file, byte for byte.
        case direct
    }

    package let place: String
    package let engine = "SQLite"
    package var effort: StoreEffort? { nil }
    private let memory = CatalogueMemory()
    private let sync: LogSync?
    private let writer: GroupCommit
    private let readers: SQLiteReaders?
    private let logKeeper: SQLiteLogKeeper?

    package init(_ location: Location, mode: Mode = .shared) throws(StoreFailure) {
        place = location.place
        try location.prepare()
        let connection = try location.connect()
        try Self.check(connection, place: location.place)
        sync = mode == .shared && location.hasLog ? LogSync() : nil
        try location.configure(connection, isSyncing: sync == nil)
        writer = GroupCommit(connection, memory, sync)
        readers = location.isShared && mode == .shared ? SQLiteReaders(location) : nil
        logKeeper = location.isShared && mode == .shared ? SQLiteLogKeeper(location, writer) : nil
    }

    package func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        let result = Swift.Result { try glance(body) }
        // What was seen, or missed, counts when it is on the disk.
        if let sync { try sync.wait(for: sync.seen) }
        return try result.get()
    }

    package func glance<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try sync?.check()
        if let readers { return try readers.lend { try look($0, body) } }
        return try writer.alone { try look($0, body) }
    }

    package var end: StoreFailure? { sync?.failure }

    package func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try sync?.check()
        // The body is called by whoever leads the group, but never after this call has returned.
        return try withoutActuallyEscaping(body) { body in
            var result: Result?
            try writer.run(GroupCommit.Job { result = try body($0) })
            guard let result else { preconditionFailure("a job was answered without having run") }
            return result
        }
    }

    /// How many callers wait for the next durable commit.
    package var waitingWriters: Int { writer.waitingCount }

    package func tidy() throws(StoreFailure) { try logKeeper?.turn() }

    /// A snapshot begins with the first question.
    private func look<Result>(
        _ connection: SQLiteConnection, _ body: (any Transaction) throws -> Result
    ) throws -> Result {
        try connection.control("BEGIN")
        // Nothing was changed, so nothing can be lost here.
        defer { try? connection.control("ROLLBACK") }
        let transaction = SQLiteTransaction(connection, memory, isReadOnly: true)
        defer { transaction.end() }
        let result = try body(transaction)
        try transaction.flush()
        return result
    }

    /// Before anything in the file is touched.
    private static func check(_ connection: SQLiteConnection, place: String) throws(StoreFailure) {
        let found = try connection.number("PRAGMA application_id")
        guard found != SQLite.applicationID else { return }
        let isEmpty = try connection.number("SELECT count(*) FROM sqlite_schema") == 0
        guard found == 0 && isEmpty else { throw .damaged("\(place) is a database of another program") }
    }

    /// For what stands beside transactions: schema, checks.
    func alone<Value>(_ body: (SQLiteConnection) throws(StoreFailure) -> Value) throws(StoreFailure) -> Value
    {
        try sync?.check()
        return try writer.change(body)
    }
}

/// A few connections that look while another writes; made when they are first needed.
final class SQLiteReaders: @unchecked Sendable {
    // A connection is used by the caller it is lent to, and by nobody else until it comes back.
    private static let connectionsMax = 4

    private struct Pool {
        var idle: [SQLiteConnection] = []
        var count = 0
    }

    private let location: SQLiteStore.Location
    private let pool = Monitor(Pool())

    init(_ location: SQLiteStore.Location) { self.location = location }

    func lend<Value>(_ body: (SQLiteConnection) throws -> Value) throws -> Value {
        let connection = try take()
        defer { pool.change { $0.idle.append(connection) } }
        return try body(connection)
    }

    private func take() throws(StoreFailure) -> SQLiteConnection {
        let idle: SQLiteConnection? = pool.wait { pool -> SQLiteConnection?? in
            if let connection = pool.idle.popLast() { return .some(connection) }
            guard pool.count < Self.connectionsMax else { return nil }
            pool.count += 1
            return .some(nil)
        }
        if let idle { return idle }
        do throws(StoreFailure) {
            let connection = try location.connect()
            try connection.script("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY")
            return connection
        } catch {
            pool.change { $0.count -= 1 }
            throw error
        }
    }
}

extension SQLiteStore.Location {
    /// How long one process waits for another that writes.
    private static let busyMilliseconds: Int32 = 5_000
    /// What every database of SQLite begins with (SQLite, "Database File Format" §1.3).
    private static let beginning = Array("SQLite format 3\0".utf8)

    var place: String {
        switch self {
        case .file(let path): path
        case .memory: "memory"
        case .faulty: "a test disk"
        }
    }

    /// More than one connection can look at it.
    var isShared: Bool {
        switch self {
        case .file: true
        case .memory, .faulty: false
        }
    }

    /// It has a write-ahead log.
    var hasLog: Bool {
        switch self {
        case .file, .faulty: true
        case .memory: false
        }
    }

    /// What is kept is nobody else's business: a new file is the owner's alone, and what SQLite puts beside it
    /// likewise.
    func prepare() throws(StoreFailure) {
        guard case .file(let path) = self else { return }
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw SQLiteFailure(
                code: SQLITE_CANTOPEN, message: "\(path) cannot be opened", systemError: errno
            ).failure(table: nil)
        }
        defer { close(file) }
        var beginning = [UInt8](repeating: 0, count: Self.beginning.count)
        let count = pread(file, &beginning, beginning.count, 0)
        // SQLite takes a few bytes of anything for an empty database, and would write over them.
        guard count <= 0 || beginning == Self.beginning else {
            throw .damaged("\(path) is not a database")
        }
    }

    func connect() throws(StoreFailure) -> SQLiteConnection {
        let connection: SQLiteConnection
        switch self {
        case .file(let path): connection = try SQLiteConnection(path: path, flags: SQLITE_OPEN_READWRITE)
        case .memory:
            connection = try SQLiteConnection(
                path: ":memory:", flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
        case .faulty(let disk):
            connection = try SQLiteConnection(
                path: FaultyDisk.storeName, on: FaultyFileSystem(disk),
                flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
        }
        connection.wait(milliseconds: Self.busyMilliseconds)
        // Without memory that processes share, the log's index is kept by the one connection there is.
        if case .faulty = self { try connection.script("PRAGMA locking_mode = EXCLUSIVE") }
        return connection
    }

    /// - Parameter isSyncing: a commit waits for the disk itself.
    func configure(_ connection: SQLiteConnection, isSyncing: Bool) throws(StoreFailure) {
        try setWriteAheadLog(connection)
        try connection.script(SQLiteStore.manner)
        if !isSyncing { try connection.script("PRAGMA synchronous = NORMAL") }
    }

    /// Changing over needs the file alone for a moment, and does not wait for others who are starting too.
    private func setWriteAheadLog(_ connection: SQLiteConnection) throws(StoreFailure) {
        let triesMax = 100
        for attempt in 1...triesMax {
            do throws(StoreFailure) {
                _ = try connection.query("PRAGMA journal_mode = WAL")
                return
            } catch {
                guard error == .contended, attempt < triesMax else { throw error }
                sqlite3_sleep(Self.busyMilliseconds / Int32(triesMax))
            }
        }
    }
}

extension SQLiteStore {
    /// How a connection that writes works. FULL: a commit is on the disk before it returns (SQLite, "PRAGMA
    /// synchronous"); where `LogSync` sees to that, NORMAL takes its place. 32 MB of pages: of a register that does not
    /// fit, those that lead to the others.
    package static let manner = """
        PRAGMA synchronous = FULL;
        PRAGMA cache_size = -32768;
        PRAGMA foreign_keys = ON;
        PRAGMA temp_store = MEMORY;
        PRAGMA trusted_schema = OFF;
        """

    /// An empty store with the schema of this program, gone when nobody holds it any more: for tests and plans.
    package static func inMemory(_ schema: Schema = .current) throws(StoreFailure) -> SQLiteStore {
        let store = try SQLiteStore(.memory, mode: .direct)
        try store.migrate(to: schema)
        return store
    }
}
