internal import Centre
internal import JSON
internal import Wire

/// Where cards can be reached (row A9).
enum AddressEndpoints {
    private static let path = [Parameter.path("card", .card)]

    static let all: [Endpoint] = [
        Endpoint(
            .get, "/v1/cards/{card}/addresses", "listAddresses", group: "addresses",
            "Where a card can be reached, newest first", access: .only(.staff),
            parameters: path + [
                .query("all", .boolean, "Also where it was, as far as that was not forgotten.")
            ],
            outcomes: [
                .json(
                    200, "The addresses.",
                    .object(.required("items", .array(of: .address, 0...2 * Bounds.addressesPerCardMax))))
            ],
            handler: { call in
                let lines = try call.look { act in
                    let card = try known(call, act)
                    return call.flag("all") == true ? try act.history(of: card) : try act.addresses(of: card)
                }
                return .ok(["items": .forms(lines)])
            }),
        Endpoint(
            .post, "/v1/cards/{card}/addresses", "recordAddress", group: "addresses",
            "Says where a card can be reached; it takes the place of the one of the same kind",
            access: .only(.operators), parameters: path,
            body: .json(
                .named(
                    "NewCardAddress",
                    .object(
                        .required("bearer", .words("reader", "terminal", "sms", "https")),
                        .required("address", .text(1...255)), .optional("until", .instant)))),
            outcomes: [.json(201, "The address.", .address)], handler: record),
        Endpoint(
            .delete, "/v1/cards/{card}/addresses/{ordinal}", "endAddress", group: "addresses",
            "Says that a card is not there any more", access: .only(.operators),
            parameters: path + [.path("ordinal", .integer(1...Int64.max))],
            outcomes: [.empty("It does not count any more.")], handler: end),
    ]

    private static func known(_ call: RestCall, _ act: Act) throws -> CardID {
        let card: CardID = try call.name("card")
        guard try act.transaction.find(Card.self, key: .word(card)) != nil else {
            throw AddressRefusal.cardUnknown(card)
        }
        return card
    }

    private static func record(_ call: RestCall) throws -> RestAnswer {
        let (bearer, until) = try call.reading { () throws(FormProblem) in
            let form = try FormReader(call.body)
            return (try form.bearer(), try form.optionalInstant("until"))
        }
        let card: CardID = try call.name("card")
        return try call.change { act in
            try act.recordAddress(bearer, of: card, until: until)
            guard let line = try act.addresses(of: card).first(where: { $0.bearer == bearer }) else {
                throw Problem.notFound("address")
            }
            return .created(line.json, at: "/v1/cards/\(card)/addresses/\(line.ordinal)")
                .ringing(.card(card))
        }
    }

    private static func end(_ call: RestCall) throws -> RestAnswer {
        let card: CardID = try call.name("card")
        return try call.change { act in
            let lines = try act.history(of: try known(call, act))
            guard let line = lines.first(where: { Int($0.ordinal) == call.integer("ordinal") }) else {
                throw Problem.notFound("address of this card")
            }
            try act.endAddress(line)
            return RestAnswer.noContent.ringing(.card(card))
        }
    }
}
