internal import GlobalPlatform
package import SmartCard

/// What shows that room was made ready or released (row A4).
package enum BerthEvidence: Hashable, Sendable {
    /// What was last read from the card.
    case registry
    /// The card's own receipt, checked with its key: the SHA-256 of it.
    case receipt(digest: [UInt8])
    /// The ledger's word, where the ledger keeps the room.
    case ledger
}

/// What happens to a provider's room on a card: requested → ready → releasing → gone.
package enum BerthEvent: Hashable, Sendable {
    case request(Reservation, of: Provider, cardCount: Int, software: CardSoftware)
    /// As part of a plan, which makes the room that is missing.
    case planned(Reservation, of: Provider, cardCount: Int, software: CardSoftware)
    case made(BerthEvidence)
    /// The card refused, or was never asked.
    case notMade
    /// More room, less, or other resources, where the ledger keeps them.
    case change(Reservation, of: Provider, software: CardSoftware)
    case release
    case released(BerthEvidence)
    /// The card refused, or the release was called off.
    case notReleased
}

extension BerthLedger {
    /// The dossier after the event. An event that comes twice changes nothing the second time.
    package func after(
        _ event: BerthEvent, of provider: ProviderID, at now: Instant
    ) throws(BerthRefusal) -> CardDossier {
        switch event {
        case .request(let reservation, let owner, let cardCount, let software):
            return try requested(reservation, owner, cardCount, software, needsRoom: true)
        case .planned(let reservation, let owner, let cardCount, let software):
            return try requested(reservation, owner, cardCount, software, needsRoom: false)
        case .change(let reservation, let owner, let software):
            return try changed(reservation, owner, software)
        case .made(let evidence): return try made(provider, evidence, now)
        case .notMade: return try notMade(provider)
        case .release: return try releasing(provider)
        case .released(let evidence): return try released(provider, evidence)
        case .notReleased: return try notReleased(provider, now)
        }
    }

    // MARK: Asking for room

    private func requested(
        _ reservation: Reservation, _ owner: Provider, _ cardCount: Int, _ software: CardSoftware,
        needsRoom: Bool
    ) throws(BerthRefusal) -> CardDossier {
        let berth = try berth(reservation)
        if let known = dossier.berth(of: owner.id) {
            switch known.state {
            case .requested where known == berth: return dossier
            case .requested: throw .pending(owner.id)
            case .ready: throw .alreadyReady(owner.id)
            case .releasing: throw .releasing(owner.id)
            }
        }
        if let drift = dossier.card.inventory?.drift { throw .drifting(drift) }
        try check(berth, owner)
        guard cardCount < owner.limits.cardsMax else {
            throw .cardLimit(owner.id, max: owner.limits.cardsMax)
        }
        guard dossier.berths.count < Bounds.berthsPerCardMax else {
            throw .tooMany(what: "berths on a card", max: Bounds.berthsPerCardMax)
        }
        try SoftwareAccount(dossier, software: software).check(berth.resources, for: owner.id)
        if needsRoom { try checkRoom(for: berth) }
        return putting(berth)
    }

    private func changed(
        _ reservation: Reservation, _ owner: Provider, _ software: CardSoftware
    ) throws(BerthRefusal) -> CardDossier {
        let known = try ready(owner.id)
        var berth = try berth(reservation)
        (berth.state, berth.means) = (known.state, known.means)
        guard berth != known else { return dossier }
        if case .domain(let aid) = known.means { throw .notChangeableOnCard(aid) }
        if let drift = dossier.card.inventory?.drift { throw .drifting(drift) }
        try check(berth, owner)
        let used = used(by: owner.id)
        guard (berth.quota ?? berth.reserved).covers(used) else { throw .belowUse(owner.id, used: used) }
        try SoftwareAccount(dossier, software: software).check(berth.resources, for: owner.id)
        try checkRoom(for: berth)
        return putting(berth)
    }

    private func berth(_ reservation: Reservation) throws(BerthRefusal) -> Berth {
        for room in [reservation.room, reservation.quota].compactMap({ $0 }) {
            let range = 0...Bounds.roomBytesMax
            guard range.contains(room.nonVolatile), range.contains(room.volatile) else {
                throw .senseless(room)
            }
        }
        if let quota = reservation.quota, !quota.covers(reservation.room) {
            throw .quotaBelowReserve(quota: quota, reserved: reservation.room)
        }
        let means: Berth.Means
        if sizes.model.keepsOnCard(reservation.room) {
            guard let domain = reservation.domain else { throw .domainNameMissing }
            means = .domain(domain)
        } else {
            means = .ledger
        }
        return Berth(
            card: dossier.card.id, provider: reservation.provider, reserved: reservation.room,
            quota: reservation.quota, means: means, state: .requested,
            resources: .init(
                privileges: Privileges(rawValue: reservation.privileges),
                logicalChannels: reservation.logicalChannels, services: reservation.services,
                libraries: reservation.libraries))
    }

    private func check(_ berth: Berth, _ owner: Provider) throws(BerthRefusal) {
        if case .suspended(let reason) = owner.life {
            throw .providerSuspended(owner.id, reason: reason)
        }
        let most = berth.quota ?? berth.reserved
        guard owner.limits.roomPerCard.covers(most) else {
            throw .limit(owner.id, wanted: most, limit: owner.limits.roomPerCard)
        }
        if case .domain(let aid) = berth.means, dossier.berth(of: owner.id) == nil {
            let isTaken =
                dossier.application(aid) != nil || dossier.loadFile(aid) != nil
                || dossier.berths.contains { $0.means == .domain(aid) } || aid == dossier.card.issuerDomain
            guard !isTaken else { throw .domainNameTaken(aid) }
        }
    }

