internal import Centre
internal import Storage
internal import Synchronization

/// Keeps what transactions wrote, so that the bare engine can write the same.
final class RecordingStore: Store {
    private let base: any Store
    private let state = Mutex<(isOn: Bool, written: [[Change]])>((false, []))

    init(_ base: any Store) { self.base = base }

    /// From now on.
    func begin() { state.withLock { $0.isOn = true } }

    /// What was written since the last time, in the order of the commits where one thread made them.
    func take() -> [[Change]] {
        state.withLock { state in
            defer { state.written = [] }
            return state.written
        }
    }

    func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try base.read(body)
    }

    func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        guard state.withLock({ $0.isOn }) else { return try base.write(body) }
        let (result, changes) = try base.write { transaction in
            // Of the run that is kept, where the engine asks for another.
            let recording = RecordingTransaction(transaction)
            return (try body(recording), recording.changes)
        }
        if !changes.isEmpty { state.withLock { $0.written.append(changes) } }
        return result
    }
}

private final class RecordingTransaction: Transaction {
    private let base: any Transaction
    private(set) var changes: [Change] = []

    init(_ base: any Transaction) { self.base = base }

    func ask(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]] { try base.ask(queries) }
    func count(_ query: Query) throws(StoreFailure) -> Int { try base.count(query) }
    var catalogueMemory: CatalogueMemory? { base.catalogueMemory }
    func flush() throws(StoreFailure) { try base.flush() }

    func change(_ change: Change) {
        changes.append(change)
        base.change(change)
    }
}

/// What a store wrote, written once more by the bare engine into a copy of it.
final class SameWrites {
    private let recorder: RecordingStore
    private let writer: any BareWriter
    private var ready: [(isExchange: Bool, commit: () throws -> Void)] = []
    private var next = 0
    private var counts = (exchanges: 0, rows: 0)

    /// How many rows an exchange writes.
    var rowsPerExchange: Double { Double(counts.rows) / Double(max(1, counts.exchanges)) }

    init(_ recorder: RecordingStore, _ writer: any BareWriter) {
        self.recorder = recorder
        self.writer = writer
    }

    /// Takes what was recorded; nobody times that.
    func prepare() throws {
        ready.removeFirst(next)
        next = 0
        for changes in recorder.take() {
            let isExchange = Self.isExchange(changes)
            if isExchange { counts = (counts.exchanges + 1, counts.rows + changes.count) }
            ready.append((isExchange, try writer.ready(changes)))
        }
    }

    /// One durable commit.
    func commit() throws {
        guard next < ready.count else { throw BenchmarkError("nothing was recorded to write again") }
        next += 1
        try ready[next - 1].commit()
    }

    /// So many exchanges, one after the other; nobody times the requests between them. Nanoseconds.
    func exchanges(_ count: Int) throws -> Double {
        var time = 0.0
        var done = 0
        while done < count {
            guard next < ready.count else { throw BenchmarkError("too few exchanges were recorded") }
            let isExchange = ready[next].isExchange
            let taken = try nanoseconds { try commit() }
            if isExchange {
                time += taken
                done += 1
            }
        }
        return time
    }

    /// Whoever serves a card has a lease on it, which every exchange renews or gives back.
    private static func isExchange(_ changes: [Change]) -> Bool {
        changes.contains { $0.table == Lease.table }
    }
}
