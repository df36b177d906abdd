internal import Centre
internal import JSON
internal import SmartCard
internal import Wire

/// Whoever owns applications.
enum ProviderEndpoints {
    private static let path = [Parameter.path("provider", .provider)]

    static let all: [Endpoint] = [
        Endpoint(
            .get, "/v1/providers", "listProviders", group: "providers", "Providers",
            access: .only(.staff.union([.provider, .supplier])), parameters: Parameter.page,
            outcomes: [.json(200, "A page of providers.", .page(of: "Provider", .providerResource))],
            handler: list),
        Endpoint(
            .post, "/v1/providers", "registerProvider", group: "providers", "Registers a provider",
            access: .only(.operators),
            body: .json(
                .named(
                    "NewProvider",
                    .object(
                        .required("id", .provider), .required("name", .personName),
                        .required("limits", .limits), .optional("domains", .aids),
                        .optional("seesAlso", .array(of: .provider, 0...Bounds.sightMax))))),
            outcomes: [.json(201, "The provider.", .providerResource)], handler: register),
        Endpoint(
            .get, "/v1/providers/{provider}", "getProvider", group: "providers", "A provider",
            access: .only(.staff.union([.provider, .supplier])), parameters: path,
            outcomes: [.json(200, "The provider.", .providerResource)], handler: get),
        Endpoint(
            .patch, "/v1/providers/{provider}", "changeProvider", group: "providers",
            "Changes a provider's name, limits, domains and sight", access: .only(.operators),
            parameters: path,
            body: .json(
                .named(
                    "ProviderChange",
                    .object(
                        .optional("name", .personName), .optional("limits", .limits),
                        .optional("domains", .aids),
                        .optional("seesAlso", .array(of: .provider, 0...Bounds.sightMax))))),
            outcomes: [.json(200, "The provider as it is now.", .providerResource)],
            precondition: .optional, handler: change),
        Endpoint(
            .post, "/v1/providers/{provider}/suspend", "suspendProvider", group: "providers",
            "Suspends a provider: it can ask for nothing until it is resumed", access: .only(.operators),
            parameters: path, body: .json(.reasonBody),
            outcomes: [.json(200, "The provider as it is now.", .providerResource)],
            precondition: .optional,
            handler: { call in
                try call.change { act in
                    try call.requireMatch(reading: { EntityTag(of: try provider(call, act).json) })
                    try act.suspendProvider(try call.name("provider"), reason: call.reason())
                    return .ok(try provider(call, act).json)
                }
            }),
        Endpoint(
            .post, "/v1/providers/{provider}/resume", "resumeProvider", group: "providers",
            "Lifts a provider's suspension", access: .only(.operators), parameters: path,
            outcomes: [.json(200, "The provider as it is now.", .providerResource)],
            precondition: .optional,
            handler: { call in
                try call.change { act in
                    try call.requireMatch(reading: { EntityTag(of: try provider(call, act).json) })
                    try act.resumeProvider(try call.name("provider"))
                    return .ok(try provider(call, act).json)
                }
            }),
    ]

    private static func list(_ call: RestCall) throws -> RestAnswer {
        let page = try call.page()
        let providers = try call.look { act -> [Provider] in
            if let tenant = call.principal.tenant {
                return try act.transaction.find(Provider.self, key: .word(tenant)).map { [$0] } ?? []
            }
            let after = page.after?.first.map { [StoredValue.text($0)] }
            return try act.transaction.all(
                Provider.self, Query(Provider.table, after: after, limit: page.limit))
        }
        guard call.principal.tenant == nil else { return call.list(providers.map(\.json), next: nil) }
        return call.list(providers, page, key: { [$0.id.text] }, { $0.json })
    }

    private static func get(_ call: RestCall) throws -> RestAnswer {
        _ = try call.ownProvider()
        return .ok(try call.look { try provider(call, $0) }.json)
    }

    private static func provider(_ call: RestCall, _ act: Act) throws -> Provider {
        let id: ProviderID = try call.name("provider")
        guard let provider = try act.transaction.find(Provider.self, key: .word(id)) else {
            throw Problem.notFound("provider '\(id)'")
        }
        return provider
    }

    private static func register(_ call: RestCall) throws -> RestAnswer {
        let form = try call.reading { () throws(FormProblem) in try FormReader(call.body) }
        let limits: Provider.Limits = try call.reading { () throws(FormProblem) in try form.form("limits") }
        let domains = try call.reading { () throws(FormProblem) in try form.optionalAIDs("domains") }
        let id: ProviderID = try call.member("id")
        return try call.change { act in
            try act.registerProvider(
                id, name: call.body["name"]?.stringValue ?? "", limits: limits, domains: domains ?? [],
                sight: try sight(call) ?? .own)
            guard let made = try act.transaction.find(Provider.self, key: .word(id)) else {
                throw ProviderRefusal.unknown(id)
            }
            return .created(made.json, at: "/v1/providers/\(id)")
        }
    }

    private static func change(_ call: RestCall) throws -> RestAnswer {
        let form = try call.reading { () throws(FormProblem) in try FormReader(call.body) }
        let limits: Provider.Limits? = try call.reading { () throws(FormProblem) in
            try form.optionalForm("limits")
        }
        let domains = try call.reading { () throws(FormProblem) in try form.optionalAIDs("domains") }
        return try call.change { act in
            try call.requireMatch(EntityTag(of: try provider(call, act).json))
            try act.changeProvider(
                try call.name("provider"), name: call.body["name"]?.stringValue, limits: limits,
                domains: domains, sight: try sight(call))
            return .ok(try provider(call, act).json)
        }
    }

    private static func sight(_ call: RestCall) throws -> Provider.Sight? {
        let form = try call.reading { () throws(FormProblem) in try FormReader(call.body) }
        let others: [ProviderID]? = try call.reading { () throws(FormProblem) in
            try form.optionalIdentifiers("seesAlso")
        }
        return others.map { $0.isEmpty ? .own : .also($0) }
    }
}
