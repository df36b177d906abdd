import CardCrypto
import Centre
import CentreServer
import JSON
import SmartCard
import Synchronization
import Testing

@Suite("Tokens of an OpenID provider")
struct OpenIDTests {
    private static let configuration = OpenID.Configuration(
        issuer: "https://id.example", audience: "berth", roleClaim: "realm_access.roles",
        roles: ["centre-admins": .admin, "looks": .auditor, "city-people": .provider])

    private let issuer: OpenIDIssuer
    private let bench: RestBench

    init() throws {
        issuer = try OpenIDIssuer()
        let keys = try #require(JSONWebKey.set(issuer.keys.encoded()))
        bench = try RestBench(openID: OpenID(Self.configuration, keys: FixedSigningKeys(keys)))
    }

    private func ask(_ token: String) throws -> Reply {
        try bench.ask(.get, "/v1/sessions/current", token: token)
    }

    @Test("a token that the issuer signed is whom it names, in the role that its claim maps to")
    func accepted() throws {
        for (alg, kid) in [("RS256", "r"), ("ES256", "e")] {
            let reply = try ask(try issuer.token(alg: alg, kid: kid, by: alg))
            #expect((reply.status, reply.json["role"], reply.json["name"]) == (200, "admin", "ada"), "\(alg)")
        }
        let unnamed = try ask(try issuer.token(kid: nil))
        #expect(unnamed.status == 200)
        let provider = OpenIDIssuer.claims {
            $0["realm_access"] = ["roles": ["city-people", "unknown"]]
            $0["provider"] = "city"
        }
        #expect(try ask(try issuer.token(provider)).json["role"] == "provider")
    }

    @Test("every claim that must hold is held")
    func claims() throws {
        let wrong: [(String, (inout JSONObject) -> Void)] = [
            ("another issuer", { $0["iss"] = "https://id.example/" }), ("no issuer", { $0["iss"] = nil }),
            ("another audience", { $0["aud"] = "other" }), ("no audience", { $0["aud"] = nil }),
            ("over", { $0["exp"] = 1_795_260_000 }), ("endless", { $0["exp"] = nil }),
            ("text for an end", { $0["exp"] = "1795264643" }),
            ("not yet", { $0["nbf"] = 1_795_262_000 }), ("of the future", { $0["iat"] = 1_795_262_000 }),
        ]
        for (name, change) in wrong {
            let reply = try ask(try issuer.token(OpenIDIssuer.claims(change)))
            #expect((reply.status, reply.code) == (401, "token-invalid"), "\(name)")
        }
    }

    @Test("a role that nobody mapped is no role, and a provider that is not here nobody")
    func roles() throws {
        let stranger = OpenIDIssuer.claims { $0["realm_access"] = ["roles": ["staff"]] }
        #expect(try ask(try issuer.token(stranger)).status == 403)
        let unknown = OpenIDIssuer.claims {
            $0["realm_access"] = ["roles": ["city-people"]]
            $0["provider"] = "nowhere"
        }
        #expect(try ask(try issuer.token(unknown)).status == 401)
    }

    private static let nobodies: [(role: String, claim: String, value: JSONValue?, words: String)] = [
        ("centre-admins", "preferred_username", "Ada Lovelace", "Character 4 of the operator"),
        ("looks", "preferred_username", "", "1 to 64 characters"),
        ("centre-admins", "preferred_username", 7, "no text"),
        ("city-people", "provider", "City", "Character 1 of the provider"),
        ("city-people", "provider", nil, "no text"), ("centre-admins", "sub", nil, "no text"),
    ]

    @Test("a claim that names nobody is told, with what is wrong with it", arguments: nobodies)
    func namesNobody(_ nobody: (role: String, claim: String, value: JSONValue?, words: String)) throws {
        let claims = OpenIDIssuer.claims {
            $0["realm_access"] = ["roles": [.string(nobody.role)]]
            $0[nobody.claim] = nobody.value
        }
        let reply = try ask(try issuer.token(claims))
        #expect((reply.status, reply.code) == (403, "forbidden"))
        let detail = reply.json["detail"]?.stringValue ?? ""
        #expect(detail.contains("'\(nobody.claim)'") && detail.contains(nobody.words), "\(detail)")
        #expect(reply.json["remedy"]?.stringValue?.contains("issuer") == true)
        #expect(!detail.contains("Lovelace"), "what a token holds of a person is not told")
    }

