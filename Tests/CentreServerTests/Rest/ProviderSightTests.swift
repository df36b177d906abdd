import Centre
import CentreServer
import JSON
import SmartCard
import TestSupport
import Testing

@Suite("Cards that a provider sees")
struct ProviderSightTests {
    /// What the provider of the city has on a card: room, and how many instances.
    static let holdings: [(card: String, hasBerth: Bool, instances: Int)] = [
        ("10", true, 0), ("11", false, 1), ("12", false, 0), ("13", true, 2), ("14", false, 3),
        ("15", false, 3),
        ("16", true, 0), ("17", true, 1), ("18", false, 1),
    ]

    private static func fill(_ bench: RestBench) throws {
        try bench.node.act(by: .centre) { act in
            guard let known = try act.transaction.find(Card.self, key: .word(try CardID(RestBench.city.card)))
            else { return }
            for (name, hasBerth, instances) in holdings {
                let id = try CardID(name)
                var card = known
                card.id = id
                card.holder = nil
                act.transaction.put(card)
                if hasBerth {
                    act.transaction.put(
                        Berth(
                            card: id, provider: try ProviderID("city"), reserved: Room(nonVolatile: 1),
                            means: .ledger, state: .ready(since: act.now)))
                }
                for number in 0..<instances {
                    let aid = try AID([0xA0, 0, 0, 1, 2, UInt8(number)])
                    act.transaction.put(
                        InstalledApplication(
                            card: id, aid: aid, lifeCycle: 7,
                            release: ReleaseID(try ApplicationID("purse"), try ReleaseVersion("1.0"))))
                }
            }
        }
    }

    @Test(
        "are those where it has room and those where something of it stands, each once", .mission(.a11),
        arguments: 1...12)
    func pages(_ limit: Int) throws {
        let bench = try RestBench()
        try Self.fill(bench)
        let token = try bench.token(.provider)
        var path = "/v1/cards?limit=\(limit)"
        var seen: [String] = []
        for _ in 0..<20 {
            let reply = try bench.ask(.get, path, token: token)
            seen += (reply.json["items"]?.arrayValue ?? []).compactMap { $0["card"]?.stringValue }
            guard let next = reply.json["next"]?.stringValue else { break }
            path = "/v1/cards?limit=\(limit)&cursor=\(next)"
        }
        let expected = Self.holdings.filter { $0.hasBerth || $0.instances > 0 }.map(\.card)
        #expect(seen == expected + [RestBench.city.card])
        // What the list shows can be looked at, and nothing else.
        for (card, hasBerth, instances) in Self.holdings {
            let status = try bench.ask(.get, "/v1/cards/\(card)", token: token).status
            #expect(status == (hasBerth || instances > 0 ? 200 : 404), "\(card)")
        }
    }

    @Test("another provider's operation stands in the way without its name", .mission(.a11))
    func othersOperation() throws {
        let bench = try RestBench()
        let (root, city) = (try bench.token(.admin), try bench.token(.provider))
        let rail = try bench.token(.provider, of: RestBench.rail)
        // The rail's operation waits there, and the city has room there too.
        let card = RestBench.rail.card
        try bench.node.act(by: .centre) { act in
            act.transaction.put(
                Berth(
                    card: try CardID(card), provider: try ProviderID("city"), reserved: Room(nonVolatile: 1),
                    means: .ledger, state: .ready(since: act.now)))
        }
        let room: JSONValue = ["nonVolatile": 512, "volatile": 16]
        let berth = "/v1/cards/\(card)/berths/city"
        let operations = "/v1/cards/\(card)/operations"
        for (method, path, body) in [
            (.put, berth, ["room": room]), (.delete, berth, nil),
            (
                .post, operations,
                ["wishes": [["kind": "reserve", "provider": "city", "room": room]]]
            ),
            (.post, operations, ["wishes": [["kind": "release-berth", "provider": "city"]]]),
        ] as [(HTTPMethod, String, JSONValue?)] {
            let hidden = try bench.ask(method, path, token: city, body: body)
            #expect((hidden.status, hidden.code) == (409, "operation-open"), "\(hidden.text)")
            #expect(hidden.text.contains("Another operation on this card is not over yet."), "\(hidden.text)")
            #expect(!hidden.text.contains("waits"), "\(hidden.text)")
            // The issuer is told which.
            let told = try bench.ask(method, path, token: root, body: body)
            #expect((told.status, told.code) == (409, "operation-open"), "\(told.text)")
            #expect(told.text.contains("The operation waits on this card"), "\(told.text)")
        }
        // And so is whose it is.
        let own = try bench.ask(
            .put, "/v1/cards/\(card)/berths/rail", token: rail, body: ["room": room])
        #expect((own.status, own.code) == (409, "operation-open"), "\(own.text)")
        #expect(own.text.contains("The operation waits on this card"), "\(own.text)")
    }
}
