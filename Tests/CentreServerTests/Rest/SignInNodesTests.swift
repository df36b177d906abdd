import Centre
import CentreServer
import JSON
import Testing
import Wire

@Suite("Sign-in at several nodes")
struct SignInNodesTests {
    @Test(
        "what one node revokes, blocks or gives to another is so at every node, however well it knew the token"
    )
    func twoNodes() throws {
        let bench = try RestBench()
        let other = try SecondNode(bench)
        let admin = try bench.token(.admin)
        let made = try bench.ask(
            .post, "/v1/tokens", token: admin,
            body: ["role": "supplier", "name": "rail", "expiresAt": "2026-11-22T00:00:00Z"])
        let supplier = try #require(made.json["token"]?.stringValue)
        let id = try #require(made.json["resource"]?["token"]?.stringValue)
        let lobby = try bench.token(.terminal)
        let rail = try ProviderID("rail")
        for _ in 1...2 {
            #expect(try other.signIn(supplier) == .supplier(rail))
            #expect(try other.signIn(lobby) == .terminal(try TerminalID("lobby")))
        }
        let key = StoredValue.word(try CredentialID(id))
        try bench.store.write { transaction in
            var credential = try #require(try transaction.find(Credential.self, key: key))
            credential.subject = .provider(try ProviderID("city"))
            transaction.put(credential)
        }
        #expect(try other.signIn(supplier) == .provider(try ProviderID("city")))
        #expect(try bench.ask(.delete, "/v1/tokens/\(id)", token: admin).status == 204)
        #expect(other.refusal(supplier) == "token-invalid")
        _ = try bench.ask(
            .put, "/v1/terminals/lobby", token: admin, body: ["label": "", "blocked": "Stolen."],
            fields: ["If-Match": "*"])
        #expect(other.refusal(lobby) == "terminal-blocked")
        let own = try bench.token(.operator)
        _ = try other.signIn(own)
        bench.clock.advance(by: .seconds(3_601))
        #expect(other.refusal(own) == "token-invalid")
    }

    @Test("a node that knows a token asks for it and for whose it is in one question")
    func oneQuestion() throws {
        let bench = try RestBench()
        let other = try SecondNode(bench)
        let lobby = try bench.token(.terminal)
        _ = try other.signIn(lobby)
        let before = other.store.questions
        _ = try other.signIn(lobby)
        #expect(other.store.questions == before + 1)
    }
}

/// Another node at the store of a bench.
private struct SecondNode {
    let store: AskCountingStore
    private let door: SignIn

    init(_ bench: RestBench) throws {
        store = AskCountingStore(bench.store)
        let node = bench.node
        door = SignIn(
            node: Node(
                store: store, vault: node.vault, models: node.models, desk: node.desk, clock: node.clock,
                entropy: node.entropy, bell: node.bell))
    }

    func signIn(_ token: String) throws(Problem) -> Principal {
        try door.principal(
            for: HTTPRequest(
                .get, path: "/", segments: [], fields: ["Authorization": "Bearer \(token)"],
                peer: RestBench.peer, tag: "t"))
    }

    func refusal(_ token: String) -> String? {
        do throws(Problem) {
            _ = try signIn(token)
            return nil
        } catch {
            return error.code
        }
    }
}
