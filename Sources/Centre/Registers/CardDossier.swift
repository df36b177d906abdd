package import SmartCard

/// Everything the centre knows of one card, as one value: what plans are made from and what transitions change.
package struct CardDossier: Hashable, Sendable {
    package var card: Card
    /// In the order of their AIDs, as all lists here are in the order of their keys.
    package var applications: [InstalledApplication]
    package var loadFiles: [InstalledLoadFile]
    package var berths: [Berth]
    package var findings: [DriftFinding]
    /// Stays of this card's instances, those that are over included. They change by the transitions of custody only.
    package var custody: [Custody]

    package init(
        card: Card, applications: [InstalledApplication] = [], loadFiles: [InstalledLoadFile] = [],
        berths: [Berth] = [], findings: [DriftFinding] = [], custody: [Custody] = []
    ) {
        self.card = card
        self.applications = applications
        self.loadFiles = loadFiles
        self.berths = berths
        self.findings = findings
        self.custody = custody
    }

    package func application(_ aid: AID) -> InstalledApplication? { applications.first { $0.aid == aid } }
    package func loadFile(_ aid: AID) -> InstalledLoadFile? { loadFiles.first { $0.aid == aid } }
    package func berth(of provider: ProviderID) -> Berth? { berths.first { $0.provider == provider } }

    /// Applications made from a load file.
    package func instances(of loadFile: AID) -> [InstalledApplication] {
        applications.filter { $0.loadFile == loadFile }
    }

    /// Puts it in the place of the one with its AID, or in its place in the order.
    package mutating func put(_ application: InstalledApplication) {
        applications.removeAll { $0.aid == application.aid }
        applications.insert(
            application, at: applications.firstIndex { $0.aid > application.aid } ?? applications.endIndex)
    }

    package mutating func put(_ loadFile: InstalledLoadFile) {
        loadFiles.removeAll { $0.aid == loadFile.aid }
        loadFiles.insert(loadFile, at: loadFiles.firstIndex { $0.aid > loadFile.aid } ?? loadFiles.endIndex)
    }

    package mutating func put(_ berth: Berth) {
        berths.removeAll { $0.provider == berth.provider }
        berths.insert(berth, at: berths.firstIndex { $0.provider > berth.provider } ?? berths.endIndex)
    }

    package mutating func removeApplication(_ aid: AID) { applications.removeAll { $0.aid == aid } }
    package mutating func removeLoadFile(_ aid: AID) { loadFiles.removeAll { $0.aid == aid } }
    package mutating func removeBerth(of provider: ProviderID) {
        berths.removeAll { $0.provider == provider }
    }
}

// MARK: What differs

extension CardDossier {
    /// The changes of rows that make `earlier` into this; the card's own row is the act's business, which notes into
    /// it.
    func changes(since earlier: CardDossier) -> [Change] {
        Self.changes(from: earlier.applications, to: applications)
            + Self.changes(from: earlier.loadFiles, to: loadFiles)
            + Self.changes(from: earlier.berths, to: berths)
            + Self.changes(from: earlier.findings, to: findings)
    }

    private static func changes<R: Record>(from earlier: [R], to later: [R]) -> [Change] {
        guard earlier != later else { return [] }
        let known = Dictionary(uniqueKeysWithValues: earlier.map { ($0.keyValues, $0) })
        let kept = Set(later.map(\.keyValues))
        let gone = earlier.map(\.keyValues).filter { !kept.contains($0) }
        return gone.map { .remove(R.table, key: $0) }
            + later.compactMap { record in
                guard let old = known[record.keyValues] else { return .put(R.table, record.row) }
                return old == record ? nil : .update(old, to: record)
            }
    }

    /// Whether plans made for `other` may no longer hold. They do not depend on what changes with every visit: such
    /// changes need no note and leave plans valid. Custody has transitions of its own.
    package func differs(from other: CardDossier) -> Bool {
        // Lists that nobody touched are the same one, which takes no look at their elements.
        card.weighty != other.card.weighty || loadFiles != other.loadFiles || berths != other.berths
            || findings != other.findings
            || applications != other.applications
                && applications.map(\.weighty) != other.applications.map(\.weighty)
    }
}

