internal import CardCrypto
internal import Centre
internal import JSON
internal import SmartCard
internal import Wire

/// Signing in and out; tokens of programs.
enum SessionEndpoints {
    static let all: [Endpoint] = [signIn, holderSignIn, whoAmI, signOut, listTokens, issue, getToken, revoke]

    private static let session = Schema.named(
        "Session",
        .object(
            .required("token", .text(1...200)), .required("session", .string(.credential)),
            .required("expiresAt", .instant)))

    // MARK: Sessions

    private static let signIn = Endpoint(
        .post, "/v1/sessions", "signIn", group: "sessions", "Signs an operator in by name and password",
        access: .anyone,
        body: .json(
            .named(
                "SignIn",
                .object(.required("operator", .string(.operator)), .required("password", .password)))),
        outcomes: [.json(201, "The session's token, shown once.", session)], isRepeatable: false
    ) { call in
        let session = try call.signIn.signIn(
            try call.member("operator"), password: call.secret("password"), from: call.request.peer)
        return answer(session)
    }

    private static let holderSignIn = Endpoint(
        .post, "/v1/holder-sessions", "signInHolder", group: "sessions",
        "Signs a holder in at a terminal, by user number and password", access: .only([.terminal]),
        body: .json(
            .named(
                "HolderSignIn",
                .object(.required("holder", .holder), .required("password", .password)))),
        outcomes: [.json(201, "The session's token, shown once.", session)], isRepeatable: false
    ) { call in
        guard case .terminal(let terminal) = call.principal else { throw Problem.notFound("terminal") }
        let session = try call.signIn.signIn(
            try call.member("holder"), password: call.secret("password"), at: terminal)
        return answer(session)
    }

    private static func answer(_ session: SignIn.Session) -> RestAnswer {
        RestAnswer.created(
            [
                "token": .string(session.token), "session": .string(session.id.text),
                "expiresAt": .string(session.expiresAt.description),
            ], at: "/v1/sessions/current"
        ).secret
    }

    private static let whoAmI = Endpoint(
        .get, "/v1/sessions/current", "whoAmI", group: "sessions", "Who the token says that asks",
        access: .only(.all),
        outcomes: [
            .json(
                200, "Role and name.",
                .named(
                    "Caller",
                    .object(
                        .required("role", .words(Role.allCases.map(\.rawValue))),
                        .required("name", .text(1...64)), .required("scopes", .text(0...2_000)),
                        .required("means", .text(1...200)))))
        ]
    ) { call in
        .ok([
            "role": .string(call.principal.role.rawValue), "name": .string(call.principal.name),
            "scopes": .string(call.caller.scopes.text), "means": .string(call.caller.means),
        ])
    }

    private static let signOut = Endpoint(
        .delete, "/v1/sessions/current", "signOut", group: "sessions", "Ends the session whose token asks",
        access: .only(.all), outcomes: [.empty("It is over.")], isRepeatable: false
    ) { call in
        let parts = call.caller.means.split(separator: "/")
        guard parts.count == 2, parts[0] == "session" else {
            throw Problem.known("not-a-session", "This is signed in by \(parts.first ?? ""), which lasts.")
        }
        let id = try CredentialID(String(parts[1]))
        return try call.change { act in
            try act.revoke(id) { _ in true }
            return .noContent
        }
    }

    // MARK: Tokens

    private static let issuers: Set<Role> = [.admin, .provider]
    private static let one: [Parameter] = [.path("token", .string(.credential), "Its public name.")]
    private static let roles = Schema.words("operator", "provider", "supplier", "terminal")

