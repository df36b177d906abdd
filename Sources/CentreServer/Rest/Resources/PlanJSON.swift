internal import CardCrypto
internal import Centre
internal import FoundationEssentials
internal import JSON
internal import SmartCard

// Plans, as they are shown. A tenant sees what concerns it; of others' applications it learns that something leaves,
// not
// what.

extension Schema {
    private static let steps = 0...1_000

    static let plan = named(
        "Plan",
        object(
            .required("card", .card), .required("revision", .integer(0...Int64.max)),
            .required("approval", .string(.hex(bytes: 32...32)).described("Names this plan in a request.")),
            .required("isFeasible", .boolean), .required("wishes", .wishes), .required("shortage", .room),
            .required("leaving", .array(of: leaving, steps)), .required("steps", .array(of: planned, steps)),
            .required("freeBefore", .anyRoom), .required("freeAfter", .anyRoom),
            .required("effort", effort), .required("roundTrips", count),
            .required("custodyPerDay", .array(of: fee, 0...200)),
            .required("objections", .array(of: objection, 0...1_000)),
            .required("optimality", object(.required("isProven", .boolean), .optional("atMost", count)))))

    private static let count = integer(0...Int64.max)
    private static let sentence = text(0...10_000)
    private static let fee = object(.required("minorUnits", count), .required("currency", .text(3...3)))
    private static let effort = object(
        .required("commandCount", count), .required("bytesSent", count), .required("milliseconds", count))

    private static let leaving = object(
        .required("cause", .words("makes-room", "wished", "replaced")), .required("freed", .anyRoom),
        .optional("application", .application), .optional("release", .release),
        .optional("instances", .array(of: .aid, steps)), .optional("loadFiles", .array(of: .aid, steps)),
        .optional("reasons", .array(of: sentence, 0...100)), .optional("feePerDay", fee),
        .optional("cost", object(.required("preferredCount", count), .required("points", count))))

    static let step = object(
        .required("kind", .words(PlanStep.kinds)), .optional("words", sentence),
        .optional("application", .application))

    private static let planned = object(
        .required("step", step), .required("effort", effort), .required("freeBefore", .anyRoom),
        .required("freeAfter", .anyRoom))

    private static let objection = object(
        .required("kind", .words(Objection.Kind.allCases.map(\.rawValue))), .required("isObstacle", .boolean),
        .optional("subject", .text(0...300)), .optional("missing", .anyRoom), .optional("reason", sentence),
        .optional("remedy", sentence))
}

extension Plan {
    /// What is approved: the same wishes, steps and ground have the same name, whenever they are computed.
    func approval() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var bytes = CanonicalBytes()
        bytes.append(ground.card.text)
        bytes.append(ground.revision)
        bytes.append(ground.registryDigest?.bytes ?? [])
        bytes.append(Array(try encoder.encode(wishes)))
        bytes.append(Array(try encoder.encode(steps.map(\.step))))
        return Digest.sha256.hash(bytes.bytes).hex
    }

    /// `isOwn` says which applications the reader may know of.
    func json(for principal: Principal, isOwn: (ApplicationID?) -> Bool) throws -> JSONValue {
        let optimality: JSONValue =
            switch self.optimality {
            case .proven: ["isProven": true]
            case .within(let points): ["isProven": false, "atMost": .count(points)]
            }
        // What others pay is not told in a sum either.
        let fees = DailyFee.sums(leaving.filter { isOwn($0.application) }.compactMap(\.feePerDay))
        return [
            "card": .string(ground.card.text), "revision": .integer(ground.revision),
            "approval": .string(try approval()), "isFeasible": .bool(isFeasible),
            "wishes": .array(wishes.map(\.json)), "shortage": shortage.json,
            "leaving": .array(leaving.map { $0.json(isOwn: isOwn($0.application)) }),
            "steps": .array(steps.map { $0.json(isOwn: isOwn) }), "freeBefore": freeBefore.json,
            "freeAfter": freeAfter.json, "effort": effort.json, "roundTrips": .count(roundTrips),
            "custodyPerDay": .array(fees.map(\.json)),
            "objections": .array(objections.map { $0.json(for: principal) }), "optimality": optimality,
        ]
    }
}

