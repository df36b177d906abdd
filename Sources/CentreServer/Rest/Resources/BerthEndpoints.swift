internal import CardCrypto
internal import Centre
internal import JSON
internal import SmartCard
internal import Wire

/// Room made ready for providers on cards (rows A1 to A5): asked for and given back by operations, because the card
/// must confirm it.
enum BerthEndpoints {
    private static let path: [Parameter] = [.path("card", .card), .path("provider", .provider)]
    private static let readers: Set<Role> = .staff.union([.provider])
    private static let writers: Set<Role> = .operators.union([.provider])

    static let all: [Endpoint] = [
        Endpoint(
            .get, "/v1/berths", "listBerths", group: "berths", "Berths: all of them, or a provider's",
            access: .only(readers),
            parameters: Parameter.page + [
                .query("provider", .provider, "Only this provider's."),
                .query("card", .card, "Only on this card."),
            ],
            outcomes: [.json(200, "A page of berths.", .page(of: "Berth", .berth))], handler: list),
        Endpoint(
            .get, "/v1/cards/{card}/berths/{provider}", "getBerth", group: "berths",
            "A provider's berth on a card", access: .only(readers), parameters: path,
            outcomes: [.json(200, "The berth.", .berth)],
            handler: { call in
                let provider = try call.ownProvider()
                let card: CardID = try call.name("card")
                let berth = try call.look { act in
                    try act.transaction.find(Berth.self, key: .word(card), .word(provider))
                }
                guard let berth else { throw BerthRefusal.none(provider) }
                return .ok(berth.json)
            }),
        Endpoint(
            .put, "/v1/cards/{card}/berths/{provider}", "reserveBerth", group: "berths",
            "Makes room ready for a provider that has none on the card", access: .only(writers),
            parameters: path,
            body: .json(.reservation),
            outcomes: [.json(202, "The operation; look there how it goes on.", .operation)],
            handler: { call in
                let provider = try call.ownProvider()
                let form: ReservationForm = try call.form()
                return try request(.reserve(form.reservation(of: provider)), call)
            }),
        Endpoint(
            .delete, "/v1/cards/{card}/berths/{provider}", "releaseBerth", group: "berths",
            "Releases a provider's room, which must be empty", access: .only(writers), parameters: path,
            outcomes: [.json(202, "The operation; look there how it goes on.", .operation)],
            handler: { call in
                try request(.release(provider: try call.ownProvider()), call)
            }),
    ]

    private static func list(_ call: RestCall) throws -> RestAnswer {
        let page = try call.page()
        var conditions: [Query.Condition] = []
        if let provider = try call.tenantFilter() { conditions.append(.init("provider", .word(provider))) }
        let card: CardID? = try call.find("card")
        if let card { conditions.append(.init("card", .word(card))) }
        let after = try page.after.map { parts -> [StoredValue] in
            guard parts.count == 2 else {
                throw Problem.parameter("cursor", "This is not a cursor that this list gave.")
            }
            return [.word(try CardID(parts[0])), .word(try ProviderID(parts[1]))]
        }
        let query = Query(Berth.table, conditions, after: after, limit: page.limit)
        let berths = try call.look { act in try act.transaction.all(Berth.self, query) }
        return call.list(berths, page, key: { [$0.card.text, $0.provider.text] }, { $0.json })
    }

    private static func request(_ wish: Wish, _ call: RestCall) throws -> RestAnswer {
        let card: CardID = try call.name("card")
        // Also who sends no key gets an operation that has a name.
        let id = try call.idempotencyKey ?? RequestID(call.node.entropy.bytes(12).hex)
        return try call.change { act in
            try call.checkSight(of: card, for: [wish], act)
            try call.check([wish], on: card, act)
            let plan = try act.plan([wish], on: card, call.node.models)
            let operation = try call.hidingOthers(on: card, act) {
                try act.requestOperation(id, plan, deadline: call.defaultDeadline(act), call.node.models)
            }
            let isOwn = call.principal.tenant == nil
            return RestAnswer.accepted(
                operation.json { _ in isOwn }, at: "/v1/cards/\(card)/operations/\(id)"
            ).ringing(.card(card))
        }
    }
}