    private static let listTokens = Endpoint(
        .get, "/v1/tokens", "listTokens", group: "tokens", "Tokens: all of them, or a provider's own",
        access: .only([.admin, .auditor, .provider]), parameters: Parameter.page,
        outcomes: [.json(200, "A page of tokens.", .page(of: "Token", .token))]
    ) { call in
        let page = try call.page()
        let after = try page.after.map { [StoredValue.word(try CredentialID($0.first ?? ""))] }
        // Operators and terminals may have the same name.
        let conditions =
            call.principal.tenant.map { tenant in
                [
                    Query.Condition("role", anyOf: [.text("provider"), .text("supplier")]),
                    Query.Condition("subject", .word(tenant)),
                ]
            } ?? []
        return try call.look { act in
            let rows = try act.transaction.all(
                Credential.self, Query(Credential.table, conditions, after: after, limit: page.limit))
            let items = rows.filter { $0.kind != .session }.map(\.json)
            return call.list(items, next: rows.count < page.limit ? nil : rows.last.map { [$0.id.text] })
        }
    }

    private static let issue = Endpoint(
        .post, "/v1/tokens", "issueToken", group: "tokens",
        "Makes a token for a program; a provider for itself and its suppliers. Or says whose a client certificate is",
        access: .only(issuers),
        body: .json(
            .named(
                "TokenRequest",
                .object(
                    .required("role", roles), .required("name", .text(1...64)),
                    .required("expiresAt", .instant),
                    .optional("scopes", .array(of: .string(.scope), 1...64)),
                    .optional("label", .label),
                    .optional(
                        "certificate",
                        Schema.string(.hex(bytes: 32...32)).described(
                            "SHA-256 of a client certificate as DER: it is the sign-in then, and there is no token. "
                                + "For admins."))))),
        outcomes: [
            .json(
                201, "The token, shown once.",
                .named(
                    "NewToken",
                    .object(.optional("token", .text(1...200)), .required("resource", .token))))
        ]
    ) { call in
        let token = TokenText(call.node.entropy)
        let certificate = try certificate(call)
        let subject = try subject(call)
        let scopes = try scopes(call)
        let expiresAt = call.body["expiresAt"]?.stringValue.flatMap { Instant($0) }
        // An admin who may do everything may also make a password for somebody.
        if !call.caller.isUnboundedAdmin, let ends = call.caller.tokenEnds,
            expiresAt.map({ $0 > ends }) ?? true
        {
            throw Problem.known("forbidden", "A token issues none that lasts longer than itself, to \(ends).")
        }
        return try call.change { act in
            try check(subject, act)
            let credential = Credential(
                id: token.id, kind: certificate == nil ? .token : .certificate, subject: subject,
                digest: certificate ?? token.digest,
                scopes: scopes.text,
                label: call.body["label"]?.stringValue ?? "", createdAt: act.now,
                createdBy: act.actor.description,
                expiresAt: expiresAt)
            try act.issue(credential)
            let place = "/v1/tokens/\(token.id)"
            guard certificate == nil else { return .created(["resource": credential.json], at: place) }
            return RestAnswer.created(
                ["token": .string(token.text), "resource": credential.json], at: place
            ).secret
        }
    }

    /// A stolen token that may do little gives no other that may do more.
    private static func scopes(_ call: RestCall) throws -> Scopes {
        let names = (call.body["scopes"]?.arrayValue ?? []).compactMap(\.stringValue)
        let scopes = names.isEmpty ? Scopes.everything : .only(Set(names))
        guard call.caller.scopes.cover(scopes) else {
            throw Problem.known("forbidden", "A token issues none that may do more than itself.")
        }
        return scopes
    }

    /// Whoever named another's certificate first would get what the other sends.
    private static func certificate(_ call: RestCall) throws -> [UInt8]? {
        guard let text = call.body["certificate"]?.stringValue else { return nil }
        guard call.principal.role == .admin else {
            throw Problem.known("forbidden", "Only an admin says whose a client certificate is.")
        }
        return try? Hex.decode(text)
    }

    private static func subject(_ call: RestCall) throws -> Credential.Subject {
        let (role, name) = (call.body["role"]?.stringValue ?? "", call.body["name"]?.stringValue ?? "")
        guard let subject = Credential.Subject(role: role, name: name) else {
            throw Problem.member("/name", "This cannot be the name of a \(role).")
        }
        guard let tenant = call.principal.tenant else { return subject }
        guard subject.provider == tenant else {
            throw ProviderRefusal.notVisible(what: "\(role) '\(name)'")
        }
        return subject
    }

