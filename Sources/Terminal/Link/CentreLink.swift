package import HTTPClient
package import JSON
internal import Wire

/// Why the centre did not do what it was asked.
package enum CentreFailure: Error, Hashable {
    /// Nobody answered: nothing is lost, the same is asked again.
    case unreachable(HTTPClientError)
    /// It answered with a problem (RFC 9457).
    case refused(Refusal)
    /// What came is none of its messages.
    case malformed(String)

    package struct Refusal: Hashable, Sendable {
        package var status: Int
        package var code: String
        package var detail: String
        package var remedy: String?
        package var retryAfter: Int?

        package init(
            status: Int, code: String, detail: String, remedy: String? = nil, retryAfter: Int? = nil
        ) {
            self.status = status
            self.code = code
            self.detail = detail
            self.remedy = remedy
            self.retryAfter = retryAfter
        }
    }

    /// Whether the same may succeed later without anybody doing anything.
    package var isPassing: Bool {
        switch self {
        case .unreachable(let error):
            switch error.code {
            // A centre that dies while a connection is being secured has not shown who it is, nor that it is another.
            case .unreachable, .timedOut, .failure, .malformed, .tls: true
            case .libraryMissing, .badAddress, .notTrusted, .ownCertificate, .addressRefused, .tooLong,
                .cancelled:
                false
            }
        case .refused(let refusal): [429, 500, 502, 503, 504].contains(refusal.status)
        case .malformed: false
        }
    }
}

/// The way to one centre, as one terminal.
package final class CentreLink: Sendable {
    /// Longer than a long poll and than what a local agent should bear (HTTP binding of GP SERAM, "Transmission
    /// Errors").
    private static let timeout = Duration.seconds(40)

    private let identity: TerminalIdentity
    private let client: HTTPClient

    /// - Parameter early: a connection to the centre that was begun already.
    package init(_ identity: TerminalIdentity, early: EarlyConnection? = nil) throws(HTTPClientError) {
        self.identity = identity
        var options = identity.options
        options.early = early
        client = try HTTPClient(options)
    }

    /// A message of GP SERAM and its answer. `key` is the same whenever the same message is sent again.
    package func seram(
        _ endpoint: String, session: String, _ body: [UInt8], key: String, waits: Bool,
        until cancellation: Cancellation? = nil
    ) throws(CentreFailure) -> [UInt8] {
        var fields = [("Content-Type", Seram.mediaType), ("Idempotency-Key", key)]
        if !waits { fields.append(("Prefer", "wait=0")) }
        return try send(
            "POST", "/gp/seram/\(endpoint)?sessionId=\(session)", fields, body, token: identity.token,
            until: cancellation)
    }

    package func get(_ path: String, token: String? = nil) throws(CentreFailure) -> JSONValue {
        try json(send("GET", path, [], nil, token: token ?? identity.token))
    }

    package func text(_ path: String, token: String) throws(CentreFailure) -> String {
        String(
            decoding: try send("GET", path, [("Accept", "text/plain")], nil, token: token), as: UTF8.self)
    }

    package func post(
        _ path: String, _ body: JSONValue, token: String? = nil, key: String? = nil
    ) throws(CentreFailure) -> JSONValue {
        var fields = [("Content-Type", "application/json")]
        if let key { fields.append(("Idempotency-Key", key)) }
        return try json(send("POST", path, fields, body.encoded(), token: token ?? identity.token))
    }

    /// Asked by a machine that is no terminal yet.
    package func enrol(code: String) throws(CentreFailure) -> JSONValue {
        let body: JSONValue = ["terminal": .string(identity.name), "code": .string(code)]
        return try json(
            send(
                "POST", "/v1/enrolments", [("Content-Type", "application/json")], body.encoded(), token: nil))
    }

    private func send(
        _ method: String, _ path: String, _ fields: [(String, String)], _ body: [UInt8]?, token: String?,
        until cancellation: Cancellation? = nil
    ) throws(CentreFailure) -> [UInt8] {
        var fields = fields.map { (name: $0.0, value: $0.1) }
        if let token { fields.append(("Authorization", "Bearer \(token)")) }
        let request = ClientRequest(
            method, identity.centre + path, fields: fields, body: body, timeout: Self.timeout,
            bodyBytesMax: SeramBounds.messageBytesMax)
        let answer: ClientResponse
        do throws(HTTPClientError) {
            answer = try client.send(request, until: cancellation)
        } catch {
            throw .unreachable(error)
        }
        guard (200..<300).contains(answer.status) else { throw .refused(Self.refusal(answer)) }
        return answer.body
    }

    private static func refusal(_ answer: ClientResponse) -> CentreFailure.Refusal {
        let problem = try? JSONValue(decoding: answer.body, limits: JSONLimits(bytesMax: 65_536, depthMax: 8))
        return CentreFailure.Refusal(
            status: answer.status, code: problem?["code"]?.stringValue ?? "http-\(answer.status)",
            detail: problem?["detail"]?.stringValue ?? "The centre answered \(answer.status).",
            remedy: problem?["remedy"]?.stringValue,
            retryAfter: answer.field("Retry-After").flatMap { Int($0) })
    }

    private func json(_ bytes: [UInt8]) throws(CentreFailure) -> JSONValue {
        guard !bytes.isEmpty else { return .null }
        do throws(JSONError) {
            return try JSONValue(decoding: bytes)
        } catch {
            throw .malformed(error.reason)
        }
    }
}
