package import Centre
internal import JSON
internal import Storage
internal import Synchronization

/// A store that counts what is done with it and how long that takes, and says when nothing can be kept any more.
package struct CountingStore: Store {
    /// What is counted of one kind of transaction.
    private struct Kind: Sendable {
        let word: String
        let kept: Metrics.Counter
        let took: Metrics.Histogram

        init(_ word: String, _ metrics: Metrics) {
            self.word = word
            kept = metrics.counter(
                "berth_store_transactions_total", ["kind": word], help: "Transactions that the store kept.")
            took = metrics.histogram(
                "berth_store_seconds", ["kind": word],
                help: "What transactions took, waiting for the disk included.")
        }
    }

    private let store: any Store
    private let metrics: Metrics
    private let trouble: Trouble
    private let reads: Kind
    private let writes: Kind

    package init(_ store: any Store, _ metrics: Metrics, log: ServiceLog) {
        self.store = store
        self.metrics = metrics
        trouble = Trouble(log)
        reads = Kind("read", metrics)
        writes = Kind("write", metrics)
        // Who watches a figure sees its first rise only where it was there before.
        for kind in [reads, writes] {
            for reason in ["full", "unreachable", "damaged"] { failed(kind, reason, by: 0) }
        }
    }

    package func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try counted(reads) { try store.read(body) }
    }

    package func glance<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try counted(reads) { try store.glance(body) }
    }

    package func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        let result = try counted(writes) { try store.write(body) }
        trouble.isOver()
        return result
    }

    private func counted<Result>(_ kind: Kind, _ body: () throws -> Result) throws -> Result {
        let start = monotonicNanoseconds()
        do {
            let result = try body()
            kind.kept.add()
            kind.took.add(seconds: Double(monotonicNanoseconds() - start) / 1e9)
            return result
        } catch let failure as StoreFailure {
            failed(kind, failure.word, by: 1)
            trouble.saw(failure)
            throw failure
        }
    }

    private func failed(_ kind: Kind, _ reason: String, by count: Double) {
        metrics.count(
            "berth_store_failures_total", ["kind": kind.word, "reason": reason], by: count,
            help: "Transactions that the store did not keep.")
    }
}

extension StoreFailure {
    /// One word for programs that watch.
    fileprivate var word: String {
        switch self {
        case .duplicate: "duplicate"
        case .reference: "reference"
        case .contended: "busy"
        case .unreachable: "unreachable"
        case .full: "full"
        case .damaged: "damaged"
        case .newerSchema: "newer"
        case .row: "row"
        case .other: "other"
        case .unknownOutcome: "unknown-outcome"
        }
    }

    /// Whether somebody has to do something about the store; else one request met another, or was wrong.
    fileprivate var needsSomebody: Bool {
        switch self {
        case .unreachable, .full, .damaged, .newerSchema, .unknownOutcome, .other: true
        case .duplicate, .reference, .contended, .row: false
        }
    }
}

/// Says in the log that the store fails, once a minute at most, and that it is over.
private final class Trouble: Sendable {
    private static let pauseMilliseconds: Int64 = 60_000

    private let log: ServiceLog
    private let isThere = Atomic<Bool>(false)
    private let saidAt = Mutex<Int64?>(nil)

    init(_ log: ServiceLog) { self.log = log }

    func saw(_ failure: StoreFailure) {
        guard failure.needsSomebody else { return }
        let now = monotonicMilliseconds()
        let isDue = saidAt.withLock { saidAt in
            if let last = saidAt, now - last < Self.pauseMilliseconds { return false }
            saidAt = now
            return true
        }
        guard isDue else { return }
        isThere.store(true, ordering: .relaxed)
        log.write(
            .error, "store-failing", ["reason": .string(failure.word), "detail": .string("\(failure)")])
    }

    /// Something was kept.
    func isOver() {
        guard isThere.load(ordering: .relaxed), isThere.exchange(false, ordering: .relaxed) else { return }
        log.write(.info, "store-keeps-again")
    }
}

extension StoreEffort {
    var gauges: [Metrics.Gauge] {
        let again = "Transactions that a server's store began again."
        let begun: [(String, Int)] = [("refused", refused), ("lost", lost), ("alone", widened)]
        return begun.map {
            .init("berth_store_retries_total", Double($1), ["reason": $0], help: again, isCounter: true)
        }
            + [
                .init(
                    "berth_store_alone_total", Double(alone),
                    help: "Transactions that ran while no other changed anything.", isCounter: true),
                .init(
                    "berth_store_round_trips_total", Double(trips),
                    help: "Questions to a server's store, each with one answer.", isCounter: true),
            ]
    }
}
