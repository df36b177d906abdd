internal import Centre
internal import HTTPClient

/// What a serving node asks of others: collectors, issuers, receivers of events.
enum ServingClients {
    /// Seconds that a collector of traces may take, so that the end is not held up for long.
    private static let collectorSeconds: Int64 = 5
    private static let keysBytesMax = 262_144

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

    /// Tokens of an issuer, whose keys are fetched from where it publishes them.
    static func openID(_ settings: ServeSettings.OpenIDSettings, clock: any WallClock) throws(ServeFailure)
        -> OpenID
    {
        let client = try client()
        let url = settings.keys
        return OpenID(
            settings.configuration,
            keys: FetchedSigningKeys(clock: clock) {
                let response = try client.send(
                    ClientRequest("GET", url, timeout: .seconds(10), bodyBytesMax: keysBytesMax))
                guard response.status == 200 else {
                    throw ServeFailure("openid", "\(url) answers with \(response.status)")
                }
                return response.body
            })
    }

    private static func client() throws(ServeFailure) -> HTTPClient {
        do throws(HTTPClientError) {
            return try HTTPClient()
        } catch {
            throw ServeFailure("client", "nothing can be asked of others", why: error.message)
        }
    }
}