extension Card {
    fileprivate var weighty: Card {
        var card = self
        card.keySet.nextSequenceCounter = nil
        card.keySet.leastSequenceCounter = nil
        card.inventory?.readAt = registeredAt
        card.revision = 0
        card.auditHead = []
        return card
    }
}

extension InstalledApplication {
    fileprivate var weighty: InstalledApplication {
        var application = self
        application.lastUsedAt = nil
        return application
    }
}

// MARK: Reading and writing

extension CardDossier {
    /// For whoever asks other things in the same round trip.
    static func queries(of id: CardID, isLocking: Bool) -> [Query] {
        let card = Query(Card.table, key: [.word(id)], limit: 1)
        return [isLocking ? card.locking() : card] + listQueries(of: id) + [custodyQuery(of: id)]
    }

    /// What `save` keeps beside the card's own row.
    static func listQueries(of id: CardID) -> [Query] {
        let key: [StoredValue] = [.word(id)]
        return [
            Query(InstalledApplication.table, key: key, limit: Bounds.applicationsPerCardMax),
            Query(InstalledLoadFile.table, key: key, limit: Bounds.loadFilesPerCardMax),
            Query(Berth.table, key: key, limit: Bounds.berthsPerCardMax),
            Query(DriftFinding.table, key: key, limit: Bounds.driftFindingsMax),
        ]
    }

    static func custodyQuery(of id: CardID) -> Query { Query(Custody.table, key: [.word(id)]) }
}

extension Transaction {
    /// All of a card's rows with one question; `nil` for a card that is not registered.
    package func dossier(of id: CardID, isLocking: Bool = false) throws(StoreFailure) -> CardDossier? {
        try dossier(ask(CardDossier.queries(of: id, isLocking: isLocking))[...])
    }

    /// From the answers to `CardDossier.queries`.
    func dossier(_ rows: ArraySlice<[[StoredValue]]>) throws(StoreFailure) -> CardDossier? {
        let rows = Array(rows)
        guard let card = try decode(Card.self, rows[0]).first else { return nil }
        return CardDossier(
            card: card, applications: try decode(InstalledApplication.self, rows[1]),
            loadFiles: try decode(InstalledLoadFile.self, rows[2]), berths: try decode(Berth.self, rows[3]),
            findings: try decode(DriftFinding.self, rows[4]), custody: try decode(Custody.self, rows[5]))
    }
}

extension Act {
    /// The card's rows, which nobody else changes until this transaction ends.
    package func dossier(of id: CardID) throws -> CardDossier {
        guard let dossier = try transaction.dossier(of: id, isLocking: true) else {
            throw CardRefusal.unknown(id)
        }
        return dossier
    }

    /// Writes the rows that differ, and notes why. Returns it as it stands now, with its new revision.
    ///
    /// Only what no plan depends on may change without a note.
    @discardableResult
    package func save(
        _ dossier: CardDossier, since earlier: CardDossier, _ notes: [Note]
    ) -> CardDossier {
        var row = earlier.card.row
        return save(dossier, since: earlier, notes, row: &row)
    }

    /// - Parameter row: the card's, as it was read; afterwards, as it is written.
    func save(
        _ dossier: CardDossier, since earlier: CardDossier, _ notes: [Note], row: inout [StoredValue]
    ) -> CardDossier {
        precondition(dossier.card.id == earlier.card.id, "one card's dossier is not another's")
        precondition(!notes.isEmpty || !dossier.differs(from: earlier), "a change that nobody notes")
        var dossier = dossier
        for note in notes { self.note(note, on: &dossier.card) }
        let changes = dossier.changes(since: earlier)
        // A visit that remembers the card sees by the card's own row that something of it is different.
        if notes.isEmpty, !changes.isEmpty { dossier.card.revision += 1 }
        if dossier.card != earlier.card {
            let old = row
            row = dossier.card.row
            transaction.change(.update(Card.table, from: old, to: row))
        }
        for change in changes { transaction.change(change) }
        return dossier
    }
}
