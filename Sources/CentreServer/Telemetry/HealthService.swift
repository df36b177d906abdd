package import Centre
internal import JSON
internal import Synchronization
internal import Wire

/// `/health/live`, `/health/ready` and `/metrics`: for those who look after the service.
package final class HealthService: HTTPService {
    private struct Known {
        var operations: [Metrics.Gauge] = []
        var askedAt: Int64 = .min
    }

    private let store: any Store
    private let vault: any KeyVault
    private let metrics: Metrics
    private let readers: [NetworkAddress]
    private let figures: @Sendable () -> [Metrics.Gauge]
    private let isStopping: @Sendable () -> Bool
    private let known = Mutex(Known())

    /// Operations are counted anew no more often than this: the store has better things to do.
    private static let countMilliseconds: Int64 = 15_000
    /// In the words of the store.
    private static let openStates = ["waiting", "running", "undoing"]

    /// - Parameters:
    ///   - readers: who may read figures, beside programs of this machine.
    ///   - figures: what is known at the moment of asking only.
    package init(
        store: any Store, vault: any KeyVault, metrics: Metrics, readers: [NetworkAddress],
        isStopping: @escaping @Sendable () -> Bool, figures: @escaping @Sendable () -> [Metrics.Gauge]
    ) {
        self.store = store
        self.vault = vault
        self.metrics = metrics
        self.readers = readers
        self.isStopping = isStopping
        self.figures = figures
    }

    package func answer(_ request: HTTPRequest, since: Instant) -> Answer {
        guard request.method == .get else {
            return .now(HTTPResponse(.getOnly, tag: request.tag, ["Allow": "GET, HEAD"]))
        }
        switch request.segments {
        case ["health", "live"]: return .now(HTTPResponse(json: ["status": "live"]))
        case ["health", "ready"]: return .now(ready())
        case ["metrics"]: return .now(exposition(request))
        default: return .now(HTTPResponse(.unknownPath, tag: request.tag))
        }
    }

    /// Ready is who can serve the next request: a balancer sends it elsewhere otherwise.
    private func ready() -> HTTPResponse {
        let checks: [(String, Bool)] = [
            ("serving", !isStopping()),
            ("store", (try? store.read { try $0.count(Query(OutboxState.table, limit: 1)) }) != nil),
            ("vault", (try? vault.wrappingKeys()) != nil),
        ]
        let isReady = checks.allSatisfy(\.1)
        var object: JSONObject = ["status": isReady ? "ready" : "not-ready"]
        for (name, isGood) in checks { object[name] = .bool(isGood) }
        return HTTPResponse(isReady ? 200 : 503, json: .object(object), isReady ? [:] : ["Retry-After": "2"])
    }

    private func exposition(_ request: HTTPRequest) -> HTTPResponse {
        let isReader = NetworkAddress(request.peer.address).map { readers.contains($0) } ?? false
        guard request.peer.isLoopback || isReader else {
            return HTTPResponse(.notForThisAddress, tag: request.tag)
        }
        return HTTPResponse(
            text: metrics.text(figures() + operations() + ProcessFigures.gauges()),
            type: "text/plain; version=0.0.4; charset=utf-8")
    }

    private func operations() -> [Metrics.Gauge] {
        let now = monotonicMilliseconds()
        let isDue = known.withLock { known in
            guard known.askedAt == .min || now - known.askedAt >= Self.countMilliseconds else { return false }
            known.askedAt = now
            return true
        }
        if isDue, let counted = try? count() { known.withLock { $0.operations = counted } }
        return known.withLock { $0.operations }
    }

    private func count() throws -> [Metrics.Gauge] {
        try store.read { transaction in
            try Self.openStates.map { state in
                let query = Query(
                    Operation.table, [.init("is_open", .integer(1)), .init("state", .text(state))])
                return Metrics.Gauge(
                    "berth_operations_open", Double(try transaction.count(query)), ["state": state],
                    help: "Operations that have not ended, at most 15 seconds ago.")
            }
        }
    }
}

extension Problem {
    static let getOnly = Problem(
        405, "method", title: "The method is not for this path",
        detail: "This can be read, and nothing else.")

    static let notForThisAddress = Problem(
        403, "forbidden", title: "This role may not do this",
        detail: "Figures are given to programs of this machine, and to addresses that are configured.",
        remedy: "Add the address to metrics-from.")
}
