import Centre
import CentreServer
import JSON
import TestSupport
import Testing

/// Requests as somebody sends them who wants the centre to stumble: made from what each endpoint describes, and spoilt.
private struct HostileRequests {
    private var random: SeededGenerator
    private let samples = SampleRequests(tenant: RestBench.city)

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    struct Attempt {
        var path: String
        var fields: HTTPFields
        var body: [UInt8]
    }

    mutating func attempt(_ endpoint: Endpoint) -> Attempt {
        var fields: HTTPFields = ["Content-Type": Endpoint.jsonType]
        if case .bytes(let types, _, _) = endpoint.body { fields["Content-Type"] = types[0] }
        if endpoint.precondition == .required { fields["If-Match"] = "*" }
        var attempt = Attempt(
            path: samples.path(endpoint), fields: fields, body: samples.body(endpoint)?.encoded() ?? [])
        for _ in 0..<Int.random(in: 1...3, using: &random) { spoil(&attempt, endpoint) }
        return attempt
    }

    private mutating func spoil(_ attempt: inout Attempt, _ endpoint: Endpoint) {
        switch Int.random(in: 0..<9, using: &random) {
        case 0: attempt.body = bytes(0...200)
        case 1:
            attempt.body = Array(attempt.body.prefix(Int.random(in: 0...attempt.body.count, using: &random)))
        case 2: flip(&attempt.body)
        case 3: attempt.body = Array(String(repeating: "[", count: 100_000).utf8)
        case 4:
            if let body = try? JSONValue(decoding: attempt.body) { attempt.body = worse(body).encoded() }
        case 5: attempt.path += "?" + query(endpoint)
        case 6: attempt.path = longer(attempt.path)
        case 7: attempt.fields[["If-Match", "Idempotency-Key", "Prefer", "Accept"][pick(4)]] = text()
        default:
            attempt.fields["Content-Type"] =
                ["", "text/plain", "application/json; charset=x", text()][pick(4)]
        }
    }

    private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    private mutating func bytes(_ count: ClosedRange<Int>) -> [UInt8] {
        (0..<Int.random(in: count, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private mutating func flip(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        bytes[pick(bytes.count)] ^= 1 << UInt8(pick(8))
    }

    private static let texts = [
        "", " ", "\"", "\u{0}", "../../etc/passwd", "' OR 1=1 --", "😀", "\u{202E}abc", "-1", "1e309", "NaN",
        "null",
        "9223372036854775808", "%00", "0000-00-00", "A\u{301}", "{{7*7}}", "<script>", "*", ",,,",
    ]

    private mutating func text() -> String {
        let text = Self.texts[pick(Self.texts.count)]
        return pick(4) == 0 ? String(repeating: text + "x", count: 3_000) : text
    }

    /// One value, somewhere, is another one, or too many, or of a name that nobody knows.
    private mutating func worse(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(var object):
            let names = object.members.map(\.name)
            guard !names.isEmpty, pick(5) > 0 else {
                object[text()] = .string(text())
                return .object(object)
            }
            let name = names[pick(names.count)]
            object[name] = pick(6) == 0 ? nil : object[name].map { worse($0) }
            return .object(object)
        case .array(let values):
            guard let first = values.first, pick(3) > 0 else {
                return .array(Array(repeating: .string(text()), count: pick(2_000)))
            }
            return .array(values + [worse(first)])
        case .null, .bool, .integer, .number, .string: return strange()
        }
    }

    private mutating func strange() -> JSONValue {
        switch pick(8) {
        case 0: .null
        case 1: true
        case 2: .integer(.min)
        case 3: .integer(.max)
        case 4: .number(-0.5)
        case 5: [:]
        case 6: [[], [[]]]
        default: .string(text())
        }
    }

    private mutating func query(_ endpoint: Endpoint) -> String {
        let names = endpoint.queryParameters.map(\.name) + ["limit", "cursor", "unknown"]
        return (0..<(1 + pick(4))).map { _ in
            "\(names[pick(names.count)])=\(text())"
        }.joined(separator: "&")
    }

    private mutating func longer(_ path: String) -> String {
        var parts = path.split(separator: "/").map(String.init)
        guard parts.count > 1 else { return path }
        parts[1 + pick(parts.count - 1)] = text()
        return "/" + parts.joined(separator: "/")
    }
}

@Suite("Hostile requests")
struct HostileRequestTests {
    @Test(
        "no endpoint stumbles over what it is sent, and what it refuses it refuses with a known problem",
        arguments: UInt64(1)...6)
    func everyEndpoint(_ seed: UInt64) throws {
        let bench = try RestBench()
        var requests = HostileRequests(seed: seed)
        // One of each role, and a new one where a request ended it: nobody may have more than a bounded number.
        var tokens: [Role: String] = [:]
        for endpoint in RestTable.endpoints {
            let role = Role.allCases.first { endpoint.access.admits($0) } ?? .admin
            let token = try tokens[role] ?? bench.token(role)
            tokens[role] = token
            for _ in 0..<4 {
                let attempt = requests.attempt(endpoint)
                let answer = bench.answer(
                    endpoint.method, attempt.path, token: token, fields: attempt.fields, bytes: attempt.body)
                guard case .now(let response) = answer else { continue }
                let reply = Reply(response: response)
                #expect(
                    reply.status < 500, "seed \(seed): \(endpoint.operationID) \(attempt.path): \(reply.text)"
                )
                if reply.status == 401 { tokens[role] = nil }
                guard reply.status >= 400 else { continue }
                #expect(
                    reply.code.flatMap { ProblemTypes.all[$0] }?.status == reply.status,
                    "seed \(seed): \(endpoint.operationID): \(reply.text)")
            }
        }
    }
}
