internal import CardManagement
internal import Centre
internal import JSON
internal import SmartCard
internal import Wire

/// Cards: what they are, what is on them, how their room is shared.
enum CardEndpoints {
    static let all: [Endpoint] =
        [list, register, get, contents, room, setExpiry, assign, setStay, audit] + life + drift

    private static let one: [Parameter] = [.path("card", .card)]
    private static let onlookers: Set<Role> = [.admin, .operator, .auditor, .provider, .holder, .terminal]

    private static let list = Endpoint(
        .get, "/v1/cards", "listCards", group: "cards",
        "Cards: all of them, those where a provider has a berth or an application, or a holder's own",
        access: .only([.admin, .operator, .auditor, .provider, .holder]),
        parameters: Parameter.page + [.query("holder", .holder, "Only this holder's.")],
        outcomes: [.json(200, "A page of cards.", .page(of: "Card", .cardResource))]
    ) { call in
        let page = try call.page()
        return try call.look { act in
            if case .provider(let provider) = call.principal {
                return try cards(of: provider, call, page, act)
            }
            let cards = try cards(call, page, act)
            return call.list(cards, page, key: { [$0.id.text] }) { $0.json(for: call.principal) }
        }
    }

    private static func cards(_ call: RestCall, _ page: Page, _ act: Act) throws -> [Card] {
        let after = try page.after.map { [StoredValue.word(try CardID($0.first ?? ""))] }
        var holder: HolderNumber? = try call.find("holder")
        switch call.principal {
        case .holder(let number, _):
            guard holder == nil || holder == number else { return [] }
            holder = number
        case .admin, .operator, .auditor, .provider, .supplier, .terminal: break
        }
        let conditions = holder.map { [Query.Condition("holder", .word($0))] } ?? []
        return try act.transaction.all(
            Card.self, Query(Card.table, conditions, after: after, limit: page.limit))
    }

    private static func cards(
        of provider: ProviderID, _ call: RestCall, _ page: Page, _ act: Act
    ) throws -> RestAnswer {
        // Whose card it is, is not a provider's business: it does not ask by it.
        guard call.text("holder") == nil else { return call.list([], next: nil) }
        let sight = try ProviderSight(
            of: provider, after: page.after.map { try CardID($0.first ?? "") }, limit: page.limit,
            act.transaction)
        let cards = try sight.cards.compactMap { try act.transaction.find(Card.self, key: .word($0)) }
        return call.list(
            cards.map { $0.json(for: call.principal) },
            next: sight.isMore ? sight.cards.last.map { [$0.text] } : nil)
    }

    private static let register = Endpoint(
        .post, "/v1/cards", "registerCard", group: "cards", "Registers a card",
        access: .only(.operators),
        body: .json(
            .named(
                "CardRegistration",
                .object(
                    .required("card", .card), .required("profile", .string(.profile)),
                    .required("issuerDomain", .aid), .required("keySet", Schema.keySet),
                    .optional("expiry", .day)))),
        outcomes: [.json(201, "The card.", .cardResource)]
    ) { call in
        let registration = try CardRegistration(json: call.body)
        return try call.change { act in
            let id = try act.registerCard(registration).id
            let card = try dossier(id, call, act).card
            return .created(
                card.json(for: call.principal), at: "/v1/cards/\(id)", tag: EntityTag(revision: card.revision)
            )
        }
    }

    private static let get = Endpoint(
        .get, "/v1/cards/{card}", "getCard", group: "cards", "One card", access: .only(onlookers),
        parameters: one, outcomes: [.json(200, "The card.", .cardResource)]
    ) { call in
        let id: CardID = try call.name("card")
        return try call.look { act in answer(try dossier(id, call, act), call) }
    }

    private static let contents = Endpoint(
        .get, "/v1/cards/{card}/contents", "getCardContents", group: "cards",
        "What is on the card, as last read; a provider sees its own", access: .only(onlookers),
        parameters: one, outcomes: [.json(200, "Applications and load files.", Schema.contents)]
    ) { call in
        let id: CardID = try call.name("card")
        return try call.look { act in
            let dossier = try dossier(id, call, act)
            let names = try act.transaction.catalogueNames(of: dossier.names)
            let applications = dossier.applications.filter { call.sees(names.owner(of: $0)) }
            let loadFiles = dossier.loadFiles.filter { call.sees(names.owner(of: $0)) }
            return .ok([
                "applications": .array(applications.map(\.json)), "loadFiles": .array(loadFiles.map(\.json)),
            ])
        }
    }

