import Centre
import CentreServer
import JSON
import Testing
import Wire

@Suite("The frame of the REST interface")
struct RestFrameTests {
    private let card = RestBench.city.card
    private var path: String { "/v1/cards/\(card)" }

    // MARK: Routes (RFC 9110)

    @Test("what is not there is 404, what is not for the path 405 with 'Allow', OPTIONS says what is")
    func routes() throws {
        let bench = try RestBench()
        for path in ["/v1/nothing", "/v1/cards/42/extra/parts/here", "/", "/v2/cards"] {
            let reply = try bench.ask(.get, path)
            #expect((reply.status, reply.code) == (404, "not-found"), "\(path)")
        }
        let wrong = try bench.ask(.delete, "/v1/cards")
        #expect((wrong.status, wrong.code) == (405, "method"))
        // Known, and allowed nowhere (RFC 9110 §9.1).
        for method in [HTTPMethod.query, .trace] {
            #expect(try bench.ask(method, "/v1/cards").status == 405)
        }
        #expect(wrong.response.fields["Allow"] == "GET, HEAD, POST, OPTIONS")
        let options = try bench.ask(.options, path)
        #expect((options.status, options.response.fields["Allow"]) == (204, "GET, HEAD, OPTIONS"))
    }

    @Test("HEAD is answered as GET is; the server leaves the body away (RFC 9110 §9.3.2)")
    func head() throws {
        let bench = try RestBench()
        let token = try bench.token(.operator)
        let (get, head) = (
            try bench.ask(.get, path, token: token), try bench.ask(.head, path, token: token)
        )
        #expect(head.status == 200)
        #expect(head.tag == get.tag)
        #expect(head.bytes == get.bytes)
    }

    @Test("a path that cannot be a name is nobody's", arguments: ["lower", "42!", "%20", "A_B"])
    func impossibleNames(_ name: String) throws {
        let bench = try RestBench()
        let reply = try bench.ask(.get, "/v1/cards/\(name)", token: try bench.token(.admin))
        #expect((reply.status, reply.code) == (404, "not-found"))
    }

