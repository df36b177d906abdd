internal import Centre
internal import Storage
internal import Synchronization

/// One transaction that wrote something.
struct Recorded: Sendable {
    /// What was asked at once, in the order of the round trips.
    var asked: [[Query]] = []
    var changes: [Change] = []
}

/// Keeps what transactions asked and wrote, so that the bare engine can do the same.
final class RecordingStore: Store {
    /// Who takes what was recorded, each for itself.
    enum Reader: Int, CaseIterable {
        case rows
        case questionsAndRows
    }

    private let base: any Store
    private let state = Mutex<(isOn: Bool, recorded: [[Recorded]])>((false, Reader.allCases.map { _ in [] }))

    init(_ base: any Store) { self.base = base }

    /// From now on.
    func begin() { state.withLock { $0.isOn = true } }

    /// What was recorded since the last time, in the order of the commits where one thread made them.
    func take(_ reader: Reader) -> [Recorded] {
        state.withLock { state in
            defer { state.recorded[reader.rawValue] = [] }
            return state.recorded[reader.rawValue]
        }
    }

    func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try base.read(body)
    }

    func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        guard state.withLock({ $0.isOn }) else { return try base.write(body) }
        let (result, recorded) = try base.write { transaction in
            // Of the run that is kept, where the engine asks for another.
            let recording = RecordingTransaction(transaction)
            return (try body(recording), recording.recorded)
        }
        guard !recorded.changes.isEmpty else { return result }
        state.withLock { state in
            for reader in Reader.allCases { state.recorded[reader.rawValue].append(recorded) }
        }
        return result
    }
}

private final class RecordingTransaction: Transaction {
    private let base: any Transaction
    private(set) var recorded = Recorded()

    init(_ base: any Transaction) { self.base = base }

    func ask(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]] {
        if !queries.isEmpty { recorded.asked.append(queries) }
        return try base.ask(queries)
    }

    func count(_ query: Query) throws(StoreFailure) -> Int { try base.count(query) }
    var catalogueMemory: CatalogueMemory? { base.catalogueMemory }
    func flush() throws(StoreFailure) { try base.flush() }

    func change(_ change: Change) {
        recorded.changes.append(change)
        base.change(change)
    }
}

/// What a store wrote, written once more by the bare engine into a copy of it; with what it asked before, or without.
final class SameWrites {
    private let recorder: RecordingStore
    private let reader: RecordingStore.Reader
    private let writer: any BareWriter
    private var ready: [(isExchange: Bool, commit: () throws -> Void)] = []
    private var next = 0
    private var counts = (exchanges: 0, rows: 0)

    /// How many rows an exchange writes.
    var rowsPerExchange: Double { Double(counts.rows) / Double(max(1, counts.exchanges)) }

    init(_ recorder: RecordingStore, _ reader: RecordingStore.Reader, _ writer: any BareWriter) {
        self.recorder = recorder
        self.reader = reader
        self.writer = writer
    }

    /// Takes what was recorded; nobody times that.
    func prepare() throws {
        ready.removeFirst(next)
        next = 0
        for recorded in recorder.take(reader) {
            let isExchange = Self.isExchange(recorded.changes)
            if isExchange { counts = (counts.exchanges + 1, counts.rows + recorded.changes.count) }
            let asked = reader == .rows ? [] : recorded.asked
            ready.append((isExchange, try writer.ready(asked, recorded.changes)))
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
