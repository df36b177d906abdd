internal import CardCrypto
internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

// Copies of data, lost cards, and the cards that take their place.

extension World {
    /// Nobody loses more cards in one world.
    private static let renewalsMax = 2

    func isRetired(_ id: CardID) -> Bool {
        if case .retired? = watch.books.cards[id]?.life { true } else { false }
    }

    /// The holder's card is gone, and a blank one is theirs.
    func renew(_ chance: inout Chance) throws {
        watch.books = try centre.books()
        guard shape.hasHolder, renewals < Self.renewalsMax,
            let old = cards.first(where: { $0.id == holdersCard }), watch.books.cards[old.id]?.life == .active
        else { return }
        let names = mood == .malice ? Shape.profiles : Shape.roomyProfiles
        let card = try issue(chance.pick(names) ?? Shape.roomyProfiles[0], inPlaceOf: old)
        try visitInPeace(card, &chance)
        try check()
        guard watch.books.openOperation(on: card.id) == nil else { return }
        tell("card \(card.number): all that its holder uses is wished")
        let draft = Draft(words: "", wishes: [.renew])
        guard let plan = try feasiblePlan(draft, card) else { return }
        try request(plan, hours: hours(&chance), isExcused: try mood == .malice || isDoubtful(plan))
    }

    func issue(_ profile: String, inPlaceOf old: SimulatedCard) throws -> SimulatedCard {
        renewals += 1
        let card = try makeCard(profile)
        tell("card \(old.number) is lost, and card \(card.number) (\(profile)) takes its place")
        let before = try centre.books()
        excuse(old.id)
        try centre.register(card)
        try centre.assign(card.id)
        holdersCard = card.id
        watch.books = try centre.books()
        try mourn(before, lostWith: old)
        return card
    }

    /// What was on the lost card is lost with it, unless the vault has it: then that copy is the one that counts.
    private func mourn(_ before: Books, lostWith old: SimulatedCard) throws {
        for (lineage, treasure) in treasures {
            let aid = treasure.example.module
            let isElsewhere = cards.contains { card in
                guard !isRetired(card.id), let sight = card.chip.parking(of: aid) else { return false }
                return sight.lineage == lineage && [.active, .frozen].contains(sight.state)
            }
            let stay = watch.books.stays(of: lineage).first(where: \.isOpen)
            guard !isElsewhere else { continue }
            if let stay, let image = watch.books.images[stay.key] {
                guard treasure.past.contains(image) else {
                    throw Violation(
                        invariant: .oneCopy, words: "what is kept of \(treasure.example) it never was")
                }
                treasures[lineage]?.data = image
                continue
            }
            let wasKept = before.stays(of: lineage).contains { before.images[$0.key] != nil && $0.isOpen }
            let wasCopied = before.snapshots.contains {
                $0.stay.card == old.id && $0.stay.lineage == lineage
            }
            guard treasure.mayVanish || !wasKept && !wasCopied else {
                throw Violation(
                    invariant: .oneCopy,
                    words: "\(treasure.example) was copied before its card was lost, and is nowhere")
            }
            treasures[lineage] = nil
        }
    }

    /// A copy can be opened, says what the application once held, and is no live one: nobody brings it to a card.
    func checkSnapshots() throws {
        for snapshot in watch.books.snapshots {
            let stay = snapshot.stay
            guard let treasure = treasures[stay.lineage] else { continue }
            guard let image = snapshot.image, treasure.past.contains(image) else {
                throw Violation(
                    invariant: .copies, words: "the copy of \(stay.aid) does not say what that once held")
            }
            guard stay.isOpen, !isRetired(stay.card) else { continue }
            throw Violation(
                invariant: .copies, words: "the copy of \(stay.aid) counts as live while its card is in use")
        }
    }
}

// MARK: - A domain of a provider's own

extension SimulatedCard {
    /// Applications of the first provider stand under it.
    static let ownDomain: AID = {
        guard let aid = try? AID(SimulatedCentre.ownDomainPrefix.bytes + [0x01]) else {
            preconditionFailure("a prefix and one byte are an AID")
        }
        return aid
    }()

    /// As its owner's unit would make it: a domain, personalised in a session of its own.
    func makeOwnDomain() throws {
        chip.powerOn()
        let link = CardLink(ChipChannel(chip))
        func open(_ application: AID) throws {
            _ = try link.send(.select(application))
            try link.authenticate(
                Handshake.Wish(
                    hostChallenge: .init(repeating: 7, count: 8), level: .commandMAC,
                    scp02Options: SCP02Options(rawValue: chip.profile.scp02Options ?? 0x15),
                    application: application),
                keys: KeySource(.one(Secret(chip.profile.factoryKeys.value))).provider)
        }
        try open(chip.profile.issuerDomain)
        try must(
            link,
            InstallCommand.install(
                .init(
                    loadFile: WellKnownAID.securityDomainPackage, module: WellKnownAID.securityDomainModule,
                    instance: Self.ownDomain, privileges: .securityDomain), makeSelectable: true
            ).command())
        try open(Self.ownDomain)
        try must(link, CommandAPDU(0x80, 0xF0, 0x40, 0x0F, data: Self.ownDomain.bytes))
    }

    private func must(_ link: CardLink, _ command: CommandAPDU) throws {
        let status = try link.send(command).status
        guard status.isSuccess else { throw SimulationFailure.refused("\(status)") }
    }
}
