import CardCrypto
import Centre
import CentreServer
import JSON
import Testing

@Suite("Figures, logs and traces")
struct TelemetryTests {
    @Test("figures stand in the text format of Prometheus")
    func exposition() {
        let metrics = Metrics()
        metrics.count("a_total", ["x": "say \"hi\"\n\\"], help: "All a.")
        metrics.count("a_total", ["x": "say \"hi\"\n\\"], by: 2, help: "All a.")
        metrics.observe("b_seconds", seconds: 0.004, help: "How long.")
        metrics.observe("b_seconds", seconds: 90, help: "How long.")
        let text = metrics.text([.init("c", 1.5, help: "Now.")])
        #expect(text.contains("# HELP a_total All a.\n# TYPE a_total counter\n"))
        #expect(text.contains("a_total{x=\"say \\\"hi\\\"\\n\\\\\"} 3\n"))
        #expect(text.contains("# TYPE b_seconds histogram\n"))
        #expect(text.contains("b_seconds_bucket{le=\"0.0025\"} 0\nb_seconds_bucket{le=\"0.005\"} 1\n"))
        #expect(text.contains("b_seconds_bucket{le=\"60\"} 1\nb_seconds_bucket{le=\"+Inf\"} 2\n"))
        #expect(text.contains("b_seconds_sum 90.004\nb_seconds_count 2\n"))
        #expect(text.contains("# TYPE c gauge\nc 1.5\n"))
    }

    @Test("nobody can fill the memory with names of series")
    func bounded() {
        let metrics = Metrics()
        for number in 0..<2_000 { metrics.count("a_total", ["x": "\(number)"], help: "All a.") }
        #expect(metrics.value("a_total", ["more": "true"]) == 1_500)
        #expect(metrics.text([]).split(separator: "\n").count == 503)
    }

    private struct Fixed: WallClock {
        let now = Instant(milliseconds: 1_795_219_200_250)
    }

