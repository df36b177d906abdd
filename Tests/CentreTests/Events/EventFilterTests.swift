import Centre
import Testing

@Suite("Which events somebody gets")
struct EventFilterTests {
    private static func event(_ kind: String, _ subject: String, provider: String? = nil) -> Event {
        Event(
            position: 1, stream: .registers, number: 1, at: instant("2026-03-10T12:00:00Z"), kind: kind,
            subject: subject, provider: provider.map { name($0) }, facts: [])
    }

    private static func filter(_ kinds: [String], _ subjects: [String]) -> EventFilter {
        EventFilter(
            kinds: kinds.compactMap(EventFilter.Kind.init),
            subjects: subjects.compactMap(EventFilter.Subject.init))
    }

    static let rows: [([String], [String], Bool)] = [
        ([], [], true), (["custody.held"], [], true), (["custody.*"], [], true),
        (["custody.returned"], [], false), (["custodies.*"], [], false),
        (["card.*", "custody.held"], [], true),
        ([], ["card/0A"], true), ([], ["card/0A/A000000151"], true), ([], ["card/0"], false),
        ([], ["card/0B", "card"], true), (["card.*"], ["card/0A"], false),
        (["custody.*"], ["card/0B"], false),
    ]

    @Test("kinds and subjects are both heeded; one of each is enough", arguments: rows)
    func passes(_ kinds: [String], _ subjects: [String], _ isPassed: Bool) {
        let event = Self.event("custody.held", "card/0A/A000000151")
        #expect(Self.filter(kinds, subjects).passes(event) == isPassed)
    }

    @Test(
        "what is no kind is none",
        arguments: [
            "", "custody", "custody.", ".held", "*.held", "*", "custody.held.v1", "Custody.held", "a.b*",
        ])
    func noKind(_ text: String) { #expect(EventFilter.Kind(text) == nil) }

    @Test(
        "what is no subject is none",
        arguments: ["", "card/", "card/0A 0B", "card/\n", "kärte", String(repeating: "a", count: 101)])
    func noSubject(_ text: String) { #expect(EventFilter.Subject(text) == nil) }

    @Test("a provider gets its own events only, and nobody's are nobody's")
    func sight() {
        let sight = EventSight.provider(name("city"))
        #expect(sight.sees(Self.event("a.b", "c", provider: "city")))
        #expect(!sight.sees(Self.event("a.b", "c", provider: "bank")))
        #expect(!sight.sees(Self.event("a.b", "c")))
        #expect(EventSight.everything.sees(Self.event("a.b", "c", provider: "bank")))
    }

    @Test(
        "an address of a receiver",
        arguments: [
            ("https://a.example", "a.example", true), ("https://a.example:8443/x?y=%20", "a.example", true),
            ("http://127.0.0.1:80/", "127.0.0.1", false), ("https://[::1]:1/", "::1", true),
            ("https://[::ffff:10.0.0.1]", "::ffff:10.0.0.1", true),
            ("https://2130706433/", "2130706433", true),
        ])
    func url(_ text: String, _ host: String, _ isEncrypted: Bool) throws {
        let url = try #require(WebhookURL(text))
        #expect(url.host == host)
        #expect(url.isEncrypted == isEncrypted)
    }

    @Test(
        "what is no address of a receiver",
        arguments: [
            "", "a.example", "ftp://a.example/", "https://", "https:///x", "https://u:p@a.example/",
            "https://a.example#f", "https://a.example:0/", "https://a.example:99999/", "https://a b/",
            "https://a.example/\r\nX: y", "https://[::1", "https://[a.example]/", "https://a_b.example/",
            "HTTPS://a.example", "https://a.example/é", "file:///etc/passwd", "https://a.example:/",
            "https://" + String(repeating: "a", count: 1_000),
        ])
    func noURL(_ text: String) { #expect(WebhookURL(text) == nil) }
}
