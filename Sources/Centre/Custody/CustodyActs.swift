// What is done to stays in custody, with an entry in the card's chain; whoever calls these has locked the card and puts
// it afterwards.

extension Act {
    /// Writes down a stay as it has become, in the place of what it was; ended, the vault's copy goes.
    /// - Parameter isSnapshot: the stay is over, and what was read for it is kept as a copy.
    package func settle(
        _ stay: Custody, from before: Custody?, on card: inout Card, isSnapshot: Bool = false
    ) throws {
        guard stay != before else { return }
        if before == nil {
            transaction.insert(stay)
        } else {
            transaction.put(stay)
        }
        transaction.charge(stay, from: before)
        if isSnapshot {
            try keepSnapshot(of: stay)
        } else if !stay.isOpen {
            try transaction.forgetImage(of: stay)
            try forgetSnapshot(of: stay)
        } else if case .provisional? = before?.state, case .held = stay.state {
            try dropSnapshot(of: stay.aid, on: stay.card)
        } else if case .surrendering? = before?.state, case .held = stay.state {
            try dropSnapshot(of: stay.aid, on: stay.card)
        }
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

    /// Every open stay that depends on a card which a person declared lost: those that left it, and those that were on
    /// their way to it. What is left on that card is never thawed.
    package func declareLost(_ card: inout Card, reason: String) throws -> [Custody] {
        try requireOperator(to: "declare a card lost")
        return try giveUp(&card, reason: reason)
    }

    /// What a card that is never served again has to do with custody: what the vault has whole is the copy that counts,
    /// and what was on its way there is held again. An operation on it has nothing more to do.
    @discardableResult
    func giveUp(_ card: inout Card, reason: String) throws -> [Custody] {
        if let open = try transaction.openOperation(on: card.id) {
            var operation = open
            operation.state = .ended(
                .failed(
                    reason: Reason(.cardUnserved, text: "The card was retired: \(reason)"),
                    nextStep: "Ask for it on the card that took its place."))
            transaction.put(operation)
            for note in operation.endNotes(since: open) { self.note(note, on: &card) }
        }
        try releaseBerths(of: &card)
        let stays = try transaction.openStays(dependingOn: card.id).map { stay in
            try carryOn(stay, after: .cardLost(card.id, reason: reason), on: &card)
        }
        try reviveSnapshots(of: &card)
        return stays
    }

    /// Nobody can use room on a card that is never served again: it is nobody's, and counts towards no limit.
    private func releaseBerths(of card: inout Card) throws {
        for berth in try transaction.all(Berth.self, key: .word(card.id)) {
            transaction.remove(berth)
            let kind: StaticString =
                switch berth.state {
                case .requested: "berth.refused"
                case .ready, .releasing: "berth.released"
                }
            note(
                Note(
                    kind, .card(card.id), provider: berth.provider,
                    facts: Fact.room(berth.reserved) + [.word("evidence", "retired")]),
                on: &card)
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
