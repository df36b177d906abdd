internal import Centre
internal import JSON
internal import SmartCard
internal import Wire

/// What somebody with a card in hand can choose from. That there is such an application is no secret; everything else
/// about it is its provider's.
enum OfferEndpoints {
    static let all: [Endpoint] = [
        Endpoint(
            .get, "/v1/cards/{card}/offers", "listOffers", group: "cards",
            "Applications that the card could get: published for its profile, in service, and not on it",
            access: .only([.admin, .operator, .auditor, .holder, .terminal]),
            parameters: [.path("card", .card)] + Parameter.page,
            outcomes: [.json(200, "A page of offers.", .page(of: "Offer", offer))]
        ) { call in
            let id: CardID = try call.name("card")
            let page = try call.page()
            let after: ApplicationID? = try page.after?.first.map { try ApplicationID($0) }
            return try call.look { act in
                let dossier = try call.dossier(of: id, act)
                let present = Set(dossier.applications.compactMap { $0.release?.application })
                let candidates = try act.applications(for: .everything, after: after, limit: page.limit)
                let offered = try candidates.filter {
                    try !present.contains($0.id) && isOffered($0, on: dossier.card.profile, act)
                }
                let next = candidates.count < page.limit ? nil : candidates.last.map { [$0.id.text] }
                return call.list(
                    offered.map { ["application": .string($0.id.text), "name": .string($0.name)] }, next: next
                )
            }
        }
    ]

    private static let offer = Schema.named(
        "Offer",
        .object(.required("application", .application), .required("name", .text(1...Bounds.nameBytesMax))))

    private static func isOffered(
        _ application: Application, on profile: ProfileName, _ act: Act
    ) throws -> Bool {
        guard application.service == .running else { return false }
        return try act.releases(of: application.id, for: .everything).contains { release in
            guard case .published = release.life else { return false }
            return release.isCompatible(with: profile)
        }
    }
}
