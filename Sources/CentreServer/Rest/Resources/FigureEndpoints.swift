internal import Centre
internal import JSON

/// How many use what (row C14): counts for providers, names for operators.
enum FigureEndpoints {
    static let all: [Endpoint] = [list, get, holders]

    private static let onlookers: Set<Role> = [.admin, .operator, .auditor, .provider]

    private static let list = Endpoint(
        .get, "/v1/figures", "listFigures", group: "figures", "How many holders use each application",
        access: .only(onlookers), parameters: Parameter.page,
        outcomes: [.json(200, "A page of figures.", .page(of: "Figures", .figures))]
    ) { call in
        let page = try call.page()
        let after = try page.after.map { try ApplicationID($0.first ?? "") }
        return try call.look { act in
            let figures = try act.figures(for: try act.viewer(), after: after, limit: page.limit)
            return call.list(figures, page, key: { [$0.application.text] }) { $0.json }
        }
    }

    private static let get = Endpoint(
        .get, "/v1/figures/{application}", "getFigures", group: "figures",
        "How many holders use an application", access: .only(onlookers),
        parameters: [.path("application", .application)],
        outcomes: [.json(200, "The figures.", .figures)]
    ) { call in
        let id: ApplicationID = try call.name("application")
        return try call.look { act in .ok(try act.figures(of: id, for: try act.viewer()).json) }
    }

    private static let holders = Endpoint(
        .get, "/v1/figures/{application}/holders", "listHoldersUsing", group: "figures",
        "Who uses an application, by user number", access: .only(.staff),
        parameters: [.path("application", .application)] + Parameter.page,
        outcomes: [
            .json(
                200, "A page of user numbers.",
                .page(of: "HolderUsing", .object(.required("holder", .holder))))
        ]
    ) { call in
        let id: ApplicationID = try call.name("application")
        let page = try call.page()
        let after = try page.after.map { try HolderNumber($0.first ?? "") }
        return try call.look { act in
            _ = try act.application(id, for: try act.viewer())
            let numbers = try act.holders(using: id, after: after, limit: page.limit)
            return call.list(numbers, page, key: { [$0.text] }) { ["holder": .string($0.text)] }
        }
    }
}

extension Schema {
    static let figures = named(
        "Figures",
        object(
            .required("application", .application), .required("provider", .provider),
            .required("holdersUsing", .integer(0...Int64.max)),
            .required("holdersNotUsing", .integer(0...Int64.max)),
            .required("inCustody", .integer(0...Int64.max))))
}

extension ApplicationFigures {
    fileprivate var json: JSONValue {
        [
            "application": .string(application.text), "provider": .string(provider.text),
            "holdersUsing": .count(holdersUsing), "holdersNotUsing": .count(holdersNotUsing),
            "inCustody": .count(inCustody),
        ]
    }
}
