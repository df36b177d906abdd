package import Centre
package import JSON
internal import SmartCard

extension Custody: Form {
    package var json: JSONValue {
        let state = state.members
        return .object(
            JSONObject(members: [
                ("card", .name(card)), ("aid", .aid(aid)), ("stay", .count(ordinal)),
                ("release", .string(release.description)), ("provider", .name(provider)),
                ("holder", holder.map(JSONValue.name)), ("parking", parking.json),
                ("state", .string(state.word)), ("since", state.since.map(JSONValue.instant)),
                ("destination", state.destination.map(JSONValue.name)),
                ("reason", state.reason.map(JSONValue.string)), ("openedAt", .instant(openedAt)),
                ("heldSince", heldSince.map(JSONValue.instant)), ("bytes", .count(imageBytes)),
                ("digest", .hex(digest)), ("generation", .integer(Int64(generation))),
                ("lineage", .hex(lineage)), ("format", .integer(Int64(format))), ("room", room.json),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(
            card: try form.identifier("card"), aid: try form.aid("aid"), ordinal: try form.count("stay"),
            release: try form.release("release"), provider: try form.identifier("provider"),
            holder: try form.optionalIdentifier("holder"), parking: try form.parking("parking"),
            state: try State(form), generation: try form.unsigned("generation"),
            lineage: try form.optionalBytes("lineage") ?? [], format: try form.unsigned("format"),
            imageBytes: try form.count("bytes"), digest: try form.optionalBytes("digest") ?? [],
            room: try form.form("room"), openedAt: try form.instant("openedAt"),
            heldSince: try form.optionalInstant("heldSince"))
    }
}

extension FormReader {
    fileprivate func unsigned(_ name: String) throws(FormProblem) -> UInt32 {
        guard let number = UInt32(exactly: try integer(name)) else {
            throw problem(name, "has more than four bytes")
        }
        return number
    }
}

extension Custody.State {
    fileprivate var members: (word: String, since: Instant?, destination: CardID?, reason: String?) {
        switch self {
        case .frozen: ("frozen", nil, nil, nil)
        case .provisional: ("provisional", nil, nil, nil)
        case .surrendering: ("surrendering", nil, nil, nil)
        case .held(let since): ("held", since, nil, nil)
        case .returning(let card, let since): ("returning", since, card, nil)
        case .returned(let card, let at): ("returned", at, card, nil)
        case .discarded(let at, let reason): ("discarded", at, nil, reason)
        }
    }

    fileprivate init(_ form: FormReader) throws(FormProblem) {
        let word = try form.text("state")
        let since = try form.optionalInstant("since")
        let destination: CardID? = try form.optionalIdentifier("destination")
        switch (word, since, destination, try form.optionalText("reason")) {
        case ("frozen", nil, nil, nil): self = .frozen
        case ("provisional", nil, nil, nil): self = .provisional
        case ("surrendering", nil, nil, nil): self = .surrendering
        case ("held", let since?, nil, nil): self = .held(since: since)
        case ("returning", let since?, let card?, nil): self = .returning(to: card, since: since)
        case ("returned", let at?, let card?, nil): self = .returned(to: card, at: at)
        case ("discarded", let at?, nil, let reason?): self = .discarded(at: at, reason: reason)
        default: throw form.problem("state", "does not go with what stands beside it")
        }
    }
}

extension Tariff: Form {
    package var json: JSONValue {
        .object(
            JSONObject(members: [
                ("provider", .name(provider)), ("application", application.map(JSONValue.name)),
                ("validFrom", .instant(validFrom)), ("basis", .string(basis.word)), ("rate", .integer(rate)),
                ("currency", .string(terms.currency.code)), ("freeDays", .count(terms.freeDays)),
                ("minimum", .integer(terms.minimum)), ("cap", terms.cap.map(JSONValue.integer)),
                ("recordedAt", .instant(recordedAt)),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        let tariff = try TariffForm(form: &form)
        self.init(
            provider: try form.identifier("provider"), application: tariff.application,
            validFrom: try form.instant("validFrom"), basis: tariff.basis, rate: tariff.rate,
            terms: tariff.terms, recordedAt: try form.instant("recordedAt"))
    }
}

extension Tariff.Basis {
    fileprivate var word: String {
        switch self {
        case .day: "day"
        case .kilobyteDay: "kilobyte-day"
        }
    }

    fileprivate init?(word: String) {
        switch word {
        case "day": self = .day
        case "kilobyte-day": self = .kilobyteDay
        default: return nil
        }
    }
}

/// A tariff as it is asked for; `rate` is in millionths of the minor unit.
package struct TariffForm: Form, Hashable {
    package var application: ApplicationID?
    /// `nil`: from now on.
    package var validFrom: Instant?
    package var basis: Tariff.Basis
    package var rate: Int64
    package var terms: Tariff.Terms

    package init(
        application: ApplicationID? = nil, validFrom: Instant? = nil, basis: Tariff.Basis, rate: Int64,
        terms: Tariff.Terms
    ) {
        self.application = application
        self.validFrom = validFrom
        self.basis = basis
        self.rate = rate
        self.terms = terms
    }

    package var json: JSONValue {
        .object(
            JSONObject(members: [
                ("application", application.map(JSONValue.name)),
                ("validFrom", validFrom.map(JSONValue.instant)), ("basis", .string(basis.word)),
                ("rate", .integer(rate)), ("currency", .string(terms.currency.code)),
                ("freeDays", .count(terms.freeDays)), ("minimum", .integer(terms.minimum)),
                ("cap", terms.cap.map(JSONValue.integer)),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        let terms = Tariff.Terms(
            currency: try form.word("currency", "a currency of ISO 4217") { Currency($0) },
            freeDays: try form.optionalCount("freeDays") ?? 0,
            minimum: try form.optionalInteger("minimum") ?? 0, cap: try form.optionalInteger("cap"))
        self.init(
            application: try form.optionalIdentifier("application"),
            validFrom: try form.optionalInstant("validFrom"),
            basis: try form.word("basis", "'day' or 'kilobyte-day'") { Tariff.Basis(word: $0) },
            rate: try form.integer("rate"), terms: terms)
    }
}
