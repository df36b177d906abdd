internal import Centre
internal import GlobalPlatform
internal import JSON
internal import SmartCard

// Cards and what is on them, as they are shown.

extension Schema {
    static let cardResource = named(
        "Card",
        object(
            .required("card", .card), .required("profile", .string(.profile)), .required("life", life),
            .required("registeredAt", .instant),
            .required("revision", .integer(0...Int64.max)),
            .optional("issuerDomain", .aid), .optional("holder", .holder), .optional("expiry", .day),
            .optional("issueNumber", .integer(0...Int64.max)),
            .optional("serial", .string(.hex(bytes: 0...64))), .optional("keySet", keySet),
            .optional("inventory", inventory)))

    private static let life = object(
        .required("state", .words("active", "blocked", "retired")), .optional("reason", .reason))

    static let keySet = named(
        "KeySet",
        object(
            .required("masterKey", .string(.masterKey)), .required("version", .integer(0...255)),
            .required("channel", .words("scp02", "scp03")),
            .optional("diversificationData", .string(.hex(bytes: 0...16)))))

    private static let inventory = object(
        .required("readAt", .instant), .required("digest", .string(.hex(bytes: 0...64))),
        .optional("lifeCycle", .integer(0...255)), .optional("free", .room),
        .optional("drift", .text(0...10_000)))

    static let contents = named(
        "CardContents",
        object(
            .required("applications", .array(of: installedApplication, 0...Bounds.applicationsPerCardMax)),
            .required("loadFiles", .array(of: installedLoadFile, 0...Bounds.loadFilesPerCardMax))))

    private static let installedApplication = named(
        "InstalledApplication",
        object(
            .required("aid", .aid), .required("lifeCycle", .integer(0...255)),
            .required("privileges", .integer(0...0xFF_FFFF)), .required("stay", stay),
            .optional("loadFile", .aid), .optional("domain", .aid), .optional("release", .release),
            .optional("installedAt", .instant), .optional("lastUsedAt", .instant),
            .optional("measured", .room)))

    static let stay = object(
        .required("kind", .words("may-leave", "preferred", "pinned")), .optional("reason", .reason))

    private static let installedLoadFile = named(
        "InstalledLoadFile",
        object(
            .required("aid", .aid), .required("lifeCycle", .integer(0...255)),
            .required("modules", .array(of: .aid, 0...Bounds.modulesPerLoadFileMax)),
            .optional("version", .string(.hex(bytes: 0...16))), .optional("domain", .aid),
            .optional("digest", .string(.hex(bytes: 0...64))), .optional("measured", .room)))
}

extension Card {
    /// A tenant sees that the card is there and what it is; whose it is, and what opens it, is not its business.
    func json(for principal: Principal) -> JSONValue {
        var object: JSONObject = [
            "card": .string(id.text), "profile": .string(profile.text), "life": life.json(for: principal),
            "registeredAt": .string(registeredAt.description), "revision": .integer(revision),
        ]
        object["expiry"] = expiry.map { .string($0.description) }
        guard principal.tenant == nil else { return .object(object) }
        object["issuerDomain"] = .string(issuerDomain.description)
        object["holder"] = holder.map { .string($0.text) }
        object["issueNumber"] = .count(issueNumber)
        object["inventory"] = inventory?.json
        guard Set<Role>.staff.contains(principal.role) else { return .object(object) }
        object["serial"] = serial.map { .string($0.hex) }
        object["keySet"] = keySet.json
        return .object(object)
    }
}

extension Card.Life {
    /// Reasons are what operators wrote for each other.
    fileprivate func json(for principal: Principal) -> JSONValue {
        let (state, reason): (JSONValue, String?) =
            switch self {
            case .active: ("active", nil)
            case .blocked(let reason): ("blocked", reason)
            case .retired(let reason): ("retired", reason)
            }
        guard let reason, Set<Role>.staff.contains(principal.role) else { return ["state": state] }
        return ["state": state, "reason": .string(reason)]
    }
}

extension Card.KeySet {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "masterKey": .string(masterKey.text), "version": .count(Int(version)),
            "channel": channel == .scp02 ? "scp02" : "scp03",
        ]
        if !diversificationData.isEmpty { object["diversificationData"] = .string(diversificationData.hex) }
        return .object(object)
    }

    init(json value: JSONValue) throws {
        self.init(
            masterKey: try MasterKeyName(value["masterKey"]?.stringValue ?? ""),
            version: UInt8(clamping: value["version"]?.integerValue ?? 0),
            channel: value["channel"] == "scp02" ? .scp02 : .scp03,
            diversificationData: try Hex.decode(value["diversificationData"]?.stringValue ?? ""))
    }
}

extension Card.Inventory {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "readAt": .string(readAt.description), "digest": .string(digest.hex),
        ]
        object["lifeCycle"] = lifeCycle.map { .count(Int($0)) }
        object["free"] = free?.json
        object["drift"] = drift.map { .string($0) }
        return .object(object)
    }
}

extension InstalledApplication {
    var json: JSONValue {
        var object: JSONObject = [
            "aid": .string(aid.description), "lifeCycle": .count(Int(lifeCycle)),
            "privileges": .integer(Int64(privileges.rawValue)), "stay": stay.json,
        ]
        object["loadFile"] = loadFile.map { .string($0.description) }
        object["domain"] = domain.map { .string($0.description) }
        object["release"] = release.map { .string($0.description) }
        object["installedAt"] = installedAt.map { .string($0.description) }
        object["lastUsedAt"] = lastUsedAt.map { .string($0.description) }
        object["measured"] = measured?.json
        return .object(object)
    }
}

extension InstalledApplication.Stay {
    var json: JSONValue {
        switch self {
        case .mayLeave: ["kind": "may-leave"]
        case .preferred: ["kind": "preferred"]
        case .pinned(let reason): ["kind": "pinned", "reason": .string(reason)]
        }
    }

    init(json value: JSONValue) {
        switch value["kind"]?.stringValue {
        case "pinned": self = .pinned(reason: value["reason"]?.stringValue ?? "")
        case "preferred": self = .preferred
        default: self = .mayLeave
        }
    }
}

extension InstalledLoadFile {
    var json: JSONValue {
        var object: JSONObject = [
            "aid": .string(aid.description), "lifeCycle": .count(Int(lifeCycle)),
            "modules": .array(modules.map { .string($0.description) }),
        ]
        object["version"] = version.map { .string($0.hex) }
        object["domain"] = domain.map { .string($0.description) }
        object["digest"] = digest.map { .string($0.hex) }
        object["measured"] = measured?.json
        return .object(object)
    }
}

extension RoomAccount {
    var json: JSONValue {
        [
            "sum": sum.json, "used": used.json, "reservedOnCard": reservedOnCard.json,
            "reservedInLedger": reservedInLedger.json, "free": free.json, "shortage": shortage.json,
            "isMeasured": .bool(isMeasured),
        ]
    }
}