    private static let room = Endpoint(
        .get, "/v1/cards/{card}/room", "getCardRoom", group: "cards",
        "Whose the card's memory is; a provider sees what is there for it", access: .only(onlookers),
        parameters: one, outcomes: [.json(200, "The accounts.", roomSchema)]
    ) { call in
        let id: CardID = try call.name("card")
        return try call.lookLocking { act in
            _ = try dossier(id, call, act)
            let ledger = try act.ledger(of: id, call.node.models)
            var object = JSONObject()
            if call.principal.tenant == nil { object["account"] = ledger.account.json }
            object["providers"] = .array(
                ledger.dossier.berths.filter { call.sees($0.provider) }.map { line($0.provider, ledger) })
            if let tenant = call.principal.tenant, ledger.dossier.berth(of: tenant) == nil {
                object["providers"] = [line(tenant, ledger)]
            }
            return .ok(.object(object))
        }
    }

    private static func line(_ provider: ProviderID, _ ledger: BerthLedger) -> JSONValue {
        var object: JSONObject = [
            "provider": .string(provider.text), "used": ledger.used(by: provider).json,
            "available": ledger.available(to: provider).json,
        ]
        object["allowance"] = ledger.allowance(of: provider)?.json
        return .object(object)
    }

    private static let roomSchema = Schema.named(
        "CardRoom",
        .object(
            .optional(
                "account",
                .object(
                    .required("sum", .room), .required("used", .room), .required("reservedOnCard", .room),
                    .required("reservedInLedger", .room), .required("free", .room),
                    .required("shortage", .room), .required("isMeasured", .boolean))),
            .required(
                "providers",
                .array(
                    of: .object(
                        .required("provider", .provider), .required("used", .room),
                        .required("available", .room), .optional("allowance", .room)),
                    0...Bounds.berthsPerCardMax))))

    // MARK: Changes

    private static let setExpiry = Endpoint(
        .put, "/v1/cards/{card}/expiry", "setCardExpiry", group: "cards",
        "Says through which day the card may be used", access: .only(.operators), parameters: one,
        body: .json(.object(.required("expiry", .nullable(.day)))),
        outcomes: [.json(200, "The card.", .cardResource)], precondition: .optional
    ) { call in
        try change(call) { act, id in
            try act.setExpiry(of: id, to: call.body["expiry"]?.stringValue.flatMap { CalendarDay($0) })
        }
    }

    private static let assign = Endpoint(
        .put, "/v1/cards/{card}/holder", "assignCard", group: "cards", "Hands the card to a holder",
        access: .only(.operators), parameters: one, body: .json(.object(.required("holder", .holder))),
        outcomes: [.json(200, "The card.", .cardResource)], precondition: .optional
    ) { call in
        let holder: HolderNumber = try call.member("holder")
        return try change(call) { act, id in try act.assignCard(id, to: holder) }
    }

    private static let setStay = Endpoint(
        .put, "/v1/cards/{card}/applications/{aid}/stay", "setStay", group: "cards",
        "Says what is wanted of an application when room is needed",
        access: .only([.admin, .operator, .holder]), parameters: one + [.path("aid", .aid)],
        body: .json(Schema.stay), outcomes: [.json(200, "The card.", .cardResource)],
        precondition: .optional
    ) { call in
        let aid = try AID(hex: call.text("aid") ?? "")
        if call.body["kind"] == "pinned", call.body["reason"] == nil {
            throw Problem.member("/reason", "A pinned application needs a reason.")
        }
        return try change(call) { act, id in
            try act.setStay(of: aid, on: id, to: InstalledApplication.Stay(json: call.body))
        }
    }

    private static let life: [Endpoint] = [
        lifeEndpoint("block", "blockCard", "Serves the card no more until this is lifted") {
            act, id, reason in
            try act.blockCard(id, reason: reason)
        },
        lifeEndpoint("retire", "retireCard", "Never serves the card again") { act, id, reason in
            try act.retireCard(id, reason: reason)
        },
        Endpoint(
            .post, "/v1/cards/{card}/unblock", "unblockCard", group: "cards", "Lifts the block of a card",
            access: .only(.operators), parameters: one, outcomes: [.json(200, "The card.", .cardResource)],
            precondition: .optional
        ) { call in try change(call) { act, id in try act.unblockCard(id) } },
    ]

    private static func lifeEndpoint(
        _ word: String, _ name: String, _ text: String,
        _ body: @escaping @Sendable (Act, CardID, String) throws -> Void
    ) -> Endpoint {
        Endpoint(
            .post, PathTemplate(stringLiteral: "/v1/cards/{card}/\(word)"), name, group: "cards", text,
            access: .only(.operators), parameters: one,
            body: .json(.object(.required("reason", .reason))),
            outcomes: [.json(200, "The card.", .cardResource)], precondition: .optional
        ) { call in
            try change(call) { act, id in try body(act, id, call.body["reason"]?.stringValue ?? "") }
        }
    }

    // MARK: Drift

