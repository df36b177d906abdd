internal import CPostgreSQL
internal import Centre

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One connection, always in pipeline mode: any number of calls travel together and are answered together.
final class PostgreSQLConnection {
    /// One thing to say to the server.
    enum Step: Sendable {
        case call(Call)
        /// Without parameters, kept prepared: BEGIN, COMMIT and the like.
        case control(String)
        /// Waits for advisory locks, one after the other, and has them until the end of the transaction.
        case claim([Int64])
        /// The same for the holder of a card, if it has one.
        case claimHolder(card: StoredValue)
        /// Fails unless the row with the key is this one, or there is none where none is given.
        case check(Table, key: [StoredValue], row: [StoredValue]?)
        /// Said now and then.
        case once(String, [StoredValue] = [])
    }

    private enum Name: Hashable {
        case statement(Statement)
        case control(String)
        case claim
        case claimHolder
        case check(Table, isThere: Bool)
    }

    private static let claim =
        "SELECT \(lock("number")) FROM unnest(CAST(string_to_array($1, ',') AS bigint[])) AS number"
    private static let claimHolder =
        "SELECT \(lock(Claim.numberExpression(ofHolder: "holder"))) FROM cards WHERE id = $1 AND holder IS NOT NULL"

    // Advisory locks are the whole database's: those of one schema do not wait for those of another.
    private static func lock(_ number: String) -> String {
        "pg_advisory_xact_lock(\(number) # (CAST('\(Schema.ledgerName)' AS regclass)::oid::bigint << 32))"
    }

    /// What will be answered, in this order.
    private enum Expected {
        case preparation(Name, String)
        case answer(Int)
    }

    private static let connectSeconds = "10"

    private let library: LibPQ
    private let handle: OpaquePointer
    private var prepared: [Name: String] = [:]
    private var nameCount = 0
    /// Trips that were sent and whose answers nobody has read yet.
    private var unread: [[Expected]] = []

    /// `address` is a URL or a line of settings as the library takes them.
    init(_ library: LibPQ, address: String) throws(StoreFailure) {
        self.library = library
        guard let handle = Self.withSettings(address, { library.connect($0, $1, 1) }) else {
            throw .unreachable("there is no memory left")
        }
        self.handle = handle
        guard library.status(handle) == CONNECTION_OK.rawValue else {
            let message = PostgreSQLFailure.onOneLine(Self.text(library.errorMessage(handle)))
            throw .unreachable(PostgreSQLAddress(text: address).redact(message))
        }
        guard way.isSafe else {
            throw .unreachable(
                "the way to \(PostgreSQLAddress(text: address).place) is not encrypted: the server takes no TLS. Turn it on "
                    + "there (ssl = on) and add sslmode=verify-full to the address; where the network itself is safe, "
                    + "sslmode=disable says so")
        }
        // Notices are for people at a console.
        _ = library.setNoticeProcessor(handle, { _, _ in }, nil)
        guard library.enterPipelineMode(handle) == 1 else { throw .unreachable("there is no pipeline mode") }
        try prepareSession()
    }

    private var way: PostgreSQLWay {
        PostgreSQLWay(
            hostAddress: Self.text(library.hostAddress(handle)),
            isEncrypted: library.isEncrypted(handle) != 0, mode: setting("sslmode"))
    }

    /// A setting of the connection, wherever it came from.
    private func setting(_ name: String) -> String? {
        guard let settings = library.settings(handle) else { return nil }
        defer { library.freeSettings(settings) }
        var next = settings
        // Bounded: the list ends with one that has no keyword.
        while let keyword = next.pointee.keyword {
            if String(cString: keyword) == name { return next.pointee.val.map { String(cString: $0) } }
            next += 1
        }
        return nil
    }

    // Commits are durable whatever the server's default is, and nobody waits for ever.
    private func prepareSession() throws(StoreFailure) {
        do {
            _ = try trip([
                .once("SET lock_timeout = '10s'"),
                .once(
                    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
                ),
            ])
        } catch {
            throw error.failure(table: nil)
        }
    }

    deinit { library.finish(handle) }

    /// Whether a server at the address takes connections, without signing in.
    static func readiness(_ library: LibPQ, address: String) -> StoreAddress.Readiness {
        switch withSettings(address, { library.ping($0, $1, 1) }) {
        case PQPING_REJECT.rawValue: .starting
        case PQPING_NO_RESPONSE.rawValue: .silent
        // Also where the address is no good: whoever connects is told why.
        default: .ready
        }
    }

