internal import SmartCard

// MARK: The ledger in the store (rows A3 to A5, A10, A11)

extension Act {
    /// Asks for room. What is still to be done on the card, the plan says; where the ledger keeps the room, it is ready
    /// with `berth(.made(.ledger), …)`.
    @discardableResult
    package func requestBerth(
        _ reservation: Reservation, on id: CardID, sizes: SizeBook, software: CardSoftware = CardSoftware()
    ) throws -> Berth {
        try require(reservation.provider, to: "ask for room for '\(reservation.provider)'")
        // The card first, then the provider: whoever takes both takes them in this order.
        let known = try dossier(of: id)
        try Self.check(known.card, today: now.day)
        guard let owner = try transaction.lock(Provider.self, key: .word(reservation.provider)) else {
            throw BerthRefusal.providerUnknown(reservation.provider)
        }
        let ledger = try ledger(known, sizes)
        let next: CardDossier
        if case .ready? = known.berth(of: owner.id)?.state {
            next = try ledger.after(
                .change(reservation, of: owner, software: software), of: owner.id, at: now)
        } else {
            let count = try transaction.count(Query(Berth.table, [.init("provider", .word(owner.id))]))
            next = try ledger.after(
                .request(reservation, of: owner, cardCount: count, software: software), of: owner.id, at: now)
        }
        try saveBerth(next, since: known, owner.id)
        guard let berth = next.berth(of: owner.id) else { throw BerthRefusal.none(owner.id) }
        return berth
    }

    /// Everything else that happens to a provider's room.
    @discardableResult
    package func berth(
        _ event: BerthEvent, of provider: ProviderID, on id: CardID, sizes: SizeBook
    ) throws -> CardDossier {
        switch event {
        case .request, .planned, .change: preconditionFailure("room is asked for with requestBerth")
        case .made, .notMade, .released, .notReleased: try requireOperator(to: "confirm what a card did")
        case .release: try require(provider, to: "release the room of '\(provider)'")
        }
        let known = try dossier(of: id)
        let next = try ledger(known, sizes).after(event, of: provider, at: now)
        return try saveBerth(next, since: known, provider, event.evidence)
    }

    private func ledger(_ dossier: CardDossier, _ sizes: SizeBook) throws -> BerthLedger {
        BerthLedger(dossier, names: try transaction.catalogueNames(of: dossier.names), sizes: sizes)
    }

    @discardableResult
    private func saveBerth(
        _ next: CardDossier, since known: CardDossier, _ provider: ProviderID,
        _ evidence: BerthEvidence? = nil
    ) throws -> CardDossier {
        let (before, after) = (known.berth(of: provider), next.berth(of: provider))
        guard before != after else { return next }
        let facts = (after ?? before).map { Fact.room($0.reserved) } ?? []
        let note = Note(
            Self.berthKind(before, after), .card(next.card.id), provider: provider,
            facts: facts + (evidence?.facts ?? []))
        return save(next, since: known, [note])
    }

    static func berthKind(_ before: Berth?, _ after: Berth?) -> StaticString {
        switch (before?.state, after?.state) {
        case (nil, _): "berth.requested"
        case (.requested?, .ready?): "berth.ready"
        case (.requested?, nil): "berth.refused"
        case (.releasing?, nil): "berth.released"
        case (.releasing?, .ready?): "berth.kept"
        case (_, .releasing?): "berth.releasing"
        case (_, _): "berth.changed"
        }
    }
}

extension BerthEvent {
    fileprivate var evidence: BerthEvidence? {
        switch self {
        case .made(let evidence), .released(let evidence): evidence
        case .request, .planned, .notMade, .change, .release, .notReleased: nil
        }
    }
}

extension BerthEvidence {
    var facts: [Fact] {
        switch self {
        case .registry: [.word("evidence", "registry")]
        case .receipt(let digest): [.word("evidence", "receipt"), .digest(digest)]
        case .ledger: [.word("evidence", "ledger")]
        }
    }
}