    private static let drift: [Endpoint] = [
        Endpoint(
            .get, "/v1/cards/{card}/drift", "getDrift", group: "cards",
            "What is on the card otherwise than the centre left it", access: .only(.staff), parameters: one,
            outcomes: [.json(200, "The findings.", driftSchema)]
        ) { call in
            let id: CardID = try call.name("card")
            return try call.look { act in
                let dossier = try dossier(id, call, act)
                var object: JSONObject = [
                    "findings": .array(
                        dossier.findings.map { finding in
                            var line: JSONObject = [
                                "number": .count(finding.number), "words": .string(finding.words),
                                "foundAt": .string(finding.foundAt.description),
                            ]
                            line["aid"] = finding.aid.map { .string($0.description) }
                            return .object(line)
                        })
                ]
                object["words"] = dossier.card.inventory?.drift.map { .string($0) }
                return .ok(.object(object))
            }
        },
        Endpoint(
            .post, "/v1/cards/{card}/drift/accept", "acceptDrift", group: "cards",
            "Takes what is on the card as true", access: .only(.operators), parameters: one,
            outcomes: [.json(200, "The card.", .cardResource)], precondition: .optional
        ) { call in
            try change(call) { act, id in
                try act.acceptDrift(of: id, sizes: try act.ledger(of: id, call.node.models).sizes)
            }
        },
        Endpoint(
            .post, "/v1/cards/{card}/drift/repair", "repairDrift", group: "cards",
            "Gives what to wish so that the card becomes as it was, and what no wish can do",
            access: .only(.operators), parameters: one,
            outcomes: [.json(200, "Wishes to request, and what people must do.", repairSchema)],
            precondition: .optional
        ) { call in
            let id: CardID = try call.name("card")
            return try call.change { act in
                try call.requireMatch(EntityTag(revision: try act.dossier(of: id).card.revision))
                let repair = try act.repairDrift(of: id)
                return .ok([
                    "wishes": .array(repair.wishes.map(\.json)),
                    "byHand": .array(repair.byHand.map { .string($0) }),
                ]).ringing(.card(id))
            }
        },
    ]

    private static let driftSchema = Schema.named(
        "Drift",
        .object(
            .optional("words", .text(0...10_000)),
            .required(
                "findings",
                .array(
                    of: .object(
                        .required("number", .integer(0...1_000)), .required("words", .text(0...10_000)),
                        .required("foundAt", .instant), .optional("aid", .aid)),
                    0...Bounds.driftFindingsMax))))

    private static let repairSchema = Schema.named(
        "DriftRepair",
        .object(
            .required("wishes", .array(of: .wish, 0...Bounds.driftFindingsMax * 2)),
            .required("byHand", .array(of: .text(0...10_000), 0...Bounds.driftFindingsMax))))

    // MARK: Audit

    private static let audit = Endpoint(
        .get, "/v1/cards/{card}/audit", "listCardAudit", group: "audit",
        "What was done to the card, in order",
        access: .only(.staff), parameters: one + Parameter.page,
        outcomes: [.json(200, "A page of the card's chain.", .page(of: "AuditEntry", .auditEntry))]
    ) { call in
        let id: CardID = try call.name("card")
        let page = try call.page()
        return try call.look { act in
            _ = try dossier(id, call, act)
            return try call.audit(.card(id), page, act)
        }
    }

    // MARK: Common

    private static func dossier(_ id: CardID, _ call: RestCall, _ act: Act) throws -> CardDossier {
        try call.dossier(of: id, act)
    }

    private static func answer(_ dossier: CardDossier, _ call: RestCall) -> RestAnswer {
        .ok(dossier.card.json(for: call.principal), tag: EntityTag(revision: dossier.card.revision))
    }

    /// A change of one card, on the state that the caller decided on; whoever waits for the card is told.
    private static func change(
        _ call: RestCall, _ body: (Act, CardID) throws -> Void
    ) throws -> RestAnswer {
        let id: CardID = try call.name("card")
        return try call.change { act in
            let before = try dossier(id, call, act)
            try call.requireMatch(EntityTag(revision: before.card.revision))
            try body(act, id)
            return answer(try dossier(id, call, act), call).ringing(.card(id))
        }
    }
}

extension CardRegistration {
    fileprivate init(json value: JSONValue) throws {
        var identity = CardIdentity()
        identity.issuerDomain = try AID(hex: value["issuerDomain"]?.stringValue ?? "")
        self.init(
            identity: identity, profile: try ProfileName(value["profile"]?.stringValue ?? ""),
            keySet: try Card.KeySet(json: value["keySet"] ?? .null),
            name: try CardID(value["card"]?.stringValue ?? ""),
            expiry: value["expiry"]?.stringValue.flatMap { CalendarDay($0) })
    }
}
