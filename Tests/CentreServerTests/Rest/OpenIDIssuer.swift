import CardCrypto
import CentreServer
import JSON

/// An issuer of OpenID tokens.
struct OpenIDIssuer {
    let rsa: RSAPrivateKey
    let ec: ECPrivateKey
    /// What its RSA key is called.
    let name: String

    init(_ name: String = "r") throws {
        self.name = name
        rsa = try RSAPrivateKey.generate(bits: 2_048)
        ec = try ECPrivateKey.generate(.p256)
    }

    /// RFC 7517.
    var keys: JSONValue {
        let point = ec.publicKey.point
        return [
            "keys": [
                [
                    "kty": "RSA", "kid": .string(name), "use": "sig", "alg": "RS256",
                    "n": .string(Base64URL.encode(rsa.publicKey.modulus)),
                    "e": .string(Base64URL.encode(rsa.publicKey.exponent)),
                ],
                [
                    "kty": "EC", "kid": "e", "crv": "P-256", "x": .string(Base64URL.encode(point[1..<33])),
                    "y": .string(Base64URL.encode(point[33...])),
                ],
                ["kty": "oct", "kid": "o", "k": "c2VjcmV0"],
            ]
        ]
    }

    static func claims(_ change: (inout JSONObject) -> Void = { _ in }) -> JSONObject {
        var claims: JSONObject = [
            "iss": "https://id.example", "aud": ["other", "berth"], "sub": "u-1", "exp": 1_795_264_643,
            "iat": 1_795_261_000, "preferred_username": "Ada", "realm_access": ["roles": ["centre-admins"]],
        ]
        change(&claims)
        return claims
    }

    func token(
        _ claims: JSONObject = claims(), alg: String = "RS256", kid: String? = "r", by name: String = "RS256",
        header change: (inout JSONObject) -> Void = { _ in }
    ) throws -> String {
        var header: JSONObject = ["alg": .string(alg), "typ": "JWT"]
        if let kid { header["kid"] = .string(kid) }
        change(&header)
        let message =
            Base64URL.encode(JSONValue.object(header).encoded()) + "."
            + Base64URL.encode(JSONValue.object(claims).encoded())
        let signature: [UInt8] =
            switch name {
            case "ES256": try ec.signature(of: Array(message.utf8), digest: .sha256)
            case "none": []
            default: try rsa.signature(of: Array(message.utf8), scheme: .pkcs1(.sha256))
            }
        return message + "." + Base64URL.encode(signature)
    }
}
