import Centre
import CentreServer
import JSON
import TestSupport
import Testing

@Suite("Operations that keep a card from others")
struct OperationEndpointTests {
    private static let room: JSONValue = ["nonVolatile": 512, "volatile": 16]

    @Test(
        "what has not begun on the card is cancelled at once by who runs the centre, and others may ask",
        arguments: [Role.admin, .operator])
    func cancelled(role: Role) throws {
        let bench = try RestBench()
        // The operation of the city waits there.
        let card = "/v1/cards/\(RestBench.city.card)"
        let cancel = card + "/operations/waits/cancel"
        let rail = try bench.token(.provider, of: RestBench.rail)
        func reserve() throws -> Reply {
            try bench.ask(.put, card + "/berths/rail", token: rail, body: ["room": Self.room])
        }
        let kept = try reserve()
        #expect((kept.status, kept.code) == (409, "operation-open"), "\(kept.text)")
        #expect(try bench.ask(.post, cancel, token: rail).status == 404)
        let over = try bench.ask(.post, cancel, token: try bench.token(role))
        #expect(over.status == 200 && over.json["state"] == "cancelled", "\(over.text)")
        let next = try reserve()
        #expect(next.status == 202, "\(next.text)")
    }

    private static let wishers: [Role] = [.admin, .operator, .provider, .holder, .terminal]

    @Test(
        "an operation is cancelled by who asked for it and by who runs the centre, and by nobody else",
        arguments: wishers)
    func cancelledByAsker(asker: Role) throws {
        let bench = try RestBench()
        let root = try bench.token(.admin)
        let operations = "/v1/cards/\(RestBench.city.card)/operations"
        #expect(try bench.ask(.post, operations + "/waits/cancel", token: root).status == 200)
        let asked = try bench.ask(
            .post, operations, token: try bench.token(asker),
            body: ["wishes": [["kind": "remove", "application": "purse"]]],
            fields: ["Idempotency-Key": "asked"])
        #expect(asked.status == 202 && asked.json["state"] == "waiting", "\(asked.text)")
        let cancel = operations + "/asked/cancel"
        for role in Self.wishers where role != asker && !Set<Role>.operators.contains(role) {
            let refused = try bench.ask(.post, cancel, token: try bench.token(role))
            #expect((refused.status, refused.code) == (403, "not-permitted"), "\(role): \(refused.text)")
        }
        let rail = try bench.token(.provider, of: RestBench.rail)
        #expect(try bench.ask(.post, cancel, token: rail).status == 404)
        let still = try bench.ask(.get, operations + "/asked", token: root)
        #expect(still.json["state"] == "waiting" && still.json["isCancelRequested"] == false, "\(still.text)")
        // A holder's own is cancelled wherever the holder signs in.
        let holder = Credential.Subject.holder(
            try HolderNumber(RestBench.city.holder), at: try TerminalID(RestBench.rail.terminal))
        let token = try asker == .holder ? bench.token(holder) : bench.token(asker)
        let over = try bench.ask(.post, cancel, token: token)
        #expect(over.status == 200 && over.json["state"] == "cancelled", "\(over.text)")
    }

    @Test("where it is not known who asked, only who runs the centre cancels")
    func olderOperation() throws {
        let bench = try RestBench()
        let cancel = "/v1/cards/\(RestBench.city.card)/operations/waits/cancel"
        for role in [Role.provider, .holder, .terminal] {
            let refused = try bench.ask(.post, cancel, token: try bench.token(role))
            #expect((refused.status, refused.code) == (403, "not-permitted"), "\(role): \(refused.text)")
        }
        #expect(try bench.ask(.post, cancel, token: try bench.token(.operator)).status == 200)
    }

    @Test(
        "where nobody says how long it waits, a provider's waits for a week and the centre's for a month",
        arguments: [Role.provider, .operator], [true, false])
    func deadline(role: Role, isWish: Bool) throws {
        let bench = try RestBench()
        // Where the city has no room yet.
        let card = "/v1/cards/\(RestBench.rail.card)"
        let root = try bench.token(.admin)
        #expect(try bench.ask(.post, card + "/operations/waits/cancel", token: root).status == 200)
        let token = try bench.token(role)
        let reply =
            if isWish {
                try bench.ask(
                    .post, card + "/operations", token: token,
                    body: ["wishes": [["kind": "reserve", "provider": "city", "room": Self.room]]])
            } else {
                try bench.ask(.put, card + "/berths/city", token: token, body: ["room": Self.room])
            }
        #expect(reply.status == 202, "\(reply.text)")
        let expected = bench.clock.now.advanced(by: .seconds((role == .provider ? 7 : 30) * 86_400))
        #expect(reply.json["deadline"]?.stringValue == expected.description, "\(reply.text)")
    }
}
