import Centre
import CentreServer
import JSON
import Testing

/// An issuer of tokens that publishes itself and its keys over HTTP, as one on the internet does.
private final class PublishedIssuer {
    let keys = Box<[UInt8]>([])
    let isAway = Box(false)
    let asked = Box<[String]>([])
    private let name = Box("")
    private let fixture: ServerFixture
    /// Signs; another one takes its place when keys are changed.
    var issuer: OpenIDIssuer

    init() throws {
        issuer = try OpenIDIssuer()
        keys.value = issuer.keys.encoded()
        fixture = try ServerFixture { [keys, isAway, asked, name] request, _ in
            asked.value += [request.path]
            if isAway.value { return .now(HTTPResponse(503)) }
            switch request.path {
            case "/.well-known/openid-configuration":
                return .now(
                    HTTPResponse(
                        json: ["issuer": .string(name.value), "jwks_uri": .string(name.value + "/keys")]))
            case "/keys":
                return .now(HTTPResponse(200, ["Content-Type": "application/json"], body: .bytes(keys.value)))
            default: return .now(HTTPResponse(404))
            }
        }
        name.value = url
    }

    deinit { fixture.server.stop() }

    var url: String { "http://127.0.0.1:\(fixture.port)" }

    /// It says of itself that it is another.
    func pretends(to be: String) { name.value = be }

    func changesKeys() throws {
        issuer = try OpenIDIssuer(issuer.name + "+")
        keys.value = issuer.keys.encoded()
    }

    func token(_ change: (inout JSONObject) -> Void = { _ in }, alg: String = "RS256") throws -> String {
        let claims = OpenIDIssuer.claims {
            $0["iss"] = .string(url)
            change(&$0)
        }
        return try issuer.token(claims, alg: alg, kid: alg == "none" ? nil : issuer.name, by: alg)
    }
}

@Suite("Keys of an OpenID provider over HTTP")
struct OpenIDFetchTests {
    private let issuer: PublishedIssuer
    private let clock = ManualClock(Instant(milliseconds: 1_795_261_043_000))
    private let bench: RestBench

    init() throws {
        issuer = try PublishedIssuer()
        let configuration = OpenID.Configuration(
            issuer: issuer.url, audience: "berth", roleClaim: "realm_access.roles",
            roles: ["centre-admins": .admin])
        let keys = try #require(OpenIDKeys(issuer: issuer.url, address: nil))
        bench = try RestBench(openID: OpenID(configuration, keys, clock: clock))
    }

    private func ask(_ token: String) throws -> Reply {
        try bench.ask(.get, "/v1/sessions/current", token: token)
    }

    @Test("keys are found by the issuer's own description, and what does not hold is refused")
    func found() throws {
        #expect(try ask(try issuer.token()).json["role"] == "admin")
        #expect(issuer.asked.value == ["/.well-known/openid-configuration", "/keys"])
        #expect(try ask(try issuer.token({ $0["iss"] = "https://id.example" })).status == 401)
        #expect(try ask(try issuer.token({ $0["aud"] = "another" })).status == 401)
        #expect(try ask(try issuer.token({ $0["exp"] = 1_795_260_000 })).status == 401)
        #expect(try ask(try issuer.token(alg: "none")).status == 401)
        #expect(issuer.asked.value.count == 2, "what is kept is not asked for again")
    }

    @Test("new keys are taken within a minute, and the old ones are nothing any more")
    func rotation() throws {
        let old = try issuer.token()
        #expect(try ask(old).status == 200)
        try issuer.changesKeys()
        let new = try issuer.token()
        #expect(
            try ask(new).status == 401, "a key that nobody has does not make the centre ask again and again")
        clock.advance(by: .seconds(61))
        #expect(try ask(new).status == 200)
        #expect(try ask(old).status == 401)
    }

    @Test("an issuer that is away shuts nobody out who could come in, and lets nobody in by itself")
    func away() throws {
        issuer.isAway.value = true
        let token = try issuer.token()
        for _ in 1...2 {
            let reply = try ask(token)
            #expect((reply.status, reply.code) == (503, "not-serving"))
            #expect(reply.response.fields["Retry-After"] == "30")
        }
        #expect(issuer.asked.value.count == 1, "within a minute it is not asked again")
        issuer.isAway.value = false
        clock.advance(by: .seconds(61))
        #expect(try ask(try issuer.token()).status == 200)
        issuer.isAway.value = true
        clock.advance(by: .seconds(4_000))
        #expect(try ask(try issuer.token()).status == 200)
    }

    @Test("whoever answers as another issuer is not believed")
    func pretender() throws {
        issuer.pretends(to: "https://id.example")
        #expect(try ask(try issuer.token()).status == 503)
    }
}
