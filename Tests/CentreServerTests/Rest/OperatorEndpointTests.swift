import Centre
import CentreServer
import JSON
import TestSupport
import Testing

@Suite("Operators over the network")
struct OperatorEndpointTests {
    @Test("a token for a part of what its admin may do makes nobody who may do the rest")
    func operatorsByToken() throws {
        let bench = try RestBench()
        let tokens = try [Scopes.only(["operators:write"]), .everything].map {
            try bench.token(Credential.Subject.operator(OperatorID("root")), scopes: $0)
        }
        let bodies: [(body: JSONValue, isFree: Bool)] = [
            (["operator": "eve", "role": "admin"], false),
            (["operator": "eve", "role": "auditor", "password": "a new long password"], false),
            (["operator": "eve", "role": "auditor"], true),
        ]
        for (body, isFree) in bodies {
            let reply = try bench.ask(.post, "/v1/operators", token: tokens[0], body: body)
            #expect(reply.status == (isFree ? 201 : 403), "\(reply.text)")
        }
        func change(_ token: String, _ role: String) throws -> Int {
            let tag = try bench.ask(.get, "/v1/operators/eve", token: tokens[1]).response.fields["ETag"] ?? ""
            return try bench.ask(
                .put, "/v1/operators/eve", token: token, body: ["role": .string(role), "isActive": true],
                fields: ["If-Match": tag]
            ).status
        }
        #expect(try change(tokens[0], "admin") == 403)
        #expect(try change(tokens[0], "operator") == 200)
        #expect(try change(tokens[1], "admin") == 200)
        #expect(try change(tokens[0], "auditor") == 403)
    }
}
