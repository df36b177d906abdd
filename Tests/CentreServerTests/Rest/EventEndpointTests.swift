import Centre
import CentreServer
import JSON
import SmartCard
import TestSupport
import Testing
import Wire

@Suite("Events, webhooks and audit by REST")
struct EventEndpointTests {
    private let bench: RestBench
    private let root: String
    private let city: String

    init() throws {
        bench = try RestBench()
        root = try bench.token(.admin)
        city = try bench.token(.provider)
        while try EventPump(bench.node).turn() > 0 {}
    }

    private func items(_ reply: Reply) -> [JSONValue] { reply.json["items"]?.arrayValue ?? [] }

    @Test("events come in pages, with how far was looked; a provider gets its own only")
    func events() throws {
        let all = try bench.ask(.get, "/v1/events?after=0", token: root)
        #expect(items(all).count > 10)
        #expect(all.json["position"] == all.json["newest"])
        let own = try bench.ask(.get, "/v1/events?after=0", token: city)
        #expect(!items(own).isEmpty)
        #expect(items(own).allSatisfy { $0["provider"] == "city" })
        let first = try bench.ask(.get, "/v1/events?after=0&limit=2", token: root)
        let position = try #require(first.json["position"]?.integerValue)
        let rest = try bench.ask(.get, "/v1/events?after=\(position)", token: root)
        #expect(items(first) + items(rest) == items(all))
        let typed = try bench.ask(
            .get, "/v1/events?after=0&type=dev.berth.application.registered.v1", token: root)
        #expect(
            items(typed).compactMap { $0["subject"]?.stringValue } == [
                "application/purse", "application/pass",
            ])
        #expect(try bench.ask(.get, "/v1/events?type=application.registered", token: root).status == 400)
    }

    @Test("a stream begins where its reader was, and shows a provider nothing of another's")
    func stream() throws {
        let answer = bench.answer(
            .get, "/v1/events", token: city, fields: ["Accept": "text/event-stream", "Last-Event-ID": "0"])
        guard case .now(let response) = answer, case .stream(let stream) = response.body else {
            Issue.record("there is no stream")
            return
        }
        #expect(response.fields["Content-Type"] == "text/event-stream")
        _ = stream.next()
        guard case .bytes(let bytes) = stream.next() else {
            Issue.record("there are no events")
            return
        }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("application/purse"))
        #expect(!text.contains("rail") && !text.contains("application/pass"))
        let wrong = bench.answer(
            .get, "/v1/events", token: city, fields: ["Accept": "text/event-stream", "Last-Event-ID": "x"])
        guard case .now(let refused) = wrong else {
            Issue.record("it waits")
            return
        }
        #expect(refused.status == 400)
    }

    /// A stream that waits for what comes.
    private func opened(_ token: String) throws -> any BodyStream {
        let answer = bench.answer(.get, "/v1/events", token: token, fields: ["Accept": "text/event-stream"])
        guard case .now(let response) = answer, case .stream(let stream) = response.body else {
            throw Problem(500, "no-stream", title: "There is no stream.", detail: "\(answer)")
        }
        for _ in 0..<2 { _ = stream.next() }
        return stream
    }

    private func hasEnded(_ stream: any BodyStream) -> Bool {
        if case .end = stream.next() { true } else { false }
    }

    @Test("a stream ends with the heartbeat after its token was revoked, or its provider suspended")
    func letOut() throws {
        let rail = try bench.token(.provider, of: RestBench.rail)
        let (revoked, suspended, good) = (try opened(city), try opened(rail), try opened(root))
        bench.clock.advance(by: EventStream.heartbeat)
        for stream in [revoked, suspended, good] { #expect(!hasEnded(stream)) }
        let id = city.split(separator: "_")[1]
        #expect(try bench.ask(.delete, "/v1/tokens/\(id)", token: root).status == 204)
        try bench.node.act(by: .centre) { try $0.suspendProvider(ProviderID("rail"), reason: "Fraud.") }
        bench.clock.advance(by: EventStream.heartbeat)
        #expect(hasEnded(revoked) && hasEnded(suspended))
        #expect(!hasEnded(good))
    }

    @Test("one name has so many streams; one that ended makes room")
    func manyStreams() throws {
        var streams: [any BodyStream] = []
        for _ in 0..<Bounds.eventStreamsMax { streams.append(try opened(city)) }
        let fields: HTTPFields = ["Accept": "text/event-stream"]
        // Another token of the same name makes no difference.
        let refused = try bench.ask(
            .get, "/v1/events", token: try bench.token(.provider), fields: fields)
        #expect((refused.status, refused.code) == (429, "too-many-streams"))
        streams.append(try opened(root))
        streams.removeFirst()
        _ = try opened(city)
    }

    /// What a stream that begins before all events tells until it waits.
    private func streamed(_ token: String) throws -> String {
        let answer = bench.answer(
            .get, "/v1/events", token: token, fields: ["Accept": "text/event-stream", "Last-Event-ID": "0"])
        guard case .now(let response) = answer, case .stream(let stream) = response.body else {
            Issue.record("there is no stream")
            return ""
        }
        var text = ""
        for _ in 0..<20 {
            guard case .bytes(let bytes) = stream.next() else { break }
            text += String(decoding: bytes, as: UTF8.self)
        }
        return text
    }

    @Test("who uses what, and all else that is about a holder, no provider is told", .mission(.c14))
    func holders() throws {
        let number = RestBench.city.holder
        let use = "/v1/holders/\(number)/uses/purse"
        // Also not of what the provider said itself.
        #expect(try bench.ask(.put, use, token: city, body: ["isUsed": false]).status == 204)
        #expect(try bench.ask(.put, use, token: root, body: ["isUsed": true]).status == 204)
        try bench.node.act(by: .centre) { act in
            let id = try HolderNumber(number)
            try act.changeHolder(id, HolderDetails(name: "Ada King"))
            try act.permitIssue(for: id, from: act.now.day, through: act.now.day)
            try act.forbidIssue(for: id)
            try act.veto(ApplicationID("purse"), for: id, reason: "on holiday")
            try act.liftVeto(ApplicationID("purse"), for: id)
        }
        while try EventPump(bench.node).turn() > 0 {}
        let kinds = [
            "registered", "uses", "uses-no-more", "changed", "issue-permitted", "issue-forbidden", "vetoed",
            "veto-lifted",
        ]
        let about = "/v1/events?after=0&subject=holder/\(number)"
        let types = items(try bench.ask(.get, about, token: root)).compactMap { $0["type"]?.stringValue }
        #expect(Set(types).isSuperset(of: kinds.map { "dev.berth.holder.\($0).v1" }), "\(types)")
        #expect(items(try bench.ask(.get, about, token: city)).isEmpty)
        for kind in kinds {
            let path = "/v1/events?after=0&type=dev.berth.holder.\(kind).v1"
            #expect(try !items(bench.ask(.get, path, token: root)).isEmpty, "\(kind)")
            #expect(try items(bench.ask(.get, path, token: city)).isEmpty, "\(kind)")
        }
        let own = try bench.ask(.get, "/v1/events?after=0", token: city)
        #expect(!items(own).isEmpty && !own.text.contains("holder"), "\(own.text)")
        let (all, part) = (try streamed(root), try streamed(city))
        #expect(kinds.allSatisfy { all.contains("dev.berth.holder.\($0).v1") }, "\(all)")
        #expect(part.contains("application/purse") && !part.contains("holder"), "\(part)")
    }

    @Test(
        "a stream that begins behind all events waits for them",
        arguments: ["9223372036854775807", "9223372036854774808"])
    func endOfNumbers(place: String) throws {
        let answer = bench.answer(
            .get, "/v1/events", token: city,
            fields: ["Accept": "text/event-stream", "Last-Event-ID": place])
        guard case .now(let response) = answer, case .stream(let stream) = response.body else {
            Issue.record("there is no stream")
            return
        }
        _ = stream.next()
        guard case .wait = stream.next() else {
            Issue.record("it does not wait")
            return
        }
    }

    @Test("a webhook's secret is shown once, and never again")
    func secret() throws {
        let body: JSONValue = ["url": "https://a.example/hook", "types": ["dev.berth.custody.*"]]
        let made = try bench.ask(
            .post, "/v1/webhooks", token: city, body: body, fields: ["Idempotency-Key": "k"])
        #expect(made.status == 201, "\(made.text)")
        #expect(made.response.fields["Cache-Control"] == "no-store")
        let secret = try #require(made.json["secret"]?.stringValue)
        #expect(secret.hasPrefix("whsec_"))
        #expect(made.json["provider"] == "city")
        let location = try #require(made.response.fields["Location"])
        #expect(!(try bench.ask(.get, location, token: city).text.contains("whsec")))
        let again = try bench.ask(
            .post, "/v1/webhooks", token: city, body: body, fields: ["Idempotency-Key": "k"])
        #expect((again.status, again.code) == (409, "shown-once"))
        let renewed = try bench.ask(.post, location + "/renew-secret", token: city)
        #expect(renewed.json["secret"]?.stringValue != secret)
        #expect(renewed.json["secretVersion"] == 2)
    }

    @Test("a provider's webhooks are its own; unencrypted ones are for operators")
    func tenancy() throws {
        let rail = "/v1/webhooks/\(RestBench.rail.webhook)"
        for (method, path, body) in [
            (.get, rail, nil), (.delete, rail, nil), (.post, rail + "/disable", nil),
            (.post, rail + "/renew-secret", nil), (.patch, rail, ["url": "https://evil.example/"]),
            (.post, rail + "/replay", ["from": 1, "through": 1]),
        ] as [(HTTPMethod, String, JSONValue?)] {
            let reply = try bench.ask(method, path, token: city, body: body)
            #expect((reply.status, reply.code) == (404, "webhook-unknown"), "\(method) \(path)")
        }
        #expect(items(try bench.ask(.get, "/v1/webhooks", token: city)).count == 1)
        #expect(items(try bench.ask(.get, "/v1/webhooks", token: root)).count == 2)
        let plain: JSONValue = ["url": "http://a.example/"]
        #expect(
            try bench.ask(.post, "/v1/webhooks", token: city, body: plain).code == "webhook-not-encrypted")
        #expect(try bench.ask(.post, "/v1/webhooks", token: root, body: plain).status == 201)
        let others: JSONValue = ["url": "https://a.example/", "provider": "rail"]
        #expect(try bench.ask(.post, "/v1/webhooks", token: city, body: others).status == 404)
    }

    @Test("a change keeps what it does not name")
    func change() throws {
        let path = "/v1/webhooks/\(RestBench.city.webhook)"
        let typed = try bench.ask(.patch, path, token: city, body: ["types": ["dev.berth.card.*"]])
        #expect(typed.json["types"] == ["dev.berth.card.*"])
        let moved = try bench.ask(
            .patch, path, token: city, body: ["url": "https://b.example/", "subjects": ["card/0A"]])
        #expect(moved.json["types"] == ["dev.berth.card.*"])
        #expect(moved.json["subjects"] == ["card/0A"])
        #expect(moved.json["url"] == "https://b.example/")
        for url in ["https://u:p@a.example/", "ftp://a.example", "https://a.example/#x"] {
            #expect(try bench.ask(.patch, path, token: city, body: ["url": .string(url)]).status == 422)
        }
    }

    @Test("a webhook's tag is of its settings: deliveries do not change it, and are seen all the same")
    func webhookTag() throws {
        let path = "/v1/webhooks/\(RestBench.city.webhook)"
        let first = try bench.ask(.get, path, token: city)
        let tag = try #require(first.tag)
        let id = try WebhookID(RestBench.city.webhook)
        try bench.store.write { transaction in
            var webhook = try #require(try transaction.find(Webhook.self, key: .word(id)))
            let now = Instant(milliseconds: 1_795_261_043_000)
            webhook.position = 3
            webhook.trouble = .init(since: now, attempts: 2, nextTry: now)
            webhook.lastAttempt = .init(at: now, outcome: "answered 500")
            transaction.put(webhook)
        }
        let later = try bench.ask(.get, path, token: city, fields: ["If-None-Match": tag])
        #expect((later.status, later.tag) == (200, tag))
        #expect(later.json["position"] == 3)
        let body: JSONValue = ["types": ["dev.berth.card.*"]]
        let changed = try bench.ask(.patch, path, token: city, body: body, fields: ["If-Match": tag])
        #expect(changed.status == 200, "\(changed.text)")
        #expect(changed.tag != tag)
        for (method, end) in [
            (HTTPMethod.post, "/disable"), (.post, "/enable"), (.post, "/renew-secret"), (.delete, ""),
        ] {
            let late = try bench.ask(method, path + end, token: city, fields: ["If-Match": tag])
            #expect((late.status, late.code) == (412, "changed-meanwhile"), "\(method) \(end)")
        }
        let now: HTTPFields = ["If-Match": try #require(changed.tag)]
        let renewed = try bench.ask(.post, path + "/renew-secret", token: city, fields: now)
        #expect(renewed.tag != changed.tag)
        let read = try bench.ask(.get, path, token: city)
        #expect(read.tag == renewed.tag)
    }

    @Test("chains are shown as they were written, and looked through")
    func audit() throws {
        let entries = items(try bench.ask(.get, "/v1/audit", token: root))
        #expect(try entries.map { try AuditEntry(json: $0) }.map(\.number) == Array(1...Int64(entries.count)))
        let whole = try bench.ask(.get, "/v1/audit/verification", token: root)
        #expect(whole.json["whole"] == true)
        let card = RestBench.city.card
        #expect(
            try bench.ask(.get, "/v1/cards/\(card)/audit/verification", token: root).json["whole"] == true)
        let changed = try bench.store.read { transaction in
            try #require(
                try transaction.all(AuditEntry.self, Query(AuditEntry.table)).first {
                    $0.stream == .registers
                })
        }
        var forged = changed
        forged.actor = "operator/nobody"
        try bench.store.write { [forged] in $0.put(forged) }
        let broken = try bench.ask(.get, "/v1/audit/verification", token: root)
        #expect(broken.json["whole"] == false)
        #expect(broken.json["finding"]?.stringValue?.hasPrefix("Entry \(forged.number) ") == true)
        #expect(try bench.ask(.get, "/v1/cards/00/audit/verification", token: root).status == 404)
    }
}
