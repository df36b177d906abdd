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
}