    @Test("an operator who was shut out here stays out, whatever the issuer says")
    func shutOut() throws {
        try bench.node.act(by: .centre) { act in
            _ = try act.registerOperator(try OperatorID("ada"), .auditor, password: nil)
            _ = try act.changeOperator(try OperatorID("ada"), role: .auditor, isActive: false)
        }
        #expect(try ask(try issuer.token()).status == 401)
    }

    private func token(_ role: String, _ name: String) throws -> String {
        try issuer.token(
            OpenIDIssuer.claims {
                $0["realm_access"] = ["roles": [.string(role)]]
                $0["preferred_username"] = .string(name)
            })
    }

    @Test("a token in another role than the operator has here is refused, and sets that operator no password")
    func otherRole() throws {
        let weak = try token("looks", "Root")
        let refused = try ask(weak)
        #expect((refused.status, refused.code) == (403, "forbidden"), "\(refused.text)")
        #expect(refused.json["detail"]?.stringValue?.contains("another role") == true, "\(refused.text)")
        let set = try bench.ask(
            .put, "/v1/operators/root/password", token: weak, body: ["password": "a new long password"])
        #expect(set.status == 403, "\(set.text)")
        let same = try ask(try token("looks", "Anne"))
        #expect((same.status, same.json["role"]) == (200, "auditor"))
    }

    @Test("of a name only the letters A to Z are made small: no other letter becomes one of them")
    func otherLetters() throws {
        let refused = try ask(try token("looks", "fran\u{212A}"))
        #expect((refused.status, refused.code) == (403, "forbidden"), "\(refused.text)")
        #expect(refused.text.contains("Character 5 of the operator"), "\(refused.text)")
        #expect(try ask(try token("looks", "FRANK")).json["name"] == "frank")
    }

    @Test("a token makes none that lasts longer than itself")
    func lasting() throws {
        let claims = OpenIDIssuer.claims {
            $0["realm_access"] = ["roles": ["city-people"]]
            $0["provider"] = "city"
        }
        let short = try issuer.token(claims)
        func issue(until end: Instant) throws -> Reply {
            try bench.ask(
                .post, "/v1/tokens", token: short,
                body: ["role": "provider", "name": "city", "expiresAt": .string(end.description)])
        }
        // As the claim says.
        let end = Instant(milliseconds: 1_795_264_643_000)
        let long = try issue(until: end.advanced(by: .seconds(1)))
        #expect((long.status, long.code) == (403, "forbidden"), "\(long.text)")
        #expect(try issue(until: end).status == 201)
    }

    @Test("forged signatures, other algorithms and keys for other uses are refused (RFC 8725 §3.1, §3.2)")
    func forged() throws {
        #expect(try ask(try issuer.token(alg: "none", kid: nil, by: "none")).status == 401)
        #expect(try ask(try issuer.token(alg: "RS256", kid: "e")).status == 401, "a key of another kind")
        #expect(try ask(try issuer.token(alg: "HS256", kid: "o")).status == 401)
        #expect(try ask(try issuer.token(alg: "ES256", kid: "r", by: "RS256")).status == 401)
        #expect(try ask(try issuer.token(kid: "unknown")).status == 401)
        let critical = try issuer.token(header: { $0["crit"] = ["x"] })
        #expect(try ask(critical).status == 401, "an extension that must be understood (RFC 7515 §4.1.11)")
        let other = try OpenIDIssuer()
        #expect(try ask(try other.token()).status == 401)
        let good = try issuer.token()
        let parts = good.split(separator: ".").map(String.init)
        let raised = Base64URL.encode(JSONValue.object(OpenIDIssuer.claims { $0["sub"] = "u-2" }).encoded())
        #expect(try ask("\(parts[0]).\(raised).\(parts[2])").status == 401)
        for cut in [parts[0], "\(parts[0]).\(parts[1])", "\(good).x", "..", good + "="] {
            #expect(try ask(cut).status == 401)
        }
    }

