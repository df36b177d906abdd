package import CardCrypto
internal import CardManagement

// What is done to stays in custody, with an entry in the card's chain; whoever calls these has locked the card and puts
// it afterwards.

extension Act {
    /// Writes down a stay as it has become, in the place of what it was; ended, the vault's copy goes.
    package func settle(_ stay: Custody, from before: Custody?, on card: inout Card) throws {
        guard stay != before else { return }
        if before == nil {
            transaction.insert(stay)
        } else {
            transaction.put(stay)
        }
        transaction.charge(stay, from: before)
        if !stay.isOpen { try transaction.forgetImage(of: stay) }
        guard before?.state != stay.state else { return }
        note(stay.note, on: &card)
    }

    /// Carries a stay on by one event.
    package func carryOn(
        _ stay: Custody, after event: CustodyEvent, on card: inout Card
    ) throws -> Custody {
        let next = try stay.after(event, at: now)
        try settle(next, from: stay, on: &card)
        return next
    }

    /// Keeps a whole image in the place of whatever the vault had of this stay, and reads it back: what cannot be
    /// opened again does not count.
    package func keep(
        _ image: Secret, of stay: Custody, in vault: any KeyVault, on card: inout Card
    ) throws -> Custody {
        try transaction.forgetImage(of: stay)
        _ = try transaction.keep(image, from: 0, of: stay, in: vault, now: now)
        let readBack = try transaction.image(of: stay, in: vault)
        let digest = stay.image.digest(of: readBack)
        return try carryOn(
            stay, after: .imageKept(digest: digest, byteCount: readBack.count), on: &card)
    }

    /// Every open stay that depends on a card which a person declared lost: those that left it, and those that were on
    /// their way to it. What is left on that card is never thawed.
    package func declareLost(_ card: inout Card, reason: String) throws -> [Custody] {
        try requireOperator(to: "declare a card lost")
        let stays = try transaction.openStays(dependingOn: card.id)
        return try stays.map { stay in
            try carryOn(stay, after: .cardLost(card.id, reason: reason), on: &card)
        }
    }

    /// Gives up the vault's copy of a stay; it cannot be had back.
    package func dismiss(_ stay: Custody, reason: String, on card: inout Card) throws -> Custody {
        try require(stay.provider, to: "give up what is in custody")
        return try carryOn(stay, after: .dismissed(reason: reason), on: &card)
    }
}

extension Custody {
    fileprivate var note: Note {
        let subject = Note.Subject.instance(card, aid)
        let facts: [Fact] = [.release(release), .number("stay", ordinal)] + stateFacts
        return switch state {
        case .frozen: Note("custody.frozen", subject, provider: provider, facts: facts, isAnnounced: false)
        case .provisional:
            Note("custody.kept", subject, provider: provider, facts: facts, isAnnounced: false)
        case .surrendering:
            Note("custody.surrender-intended", subject, provider: provider, facts: facts, isAnnounced: false)
        case .held: Note("custody.held", subject, provider: provider, facts: facts)
        case .returning: Note("custody.return-intended", subject, provider: provider, facts: facts)
        case .returned: Note("custody.returned", subject, provider: provider, facts: facts)
        case .discarded: Note("custody.discarded", subject, provider: provider, facts: facts)
        }
    }

    private var stateFacts: [Fact] {
        switch state {
        case .frozen, .provisional, .surrendering: [.number("generation", Int(generation))]
        case .held(let since): [.instant("since", since)]
        case .returning(let card, _): [.name("to", card)]
        case .returned(let card, let at): [.name("to", card), .instant("at", at)]
        case .discarded(let at, _): [.instant("at", at)]
        }
    }
}
