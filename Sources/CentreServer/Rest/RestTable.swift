internal import JSON

/// Everything that can be asked. Each group of endpoints adds one line.
package enum RestTable {
    package static let endpoints: [Endpoint] = {
        let endpoints = described
        return endpoints + [description(of: endpoints)]
    }()

    /// All but the description itself, which takes longer to make than all others together.
    package static var described: [Endpoint] { groups.flatMap { $0 } }

    private static let groups: [[Endpoint]] = [
        CardEndpoints.all, OfferEndpoints.all, HolderEndpoints.all, OperationEndpoints.all,
        VisitEndpoints.all,
        FigureEndpoints.all,
        SessionEndpoints.all,
        OperatorEndpoints.all, TerminalEndpoints.all,
        ProviderEndpoints.all, ApplicationEndpoints.all, ReleaseEndpoints.all, BerthEndpoints.all,
        CustodyEndpoints.all, MoneyEndpoints.all, AddressEndpoints.all, AuditEndpoints.all,
        EventEndpoints.all, WebhookEndpoints.all, VetoEndpoints.all,
    ]

    private static func description(of endpoints: [Endpoint]) -> Endpoint {
        func endpoint(_ handler: @escaping Endpoint.Handler) -> Endpoint {
            Endpoint(
                .get, "/v1/openapi.json", "getDescription", group: "description",
                "The description of this service (OpenAPI 3.1)", access: .anyone,
                outcomes: [.json(200, "The description.", .anything)], handler: handler)
        }
        let document = OpenAPI.document(endpoints + [endpoint { _ in .noContent }])
        return endpoint { _ in .ok(document) }
    }
}
