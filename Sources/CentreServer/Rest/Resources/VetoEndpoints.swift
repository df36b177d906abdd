internal import Centre
internal import JSON
internal import Wire

/// What may not leave a card to make room for others, because its provider or the holder does not want it.
enum VetoEndpoints {
    private static let application = [Parameter.path("application", .application)]
    private static let holder = [Parameter.path("holder", .holder)]
    private static let providers: Set<Role> = .operators.union([.provider, .supplier])
    private static let holders: Set<Role> = .operators.union([.holder])

    private static let veto = Schema.named(
        "Veto",
        .object(
            .required("application", .application), .required("reason", .reason),
            .required("since", .instant)))

    static let all: [Endpoint] = [
        Endpoint(
            .put, "/v1/applications/{application}/veto", "vetoLeaving", group: "applications",
            "No card gives the application up to make room; its provider wants it so",
            access: .only(providers), parameters: application, body: .json(.reasonBody),
            outcomes: [.json(200, "The veto.", veto)], precondition: .optional
        ) { call in
            try call.change { act in
                let id = try ApplicationEndpoints.seen(call, act).id
                try requireMatch(call, act, id)
                try act.veto(id, reason: call.reason())
                return .ok(try act.veto(on: id)?.json ?? [:])
            }
        },
        Endpoint(
            .delete, "/v1/applications/{application}/veto", "liftVeto", group: "applications",
            "Takes the provider's veto back", access: .only(providers), parameters: application,
            outcomes: [.empty("There is none any more.")], precondition: .optional
        ) { call in
            try call.change { act in
                let id = try ApplicationEndpoints.seen(call, act).id
                try requireMatch(call, act, id)
                try act.liftVeto(id)
                return .noContent
            }
        },
        Endpoint(
            .get, "/v1/holders/{holder}/vetoes", "listVetoes", group: "holders",
            "What leaves no card of the holder to make room, because the holder wants it so",
            access: .only(holders.union([.auditor])), parameters: holder,
            outcomes: [
                .json(
                    200, "The vetoes.",
                    .object(.required("items", .array(of: veto, 0...Bounds.vetoesPerHolderMax))))
            ]
        ) { call in
            let number: HolderNumber = try call.name("holder")
            return try call.look { act in
                _ = try HolderEndpoints.find(number, call, act)
                return .ok(["items": .array(try act.vetoes(of: number).map(\.json))])
            }
        },
        Endpoint(
            .put, "/v1/holders/{holder}/vetoes/{application}", "vetoLeavingForHolder", group: "holders",
            "No card of the holder gives the application up to make room",
            access: .only(holders), parameters: holder + application, body: .json(.reasonBody),
            outcomes: [.empty("It is so.")]
        ) { call in
            try change(call) { act, number, application in
                try act.veto(application, for: number, reason: call.reason())
            }
        },
        Endpoint(
            .delete, "/v1/holders/{holder}/vetoes/{application}", "liftVetoForHolder", group: "holders",
            "Takes the holder's veto back", access: .only(holders), parameters: holder + application,
            outcomes: [.empty("There is none any more.")]
        ) { call in
            try change(call) { act, number, application in try act.liftVeto(application, for: number) }
        },
    ]

    private static func requireMatch(_ call: RestCall, _ act: Act, _ id: ApplicationID) throws {
        try call.requireMatch(reading: { try act.veto(on: id).map { EntityTag(of: $0.json) } })
    }

    private static func change(
        _ call: RestCall, _ body: (Act, HolderNumber, ApplicationID) throws -> Void
    ) throws -> RestAnswer {
        let number: HolderNumber = try call.name("holder")
        let application: ApplicationID = try call.name("application")
        return try call.change { act in
            _ = try HolderEndpoints.find(number, call, act)
            try body(act, number, application)
            return .noContent
        }
    }
}

extension ProviderVeto {
    fileprivate var json: JSONValue {
        [
            "application": .string(application.text), "reason": .string(reason),
            "since": .string(since.description),
        ]
    }
}

extension HolderVeto {
    fileprivate var json: JSONValue {
        [
            "application": .string(application.text), "reason": .string(reason),
            "since": .string(since.description),
        ]
    }
}
