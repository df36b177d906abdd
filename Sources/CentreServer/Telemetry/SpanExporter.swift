package import CardCrypto
internal import Centre
internal import JSON
internal import SmartCard
internal import Synchronization

/// Sends one span for each request to a collector (OTLP/HTTP with JSON, opentelemetry-proto 1.x).
///
/// Spans wait in a bounded list and go out together; what finds no place is counted and left out.
package final class SpanExporter: Sendable {
    /// Posts one batch; false where the collector did not take it.
    package typealias Carrier = @Sendable (_ body: [UInt8]) -> Bool

    private struct Span: Sendable {
        let trace: String
        let id: String
        let parent: String?
        let record: HTTPRecord
        let route: String
    }

    private struct State {
        var waiting: [Span] = []
        var dropped = 0
        var sent = 0
    }

    private static let waitingMax = 8_192
    private static let batchMax = 512

    private let node: String
    private let version: String
    private let entropy: any EntropySource & Sendable
    private let carrier: Carrier
    private let state = Mutex(State())

    package init(
        node: String, version: String, entropy: any EntropySource & Sendable, carrier: @escaping Carrier
    ) {
        self.node = node
        self.version = version
        self.entropy = entropy
        self.carrier = carrier
    }

    package var counts: (sent: Int, dropped: Int) { state.withLock { ($0.sent, $0.dropped) } }

    func add(_ record: HTTPRecord, route: String) {
        let context = record.traceParent.flatMap { TraceContext($0) }
        // Who began the trace also says whether it is wanted (W3C Trace Context §3.2.2.5.1).
        guard context?.isSampled ?? true else { return }
        let span = Span(
            trace: context?.trace ?? entropy.bytes(16).hex.lowercased(),
            id: entropy.bytes(8).hex.lowercased(),
            parent: context?.parent, record: record, route: route)
        state.withLock { state in
            if state.waiting.count < Self.waitingMax {
                state.waiting.append(span)
            } else {
                state.dropped += 1
            }
        }
    }

    /// Sends what waits; called every few seconds, and once more at the end. Blocks.
    package func flush() {
        while true {
            let batch = state.withLock { state in
                let batch = Array(state.waiting.prefix(Self.batchMax))
                state.waiting.removeFirst(batch.count)
                return batch
            }
            guard !batch.isEmpty else { return }
            let isTaken = carrier(body(batch))
            state.withLock { state in
                if isTaken { state.sent += batch.count } else { state.dropped += batch.count }
            }
            // A collector that is away is not asked again and again for what it will not take.
            guard isTaken else { return }
        }
    }

    private func body(_ spans: [Span]) -> [UInt8] {
        let resource: JSONValue = [
            "attributes": [
                Self.attribute("service.name", "berth"), Self.attribute("service.version", version),
                Self.attribute("service.instance.id", node),
            ]
        ]
        let value: JSONValue = [
            "resourceSpans": [
                [
                    "resource": resource,
                    "scopeSpans": [
                        ["scope": ["name": "berth.http"], "spans": .array(spans.map(Self.json))]
                    ],
                ]
            ]
        ]
        return value.encoded()
    }

    private static func json(_ span: Span) -> JSONValue {
        let record = span.record
        let start = record.since.milliseconds * 1_000_000
        var object: JSONObject = [
            "traceId": .string(span.trace), "spanId": .string(span.id),
            "name": .string("\(record.method) \(span.route)"),
            // SPAN_KIND_SERVER.
            "kind": 2,
            // 64-bit numbers are strings in the JSON of protocol buffers.
            "startTimeUnixNano": .string("\(start)"),
            "endTimeUnixNano": .string("\(start + Int64(record.seconds * 1e9))"),
            "attributes": [
                attribute("http.request.method", record.method), attribute("http.route", span.route),
                attribute("url.path", record.path), attribute("client.address", record.address),
                attribute("berth.request", record.tag),
                [
                    "key": "http.response.status_code",
                    "value": ["intValue": .string("\(record.status)")],
                ],
            ],
        ]
        if let parent = span.parent { object["parentSpanId"] = .string(parent) }
        // STATUS_CODE_ERROR; a client's mistake is none of the server's.
        if record.status >= 500 { object["status"] = ["code": 2] }
        return .object(object)
    }

    private static func attribute(_ key: String, _ value: String) -> JSONValue {
        ["key": .string(key), "value": ["stringValue": .string(value)]]
    }
}

/// The field `traceparent` (W3C Trace Context §3.2).
struct TraceContext: Hashable {
    let trace: String
    let parent: String
    let isSampled: Bool

    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 4, parts[0].utf8.count == 2, parts[0] != "ff",
            parts[0] != "00" || parts.count == 4,
            Self.isHex(parts[0], 2), Self.isHex(parts[1], 32), Self.isHex(parts[2], 16),
            Self.isHex(parts[3], 2),
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }),
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        (trace, parent, isSampled) = (parts[1], parts[2], flags & 1 == 1)
    }

    private static func isHex(_ text: String, _ count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
