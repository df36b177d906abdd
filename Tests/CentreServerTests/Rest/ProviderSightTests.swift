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

    enum Obstacle: CaseIterable {
        case block
        case drift
        case veto
    }

    /// On the card of the rail, with a word that is not for the city.
    private static func put(_ obstacle: Obstacle, _ word: String, in bench: RestBench) throws {
        let rail = RestBench.rail
        let card = try CardID(rail.card)
        try bench.node.act(by: .centre) { act in
            act.transaction.change(.remove(Operation.table, key: [.word(card), .text("waits")]))
            guard obstacle == .drift, var known = try act.transaction.find(Card.self, key: .word(card)) else {
                return
            }
            known.inventory?.drift = word
            act.transaction.put(known)
        }
        let reason: JSONValue = ["reason": .string(word)]
        switch obstacle {
        case .drift: break
        case .block:
            let reply = try bench.ask(
                .post, "/v1/cards/\(card)/block", token: try bench.token(.admin), body: reason)
            #expect(reply.status == 200, "\(reply.text)")
        case .veto:
            let reply = try bench.ask(
                .put, "/v1/holders/\(rail.holder)/vetoes/\(rail.application)",
                token: try bench.token(.holder, of: rail), body: reason)
            #expect([200, 204].contains(reply.status), "\(reply.text)")
        }
    }

    @Test(
        "what stands in a provider's way is told without the words that its plan keeps from it",
        .mission(.a11), arguments: Obstacle.allCases)
    func othersWords(_ obstacle: Obstacle) throws {
        let bench = try RestBench()
        let word = "SECRET-WORD"
        try Self.put(obstacle, word, in: bench)
        let card = "/v1/cards/\(RestBench.rail.card)"
        // More than is free, where somebody would have to leave.
        let room: JSONValue = ["nonVolatile": obstacle == .veto ? 70_000 : 512, "volatile": 16]
        let wish: JSONValue = ["wishes": [["kind": "reserve", "provider": "city", "room": room]]]
        let code = obstacle == .block ? "card-not-active" : "plan-not-feasible"
        let (root, city) = (try bench.token(.admin), try bench.token(.provider))
        for (method, path, body) in [
            (.put, card + "/berths/city", ["room": room]), (.post, card + "/operations", wish),
        ] as [(HTTPMethod, String, JSONValue)] {
            let hidden = try bench.ask(method, path, token: city, body: body)
            #expect((hidden.status, hidden.code) == (409, code), "\(hidden.text)")
            #expect(!hidden.text.contains(word), "\(hidden.text)")
            // The issuer is told all of it.
            let told = try bench.ask(method, path, token: root, body: body)
            #expect((told.status, told.code) == (409, code), "\(told.text)")
            #expect(told.text.contains(word), "\(told.text)")
        }
        let plan = try bench.ask(.post, card + "/plans", token: city, body: wish)
        #expect(plan.status == 200 && !plan.text.contains(word), "\(plan.text)")
    }

    @Test(
        "why a card is blocked is told to nobody but those who run the centre",
        arguments: [Role.holder, .terminal])
    func reasonOfBlock(role: Role) throws {
        let bench = try RestBench()
        let word = "SECRET-WORD"
        try Self.put(.block, word, in: bench)
        let wish: JSONValue = ["wishes": [["kind": "remove", "application": "pass"]]]
        let token = try bench.token(role, of: RestBench.rail)
        for (list, status) in [("plans", 200), ("operations", 409)] {
            let path = "/v1/cards/\(RestBench.rail.card)/\(list)"
            let hidden = try bench.ask(.post, path, token: token, body: wish)
            #expect(hidden.status == status && !hidden.text.contains(word), "\(hidden.text)")
            let told = try bench.ask(.post, path, token: try bench.token(.operator), body: wish)
            #expect(told.status == status && told.text.contains(word), "\(told.text)")
        }
    }

    /// What the cursors of a list name, page by page of one row, and what is shown.
    private func walk(_ path: String, of list: String, _ token: String, in bench: RestBench) throws -> (
        shown: [JSONValue], cursors: [String]
    ) {
        var (shown, cursors): ([JSONValue], [String]) = ([], [])
        var query = "?limit=1"
        for _ in 0..<40 {
            let reply = try bench.ask(.get, path + query, token: token)
            shown += reply.json["items"]?.arrayValue ?? []
            guard let next = reply.json["next"]?.stringValue else { break }
            cursors += try #require(Cursor.decode(next, list))
            query = "?limit=1&cursor=\(next)"
        }
        return (shown, cursors)
    }

    @Test("cursors of a card's operations name what the provider sees, and nothing else", .mission(.a11))
    func cursorsOfOperations() throws {
        let bench = try RestBench()
        // The operations of the rail are before and behind it.
        let card = try CardID(RestBench.rail.card)
        try bench.node.act(by: .centre) { act in
            act.transaction.put(
                Berth(
                    card: card, provider: try ProviderID("city"), reserved: Room(nonVolatile: 1),
                    means: .ledger, state: .ready(since: act.now)))
            for name in ["own-1", "own-2"] {
                act.transaction.put(
                    Operation(
                        id: try RequestID(name), card: card,
                        wishes: [.park(application: try ApplicationID("purse"))], steps: [],
                        state: .ended(.done), requestedAt: act.now,
                        deadline: act.now.advanced(by: .seconds(60))))
            }
        }
        let city = try bench.token(.provider)
        let seen = try walk("/v1/cards/\(card)/operations", of: "listCardOperations", city, in: bench)
        #expect(seen.shown.compactMap { $0["operation"]?.stringValue } == ["own-1", "own-2"])
        #expect(Set(seen.cursors).isSubset(of: ["own-1", "own-2"]), "\(seen.cursors)")
        let all = try bench.ask(.get, "/v1/cards/\(card)/operations", token: try bench.token(.admin))
        #expect(all.json["items"]?.arrayValue?.count == 4, "\(all.text)")
    }

    @Test("cursors of a provider's tokens name no token of an operator of the same name", .mission(.a11))
    func cursorsOfTokens() throws {
        let bench = try RestBench()
        let name = try OperatorID("city")
        try bench.node.act(by: .centre) { act in
            _ = try act.registerOperator(name, .operator, password: nil)
        }
        for _ in 0..<5 { _ = try bench.token(Credential.Subject.operator(name)) }
        let city = try bench.token(.provider)
        _ = try bench.token(.supplier)
        let seen = try walk("/v1/tokens", of: "listTokens", city, in: bench)
        let shown = seen.shown.compactMap { $0["token"]?.stringValue }
        #expect(shown.count == 2 && Set(seen.cursors).isSubset(of: shown), "\(seen.cursors)")
    }

    @Test("what others pay for custody is told in no sum either", .mission(.a11))
    func othersFees() throws {
        let bench = try RestBench()
        let rail = RestBench.rail
        let (card, aid) = (try CardID(rail.card), try AID(hex: rail.aid))
        let release = ReleaseID(try ApplicationID(rail.application), try ReleaseVersion("1.0"))
        let loadFile = try AID(hex: "A000000654F0")
        let digest = [UInt8](repeating: 4, count: 32)
        try bench.node.act(by: .centre) { act in
            act.transaction.change(.remove(Berth.table, key: [.word(card), .text(rail.provider)]))
            act.transaction.put(
                Release(
                    id: release, life: .published(at: act.now),
                    loadFiles: [
                        .init(
                            aid: loadFile, digest: digest, byteCount: 4_000,
                            declared: Room(nonVolatile: 4_000))
                    ],
                    instances: [
                        .init(aid: aid, module: aid, loadFile: loadFile, declared: Room(nonVolatile: 500))
                    ], parking: .contract))
            act.transaction.put(
                InstalledLoadFile(
                    card: card, aid: loadFile, lifeCycle: 1, digest: digest,
                    measured: Room(nonVolatile: 5_600)))
            act.transaction.put(
                InstalledApplication(
                    card: card, aid: aid, lifeCycle: 7, loadFile: loadFile, release: release,
                    measured: Room(nonVolatile: 640)))
            guard var known = try act.transaction.find(Card.self, key: .word(card)) else { return }
            known.inventory?.free = Room(nonVolatile: 600, volatile: 2_000)
            act.transaction.put(known)
        }
        func plan(_ wish: JSONValue, _ token: String) throws -> Reply {
            try bench.ask(.post, "/v1/cards/\(card)/plans", token: token, body: ["wishes": [wish]])
        }
        func fees(_ plan: Reply) -> Int? { plan.json["custodyPerDay"]?.arrayValue?.count }
        let room: JSONValue = ["nonVolatile": 1_000, "volatile": 0]
        let reserve: JSONValue = ["kind": "reserve", "provider": "city", "room": room]
        // The pass of the rail leaves for it, and the rail pays.
        let told = try plan(reserve, try bench.token(.admin))
        #expect(fees(told) == 1 && told.json["leaving"]?.arrayValue?.count == 1, "\(told.text)")
        let hidden = try plan(reserve, try bench.token(.provider))
        #expect(fees(hidden) == 0 && hidden.json["leaving"]?.arrayValue?.count == 1, "\(hidden.text)")
        let park: JSONValue = ["kind": "park", "application": .string(rail.application)]
        let own = try plan(park, try bench.token(.provider, of: rail))
        #expect(fees(own) == 1, "\(own.text)")
    }
}
