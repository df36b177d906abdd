internal import Centre
internal import JSON
internal import Synchronization

/// Turns what the server says of each request into figures, a line of the log, and a span of a trace.
package struct RequestTelemetry: HTTPObserver {
    /// Requests that are counted together.
    private struct Kind: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    /// What is counted of one kind of request.
    private struct Figures: Sendable {
        let answered: Metrics.Counter
        let took: Metrics.Histogram
        let busy: Metrics.Histogram

        init(_ kind: Kind, _ metrics: Metrics) {
            answered = metrics.counter(
                "berth_http_requests_total",
                ["method": kind.method, "route": kind.route, "status": "\(kind.status)"],
                help: "Requests that were answered.")
            took = metrics.histogram(
                "berth_http_request_seconds", ["route": kind.route],
                help: "From the whole request to its answer, waiting for work included.")
            busy = metrics.histogram(
                "berth_http_service_seconds", ["route": kind.route],
                help: "Of these, what the centre itself took: in its queue and at work.")
        }
    }

    private final class Known: Sendable {
        let figures = Mutex<[Kind: Figures]>([:])
    }

    /// Kinds that are remembered; the series of others are looked up each time.
    private static let kindsMax = 1_000

    private let metrics: Metrics
    private let log: ServiceLog
    private let spans: SpanExporter?
    private let known = Known()

    package init(_ metrics: Metrics, log: ServiceLog, spans: SpanExporter?) {
        self.metrics = metrics
        self.log = log
        self.spans = spans
    }

    package func answered(_ record: HTTPRecord) {
        let route = Self.route(record)
        let figures = figures(of: Kind(method: Self.method(record), route: route, status: record.status))
        figures.answered.add()
        figures.took.add(seconds: record.seconds)
        figures.busy.add(seconds: record.busySeconds)
        spans?.add(record, route: route)
        // What asks for health every few seconds would bury everything else.
        let level: ServiceLog.Level =
            record.status >= 500 ? .warning : record.segments.first == "health" ? .debug : .info
        log.write(level, "request", Self.facts(record))
    }

    private func figures(of kind: Kind) -> Figures {
        if let found = known.figures.withLock({ $0[kind] }) { return found }
        let made = Figures(kind, metrics)
        known.figures.withLock { known in
            if known.count < Self.kindsMax { known[kind] = made }
        }
        return made
    }

    private static func facts(_ record: HTTPRecord) -> JSONObject {
        var facts: JSONObject = [
            "request": .string(record.tag), "method": .string(record.method), "path": .string(record.path),
            "status": .count(record.status), "ms": .number((record.seconds * 1e5).rounded() / 100),
            "busy-ms": .number((record.busySeconds * 1e5).rounded() / 100),
            "address": .string(record.address),
            "in": .count(record.bytesIn),
        ]
        facts["out"] = record.bytesOut.map { .count($0) }
        return facts
    }

    package func ended(_ reason: HTTPEndReason) {
        metrics.count(
            "berth_http_connections_ended_total", ["reason": reason.rawValue],
            help: "Connections that the server ended or refused by itself.")
    }

    /// The first segments only: ids in paths would make a series of each.
    static func route(_ record: HTTPRecord) -> String {
        let depth = record.segments.first == "v1" || record.segments.first == "gp" ? 2 : 1
        // What does not exist has no name: anybody can ask for anything.
        guard record.status != 404, !record.segments.isEmpty else { return "other" }
        return "/" + record.segments.prefix(depth).joined(separator: "/")
    }

    private static func method(_ record: HTTPRecord) -> String {
        HTTPMethod(rawValue: record.method) == nil ? "other" : record.method
    }
}