    @Test("every answer names its request, and problems are problems (RFC 9457)")
    func requestNames() throws {
        let bench = try RestBench()
        let reply = try bench.ask(.get, path)
        #expect(reply.json["request"]?.stringValue?.isEmpty == false)
        #expect(reply.response.fields["Content-Type"] == "application/problem+json")
        #expect(reply.json["type"]?.stringValue == Problem.typePrefix + "sign-in")
        for name in ["title", "detail", "remedy"] { #expect(reply.json[name]?.stringValue?.isEmpty == false) }
        #expect(reply.json["status"]?.integerValue == 401)
        let good = try bench.ask(.get, path, token: try bench.token(.admin))
        #expect(good.response.fields["Cache-Control"] == "private, no-cache")
    }

    // MARK: Forms

    @Test("bodies of another form are refused, and answers of another form not made up")
    func forms() throws {
        let bench = try RestBench()
        let token = try bench.token(.admin)
        let body = Array(#"{"reason":"Lost."}"#.utf8)
        func post(_ fields: HTTPFields) throws -> Reply {
            try bench.ask(.post, path + "/block", token: token, fields: fields, bytes: body)
        }
        #expect(try post([:]).code == "media-type")
        #expect(try post(["Content-Type": "text/plain"]).status == 415)
        let accept: HTTPFields = ["Content-Type": "application/json", "Accept": "text/html"]
        #expect(try post(accept).status == 406)
        for good in ["*/*", "application/*;q=0.5", "text/html, application/json"] {
            let fields: HTTPFields = ["Content-Type": "application/json; charset=utf-8", "Accept": good]
            #expect(try post(fields).status == 200, "\(good)")
        }
        let none: HTTPFields = ["Content-Type": "application/json", "Accept": "application/json;q=0"]
        #expect(try post(none).status == 406)
    }

    @Test(
        "what is not as described is told by pointer (RFC 6901)",
        arguments: [
            (#"{}"#, "/reason"), (#"{"reason":5}"#, "/reason"), (#"{"reason":""}"#, "/reason"),
            (#"{"reason":"x","why":"y"}"#, "/why"), (#"{"reason":"x","a/b~c":1}"#, "/a~1b~0c"),
            (#"[]"#, ""), (#"null"#, ""),
        ])
    func pointers(body: String, pointer: String) throws {
        let bench = try RestBench()
        let reply = try bench.ask(
            .post, path + "/block", token: try bench.token(.admin),
            fields: ["Content-Type": "application/json"], bytes: Array(body.utf8))
        #expect((reply.status, reply.code) == (422, "invalid"))
        #expect(reply.json["errors"]?.arrayValue?.first?["pointer"]?.stringValue == pointer)
    }

    @Test(
        "what is not JSON is said so, and where",
        arguments: [
            "", "{", #"{"reason":"a","reason":"b"}"#, "{'a':1}", "\u{FEFF}{}", #"{"reason":"\ud800"}"#,
        ])
    func notJSON(body: String) throws {
        let bench = try RestBench()
        let reply = try bench.ask(
            .post, path + "/block", token: try bench.token(.admin),
            fields: ["Content-Type": "application/json"], bytes: Array(body.utf8))
        #expect((reply.status, reply.code) == (400, "json-malformed"))
    }

    @Test("a body that is too long is not read, and one that nobody asked for is refused")
    func sizes() throws {
        let bench = try RestBench()
        let token = try bench.token(.admin)
        let long = Array(repeating: UInt8(ascii: " "), count: Bounds.requestJSONBytesMax + 1)
        let reply = try bench.ask(
            .post, path + "/block", token: token, fields: ["Content-Type": "application/json"], bytes: long)
        #expect((reply.status, reply.code) == (413, "body-too-large"))
        let deep = Array(repeating: UInt8(ascii: "["), count: 100_000)
        let nested = try bench.ask(
            .post, path + "/block", token: token, fields: ["Content-Type": "application/json"], bytes: deep)
        #expect(nested.status == 400)
        #expect(try bench.ask(.get, path, token: token, bytes: [1]).status == 400)
    }

    @Test(
        "query parameters are as described, each once",
        arguments: [
            "limit=0", "limit=501", "limit=x", "limit=1&limit=2", "other=1", "cursor=!!", "cursor=AAAA",
        ])
    func query(_ text: String) throws {
        let bench = try RestBench()
        let reply = try bench.ask(.get, "/v1/cards?\(text)", token: try bench.token(.admin))
        #expect((reply.status, reply.code) == (400, "parameter-invalid"))
    }

    // MARK: Pages

    @Test("a list goes on at its cursor, by 'next' and by 'Link' (RFC 8288), and each thing comes once")
    func pages() throws {
        let bench = try RestBench()
        let token = try bench.token(.admin)
        var seen: [String] = []
        var path = "/v1/operators?limit=3"
        for _ in 0..<3 {
            let reply = try bench.ask(.get, path, token: token)
            #expect(reply.status == 200)
            seen += reply.json["items"]?.arrayValue?.compactMap { $0["operator"]?.stringValue } ?? []
            guard let next = reply.json["next"]?.stringValue else { break }
            let link = reply.response.fields["Link"]
            #expect(link == "</v1/operators?limit=3&cursor=\(next)>; rel=\"next\"")
            path = "/v1/operators?limit=3&cursor=\(next)"
        }
        #expect(seen == ["anne", "olga", "root", "second"])
    }

    @Test("a cursor of one list is no cursor of another")
    func foreignCursor() throws {
        let bench = try RestBench()
        let token = try bench.token(.admin)
        let next = try bench.ask(.get, "/v1/operators?limit=1", token: token).json["next"]?.stringValue ?? ""
        #expect(try bench.ask(.get, "/v1/operators?limit=1&cursor=\(next)", token: token).status == 200)
        #expect(try bench.ask(.get, "/v1/terminals?cursor=\(next)", token: token).status == 400)
    }

    // MARK: Preconditions

    @Test("a change is made on the state that it was decided on, or not at all (RFC 9110 §13.1.1)")
    func ifMatch() throws {
        let bench = try RestBench()
        let token = try bench.token(.operator)
        let first = try #require(try bench.ask(.get, path, token: token).tag)
        let block: JSONValue = ["reason": "Lost."]
        let blocked = try bench.ask(
            .post, path + "/block", token: token, body: block, fields: ["If-Match": first])
        #expect(blocked.status == 200)
        #expect(blocked.tag != first)
        let late = try bench.ask(.post, path + "/unblock", token: token, fields: ["If-Match": first])
        #expect((late.status, late.code) == (412, "changed-meanwhile"))
        let weak = try bench.ask(
            .post, path + "/unblock", token: token, fields: ["If-Match": "W/" + (blocked.tag ?? "")])
        #expect(weak.status == 412, "If-Match compares strongly")
        for malformed in ["", "9", "\"9", "\"9\",", "\"a b\"", "*, \"9\""] {
            let reply = try bench.ask(
                .post, path + "/unblock", token: token, fields: ["If-Match": malformed])
            #expect((reply.status, reply.code) == (400, "request-invalid"), "\(malformed)")
        }
        let good = try bench.ask(
            .post, path + "/unblock", token: token, fields: ["If-Match": "\"9\", " + (blocked.tag ?? "")])
        #expect(good.status == 200)
    }

    @Test("where a blind change would undo another's, the state must be named (RFC 6585 §3)")
    func preconditionRequired() throws {
        let bench = try RestBench()
        let token = try bench.token(.operator)
        let holder = "/v1/holders/\(RestBench.city.holder)"
        let details: JSONValue = ["name": "Augusta Ada King"]
        let blind = try bench.ask(.put, holder, token: token, body: details)
        #expect((blind.status, blind.code) == (428, "precondition-missing"))
        let tag = try #require(try bench.ask(.get, holder, token: token).tag)
        let seen = try bench.ask(.put, holder, token: token, body: details, fields: ["If-Match": tag])
        #expect(seen.status == 200)
        #expect(seen.json["name"] == "Augusta Ada King")
    }

    @Test("whoever names a state is answered by it: no endpoint ignores 'If-Match'")
    func neverIgnored() throws {
        let samples = SampleRequests(tenant: RestBench.city)
        for endpoint in RestTable.endpoints {
            let bench = try RestBench()
            let role = try #require(Role.allCases.first { endpoint.access.admits($0) })
            var fields: HTTPFields = ["If-Match": "\"nope\""]
            if case .bytes(let types, _, _) = endpoint.body { fields["Content-Type"] = types[0] }
            let token = try bench.token(role)
            let before = try Snapshot(bench)
            let answer = bench.answer(
                endpoint.method, samples.path(endpoint), token: token, body: samples.body(endpoint),
                fields: fields)
            guard case .now(let response) = answer else {
                Issue.record("\(endpoint.operationID) waits")
                continue
            }
            let reply = Reply(response: response)
            if endpoint.precondition == .none {
                #expect((reply.status, reply.code) == (400, "request-invalid"), "\(endpoint.operationID)")
            } else {
                #expect(
                    [404, 409, 412, 422].contains(reply.status), "\(endpoint.operationID): \(reply.text)")
            }
            #expect(try Snapshot(bench) == before, "\(endpoint.operationID) changed something")
        }
    }

    @Test("who has it already is told so without a body (RFC 9110 §13.1.2)")
    func notModified() throws {
        let bench = try RestBench()
        let token = try bench.token(.operator)
        for path in [path, "/v1/holders/\(RestBench.city.holder)", "/v1/openapi.json"] {
            let tag = try #require(try bench.ask(.get, path, token: token).tag)
            for known in [tag, "W/" + tag, "*", "\"x\", " + tag] {
                let again = try bench.ask(.get, path, token: token, fields: ["If-None-Match": known])
                #expect(again.status == 304 && again.bytes.isEmpty, "\(path) \(known)")
                #expect(again.tag == tag)
            }
            #expect(try bench.ask(.get, path, token: token, fields: ["If-None-Match": "\"x\""]).status == 200)
        }
    }
}
