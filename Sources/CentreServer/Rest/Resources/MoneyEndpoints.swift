internal import Centre
internal import JSON
internal import Wire

/// What custody costs, and what is owed.
enum MoneyEndpoints {
    static let csvType = "text/csv"
    static let textType = "text/plain"

    static let all: [Endpoint] = [
        Endpoint(
            .get, "/v1/providers/{provider}/tariffs", "listTariffs", group: "tariffs",
            "What a provider's custody costs, cost, and will cost", access: .only(.staff.union([.provider])),
            parameters: [.path("provider", .provider)],
            outcomes: [
                .json(
                    200, "Every tariff, by application and date.",
                    .object(.required("items", .array(of: .tariff, 0...Bounds.tariffsPerProviderMax))))
            ],
            handler: { call in
                let provider = try call.ownProvider()
                return .ok(["items": .forms(try call.look { try $0.tariffs(of: provider) })])
            }),
        Endpoint(
            .post, "/v1/providers/{provider}/tariffs", "setTariff", group: "tariffs",
            "Sets a tariff from a moment on: now, or later", access: .only(.operators),
            parameters: [.path("provider", .provider)], body: .json(.newTariff),
            outcomes: [.json(201, "The tariff.", .tariff)], handler: setTariff),
        Endpoint(
            .get, "/v1/statements", "getStatement", group: "statements",
            "What a provider owes, or a holder, for a period; as JSON, CSV or a bill in text",
            access: .only(.staff.union([.provider, .holder])),
            parameters: [
                .query("provider", .provider, "Whose statement; the caller's own where nobody is named."),
                .query("holder", .holder, "Whose statement."),
                .query("month", .string(.month), "A month of the calendar in UTC."),
                .query("from", .instant, "The period's begin, where no month is named."),
                .query("until", .instant, "The period's end, which is not part of it."),
            ],
            outcomes: [
                .json(200, "The statement.", .statement),
                .other(200, "As a table, or for people.", csvType, textType),
            ],
            handler: statement),
    ]

    private static func setTariff(_ call: RestCall) throws -> RestAnswer {
        let form: TariffForm = try call.form()
        let provider: ProviderID = try call.name("provider")
        return try call.change { act in
            try act.setTariff(
                for: provider, application: form.application, basis: form.basis, rate: form.rate,
                terms: form.terms, validFrom: form.validFrom)
            let from = form.validFrom ?? act.now
            guard
                let made = try act.tariffs(of: provider).first(where: {
                    $0.application == form.application && $0.validFrom == from
                })
            else { throw Problem.notFound("tariff") }
            return .created(made.json, at: "/v1/providers/\(provider)/tariffs")
        }
    }

    private static func statement(_ call: RestCall) throws -> RestAnswer {
        let (party, period) = (try party(call), try period(call))
        let statement = try call.look { act -> Statement in
            switch party {
            case .provider(let id):
                // Told in the same words as another provider's.
                guard try act.transaction.find(Provider.self, key: .word(id)) != nil else {
                    throw ProviderRefusal.notVisible(what: "provider '\(id)'")
                }
            case .holder(let number):
                guard try act.transaction.find(Holder.self, key: .word(number)) != nil else {
                    throw HolderRefusal.unknown(number)
                }
            }
            return try act.statement(for: party, period, viewer: try act.ownViewer())
        }
        switch call.wants([Endpoint.jsonType, csvType, textType]) {
        case csvType?: return bytes(statement.csv, csvType)
        case textType?: return bytes(statement.text, textType)
        default: return bytes(statement.json, Endpoint.jsonType)
        }
    }

    private static func bytes(_ text: String, _ mediaType: String) -> RestAnswer {
        let isText = mediaType.hasPrefix("text/")
        return RestAnswer(
            200,
            .bytes(Array(text.utf8), mediaType: mediaType + (isText ? "; charset=utf-8" : "")))
    }

    private static func party(_ call: RestCall) throws -> Statement.Party {
        let provider: ProviderID? = try call.find("provider")
        let holder: HolderNumber? = try call.find("holder")
        if case .holder(let own, _) = call.principal {
            guard provider == nil, holder == nil || holder == own else {
                throw Problem.notFound("statement of that name")
            }
            return .holder(own)
        }
        switch (provider ?? call.principal.tenant, holder) {
        case (let id?, nil):
            try call.requireOwn(id)
            return .provider(id)
        case (nil, let number?): return .holder(number)
        case (nil, nil): throw Problem.parameter("provider", "Name a provider or a holder.")
        case (_?, let number?):
            guard call.principal.tenant == nil else { throw Problem.notFound("holder \(number)") }
            throw Problem.parameter("holder", "Name a provider or a holder, not both.")
        }
    }

    private static func period(_ call: RestCall) throws -> Period {
        switch (call.text("month"), call.instant("from"), call.instant("until")) {
        case (let month?, nil, nil):
            let parts = month.split(separator: "-").compactMap { Int($0) }
            guard parts.count == 2, let period = Period(year: parts[0], month: parts[1]) else {
                throw Problem.parameter("month", "This is no month.")
            }
            return period
        case (nil, let from?, let until?): return try Period(from, until)
        case (nil, let from?, nil): return try Period(from, call.now)
        case (nil, nil, nil): throw Problem.parameter("month", "Name a month, or 'from' and 'until'.")
        default: throw Problem.parameter("month", "Name a month, or 'from' and 'until', not both.")
        }
    }
}
