internal import Centre
internal import JSON

/// Turns what the server says of each request into figures, a line of the log, and a span of a trace.
package struct RequestTelemetry: HTTPObserver {
    private let metrics: Metrics
    private let log: ServiceLog
    private let spans: SpanExporter?

    package init(_ metrics: Metrics, log: ServiceLog, spans: SpanExporter?) {
        self.metrics = metrics
        self.log = log
        self.spans = spans
    }

    package func answered(_ record: HTTPRecord) {
        let route = Self.route(record)
        metrics.count(
            "berth_http_requests_total",
            ["method": Self.method(record), "route": route, "status": "\(record.status)"],
            help: "Requests that were answered.")
        metrics.observe(
            "berth_http_request_seconds", ["route": route], seconds: record.seconds,
            help: "From the whole request to its answer, waiting for work included.")
        metrics.observe(
            "berth_http_service_seconds", ["route": route], seconds: record.busySeconds,
            help: "Of these, what the centre itself took: in its queue and at work.")
        spans?.add(record, route: route)
        // What asks for health every few seconds would bury everything else.
        let level: ServiceLog.Level =
            record.status >= 500 ? .warning : record.segments.first == "health" ? .debug : .info
        var facts: JSONObject = [
            "request": .string(record.tag), "method": .string(record.method), "path": .string(record.path),
            "status": .count(record.status), "ms": .number((record.seconds * 1e5).rounded() / 100),
            "busy-ms": .number((record.busySeconds * 1e5).rounded() / 100),
            "address": .string(record.address),
            "in": .count(record.bytesIn),
        ]
        if let bytes = record.bytesOut { facts["out"] = .count(bytes) }
        log.write(level, "request", facts)
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
