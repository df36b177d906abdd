internal import Centre
internal import Storage

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// An empty store on one engine, and the bare engine beside it on the same disk.
struct BenchPlace {
    /// Opens a new place under a name, lends it, and takes it away again.
    struct Engine {
        let name: String
        let open: (_ name: String, _ body: (BenchPlace) throws -> Void) throws -> Void
    }

    let store: any Database
    /// One durable commit.
    let bare: () throws -> Void
    /// The engine lets one write at a time.
    let hasOneWriter: Bool
    /// What the store takes on disk.
    let bytes: () throws -> Int
    /// What the engine does by itself in time, after much was written at once.
    let settle: () throws -> Void
    /// Copies the store as it is, beside it and under a name: what comes back connects the bare engine to the copy.
    let copy: (_ name: RecordingStore.Reader) throws -> (() throws -> any BareWriter)

    static func engines(_ effort: Effort) throws -> [Engine] {
        switch effort.engineName {
        case nil: return [sqlite, try postgreSQL()]
        case "sqlite": return [sqlite]
        case "postgresql": return [try postgreSQL()]
        case let other?:
            throw BenchmarkError("there is no engine '\(other)'; there are sqlite and postgresql")
        }
    }

    private static var sqlite: Engine { Engine(name: "sqlite", open: openSQLite) }

    private static func openSQLite(_ name: String, _ body: (BenchPlace) throws -> Void) throws {
        let folder = try temporaryFolder()
        defer { removeFolder(folder) }
        let store = try SQLiteStore(.file(folder + "/store.db"))
        try store.migrate(to: .current)
        let bare = try BareSQLite(folder + "/bare.db")
        let place = BenchPlace(store: store, bare: bare.commit, hasOneWriter: true) {
            try store.perform("PRAGMA wal_checkpoint(TRUNCATE)")
            return try fileBytes(folder + "/store.db")
        } settle: {
            try store.perform("PRAGMA wal_checkpoint(TRUNCATE)")
        } copy: { name in
            let path = folder + "/\(name).db"
            try store.perform("PRAGMA wal_checkpoint(TRUNCATE)")
            try copyFile(folder + "/store.db", to: path)
            return { try BareSQLiteWriter(path, setUp: SQLiteStore.manner) }
        }
        try body(place)
    }

    private static func postgreSQL() throws -> Engine {
        guard let server = getenv("BERTH_TEST_POSTGRESQL").map({ String(cString: $0) }) else {
            throw BenchmarkError("no PostgreSQL: scripts/bench starts one")
        }
        let administrator = try PostgreSQLStore(server)
        return Engine(name: "postgresql") { name, body in
            let schema = "bench_" + name
            let copies = RecordingStore.Reader.allCases.map { "\(schema)_\($0)".lowercased() }
            for schema in copies + [schema] {
                try administrator.perform("DROP SCHEMA IF EXISTS \(schema) CASCADE")
                try administrator.perform("CREATE SCHEMA \(schema)")
            }
            defer {
                for schema in copies + [schema] {
                    _ = try? administrator.perform("DROP SCHEMA \(schema) CASCADE")
                }
            }
            let address = server + "&options=-csearch_path%3D\(schema)"
            let store = try PostgreSQLStore(address, connectionsMax: 2 * StoreFigures.writerCount)
            try store.migrate(to: .current)
            let bare = try BarePostgreSQL(address)
            let place = BenchPlace(store: store, bare: bare.commit, hasOneWriter: false) {
                try tableBytes(store)
            } settle: {
                try store.perform("ANALYZE")
                try store.perform("CHECKPOINT")
            } copy: { name in
                let copy = "\(schema)_\(name)".lowercased()
                let address = server + "&options=-csearch_path%3D\(copy)"
                try fill(copy, at: address, from: schema)
                return { try BarePostgreSQLWriter(address) }
            }
            try body(place)
        }
    }

    private static func fill(_ copy: String, at address: String, from schema: String) throws {
        let store = try PostgreSQLStore(address)
        try store.migrate(to: .current)
        let tables = try store.tables().map(\.name)
        // What the schema itself puts there.
        try store.perform("TRUNCATE \(tables.joined(separator: ", "))")
        for table in tables {
            try store.perform("INSERT INTO \(copy).\(table) SELECT * FROM \(schema).\(table)")
        }
        try store.perform("ANALYZE")
        try store.perform("CHECKPOINT")
    }

    /// Page by page as it is: a copy that the engine itself makes is packed anew.
    private static func copyFile(_ path: String, to copy: String) throws {
        let (from, to) = (open(path, O_RDONLY), open(copy, O_WRONLY | O_CREAT | O_EXCL, 0o600))
        defer { for file in [from, to] where file >= 0 { close(file) } }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(from, &buffer, buffer.count)
            guard count >= 0, write(to, buffer, count) == count else {
                throw BenchmarkError("\(path) cannot be copied")
            }
            if count == 0 { break }
        }
        guard fsync(to) == 0 else { throw BenchmarkError("\(copy) is not on the disk") }
    }

    private static func fileBytes(_ path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw BenchmarkError("\(path) is not there") }
        return Int(status.st_size)
    }

    private static func tableBytes(_ store: any Database) throws -> Int {
        let rows = try store.perform(
            """
            SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
            WHERE relkind = 'r' AND relname <> 'bare' AND relnamespace = current_schema()::regnamespace
            """)
        guard case .integer(let bytes)? = rows.first?.first else { throw BenchmarkError("no size") }
        return Int(bytes)
    }

    private static func temporaryFolder() throws -> String {
        let place = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var path = Array("\(place)/berth-bench-XXXXXX".utf8CString)
        guard mkdtemp(&path) != nil else { throw BenchmarkError("no folder") }
        return String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func removeFolder(_ folder: String) {
        for name in ["store", "bare"] + RecordingStore.Reader.allCases.map({ "\($0)" }) {
            for ending in ["", "-wal", "-shm"] { unlink(folder + "/" + name + ".db" + ending) }
        }
        rmdir(folder)
    }
}
