internal import HTTPClient

/// What a serving node asks of others beside issuers of tokens and receivers of events: collectors of traces.
enum ServingClients {
    /// Seconds that a collector of traces may take, so that the end is not held up for long.
    private static let collectorSeconds: Int64 = 5

    /// Posts spans to `/v1/traces` of the endpoint, as the specification of OTLP over HTTP has it.
    static func spans(to endpoint: String) throws(ServeFailure) -> SpanExporter.Carrier {
        let client = try client()
        let base = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        let url = base.hasSuffix("/v1/traces") ? base : base + "/v1/traces"
        return { body in
            let request = ClientRequest(
                "POST", url, fields: [("Content-Type", "application/json")], body: body,
                timeout: .seconds(collectorSeconds))
            guard let response = try? client.send(request) else { return false }
            return (200...299).contains(response.status)
        }
    }

    private static func client() throws(ServeFailure) -> HTTPClient {
        do throws(HTTPClientError) {
            return try HTTPClient()
        } catch {
            throw ServeFailure("client", "nothing can be asked of others", why: error.message)
        }
    }
}
