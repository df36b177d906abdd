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
    ///
    /// - Parameter arriving: instances whose data are on their way to this card, with how many bytes: until they are
    ///   taken over they take room of their own there.
    package func reading(
        _ contents: CardContents, at readAt: Instant, names: CatalogueNames, sizes: SizeBook,
        arriving: [AID: Int] = [:]
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
        var check = DriftCheck(
            known: self, changes: changes, names: names, sizes: sizes, arriving: arriving)
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
    /// A load file is on the card now.
    package mutating func loaded(
        _ file: InstalledLoadFile, _ measurement: FootprintMeasurement?, on model: CardModel
    ) {
        var file = file
        file.measured = believed(measurement, on: model)?.taken
        change(measurement, on: model) { $0.put(file) }
    }

    /// An instance or domain is on the card now.
    package mutating func installed(
        _ application: InstalledApplication, _ measurement: FootprintMeasurement?, on model: CardModel
    ) {
        var application = application
        application.measured = believed(measurement, on: model)?.taken
        change(measurement, on: model) { $0.put(application) }
    }

    /// A step gave an instance more, or took from it: personalisation, data, keys.
    package mutating func grown(_ aid: AID, _ measurement: FootprintMeasurement?, on model: CardModel) {
        guard var application = application(aid) else { return }
        let taken = believed(measurement, on: model, mayShrink: true)?.taken
        application.measured = application.measured.flatMap { known in taken.map { known + $0 } }
        change(measurement, on: model) { $0.put(application) }
    }

    /// Other code stands under the same instances; how much it takes the next reading shows.
    mutating func upgraded(_ task: PlanStep.Upgrade, on model: CardModel) {
        var file = InstalledLoadFile(
            card: card.id, aid: task.loadFile, lifeCycle: 0x01, digest: task.new.digest.bytes)
        file.domain = loadFile(task.loadFile)?.domain
        loaded(file, nil, on: model)
        for aid in task.instances {
            guard var row = application(aid) else { continue }
            row.release = task.new.release
            installed(row, nil, on: model)
        }
    }

    /// An instance, domain or load file is gone.
    package mutating func removed(_ aid: AID, _ measurement: FootprintMeasurement?, on model: CardModel) {
        change(measurement, on: model) { dossier in
            dossier.removeApplication(aid)
            dossier.removeLoadFile(aid)
        }
    }

    /// Nothing a card says of a step is believed when nothing it says of its memory is.
    private func believed(
        _ measurement: FootprintMeasurement?, on model: CardModel, mayShrink: Bool = false
    ) -> FootprintMeasurement? {
        guard let measurement, card.inventory.map({ $0.free != nil }) ?? true else { return nil }
        switch measurement.doubt(on: model) {
        case nil: return measurement
        case .cleanedUp: return mayShrink ? measurement : nil
        case .moreThanTheCardHas, .saturated, .lessThanWasWritten: return nil
        }
    }

    /// What our own steps do moves the sum with them; a step that could not be measured leaves it open until the next
    /// reading.
    private mutating func change(
        _ measurement: FootprintMeasurement?, on model: CardModel, _ body: (inout CardDossier) -> Void
    ) {
        let measuredBefore = measuredSum
        let measurement = believed(measurement, on: model, mayShrink: true)
        body(&self)
        let moved = measurement.map { $0.after + measuredSum - $0.before - measuredBefore }
        let sum = card.inventory?.sum
        card.inventory?.free = measurement?.after
        card.inventory?.sum = sum.flatMap { sum in moved.map { sum + $0 } }
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
