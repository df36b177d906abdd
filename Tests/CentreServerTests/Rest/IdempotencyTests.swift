import CardCrypto
import Centre
import CentreServer
import JSON
import Storage
import Testing

@Suite("Requests that come twice")
struct IdempotencyTests {
    private let key: HTTPFields = ["Idempotency-Key": "\"0d7f2a8e-1\""]
    private let terminal: JSONValue = ["terminal": "gate-1", "label": "North"]

    @Test("the same request gives the same answer and has one effect")
    func twice() throws {
        let bench = try RestBench()
        let token = try bench.token(.operator)
        let first = try bench.ask(.post, "/v1/terminals", token: token, body: terminal, fields: key)
        bench.clock.advance(by: .seconds(3_600))
        let fresh = try bench.token(.operator)
        let before = try Snapshot(bench)
        let again = try bench.ask(.post, "/v1/terminals", token: fresh, body: terminal, fields: key)
        #expect((first.status, again.status) == (201, 201))
        #expect(first.bytes == again.bytes)
        #expect(first.tag == again.tag)
        #expect(again.response.fields["Location"] == "/v1/terminals/gate-1")
        #expect(try Snapshot(bench) == before)
        let without = try bench.ask(.post, "/v1/terminals", token: fresh, body: terminal)
        #expect((without.status, without.code) == (409, "terminal-exists"))
    }