    /// Nobody gets a token for a name that is not there.
    private static func check(_ subject: Credential.Subject, _ act: Act) throws {
        switch subject {
        case .operator(let id):
            guard try act.transaction.find(Operator.self, key: .word(id)) != nil else {
                throw ServiceRefusal.operatorUnknown(id)
            }
        case .provider(let id), .supplier(let id): _ = try act.activeProvider(id)
        case .terminal(let id):
            guard try act.transaction.find(TerminalEntry.self, key: .word(id)) != nil else {
                throw ServiceRefusal.terminalUnknown(id)
            }
        case .holder(let number, _): throw HolderRefusal.unknown(number)
        }
    }

    private static let getToken = Endpoint(
        .get, "/v1/tokens/{token}", "getToken", group: "tokens", "One token, without its secret",
        access: .only([.admin, .auditor, .provider]), parameters: one,
        outcomes: [.json(200, "The token.", .token)]
    ) { call in
        let id: CredentialID = try call.name("token")
        return try call.look { act in
            guard let credential = try act.transaction.find(Credential.self, key: .word(id)),
                isOwn(credential, call)
            else { throw ServiceRefusal.credentialUnknown(id) }
            return .ok(credential.json)
        }
    }

    private static let revoke = Endpoint(
        .delete, "/v1/tokens/{token}", "revokeToken", group: "tokens", "Makes a token useless, at once",
        access: .only(issuers), parameters: one, outcomes: [.empty("It is revoked.")]
    ) { call in
        let id: CredentialID = try call.name("token")
        return try call.change { act in
            try act.revoke(id) { isOwn($0, call) }
            return .noContent
        }
    }

    private static func isOwn(_ credential: Credential, _ call: RestCall) -> Bool {
        guard let tenant = call.principal.tenant else { return true }
        return credential.subject.provider == tenant
    }
}

extension Principal {
    var name: String {
        switch self {
        case .admin(let id), .operator(let id), .auditor(let id): id.text
        case .provider(let id), .supplier(let id): id.text
        case .terminal(let id): id.text
        case .holder(let number, _): number.text
        }
    }
}

extension StringForm {
    static let credential = identifier(CredentialID.self, pattern: given)
    static let scope = StringForm(
        pattern: "^(\(Scopes.groups.joined(separator: "|"))):(read|write)$", count: 6...40,
        rule: "a scope, such as cards:read or cards:write",
        check: { text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            return parts.count == 2 && Scopes.groups.contains(parts[0])
                && ["read", "write"].contains(parts[1])
        })
}

extension Schema {
    static let token = named(
        "Token",
        object(
            .required("token", .string(.credential)),
            .required("kind", .words("token", "session", "certificate")),
            .required("role", .words("operator", "provider", "supplier", "terminal", "holder")),
            .required("name", .text(1...64)), .required("scopes", .text(0...3_000)),
            .required("label", .label), .required("createdAt", .instant),
            .required("createdBy", .text(1...200)), .optional("expiresAt", .instant),
            .optional("lastUsedAt", .instant), .optional("revokedAt", .instant)))
}

extension Credential {
    fileprivate var json: JSONValue {
        let (role, name, _) = subject.words
        var object: JSONObject = [
            "token": .string(id.text), "kind": .string(kind.rawValue), "role": .string(role),
            "name": .string(name), "scopes": .string(scopes), "label": .string(label),
            "createdAt": .string(createdAt.description), "createdBy": .string(createdBy),
        ]
        object["expiresAt"] = expiresAt.map { .string($0.description) }
        object["lastUsedAt"] = lastUsedAt.map { .string($0.description) }
        object["revokedAt"] = revokedAt.map { .string($0.description) }
        return .object(object)
    }
}
