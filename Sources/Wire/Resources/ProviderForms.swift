package import Centre
package import JSON
internal import SmartCard

extension Provider.Limits: Form {
    package var json: JSONValue { ["roomPerCard": roomPerCard.json, "cardsMax": .count(cardsMax)] }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(roomPerCard: try form.form("roomPerCard"), cardsMax: try form.count("cardsMax"))
    }
}

extension Provider: Form {
    package var json: JSONValue {
        let (life, reason): (String, String?) =
            switch self.life {
            case .active: ("active", nil)
            case .suspended(let reason): ("suspended", reason)
            }
        let seesAlso: [ProviderID] =
            switch sight {
            case .own: []
            case .also(let others): others
            }
        return .object(
            JSONObject(members: [
                ("id", .name(id)), ("name", .string(name)), ("life", .string(life)),
                ("reason", reason.map(JSONValue.string)), ("limits", limits.json),
                ("domains", .aids(domains)), ("seesAlso", .names(seesAlso)),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        let others: [ProviderID] = try form.optionalIdentifiers("seesAlso") ?? []
        self.init(
            id: try form.identifier("id"), name: try form.text("name"), life: try Life(form),
            limits: try form.form("limits"), domains: try form.optionalAIDs("domains") ?? [],
            sight: others.isEmpty ? .own : .also(others))
    }
}

extension Provider.Life {
    fileprivate init(_ form: FormReader) throws(FormProblem) {
        switch (try form.text("life"), try form.optionalText("reason")) {
        case ("active", nil): self = .active
        case ("suspended", let reason?): self = .suspended(reason: reason)
        default: throw form.problem("life", "is neither 'active' nor 'suspended' with a reason")
        }
    }
}

extension ApplicationFigures: Form {
    package var json: JSONValue {
        [
            "application": .name(application), "provider": .name(provider),
            "holdersUsing": .count(holdersUsing), "holdersNotUsing": .count(holdersNotUsing),
            "inCustody": .count(inCustody),
        ]
    }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(
            application: try form.identifier("application"), provider: try form.identifier("provider"),
            holdersUsing: try form.count("holdersUsing"), holdersNotUsing: try form.count("holdersNotUsing"),
            inCustody: try form.count("inCustody"))
    }
}
