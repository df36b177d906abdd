package import Centre
internal import HTTPClient
internal import JSON

/// Where an issuer publishes its keys: at an address, or at the one that its own description names (OpenID Connect
/// Discovery 1.0 §4).
package struct OpenIDKeys: Hashable, Sendable {
    private static let timeout = Duration.seconds(5)
    private static let bytesMax = 262_144

    private let issuer: String
    private let address: String?

    /// `nil` where an address is not one that keys can be trusted from.
    package init?(issuer: String, address: String?) {
        guard [issuer, address ?? issuer].allSatisfy(ServerAddress.isProtected) else { return nil }
        self.issuer = issuer
        self.address = address
    }

    /// Asks at most once a minute, and waits a few seconds for the answer.
    func source(clock: any WallClock) -> FetchedSigningKeys {
        FetchedSigningKeys(clock: clock) { try fetch() }
    }

    private func fetch() throws -> [UInt8] {
        let client = try HTTPClient()
        return try get(try address ?? published(client), client)
    }

    private func published(_ client: HTTPClient) throws -> String {
        let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
        let bytes = try get(base + "/.well-known/openid-configuration", client)
        let limits = JSONLimits(bytesMax: Self.bytesMax, depthMax: 16)
        let description = try JSONValue(decoding: bytes, limits: limits)
        guard description["issuer"]?.stringValue == issuer,
            let keys = description["jwks_uri"]?.stringValue, ServerAddress.isProtected(keys)
        else { throw HTTPClientError(.malformed, "The issuer describes itself as another.") }
        return keys
    }

    private func get(_ url: String, _ client: HTTPClient) throws -> [UInt8] {
        let request = ClientRequest(
            "GET", url, fields: [("Accept", "application/json")], timeout: Self.timeout,
            bodyBytesMax: Self.bytesMax)
        let response = try client.send(request)
        guard response.status == 200 else {
            throw HTTPClientError(.failure, "The issuer answers \(response.status).")
        }
        return response.body
    }
}

extension OpenID {
    /// With keys that are fetched when they are needed.
    package init(_ configuration: Configuration, _ keys: OpenIDKeys, clock: any WallClock) {
        self.init(configuration, keys: keys.source(clock: clock))
    }
}
