internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// A case file goes back into the store, in the transaction of the report that it came out for (CaseOpening.swift).

extension Act {
    /// Writes what a report proved, and what the next order intends.
    /// - Returns: what the next exchange may remember, once this transaction is kept.
    func close(
        _ known: OpenCase, _ file: CaseFile, vault: any KeyVault, flaws: Flaws
    ) throws -> RememberedCase {
        var file = file
        var dossier = known.dossier
        dossier.card = file.card
        try askForStays(known, file)
        try keepStays(known, &file, vault: vault, card: &dossier.card, flaws)
        let received = try keepConfirmations(&file, known, vault: vault, flaws)
        keepJournal(&file)
        var rows = known.rows
        keep(file.operation, since: known.operation, &rows.operation)
        var notes = received
        if !flaws.contains(.endsSilently) {
            notes += file.operation?.endNotes(since: known.operation) ?? []
        }
        if let operation = file.operation, operation.state != known.operation?.state {
            notes += try keepUses(of: operation, by: dossier.card.holder)
        }
        if dossier.card.life != known.dossier.card.life, case .blocked = dossier.card.life {
            notes.append(Note("card.blocked", .card(dossier.card.id)))
        }
        try followSteps(&dossier, known, file)
        try takeReading(&dossier, known, file, &notes, flaws: flaws)
        if file.operation?.state != known.operation?.state {
            notes += try settleBerths(of: file.operation, in: &dossier, file.model, flaws: flaws)
        }
        let differs = dossier.differs(from: known.dossier)
        if differs, notes.isEmpty {
            notes.append(Note("card.changed", .card(dossier.card.id), isAnnounced: false))
        }
        dossier = save(dossier, since: known.dossier, notes, row: &rows.card)
        return RememberedCase(
            rows: rows, dossier: dossier, operation: file.operation, hasStays: !file.stays.isEmpty)
    }

    /// What keeping the stays comes to, as far as it was not foreseen: together.
    private func askForStays(_ known: OpenCase, _ file: CaseFile) throws(StoreFailure) {
        var queries: [Query] = []
        for stay in file.stays {
            let before = known.stays.first { $0.key == stay.key }
            let isRead = file.images.contains { $0.stay == stay.key }
            if stay.isNewCopy(since: before) { queries.append(Custody.query(ofLineage: stay.lineage)) }
            if stay != before || isRead { queries += stay.key.questions }
            if isRead { queries += [DataKey.query(of: stay.card), WrappingKeyRow.query] }
        }
        _ = try transaction.ask(queries.uniqued)
    }

    private func keepStays(
        _ known: OpenCase, _ file: inout CaseFile, vault: any KeyVault, card: inout Card, _ flaws: Flaws
    ) throws {
        for var stay in file.stays {
            var before = known.stays.first { $0.key == stay.key }
            if stay.isNewCopy(since: before) { try refuseClone(of: stay) }
            if let image = file.images.last(where: { $0.stay == stay.key }) {
                var frozen = stay
                frozen.state = .frozen
                if frozen != before { try settle(frozen, from: before, on: &card) }
                try transaction.forgetImage(of: frozen)
                let kept = try transaction.keep(image.bytes, from: 0, of: frozen, in: vault, now: now)
                guard kept == frozen.imageBytes else {
                    throw CustodyRefusal.incomplete(byteCount: kept, wanted: frozen.imageBytes)
                }
                before = frozen
            }
            if stay.heldSince == nil, case .held(let since) = stay.state { stay.heldSince = since }
            try settle(
                stay, from: before, on: &card, isSnapshot: file.snapshots.contains(stay.key) && !stay.isOpen)
            if flaws.contains(.countsFeeTwice), before?.heldSince == nil, var again = Stay(stay) {
                again.id = StayID(card: stay.card, aid: stay.aid, ordinal: stay.ordinal + 1_000)
                transaction.put(again)
            }
        }
    }

    private func refuseClone(of stay: Custody) throws {
        let same = try transaction.all(Custody.self, Custody.query(ofLineage: stay.lineage))
        if let other = same.first(where: { $0.isOpen && $0.key != stay.key }) {
            throw CloneFound(other: other.card, aid: stay.aid)
        }
    }

    /// Only what differs: the indexes of open operations and of their deadlines stay as they are.
    private func keep(_ operation: Operation?, since known: Operation?, _ row: inout [StoredValue]?) {
        guard let operation else {
            row = nil
            return
        }
        guard operation != known else { return }
        let new = operation.row
        if let row, known?.id == operation.id {
            transaction.change(.update(Operation.table, from: row, to: new))
        } else {
            transaction.change(.put(Operation.table, new))
        }
        row = new
    }

