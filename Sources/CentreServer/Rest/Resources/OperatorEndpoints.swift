internal import Centre
internal import JSON
internal import Wire

/// Operators: who runs the centre.
enum OperatorEndpoints {
    static let all: [Endpoint] = [list, register, get, change, setPassword]

    private static let one: [Parameter] = [
        .path("operator", .string(.operator), "The operator's name.")
    ]
    private static let roles = Schema.words(Operator.Role.allCases.map(\.rawValue))

    private static let list = Endpoint(
        .get, "/v1/operators", "listOperators", group: "operators", "All operators", access: .only(.staff),
        parameters: Parameter.page,
        outcomes: [.json(200, "A page of operators.", .page(of: "Operator", .operatorResource))]
    ) { call in
        let page = try call.page()
        return try call.look { act in
            let after = try page.after.map { [StoredValue.word(try OperatorID($0.first ?? ""))] }
            let rows = try act.transaction.all(
                Operator.self, Query(Operator.table, after: after, limit: page.limit))
            return call.list(rows, page, key: { [$0.id.text] }) { $0.json }
        }
    }

    private static let register = Endpoint(
        .post, "/v1/operators", "registerOperator", group: "operators",
        "Registers an operator; without a password one who signs in by an OpenID provider",
        access: .only([.admin]),
        body: .json(
            .named(
                "OperatorRegistration",
                .object(
                    .required("operator", .string(.operator)), .required("role", roles),
                    .optional("password", .password)))),
        outcomes: [.json(201, "The operator.", .operatorResource)]
    ) { call in
        let id: OperatorID = try call.member("operator")
        let role = try role(call)
        if role == .admin || call.body["password"] != nil {
            try requireUnbounded(call, to: "make a sign-in that may do more than its own")
        }
        let password = try call.body["password"] == nil ? nil : call.newPassword("password")
        return try call.change { act in
            let entry = try act.registerOperator(id, role, password: password)
            return .created(entry.json, at: "/v1/operators/\(id)", tag: EntityTag(revision: entry.revision))
        }
    }

    private static let get = Endpoint(
        .get, "/v1/operators/{operator}", "getOperator", group: "operators", "One operator",
        access: .only(.staff), parameters: one, outcomes: [.json(200, "The operator.", .operatorResource)]
    ) { call in
        let id: OperatorID = try call.name("operator")
        return try call.look { act in
            guard let entry = try act.transaction.find(Operator.self, key: .word(id)) else {
                throw ServiceRefusal.operatorUnknown(id)
            }
            return .ok(entry.json, tag: EntityTag(revision: entry.revision))
        }
    }

    private static let change = Endpoint(
        .put, "/v1/operators/{operator}", "changeOperator", group: "operators",
        "Changes an operator's role, or shuts one out at once", access: .only([.admin]), parameters: one,
        body: .json(
            .named("OperatorChange", .object(.required("role", roles), .required("isActive", .boolean)))),
        outcomes: [.json(200, "The operator.", .operatorResource)], precondition: .required
    ) { call in
        let id: OperatorID = try call.name("operator")
        let role = try role(call)
        return try call.change { act in
            let entry = try act.changeOperator(id, role: role, isActive: call.body["isActive"] == true) {
                if role == .admin || $0.role == .admin {
                    try requireUnbounded(call, to: "make an admin, or change one")
                }
                try call.requireMatch(EntityTag(revision: $0.revision))
            }
            return .ok(entry.json, tag: EntityTag(revision: entry.revision))
        }
    }

    private static let setPassword = Endpoint(
        .put, "/v1/operators/{operator}/password", "setOperatorPassword", group: "operators",
        "Sets an operator's password: an admin anybody's, everybody else the own. Sessions are over",
        access: .only(.staff), parameters: one, body: .json(.object(.required("password", .password))),
        outcomes: [.empty("It is set.")]
    ) { call in
        let id: OperatorID = try call.name("operator")
        if !call.caller.isUnboundedAdmin {
            guard call.principal.name == id.text else {
                throw NotPermitted(actor: call.principal.actor, what: "set another operator's password")
            }
            // A program's token, or another issuer's, would become a session that may do more and lasts longer.
            guard call.caller.isSession else {
                throw NotPermitted(
                    actor: call.principal.actor, what: "set a password without a session of its own")
            }
        }
        let password = try call.newPassword("password")
        return try call.change { act in
            try act.setOperatorPassword(of: id, to: password)
            return .noContent
        }
    }

    /// A token for a part of what its admin may do makes nobody who may do the rest.
    private static func requireUnbounded(_ call: RestCall, to what: String) throws {
        guard call.caller.isUnboundedAdmin else {
            throw NotPermitted(actor: call.principal.actor, what: what)
        }
    }

    private static func role(_ call: RestCall) throws -> Operator.Role {
        guard let role = Operator.Role(rawValue: call.body["role"]?.stringValue ?? "") else {
            throw Problem.invalid("The role is missing.")
        }
        return role
    }
}

extension Schema {
    static let operatorResource = named(
        "Operator",
        object(
            .required("operator", .string(.operator)),
            .required("role", .words(Operator.Role.allCases.map(\.rawValue))),
            .required("isActive", .boolean), .required("hasPassword", .boolean),
            .required("createdAt", .instant), .required("revision", .integer(0...Int64.max))))
}

extension Operator {
    fileprivate var json: JSONValue {
        [
            "operator": .string(id.text), "role": .string(role.rawValue), "isActive": .bool(isActive),
            "hasPassword": .bool(passwordVerifier != nil), "createdAt": .string(createdAt.description),
            "revision": .integer(revision),
        ]
    }
}