    private static func withSettings<Result>(
        _ address: String,
        _ body: (UnsafePointer<LibPQ.Text?>, UnsafePointer<LibPQ.Text?>) -> Result
    ) -> Result {
        // What the address says comes last, and wins.
        let settings = [
            ("connect_timeout", connectSeconds), ("fallback_application_name", "berth"),
            ("dbname", address), ("client_encoding", "UTF8"),
        ]
        let keys = settings.map { strdup($0.0) }
        let values = settings.map { strdup($0.1) }
        defer { for text in keys + values { free(text) } }
        return body(keys.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil])
    }

    /// Whether the server has hung up while nobody was looking. What it said then is waiting to be read.
    var isGone: Bool {
        do throws(PostgreSQLFailure) { try readLeftovers(except: 0) } catch { return true }
        var look = pollfd(fd: library.socket(handle), events: Int16(POLLIN), revents: 0)
        // A farewell, then the end: between transactions a server says nothing else of any length.
        let readsMax = 8
        for _ in 0..<readsMax {
            guard library.status(handle) == CONNECTION_OK.rawValue else { return true }
            guard poll(&look, 1, 0) != 0 else { return false }
            guard library.consumeInput(handle) == 1 else { return true }
        }
        return false
    }

    // MARK: trips

    /// Sends all, then reads all. Nothing after a step that failed is done.
    func trip(_ steps: [Step]) throws(PostgreSQLFailure) -> [[[StoredValue]]] {
        try send(steps)
        try readLeftovers(except: 1)
        return try read(unread.removeFirst(), count: steps.count)
    }

    /// For what nobody waits for: the answers are read before the next trip's.
    func send(_ steps: [Step]) throws(PostgreSQLFailure) {
        var expected: [Expected] = []
        var underway: [Name: String] = [:]
        for (index, step) in steps.enumerated() {
            switch step {
            case .once(let text, let values): try sendOnce(text, values)
            case .call(let call):
                let name = try name(.statement(call.statement), &underway, &expected)
                try sendPrepared(name, call.values)
            case .check(let table, let key, let row):
                let name = try name(.check(table, isThere: row != nil), &underway, &expected)
                try sendPrepared(name, row ?? key)
            case .control(let text):
                try sendPrepared(try name(.control(text), &underway, &expected), [])
            case .claim(let numbers):
                let text = numbers.map { "\($0)" }.joined(separator: ",")
                try sendPrepared(try name(.claim, &underway, &expected), [.text(text)])
            case .claimHolder(let card):
                try sendPrepared(try name(.claimHolder, &underway, &expected), [card])
            }
            expected.append(.answer(index))
        }
        guard library.pipelineSync(handle) == 1 else { throw lost() }
        unread.append(expected)
    }

    private func readLeftovers(except count: Int) throws(PostgreSQLFailure) {
        while unread.count > count {
            // Whatever these trips were for is over; only a lost connection still matters.
            do throws(PostgreSQLFailure) {
                _ = try read(unread.removeFirst(), count: 0)
            } catch {
                if error.isLost { throw error }
            }
        }
    }

    private func name(
        _ key: Name, _ underway: inout [Name: String], _ expected: inout [Expected]
    ) throws(PostgreSQLFailure) -> String {
        if let name = prepared[key] ?? underway[key] { return name }
        nameCount += 1
        let name = "s\(nameCount)"
        let (text, types): (String, [UInt32]) =
            switch key {
            case .control(let text): (text, [])
            case .claim: (Self.claim, [PostgreSQL.text])
            case .claimHolder: (Self.claimHolder, [PostgreSQL.text])
            case .check(let table, let isThere): Self.check(table, isThere: isThere)
            case .statement(let statement):
                (statement.text(lock: " FOR UPDATE"), statement.parameterTypes.map(PostgreSQL.type(of:)))
            }
        guard library.sendPrepare(handle, name, text, Int32(types.count), types) == 1 else { throw lost() }
        expected.append(.preparation(key, name))
        underway[key] = name
        return name
    }

    /// Divides by how many rows there are that are as they should be: the server refuses to where there is none.
    private static func check(_ table: Table, isThere: Bool) -> (text: String, types: [UInt32]) {
        let columns = isThere ? table.columns[...] : table.key
        let conditions = columns.enumerated().map { index, column in
            // An index knows only the first.
            "\(column.name) \(index < table.keyCount ? "=" : "IS NOT DISTINCT FROM") $\(index + 1)"
        }
        let text =
            "SELECT 1 / \(isThere ? "count(*)" : "(1 - count(*))") FROM \(table.name)"
            + " WHERE \(conditions.joined(separator: " AND "))"
        return (text, columns.map { PostgreSQL.type(of: $0.type) })
    }

    private func sendPrepared(_ name: String, _ values: [StoredValue]) throws(PostgreSQLFailure) {
        let sent = Parameters(values).lend { count, texts, lengths, formats in
            library.sendQueryPrepared(handle, name, count, texts, lengths, formats, 1)
        }
        guard sent == 1 else { throw lost() }
    }

    private func sendOnce(_ text: String, _ values: [StoredValue]) throws(PostgreSQLFailure) {
        let types = values.map { value -> UInt32 in
            switch value {
            case .null, .text: PostgreSQL.text
            case .integer: PostgreSQL.integer
            case .bytes: PostgreSQL.bytes
            }
        }
        let sent = Parameters(values).lend { count, texts, lengths, formats in
            library.sendQueryParams(handle, text, count, types, texts, lengths, formats, 1)
        }
        guard sent == 1 else { throw lost() }
    }

    private func read(_ expected: [Expected], count: Int) throws(PostgreSQLFailure) -> [[[StoredValue]]] {
        var rows = [[[StoredValue]]](repeating: [], count: count)
        var failure: PostgreSQLFailure?
        for item in expected {
            while let answer = library.getResult(handle) {
                defer { library.clear(answer) }
                switch (library.resultStatus(answer), item) {
                case (PGRES_COMMAND_OK.rawValue, .preparation(let key, let name)): prepared[key] = name
                case (PGRES_COMMAND_OK.rawValue, .answer): break
                case (PGRES_TUPLES_OK.rawValue, .answer(let index)) where index < count:
                    rows[index] = self.rows(of: answer)
                case (PGRES_TUPLES_OK.rawValue, _), (PGRES_PIPELINE_ABORTED.rawValue, _): break
                default: failure = failure ?? self.failure(answer, item)
                }
            }
            guard library.status(handle) == CONNECTION_OK.rawValue else { throw failure ?? lost() }
        }
        if let failure, failure.isLost { throw failure }
        try readSync()
        if let failure { throw failure }
        return rows
    }

    private func readSync() throws(PostgreSQLFailure) {
        guard let answer = library.getResult(handle) else { throw lost() }
        defer { library.clear(answer) }
        guard library.resultStatus(answer) == PGRES_PIPELINE_SYNC.rawValue else { throw lost() }
    }

    private func rows(of answer: OpaquePointer) -> [[StoredValue]] {
        let columns = (0..<library.columnCount(answer)).map { ($0, library.columnType(answer, $0)) }
        return (0..<library.rowCount(answer)).map { row in
            columns.map { column, type in
                guard library.isNull(answer, row, column) == 0 else { return .null }
                let bytes = UnsafeBufferPointer(
                    start: library.value(answer, row, column),
                    count: Int(library.valueLength(answer, row, column)))
                switch type {
                case PostgreSQL.integer:
                    return .integer(Int64(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) }))
                case PostgreSQL.bytes: return .bytes(Array(bytes))
                default: return .text(String(decoding: bytes, as: UTF8.self))
                }
            }
        }
    }

    // MARK: failures

    private func failure(_ answer: OpaquePointer, _ item: Expected) -> PostgreSQLFailure {
        var call: Int?
        // A statement that cannot be prepared is the fault of the call after it.
        if case .answer(let index) = item { call = index }
        let state = library.resultErrorField(answer, Int32(UInt8(ascii: "C")))
        let message =
            library.resultErrorField(answer, Int32(UInt8(ascii: "M")))
            ?? library.resultErrorMessage(answer)
        return PostgreSQLFailure(
            state: Self.text(state), message: Self.text(message),
            isConnectionBad: library.status(handle) != CONNECTION_OK.rawValue, call: call)
    }

    private func lost() -> PostgreSQLFailure {
        PostgreSQLFailure(
            state: "", message: Self.text(library.errorMessage(handle)), isConnectionBad: true)
    }

    private static func text(_ text: UnsafePointer<CChar>?) -> String {
        text.map { String(cString: $0) } ?? ""
    }
}

/// Values as they travel: one run of bytes, in the binary form of their types.
private struct Parameters {
    private var bytes: [UInt8] = []
    /// Where each value lies; `nil` is NULL.
    private var places: [Range<Int>?] = []

    init(_ values: [StoredValue]) {
        for value in values {
            let start = bytes.count
            switch value {
            case .null:
                places.append(nil)
                continue
            case .integer(let number): withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
            case .text(let text): bytes += text.utf8
            case .bytes(let data): bytes += data
            }
            places.append(start..<bytes.count)
        }
        // An address that an empty value at the end can have.
        bytes.append(0)
    }

    func lend<Result>(
        _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, UnsafePointer<Int32>) ->
            Result
    ) -> Result {
        bytes.withUnsafeBytes { buffer in
            let texts = places.map { place in
                place.flatMap {
                    buffer.baseAddress?.advanced(by: $0.lowerBound).assumingMemoryBound(to: CChar.self)
                }
            }
            // All in binary form.
            let formats = [Int32](repeating: 1, count: places.count)
            return body(Int32(places.count), texts, places.map { Int32($0?.count ?? 0) }, formats)
        }
    }
}
