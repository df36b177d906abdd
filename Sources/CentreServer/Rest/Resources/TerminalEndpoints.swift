internal import CardCrypto
internal import Centre
internal import JSON
internal import Wire

/// Terminals: which there are, and how a new one is let in.
enum TerminalEndpoints {
    static let all: [Endpoint] = [list, register, get, change, prepare, enrol]

    private static let one: [Parameter] = [.path("terminal", .terminal)]

    private static let list = Endpoint(
        .get, "/v1/terminals", "listTerminals", group: "terminals", "All terminals", access: .only(.staff),
        parameters: Parameter.page,
        outcomes: [.json(200, "A page of terminals.", .page(of: "Terminal", .terminalResource))]
    ) { call in
        let page = try call.page()
        return try call.look { act in
            let after = try page.after.map { [StoredValue.word(try TerminalID($0.first ?? ""))] }
            let rows = try act.transaction.all(
                TerminalEntry.self, Query(TerminalEntry.table, after: after, limit: page.limit))
            return call.list(rows, page, key: { [$0.id.text] }) { $0.json }
        }
    }

    private static let register = Endpoint(
        .post, "/v1/terminals", "registerTerminal", group: "terminals", "Registers a terminal",
        access: .only(.operators),
        body: .json(
            .named(
                "TerminalRegistration",
                .object(
                    .required("terminal", .terminal),
                    .optional("label", .label.described("Where it stands."))))),
        outcomes: [.json(201, "The terminal.", .terminalResource)]
    ) { call in
        let id: TerminalID = try call.member("terminal")
        return try call.change { act in
            let entry = try act.registerTerminal(id, label: call.body["label"]?.stringValue ?? "")
            return .created(entry.json, at: "/v1/terminals/\(id)", tag: EntityTag(revision: entry.revision))
        }
    }

    private static let get = Endpoint(
        .get, "/v1/terminals/{terminal}", "getTerminal", group: "terminals",
        "One terminal; a terminal sees itself", access: .only([.admin, .operator, .auditor, .terminal]),
        parameters: one, outcomes: [.json(200, "The terminal.", .terminalResource)]
    ) { call in
        let id: TerminalID = try call.name("terminal")
        return try call.look { act in
            let isHidden = call.principal.role == .terminal && call.principal != .terminal(id)
            guard !isHidden, let entry = try act.transaction.find(TerminalEntry.self, key: .word(id)) else {
                throw ServiceRefusal.terminalUnknown(id)
            }
            return .ok(entry.json, tag: EntityTag(revision: entry.revision))
        }
    }

    private static let change = Endpoint(
        .put, "/v1/terminals/{terminal}", "changeTerminal", group: "terminals",
        "Changes a terminal, cuts it off at once, or lets it in again", access: .only(.operators),
        parameters: one,
        body: .json(
            .named(
                "TerminalChange",
                .object(
                    .required("label", .label),
                    .required("blocked", .nullable(.reason).described("Why it is cut off; null lets it in.")))
            )),
        outcomes: [.json(200, "The terminal.", .terminalResource)], precondition: .required
    ) { call in
        let id: TerminalID = try call.name("terminal")
        let life = call.body["blocked"]?.stringValue.map { TerminalEntry.Life.blocked(reason: $0) } ?? .active
        return try call.change { act in
            let entry = try act.changeTerminal(
                id, label: call.body["label"]?.stringValue ?? "", life: life
            ) { try call.requireMatch(EntityTag(revision: $0.revision)) }
            return RestAnswer.ok(entry.json, tag: EntityTag(revision: entry.revision))
                .ringing(.terminal(id))
        }
    }

    // MARK: Enrolment

