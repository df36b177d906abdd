internal import GlobalPlatform
internal import SmartCard

// Rows A3 to A5: the register of berths follows an operation that makes room ready or gives it back. What a card keeps
// is ready, or gone, by the card's own registry and by nothing else.

extension Act {
    /// Notes what the wishes ask for, before anything reaches the card.
    func askForBerths(_ wishes: [Wish], of known: CardDossier, _ model: CardModel) throws -> CardDossier {
        var dossier = known
        for wish in wishes {
            switch wish {
            case .reserve(let reservation):
                try require(reservation.provider, to: "ask for room for '\(reservation.provider)'")
                guard let owner = try transaction.lock(Provider.self, key: .word(reservation.provider)) else {
                    throw BerthRefusal.providerUnknown(reservation.provider)
                }
                let count = try transaction.count(Query(Berth.table, [.init("provider", .word(owner.id))]))
                dossier = try ledger(of: dossier, model).after(
                    .planned(reservation, of: owner, cardCount: count, software: model.software),
                    of: owner.id, at: now)
            case .release(let provider):
                try require(provider, to: "release the room of '\(provider)'")
                dossier = try ledger(of: dossier, model).after(.release, of: provider, at: now)
            case .add, .addRelease, .remove, .removeInstance, .park, .snapshot, .restore, .update, .renew,
                .rotateKeys:
                continue
            }
        }
        return dossier
    }

    /// What became of the room that an operation was to make ready or to give back, once it is over.
    func settleBerths(
        of operation: Operation?, in dossier: inout CardDossier, _ model: CardModel, flaws: Flaws = []
    ) throws -> [Note] {
        guard let operation, !operation.isOpen else { return [] }
        let before = dossier
        let isDone = operation.state == .ended(.done)
        for wish in operation.wishes {
            guard let berth = wish.berthOwner.flatMap({ dossier.berth(of: $0) }) else { continue }
            let ledger = try ledger(of: dossier, model)
            guard var event = berth.event(isDone: isDone, ledger) else { continue }
            if flaws.contains(.forgetsKeptRoom), case .notReleased = event {
                event = .released(.receipt(digest: []))
            }
            dossier = try ledger.after(event, of: berth.provider, at: now)
        }
        return berthNotes(from: before, to: dossier)
    }

    /// The same where no report came, but an operation was given up.
    func settleBerths(of operation: Operation, _ models: any CardModels) throws {
        guard operation.wishes.contains(where: { $0.berthOwner != nil }) else { return }
        let known = try dossier(of: operation.card)
        guard let model = models.model(of: known.card.profile) else { return }
        var next = known
        let notes = try settleBerths(of: operation, in: &next, model)
        guard !notes.isEmpty else { return }
        save(next, since: known, notes)
    }

    /// The accounts of a card whose things are sized by their releases, where they were not measured on it.
    package func ledger(of dossier: CardDossier, _ model: CardModel) throws -> BerthLedger {
        let names = try transaction.catalogueNames(of: dossier.names)
        return BerthLedger(dossier, names: names, sizes: try sizes(of: dossier, names, model))
    }

    /// What the things of a card take that nobody measured on it.
    func sizes(of dossier: CardDossier, _ names: CatalogueNames, _ model: CardModel) throws -> SizeBook {
        let known = Set(
            dossier.applications.compactMap(\.release)
                + dossier.loadFiles.flatMap { names.loadFiles[$0.aid]?.map(\.release) ?? [] })
        let queries = Release.queries(known)
        let rows = queries.isEmpty ? [] : try transaction.ask(queries)
        let releases = try transaction.decode(Release.self, rows.flatMap { $0 })
        return try sizeBook(releases.filter { known.contains($0.id) }, dossier, model)
    }

    func berthNotes(from before: CardDossier, to after: CardDossier) -> [Note] {
        let owners = Set((before.berths + after.berths).map(\.provider)).sorted()
        return owners.compactMap { owner in
            let (old, new) = (before.berth(of: owner), after.berth(of: owner))
            guard old != new, let berth = new ?? old else { return nil }
            return Note(
                Self.berthKind(old, new), .card(after.card.id), provider: owner,
                facts: Fact.room(berth.reserved) + Self.evidence(of: berth, now: new?.state, after))
        }
    }

    /// Room that is ready or gone is shown by somebody; what is only asked for is not.
    private static func evidence(
        of berth: Berth, now state: Berth.State?, _ dossier: CardDossier
    ) -> [Fact] {
        switch (state, berth.means) {
        case (.requested, _), (.releasing, _): []
        case (.ready, .domain(let aid)) where dossier.application(aid) == nil: BerthEvidence.ledger.facts
        case (.ready, .ledger), (nil, .ledger): BerthEvidence.ledger.facts
        case (.ready, .domain), (nil, .domain): BerthEvidence.registry.facts
        }
    }
}

extension Wish {
    /// Whose berth it is about.
    var berthOwner: ProviderID? {
        switch self {
        case .reserve(let reservation): reservation.provider
        case .release(let provider): provider
        case .add, .addRelease, .remove, .removeInstance, .park, .snapshot, .restore, .update, .renew,
            .rotateKeys:
            nil
        }
    }
}

extension Berth {
    /// What the end of an operation says of a berth that was asked for or was to be given back; `nil` where nothing was
    /// pending.
    fileprivate func event(isDone: Bool, _ ledger: BerthLedger) -> BerthEvent? {
        let isOnCard: Bool? =
            switch means {
            case .domain(let aid): ledger.dossier.application(aid) != nil
            case .ledger: nil
            }
        switch (state, isOnCard) {
        case (.requested, true?): return .made(.registry)
        // Its owner's things may take so much of it already that no domain was made for the rest.
        case (.requested, false?): return isDone && ledger.mayKeepRest(of: self) ? .made(.ledger) : .notMade
        case (.requested, nil): return isDone ? .made(.ledger) : .notMade
        case (.releasing, true?): return .notReleased
        case (.releasing, false?): return .released(.registry)
        case (.releasing, nil): return isDone ? .released(.ledger) : .notReleased
        case (.ready, _): return nil
        }
    }
}

extension PlanStep {
    /// The centre's own bookkeeping, for which nobody asks a card.
    var isLedgerOnly: Bool {
        switch self {
        case .reserveInLedger, .releaseInLedger: true
        case .park, .snapshot, .removeInstance, .removeLoadFile, .dropDomain, .makeDomain, .load, .install,
            .extradite,
            .personalise, .identify, .restore, .putKeys, .upgrade:
            false
        }
    }
}
