import Centre
import CentreServer
import JSON
import TestSupport
import Testing
import Wire

@Suite("Providers, berths, custody and money by REST")
struct HoldingEndpointTests {
    private let bench: RestBench
    private let root: String
    private let city: String

    init() throws {
        bench = try RestBench()
        root = try bench.token(.admin)
        city = try bench.token(.provider)
    }

    @Test("a provider is registered, changed on what was read, suspended and resumed")
    func provider() throws {
        let limits: JSONValue = ["roomPerCard": ["nonVolatile": 9, "volatile": 1], "cardsMax": 7]
        let made = try bench.ask(
            .post, "/v1/providers", token: root,
            body: ["id": "shop", "name": "Shop", "limits": limits, "seesAlso": ["city"]])
        #expect(made.status == 201)
        #expect(made.response.fields["Location"] == "/v1/providers/shop")
        let read = try bench.ask(.get, "/v1/providers/shop", token: root)
        #expect(read.json == made.json)
        #expect(try Provider(json: read.json).sight == .also([ProviderID("city")]))
        let tag = try #require(read.tag)
        let change: JSONValue = ["name": "The Shop"]
        let changed = try bench.ask(
            .patch, "/v1/providers/shop", token: root, body: change, fields: ["If-Match": tag])
        #expect(changed.status == 200)
        #expect(changed.json["name"] == "The Shop")
        let late = try bench.ask(
            .patch, "/v1/providers/shop", token: root, body: ["name": "X"], fields: ["If-Match": tag])
        #expect((late.status, late.code) == (412, "changed-meanwhile"))
        let suspended = try bench.ask(
            .post, "/v1/providers/shop/suspend", token: root, body: ["reason": "Unpaid."])
        #expect(suspended.json["life"] == "suspended")
        #expect(suspended.json["reason"] == "Unpaid.")
        #expect(try bench.ask(.post, "/v1/providers/shop/resume", token: root).json["life"] == "active")
    }

    @Test("a provider lists itself and nobody else")
    func ownOnly() throws {
        let list = try bench.ask(.get, "/v1/providers", token: city)
        #expect(list.json["items"]?.arrayValue?.compactMap { $0["id"]?.stringValue } == ["city"])
        let all = try bench.ask(.get, "/v1/providers?limit=1", token: root)
        let next = try #require(all.json["next"]?.stringValue)
        let rest = try bench.ask(.get, "/v1/providers?limit=1&cursor=\(next)", token: root)
        #expect(rest.json["items"]?.arrayValue?.compactMap { $0["id"]?.stringValue } == ["rail"])
    }

    @Test("the data that make an application somebody's are shown to its owner and to operators only")
    func personalisation() throws {
        let path = "/v1/applications/purse/releases/0.9"
        for (token, isShown) in [
            (root, true), (city, true), (try bench.token(.supplier), true),
            (try bench.token(.auditor), false),
        ] {
            let release = try bench.ask(.get, path, token: token)
            #expect(release.status == 200)
            #expect((release.json["personalisation"] != nil) == isShown)
        }
    }

