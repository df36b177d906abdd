internal import CardCrypto
package import Centre
internal import JSON
internal import Wire

/// Tokens that another issuer signed (OpenID Connect Core 1.0, RFC 7519): who that is, whom it speaks of, and which of
/// its roles are ours.
package struct OpenID: Sendable {
    package struct Configuration: Sendable {
        /// Exactly as in `iss`.
        package var issuer: String
        /// What `aud` must hold.
        package var audience: String
        /// Where the roles stand: the names of members from the outside in, as in `realm_access.roles`.
        package var roleClaim: String
        /// The issuer's words and our roles.
        package var roles: [String: Role]
        /// Where the name of the operator, terminal or holder stands.
        package var nameClaim: String
        /// Where the provider's name stands, for providers and suppliers.
        package var tenantClaim: String

        package init(
            issuer: String, audience: String, roleClaim: String = "roles", roles: [String: Role],
            nameClaim: String = "preferred_username", tenantClaim: String = "provider"
        ) {
            self.issuer = issuer
            self.audience = audience
            self.roleClaim = roleClaim
            self.roles = roles
            self.nameClaim = nameClaim
            self.tenantClaim = tenantClaim
        }
    }

    package struct Identity: Hashable, Sendable {
        package let principal: Principal
        package let subject: String
        package let expiresAt: Instant
    }

    /// Clocks of two machines differ by so much.
    private static let leeway = Duration.seconds(60)
    private static let bytesMax = 16_384

    private let configuration: Configuration
    private let keys: any SigningKeySource

    package init(_ configuration: Configuration, keys: any SigningKeySource) {
        self.configuration = configuration
        self.keys = keys
    }

    /// Throws a problem where the token is not good here; it does not say which of its parts was wrong. Of a token that
    /// the issuer did make for us it says which claim names nobody, for whoever set the issuer up.
    package func verify(_ token: some StringProtocol, now: Instant) throws -> Identity {
        guard token.utf8.count <= Self.bytesMax else { throw Problem.noSuchToken }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]),
            let signature = Base64URL.decode(parts[2]),
            let name = header["alg"]?.stringValue, let algorithm = JSONWebKey.Algorithm(rawValue: name),
            // Extensions that must be understood are not (RFC 7515 §4.1.11).
            header["crit"] == nil
        else { throw Problem.noSuchToken }
        let message = Array("\(parts[0]).\(parts[1])".utf8)
        let kid = header["kid"]?.stringValue
        guard try isSigned(message, signature, algorithm, kid), let claims = Self.object(parts[1]) else {
            throw Problem.noSuchToken
        }
        let end = try check(claims, now: now)
        guard let role = role(claims) else {
            throw Problem.known("forbidden", "The token names no role that the centre knows.")
        }
        guard let subject = claims["sub"]?.stringValue else {
            throw Problem.known(
                "forbidden", "The token has no text in the claim 'sub'.",
                remedy: "Have the issuer put it into its tokens.")
        }
        return Identity(principal: try principal(role, claims), subject: subject, expiresAt: end)
    }

    private static func object(_ part: Substring) -> JSONObject? {
        guard let bytes = Base64URL.decode(part), let value = try? JSONValue(decoding: bytes) else {
            return nil
        }
        return value.objectValue
    }

    private static func object(_ part: some StringProtocol) -> JSONObject? { object(Substring(part)) }

    /// A key that is not known is asked for once more: issuers change their keys.
    private func isSigned(
        _ message: [UInt8], _ signature: [UInt8], _ algorithm: JSONWebKey.Algorithm, _ kid: String?
    ) throws -> Bool {
        for isFresh in [false, true] {
            let fitting = try keys.keys(isFresh: isFresh).filter {
                $0.algorithm == algorithm && (kid == nil || $0.id == kid)
            }
            if !fitting.isEmpty { return fitting.contains { $0.verifies(signature, of: message) } }
        }
        return false
    }

    /// Gives when the token ends.
    private func check(_ claims: JSONObject, now: Instant) throws -> Instant {
        guard claims["iss"]?.stringValue == configuration.issuer,
            Self.texts(claims["aud"]).contains(configuration.audience),
            let end = Self.instant(claims["exp"]), now < end.advanced(by: Self.leeway)
        else { throw Problem.noSuchToken }
        let latest = now.advanced(by: Self.leeway)
        for name in ["nbf", "iat"] {
            guard let value = claims[name] else { continue }
            guard let begin = Self.instant(value), begin <= latest else { throw Problem.noSuchToken }
        }
        return end
    }

    private static func instant(_ value: JSONValue?) -> Instant? {
        switch value {
        case .integer(let seconds) where (0...253_402_300_799).contains(seconds):
            Instant(milliseconds: seconds * 1_000)
        case .number(let seconds) where seconds >= 0 && seconds <= 253_402_300_799:
            Instant(milliseconds: Int64(seconds * 1_000))
        default: nil
        }
    }

    private static func texts(_ value: JSONValue?) -> [String] {
        if let text = value?.stringValue { return [text] }
        return value?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    // MARK: Roles

    /// The strongest of the roles that the token names.
    private func role(_ claims: JSONObject) -> Role? {
        let words = Self.texts(claim(configuration.roleClaim, claims))
        let roles = Set(words.compactMap { configuration.roles[$0] })
        return Role.allCases.first(where: roles.contains)
    }

    private func principal(_ role: Role, _ claims: JSONObject) throws -> Principal {
        let (name, tenant) = (configuration.nameClaim, configuration.tenantClaim)
        switch role {
        case .admin: return .admin(try named(by: name, claims, Self.lowercased))
        case .operator: return .operator(try named(by: name, claims, Self.lowercased))
        case .auditor: return .auditor(try named(by: name, claims, Self.lowercased))
        case .provider: return .provider(try named(by: tenant, claims) { $0 })
        case .supplier: return .supplier(try named(by: tenant, claims) { $0 })
        case .terminal: return .terminal(try named(by: name, claims) { $0 })
        case .holder: return .holder(try named(by: name, claims) { $0 }, at: nil)
        }
    }

    /// Of `A` to `Z` only: there are other letters whose small form is one of ours (U+212A is a `k`).
    private static func lowercased(_ name: String) -> String {
        String(decoding: name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    private func named<Kind: IdentifierKind>(
        by path: String, _ claims: JSONObject, _ spelled: (String) -> String
    ) throws -> Identifier<Kind> {
        guard let text = claim(path, claims)?.stringValue else {
            throw Problem.known(
                "forbidden",
                "The token has no text in the claim '\(path)', which is to name the \(Kind.noun).",
                remedy: Self.remedy)
        }
        do throws(IdentifierError) {
            return try Identifier(spelled(text))
        } catch {
            let why = Problem(explaining: error).detail
            throw Problem.known(
                "forbidden", "The claim '\(path)' of the token names no \(Kind.noun). \(why)",
                remedy: Self.remedy)
        }
    }

    private static let remedy =
        "Have the issuer put a name of the centre there, or name another claim in the centre's settings."

    private func claim(_ path: String, _ claims: JSONObject) -> JSONValue? {
        if let value = claims[path] { return value }
        return path.split(separator: ".").reduce(JSONValue?.some(.object(claims))) { value, name in
            value?[String(name)]
        }
    }
}
