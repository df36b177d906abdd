import CardCrypto
import Centre
import JSON
import SmartCard
import Testing
import Wire

@Suite("Events, webhooks and audit entries as JSON")
struct EventFormTests {
    static let facts: [Fact] = [
        .number("load-files", 2), .instant("valid-from", instant("2026-03-10T12:00:00Z")),
        .word("cause", "gone"), .digest([0xAB]),
    ]
    static let event = Event(
        position: 42, stream: .card(name("45414D-0102")), number: 7, at: instant("2026-03-10T12:00:00.500Z"),
        kind: "custody.held", subject: "card/45414D-0102/A000000151", provider: name("city"), facts: facts)

    @Test("a CloudEvent has the attributes of the specification (CloudEvents 1.0.2 §3.1, JSON format §3.2)")
    func cloudEvent() throws {
        try FormRow(
            "event", CloudEvent(Self.event, source: "urn:berth:centre"),
            #"{"specversion":"1.0","id":"45414D-0102/7","source":"urn:berth:centre","#
                + #""type":"dev.berth.custody.held.v1","subject":"card/45414D-0102/A000000151","#
                + #""time":"2026-03-10T12:00:00.500Z","datacontenttype":"application/json","#
                + #""sequence":"0000000000000000042","provider":"city","#
                + #""data":{"loadFiles":2,"validFrom":"2026-03-10T12:00:00Z","cause":"gone","digest":"AB"}}"#
        ).check()
    }

    @Test("the sequence sorts as text")
    func sequence() throws {
        let texts = [1, 9, 10, 99, 12_345, Int64.max].map { position in
            var event = Self.event
            event.position = position
            return CloudEvent(event, source: "s").json["sequence"]?.stringValue ?? ""
        }
        #expect(texts == texts.sorted())
        #expect(Set(texts.map(\.utf8.count)) == [19])
    }

    @Test("an audit entry keeps the types of its facts")
    func audit() throws {
        let entry = AuditEntry(
            stream: .registers, number: 3, at: instant("2026-03-10T12:00:00Z"), actor: "operator/root",
            request: name("r-1"), kind: "tariff.set", subject: "provider/city", provider: name("city"),
            facts: Self.facts, digest: [1, 2])
        try FormRow(
            "entry", entry,
            #"{"stream":"registers","number":3,"at":"2026-03-10T12:00:00Z","actor":"operator/root","#
                + #""request":"r-1","kind":"tariff.set","subject":"provider/city","provider":"city","#
                + #""facts":[{"name":"load-files","number":2},{"name":"valid-from","#
                + #""instant":"2026-03-10T12:00:00Z"},{"name":"cause","word":"gone"},"#
                + #"{"name":"digest","bytes":"AB"}],"digest":"0102"}"#
        ).check()
    }

    @Test("a fact with two values, or none, is none")
    func facts() throws {
        for text in [#"{"name":"a"}"#, #"{"name":"a","number":1,"word":"b"}"#] {
            let value = try JSONValue(decoding: text)
            #expect(throws: FormProblem.self) { try Fact(json: value) }
        }
    }

