package import Centre
internal import Storage

/// A store that counts what is done with it and how long that takes.
package struct CountingStore: Store {
    private let store: any Store
    private let metrics: Metrics

    package init(_ store: any Store, _ metrics: Metrics) {
        self.store = store
        self.metrics = metrics
    }

    package func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try counted(["kind": "read"]) { try store.read(body) }
    }

    package func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try counted(["kind": "write"]) { try store.write(body) }
    }

    private func counted<Result>(_ labels: Metrics.Labels, _ body: () throws -> Result) throws -> Result {
        let start = monotonicNanoseconds()
        do {
            let result = try body()
            metrics.count("berth_store_transactions_total", labels, help: "Transactions that the store kept.")
            metrics.observe(
                "berth_store_seconds", labels, seconds: Double(monotonicNanoseconds() - start) / 1e9,
                help: "What transactions took, waiting for the disk included.")
            return result
        } catch let failure as StoreFailure {
            metrics.count(
                "berth_store_failures_total", labels, help: "Transactions that the store did not keep.")
            throw failure
        }
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