    private static let prepare = Endpoint(
        .post, "/v1/terminals/{terminal}/enrolment-codes", "prepareEnrolment", group: "terminals",
        "Makes a code by which a machine becomes this terminal, once", access: .only(.operators),
        parameters: one,
        outcomes: [
            .json(
                201, "The code, shown once.",
                .object(.required("code", .text(1...64)), .required("expiresAt", .instant)))
        ]
    ) { call in
        let id: TerminalID = try call.name("terminal")
        let code = EnrolmentCode(call.node.entropy)
        return try call.change { act in
            let until = act.now.advanced(by: Bounds.enrolmentLife)
            try act.prepareEnrolment(of: id, digest: code.digest, until: until)
            return RestAnswer.created(
                ["code": .string(code.text), "expiresAt": .string(until.description)],
                at: "/v1/terminals/\(id)"
            ).secret
        }
    }

    private static let enrol = Endpoint(
        .post, "/v1/enrolments", "enrolTerminal", group: "terminals",
        "A machine becomes a terminal: by the certificate that it shows, or by a token that it gets",
        access: .anyone,
        body: .json(
            .named(
                "Enrolment",
                .object(.required("terminal", .terminal), .required("code", .text(1...64).secret)))),
        outcomes: [
            .json(
                201, "What it is known by from now on.",
                .named(
                    "Enrolled",
                    .object(
                        .required("terminal", .terminal), .required("kind", .words("token", "certificate")),
                        .required("expiresAt", .instant), .optional("token", .text(1...200)))))
        ], isRepeatable: false
    ) { call in
        let id: TerminalID = try call.member("terminal")
        return try call.signIn.enrol(
            id, code: call.body["code"]?.stringValue ?? "", from: call.request.peer)
    }
}

extension SignIn {
    /// Wrong codes close the door of where they come from.
    func enrol(_ id: TerminalID, code: String, from peer: Peer) throws -> RestAnswer {
        try checkDoor(peer.door)
        let token = TokenText(node.entropy)
        let kind: Credential.Kind = peer.certificate == nil ? .token : .certificate
        let end = node.clock.now.advanced(by: Bounds.credentialLifeMax)
        let credential = Credential(
            id: token.id, kind: kind, subject: .terminal(id),
            digest: peer.certificate.map { Digest.sha256.hash($0) } ?? token.digest,
            scopes: Scopes.everything.text, label: "", createdAt: node.clock.now,
            createdBy: Act.Actor.terminal(id).description, expiresAt: end)
        do {
            try node.act(by: .terminal(id)) { act in
                try act.enrol(id, codeDigest: EnrolmentCode.digest(code), credential)
            }
        } catch ServiceRefusal.enrolmentCode {
            try node.act(by: .centre) { act in
                try act.countWrong(at: peer.door, max: Bounds.wrongPasswordsPerDoorMax)
                try act.noteRefusal("enrolment.refused", .terminal(id))
            }
            throw ServiceRefusal.enrolmentCode
        }
        node.bell.ring([.events, .terminal(id)])
        var object: JSONObject = [
            "terminal": .string(id.text), "kind": .string(kind.rawValue),
            "expiresAt": .string(end.description),
        ]
        if kind == .token { object["token"] = .string(token.text) }
        return RestAnswer.created(.object(object), at: "/v1/terminals/\(id)").secret
    }
}

extension Schema {
    static let terminalResource = named(
        "Terminal",
        object(
            .required("terminal", .terminal), .required("label", .label),
            .required("isBlocked", .boolean), .required("createdAt", .instant),
            .required("revision", .integer(0...Int64.max)), .optional("blocked", .reason),
            .optional("enrolledAt", .instant), .optional("enrolmentUntil", .instant)))
}

extension TerminalEntry {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "terminal": .string(id.text), "label": .string(label), "isBlocked": .bool(life != .active),
            "createdAt": .string(createdAt.description), "revision": .integer(revision),
        ]
        if case .blocked(let reason) = life { object["blocked"] = .string(reason) }
        object["enrolledAt"] = enrolledAt.map { .string($0.description) }
        object["enrolmentUntil"] = enrolment.map { .string($0.until.description) }
        return .object(object)
    }
}