    /// What it takes more than what is already kept must be free and nobody's.
    private func checkRoom(for berth: Berth) throws(BerthRefusal) {
        var without = dossier
        without.removeBerth(of: berth.provider)
        let free = BerthLedger(without, names: names, sizes: sizes).account.free
        let wanted = outstanding(berth)
        let missing = wanted.shortage(given: free)
        guard missing.isNone else { throw .notEnoughRoom(wanted: wanted, free: free, missing: missing) }
    }

    private func putting(_ berth: Berth) -> CardDossier {
        var next = dossier
        next.put(berth)
        return next
    }

    // MARK: Confirming, using, releasing

    private func made(
        _ provider: ProviderID, _ evidence: BerthEvidence, _ now: Instant
    ) throws(BerthRefusal) -> CardDossier {
        var berth = try known(provider)
        switch berth.state {
        case .ready: return dossier
        case .releasing: throw .releasing(provider)
        case .requested: break
        }
        if case .domain(let aid) = berth.means {
            let isThere = dossier.application(aid)?.privileges.has(.securityDomain) ?? false
            switch evidence {
            case .registry where isThere, .receipt: break
            case .registry: throw .notProven("The card does not show a domain \(aid).")
            case .ledger where mayKeepRest(of: berth): break
            case .ledger: throw .notProven("The card keeps this room, so only the card can confirm it.")
            }
        }
        berth.state = .ready(since: now)
        return putting(berth)
    }

    private func notMade(_ provider: ProviderID) throws(BerthRefusal) -> CardDossier {
        let berth = try known(provider)
        switch berth.state {
        case .requested: break
        case .ready: throw .alreadyReady(provider)
        case .releasing: throw .releasing(provider)
        }
        if case .domain(let aid) = berth.means, dossier.application(aid) != nil {
            throw .notProven("The card shows domain \(aid): the room was made ready.")
        }
        return removing(provider)
    }

    /// Until the release is confirmed the room stays its owner's: it may still be taken on the card.
    private func releasing(_ provider: ProviderID) throws(BerthRefusal) -> CardDossier {
        var berth = try known(provider)
        if berth.state == .releasing { return dossier }
        let used = used(by: provider)
        guard used.isNone else { throw .inUse(provider, used: used) }
        berth.state = .releasing
        return putting(berth)
    }

    private func released(
        _ provider: ProviderID, _ evidence: BerthEvidence
    ) throws(BerthRefusal) -> CardDossier {
        // Gone already: the same news again.
        guard let berth = dossier.berth(of: provider) else { return dossier }
        guard berth.state == .releasing else { throw .notReleasing(provider) }
        if case .domain(let aid) = berth.means {
            switch evidence {
            case .registry where dossier.application(aid) == nil, .receipt: break
            case .registry: throw .notProven("The card still shows domain \(aid).")
            case .ledger: throw .notProven("The card keeps this room, so only the card can confirm it.")
            }
        }
        let used = used(by: provider)
        guard used.isNone else { throw .inUse(provider, used: used) }
        return removing(provider)
    }

    private func notReleased(_ provider: ProviderID, _ now: Instant) throws(BerthRefusal) -> CardDossier {
        var berth = try known(provider)
        switch berth.state {
        case .releasing: berth.state = .ready(since: now)
        case .ready: return dossier
        case .requested: throw .notReleasing(provider)
        }
        if case .domain(let aid) = berth.means, dossier.application(aid) == nil {
            throw .notProven("The card shows no domain \(aid): there is no room to keep.")
        }
        return putting(berth)
    }

    /// Whether a provider may put this on the card: within its berth, or within what is nobody's and its limit.
    package func checkUse(of room: Room, by owner: Provider) throws(BerthRefusal) {
        if case .suspended(let reason) = owner.life { throw .providerSuspended(owner.id, reason: reason) }
        let used = used(by: owner.id)
        var left = owner.limits.roomPerCard.shortage(given: used)
        if dossier.berth(of: owner.id) != nil {
            _ = try ready(owner.id)
            let allowance = allowance(of: owner.id) ?? .none
            left = Room(
                nonVolatile: min(left.nonVolatile, allowance.nonVolatile),
                volatile: min(left.volatile, allowance.volatile))
        }
        guard left.covers(room) else {
            throw .beyondAllowance(owner.id, wanted: room, left: left, missing: room.shortage(given: left))
        }
        let free = available(to: owner.id)
        let missing = room.shortage(given: free)
        guard missing.isNone else { throw .notEnoughRoom(wanted: room, free: free, missing: missing) }
    }

    /// A load file that berths need does not leave.
    package func checkRemoval(ofLoadFile aid: AID) throws(BerthRefusal) {
        let providers = SoftwareAccount(dossier, software: CardSoftware()).providers(needing: aid)
        guard providers.isEmpty else { throw .libraryNeeded(aid, by: providers) }
    }

    private func known(_ provider: ProviderID) throws(BerthRefusal) -> Berth {
        guard let berth = dossier.berth(of: provider) else { throw .none(provider) }
        return berth
    }

    private func ready(_ provider: ProviderID) throws(BerthRefusal) -> Berth {
        let berth = try known(provider)
        switch berth.state {
        case .requested: throw .pending(provider)
        case .releasing: throw .releasing(provider)
        case .ready: return berth
        }
    }

    private func removing(_ provider: ProviderID) -> CardDossier {
        var next = dossier
        next.removeBerth(of: provider)
        return next
    }
}
