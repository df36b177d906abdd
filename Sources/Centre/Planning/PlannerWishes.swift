internal import GlobalPlatform
internal import SmartCard

// What each wish asks for.

extension Planner {
    mutating func take(_ wish: Wish) {
        switch wish {
        case .add(let application):
            if let release = newestRelease(of: application) { add(release) }
        case .addRelease(let id):
            if let release = release(id) { add(release) }
        case .remove(let application): remove(application)
        case .removeInstance(let aid): removeInstance(aid)
        case .park(let application): park(application)
        case .snapshot(let application): copy(application)
        case .restore(let key): restore(key)
        case .update(let id):
            if let release = release(id) { update(to: release) }
        case .reserve(let reservation): reserve(reservation)
        case .release(let provider): releaseBerth(provider)
        case .renew: renew()
        case .rotateKeys(let masterKey, let version): keySets.append((masterKey, version))
        }
    }

    // MARK: - The catalogue

    mutating func newestRelease(of id: ApplicationID) -> Release? {
        let all = picture.releases.values.filter { $0.id.application == id }
        guard picture.applications[id] != nil || !all.isEmpty else {
            object(
                .applicationUnknown, id.text, "No application named \(id) is in the catalogue.",
                "Look at the catalogue's list of applications.")
            return nil
        }
        let published = all.compactMap { release -> (Instant, Release)? in
            if case .published(let instant) = release.life { (instant, release) } else { nil }
        }
        let fitting = published.filter { fits($0.1) }
        guard let newest = fitting.max(by: { ($0.0, $0.1.id) < ($1.0, $1.1.id) }) else {
            if published.isEmpty {
                object(
                    .releaseNotPublished, id.text, "No release of \(id) is published.",
                    "Publish a release, or ask its provider.")
            } else {
                object(
                    .profileUnsuited, id.text,
                    "No release of \(id) is made for cards of the profile \(picture.card.profile).",
                    "Ask the provider for a release for this profile.")
            }
            return nil
        }
        return newest.1
    }

    mutating func release(_ id: ReleaseID) -> Release? {
        guard let release = picture.releases[id] else {
            object(
                .releaseUnknown, id.description, "No release \(id) is in the catalogue.",
                "Look at the catalogue's list of releases.")
            return nil
        }
        return release
    }

    func fits(_ release: Release) -> Bool {
        switch release.compatibility {
        case .everyProfile: true
        case .only(let profiles): profiles.contains(picture.card.profile)
        }
    }

    /// Whether it may be put on this card at all.
    /// - Parameter takesBack: data that left it; no other release is known to read them, so they return into it
    ///   also where it was withdrawn.
    mutating func isInstallable(_ release: Release, takesBack: Bool = false) -> Bool {
        let name = release.id.description
        if case .stopped(let reason)? = picture.applications[release.id.application]?.service {
            object(
                .serviceStopped, release.id.application.text,
                "The service of \(release.id.application) is stopped: \(reason).",
                "Wait until its provider runs it again.")
            return false
        }
        switch release.life {
        case .published: break
        case .draft:
            object(.releaseNotPublished, name, "\(name) is a draft.", "Publish it first.")
            return false
        case .withdrawn where takesBack: break
        case .withdrawn(_, let reason):
            object(
                .releaseNotPublished, name, "\(name) was withdrawn: \(reason).", "Choose another release.")
            return false
        }
        guard fits(release) else {
            object(
                .profileUnsuited, name,
                "\(name) is not made for cards of the profile \(picture.card.profile).",
                "Choose a release for this profile.")
            return false
        }
        return true
    }

    // MARK: - Coming