    @Test("keys are fetched when they are needed, kept, and asked for again at most once a minute")
    func fetching() throws {
        let clock = ManualClock(Instant(milliseconds: 1_795_261_043_000))
        let asked = Mutex(0)
        let first = issuer.keys.encoded()
        let answers = Mutex<[UInt8]?>(first)
        let source = FetchedSigningKeys(clock: clock) {
            asked.withLock { $0 += 1 }
            guard let bytes = answers.withLock({ $0 }) else { throw CryptoError.notAuthentic }
            return bytes
        }
        #expect(try source.keys(isFresh: false).count == 2, "the key with a shared secret is left out")
        _ = try source.keys(isFresh: false)
        #expect(asked.withLock { $0 } == 1)
        for _ in 0..<100 { _ = try source.keys(isFresh: true) }
        #expect(asked.withLock { $0 } == 1, "tokens with unknown keys make nobody ask again and again")
        clock.advance(by: .seconds(61))
        _ = try source.keys(isFresh: true)
        #expect(asked.withLock { $0 } == 2)
        answers.withLock { $0 = nil }
        clock.advance(by: .seconds(4_000))
        #expect(try source.keys(isFresh: false).count == 2, "an issuer that is away shuts nobody out")
        #expect(asked.withLock { $0 } == 3)
    }

    @Test("short RSA keys, keys for encryption and keys off their curve are left out")
    func weakKeys() throws {
        let short = try RSAPrivateKey.generate(bits: 1_024).publicKey
        let weak: JSONValue = [
            "kty": "RSA", "n": .string(Base64URL.encode(short.modulus)),
            "e": .string(Base64URL.encode(short.exponent)),
        ]
        #expect(JSONWebKey(weak) == nil)
        guard case .array(let keys)? = issuer.keys["keys"], case .object(var rsa) = keys[0] else { return }
        rsa["use"] = "enc"
        #expect(JSONWebKey(.object(rsa)) == nil)
        rsa["use"] = "sig"
        rsa["alg"] = "PS256"
        #expect(JSONWebKey(.object(rsa)) == nil)
        guard case .object(var ec) = keys[1] else { return }
        ec["y"] = ec["x"]
        #expect(JSONWebKey(.object(ec)) == nil)
    }
}

@Suite("Ed25519")
struct Ed25519Tests {
    // RFC 8032 §7.1, TEST 2.
    private let key = "3D4017C3E843895A92B70AA74D1B7EBC9C982CCF2EC4968CC0CD55F12AF4660C"
    private let signature =
        "92A009A9F0D4CAB8720E820B5F642540A2B27B5416503F8FB3762223EBDB69DA085AC1E43E15996E458F3613D0F11D8C387B2EAEB4302AEEB00D291612BB0C00"

    @Test("verifies the vector of the standard, and nothing that differs by a bit")
    func vector() throws {
        let key = try Ed25519PublicKey(try Hex.decode(key))
        let good = try Hex.decode(signature)
        #expect(key.verifies(good, of: [0x72]))
        #expect(!key.verifies(good, of: [0x73]))
        for index in good.indices {
            var bad = good
            bad[index] ^= 1
            #expect(!key.verifies(bad, of: [0x72]))
        }
        #expect(!key.verifies([], of: [0x72]))
    }

    @Test("a web key of this kind verifies by its kind (RFC 8037 §A.4)")
    func webKey() throws {
        // The figures of RFC 8037 appendix A.
        let value: JSONValue = [
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        ]
        let key = try #require(JSONWebKey(value))
        let message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        let signature = try #require(
            Base64URL.decode(
                "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"))
        #expect(key.algorithm == .edDSA)
        #expect(key.verifies(signature, of: Array(message.utf8)))
        #expect(!key.verifies(signature, of: Array((message + "x").utf8)))
    }
}
