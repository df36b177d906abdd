internal import CardCrypto
package import Centre
package import JSON
internal import Synchronization
internal import Wire

/// A public key of an issuer (RFC 7517), of a kind whose signatures are taken here.
package struct JSONWebKey: Hashable, Sendable {
    /// RFC 7518 §3.1, RFC 8037 §3.1. Nothing with a shared secret, and never "none".
    package enum Algorithm: String, Hashable, Sendable, CaseIterable {
        case rs256 = "RS256"
        case es256 = "ES256"
        case edDSA = "EdDSA"
    }

    private enum Key: Hashable, Sendable {
        case rsa(RSAPublicKey)
        case ec(ECPublicKey)
        case ed25519(Ed25519PublicKey)
    }

    package let id: String?
    private let key: Key

    package var algorithm: Algorithm {
        switch key {
        case .rsa: .rs256
        case .ec: .es256
        case .ed25519: .edDSA
        }
    }

    /// `nil` for a key of another kind, or for another use than signatures.
    package init?(_ value: JSONValue) {
        func bytes(_ name: String) -> [UInt8]? { value[name]?.stringValue.flatMap { Base64URL.decode($0) } }
        guard value["use"]?.stringValue ?? "sig" == "sig" else { return nil }
        id = value["kid"]?.stringValue
        switch (value["kty"]?.stringValue, value["crv"]?.stringValue) {
        case ("RSA", nil):
            guard let modulus = bytes("n"), let exponent = bytes("e"), modulus.count >= 256,
                let key = try? RSAPublicKey(modulus: modulus, exponent: exponent)
            else { return nil }
            self.key = .rsa(key)
        case ("EC", "P-256"):
            guard let x = bytes("x"), let y = bytes("y"), x.count == 32, y.count == 32,
                let key = try? ECPublicKey(.p256, point: [0x04] + x + y)
            else { return nil }
            self.key = .ec(key)
        case ("OKP", "Ed25519"):
            guard let x = bytes("x"), let key = try? Ed25519PublicKey(x) else { return nil }
            self.key = .ed25519(key)
        default: return nil
        }
        if let named = value["alg"]?.stringValue, named != algorithm.rawValue { return nil }
    }

    /// The keys of a set (RFC 7517 §5) that can be used here; `nil` where it is no set.
    package static func set(_ bytes: [UInt8]) -> [JSONWebKey]? {
        let limits = JSONLimits(bytesMax: 262_144, depthMax: 8)
        return (try? JSONValue(decoding: bytes, limits: limits))?["keys"]?.arrayValue?
            .compactMap { JSONWebKey($0) }
    }

    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        switch key {
        case .rsa(let key): key.verifies(signature, of: message, scheme: .pkcs1(.sha256))
        case .ec(let key): key.verifies(signature, of: message, digest: .sha256)
        case .ed25519(let key): key.verifies(signature, of: message)
        }
    }
}

/// Where the keys of an issuer come from.
package protocol SigningKeySource: Sendable {
    /// `isFresh` asks for keys that are newer than those of the last time, where that is not too often.
    func keys(isFresh: Bool) throws -> [JSONWebKey]
}

/// Keys that never change: from a file.
package struct FixedSigningKeys: SigningKeySource {
    private let known: [JSONWebKey]

    package init(_ known: [JSONWebKey]) { self.known = known }

    package func keys(isFresh: Bool) -> [JSONWebKey] { known }
}

/// Keys that are fetched, kept for an hour, and asked for again at most once a minute, however many tokens name keys
/// that nobody has.
package final class FetchedSigningKeys: SigningKeySource {
    private struct Known {
        var keys: [JSONWebKey] = []
        var askedAt: Instant?
        var fetchedAt: Instant?
    }

    private static let life = Duration.seconds(3_600)
    private static let pause = Duration.seconds(60)

    private let clock: any WallClock
    private let fetch: @Sendable () throws -> [UInt8]
    private let known = Mutex(Known())

    /// `fetch` gives the set as its issuer publishes it.
    package init(clock: any WallClock, fetch: @escaping @Sendable () throws -> [UInt8]) {
        self.clock = clock
        self.fetch = fetch
    }

    package func keys(isFresh: Bool) throws -> [JSONWebKey] {
        let now = clock.now
        let (keys, wasFetched, isDue) = known.withLock { known in
            let isOld = known.fetchedAt.map { $0.duration(to: now) > Self.life } ?? true
            let mayAsk = known.askedAt.map { $0.duration(to: now) >= Self.pause } ?? true
            let isDue = (isOld || isFresh) && mayAsk
            if isDue { known.askedAt = now }
            return (known.keys, known.fetchedAt != nil, isDue)
        }
        guard isDue, let bytes = try? fetch(), let set = JSONWebKey.set(bytes) else {
            // An issuer that does not answer for a while shuts nobody out; before its first answer nobody knows whom.
            guard wasFetched else {
                throw Problem.known("not-serving", "The issuer of this token does not tell its keys.")
            }
            return keys
        }
        known.withLock { known in
            known.keys = set
            known.fetchedAt = now
        }
        return set
    }
}
