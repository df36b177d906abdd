internal import Centre
internal import JSON
internal import SmartCard
internal import Wire

/// What left cards, and lives in the vault.
enum CustodyEndpoints {
    private static let path: [Parameter] = [
        .path("card", .card), .path("aid", .aid), .path("stay", .integer(1...Int64(Int32.max))),
    ]

    static let all: [Endpoint] = [
        Endpoint(
            .get, "/v1/custody", "listCustody", group: "custody",
            "Stays in custody: of a card, of a holder, of a provider, with what they cost until now",
            access: .only(.staff.union([.provider, .holder])),
            parameters: Parameter.page + [
                .query("card", .card, "The card that they left."),
                .query("holder", .holder, "Whose they are."),
                .query("provider", .provider, "Whose applications they are."),
                .query("open", .boolean, "Only those that last (true), or that are over (false)."),
            ],
            outcomes: [.json(200, "A page of stays.", .page(of: "Custody", .custody))], handler: list),
        Endpoint(
            .get, "/v1/custody/{card}/{aid}/{stay}", "getCustody", group: "custody",
            "A stay in custody, with what it costs until now",
            access: .only(.staff.union([.provider, .holder])), parameters: path,
            outcomes: [.json(200, "The stay.", .custody)],
            handler: { call in
                .ok(try call.look { act in try json(try seen(call, act), act) })
            }),
        Endpoint(
            .post, "/v1/custody/{card}/{aid}/{stay}/dismiss", "dismissCustody", group: "custody",
            "Gives up the vault's copy for good; it cannot be had back",
            access: .only(.operators.union([.provider])), parameters: path, body: .json(.reasonBody),
            outcomes: [.json(200, "The stay as it is now.", .custody)], handler: dismiss),
    ]

    private static func list(_ call: RestCall) throws -> RestAnswer {
        let page = try call.page()
        var conditions: [Query.Condition] = []
        if let provider = try call.tenantFilter() { conditions.append(.init("provider", .word(provider))) }
        let card: CardID? = try call.find("card")
        if let card { conditions.append(.init("card", .word(card))) }
        if let holder = try holder(call) { conditions.append(.init("holder", .word(holder))) }
        return try call.look { act in
            let (stays, next) = try stays(call, page, conditions, act)
            return call.list(try stays.map { try json($0, act) }, next: next)
        }
    }

    /// A page of what the query names; whether a stay lasts is not a column, so pages are read until one is full, but
    /// never endlessly: then the page is shorter, and goes on.
    private static func stays(
        _ call: RestCall, _ page: Page, _ conditions: [Query.Condition], _ act: Act
    ) throws -> (stays: [Custody], next: [String]?) {
        var query = Query(Custody.table, conditions, after: try after(page), limit: page.limit)
        var found: [Custody] = []
        for _ in 0..<10 {
            let rows = try act.transaction.all(Custody.self, query)
            for row in rows {
                query.after = row.keyValues
                if call.flag("open").map({ $0 == row.isOpen }) ?? true { found.append(row) }
                if found.count == page.limit { return (found, key(row)) }
            }
            guard rows.count == query.limit, let last = rows.last else { return (found, nil) }
            if found.isEmpty || call.flag("open") != nil { continue }
            return (found, key(last))
        }
        let last = query.after.map { values in
            values.map { value -> String in
                switch value {
                case .text(let text): text
                case .bytes(let bytes): bytes.hex
                case .integer(let number): String(number)
                case .null: ""
                }
            }
        }
        return (found, last)
    }

    private static func key(_ stay: Custody) -> [String] {
        [stay.card.text, stay.aid.description, String(stay.ordinal)]
    }

    private static func after(_ page: Page) throws -> [StoredValue]? {
        guard let parts = page.after else { return nil }
        guard parts.count == 3, let card = try? CardID(parts[0]), let aid = try? AID(hex: parts[1]),
            let ordinal = Int(parts[2])
        else { throw Problem.parameter("cursor", "This is not a cursor that this list gave.") }
        return [.word(card), .aid(aid), .count(ordinal)]
    }

    /// A holder sees the own ones; whose a stay is, is not a provider's business.
    private static func holder(_ call: RestCall) throws -> HolderNumber? {
        let asked: HolderNumber? = try call.find("holder")
        switch call.principal {
        case .holder(let own, _):
            guard asked == nil || asked == own else { throw Problem.notFound("custody of that holder") }
            return own
        case .provider, .supplier:
            guard asked == nil else { throw Problem.notFound("custody of that holder") }
            return nil
        case .admin, .operator, .auditor, .terminal: return asked
        }
    }

    /// What is another's is not found.
    private static func seen(_ call: RestCall, _ act: Act) throws -> Custody {
        let card: CardID = try call.name("card")
        let key = (StoredValue.word(card), StoredValue.aid(try call.aid("aid")))
        let stay = try act.transaction.find(
            Custody.self, key: key.0, key.1, .count(call.integer("stay") ?? 0))
        guard let stay, isSeen(stay, call) else { throw CustodyRefusal.unknown }
        return stay
    }

    private static func isSeen(_ stay: Custody, _ call: RestCall) -> Bool {
        switch call.principal {
        case .admin, .operator, .auditor: true
        case .provider(let id): stay.provider == id
        case .holder(let number, _): stay.holder == number
        case .supplier, .terminal: false
        }
    }

    /// With the running cost; to a provider without the name of the holder.
    private static func json(_ custody: Custody, _ act: Act) throws -> JSONValue {
        guard case .object(var object) = custody.json else { return custody.json }
        if case .provider = act.actor { object["holder"] = nil }
        if let stay = Stay(custody) { object["cost"] = try act.runningCost(of: stay)?.json }
        return .object(object)
    }

    private static func dismiss(_ call: RestCall) throws -> RestAnswer {
        try call.change { act in
            let stay = try seen(call, act)
            guard var card = try act.transaction.lock(Card.self, key: .word(stay.card)) else {
                throw CustodyRefusal.unknown
            }
            let locked = try act.transaction.stay(stay.card, stay.aid, stay.ordinal)
            let after = try act.dismiss(locked, reason: call.reason(), on: &card)
            act.transaction.put(card)
            return RestAnswer.ok(try json(after, act)).ringing(.card(stay.card))
        }
    }
}
