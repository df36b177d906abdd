internal import Centre
internal import SmartCard
internal import Storage

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the registers cost as they grow: one card read, planned for and changed, durably, beside the bare engine doing
/// as many durable commits in the same minutes.
enum StoreFigures {
    /// The core reaches half of what the bare engine commits.
    private static let ratioMax = 2.0
    /// From the smallest register to the largest.
    private static let growthMax = 1.25
    static let writerCount = 16

    static func all(_ effort: Effort) throws -> [Figure] {
        let sqlite = try figures("sqlite", effort) { cards, body in
            let folder = try temporaryFolder()
            defer { removeFolder(folder) }
            let store = try SQLiteStore(.file(folder + "/store.db"))
            let bare = try BareSQLite(folder + "/bare.db")
            try body(store, bare.commit) {
                try store.perform("PRAGMA wal_checkpoint(TRUNCATE)")
                return try fileBytes(folder + "/store.db")
            }
        }
        guard let server = getenv("BERTH_TEST_POSTGRESQL").map({ String(cString: $0) }) else {
            throw BenchmarkError("no PostgreSQL: scripts/bench starts one")
        }
        let administrator = try PostgreSQLStore(server)
        let postgreSQL = try figures("postgresql", effort) { cards, body in
            let name = "bench_\(cards)"
            try administrator.perform("DROP SCHEMA IF EXISTS \(name) CASCADE")
            try administrator.perform("CREATE SCHEMA \(name)")
            defer { _ = try? administrator.perform("DROP SCHEMA \(name) CASCADE") }
            let address = server + "&options=-csearch_path%3D\(name)"
            let store = try PostgreSQLStore(address)
            let bare = try BarePostgreSQL(address)
            try body(store, bare.commit) { try tableBytes(store) }
        }
        return sqlite + postgreSQL
    }

    private typealias Place = (
        _ cards: Int,
        _ body: (any Database, _ bare: () throws -> Void, _ bytes: () throws -> Int) throws -> Void
    ) throws -> Void

    private static func figures(_ engine: String, _ effort: Effort, at place: Place) throws -> [Figure] {
        var figures: [Figure] = []
        var ratios: [Double] = []
        for cards in effort.registerSizes {
            try place(cards) { store, bare, bytes in
                try store.migrate(to: .current)
                let register = BenchRegister(store, cardCount: cards)
                let seconds = try nanoseconds { try register.fill() } / 1e9
                if engine == "postgresql" { try store.perform("ANALYZE") }
                let prefix = "store-\(engine)"
                let (ours, bareTime, ratio) = try effort.compare(register.change, with: bare)
                ratios.append(ratio)
                let writers = try register.perCommit(threads: writerCount, commits: effort.commitCount)
                figures += [
                    Figure("\(prefix)-import-\(cards)", Double(cards) / seconds, "cards/s"),
                    Figure("\(prefix)-bytes-\(cards)", Double(try bytes()) / Double(cards), "bytes/card"),
                    Figure("\(prefix)-commit-\(cards)", ours / 1e3, "us"),
                    Figure("\(prefix)-bare-commit-\(cards)", bareTime / 1e3, "us"),
                    Figure("\(prefix)-commit-ratio-\(cards)", ratio, "x", target: ratioMax),
                    Figure("\(prefix)-commit-\(writerCount)-writers-\(cards)", writers / 1e3, "us"),
                ]
            }
        }
        // Beside the bare engine of the same minutes: a disk that is slow just now says nothing about the register.
        guard let first = ratios.first, let last = ratios.last else { return figures }
        return figures + [Figure("store-\(engine)-growth", last / first, "x", target: growthMax)]
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
        var path = Array("/tmp/berth-bench-XXXXXX".utf8CString)
        guard mkdtemp(&path) != nil else { throw BenchmarkError("no folder") }
        return String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func removeFolder(_ folder: String) {
        for name in ["store.db", "bare.db"] {
            for ending in ["", "-wal", "-shm"] { unlink(folder + "/" + name + ending) }
        }
        rmdir(folder)
    }
}

extension Effort {
    var registerSizes: [Int] { isQuick ? [1_000, 4_000] : [10_000, 100_000, 1_000_000] }
    var commitCount: Int { isQuick ? 400 : 8_000 }
}