    private mutating func add(_ release: Release) {
        let present = instances(of: release.id.application)
        if !present.isEmpty {
            let isSame = present.allSatisfy { $0.entry.release == release.id }
            let isWhole = Set(present.map(\.entry.aid)).isSuperset(of: release.instances.map(\.aid))
            if isSame, isWhole {
                object(
                    .alreadySo, release.id.description, "\(release.id) is on the card already.",
                    "Nothing needs to be done.")
                return
            }
            if !isSame {
                object(
                    .alreadyInstalled, release.id.application.text,
                    "Another release of \(release.id.application) is on the card.",
                    "Wish an update to \(release.id).")
                return
            }
        }
        guard isInstallable(release) else { return }
        let names = Set(present.map(\.entry.aid))
        let coming = release.instances.filter { !names.contains($0.aid) }
        // Another one in the place of data that are on their way here looks like a copy of them.
        let isPromised = picture.custody.contains { stay in
            stay.isReturning(to: picture.card.id) && coming.contains { $0.aid == stay.aid }
        }
        guard !isPromised else {
            object(
                .nameTaken, release.id.application.text,
                "The data of \(release.id.application) are on their way to this card.",
                "Wish to restore it: that brings them here, or back into custody.")
            return
        }
        let held = picture.custody.filter { $0.release.application == release.id.application && $0.isHeld }
        if !held.isEmpty {
            object(
                .leftOut, release.id.application.text,
                "\(release.id.application) is in custody; added like this it begins with new data.",
                "Wish to restore it, to have its data back.")
        }
        bring(release, instances: coming)
    }

    mutating func bring(
        _ release: Release, instances: [Release.Instance], sources: [AID: PlanStep.Source] = [:],
        kept: [Custody] = []
    ) {
        let provider = picture.applications[release.id.application]?.provider
        // The domain of a berth only keeps room: what its owner has stands in its own domain, or in the issuer's.
        let domain = provider.flatMap { picture.ownDomains[$0] }
        var rooms: [AID: Room] = [:]
        var imageBytes: [AID: Int] = [:]
        for item in kept {
            rooms[item.aid] = item.room
            imageBytes[item.aid] = item.imageBytes
        }
        incoming.append(
            Incoming(
                release: release, instances: instances, sources: sources, imageBytes: imageBytes,
                rooms: rooms,
                domain: domain, provider: provider))
    }

    private mutating func restore(_ key: CustodyKey) {
        let named = picture.custody.first {
            $0.card == key.card && $0.aid == key.aid && $0.ordinal == key.ordinal
        }
        guard let named else {
            object(
                .notHeld, "\(key.aid)", "Nothing of that name is in custody.",
                "Look at what is kept for this holder.")
            return
        }
        guard mayReturn(named) else {
            object(
                .notHeld, "\(key.aid)",
                "The copy of \(key.aid) is not held: it is on its way, or was given back.",
                "Wait for the operation that has it, or look at its history.")
            return
        }
        guard let release = release(named.release), isInstallable(release, takesBack: true) else { return }
        let kept = picture.custody.filter {
            $0.card == named.card && $0.release == named.release && mayReturn($0)
        }
        restore(release, kept: kept)
    }

    /// What was promised to this card and did not arrive can be asked for again: where answers carry no MAC, nothing
    /// proves that it was given up. An operation that has it still is open, and nothing else begins then.
    func mayReturn(_ stay: Custody) -> Bool { stay.isHeld || stay.isReturning(to: picture.card.id) }

    mutating func restore(_ release: Release, kept: [Custody]) {
        var sources: [AID: PlanStep.Source] = [:]
        for item in kept {
            if let time = picture.copiedAt[item.key] {
                object(
                    .dataOld, release.id.application.text,
                    "The data of \(release.id.application) are those of \(time): what happened on its card since is lost.",
                    "Tell the holder before they use it.")
            }
            sources[item.aid] = .held(CustodyKey(card: item.card, aid: item.aid, ordinal: item.ordinal))
        }
        bring(
            release, instances: release.instances.filter { sources[$0.aid] != nil }, sources: sources,
            kept: kept)
    }

    // MARK: - Leaving

    private mutating func remove(_ application: ApplicationID) {
        let present = instances(of: application)
        guard !present.isEmpty else { return objectNotInstalled(application) }
        leave(present, application: application, purpose: .forGood, cause: .wished)
    }

