internal import CardCrypto
internal import Centre
internal import JSON
internal import SmartCard
internal import Wire

/// Holders: who they are, their passwords, whether they may get a card, what they use.
enum HolderEndpoints {
    static let all: [Endpoint] =
        [list, register, get, change, setPassword, permit, forbid, programs, newCard] + uses

    private static let one: [Parameter] = [.path("holder", .holder)]
    private static let onlookers: Set<Role> = [.admin, .operator, .auditor, .holder]

    private static let details: [Schema.Property] = [
        .required("name", .text(1...Bounds.nameBytesMax)), .optional("birthDate", .day),
        .optional("address", .text(0...Bounds.addressBytesMax)),
    ]

    // MARK: The register

    private static let list = Endpoint(
        .get, "/v1/holders", "listHolders", group: "holders", "All holders", access: .only(.staff),
        parameters: Parameter.page,
        outcomes: [.json(200, "A page of holders.", .page(of: "Holder", .holderResource))]
    ) { call in
        let page = try call.page()
        return try call.look { act in
            let after = try page.after.map { [StoredValue.word(try HolderNumber($0.first ?? ""))] }
            let holders = try act.transaction.all(
                Holder.self, Query(Holder.table, after: after, limit: page.limit))
            return call.list(holders, page, key: { [$0.number.text] }) { $0.json }
        }
    }

    private static let register = Endpoint(
        .post, "/v1/holders", "registerHolder", group: "holders", "Registers a holder",
        access: .only(.operators),
        body: .json(
            .named(
                "HolderRegistration",
                .object(
                    [.required("holder", .holder), .required("password", .password)] + details))),
        outcomes: [.json(201, "The holder.", .holderResource)]
    ) { call in
        let number: HolderNumber = try call.member("holder")
        let details = HolderDetails(json: call.body)
        let password = try call.newPassword("password")
        return try call.change { act in
            try act.registerHolder(number, details, password: password)
            let holder = try find(number, call, act)
            return .created(holder.json, at: "/v1/holders/\(number)", tag: holder.tag)
        }
    }

    private static let get = Endpoint(
        .get, "/v1/holders/{holder}", "getHolder", group: "holders", "One holder", access: .only(onlookers),
        parameters: one, outcomes: [.json(200, "The holder.", .holderResource)]
    ) { call in
        let number: HolderNumber = try call.name("holder")
        return try call.look { act in answer(try find(number, call, act)) }
    }

    private static let change = Endpoint(
        .put, "/v1/holders/{holder}", "changeHolder", group: "holders", "Changes what is known of a holder",
        access: .only(.operators), parameters: one,
        body: .json(.named("HolderDetails", .object(details))),
        outcomes: [.json(200, "The holder.", .holderResource)], precondition: .required
    ) { call in
        let details = HolderDetails(json: call.body)
        return try change(call) { act, number in try act.changeHolder(number, details) }
    }

    private static let setPassword = Endpoint(
        .put, "/v1/holders/{holder}/password", "setHolderPassword", group: "holders",
        "Sets a holder's password, and opens a door that wrong ones had closed", access: .only(.operators),
        parameters: one, body: .json(.object(.required("password", .password))),
        outcomes: [.empty("It is set.")]
    ) { call in
        let number: HolderNumber = try call.name("holder")
        let password = try call.newPassword("password")
        return try call.change { act in
            try act.changePassword(of: number, to: password)
            try act.openDoor("holder/\(number)")
            return .noContent
        }
    }

    private static let permit = Endpoint(
        .put, "/v1/holders/{holder}/issue-permission", "permitIssue", group: "holders",
        "Permits that one card is issued within a time, both days included", access: .only(.operators),
        parameters: one,
        body: .json(.object(.required("from", .day), .required("through", .day))),
        outcomes: [.json(200, "The holder.", .holderResource)], precondition: .optional
    ) { call in
        guard let first = call.body["from"]?.stringValue.flatMap({ CalendarDay($0) }),
            let last = call.body["through"]?.stringValue.flatMap({ CalendarDay($0) })
        else { throw Problem.invalid("A day is missing.") }
        return try change(call) { act, number in try act.permitIssue(for: number, from: first, through: last)
        }
    }