    @Test("the key without its quotes is the same key")
    func quotes() throws {
        let bench = try RestBench()
        let token = try bench.token(.operator)
        _ = try bench.ask(.post, "/v1/terminals", token: token, body: terminal, fields: key)
        let plain: HTTPFields = ["Idempotency-Key": "0d7f2a8e-1"]
        #expect(
            try bench.ask(.post, "/v1/terminals", token: token, body: terminal, fields: plain).status == 201)
    }

    @Test(
        "the same key for another body, path or query is refused (draft-ietf-httpapi-idempotency-key-header §2.7)"
    )
    func otherBody() throws {
        let bench = try RestBench()
        let token = try bench.token(.operator)
        _ = try bench.ask(.post, "/v1/terminals", token: token, body: terminal, fields: key)
        let other: JSONValue = ["terminal": "gate-2", "label": "North"]
        let body = try bench.ask(.post, "/v1/terminals", token: token, body: other, fields: key)
        #expect((body.status, body.code) == (422, "request-reused"))
        let path = try bench.ask(
            .post, "/v1/cards/\(RestBench.city.card)/block", token: token, body: ["reason": "x"], fields: key)
        #expect((path.status, path.code) == (422, "request-reused"))
    }

    @Test("the key is the caller's own: another's is another")
    func otherCaller() throws {
        let bench = try RestBench()
        _ = try bench.ask(
            .post, "/v1/terminals", token: try bench.token(.operator), body: terminal, fields: key)
        let other = try bench.ask(
            .post, "/v1/terminals", token: try bench.token(.admin), body: terminal, fields: key)
        #expect((other.status, other.code) == (409, "terminal-exists"))
    }

    @Test("what was refused is decided anew")
    func refused() throws {
        let bench = try RestBench()
        let token = try bench.token(.operator)
        let path = "/v1/cards/\(RestBench.city.card)/unblock"
        #expect(try bench.ask(.post, path, token: token, fields: key).status == 409)
        _ = try bench.ask(
            .post, "/v1/cards/\(RestBench.city.card)/block", token: token, body: ["reason": "x"])
        #expect(try bench.ask(.post, path, token: token, fields: key).status == 200)
    }

    @Test(
        "a key that cannot be one is refused",
        arguments: ["", "a b", "\"\"", String(repeating: "x", count: 65), "a/b"])
    func badKeys(_ text: String) throws {
        let bench = try RestBench()
        let reply = try bench.ask(
            .post, "/v1/terminals", token: try bench.token(.operator), body: terminal,
            fields: ["Idempotency-Key": text])
        #expect((reply.status, reply.code) == (400, "idempotency-key"))
    }

    @Test("a secret that was shown is not shown again, and is not in the store")
    func secrets() throws {
        let bench = try RestBench()
        let token = try bench.token(.admin)
        let body: JSONValue = [
            "role": "provider", "name": "city", "expiresAt": "2026-12-24T08:00:00Z", "label": "billing",
        ]
        let first = try bench.ask(.post, "/v1/tokens", token: token, body: body, fields: key)
        #expect(first.status == 201)
        #expect(first.response.fields["Cache-Control"] == "no-store")
        let secret = try #require(first.json["token"]?.stringValue)
        #expect(try bench.ask(.get, "/v1/cards", token: secret).status == 200)
        let again = try bench.ask(.post, "/v1/tokens", token: token, body: body, fields: key)
        #expect((again.status, again.code) == (409, "shown-once"))
        for record in StoredRecords.all {
            let table = record.table
            let rows = try bench.store.read { try $0.ask([Query(table)])[0] }
            #expect(!"\(rows)".contains(secret.suffix(20)), "\(table.name)")
        }
    }

    @Test("another password with the same key is another request, and nothing is kept that tells it")
    func passwords() throws {
        let bench = try RestBench()
        let token = try bench.token(.operator)
        func body(_ password: String) -> JSONValue {
            ["holder": "30003", "name": "Lise Meitner", "password": .string(password)]
        }
        let first = try bench.ask(
            .post, "/v1/holders", token: token, body: body("one long password"), fields: key)
        let again = try bench.ask(
            .post, "/v1/holders", token: token, body: body("one long password"), fields: key)
        #expect((first.status, again.status) == (201, 201))
        #expect(first.bytes == again.bytes)
        let other = try bench.ask(
            .post, "/v1/holders", token: token, body: body("two long password"), fields: key)
        #expect(other.status == 422)
        for record in StoredRecords.all {
            let table = record.table
            let rows = try bench.store.read { try $0.ask([Query(table)])[0] }
            #expect(!"\(rows)".contains("one long password"), "\(table.name)")
        }
    }

    @Test("what is kept of secrets is computed where passwords are checked: so many at once, and no more")
    func fullGate() throws {
        typealias Doing = @Sendable () -> Void
        let inside = Box<Doing>({})
        let bench = try RestBench { password, salt, cost, count throws(CryptoError) in
            inside.value()
            return try PasswordVerifier.scrypt(password, salt, cost, count)
        }
        let city = try bench.token(.provider)
        let releases = "/v1/applications/purse/releases"
        var draft = try bench.ask(.get, releases + "/0.9", token: city).json.objectValue ?? [:]
        for name in ["id", "application", "version", "life"] { draft[name] = nil }
        let body = JSONValue.object(draft)
        #expect(body["personalisation"] != nil)
        let requests = [[:], key].map { (key: HTTPFields) -> HTTPRequest in
            var fields = key
            fields["Authorization"] = "Bearer \(city)"
            fields["Content-Type"] = "application/json"
            return HTTPRequest(
                .put, path: releases + "/2.0",
                segments: ["v1", "applications", "purse", "releases", "2.0"], query: [], fields: fields,
                body: body.encoded(), peer: RestBench.peer, tag: "r")
        }
        let (depth, statuses) = (Box(0), Box<[Int]>([]))
        let (signIn, service, now) = (bench.signIn, bench.service, bench.clock.now)
        let olga = try OperatorID("olga")
        // Each sign-in waits within the gate for the next one; the last finds it full.
        inside.value = {
            depth.value += 1
            guard depth.value == Bounds.passwordsAtOnceMax else {
                _ = try? signIn.signIn(
                    olga, password: Secret(Array(RestBench.password.utf8)), from: RestBench.peer)
                return
            }
            for request in requests {
                guard case .now(let response) = service.answer(request, since: now) else { continue }
                statuses.value += [response.status]
            }
        }
        _ = try signIn.signIn(olga, password: Secret(Array(RestBench.password.utf8)), from: RestBench.peer)
        #expect(depth.value == Bounds.passwordsAtOnceMax && statuses.value == [200, 503])
        inside.value = {}
        #expect(try bench.ask(.put, releases + "/2.0", token: city, body: body, fields: key).status == 200)
    }

    @Test("an operation has the id of its key, and is one operation however often it is requested")
    func operations() throws {
        let bench = try RestBench()
        let token = try bench.token(.operator)
        let body: JSONValue = [
            "wishes": [["kind": "reserve", "provider": "rail", "room": ["nonVolatile": 100, "volatile": 0]]]
        ]
        let path = "/v1/cards/\(RestBench.city.card)/operations"
        _ = try bench.ask(.post, path + "/waits/cancel", token: token)
        let first = try bench.ask(.post, path, token: token, body: body, fields: key)
        let again = try bench.ask(.post, path, token: token, body: body, fields: key)
        #expect((first.status, again.status) == (202, 202), "\(first.text)")
        #expect(first.response.fields["Location"] == path + "/0d7f2a8e-1")
        #expect(first.bytes == again.bytes)
        let list = try bench.ask(.get, path, token: token)
        #expect(list.json["items"]?.arrayValue?.count == 3)
    }
}