extension Plan.Leaving {
    fileprivate func json(isOwn: Bool) -> JSONValue {
        let cause: JSONValue =
            switch self.cause {
            case .makesRoom: "makes-room"
            case .wished: "wished"
            case .replaced: "replaced"
            }
        var object: JSONObject = ["cause": cause, "freed": freed.json]
        guard isOwn else { return .object(object) }
        object["application"] = application.map { .string($0.text) }
        object["release"] = release.map { .string($0.description) }
        object["instances"] = .array(instances.map { .string($0.description) })
        object["loadFiles"] = .array(loadFiles.map { .string($0.description) })
        object["reasons"] = .array(reasons.map { .string($0) })
        object["feePerDay"] = feePerDay?.json
        object["cost"] = [
            "preferredCount": .count(cost.preferredCount), "points": .count(cost.points),
        ]
        return .object(object)
    }
}

extension DailyFee {
    fileprivate var json: JSONValue { ["minorUnits": .count(minorUnits), "currency": .string(currency)] }
}

extension Plan.Effort {
    fileprivate var json: JSONValue {
        [
            "commandCount": .count(commandCount), "bytesSent": .count(bytesSent),
            "milliseconds": .count(milliseconds),
        ]
    }
}

extension Plan.Planned {
    fileprivate func json(isOwn: (ApplicationID?) -> Bool) -> JSONValue {
        [
            "step": step.json(isOwn: isOwn), "effort": effort.json, "freeBefore": freeBefore.json,
            "freeAfter": freeAfter.json,
        ]
    }
}

extension Objection {
    /// Its words are kept from whoever gets none of it.
    fileprivate func json(for principal: Principal) -> JSONValue {
        var object: JSONObject = ["kind": .string(kind.rawValue), "isObstacle": .bool(isObstacle)]
        object["missing"] = missing?.json
        guard let told = self.told(to: principal) else { return .object(object) }
        object["subject"] = .string(told.subject)
        object["reason"] = .string(told.reason)
        object["remedy"] = .string(told.remedy)
        return .object(object)
    }

    /// Reasons name what is on the card: a tenant gets those kinds only that speak of its own wish. Why a card is
    /// blocked is what operators wrote for each other.
    func told(to principal: Principal) -> Objection? {
        guard principal.tenant == nil || isAboutTheWish else { return nil }
        guard kind == .cardBlocked, !Set<Role>.staff.contains(principal.role) else { return self }
        var told = self
        told.reason = "The card is blocked or was retired."
        return told
    }

    private var isAboutTheWish: Bool {
        switch kind {
        case .applicationUnknown, .releaseUnknown, .releaseNotPublished, .profileUnsuited, .serviceStopped,
            .notInstalled, .alreadyInstalled, .berthMissing, .berthTaken, .quotaExceeded, .domainNameMissing,
            .wishesContradict, .alreadySo, .loadFileTooLong:
            true
        case .cardBlocked, .cardDrifts, .inventoryMissing, .oldCardActive, .nameTaken, .importMissing,
            .stillNeeded,
            .cannotPark, .notHeld, .berthInUse, .tooManyApplications, .notEnoughRoom, .roomDoubtful,
            .dataLost, .dataOld, .leftOut:
            false
        }
    }
}

extension PlanStep {
    static let kinds = [
        "park", "remove-instance", "remove-load-file", "drop-domain", "make-domain", "reserve-in-ledger",
        "release-in-ledger", "load", "install", "personalise", "restore", "put-keys", "extradite", "identify",
        "snapshot", "upgrade",
    ]

    private var kind: String {
        switch self {
        case .park: "park"
        case .removeInstance: "remove-instance"
        case .removeLoadFile: "remove-load-file"
        case .dropDomain: "drop-domain"
        case .makeDomain: "make-domain"
        case .reserveInLedger: "reserve-in-ledger"
        case .releaseInLedger: "release-in-ledger"
        case .load: "load"
        case .install: "install"
        case .personalise: "personalise"
        case .restore: "restore"
        case .putKeys: "put-keys"
        case .extradite: "extradite"
        case .identify: "identify"
        case .snapshot: "snapshot"
        case .upgrade: "upgrade"
        }
    }

    private var application: ApplicationID? {
        switch self {
        case .park(let task), .snapshot(let task): task.release.application
        case .load(let task): task.release.application
        case .install(let task): task.release.application
        case .personalise(let task): task.release.application
        case .restore(let task): task.release.application
        case .upgrade(let task): task.new.release.application
        case .removeInstance, .removeLoadFile, .dropDomain, .makeDomain, .reserveInLedger,
            .releaseInLedger, .extradite, .identify, .putKeys:
            nil
        }
    }

    func json(isOwn: (ApplicationID?) -> Bool) -> JSONValue {
        var object: JSONObject = ["kind": .string(kind)]
        guard isOwn(application) else { return .object(object) }
        object["words"] = .string(words)
        object["application"] = application.map { .string($0.text) }
        return .object(object)
    }
}
