package import Centre
package import JSON
internal import SmartCard
internal import Wire

// Wishes as requests say them: an object whose `kind` says what is wanted.

extension Schema {
    private static func wish(_ kind: String, _ text: String, _ properties: Property...) -> Schema {
        .object([.required("kind", .words(kind))] + properties).described(text)
    }

    package static let wish = named(
        "Wish",
        oneOf(
            by: "kind",
            wish("add", "The newest published release that fits.", .required("application", .application)),
            wish("add-release", "This release.", .required("release", .release)),
            wish("remove", "For good, data included.", .required("application", .application)),
            wish("remove-instance", "What no release is known of.", .required("aid", .aid)),
            wish("park", "Into custody.", .required("application", .application)),
            wish("snapshot", "A copy of its data, while it stays.", .required("application", .application)),
            wish(
                "restore", "Back from custody.", .required("card", .card), .required("aid", .aid),
                .required("ordinal", .integer(1...Int64(Bounds.staysPerInstanceMax)))),
            wish("update", "Another release, the data kept.", .required("release", .release)),
            reserveWish,
            wish("release-berth", "A provider's empty berth.", .required("provider", .provider)),
            wish("renew", "Everything that the card's holder uses."),
            wish(
                "rotate-keys", "Another key set.", .required("masterKey", .string(.masterKey)),
                .required("version", .integer(1...127)))
        ).described("One thing that somebody wants of a card."))

    private static let reserveWish = wish(
        "reserve", "Room for a provider.", .required("provider", .provider), .required("room", .room),
        .optional("quota", .room), .optional("domain", .aid),
        .optional("privileges", .integer(0...0xFF_FFFF)),
        .optional("logicalChannels", .integer(0...19)),
        .optional("services", .array(of: .text(1...64), 0...Bounds.servicesPerBerthMax)),
        .optional("libraries", .array(of: .aid, 0...Bounds.librariesPerBerthMax)))

    package static let wishes = array(of: .wish, 1...32)
}

extension Wish {
    /// What a request says that passed its schema.
    package init(json value: JSONValue) throws {
        func name<Kind>(_ name: String) throws -> Identifier<Kind> {
            try Identifier<Kind>(value[name]?.stringValue ?? "")
        }
        func aid(_ name: String) throws -> AID { try AID(hex: value[name]?.stringValue ?? "") }
        func release() throws -> ReleaseID {
            guard let release = ReleaseID(value["release"]?.stringValue ?? "") else {
                throw Problem.invalid("A release is missing.")
            }
            return release
        }
        func number(_ name: String) -> Int { Int(value[name]?.integerValue ?? 0) }
        switch value["kind"]?.stringValue {
        case "add": self = .add(application: try name("application"))
        case "add-release": self = .addRelease(try release())
        case "remove": self = .remove(application: try name("application"))
        case "remove-instance": self = .removeInstance(try aid("aid"))
        case "park": self = .park(application: try name("application"))
        case "snapshot": self = .snapshot(application: try name("application"))
        case "restore":
            self = .restore(
                CustodyKey(card: try name("card"), aid: try aid("aid"), ordinal: number("ordinal")))
        case "update": self = .update(to: try release())
        case "reserve": self = .reserve(try Reservation(json: value))
        case "release-berth": self = .release(provider: try name("provider"))
        case "renew": self = .renew
        case "rotate-keys":
            self = .rotateKeys(to: try name("masterKey"), version: UInt8(clamping: number("version")))
        default: throw Problem.invalid("This is no wish.")
        }
    }

    package var json: JSONValue {
        switch self {
        case .add(let id): ["kind": "add", "application": .string(id.text)]
        case .addRelease(let id): ["kind": "add-release", "release": .string(id.description)]
        case .remove(let id): ["kind": "remove", "application": .string(id.text)]
        case .removeInstance(let aid): ["kind": "remove-instance", "aid": .string(aid.description)]
        case .park(let id): ["kind": "park", "application": .string(id.text)]
        case .snapshot(let id): ["kind": "snapshot", "application": .string(id.text)]
        case .restore(let key):
            [
                "kind": "restore", "card": .string(key.card.text), "aid": .string(key.aid.description),
                "ordinal": .count(key.ordinal),
            ]
        case .update(let id): ["kind": "update", "release": .string(id.description)]
        case .reserve(let reservation): reservation.json
        case .release(let provider): ["kind": "release-berth", "provider": .string(provider.text)]
        case .renew: ["kind": "renew"]
        case .rotateKeys(let name, let version):
            ["kind": "rotate-keys", "masterKey": .string(name.text), "version": .count(Int(version))]
        }
    }
}

extension Reservation {
    init(json value: JSONValue) throws {
        self.init(
            provider: try ProviderID(value["provider"]?.stringValue ?? ""),
            room: Room(json: value["room"] ?? .null), quota: value["quota"].map { Room(json: $0) },
            domain: try value["domain"]?.stringValue.map { try AID(hex: $0) },
            privileges: UInt32(clamping: value["privileges"]?.integerValue ?? 0),
            logicalChannels: Int(value["logicalChannels"]?.integerValue ?? 0),
            services: value["services"]?.arrayValue?.compactMap(\.stringValue) ?? [],
            libraries: try value["libraries"]?.arrayValue?.compactMap(\.stringValue).map {
                try AID(hex: $0)
            } ?? [])
    }

    var json: JSONValue {
        var object: JSONObject = [
            "kind": "reserve", "provider": .string(provider.text), "room": room.json,
        ]
        object["quota"] = quota?.json
        object["domain"] = domain.map { .string($0.description) }
        if privileges != 0 { object["privileges"] = .integer(Int64(privileges)) }
        if logicalChannels != 0 { object["logicalChannels"] = .count(logicalChannels) }
        if !services.isEmpty { object["services"] = .array(services.map { .string($0) }) }
        if !libraries.isEmpty { object["libraries"] = .array(libraries.map { .string($0.description) }) }
        return .object(object)
    }
}