    private func keepJournal(_ file: inout CaseFile) {
        guard var operation = file.operation else { return }
        for line in file.journal {
            transaction.insert(
                JournalEntry(
                    card: operation.card, operation: operation.id, number: operation.journalCount, at: now,
                    kind: line.kind, step: line.step, text: line.text))
            operation.journalCount += 1
        }
        file.operation = operation
    }

    /// Evidence is kept as it came; it counts as proved once, and what is missing in front of it is written down.
    private func keepConfirmations(
        _ file: inout CaseFile, _ known: OpenCase, vault: any KeyVault, _ flaws: Flaws
    ) throws -> [Note] {
        var notes: [Note] = []
        if !file.confirmations.isEmpty {
            var number = try transaction.count(
                Query(KeptConfirmation.table, [.init("card", .word(file.card.id))]))
            for confirmed in file.confirmations {
                let read = (try? CardConfirmation.read(confirmed.data)).flatMap { $0 }
                let subject = try read.flatMap { read in
                    try confirmed.subject.possible(known.dossier).first {
                        try vault.proves(read, of: $0, with: known.dossier.card.keySet.forReceipts)
                    }
                }
                var isProved = subject != nil
                if isProved, let read, try isKept(Int(read.counter), of: file.card.id) {
                    isProved = false
                    file.note(.result, -1, "the card's confirmation \(read.counter) came a second time")
                }
                transaction.insert(
                    KeptConfirmation(
                        card: file.card.id, number: number, operation: file.operation?.id, at: now,
                        counter: read.map { Int($0.counter) },
                        isProved: isProved || flaws.contains(.believesReceipts),
                        fields: (subject ?? confirmed.subject).signedFields, data: confirmed.data))
                number += 1
                if isProved, let read { notes += try follow(read, on: file.card.id).notes }
            }
        }
        if let counter = file.confirmationCounter {
            notes += try followCounter(counter, on: file.card.id)
        }
        return notes
    }

    private func isKept(_ counter: Int, of card: CardID) throws -> Bool {
        let conditions: [Query.Condition] = [
            .init("card", .word(card)), .init("counter", .count(counter)), .init("is_proved", .integer(1)),
        ]
        return try transaction.count(Query(KeptConfirmation.table, conditions)) > 0
    }

    /// What our own steps did is no drift, and what they took is learned from.
    private func followSteps(_ dossier: inout CardDossier, _ known: OpenCase, _ file: CaseFile) throws {
        // One that was turned round has other steps by now: what was seen of it is told by those it had.
        guard let operation = file.turned ?? file.operation, operation.steps == known.operation?.steps
        else { return }
        let before = known.operation?.done ?? []
        // An instance that is made anew is nothing until then.
        for case .install(let install) in before.subtracting(operation.done).map({ operation.steps[$0] }) {
            dossier.removed(install.aid, nil, on: file.model)
        }
        var learned: [(measurement: FootprintMeasurement, part: Footprint.Part)] = []
        let isOver = file.operation?.isOpen == false
        for index in operation.done.subtracting(before).sorted()
        where !isOver || !operation.leavesHalf(operation.steps[index], known.stays + file.stays) {
            let measured = file.measurements.last { $0.step == index }
            let measurement = try follow(operation.steps[index], measured, in: &dossier, on: file.model)
            if let measurement { learned.append(measurement) }
        }
        try transaction.learn(learned, on: file.model, at: now)
    }