    @Test("a line of the log is one line, for people or for programs")
    func lines() throws {
        for format in ServiceLog.Format.allCases {
            let lines = Box<[String]>([])
            let log = ServiceLog(format, from: .info, clock: Fixed()) { line in
                lines.value += [String(decoding: line, as: UTF8.self)]
            }
            log.write(.debug, "hidden")
            log.write(.warning, "event", ["path": "/a b\nc", "count": 3, "plain": "x"])
            log.finish()
            let line = try #require(lines.value.first)
            #expect(lines.value.count == 1 && line.hasSuffix("\n") && !line.dropLast().contains("\n"))
            switch format {
            case .text:
                #expect(line == "2026-11-21T00:00:00.250Z WARNING event path=\"/a b\\nc\" count=3 plain=x\n")
            case .json:
                let value = try JSONValue(decoding: String(line.dropLast()))
                #expect(
                    value["level"] == "warning" && value["event"] == "event" && value["path"] == "/a b\nc")
            }
        }
    }

    private func record(_ status: Int, _ path: String, trace: String? = nil) -> HTTPRecord {
        HTTPRecord(
            tag: "t-1", method: "GET", path: path, segments: path.split(separator: "/").map(String.init),
            status: status, address: "192.0.2.1", traceParent: trace, since: Fixed().now, seconds: 0.25,
            busySeconds: 0.01, bytesIn: 0, bytesOut: 12)
    }

    @Test("each request becomes a figure of its route, a line, and a span of the client's trace")
    func requests() throws {
        let metrics = Metrics()
        let lines = Box<[String]>([])
        let bodies = Box<[[UInt8]]>([])
        let log = ServiceLog(.json, from: .info, clock: Fixed()) { line in
            lines.value += [String(decoding: line, as: UTF8.self)]
        }
        let spans = SpanExporter(node: "n1", version: "1", entropy: SystemEntropy()) { body in
            bodies.value += [body]
            return true
        }
        let telemetry = RequestTelemetry(metrics, log: log, spans: spans)
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        telemetry.answered(record(200, "/v1/cards/C0FFEE", trace: "00-\(trace)-00f067aa0ba902b7-01"))
        telemetry.answered(
            record(500, "/v1/cards/C0FFEE/operations", trace: "00-\(trace)-00f067aa0ba902b7-00"))
        telemetry.answered(record(404, "/\(trace)"))
        telemetry.answered(record(200, "/health/live"))
        let labels: Metrics.Labels = ["method": "GET", "route": "/v1/cards", "status": "200"]
        #expect(metrics.value("berth_http_requests_total", labels) == 1)
        #expect(
            metrics.value(
                "berth_http_requests_total", ["method": "GET", "route": "other", "status": "404"]) == 1)
        spans.flush()
        log.finish()
        #expect(lines.value.count == 3)
        let body = try JSONValue(decoding: try #require(bodies.value.first))
        let sent = try #require(
            body["resourceSpans"]?.arrayValue?.first?["scopeSpans"]?.arrayValue?.first?["spans"]?.arrayValue)
        // What its client did not want to be traced is not.
        #expect(sent.count == 3)
        #expect(sent[0]["traceId"]?.stringValue == trace)
        #expect(sent[0]["parentSpanId"] == "00f067aa0ba902b7")
        #expect(sent[0]["name"] == "GET /v1/cards")
        #expect(sent[0]["startTimeUnixNano"] == "1795219200250000000")
        #expect(sent[0]["endTimeUnixNano"] == "1795219200500000000")
        #expect(sent[1]["traceId"]?.stringValue?.count == 32 && sent[1]["parentSpanId"] == nil)
    }

    private struct Failing: Store {
        let failure: Box<StoreFailure?>

        func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
            throw failure.value ?? .other("nothing can be read here")
        }

        func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
            if let failure = failure.value { throw failure }
            guard let done = () as? Result else {
                throw StoreFailure.other("only nothing can be written here")
            }
            return done
        }
    }

    @Test("a store that keeps nothing is told once a minute at most, by its reason, and so is its recovery")
    func failingStore() throws {
        let metrics = Metrics()
        let lines = Box<[String]>([])
        let log = ServiceLog(.text, from: .info, clock: Fixed()) { line in
            lines.value += [String(decoding: line, as: UTF8.self)]
        }
        let failure = Box<StoreFailure?>(.contended)
        let store = CountingStore(Failing(failure: failure), metrics, log: log)
        let name = "berth_store_failures_total"
        // It stands there before the first failure, so that the first is a rise.
        #expect(metrics.text([]).contains("\(name){kind=\"write\",reason=\"full\"} 0\n"))
        #expect(throws: StoreFailure.contended) { try store.write { _ in } }
        failure.value = .full("database or disk is full")
        for _ in 0..<3 {
            #expect(throws: StoreFailure.full("database or disk is full")) { try store.write { _ in } }
        }
        failure.value = nil
        for _ in 0..<3 { try store.write { _ in } }
        log.finish()
        #expect(metrics.value(name, ["kind": "write", "reason": "full"]) == 3)
        #expect(metrics.value(name, ["kind": "write", "reason": "busy"]) == 1)
        #expect(lines.value.count == 2, "\(lines.value)")
        #expect(lines.value.first?.contains("ERROR store-failing reason=full") == true)
        #expect(lines.value.last?.contains("store-keeps-again") == true)
    }

    @Test("spans that nobody takes are counted and left out")
    func dropped() {
        let spans = SpanExporter(node: "n1", version: "1", entropy: SystemEntropy()) { _ in false }
        let log = ServiceLog(.json, from: .error, clock: Fixed()) { _ in }
        let telemetry = RequestTelemetry(Metrics(), log: log, spans: spans)
        for _ in 0..<10_000 { telemetry.answered(record(200, "/v1/cards")) }
        spans.flush()
        #expect(spans.counts.sent == 0)
        #expect(spans.counts.dropped == 10_000 - 8_192 + 512)
        log.finish()
    }
}