    private static let forbid = Endpoint(
        .delete, "/v1/holders/{holder}/issue-permission", "forbidIssue", group: "holders",
        "Takes the permission back", access: .only(.operators), parameters: one,
        outcomes: [.json(200, "The holder.", .holderResource)], precondition: .optional
    ) { call in try change(call) { act, number in try act.forbidIssue(for: number) } }

    // MARK: What they use

    private static let uses: [Endpoint] = [
        Endpoint(
            .get, "/v1/holders/{holder}/uses", "listUses", group: "holders",
            "Which applications a holder uses, or used", access: .only(onlookers), parameters: one,
            outcomes: [
                .json(
                    200, "The use flags.",
                    .object(.required("items", .array(of: .useFlag, 0...Bounds.usesPerHolderMax))))
            ]
        ) { call in
            let number: HolderNumber = try call.name("holder")
            return try call.look { act in
                _ = try find(number, call, act)
                return .ok(["items": .array(try act.useFlags(of: number).map(\.json))])
            }
        },
        Endpoint(
            .put, "/v1/holders/{holder}/uses/{application}", "setUse", group: "holders",
            "Says whether a holder uses an application; a provider for its own, where it was used before",
            access: .only([.admin, .operator, .provider, .holder]),
            parameters: one + [.path("application", .application)],
            body: .json(.object(.required("isUsed", .boolean))), outcomes: [.empty("It is so.")]
        ) { call in
            let number: HolderNumber = try call.name("holder")
            let application: ApplicationID = try call.name("application")
            return try call.change { act in
                try checkUse(of: application, by: number, call, act)
                try act.setUse(of: application, by: number, isUsed: call.body["isUsed"] == true)
                return .noContent
            }
        },
    ]

    /// A provider learns nothing of holders who never used anything of its own.
    private static func checkUse(
        of application: ApplicationID, by number: HolderNumber, _ call: RestCall, _ act: Act
    ) throws {
        guard let tenant = call.principal.tenant else {
            _ = try find(number, call, act)
            return
        }
        guard try act.transaction.find(Application.self, key: .word(application))?.provider == tenant else {
            throw HolderRefusal.applicationUnknown(application)
        }
        let flag = try act.transaction.find(UseFlag.self, key: .word(number), .word(application))
        guard flag != nil else { throw HolderRefusal.unknown(number) }
    }

    private static let programs = Endpoint(
        .get, "/v1/holders/{holder}/programs", "listPrograms", group: "holders",
        "A holder's programs, on the card and in custody, and what the centre has of each",
        access: .only(onlookers), parameters: one,
        outcomes: [
            .json(
                200, "The programs.", .object(.required("items", .array(of: .holderProgram, 0...10_000))))
        ]
    ) { call in
        let number: HolderNumber = try call.name("holder")
        return try call.look { act in
            _ = try find(number, call, act)
            // An auditor sees what an operator sees.
            return .ok(["items": .array(try act.programs(of: number).map(\.json))])
        }
    }

    // MARK: A new card

    private static let newCard = Endpoint(
        .post, "/v1/new-cards", "recordNewCard", group: "holders",
        "A holder with a blank card at a terminal: checks the password and the permission, and records the card",
        access: .only([.terminal]),
        body: .json(
            .named(
                "NewCardWish",
                .object(
                    .required("holder", .holder), .required("password", .password),
                    .required("card", .card), .required("expiry", .day)))),
        outcomes: [
            .json(
                201, "The card is the holder's: how many cards that makes.",
                .object(.required("issueNumber", .integer(1...Int64.max))))
        ]
    ) { call in
        guard case .terminal(let terminal) = call.principal,
            let expiry = call.body["expiry"]?.stringValue.flatMap({ CalendarDay($0) })
        else { throw Problem.invalid("A day is missing.") }
        let wish = NewCardWish(
            holder: try call.member("holder"), card: try call.member("card"), expiry: expiry)
        let answer = try call.signIn.recordNewCard(
            wish, password: call.secret("password"), at: terminal, request: call.idempotencyKey)
        switch answer {
        case .recorded(let number):
            call.node.bell.ring([.events, .card(wish.card)])
            return .created(["issueNumber": .count(number)], at: "/v1/cards/\(wish.card)")
        case .mismatch:
            throw Problem.known(
                "new-card-mismatch", answer.reason ?? "", remedy: answer.remedy)
        }
    }

    // MARK: Common