    /// What one step did to what is on the card, and what it took, where that was measured.
    func follow(
        _ step: PlanStep, _ measured: CaseFile.Measurement?, in dossier: inout CardDossier,
        on model: CardModel
    ) throws -> (measurement: FootprintMeasurement, part: Footprint.Part)? {
        switch step {
        case .load(let load):
            let row = InstalledLoadFile(
                card: dossier.card.id, aid: load.aid, lifeCycle: 0x01, domain: load.domain,
                digest: load.digest.bytes)
            let taken = Self.measurement(measured, least: load.byteCount / 2)
            dossier.loaded(row, taken, on: model)
            return step.learnedPart.flatMap { part in taken.map { ($0, part) } }
        case .install(let install):
            let row = InstalledApplication(
                card: dossier.card.id, aid: install.aid, lifeCycle: 0x07,
                privileges: Privileges(rawValue: install.privileges), loadFile: install.loadFile,
                domain: install.domain, release: install.release, installedAt: now)
            let taken = Self.measurement(measured, least: 1)
            dossier.installed(row, taken, on: model)
            return step.learnedPart.flatMap { part in taken.map { ($0, part) } }
        case .makeDomain(let domain):
            let privileges = Privileges(rawValue: domain.reservation.privileges).union(.securityDomain)
            let row = InstalledApplication(
                card: dossier.card.id, aid: domain.aid, lifeCycle: 0x07, privileges: privileges)
            dossier.installed(row, Self.measurement(measured, least: 1), on: model)
            moveBerth(of: domain.reservation.provider, to: domain.aid, in: &dossier)
        case .extradite(let move): dossier.move(move.object, to: move.to)
        case .removeInstance(let removal):
            if removal.purpose == .forGood { try dropSnapshot(of: removal.instance, on: dossier.card.id) }
            dossier.removed(removal.instance, Self.measurement(measured), on: model)
        case .removeLoadFile(let aid), .dropDomain(let aid):
            dossier.removed(aid, Self.measurement(measured), on: model)
        case .personalise(let task): dossier.grown(task.instance, Self.measurement(measured), on: model)
        case .identify(let instance): dossier.grown(instance, Self.measurement(measured), on: model)
        case .restore(let task): dossier.grown(task.instance, Self.measurement(measured), on: model)
        case .upgrade(let task): dossier.upgraded(task, on: model)
        case .park, .snapshot, .reserveInLedger, .releaseInLedger, .putKeys: break
        }
        return nil
    }

    /// A berth that is ready is kept by another domain from now on.
    private func moveBerth(of provider: ProviderID, to aid: AID, in dossier: inout CardDossier) {
        guard var berth = dossier.berth(of: provider), case .ready = berth.state,
            case .domain = berth.means
        else { return }
        berth.means = .domain(aid)
        dossier.put(berth)
    }

    private static func measurement(
        _ measured: CaseFile.Measurement?, least: Int = 0
    ) -> FootprintMeasurement? {
        measured.map {
            FootprintMeasurement(before: $0.before, after: $0.after, least: Room(nonVolatile: least))
        }
    }

    private func takeReading(
        _ dossier: inout CardDossier, _ known: OpenCase, _ file: CaseFile, _ notes: inout [Note], flaws: Flaws
    ) throws {
        // While it is open which code there will be, a reading would only call it another one.
        guard let contents = file.contents, !file.isUpgrading else { return }
        let seen = contents.applications.map(\.aid) + contents.loadFiles.map(\.aid)
        let report = Footprint.query(.report, on: dossier.card.profile)
        let (names, rows) = try known.catalogue.names(of: dossier.names + seen, beside: [report])
        // Only where room is promised to somebody it matters what things take that nobody measured.
        let sizes =
            dossier.berths.isEmpty
            ? SizeBook(model: file.model, footprints: try transaction.decode(Footprint.self, rows[0]))
            : try sizes(of: dossier, names, file.model)
        // A clock that was set back makes no reading older than the one before it.
        let readAt = max(now, dossier.card.inventory?.readAt ?? now)
        let returning = file.stays.filter { $0.hasImage && $0.isReturning(to: dossier.card.id) }
        let arriving = Dictionary(
            returning.map { ($0.aid, $0.imageBytes) }, uniquingKeysWith: { max($0, $1) })
        let driftBefore = dossier.card.inventory?.drift
        var outcome = try dossier.reading(
            contents, at: readAt, names: names, sizes: sizes, arriving: arriving)
        if outcome.dossier.findings != dossier.findings {
            let stays = known.stays + file.stays
            var late =
                try followLateSteps(
                    dossier, contents, stays, on: file.model, besides: file.operation?.id) ?? dossier
            for stay in stays where contents.application(stay.aid) == nil {
                late.dropRest(of: stay, on: file.model)
            }
            outcome = try late.reading(
                contents, at: readAt, names: names, sizes: sizes, arriving: arriving)
        }
        dossier = outcome.dossier
        if flaws.contains(.ignoresDrift) { dossier.card.inventory?.drift = driftBefore }
        switch (driftBefore, dossier.card.inventory?.drift) {
        case (nil, _?): notes.append(Note("card.drifts", .card(dossier.card.id)))
        case (_?, nil): notes.append(Note("card.drift-ended", .card(dossier.card.id)))
        case (nil, nil), (_?, _?): break
        }
    }
}