    private mutating func removeInstance(_ aid: AID) {
        guard let present = picture.installed.first(where: { $0.entry.aid == aid }) else {
            object(.notInstalled, "\(aid)", "No instance \(aid) is on the card.", "Look at what is on it.")
            return
        }
        let isUsed = picture.installed.contains { $0.entry.domain == aid && $0.entry.aid != aid }
        if present.entry.privileges.contains(.securityDomain),
            isUsed || picture.loaded.contains(where: { $0.entry.domain == aid })
        {
            object(
                .stillNeeded, "\(aid)", "The domain \(aid) is not empty.", "Remove what belongs to it first.")
            return
        }
        leave([present], application: present.entry.release?.application, purpose: .forGood, cause: .wished)
    }

    private mutating func park(_ application: ApplicationID) {
        let present = instances(of: application)
        guard !present.isEmpty else { return objectNotInstalled(application) }
        guard canPark(present) else { return }
        leave(present, application: application, purpose: .parked, cause: .wished)
    }

    private mutating func copy(_ application: ApplicationID) {
        let present = instances(of: application)
        guard let first = present.first else { return objectNotInstalled(application) }
        guard canPark(present) else { return }
        guard let release = first.entry.release.flatMap({ picture.releases[$0] }), release.permitsSnapshots,
            release.parking == .contract
        else {
            object(
                .cannotPark, application.text, "The release of \(application) permits no copies of its data.",
                "Park it, or ask its provider for a release that permits copies.")
            return
        }
        let leaving = leavingInstances
        guard !present.contains(where: { leaving.contains($0.entry.aid) }) else {
            return objectCopiedAndLeaving(application)
        }
        copied += present
    }

    /// When the copy is made, what was frozen for it goes on working: that ends the stay which leaving needs.
    private mutating func objectCopiedAndLeaving(_ application: ApplicationID) {
        object(
            .wishesContradict, application.text, "\(application) is to be copied and to leave at once.",
            "Leave one of both out, or make two plans.")
    }

    private mutating func objectNotInstalled(_ application: ApplicationID) {
        object(
            .notInstalled, application.text, "\(application) is not on the card.", "Look at what is on it.")
    }

    private mutating func leave(
        _ present: [Picture.Installed], application: ApplicationID?, purpose: PlanStep.Purpose,
        cause: Plan.Leaving.Cause
    ) {
        let leaving = leavingInstances.union(upgradedInstances)
        let rest = present.filter { !leaving.contains($0.entry.aid) }
        guard rest.count == present.count else {
            object(
                .wishesContradict, application?.text ?? "\(present[0].entry.aid)",
                "Two wishes make the same application leave.", "Leave one of them out.")
            return
        }
        if let application, !copiedInstances.isDisjoint(with: present.map(\.entry.aid)) {
            return objectCopiedAndLeaving(application)
        }
        outgoing.append(
            Outgoing(
                application: application, release: present[0].entry.release.flatMap { picture.releases[$0] },
                instances: present, purpose: purpose, cause: cause))
    }

    private mutating func canPark(_ present: [Picture.Installed]) -> Bool {
        guard let id = present[0].entry.release, let release = picture.releases[id] else {
            object(
                .cannotPark, present[0].entry.release?.description ?? "\(present[0].entry.aid)",
                "Nobody knows how its data leave the card: its release is not in the catalogue.",
                "Add the release to the catalogue.")
            return false
        }
        if hasOlderData(of: present) {
            object(
                .cannotPark, id.description,
                "Older data of \(id.application) are in custody, and only one of both can be there.",
                "Dismiss the older data, or remove for good what is on the card.")
            return false
        }
        if case .never(let reason) = release.parking {
            object(
                .cannotPark, id.description, "\(id) cannot be parked: \(reason).",
                "Remove it for good, or leave it where it is.")
            return false
        }
        return true
    }

