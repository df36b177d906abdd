internal import Centre
internal import JSON
internal import Wire

/// What holders can have on their cards, whether its service runs, and who uses it.
enum ApplicationEndpoints {
    private static let path = [Parameter.path("application", .application)]
    private static let readers: Set<Role> = .staff.union([.provider, .supplier])
    private static let writers: Set<Role> = .operators.union([.provider, .supplier])
    private static let changed = [
        Endpoint.Outcome.json(200, "The application as it is now.", .applicationResource)
    ]

    static let all: [Endpoint] = [
        Endpoint(
            .get, "/v1/applications", "listApplications", group: "applications",
            "Applications, in the order of their names", access: .only(readers), parameters: Parameter.page,
            outcomes: [
                .json(200, "A page of applications.", .page(of: "Application", .applicationResource))
            ],
            handler: { call in
                let page = try call.page()
                let after: ApplicationID? = try page.after?.first.map { try ApplicationID($0) }
                let applications = try call.look { act in
                    try act.applications(for: act.viewer(), after: after, limit: page.limit)
                }
                return call.list(applications, page, key: { [$0.id.text] }, { $0.json })
            }),
        Endpoint(
            .post, "/v1/applications", "registerApplication", group: "applications",
            "Registers an application", access: .only(writers),
            body: .json(
                .named(
                    "NewApplication",
                    .object(
                        .required("id", .application), .required("name", .personName),
                        .required("provider", .provider)))),
            outcomes: [.json(201, "The application.", .applicationResource)], handler: register),
        Endpoint(
            .get, "/v1/applications/{application}", "getApplication", group: "applications",
            "An application", access: .only(readers), parameters: path,
            outcomes: [.json(200, "The application.", .applicationResource)],
            handler: { call in .ok(try call.look { try seen(call, $0) }.json) }),
        Endpoint(
            .patch, "/v1/applications/{application}", "renameApplication", group: "applications",
            "Renames an application", access: .only(writers), parameters: path,
            body: .json(.named("ApplicationChange", .object(.required("name", .personName)))),
            outcomes: changed, precondition: .optional,
            handler: { call in
                try call.change { act in
                    try call.requireMatch(EntityTag(of: try seen(call, act).json))
                    let id: ApplicationID = try call.name("application")
                    try act.renameApplication(id, to: call.body["name"]?.stringValue ?? "")
                    return .ok(try seen(call, act).json)
                }
            }),
        Endpoint(
            .post, "/v1/applications/{application}/stop", "stopService", group: "applications",
            "Stops an application's service: no card gets it until it is started", access: .only(writers),
            parameters: path, body: .json(.reasonBody), outcomes: changed, precondition: .optional,
            handler: { call in
                try call.change { act in
                    try call.requireMatch(reading: { EntityTag(of: try seen(call, act).json) })
                    try act.stopService(of: try call.name("application"), reason: call.reason())
                    return .ok(try seen(call, act).json)
                }
            }),
        Endpoint(
            .post, "/v1/applications/{application}/start", "startService", group: "applications",
            "Starts an application's service again", access: .only(writers), parameters: path,
            outcomes: changed, precondition: .optional,
            handler: { call in
                try call.change { act in
                    try call.requireMatch(reading: { EntityTag(of: try seen(call, act).json) })
                    try act.startService(of: try call.name("application"))
                    return .ok(try seen(call, act).json)
                }
            }),
    ]

    /// Another provider's application is not found.
    static func seen(_ call: RestCall, _ act: Act) throws -> Application {
        try act.application(try call.name("application"), for: act.viewer())
    }

    private static func register(_ call: RestCall) throws -> RestAnswer {
        let id: ApplicationID = try call.member("id")
        let provider: ProviderID = try call.member("provider")
        try call.requireOwn(provider)
        return try call.change { act in
            try act.registerApplication(
                id, name: call.body["name"]?.stringValue ?? "", provider: provider)
            let made = try act.application(id, for: act.viewer())
            return .created(made.json, at: "/v1/applications/\(id)")
        }
    }
}
