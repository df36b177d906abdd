package import Centre
internal import GlobalPlatform
package import JSON
package import SmartCard

extension Berth.Resources: Form {
    package var json: JSONValue {
        [
            "privileges": .texts(privileges.names), "logicalChannels": .count(logicalChannels),
            "services": .texts(services), "libraries": .aids(libraries),
        ]
    }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(
            privileges: try form.privileges("privileges"),
            logicalChannels: try form.optionalCount("logicalChannels") ?? 0,
            services: try form.optionalWords("services", "a text") { $0 } ?? [],
            libraries: try form.optionalAIDs("libraries") ?? [])
    }
}

extension Berth: Form {
    package var json: JSONValue {
        let (state, since): (String, Instant?) =
            switch self.state {
            case .requested: ("requested", nil)
            case .ready(let since): ("ready", since)
            case .releasing: ("releasing", nil)
            }
        let (means, domain): (String, AID?) =
            switch self.means {
            case .domain(let aid): ("domain", aid)
            case .ledger: ("ledger", nil)
            }
        return .object(
            JSONObject(members: [
                ("card", .name(card)), ("provider", .name(provider)), ("state", .string(state)),
                ("since", since.map(JSONValue.instant)), ("reserved", reserved.json), ("quota", quota?.json),
                ("means", .string(means)), ("domain", domain.map(JSONValue.aid)),
                ("resources", resources.json),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        let state: State
        switch (try form.text("state"), try form.optionalInstant("since")) {
        case ("requested", nil): state = .requested
        case ("ready", let since?): state = .ready(since: since)
        case ("releasing", nil): state = .releasing
        default: throw form.problem("state", "does not go with the time beside it")
        }
        let means: Means
        switch (try form.text("means"), try form.optionalAID("domain")) {
        case ("domain", let aid?): means = .domain(aid)
        case ("ledger", nil): means = .ledger
        default: throw form.problem("means", "does not go with the domain beside it")
        }
        self.init(
            card: try form.identifier("card"), provider: try form.identifier("provider"),
            reserved: try form.form("reserved"), quota: try form.optionalForm("quota"), means: means,
            state: state, resources: try form.optionalForm("resources") ?? Resources())
    }
}

/// What a provider asks for; who asks and for which card, the address of the request says.
package struct ReservationForm: Form, Hashable {
    package var room: Room
    package var quota: Room?
    package var domain: AID?
    package var resources: Berth.Resources

    package init(
        room: Room, quota: Room? = nil, domain: AID? = nil, resources: Berth.Resources = Berth.Resources()
    ) {
        self.room = room
        self.quota = quota
        self.domain = domain
        self.resources = resources
    }

    package func reservation(of provider: ProviderID) -> Reservation {
        Reservation(
            provider: provider, room: room, quota: quota, domain: domain,
            privileges: resources.privileges.rawValue, logicalChannels: resources.logicalChannels,
            services: resources.services, libraries: resources.libraries)
    }

    package var json: JSONValue {
        .object(
            JSONObject(members: [
                ("room", room.json), ("quota", quota?.json), ("domain", domain.map(JSONValue.aid)),
                ("resources", resources.json),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(
            room: try form.form("room"), quota: try form.optionalForm("quota"),
            domain: try form.optionalAID("domain"),
            resources: try form.optionalForm("resources") ?? Berth.Resources())
    }
}

extension CardAddress: Form {
    package var json: JSONValue {
        .object(
            JSONObject(members: [
                ("card", .name(card)), ("ordinal", .integer(ordinal)), ("bearer", .string("\(bearer.kind)")),
                ("address", .string(bearer.address)), ("since", .instant(since)),
                ("until", until.map(JSONValue.instant)),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(
            card: try form.identifier("card"), ordinal: try form.integer("ordinal"),
            bearer: try form.bearer(), since: try form.instant("since"),
            until: try form.optionalInstant("until"))
    }
}

extension FormReader {
    /// How a card is reached: the members `bearer` and `address`.
    package func bearer() throws(FormProblem) -> Bearer {
        let kind = try text("bearer")
        guard ["reader", "terminal", "sms", "https"].contains(kind) else {
            throw problem("bearer", "is none of reader, terminal, sms and https")
        }
        return try word("address", "an address of that kind") { Bearer(kind: kind, address: $0) }
    }
}
