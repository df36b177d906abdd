package import CardManagement
internal import GlobalPlatform
package import SmartCard

/// What came of reading a card.
package struct InventoryOutcome: Hashable, Sendable {
    package var dossier: CardDossier
    package var changes: [InventoryChange]
    /// Why the card's memory report is not believed; `nil` where it is, or where the card reports nothing.
    package var doubt: FootprintMeasurement.Doubt?
}

extension CardDossier {
    /// This dossier after the card was read: its picture with what was known of it, what differs, and whether reserved,
    /// used and free still add up.
    ///
    /// What a provider's own unit does in the domain of its berth is its right and no drift (rows A7, C10).
    package func reading(
        _ contents: CardContents, at readAt: Instant, names: CatalogueNames, sizes: SizeBook
    ) throws(InventoryRefusal) -> InventoryOutcome {
        try contents.check()
        if let known = card.inventory, known.readAt > readAt {
            throw .outdated(read: readAt, known: known.readAt)
        }
        var merge = InventoryMerge(self, names: names, readAt: readAt)
        var next = self
        (next.applications, next.loadFiles) = merge.rows(contents)
        var changes = merge.changes
        if let known = card.inventory, known.lifeCycle != contents.issuerDomain?.lifeCycle {
            changes.append(.cardMoved(from: known.lifeCycle, to: contents.issuerDomain?.lifeCycle))
        }
        let (free, doubt) = next.believed(contents.resources, sizes)
        next.card.inventory = Card.Inventory(
            readAt: readAt, lifeCycle: contents.issuerDomain?.lifeCycle, free: free,
            digest: contents.registryDigest)
        var check = DriftCheck(known: self, changes: changes, names: names, sizes: sizes)
        check.judge(&next)
        return InventoryOutcome(dossier: next, changes: changes, doubt: doubt)
    }

    /// What of the card's report is believed. A card whose report is impossible, or whose profile's is known to be, is
    /// treated as one that says nothing.
    private func believed(
        _ resources: CardResources?, _ sizes: SizeBook
    ) -> (free: Room?, doubt: FootprintMeasurement.Doubt?) {
        guard let resources else { return (nil, nil) }
        let report = Room(nonVolatile: resources.freeNonVolatile, volatile: resources.freeVolatile)
        if let doubt = FootprintMeasurement.doubt(of: report, on: sizes.model) { return (nil, doubt) }
        if sizes.isReportDoubted { return (nil, .lessThanWasWritten) }
        let certain =
            applications.reduce(Room.none) { $0 + ($1.measured ?? .none) }
            + loadFiles.reduce(Room.none) { $0 + ($1.measured ?? sizes.least(of: $1)) }
        let tolerance = tolerance(sizes.model)
        guard (sizes.model.total + tolerance).covers(report + certain) else {
            return (nil, .moreThanTheCardHas)
        }
        return (report, nil)
    }

    /// What may differ without anything having happened: one block per thing on the card.
    func tolerance(_ model: CardModel) -> Room {
        let bytes = model.blockBytes * (1 + applications.count)
        return Room(nonVolatile: bytes, volatile: bytes)
    }

    /// The sum of what was measured on this card.
    var measuredSum: Room {
        applications.reduce(Room.none) { $0 + ($1.measured ?? .none) }
            + loadFiles.reduce(Room.none) { $0 + ($1.measured ?? .none) }
    }
}

extension SizeBook {
    fileprivate func least(of file: InstalledLoadFile) -> Room {
        let size = size(of: file)
        return file.digest == nil ? .none : Room(nonVolatile: size.room.nonVolatile / 2)
    }
}

// MARK: Steps that the centre itself carries out

extension CardDossier {
    /// Memory before and after one step, where the card tells it and is believed.
    package struct Metering: Hashable, Sendable {
        package var before: Room
        package var after: Room

        package init(before: Room, after: Room) {
            self.before = before
            self.after = after
        }
    }

    /// A load file is on the card now.
    package mutating func loaded(_ file: InstalledLoadFile, _ metering: Metering?) {
        var file = file
        file.measured = metering.map { $0.before - $0.after }
        put(file)
        follow(metering)
    }

    /// An instance or domain is on the card now.
    package mutating func installed(_ application: InstalledApplication, _ metering: Metering?) {
        var application = application
        application.measured = metering.map { $0.before - $0.after }
        put(application)
        follow(metering)
    }

    /// A step gave an instance more, or took from it: personalisation, data, keys.
    package mutating func grown(_ aid: AID, _ metering: Metering?) {
        guard var application = application(aid) else { return }
        if let metering, let measured = application.measured {
            application.measured = measured + metering.before - metering.after
        } else {
            application.measured = nil
        }
        put(application)
        follow(metering)
    }

    package mutating func removed(_ aid: AID, _ metering: Metering?) {
        removeApplication(aid)
        removeLoadFile(aid)
        follow(metering)
    }

    /// What our own steps do moves the sum with them; a step that could not be measured leaves it open until the next
    /// reading.
    private mutating func follow(_ metering: Metering?) {
        guard card.inventory != nil else { return }
        guard let metering, card.inventory?.sum != nil, card.inventory?.drift == nil else {
            card.inventory?.sum = nil
            card.inventory?.free = metering?.after ?? nil
            return
        }
        card.inventory?.free = metering.after
        let sum = metering.after + measuredSum
        card.inventory?.sum = sum
    }
}

extension Act {
    /// Takes a reading into the register. Nothing but the time is written when nothing changed.
    @discardableResult
    package func takeInventory(
        of id: CardID, _ contents: CardContents, sizes: SizeBook
    ) throws -> InventoryOutcome {
        let known = try dossier(of: id)
        let seen = contents.applications.map(\.aid) + contents.loadFiles.map(\.aid)
        let names = try transaction.catalogueNames(of: known.names + seen)
        var outcome = try known.reading(contents, at: now, names: names, sizes: sizes)
        var notes: [Note] = []
        func count(_ isCounted: (InventoryChange) -> Bool) -> Int { outcome.changes.count { isCounted($0) } }
        if outcome.dossier.differs(from: known) {
            notes.append(
                Note(
                    "card.inventory-changed", .card(id),
                    facts: [
                        .number("came", count(\.isComing)), .number("went", count(\.isGoing)),
                        .number("changes", outcome.changes.count),
                        .digest(outcome.dossier.card.inventory?.digest ?? []),
                    ]))
        }
        switch (known.card.inventory?.drift, outcome.dossier.card.inventory?.drift) {
        case (nil, _?):
            notes.append(
                Note("card.drifts", .card(id), facts: [.number("findings", outcome.dossier.findings.count)]))
        case (_?, nil): notes.append(Note("card.drift-ended", .card(id)))
        case (nil, nil), (_?, _?): break
        }
        outcome.dossier = save(outcome.dossier, since: known, notes)
        return outcome
    }
}

extension InventoryChange {
    package var isComing: Bool {
        switch self {
        case .applicationCame, .loadFileCame: true
        case .applicationWent, .applicationMoved, .applicationReplaced, .loadFileWent, .loadFileReplaced,
            .cardMoved:
            false
        }
    }
    package var isGoing: Bool {
        switch self {
        case .applicationWent, .loadFileWent: true
        case .applicationCame, .applicationMoved, .applicationReplaced, .loadFileCame, .loadFileReplaced,
            .cardMoved:
            false
        }
    }
}
