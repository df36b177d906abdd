import Centre
import CentreServer
import JSON
import TestSupport
import Testing

@Suite("Roles at every endpoint")
struct RoleTests {
    @Test("every endpoint has its line in the table, and grants what the line says")
    func table() {
        let names = RestTable.endpoints.map(\.operationID)
        #expect(Set(names).count == names.count, "two endpoints have one name")
        for endpoint in RestTable.endpoints {
            guard let roles = RoleTable.roles[endpoint.operationID] else {
                Issue.record("\(endpoint.operationID) is not in the table of roles")
                continue
            }
            switch (endpoint.access, roles) {
            case (.anyone, nil): break
            case (.only(let granted), let wanted?): #expect(granted == wanted, "\(endpoint.operationID)")
            default: Issue.record("\(endpoint.operationID) is for others than the table says")
            }
        }
        #expect(Set(RoleTable.roles.keys) == Set(names), "the table names what is not there")
    }

    @Test("who has not signed in, and every role that is not named, is refused", .mission(.a11))
    func refused() throws {
        let bench = try RestBench()
        let tokens = try Dictionary(
            uniqueKeysWithValues: Role.allCases.map { ($0, try bench.token($0)) })
        let samples = SampleRequests(tenant: RestBench.city)
        for endpoint in RestTable.endpoints {
            guard case .only(let roles) = endpoint.access else { continue }
            let (path, body) = (samples.path(endpoint), samples.body(endpoint))
            let nobody = try bench.ask(endpoint.method, path, body: body)
            #expect(nobody.status == 401, "\(endpoint.operationID)")
            #expect(nobody.response.fields["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
            for role in Role.allCases where !roles.contains(role) {
                let reply = try bench.ask(endpoint.method, path, token: tokens[role], body: body)
                #expect(reply.status == 403, "\(endpoint.operationID) for \(role)")
            }
        }
    }

    @Test("every role that is named gets past the gate, and no answer is the centre's fault")
    func admitted() throws {
        let samples = SampleRequests(tenant: RestBench.city)
        for endpoint in RestTable.endpoints {
            for role in Role.allCases where endpoint.access.admits(role) {
                let bench = try RestBench()
                let reply = ask(bench, endpoint, try bench.token(role), samples)
                // The password of the sample is wrong, which is no want of a role.
                if reply.code == "sign-in-failed" { continue }
                // What a role may ask at all can still be refused of one thing, but not for want of a role.
                #expect(
                    ![401, 405, 406, 415].contains(reply.status) && reply.status < 500,
                    "\(endpoint.operationID) for \(role): \(reply.status) \(reply.text)")
                #expect(reply.code != "forbidden" && reply.code != "scope")
            }
        }
    }

    private func ask(
        _ bench: RestBench, _ endpoint: Endpoint, _ token: String, _ samples: SampleRequests
    ) -> Reply {
        var fields: HTTPFields = endpoint.precondition == .none ? [:] : ["If-Match": "*"]
        if case .bytes(let types, _, _) = endpoint.body { fields["Content-Type"] = types[0] }
        let answer = bench.answer(
            endpoint.method, samples.path(endpoint), token: token, body: samples.body(endpoint),
            fields: fields)
        if case .now(let response) = answer { return Reply(response: response) }
        return Reply(response: HTTPResponse(200))
    }

    @Test("nobody reaches another tenant's things by naming them", .mission(.a11))
    func otherTenants() throws {
        let others = SampleRequests(tenant: RestBench.rail)
        for endpoint in RestTable.endpoints where namesSomething(endpoint) {
            guard case .only = endpoint.access else { continue }
            for role in [Role.provider, .supplier, .holder, .terminal] where endpoint.access.admits(role) {
                let bench = try RestBench()
                let token = try bench.token(role)
                let before = try Snapshot(bench)
                let reply = ask(bench, endpoint, token, others)
                if isOpenToAll(endpoint, role) { continue }
                #expect(
                    [403, 404].contains(reply.status),
                    "\(endpoint.operationID) for \(role): \(reply.status) \(reply.text)")
                #expect(!reply.text.contains(RestBench.rail.name), "\(endpoint.operationID) for \(role)")
                #expect(
                    try Snapshot(bench) == before, "\(endpoint.operationID) for \(role) changed something")
            }
        }
    }

    /// What names nothing in its path and body cannot name another's.
    private func namesSomething(_ endpoint: Endpoint) -> Bool {
        let named: Set = [
            "card", "holder", "application", "provider", "terminal", "release", "name", "token",
        ]
        if !endpoint.pathParameters.isEmpty { return true }
        guard case .json(let schema) = endpoint.body else { return false }
        return schema.properties.contains { $0.isRequired && named.contains($0.name) }
    }

    /// A terminal serves whoever stands before it, whosever holder that is; the password decides. And it serves any
    /// card that lies in it, as a handshake of GP SERAM does.
    private func isOpenToAll(_ endpoint: Endpoint, _ role: Role) -> Bool {
        role == .terminal && ["signInHolder", "recordNewCard", "beginVisit"].contains(endpoint.operationID)
    }

    @Test("no list shows another tenant's things", .mission(.a11))
    func lists() throws {
        let bench = try RestBench()
        let samples = SampleRequests(tenant: RestBench.city)
        let rail = RestBench.rail
        let secrets = [rail.provider, rail.application, rail.card, rail.holder, rail.aid, rail.name]
        for endpoint in RestTable.endpoints where endpoint.method == .get {
            guard case .only = endpoint.access else { continue }
            for role in [Role.provider, .supplier, .holder, .terminal] where endpoint.access.admits(role) {
                let reply = ask(bench, endpoint, try bench.token(role), samples)
                for secret in secrets {
                    #expect(
                        !reply.text.contains("\"\(secret)\""),
                        "\(endpoint.operationID) for \(role): \(secret)")
                }
            }
        }
    }

    @Test("a token does only what its scopes say; writing includes reading")
    func scopes() throws {
        let bench = try RestBench()
        let reader = try bench.token(.operator(try .init("olga")), scopes: .only(["cards:read"]))
        let writer = try bench.token(.operator(try .init("olga")), scopes: .only(["cards:write"]))
        let card = RestBench.city.card
        #expect(try bench.ask(.get, "/v1/cards/\(card)", token: reader).status == 200)
        #expect(try bench.ask(.get, "/v1/cards/\(card)", token: writer).status == 200)
        let block: JSONValue = ["reason": "Lost."]
        let refused = try bench.ask(.post, "/v1/cards/\(card)/block", token: reader, body: block)
        #expect((refused.status, refused.code) == (403, "scope"))
        #expect(refused.json["scope"] == "cards:write")
        #expect(try bench.ask(.get, "/v1/holders", token: writer).code == "scope")
        #expect(try bench.ask(.post, "/v1/cards/\(card)/block", token: writer, body: block).status == 200)
    }
}
