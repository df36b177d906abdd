internal import SmartCard

/// Why drift cannot be settled as asked.
package enum DriftRefusal: Refusal, Hashable {
    case notDrifting(CardID)
    /// The card's picture cannot be taken as true: berths promise more than it leaves free.
    case promisesStand(Room, providers: [ProviderID])

    package var code: String {
        switch self {
        case .notDrifting: "card-does-not-drift"
        case .promisesStand: "room-promised-twice"
        }
    }
    package var reason: String {
        switch self {
        case .notDrifting(let id): "What is known of card \(id) and what it shows agree."
        case .promisesStand(let shortage, _): "Berths promise \(shortage.words) more than the card has free."
        }
    }
    package var remedy: String {
        switch self {
        case .notDrifting: "Nothing needs to be done."
        case .promisesStand(_, let providers):
            "Remove what took the room, or release a berth (\(providers.map(\.text).joined(separator: ", ")))."
        }
    }
}

/// What to wish so that a drifting card becomes as it was, and what no wish can do.
package struct DriftRepair: Hashable, Sendable {
    package var wishes: [Wish]
    /// For a person, as sentences.
    package var byHand: [String]
}

extension CardDossier {
    /// Takes the card's picture as true: from now on everything is compared with it.
    package func acceptingDrift(
        names: CatalogueNames, sizes: SizeBook
    ) throws(DriftRefusal) -> CardDossier {
        guard card.inventory?.drift != nil else { throw .notDrifting(card.id) }
        let shortage = BerthLedger(self, names: names, sizes: sizes).account.shortage
        guard shortage.isNone else {
            throw .promisesStand(shortage, providers: berths.map(\.provider))
        }
        var next = self
        next.takePictureAsTrue()
        return next
    }

    /// What would make the card as it was before. Applications that are installed anew come back without their data,
    /// unless the vault holds them.
    package var driftRepair: DriftRepair {
        var repair = DriftRepair(wishes: [], byHand: [])
        for finding in findings {
            switch finding.kind {
            case .applicationAppeared:
                if let aid = finding.aid { repair.wishes.append(.removeInstance(aid)) }
            case .applicationVanished(let release?): repair.wishes.append(comeBack(release, finding.aid))
            case .applicationVanished(nil):
                repair.byHand.append(
                    "\(finding.words) Its release is not known: whoever installed it must do so again.")
            case .applicationChanged:
                if let aid = finding.aid { repair.wishes.append(.removeInstance(aid)) }
                if let release = finding.aid.flatMap({ application($0)?.release }) {
                    repair.wishes.append(comeBack(release, finding.aid))
                }
            case .loadFileAppeared, .loadFileChanged:
                repair.byHand.append(
                    "\(finding.words) Delete it, or have the catalogue's release of it loaded anew.")
            case .loadFileVanished:
                repair.byHand.append(
                    "\(finding.words) It comes back with the next application that needs it.")
            case .roomChanged:
                repair.byHand.append(
                    "\(finding.words) Accept it, or have the application removed that took it.")
            case .roomPromisedTwice:
                repair.byHand.append("\(finding.words) Release a berth, or remove what took the room.")
            }
        }
        var seen: Set<Wish> = []
        repair.wishes = repair.wishes.filter { seen.insert($0).inserted }
        return repair
    }

    fileprivate mutating func takePictureAsTrue() {
        let sum = card.inventory?.free.map { $0 + measuredSum }
        card.inventory?.sum = sum
        setFindings([])
    }

    private func comeBack(_ release: ReleaseID, _ aid: AID?) -> Wish {
        let held = custody.last { stay in
            guard stay.aid == aid, case .held = stay.state else { return false }
            return true
        }
        return held.map { .restore(CustodyKey(card: $0.card, aid: $0.aid, ordinal: $0.ordinal)) }
            ?? .addRelease(release)
    }
}

extension Act {
    /// The card's picture is true: the register follows it.
    package func acceptDrift(of id: CardID, sizes: SizeBook) throws {
        try requireOperator(to: "accept what happened on a card")
        let known = try dossier(of: id)
        let names = try transaction.catalogueNames(of: known.names)
        let next = try known.acceptingDrift(names: names, sizes: sizes)
        save(
            next, since: known,
            [Note("card.drift-accepted", .card(id), facts: [.number("findings", known.findings.count)])])
    }

    /// The card is to become as it was: accepts its picture as the ground for that, and gives what to wish.
    package func repairDrift(of id: CardID) throws -> DriftRepair {
        try requireOperator(to: "repair a card")
        let known = try dossier(of: id)
        guard known.card.inventory?.drift != nil else { throw DriftRefusal.notDrifting(id) }
        var next = known
        next.takePictureAsTrue()
        let repair = known.driftRepair
        save(
            next, since: known,
            [Note("card.drift-repairing", .card(id), facts: [.number("wishes", repair.wishes.count)])])
        return repair
    }
}
