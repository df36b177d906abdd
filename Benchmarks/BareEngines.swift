internal import CPostgreSQL
internal import CSQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

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

/// A connection to PostgreSQL that commits each statement.
final class BarePostgreSQL {
    private let connection: OpaquePointer
    private let finish: @convention(c) (OpaquePointer) -> Void
    private let clear: @convention(c) (OpaquePointer) -> Void
    private let status: @convention(c) (OpaquePointer) -> UInt32
    private let perform:
        @convention(c) (
            OpaquePointer, UnsafePointer<CChar>, Int32, UnsafePointer<UnsafePointer<CChar>?>?,
            UnsafePointer<Int32>?,
            UnsafePointer<Int32>?, Int32
        ) -> OpaquePointer?
    private var number = 0

    init(_ address: String) throws {
        guard let library = dlopen("libpq.so.5", RTLD_NOW) else { throw BenchmarkError("no libpq") }
        func find<Function>(_ name: String) throws -> Function {
            guard let symbol = dlsym(library, name) else { throw BenchmarkError("no \(name)") }
            return unsafeBitCast(symbol, to: Function.self)
        }
        let connect: @convention(c) (UnsafePointer<CChar>) -> OpaquePointer? = try find("PQconnectdb")
        let execute: @convention(c) (OpaquePointer, UnsafePointer<CChar>) -> OpaquePointer? = try find(
            "PQexec")
        let prepare:
            @convention(c) (
                OpaquePointer, UnsafePointer<CChar>, UnsafePointer<CChar>, Int32, UnsafePointer<UInt32>?
            ) -> OpaquePointer? = try find("PQprepare")
        finish = try find("PQfinish")
        clear = try find("PQclear")
        status = try find("PQresultStatus")
        perform = try find("PQexecPrepared")
        guard let connection = connect(address) else { throw BenchmarkError("no connection") }
        self.connection = connection
        for text in [
            "CREATE TABLE bare (id BIGINT PRIMARY KEY, value BIGINT, data BYTEA)",
            "INSERT INTO bare SELECT n, 0, decode(repeat('00', 200), 'hex') FROM generate_series(0, 999) n",
        ] {
            execute(connection, text).map(clear)
        }
        prepare(connection, "update", "UPDATE bare SET value = $2 WHERE id = $1", 2, [20, 20]).map(clear)
    }

    deinit { finish(connection) }

    func commit() throws {
        number += 1
        let isDone = "\(number * 7 % 1_000)".withCString { id in
            "\(number)".withCString { value in
                guard let answer = perform(connection, "update", 2, [id, value], nil, nil, 0) else {
                    return false
                }
                defer { clear(answer) }
                return status(answer) == PGRES_COMMAND_OK.rawValue
            }
        }
        guard isDone else { throw BenchmarkError("PostgreSQL does not commit") }
    }
}
