internal import Centre
internal import JSON
internal import SmartCard
internal import Wire

/// Versions of applications: drafted, published, withdrawn; and the load files that they are made of.
enum ReleaseEndpoints {
    /// What a CAP file comes as: it is a ZIP archive, and Java's tools call it one of theirs.
    static let capTypes = ["application/octet-stream", "application/zip", "application/java-archive"]
    /// A CAP file holds more than what goes onto a card.
    static let capBytesMax = 2 * Bounds.loadFileBytesMax

    private static let readers: Set<Role> = .staff.union([.provider, .supplier])
    private static let writers: Set<Role> = .operators.union([.provider, .supplier])
    private static let path: [Parameter] = [
        .path("application", .application), .path("version", .string(.version)),
    ]
    private static let asItIs = [Endpoint.Outcome.json(200, "The release as it is now.", .releaseResource)]

    static let all: [Endpoint] = [
        Endpoint(
            .get, "/v1/applications/{application}/releases", "listReleases", group: "releases",
            "Releases of an application", access: .only(readers),
            parameters: [.path("application", .application)] + Parameter.page,
            outcomes: [.json(200, "A page of releases.", .page(of: "Release", .releaseResource))],
            handler: list),
        Endpoint(
            .get, "/v1/applications/{application}/releases/{version}", "getRelease", group: "releases",
            "A release", access: .only(readers), parameters: path,
            outcomes: [.json(200, "The release.", .releaseResource)],
            handler: { call in .ok(try call.look { try shown(call, $0) }) }),
        Endpoint(
            .put, "/v1/applications/{application}/releases/{version}", "draftRelease", group: "releases",
            "Writes a draft, or takes the place of one", access: .only(writers), parameters: path,
            body: .json(.draft), outcomes: asItIs, precondition: .optional, handler: draft),
        Endpoint(
            .delete, "/v1/applications/{application}/releases/{version}", "discardDraft", group: "releases",
            "Discards a draft", access: .only(writers), parameters: path,
            outcomes: [.empty("It is gone.")], precondition: .optional,
            handler: { call in
                try call.change { act in
                    try requireMatch(call, act)
                    try act.discardDraft(try id(call))
                    return .noContent
                }
            }),
        Endpoint(
            .post, "/v1/applications/{application}/releases/{version}/publish", "publishRelease",
            group: "releases", "Publishes a draft: from now on cards can get it, and it never changes",
            access: .only(writers), parameters: path, outcomes: asItIs, precondition: .optional,
            handler: { call in
                try call.change { act in
                    try requireMatch(call, act)
                    try act.publish(try id(call))
                    return .ok(try shown(call, act))
                }
            }),
        Endpoint(
            .post, "/v1/applications/{application}/releases/{version}/withdraw", "withdrawRelease",
            group: "releases", "Withdraws a release: no card gets it any more", access: .only(writers),
            parameters: path, body: .json(.reasonBody), outcomes: asItIs, precondition: .optional,
            handler: { call in
                try call.change { act in
                    try requireMatch(call, act)
                    try act.withdraw(try id(call), reason: call.reason())
                    return .ok(try shown(call, act))
                }
            }),
        Endpoint(
            .post, "/v1/providers/{provider}/load-files", "uploadLoadFile", group: "releases",
            "Keeps a CAP file, once however often it comes; the answer is what a draft says about it",
            access: .only(writers), parameters: [.path("provider", .provider)],
            body: .bytes(mediaTypes: capTypes, max: capBytesMax, text: "A CAP file (Java Card VM §6)."),
            outcomes: [.json(201, "The load file.", .keptLoadFile)], handler: upload),
    ]

    private static func id(_ call: RestCall) throws -> ReleaseID {
        ReleaseID(try call.name("application"), try call.name("version"))
    }

    private static func list(_ call: RestCall) throws -> RestAnswer {
        let page = try call.page()
        let (releases, isShown) = try call.look { act -> ([Release], Bool) in
            let application = try ApplicationEndpoints.seen(call, act)
            let key = StoredValue.word(application.id)
            let after = page.after?.first.map { [key, StoredValue.text($0)] }
            let query = Query(
                Release.table, [.init("application", key)], after: after, limit: page.limit)
            return (try act.transaction.all(Release.self, query), isOwn(application, call))
        }
        return call.list(releases, page, key: { [$0.id.version.text] }, { json($0, isOwn: isShown) })
    }

    private static func shown(_ call: RestCall, _ act: Act) throws -> JSONValue {
        let application = try ApplicationEndpoints.seen(call, act)
        let release = try act.release(try id(call), for: act.viewer())
        return json(release, isOwn: isOwn(application, call))
    }

    private static func requireMatch(_ call: RestCall, _ act: Act) throws {
        try call.requireMatch(reading: { EntityTag(of: try shown(call, act)) })
    }

    /// What is written to cards to make them somebody's is for those who write it.
    private static func isOwn(_ application: Application, _ call: RestCall) -> Bool {
        switch call.principal {
        case .admin, .operator: true
        case .provider(let id), .supplier(let id): id == application.provider
        case .auditor, .terminal, .holder: false
        }
    }

    private static func json(_ release: Release, isOwn: Bool) -> JSONValue {
        guard !isOwn, case .object(var object) = release.json else { return release.json }
        object["personalisation"] = nil
        return .object(object)
    }

    private static func draft(_ call: RestCall) throws -> RestAnswer {
        let id = try id(call)
        let release = try call.reading { () throws(FormProblem) in try Release(draft: id, call.body) }
        return try call.change { act in
            let isShown = isOwn(try ApplicationEndpoints.seen(call, act), call)
            let known = try act.releases(of: id.application, for: act.viewer()).first { $0.id == id }
            try call.requireMatch(known.map { EntityTag(of: json($0, isOwn: isShown)) })
            try act.draft(release)
            let written = try act.release(id, for: act.viewer())
            // The answer is kept for a request that comes again: it does not hold what was written. Its tag is of
            // the whole, as who reads it gets it.
            var answer = RestAnswer.ok(
                json(written, isOwn: false), tag: EntityTag(of: json(written, isOwn: isShown)))
            answer.isTagOfSecrets = true
            return answer
        }
    }

    private static func upload(_ call: RestCall) throws -> RestAnswer {
        let provider = try call.ownProvider()
        let cap = try CAPImport(call.request.body)
        return try call.change { act in
            try act.keep(cap, for: provider)
            return RestAnswer(201, .json(LoadFileForm(cap).json))
        }
    }
}
