internal import SmartCard

extension Picture {
    /// The best way to the wishes, with everything that stands in it. The same picture gives the same plan.
    package func plan(_ wishes: [Wish]) -> Plan {
        var planner = Planner(self, wishes)
        return planner.plan()
    }
}

/// Gathers what the wishes ask for, then who must leave, then the steps in a safe order.
struct Planner {
    /// A release that comes, and which of its instances bring data.
    struct Incoming {
        var release: Release
        var instances: [Release.Instance]
        var sources: [AID: PlanStep.Source]
        var imageBytes: [AID: Int]
        /// Data that were kept know what they need.
        var rooms: [AID: Room]
        var domain: AID?
        var provider: ProviderID?
        /// What it stands on and is not on the card; told once everything that leaves by wish is known.
        var files: [NeededLoadFile] = []
    }

    /// Instances that leave together.
    struct Outgoing {
        var application: ApplicationID?
        var release: Release?
        var instances: [Picture.Installed]
        var loadFiles: [Picture.Loaded] = []
        var purpose: PlanStep.Purpose
        var cause: Plan.Leaving.Cause
        var points = LeavingCost.none
    }

    let picture: Picture
    let wishes: [Wish]
    var objections: [Objection] = []
    var incoming: [Incoming] = []
    var outgoing: [Outgoing] = []
    var upgrades: [Upgrading] = []
    var reservations: [(reservation: Reservation, domain: AID?)] = []
    var releasedBerths: [Picture.HeldBerth] = []
    var keySets: [(masterKey: MasterKeyName, version: UInt8)] = []
    /// Instances whose data are copied, and that stay.
    var copied: [Picture.Installed] = []
    /// Instances that are told who the holder is.
    var identified: [AID] = []
    /// Code that leaves because of a wish, or with it.
    var leavingFiles: Set<AID> = []
    /// Code that is on the card and that what comes will use as it is.
    var neededFiles: Set<AID> = []
    var optimality = Plan.Optimality.proven
    var shortage = Room.none

    init(_ picture: Picture, _ wishes: [Wish]) {
        var picture = picture
        // In whatever order the card was read, the same choice is made.
        picture.installed.sort { $0.entry.aid.bytes.lexicographicallyPrecedes($1.entry.aid.bytes) }
        picture.loaded.sort { $0.entry.aid.bytes.lexicographicallyPrecedes($1.entry.aid.bytes) }
        self.picture = picture
        self.wishes = wishes
    }

    mutating func plan() -> Plan {
        checkCard()
        for wish in wishes { take(wish) }
        checkContradictions()
        settleCode()
        checkLoadFiles()
        makeRoom()
        return assemble()
    }

    mutating func object(
        _ kind: Objection.Kind, _ subject: String, missing: Room? = nil, _ reason: String, _ remedy: String
    ) {
        objections.append(Objection(kind, subject, missing: missing, reason: reason, remedy: remedy))
    }

    // MARK: - What stands on the card

    var leavingInstances: Set<AID> { Set(outgoing.flatMap { $0.instances.map(\.entry.aid) }) }
    var copiedInstances: Set<AID> { Set(copied.map(\.entry.aid)) }
    var upgradedInstances: Set<AID> { Set(upgrades.flatMap(\.step.instances)) }

    func instances(of application: ApplicationID) -> [Picture.Installed] {
        picture.installed.filter { $0.entry.release?.application == application }
    }

    func loaded(_ aid: AID) -> Picture.Loaded? { picture.loaded.first { $0.entry.aid == aid } }

    func berth(of provider: ProviderID?) -> Picture.HeldBerth? {
        picture.berths.first { $0.berth.provider == provider }
    }

    private mutating func checkCard() {
        let name = picture.card.id.text
        switch picture.card.life {
        case .active: break
        case .blocked(let reason):
            object(.cardBlocked, name, "The card is blocked: \(reason).", "Have an operator lift the block.")
        case .retired(let reason):
            object(.cardBlocked, name, "The card is retired: \(reason).", "Use another card.")
        }
        if let drift = picture.card.inventory?.drift {
            object(
                .cardDrifts, name, "What the card holds is not what the ledger says: \(drift)",
                "Accept or repair the drift first.")
        }
        if picture.card.inventory == nil {
            object(
                .inventoryMissing, name,
                "Nobody has read yet what the card holds: bring it to a terminal once.",
                "Read the card's contents first.")
        }
    }

    private mutating func checkContradictions() {
        let coming = incoming.flatMap { $0.instances.map(\.aid) }
        let names = Set(coming)
        if names.count < coming.count {
            object(
                .wishesContradict, "wishes", "Two wishes make an instance of the same name.",
                "Leave one of them out.")
        }
        for item in outgoing where item.cause == .wished {
            guard let application = item.application,
                incoming.contains(where: { $0.release.id.application == application })
            else { continue }
            object(
                .wishesContradict, application.text, "\(application) is to come and to leave at once.",
                "Wish an update, or make two plans.")
        }
        let leaving = leavingInstances
        for aid in names where !leaving.contains(aid) {
            guard picture.installed.contains(where: { $0.entry.aid == aid }) else { continue }
            object(
                .nameTaken, "\(aid)", "An instance named \(aid) is on the card already.",
                "Remove it, or give the release another name for its instance.")
        }
    }
}