    static let verdicts: [(AuditVerdict, String)] = [
        (.whole(links: 3), #"{"stream":"registers","whole":true,"links":3}"#),
        (
            .broken(number: 2),
            #"{"stream":"registers","whole":false,"links":1,"#
                + #""finding":"Entry 2 is not as it was written, or missing."}"#
        ),
        (
            .endsElsewhere(links: 2, head: 5),
            #"{"stream":"registers","whole":false,"links":2,"#
                + #""finding":"There are 2 entries where there should be 5."}"#
        ),
    ]

    @Test("what was found in a chain", arguments: verdicts)
    func verdict(_ verdict: AuditVerdict, _ text: String) throws {
        try FormRow("verdict", VerdictForm(.registers, verdict), text).check()
    }

    static let url = WebhookURL("https://a.example/hook?x=1")

    @Test("a webhook, with everything and with nothing")
    func webhook() throws {
        let url = try #require(Self.url)
        let at = instant("2026-03-10T12:00:00Z")
        let kinds = ["custody.held", "card.*"].compactMap(EventFilter.Kind.init)
        let subjects = ["card/0A"].compactMap(EventFilter.Subject.init)
        let full = Webhook(
            id: name("ab"), provider: name("city"), url: url,
            filter: EventFilter(kinds: kinds, subjects: subjects), life: .disabled(at: at, because: .gone),
            createdAt: at, secretVersion: 2, previousSecretUntil: at, position: 9,
            replay: .init(position: 3, through: 5), trouble: .init(since: at, attempts: 2, nextTry: at),
            lastAttempt: .init(at: at, outcome: "timed out"))
        try FormRow(
            "full", WebhookForm(full),
            #"{"id":"ab","provider":"city","url":"https://a.example/hook?x=1","#
                + #""types":["dev.berth.custody.held.v1","dev.berth.card.*"],"subjects":["card/0A"],"#
                + #""life":"disabled","cause":"gone","since":"2026-03-10T12:00:00Z","#
                + #""createdAt":"2026-03-10T12:00:00Z","secretVersion":2,"#
                + #""previousSecretUntil":"2026-03-10T12:00:00Z","position":9,"#
                + #""replay":{"position":3,"through":5},"trouble":{"since":"2026-03-10T12:00:00Z","#
                + #""attempts":2,"nextTry":"2026-03-10T12:00:00Z"},"#
                + #""lastAttempt":{"at":"2026-03-10T12:00:00Z","outcome":"timed out"}}"#
        ).check()
        try FormRow(
            "plain",
            WebhookForm(Webhook(id: name("ab"), provider: nil, url: url, createdAt: at, position: 0)),
            #"{"id":"ab","url":"https://a.example/hook?x=1","types":[],"subjects":[],"life":"active","#
                + #""createdAt":"2026-03-10T12:00:00Z","secretVersion":1,"position":0}"#
        ).check()
    }

    @Test(
        "the type of an event becomes a filter, and back",
        arguments: [
            ("dev.berth.custody.held.v1", "custody.held"), ("dev.berth.card.*", "card.*"),
            ("dev.berth.card.address-recorded.v1", "card.address-recorded"),
        ])
    func types(_ type: String, _ kind: String) throws {
        let filter = EventFilter(kinds: [try #require(EventFilter.kind(ofType: type))])
        #expect(filter.kinds.map(\.text) == [kind])
        #expect(filter.types == [type])
    }

    @Test(
        "what is no type of event is none",
        arguments: [
            "", "dev.berth.", "dev.berth.custody.v1", "dev.berth.custody.held", "dev.berth.*.v1",
            "dev.berth.*", "dev.berth.custody.*.v1", "com.example.custody.held.v1",
            "dev.berth.Custody.held.v1",
            "dev.berth.custody.held.v1.v1",
        ])
    func noTypes(_ type: String) { #expect(EventFilter.kind(ofType: type) == nil) }

    // The worked example of Standard Webhooks 1.0, as its reference libraries test it.
    @Test("signs as Standard Webhooks does")
    func signature() throws {
        let secret = Secret(try #require(Base64.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")))
        let signature = try WebhookMessage.signature(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: "1614265330",
            body: Array(#"{"test": 2432232314}"#.utf8),
            secret: secret)
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(WebhookMessage.text(of: secret) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    }

    @Test("a message is signed with every secret that counts, over exactly its body")
    func message() throws {
        let webhook = Webhook(
            id: name("ab"), provider: nil, url: try #require(Self.url),
            createdAt: instant("2026-03-10T12:00:00Z"), position: 0)
        let secrets = [Secret([1, 2, 3]), Secret([4, 5, 6])]
        let event = CloudEvent(Self.event, source: "s")
        let message = try WebhookMessage(
            event, to: webhook, at: instant("2026-03-10T12:00:00.999Z"), signedWith: secrets)
        let fields = Dictionary(uniqueKeysWithValues: message.fields.map { ($0.name, $0.value) })
        #expect(fields["webhook-id"] == "45414D-0102/7")
        #expect(fields["webhook-timestamp"] == "1773144000")
        let expected = try secrets.map {
            try WebhookMessage.signature(
                id: "45414D-0102/7", seconds: "1773144000", body: message.body, secret: $0)
        }
        #expect(fields["webhook-signature"] == expected.joined(separator: " "))
        #expect(message.body == event.json.encoded())
        #expect(message.url == "https://a.example/hook?x=1")
    }
}

@Suite("Base 64")
struct Base64Tests {
    // RFC 4648 §10.
    static let vectors = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ]

    @Test("gives what RFC 4648 §10 gives, and reads it", arguments: vectors)
    func vector(_ plain: String, _ text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(Base64.decode(text) == Array(plain.utf8))
    }

    @Test(
        "reads nothing else", arguments: ["Zg=", "Zg", "Zh==", "Zm9v====", "Z m9v", "Zm9-", "=", "Zg==Zg=="])
    func refuses(_ text: String) { #expect(Base64.decode(text) == nil) }
}
