internal import CPostgreSQL
internal import CSQLite

// What a program would do that calls the engine and nothing else: one row changed, durably. It exists to be measured
// against.

/// A file of SQLite with the same manner of committing.
final class BareSQLite {
    private let handle: OpaquePointer
    private let update: OpaquePointer
    private var number: Int64 = 0

    init(_ path: String) throws {
        var handle: OpaquePointer?
        guard sqlite3_open(path, &handle) == SQLITE_OK, let handle else { throw BenchmarkError("no \(path)") }
        self.handle = handle
        let setUp = """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            CREATE TABLE bare (id INTEGER PRIMARY KEY, value INTEGER, data BLOB);
            WITH RECURSIVE n (id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM n WHERE id < 999)
                INSERT INTO bare SELECT id, 0, zeroblob(200) FROM n;
            """
        guard sqlite3_exec(handle, setUp, nil, nil, nil) == SQLITE_OK else {
            throw BenchmarkError("no table")
        }
        var statement: OpaquePointer?
        sqlite3_prepare_v2(handle, "UPDATE bare SET value = ?2 WHERE id = ?1", -1, &statement, nil)
        guard let statement else { throw BenchmarkError("no statement") }
        update = statement
    }

    deinit {
        sqlite3_finalize(update)
        sqlite3_close(handle)
    }

    func commit() throws {
        number += 1
        sqlite3_bind_int64(update, 1, number * 7 % 1_000)
        sqlite3_bind_int64(update, 2, number)
        guard sqlite3_step(update) == SQLITE_DONE, sqlite3_reset(update) == SQLITE_OK else {
            throw BenchmarkError("SQLite does not commit")
        }
    }
}

/// What the bare sides use of PostgreSQL's client library.
struct BareLibPQ {
    typealias Text = UnsafePointer<CChar>
    typealias Numbers = UnsafePointer<Int32>

    let connect: @convention(c) (Text) -> OpaquePointer?
    let finish: @convention(c) (OpaquePointer) -> Void
    let clear: @convention(c) (OpaquePointer) -> Void
    let status: @convention(c) (OpaquePointer) -> UInt32
    let errorMessage: @convention(c) (OpaquePointer) -> Text?
    let execute: @convention(c) (OpaquePointer, Text) -> OpaquePointer?
    let prepare: @convention(c) (OpaquePointer, Text, Text, Int32, UnsafePointer<UInt32>?) -> OpaquePointer?
    let perform:
        @convention(c) (
            OpaquePointer, Text, Int32, UnsafePointer<Text?>?, Numbers?, Numbers?, Int32
        ) -> OpaquePointer?
    let sendQueryPrepared:
        @convention(c) (OpaquePointer, Text, Int32, UnsafePointer<Text?>?, Numbers?, Numbers?, Int32) -> Int32
    let enterPipelineMode: @convention(c) (OpaquePointer) -> Int32
    let exitPipelineMode: @convention(c) (OpaquePointer) -> Int32
    let pipelineSync: @convention(c) (OpaquePointer) -> Int32
    let getResult: @convention(c) (OpaquePointer) -> OpaquePointer?

    init() throws {
        let library = try LoadedLibrary("libpq.so.5")
        connect = try library.find("PQconnectdb")
        finish = try library.find("PQfinish")
        clear = try library.find("PQclear")
        status = try library.find("PQresultStatus")
        errorMessage = try library.find("PQerrorMessage")
        execute = try library.find("PQexec")
        prepare = try library.find("PQprepare")
        perform = try library.find("PQexecPrepared")
        sendQueryPrepared = try library.find("PQsendQueryPrepared")
        enterPipelineMode = try library.find("PQenterPipelineMode")
        exitPipelineMode = try library.find("PQexitPipelineMode")
        pipelineSync = try library.find("PQpipelineSync")
        getResult = try library.find("PQgetResult")
    }
}

/// A connection to PostgreSQL that commits each statement.
final class BarePostgreSQL {
    private let library: BareLibPQ
    private let connection: OpaquePointer
    private var number = 0

    init(_ address: String) throws {
        library = try BareLibPQ()
        guard let connection = library.connect(address) else { throw BenchmarkError("no connection") }
        self.connection = connection
        for text in [
            "CREATE TABLE bare (id BIGINT PRIMARY KEY, value BIGINT, data BYTEA)",
            "INSERT INTO bare SELECT n, 0, decode(repeat('00', 200), 'hex') FROM generate_series(0, 999) n",
        ] {
            library.execute(connection, text).map(library.clear)
        }
        library.prepare(connection, "update", "UPDATE bare SET value = $2 WHERE id = $1", 2, [20, 20])
            .map(library.clear)
    }

    deinit { library.finish(connection) }

    func commit() throws {
        number += 1
        let isDone = "\(number * 7 % 1_000)".withCString { id in
            "\(number)".withCString { value in
                guard let answer = library.perform(connection, "update", 2, [id, value], nil, nil, 0) else {
                    return false
                }
                defer { library.clear(answer) }
                return library.status(answer) == PGRES_COMMAND_OK.rawValue
            }
        }
        guard isDone else { throw BenchmarkError("PostgreSQL does not commit") }
    }
}
