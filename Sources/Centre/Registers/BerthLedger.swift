internal import SmartCard

/// Whose a card's memory is, in one sum: used, reserved and free are all there is.
package struct RoomAccount: Hashable, Sendable {
    /// What the card has in all that was ever free or measured on it.
    package let sum: Room
    /// Taken by what is on the card; what domains keep reserved is not in it.
    package let used: Room
    /// Kept by the card itself in domains of berths.
    package let reservedOnCard: Room
    /// Free on the card, and promised by the ledger.
    package let reservedInLedger: Room
    /// Nobody's.
    package let free: Room
    /// What is promised and not there; none where everything is in order.
    package let shortage: Room
    /// Whether the card said so itself.
    package let isMeasured: Bool

    package var reserved: Room { reservedOnCard + reservedInLedger }
}

/// Reads the accounts of a card: what every provider uses, what is kept for it, what it may still take.
package struct BerthLedger: Sendable {
    package let dossier: CardDossier
    package let names: CatalogueNames
    package let sizes: SizeBook

    package init(_ dossier: CardDossier, names: CatalogueNames, sizes: SizeBook) {
        self.dossier = dossier
        self.names = names
        self.sizes = sizes
    }

    /// The rule that nothing may break: used + reserved + free is what the card has.
    package var account: RoomAccount {
        let domains = berthDomains
        var (used, onCard) = (Room.none, Room.none)
        for application in dossier.applications {
            let room = room(of: application)
            if domains.contains(application.aid) { onCard += room } else { used += room }
        }
        for file in dossier.loadFiles { used += room(of: file) }
        let promised = dossier.berths.reduce(Room.none) { $0 + outstanding($1) }
        let measured = dossier.card.inventory?.free
        let there = measured ?? sizes.model.total.shortage(given: used + onCard)
        let free = there.shortage(given: promised)
        return RoomAccount(
            sum: used + onCard + there, used: used, reservedOnCard: onCard,
            reservedInLedger: promised - promised.shortage(given: there), free: free,
            shortage: promised.shortage(given: there), isMeasured: measured != nil)
    }

    /// What a provider's instances and load files take, its domain's own entry not included.
    package func used(by provider: ProviderID) -> Room {
        let domain = domain(of: provider)
        var room = Room.none
        for application in dossier.applications where application.aid != domain {
            if isOf(provider, names.owner(of: application), application.domain, domain) {
                room += self.room(of: application)
            }
        }
        for file in dossier.loadFiles where isOf(provider, names.owner(of: file), file.domain, domain) {
            room += self.room(of: file)
        }
        return room
    }

    /// What is kept for a berth's owner and not used by it yet.
    package func remainder(of berth: Berth) -> Room {
        berth.reserved.shortage(given: used(by: berth.provider))
    }

    /// What a provider may take now: what is nobody's, and what is kept for it.
    ///
    /// What a card keeps in a domain serves that domain's own data (GPCS 2.3.1 §9.7); for applications it becomes free
    /// when the domain is made anew with what is left of the reserve. That is counted in.
    package func available(to provider: ProviderID) -> Room {
        let account = account
        guard let berth = dossier.berth(of: provider) else { return account.free }
        return account.free + remainder(of: berth)
    }

    /// How much more its berth lets a provider use; `nil` where it has none.
    package func allowance(of provider: ProviderID) -> Room? {
        guard let berth = dossier.berth(of: provider) else { return nil }
        return (berth.quota ?? berth.reserved).shortage(given: used(by: provider))
    }

    /// In the form that plans want.
    package var held: [Picture.HeldBerth] {
        dossier.berths.map { Picture.HeldBerth($0, used: used(by: $0.provider), kept: kept(for: $0)) }
    }

    /// What the berth's domain takes on the card at this moment; none where the ledger keeps the room.
    package func kept(for berth: Berth) -> Room {
        guard case .domain(let aid) = berth.means else { return .none }
        return dossier.application(aid).map { room(of: $0) } ?? .none
    }

    /// What the ledger must keep back of what the card calls free.
    func outstanding(_ berth: Berth) -> Room {
        switch berth.means {
        case .ledger: return remainder(of: berth)
        case .domain(let aid):
            // Once it is there, the card counts its reserve as taken; what the card does not keep, the ledger does.
            guard berth.state == .requested, needsDomain(berth) else {
                return remainder(of: berth).shortage(given: kept(for: berth))
            }
            return dossier.application(aid) == nil ? sizes.model.domainCost(remainder(of: berth)) : .none
        }
    }

    /// Whether what its owner does not use yet would be kept by the card.
    private func needsDomain(_ berth: Berth) -> Bool { sizes.model.keepsOnCard(remainder(of: berth)) }

    /// Its owner uses a part of it, and no domain keeps the rest.
    func mayKeepRest(of berth: Berth) -> Bool {
        guard case .domain(let aid) = berth.means, dossier.application(aid) == nil else { return false }
        return remainder(of: berth) != berth.reserved
    }

    /// The most it may take where it was never measured.
    private func room(of application: InstalledApplication) -> Room {
        let size = sizes.size(of: application).most
        guard application.measured == nil,
            let berth = dossier.berths.first(where: { $0.means == .domain(application.aid) })
        else { return size }
        return sizes.model.domainCost(remainder(of: berth))
    }

    private func room(of file: InstalledLoadFile) -> Room { sizes.size(of: file).most }

    private var berthDomains: Set<AID> { Set(dossier.berths.compactMap { domain(of: $0.provider) }) }

    private func domain(of provider: ProviderID) -> AID? {
        guard case .domain(let aid)? = dossier.berth(of: provider)?.means else { return nil }
        return aid
    }

    private func isOf(_ provider: ProviderID, _ owner: ProviderID?, _ place: AID?, _ domain: AID?) -> Bool {
        owner == provider || owner == nil && place != nil && place == domain
    }
}

extension CardModel {
    /// Whether the card itself keeps so much: a reserve that is smaller than the domain which would hold it is cheaper
    /// in the ledger.
    package func keepsOnCard(_ room: Room) -> Bool {
        hasQuotas && room.nonVolatile >= rounded(Room(nonVolatile: domainBytes)).nonVolatile
    }

    /// What a domain with this reserve takes: what it needs itself counts against the reserve first.
    package func domainCost(_ reserved: Room) -> Room {
        let own = rounded(Room(nonVolatile: domainBytes))
        return Room(
            nonVolatile: max(own.nonVolatile, reserved.nonVolatile),
            volatile: max(own.volatile, reserved.volatile))
    }
}