    @Test("a draft is written, looked at, and discarded; a stopped service says why")
    func drafts() throws {
        let path = "/v1/applications/purse/releases/2.0"
        let draft = try bench.ask(.get, "/v1/applications/purse/releases/0.9", token: city).json
        var body = draft.objectValue ?? [:]
        for name in ["id", "application", "version", "life"] { body[name] = nil }
        let written = try bench.ask(.put, path, token: city, body: .object(body))
        #expect(written.status == 200, "\(written.text)")
        #expect(written.json["life"] == "draft")
        #expect(written.json["personalisation"] == nil)
        let list = try bench.ask(.get, "/v1/applications/purse/releases", token: city)
        #expect(list.json["items"]?.arrayValue?.compactMap { $0["version"]?.stringValue } == ["0.9", "2.0"])
        let published = try bench.ask(.post, path + "/publish", token: city)
        #expect(published.status == 422 || published.status == 409)
        #expect(try bench.ask(.delete, path, token: city).status == 204)
        #expect(try bench.ask(.get, path, token: city).code == "release-unknown")
        let stopped = try bench.ask(
            .post, "/v1/applications/purse/stop", token: city, body: ["reason": "Recalled."])
        #expect(stopped.json["service"] == "stopped")
        #expect(stopped.json["reason"] == "Recalled.")
        #expect(
            try bench.ask(.post, "/v1/applications/purse/stop", token: city, body: ["reason": "x"]).code
                == "service-stopped")
    }

    @Test("a draft is written on what was read, its own answer included, and not made again when it is gone")
    func draftTags() throws {
        let path = "/v1/applications/purse/releases/0.9"
        let first = try bench.ask(.get, path, token: city)
        var body = first.json.objectValue ?? [:]
        for name in ["id", "application", "version", "life"] { body[name] = nil }
        func write(_ tag: String?, _ permits: Bool) throws -> Reply {
            body["permitsSnapshots"] = .bool(permits)
            return try bench.ask(
                .put, path, token: city, body: .object(body), fields: ["If-Match": try #require(tag)])
        }
        let second = try write(first.tag, true)
        #expect(second.status == 200, "\(second.text)")
        #expect(second.json["personalisation"] == nil)
        #expect(try bench.ask(.get, path, token: city).tag == second.tag)
        #expect(try write(first.tag, false).code == "changed-meanwhile")
        let third = try write(second.tag, false)
        #expect(third.status == 200, "\(third.text)")
        for (method, path) in [(HTTPMethod.post, path + "/publish"), (.delete, path)] {
            let stale: HTTPFields = ["If-Match": try #require(second.tag)]
            #expect(try bench.ask(method, path, token: city, fields: stale).status == 412, "\(path)")
        }
        let now: HTTPFields = ["If-Match": try #require(third.tag)]
        #expect(try bench.ask(.delete, path, token: city, fields: now).status == 204)
        for tag in [third.tag, "*"] {
            let late = try write(tag, true)
            #expect((late.status, late.code) == (412, "changed-meanwhile"))
        }
        #expect(try bench.ask(.get, path, token: city).status == 404)
    }

    @Test("of a draft's data not even the tag is kept for a request that comes twice")
    func draftTwice() throws {
        let path = "/v1/applications/purse/releases/0.9"
        var body = try bench.ask(.get, path, token: city).json.objectValue ?? [:]
        for name in ["id", "application", "version", "life"] { body[name] = nil }
        body["personalisation"] = ["C0DF"]
        let fields: HTTPFields = ["Idempotency-Key": "k"]
        let first = try bench.ask(.put, path, token: city, body: .object(body), fields: fields)
        #expect(first.status == 200 && first.tag != nil, "\(first.text)")
        let again = try bench.ask(.put, path, token: city, body: .object(body), fields: fields)
        #expect(again.status == 200 && again.tag == nil)
        #expect(again.json == first.json)
    }

    @Test("a veto is changed and lifted on what was read; where there is none, no state fits")
    func vetoTags() throws {
        let path = "/v1/applications/purse/veto"
        let reason: JSONValue = ["reason": "Audited."]
        for tag in ["\"nope\"", "*"] {
            let reply = try bench.ask(.put, path, token: city, body: reason, fields: ["If-Match": tag])
            #expect((reply.status, reply.code) == (412, "changed-meanwhile"))
        }
        let set = try bench.ask(.put, path, token: city, body: reason)
        let first: HTTPFields = ["If-Match": try #require(set.tag)]
        let again = try bench.ask(.put, path, token: city, body: ["reason": "Again."], fields: first)
        #expect(again.status == 200)
        #expect(try bench.ask(.delete, path, token: city, fields: first).status == 412)
        let second: HTTPFields = ["If-Match": try #require(again.tag)]
        #expect(try bench.ask(.delete, path, token: city, fields: second).status == 204)
    }

    @Test("a month that is none is told so")
    func months() throws {
        let reply = try bench.ask(.get, "/v1/statements?provider=city&month=2026-13", token: root)
        #expect((reply.status, reply.code) == (400, "parameter-invalid"))
        #expect(reply.json["detail"]?.stringValue?.contains("This is not a month, such as 2026-11.") == true)
    }

    @Test("nothing is called as a place in a path", arguments: [".", ".."])
    func places(_ name: String) throws {
        let details: JSONValue = ["holder": .string(name), "name": "A", "password": "correct horse battery"]
        let holder = try bench.ask(.post, "/v1/holders", token: root, body: details)
        #expect((holder.status, holder.code) == (422, "invalid"), "\(holder.text)")
        let operation = try bench.ask(
            .post, "/v1/cards/\(RestBench.city.card)/operations", token: root,
            body: ["wishes": [["kind": "park", "application": "purse"]]], fields: ["Idempotency-Key": name])
        #expect((operation.status, operation.code) == (400, "idempotency-key"), "\(operation.text)")
        let draft = try bench.ask(
            .put, "/v1/applications/purse/releases/\(name)", token: city,
            body: ["loadFiles": [], "instances": [], "parking": ["class": "never"]])
        #expect(draft.status == 404)
    }

    @Test("what is no CAP file is told so")
    func upload() throws {
        let reply = try bench.ask(
            .post, "/v1/providers/city/load-files", token: city,
            fields: ["Content-Type": "application/octet-stream"], bytes: [0x50, 0x4B, 3, 4])
        #expect((reply.status, reply.code) == (422, "not-a-cap-file"))
    }

    @Test("custody is shown with what it costs until now, each to whom it concerns", .mission(.b11))
    func custody() throws {
        bench.clock.advance(by: .seconds(86_400 * 3))
        let (root, city) = (try bench.token(.admin), try bench.token(.provider))
        let holder = try bench.token(.holder)
        for token in [root, try bench.token(.auditor), city, holder] {
            let list = try bench.ask(.get, "/v1/custody?card=\(RestBench.city.card)", token: token)
            let stay = try #require(list.json["items"]?.arrayValue?.first)
            #expect(stay["cost"]?.text == #"{"minorUnits":15,"currency":"EUR"}"#)
            #expect(stay["holder"] == (token == city ? nil : .string(RestBench.city.holder)))
        }
        #expect(try bench.ask(.get, "/v1/custody", token: root).json["items"]?.arrayValue?.count == 2)
        for token in [city, holder] {
            #expect(try bench.ask(.get, "/v1/custody", token: token).json["items"]?.arrayValue?.count == 1)
            let other = RestBench.rail
            let path = "/v1/custody/\(other.card)/\(other.parkedAID)/1"
            #expect(try bench.ask(.get, path, token: token).code == "custody-unknown")
            #expect(
                try bench.ask(.get, "/v1/custody?holder=\(other.holder)", token: token).status == 404)
        }
        #expect(
            try bench.ask(.get, "/v1/custody?open=false", token: root).json["items"]?.arrayValue?.isEmpty
                == true)
    }

    @Test("a statement comes as JSON, as CSV and as a bill, to whom it concerns", .mission(.b12))
    func statements() throws {
        bench.clock.advance(by: .seconds(86_400 * 3))
        let (root, city) = (try bench.token(.admin), try bench.token(.provider))
        let from = Instant(milliseconds: 1_795_000_000_000).description
        let query = "from=\(from)&until=\(bench.clock.now)"
        let holder = try bench.token(.holder)
        let json = try bench.ask(.get, "/v1/statements?\(query)", token: holder)
        #expect(json.status == 200, "\(json.text)")
        #expect(json.json["totals"]?.text == #"[{"amount":"0.15","currency":"EUR"}]"#)
        let csv = try bench.ask(
            .get, "/v1/statements?provider=city&\(query)", token: city, fields: ["Accept": "text/csv"])
        #expect(csv.response.fields["Content-Type"] == "text/csv; charset=utf-8")
        #expect(csv.text.hasPrefix("application,provider,card,"))
        let bill = try bench.ask(
            .get, "/v1/statements?holder=10001&\(query)", token: root, fields: ["Accept": "text/plain"])
        #expect(bill.text.hasPrefix("Statement for holder 10001\n"))
        for (path, token) in [
            ("provider=rail", city), ("holder=20002", holder), ("holder=10001", city),
            ("provider=city", holder),
        ] {
            #expect(
                try bench.ask(.get, "/v1/statements?\(path)&\(query)", token: token).status == 404, "\(path)")
        }
        #expect(try bench.ask(.get, "/v1/statements?month=2026-11", token: root).status == 400)
        #expect(try bench.ask(.get, "/v1/statements?provider=city", token: root).status == 400)
        #expect(
            try bench.ask(.get, "/v1/statements?provider=city&month=2026-11&from=\(from)", token: root).status
                == 400)
    }

    @Test("a tariff begins now or later, never before")
    func tariffs() throws {
        let body: JSONValue = [
            "basis": "kilobyte-day", "rate": 1_000, "currency": "EUR", "freeDays": 2,
            "validFrom": "2027-01-01T00:00:00Z",
        ]
        let made = try bench.ask(.post, "/v1/providers/city/tariffs", token: root, body: body)
        #expect(made.status == 201, "\(made.text)")
        let list = try bench.ask(.get, "/v1/providers/city/tariffs", token: city)
        #expect(list.json["items"]?.arrayValue?.count == 2)
        #expect(
            try bench.ask(.post, "/v1/providers/city/tariffs", token: root, body: body).code
                == "tariff-exists")
        var past = body.objectValue ?? [:]
        past["validFrom"] = "2020-01-01T00:00:00Z"
        #expect(
            try bench.ask(.post, "/v1/providers/city/tariffs", token: root, body: .object(past)).code
                == "tariff-past")
        past["currency"] = "QQQ"
        let wrong = try bench.ask(.post, "/v1/providers/city/tariffs", token: root, body: .object(past))
        #expect(wrong.status == 422)
    }

    @Test("addresses are recorded, listed and ended", .mission(.a9))
    func addresses() throws {
        let path = "/v1/cards/\(RestBench.city.card)/addresses"
        let made = try bench.ask(
            .post, path, token: root, body: ["bearer": "sms", "address": "+4915112345678"])
        #expect(made.status == 201)
        let location = try #require(made.response.fields["Location"])
        #expect(try bench.ask(.get, path, token: root).json["items"]?.arrayValue?.count == 2)
        #expect(try bench.ask(.delete, location, token: root).status == 204)
        #expect(try bench.ask(.get, path, token: root).json["items"]?.arrayValue?.count == 1)
        #expect(try bench.ask(.get, path + "?all=true", token: root).json["items"]?.arrayValue?.count == 2)
        #expect(
            try bench.ask(.post, path, token: root, body: ["bearer": "sms", "address": "0151"]).status == 422)
    }

    @Test("the address that is named ends, and no other line of the same one", .mission(.a9))
    func endedAddress() throws {
        let path = "/v1/cards/\(RestBench.city.card)/addresses"
        let locations = try ["+4915112345678", "+4915187654321", "+4915112345678"].map {
            (number: String) -> String in
            let made = try bench.ask(
                .post, path, token: root, body: ["bearer": "sms", "address": .string(number)])
            return try #require(made.response.fields["Location"])
        }
        func present() throws -> [String] {
            let items = try bench.ask(.get, path, token: root).json["items"]?.arrayValue ?? []
            return items.filter { $0["bearer"] == "sms" }.compactMap { $0["address"]?.stringValue }
        }
        let late = try bench.ask(.delete, locations[0], token: root)
        #expect((late.status, late.code) == (409, "address-ended"), "\(late.text)")
        #expect(try present() == ["+4915112345678"])
        #expect(try bench.ask(.delete, locations[2], token: root).status == 204)
        #expect(try present().isEmpty)
    }
}