extension Custody {
    fileprivate static func query(ofLineage lineage: [UInt8]) -> Query {
        Query(table, [.init("lineage", .bytes(lineage))])
    }

    /// The card said for the first time which data these are.
    fileprivate func isNewCopy(since before: Custody?) -> Bool {
        before?.lineage != lineage && hasImage && !isUnseen
    }
}

extension CustodyKey {
    /// What it takes to end a stay: its image, and the copy that was taken before.
    var questions: [Query] { [VaultRecord.query(of: self), Snapshot.query(of: aid, on: card)] }
}

extension CardDossier {
    /// The data are in custody: what stood here beside is nothing that anybody misses. It is cleared away by whichever
    /// visit finds it, and the answer to that may be lost.
    fileprivate mutating func dropRest(of stay: Custody, on model: CardModel) {
        guard let entry = application(stay.aid) else { return }
        switch stay.state {
        case .returning(card.id, _): break
        // What was added anew meanwhile is another one.
        case .held where stay.card == card.id && (entry.installedAt ?? stay.openedAt) <= stay.openedAt: break
        case .frozen, .provisional, .surrendering, .held, .returning, .returned, .discarded: return
        }
        removed(stay.aid, nil, on: model)
    }

    mutating func move(_ aid: AID, to domain: AID) {
        if var row = application(aid) {
            row.domain = domain
            put(row)
        } else if var row = loadFile(aid) {
            row.domain = domain
            put(row)
        }
    }
}

/// Steps are made of what the catalogue and the vault have at this moment.
///
/// What the steps of an operation name is asked for together, the first time that one of it is needed.
final class StoredMaterials: Materials {
    let act: Act
    let vault: any KeyVault
    private let catalogue: CatalogueView
    /// Of the steps that are left.
    private let expected: [ReleaseID]

    init(_ act: Act, vault: any KeyVault, for known: OpenCase) {
        self.act = act
        self.vault = vault
        catalogue = known.catalogue
        expected = (known.operation?.remainingSteps ?? []).compactMap(\.release)
    }

    func loadFile(_ digest: [UInt8]) throws -> [UInt8] {
        guard let code = try catalogue.code(digest) else {
            throw MaterialFailure.loadFileMissing(digest.hex)
        }
        return code
    }

    func release(_ id: ReleaseID) throws -> Release {
        try fetch([id], [])
        guard let release = catalogue.release(id)?.release else { throw MaterialFailure.releaseUnknown(id) }
        return release
    }

    func libraries(of release: Release) throws -> [NeededLoadFile] {
        try act.libraries(of: release, permitsWithdrawn: true).chosen(for: release)
    }

    func application(_ id: ApplicationID) throws -> Application {
        try fetch([], [id])
        guard let application = catalogue.application(id) else {
            throw MaterialFailure.applicationUnknown(id)
        }
        return application
    }

    private func fetch(_ releases: [ReleaseID], _ applications: [ApplicationID]) throws {
        let releases = releases + expected
        try catalogue.fetch(
            CatalogueKeys(applications: applications + releases.map(\.application), releases: releases))
    }

    func image(of stay: Custody) throws -> Secret { try act.transaction.image(of: stay, in: vault) }
}

extension PlanStep {
    /// What the step brings, takes away or makes is of this release.
    fileprivate var release: ReleaseID? {
        switch self {
        case .park(let task), .snapshot(let task): task.release
        case .load(let load): load.release
        case .install(let install): install.release
        case .personalise(let task): task.release
        case .restore(let task): task.release
        case .upgrade(let task): task.new.release
        case .removeInstance, .removeLoadFile, .dropDomain, .makeDomain, .reserveInLedger, .releaseInLedger,
            .extradite, .identify, .putKeys:
            nil
        }
    }
}

extension ReceiptSubject {
    /// What the card may have signed for it. What was moved already, in an order that was not answered, is moved once
    /// more from where it stands by then; code that is exchanged in place stays under the domain that it is under.
    fileprivate func possible(_ dossier: CardDossier) -> [ReceiptSubject] {
        switch self {
        case .extradition(_, let object, let domain):
            [self, .extradition(from: domain, object, to: domain)]
        case .load(let loadFile, let domain):
            [self, .load(loadFile: loadFile, domain: dossier.loadFile(loadFile)?.domain ?? domain)]
        case .install, .registryUpdate, .delete, .combined: [self]
        }
    }
}