    /// A holder sees the own entry; another's is told as if there were none.
    static func find(_ number: HolderNumber, _ call: RestCall, _ act: Act) throws -> Holder {
        if case .holder(let own, _) = call.principal, own != number { throw HolderRefusal.unknown(number) }
        guard let holder = try act.transaction.find(Holder.self, key: .word(number)) else {
            throw HolderRefusal.unknown(number)
        }
        return holder
    }

    private static func answer(_ holder: Holder) -> RestAnswer { .ok(holder.json, tag: holder.tag) }

    private static func change(
        _ call: RestCall, _ body: (Act, HolderNumber) throws -> Void
    ) throws -> RestAnswer {
        let number: HolderNumber = try call.name("holder")
        return try call.change { act in
            try call.requireMatch(try find(number, call, act).tag)
            try body(act, number)
            return answer(try find(number, call, act))
        }
    }
}

extension RestCall {
    /// A member of the body that is a secret.
    func secret(_ name: String) -> Secret { Secret(Array((body[name]?.stringValue ?? "").utf8)) }

    /// Hashed, which takes its time: never inside a transaction, and few at once.
    func newPassword(_ name: String) throws -> PasswordVerifier {
        try signIn.gate.pass { try PasswordVerifier(secret(name), entropy: node.entropy) }
    }
}

// MARK: As JSON

extension Schema {
    static let holderResource = named(
        "Holder",
        object(
            .required("holder", .holder), .required("name", .text(1...Bounds.nameBytesMax)),
            .required("address", .text(0...Bounds.addressBytesMax)),
            .required("issueCount", .integer(0...Int64.max)), .optional("birthDate", .day),
            .optional("card", .card), .optional("cardExpiry", .day),
            .optional("issuePermission", object(.required("from", .day), .required("through", .day))),
            .optional("closedUntil", .instant)))

    static let useFlag = named(
        "UseFlag",
        object(
            .required("application", .application), .required("isUsed", .boolean),
            .required("changedAt", .instant)))

    static let holderProgram = named(
        "HolderProgram",
        object(
            .required("aid", .aid), .required("copy", .words("same", "named", "different", "none")),
            .required("isUsed", .boolean), .optional("release", .release), .optional("card", .card),
            .optional(
                "custody",
                object(
                    .required("card", .card), .required("aid", .aid),
                    .required("ordinal", .integer(1...Int64.max))))))
}

extension HolderDetails {
    fileprivate init(json value: JSONValue) {
        self.init(
            name: value["name"]?.stringValue ?? "",
            birthDate: value["birthDate"]?.stringValue.flatMap { CalendarDay($0) },
            address: value["address"]?.stringValue ?? "")
    }
}

extension Holder {
    var json: JSONValue {
        var object: JSONObject = [
            "holder": .string(number.text), "name": .string(name), "address": .string(address),
            "issueCount": .count(issueCount),
        ]
        object["birthDate"] = birthDate.map { .string($0.description) }
        object["card"] = card.map { .string($0.text) }
        object["cardExpiry"] = cardExpiry.map { .string($0.description) }
        if case .from(let first, let last) = issuePermission {
            object["issuePermission"] = [
                "from": .string(first.description), "through": .string(last.description),
            ]
        }
        object["closedUntil"] = throttle.closedUntil.map { .string($0.description) }
        return .object(object)
    }

    var tag: EntityTag { EntityTag(of: json) }
}

extension UseFlag {
    var json: JSONValue {
        [
            "application": .string(application.text), "isUsed": .bool(isUsed),
            "changedAt": .string(changedAt.description),
        ]
    }
}

extension HolderProgram {
    fileprivate var json: JSONValue {
        let copy: JSONValue =
            switch self.copy {
            case .same: "same"
            case .named: "named"
            case .different: "different"
            case .none: "none"
            }
        var object: JSONObject = [
            "aid": .string(aid.description), "copy": copy, "isUsed": .bool(isUsed),
        ]
        object["release"] = release.map { .string($0.description) }
        switch place {
        case .card(let card): object["card"] = .string(card.text)
        case .custody(let stay):
            object["custody"] = [
                "card": .string(stay.card.text), "aid": .string(stay.aid.description),
                "ordinal": .count(stay.ordinal),
            ]
        }
        return .object(object)
    }
}