    /// An application that was added anew while its data were in custody.
    func hasOlderData(of present: [Picture.Installed]) -> Bool {
        picture.custody.contains { stay in
            stay.card == picture.card.id && stay.isHeldOrReturning
                && present.contains { $0.entry.aid == stay.aid }
        }
    }

    private mutating func update(to release: Release) {
        let present = instances(of: release.id.application)
        guard let old = present.first else { return objectNotInstalled(release.id.application) }
        if present.allSatisfy({ $0.entry.release == release.id }) {
            object(
                .alreadySo, release.id.description, "\(release.id) is on the card already.",
                "Nothing needs to be done.")
            return
        }
        guard isInstallable(release) else { return }
        let oldRelease = old.entry.release.flatMap { picture.releases[$0] }
        if let oldRelease, let upgrade = upgrade(present, from: oldRelease, to: release) {
            upgrades.append(upgrade)
            return
        }
        guard canPark(present) else { return }
        let names = Set(release.instances.map(\.aid))
        leave(present, application: release.id.application, purpose: .parked, cause: .replaced)
        // Without data of its own, what has other names or other means in the new release is made anew there: what was
        // parked of it is given up when all is done, and is there for a new release that is refused.
        let isTakenOver =
            oldRelease?.parking == release.parking
            && (release.parking == .contract || present.allSatisfy { names.contains($0.entry.aid) })
        var sources: [AID: PlanStep.Source] = [:]
        if isTakenOver {
            for item in present where names.contains(item.entry.aid) {
                sources[item.entry.aid] = .parkedByThisPlan(instance: item.entry.aid)
            }
        }
        if oldRelease?.parking == .contract, sources.count < present.count {
            object(
                .dataLost, release.id.description,
                "\(release.id) cannot take over all data of \(old.entry.release?.description ?? "the old one"): "
                    + "they stay in custody.",
                "Ask the provider how the data come into the new release.")
        }
        bring(release, instances: release.instances, sources: sources)
        for item in present {
            incoming[incoming.count - 1].imageBytes[item.entry.aid] = imageBytes(of: item)
        }
    }

    // MARK: - Berths

    private mutating func reserve(_ reservation: Reservation) {
        let name = reservation.provider.text
        guard berth(of: reservation.provider) == nil else {
            object(
                .berthTaken, name, "\(name) has a berth on this card already.",
                "Release it first, or use what it has.")
            return
        }
        if let quota = reservation.quota, !quota.covers(reservation.room) {
            object(
                .quotaExceeded, name, "The quota of \(name) is less than what is reserved for it.",
                "Ask for a quota of at least the reserved room.")
            return
        }
        guard picture.model.keepsOnCard(reservation.room) else {
            reservations.append((reservation, nil))
            return
        }
        guard let domain = reservation.domain else {
            object(
                .domainNameMissing, name, "The card keeps reserved room in a domain, and none was named.",
                "Name the domain to make.")
            return
        }
        if picture.installed.contains(where: { $0.entry.aid == domain }) {
            object(.nameTaken, "\(domain)", "\(domain) is on the card already.", "Name another domain.")
            return
        }
        reservations.append((reservation, domain))
    }

    private mutating func releaseBerth(_ provider: ProviderID) {
        guard let held = berth(of: provider) else {
            object(
                .berthMissing, provider.text, "\(provider) has no berth on this card.",
                "Nothing needs to be done.")
            return
        }
        guard held.used.isNone else {
            object(
                .berthInUse, provider.text,
                "\(provider) still uses \(held.used.nonVolatile) bytes of its berth.",
                "Remove or park its applications first.")
            return
        }
        releasedBerths.append(held)
    }
}

extension Custody {
    /// The vault holds the live copy, and nobody else is taking it.
    var isHeld: Bool { if case .held = state { true } else { false } }

    /// Its data may be on their way to this card, or stand there in part.
    func isReturning(to card: CardID) -> Bool { if case .returning(card, _) = state { true } else { false } }
}
