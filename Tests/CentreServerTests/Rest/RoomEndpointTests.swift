import Centre
import CentreServer
import JSON
import SmartCard
import Storage
import TestSupport
import Testing
import Wire

/// Room, who leaves for others, and cards that changed behind the centre's back, as clients see them.
@Suite("Room on cards by REST")
struct RoomEndpointTests {
    private let bench: RestBench
    private let asked: AskCountingStore
    private let root: String
    private let city: String
    private static let card = RestBench.city.card

    init() throws {
        let store = try SQLiteStore(.memory, mode: .direct)
        try store.migrate(to: .current)
        asked = AskCountingStore(store)
        bench = try RestBench(store: asked)
        root = try bench.token(.admin)
        city = try bench.token(.provider)
    }

    // MARK: Berths

    @Test(
        "room is asked for by an operation, once however often it is asked, and released by another",
        .mission(.a1), .mission(.a5))
    func berth() throws {
        let listed = try bench.ask(.get, "/v1/berths", token: city)
        #expect(listed.json["items"]?.arrayValue?.compactMap { $0["card"]?.stringValue } == [Self.card])
        // The card of the other tenant has nothing of this provider yet: it may ask for room there.
        let card = RestBench.rail.card
        try bench.node.act(by: .centre) { act in
            act.transaction.change(.remove(Operation.table, key: [.text(card), .text("waits")]))
        }
        let path = "/v1/cards/\(card)/berths/city"
        #expect(try bench.ask(.get, path, token: city).status == 404)
        let body: JSONValue = [
            "room": ["nonVolatile": 512, "volatile": 16], "resources": ["services": ["ticketing"]],
        ]
        let asked = bench.clock.now
        let first = try bench.ask(.put, path, token: city, body: body, fields: ["Idempotency-Key": "k-1"])
        #expect(first.status == 202, "\(first.text)")
        #expect(first.response.fields["Location"] == "/v1/cards/\(card)/operations/k-1")
        bench.clock.advance(by: .seconds(60))
        let again = try bench.ask(.put, path, token: city, body: body, fields: ["Idempotency-Key": "k-1"])
        #expect(again.status == 202 && again.json == first.json)
        // What only the ledger keeps is ready at once, and says for whom and since when.
        let berth = try Berth(json: try bench.ask(.get, path, token: city).json)
        #expect(berth.provider.text == "city" && berth.card.text == card)
        #expect(berth.reserved == Room(nonVolatile: 512, volatile: 16))
        #expect(berth.state == .ready(since: asked) && berth.resources.services == ["ticketing"])
        let done = try bench.ask(.get, "/v1/cards/\(card)/operations/k-1", token: city)
        #expect(done.json["state"] == "done")
        // Another one beside it is refused, and so is room for somebody else.
        let second = try bench.ask(.put, path, token: city, body: body, fields: ["Idempotency-Key": "k-2"])
        #expect((second.status, second.code) == (409, "plan-not-feasible"), "\(second.text)")
        let other = try bench.ask(.put, "/v1/cards/\(card)/berths/rail", token: city, body: body)
        #expect([403, 404].contains(other.status))
        let released = try bench.ask(.delete, path, token: city, fields: ["Idempotency-Key": "k-3"])
        #expect(released.status == 202, "\(released.text)")
        #expect(try bench.ask(.get, path, token: city).status == 404)
    }

    // MARK: Vetoes

    private static let wish: JSONValue = ["wishes": [["kind": "add", "application": "pass"]]]

    /// The purse of the city stands on the card, and the pass of the rail does not fit beside it.
    private func crowd() throws {
        let loadFiles = try ["purse": AID(hex: "A000000321F0"), "pass": AID(hex: "A000000654F0")]
        let id = try CardID(Self.card)
        try bench.node.act(by: .centre) { act in
            for (name, tenant) in [("purse", RestBench.city), ("pass", RestBench.rail)] {
                guard let loadFile = loadFiles[name] else { continue }
                let aid = try AID(hex: tenant.aid)
                let digest = [UInt8](repeating: UInt8(name.count), count: 32)
                act.transaction.put(
                    Release(
                        id: ReleaseID(try ApplicationID(name), try ReleaseVersion("1.0")),
                        life: .published(at: act.now),
                        loadFiles: [
                            .init(
                                aid: loadFile, digest: digest, byteCount: 4_000,
                                declared: Room(nonVolatile: 4_000))
                        ],
                        instances: [
                            .init(
                                aid: aid, module: aid, loadFile: loadFile,
                                declared: Room(nonVolatile: 500))
                        ], parking: .contract))
                guard name == "purse" else { continue }
                act.transaction.put(
                    InstalledLoadFile(
                        card: id, aid: loadFile, lifeCycle: 1, digest: digest,
                        measured: Room(nonVolatile: 5_600)))
                act.transaction.put(
                    InstalledApplication(
                        card: id, aid: aid, lifeCycle: 7, loadFile: loadFile,
                        release: ReleaseID(try ApplicationID(name), try ReleaseVersion("1.0")),
                        measured: Room(nonVolatile: 640)))
            }
            act.transaction.change(.remove(Berth.table, key: [.word(id), .text("city")]))
            guard var known = try act.transaction.find(Card.self, key: .word(id)) else { return }
            known.inventory?.free = Room(nonVolatile: 600, volatile: 2_000)
            act.transaction.put(known)
        }
    }

    /// Who leaves for the pass, and what is said where nobody may.
    private func plan() throws -> (leaving: [String], objections: [String], reasons: String) {
        let reply = try bench.ask(.post, "/v1/cards/\(Self.card)/plans", token: root, body: Self.wish)
        #expect(reply.status == 200, "\(reply.text)")
        let objections = reply.json["objections"]?.arrayValue ?? []
        return (
            (reply.json["leaving"]?.arrayValue ?? []).compactMap { $0["application"]?.stringValue },
            objections.compactMap { $0["kind"]?.stringValue },
            objections.compactMap { $0["reason"]?.stringValue }.joined(separator: " ")
        )
    }

    @Test(
        "a veto is set by the provider, or by the holder, plans respect it and say why, and it is taken back",
        .mission(.b4), .mission(.point2), arguments: [false, true])
    func veto(isHolder: Bool) throws {
        try crowd()
        let token = isHolder ? try bench.token(.holder) : city
        let path =
            isHolder
            ? "/v1/holders/\(RestBench.city.holder)/vetoes/purse" : "/v1/applications/purse/veto"
        #expect(try plan().leaving == ["purse"])
        let set = try bench.ask(.put, path, token: token, body: ["reason": "It opens the gates."])
        #expect([200, 204].contains(set.status), "\(set.text)")
        let vetoed = try plan()
        #expect(vetoed.leaving.isEmpty && vetoed.objections == ["not-enough-room"])
        #expect(vetoed.reasons.contains("It opens the gates."), "\(vetoed.reasons)")
        // What cannot be planned cannot be begun either.
        try bench.node.act(by: .centre) { act in
            act.transaction.change(.remove(Operation.table, key: [.text(Self.card), .text("waits")]))
        }
        let begun = try bench.ask(
            .post, "/v1/cards/\(Self.card)/operations", token: root, body: Self.wish)
        #expect((begun.status, begun.code) == (409, "plan-not-feasible"), "\(begun.text)")
        if isHolder {
            let list = try bench.ask(.get, "/v1/holders/\(RestBench.city.holder)/vetoes", token: token)
            #expect(
                list.json["items"]?.arrayValue?.compactMap { $0["application"]?.stringValue } == ["purse"])
        }
        // It is nobody else's to take back.
        let foreign = try bench.token(isHolder ? .holder : .provider, of: RestBench.rail)
        #expect([403, 404].contains(try bench.ask(.delete, path, token: foreign).status))
        #expect(try plan().leaving.isEmpty)
        #expect(try bench.ask(.delete, path, token: token).status == 204)
        #expect(try plan().leaving == ["purse"])
        let after = try bench.ask(
            .post, "/v1/cards/\(Self.card)/operations", token: root, body: Self.wish)
        #expect(after.status == 202, "\(after.text)")
    }

    @Test("who begins an operation is looked up, and all else is asked at once where the catalogue is known")
    func questions() throws {
        try crowd()
        #expect(try plan().leaving == ["purse"])
        try bench.node.act(by: .centre) { act in
            act.transaction.change(.remove(Operation.table, key: [.text(Self.card), .text("waits")]))
        }
        let before = asked.questions
        let begun = try bench.ask(
            .post, "/v1/cards/\(Self.card)/operations", token: root, body: Self.wish,
            fields: ["Idempotency-Key": "once"])
        #expect(begun.status == 202, "\(begun.text)")
        #expect(asked.questions - before == 2)
    }

    @Test("of plans only the one that was approved is carried out", .mission(.point2))
    func approval() throws {
        try crowd()
        let card = try CardID(Self.card)
        try bench.node.act(by: .centre) { act in
            act.transaction.change(.remove(Operation.table, key: [.word(card), .text("waits")]))
        }
        func approve() throws -> JSONValue {
            let plan = try bench.ask(.post, "/v1/cards/\(card)/plans", token: root, body: Self.wish)
            #expect(plan.json["isFeasible"] == true, "\(plan.text)")
            return try #require(plan.json["approval"])
        }
        func begin(_ approval: JSONValue) throws -> Reply {
            let body: JSONValue = ["wishes": Self.wish["wishes"] ?? .null, "approval": approval]
            return try bench.ask(.post, "/v1/cards/\(card)/operations", token: root, body: body)
        }
        let first = try approve()
        // Meanwhile the card has room: nobody needs to leave, so what was approved is not what would be done.
        try bench.node.act(by: .centre) { act in
            guard var known = try act.transaction.find(Card.self, key: .word(card)) else { return }
            known.inventory?.free = Room(nonVolatile: 20_000, volatile: 2_000)
            act.transaction.put(known)
        }
        let late = try begin(first)
        #expect((late.status, late.code) == (409, "plan-changed"), "\(late.text)")
        #expect(try bench.ask(.get, "/v1/cards/\(card)/operations", token: root).text.contains("over"))
        let second = try approve()
        #expect(second != first)
        #expect(try begin(second).status == 202)
    }

    @Test("an operation waits for its card for ninety days, and no longer")
    func deadline() throws {
        try crowd()
        try bench.node.act(by: .centre) { act in
            act.transaction.change(.remove(Operation.table, key: [.text(Self.card), .text("waits")]))
        }
        func begin(_ seconds: Int64) throws -> Reply {
            let deadline = bench.clock.now.advanced(by: .seconds(seconds)).description
            let body: JSONValue = ["wishes": Self.wish["wishes"] ?? .null, "deadline": .string(deadline)]
            return try bench.ask(.post, "/v1/cards/\(Self.card)/operations", token: root, body: body)
        }
        let far = try begin(90 * 86_400 + 1)
        #expect((far.status, far.code) == (422, "deadline-too-far"), "\(far.text)")
        #expect(far.text.contains("for 90 days at most"), "\(far.text)")
        let last = try begin(90 * 86_400)
        #expect(last.status == 202, "\(last.text)")
        let deadline = bench.clock.now.advanced(by: .seconds(90 * 86_400))
        #expect(last.json["deadline"]?.stringValue == deadline.description)
    }

    // MARK: Drift

    private static let stranger = "A00000099901"

    /// Something was found on the card that nobody asked for here.
    private func drift() throws {
        try bench.node.act(by: .centre) { act in
            let id = try CardID(Self.card)
            guard var card = try act.transaction.find(Card.self, key: .word(id)) else { return }
            card.inventory?.drift = "It has changed."
            act.transaction.put(card)
            act.transaction.put(
                DriftFinding(
                    card: id, number: 1, kind: .applicationAppeared, aid: try AID(hex: Self.stranger),
                    foundAt: act.now, words: "Nobody asked for it here."))
        }
    }

    @Test(
        "a card that drifts says why, gives out no room, and is accepted or repaired by an operator",
        .mission(.a5), arguments: ["accept", "repair"])
    func drifting(verb: String) throws {
        let path = "/v1/cards/\(Self.card)/drift"
        #expect(try bench.ask(.get, path, token: root).json["findings"]?.arrayValue?.isEmpty == true)
        #expect(
            try bench.ask(.post, "\(path)/\(verb)", token: root).code == "card-does-not-drift")
        try drift()
        let told = try bench.ask(.get, path, token: root)
        #expect(told.json["words"] == "It has changed.")
        let finding = try #require(told.json["findings"]?.arrayValue?.first)
        #expect(finding["aid"]?.stringValue == Self.stranger)
        #expect(finding["words"] == "Nobody asked for it here.")
        #expect(try plan().objections.contains("card-drifts"))
        #expect(try bench.ask(.post, "\(path)/\(verb)", token: city).status == 403)
        let settled = try bench.ask(.post, "\(path)/\(verb)", token: root)
        #expect(settled.status == 200, "\(settled.text)")
        if verb == "repair" {
            #expect(
                settled.json["wishes"]?.text == #"[{"kind":"remove-instance","aid":"A00000099901"}]"#)
        }
        #expect(try bench.ask(.get, path, token: root).json["findings"]?.arrayValue?.isEmpty == true)
        #expect(try !plan().objections.contains("card-drifts"))
        let audit = try bench.ask(.get, "/v1/cards/\(Self.card)/audit", token: root)
        #expect(audit.text.contains(verb == "accept" ? "card.drift-accepted" : "card.drift-repairing"))
    }
}
