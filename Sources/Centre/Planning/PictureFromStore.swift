internal import GlobalPlatform
internal import SmartCard

// The picture of a card out of the registers: what a plan is made from.

extension Act {
    /// Everything that a plan for these wishes must know.
    package func picture(
        of id: CardID, for wishes: [Wish], _ models: any CardModels
    ) throws -> Picture {
        let ahead = AskedAhead(transaction)
        let act = Act(ahead, now: now, actor: actor, request: request, entropy: entropy)
        return try act.picture(of: id, for: wishes, models, ahead)
    }

    private func picture(
        of id: CardID, for wishes: [Wish], _ models: any CardModels, _ ahead: AskedAhead
    ) throws -> Picture {
        let questions = PictureQuestions(of: id)
        let rows = try ahead.ask(questions.all + CatalogueView.questions(in: ahead))
        guard let dossier = try transaction.dossier(rows.prefix(questions.ofCard.count)) else {
            throw CardRefusal.unknown(id)
        }
        let catalogue = try CatalogueView(ahead, rows.dropFirst(questions.all.count))
        let sizeRows = LearnedRows(rows[questions.all.count - 1])
        try fetch(dossier, wishes, catalogue, sizeRows)
        guard let model = models.model(of: dossier.card.profile) else {
            throw OperationRefusal.cardNotActive(
                id, reason: "its profile \(dossier.card.profile) is unknown.")
        }
        let custody = try custodyInReach(of: dossier)
        let wanted = try holderSet(dossier.card, wishes)
        let known = dossier.applications.compactMap(\.release) + custody.map(\.release)
        var releases = try releases(
            wanted: wishes.compactMap(\.application) + wanted
                + (wishes.contains(.renew) ? [IdentityProgram.application] : []),
            known: known + wishes.compactMap(\.release) + codeReleases(on: dossier, beside: known, catalogue),
            catalogue)
        let libraries = try addLibraries(to: &releases, on: dossier, catalogue)
        let applications = releases.applications
        var names = CatalogueNames(dossier.names.uniqued.flatMap { catalogue.published($0) })
        let applicationNames = names.applications.sorted()
        let footprints =
            sizeRows.areAll ? [] : Footprint.queries(releases.parts, on: dossier.card.profile)
        let providers = Set(applications.values.map(\.provider)).sorted()
        let coming = releases.coming(wishes, custody)
        // Whose code is decides only what berths are charged with.
        let hasBerths =
            !dossier.berths.isEmpty || wishes.contains { if case .reserve = $0 { true } else { false } }
        let code = hasBerths ? coming.flatMap(\.loadFiles).map(\.aid) : []
        let learned = try catalogue.fetch(
            CatalogueKeys(names: code, applications: applicationNames, tariffs: providers),
            beside: footprints)
        names.add(applicationNames.compactMap { catalogue.application($0) })
        let sizes = SizeBook(
            model: model,
            footprints: try transaction.decode(
                Footprint.self,
                sizeRows.areAll ? sizeRows.of(releases.parts) : learned.flatMap { $0 }),
            releases: Array(releases.all.values))
        let imports = CodeImports(releases.all.values)
        let ledger = BerthLedger(dossier, names: names, sizes: sizes)
        let account = ledger.account
        var picture = Picture(
            // What the ledger keeps back of it, the berths say.
            card: dossier.card, model: model, free: account.free + account.reservedInLedger,
            isFreeMeasured: account.isMeasured,
            installed: dossier.applications.map { entry in
                let stay = custody.last { $0.aid == entry.aid && $0.card == id }
                return Picture.Installed(entry, size: sizes.size(of: entry), imageBytes: stay?.imageBytes)
            },
            loaded: dossier.loadFiles.map { entry in
                Picture.Loaded(entry, size: sizes.size(of: entry), imports: imports.of(entry))
            },
            berths: ledger.held, custody: custody, applications: applications, releases: releases.all,
            libraries: libraries.files, packages: libraries.packages, learned: sizes.learned(of: coming),
            vetoes: try vetoes(on: dossier.card, of: Self.installedNames(on: dossier), catalogue),
            fees: fees(applications.values, on: dossier, kept: keptBytes(dossier, custody, sizes), catalogue),
            holderSet: wanted,
            copiedAt: try copyTimes(of: custody, wishes), otherCards: try otherCards(dossier.card, wishes),
            ownDomains: try ownDomains(on: dossier, of: applications.values), now: now)
        if hasBerths { picture.common = try commonCode(code + dossier.loadFiles.map(\.aid), catalogue) }
        for case .reserve(let reservation) in wishes {
            picture.used[reservation.provider] = ledger.used(by: reservation.provider)
        }
        return picture
    }

    /// What a plan for this card asks first: for those who ask something else before.
    package static func planQuestions(of id: CardID, in transaction: any Transaction) -> [Query] {
        PictureQuestions(of: id).all + CatalogueView.questions(in: transaction)
    }

    /// What will be asked in any case, so that it is asked together.
    private func fetch(
        _ dossier: CardDossier, _ wishes: [Wish], _ catalogue: CatalogueView, _ sizeRows: LearnedRows
    ) throws(StoreFailure) {
        let releases =
            dossier.applications.compactMap(\.release) + dossier.custody.filter(\.isOpen).map(\.release)
            + wishes.compactMap(\.release)
        let wanted = wishes.compactMap(\.application)
        var others: [Query] = []
        // Where nothing is new, what is learned of them is all that is left to ask.
        if !sizeRows.areAll, wanted.isEmpty, catalogue.knows(releases) {
            let parts = Set(releases).compactMap { catalogue.release($0) }.flatMap(\.partNames)
            others += Footprint.queries(parts, on: dossier.card.profile)
        }
        let keys = CatalogueKeys(
            names: dossier.names, applications: wanted + releases.map(\.application), releases: releases,
            versions: wanted, vetoes: Self.installedNames(on: dossier))
        try catalogue.fetch(keys, beside: others)
    }

    private static func installedNames(on dossier: CardDossier) -> [ApplicationID] {
        Set(dossier.applications.compactMap(\.release?.application)).sorted()
    }

    /// The best way to the wishes on this card as the registers know it.
    package func plan(_ wishes: [Wish], on id: CardID, _ models: any CardModels) throws -> Plan {
        try picture(of: id, for: wishes, models).plan(wishes)
    }

    /// Whose the card's memory is.
    package func ledger(of id: CardID, _ models: any CardModels) throws -> BerthLedger {
        // Looked at, not locked: whoever carries a plan out checks that the card is still the same.
        guard let dossier = try transaction.dossier(of: id) else { throw CardRefusal.unknown(id) }
        guard let model = models.model(of: dossier.card.profile) else {
            throw OperationRefusal.cardNotActive(
                id, reason: "its profile \(dossier.card.profile) is unknown.")
        }
        let known = Set(dossier.applications.compactMap(\.release))
        let releases = try transaction.all(Release.self, Release.queries(known))
        return BerthLedger(
            dossier, names: try transaction.catalogueNames(of: dossier.names),
            sizes: try sizeBook(releases.filter { known.contains($0.id) }, dossier, model))
    }

    /// Stays of this card and of its holder's other cards that are not over.
    private func custodyInReach(of dossier: CardDossier) throws -> [Custody] {
        var stays = dossier.custody.filter(\.isOpen)
        let others = try transaction.all(Custody.self, Custody.query(ofHolderOf: dossier.card.id))
        for stay in others where stay.isOpen && !stays.contains(where: { $0.key == stay.key }) {
            stays.append(stay)
        }
        return stays
    }

    /// Row C7: what the holder uses, where a new card is to be filled.
    private func holderSet(_ card: Card, _ wishes: [Wish]) throws -> [ApplicationID] {
        guard wishes.contains(.renew), let holder = card.holder else { return [] }
        return try useFlags(of: holder).filter(\.isUsed).map(\.application)
    }

    /// Of copies that are all there is: when they were made.
    private func copyTimes(of custody: [Custody], _ wishes: [Wish]) throws -> [CustodyKey: Instant] {
        guard wishes.contains(.renew) || wishes.contains(where: { $0.restored != nil }) else { return [:] }
        var times: [CustodyKey: Instant] = [:]
        for stay in custody where stay.isHeld && stay.hasImage {
            times[stay.key] = try snapshotTime(of: stay)
        }
        return times
    }

    private func otherCards(_ card: Card, _ wishes: [Wish]) throws -> [CardID] {
        guard wishes.contains(.renew), let holder = card.holder else { return [] }
        let cards = try transaction.all(Card.self, Query(Card.table, [.init("holder", .word(holder))]))
        return cards.filter { other in
            if case .retired = other.life { false } else { other.id != card.id }
        }.map(\.id)
    }

    /// Of what is known one release, of what is wanted all.
    private func releases(
        wanted: [ApplicationID], known: [ReleaseID], _ catalogue: CatalogueView
    ) throws(StoreFailure) -> PictureReleases {
        let names = wanted + known.map(\.application)
        try catalogue.fetch(CatalogueKeys(applications: names, releases: known, versions: wanted))
        var found = PictureReleases(about: names.count)
        for name in names { found.applications[name] = catalogue.application(name) }
        for release in known.compactMap({ catalogue.release($0) }) { found.add(release) }
        for release in Set(wanted).sorted().flatMap(catalogue.versions) { found.add(release) }
        return found
    }

    /// A release of each load file whose application is neither on the card nor in custody: by it the code is known.
    private func codeReleases(
        on dossier: CardDossier, beside known: [ReleaseID], _ catalogue: CatalogueView
    ) -> [ReleaseID] {
        dossier.loadFiles.compactMap { file in
            let releases = catalogue.published(file.aid).filter {
                $0.role != .instance && $0.digest != nil && $0.digest == file.digest
            }.map(\.release)
            return releases.contains(where: known.contains) ? nil : releases.max()
        }
    }

    /// Digests of load files that several providers publish: such code is charged to nobody's berth.
    private func commonCode(_ aids: [AID], _ catalogue: CatalogueView) throws -> Set<[UInt8]> {
        var releases: [[UInt8]: Set<ApplicationID>] = [:]
        for published in aids.uniqued.flatMap(catalogue.published) {
            guard published.role != .instance, let digest = published.digest else { continue }
            releases[digest, default: []].insert(published.release.application)
        }
        releases = releases.filter { $0.value.count > 1 }
        try catalogue.fetch(CatalogueKeys(applications: releases.values.flatMap { $0 }))
        return Set(
            releases.filter { _, applications in
                Set(applications.compactMap { catalogue.application($0)?.provider }).count > 1
            }.keys)
    }

    /// What releases need of others, with those others, and with what is known of the libraries that are there.
    private func addLibraries(
        to found: inout PictureReleases, on dossier: CardDossier, _ catalogue: CatalogueView
    ) throws -> (files: [ReleaseID: [NeededLoadFile]], packages: [[UInt8]: KeptLoadFile]) {
        var libraries: [ReleaseID: [NeededLoadFile]] = [:]
        var packages: [[UInt8]: KeptLoadFile] = [:]
        for release in found.all.values where !release.foreignImports.isEmpty {
            let needed = try catalogue.libraries(of: release, by: self)
            libraries[release.id] = needed.files
            packages.merge(needed.packages) { $1 }
        }
        guard !libraries.isEmpty else { return ([:], [:]) }
        let imported = Set(packages.values.flatMap(\.imports).map(\.aid))
        var unknown = dossier.loadFiles.filter { imported.contains($0.aid) && $0.packageVersion == nil }
            .compactMap(\.digest)
        for file in found.all.values.lazy.flatMap(\.loadFiles) where imported.contains(file.aid) {
            unknown.append(file.digest)
        }
        let queries = unknown.uniqued.filter { packages[$0] == nil }.map {
            Query(KeptLoadFile.table, key: [.bytes($0)], limit: 1)
        }
        for kept in try transaction.all(KeptLoadFile.self, queries) { packages[kept.digest] = kept }
        let owners = Set(libraries.values.joined().map(\.release)).sorted()
        try catalogue.fetch(CatalogueKeys(applications: owners.map(\.application), releases: owners))
        for owner in owners {
            found.applications[owner.application] = catalogue.application(owner.application)
            if let release = catalogue.release(owner) { found.addLibrary(release) }
        }
        return (libraries, packages)
    }

    func sizeBook(
        _ releases: [Release], _ dossier: CardDossier, _ model: CardModel
    ) throws -> SizeBook {
        let footprints = try transaction.footprints(
            of: releases.flatMap(\.parts), on: dossier.card.profile)
        return SizeBook(model: model, footprints: footprints, releases: releases)
    }

    /// A domain that is personalised has keys of its own; whose it is, its name tells.
    private func ownDomains(
        on dossier: CardDossier, of applications: some Sequence<Application>
    ) throws -> [ProviderID: AID] {
        let domains = dossier.applications.filter {
            $0.privileges.has(.securityDomain) && $0.lifeCycle == Self.personalised
        }
        let owners = Set(applications.map(\.provider)).sorted()
        guard !domains.isEmpty, !owners.isEmpty else { return [:] }
        let queries = owners.map { Query(Provider.table, key: [.word($0)], limit: 1) }
        var result: [ProviderID: AID] = [:]
        for provider in try transaction.all(Provider.self, queries) {
            result[provider.id] =
                domains.first { domain in
                    provider.domains.contains { domain.aid.matches(partial: $0.bytes) }
                }?.aid
        }
        return result
    }

    /// The life cycle byte of a domain with keys (GPCS 2.3.1 table 11-5).
    private static let personalised: UInt8 = 0x0F

    /// Bytes that the vault keeps, or would keep, of each application: of what was kept before, as much again; of the
    /// rest, as much as it takes.
    private func keptBytes(
        _ dossier: CardDossier, _ custody: [Custody], _ sizes: SizeBook
    ) -> [ApplicationID: Int] {
        var images: [AID: Int] = [:]
        for stay in custody where stay.card == dossier.card.id { images[stay.aid] = stay.imageBytes }
        var bytes: [ApplicationID: Int] = [:]
        bytes.reserveCapacity(dossier.applications.count)
        for entry in dossier.applications {
            guard let application = entry.release?.application else { continue }
            bytes[application, default: 0] += images[entry.aid] ?? sizes.size(of: entry).room.nonVolatile
        }
        return bytes
    }

    /// What a day of custody costs by the tariffs in force, rounded as a statement rounds it.
    private func fees(
        _ applications: some Sequence<Application>, on dossier: CardDossier, kept: [ApplicationID: Int],
        _ catalogue: CatalogueView
    ) -> [ApplicationID: DailyFee] {
        // Each instance is a stay of its own.
        var stays: [ApplicationID: Int] = [:]
        for case let release? in dossier.applications.lazy.map(\.release) {
            stays[release.application, default: 0] += 1
        }
        var fees: [ApplicationID: DailyFee] = [:]
        fees.reserveCapacity(applications.underestimatedCount)
        for application in applications {
            let tariffs = catalogue.tariffs(of: application.provider).sequence(for: application.id)
            guard let inForce = tariffs.last(where: { $0.validFrom <= now }) else { continue }
            fees[application.id] = inForce.fee(
                perDayOf: kept[application.id] ?? 0, stays: stays[application.id] ?? 1)
        }
        return fees
    }
}

/// What is asked for every picture.
private struct PictureQuestions {
    // Looked at, not locked: whoever carries a plan out checks that the card is still the same.
    let ofCard: [Query]
    /// Last what was learned on the card's profile.
    let all: [Query]

    init(of id: CardID) {
        ofCard = CardDossier.queries(of: id, isLocking: false)
        all =
            ofCard + [
                Custody.query(ofHolderOf: id), HolderVeto.query(ofHolderOf: id),
                Footprint.query(ofProfileOf: id),
            ]
    }
}

/// What load files import, by what they are byte for byte.
private struct CodeImports {
    private var ofDigest: [[UInt8]: [AID]] = [:]
    /// Of all versions together, for a file of which nobody knows which it is.
    private var ofName: [AID: [AID]] = [:]

    init(_ releases: some Sequence<Release>) {
        ofDigest.reserveCapacity(releases.underestimatedCount)
        for file in releases.lazy.flatMap(\.loadFiles) {
            guard ofDigest.updateValue(file.imports, forKey: file.digest) == nil, !file.imports.isEmpty else {
                continue
            }
            let known = ofName[file.aid] ?? []
            ofName[file.aid] = known + file.imports.filter { !known.contains($0) }
        }
    }

    func of(_ file: InstalledLoadFile) -> [AID] {
        file.digest.flatMap { ofDigest[$0] } ?? ofName[file.aid]?.sorted() ?? []
    }
}

/// Applications and releases that a picture is made with.
private struct PictureReleases {
    var applications: [ApplicationID: Application] = [:]
    private(set) var all: [ReleaseID: Release] = [:]
    /// What sizes are learned of.
    private(set) var parts: [String] = []
    private var libraries: Set<ReleaseID> = []

    init(about count: Int) {
        applications.reserveCapacity(count)
        all.reserveCapacity(count)
    }

    /// Those that may come to the card: wanted, or in custody.
    func coming(_ wishes: [Wish], _ custody: [Custody]) -> [Release] {
        guard !all.isEmpty else { return [] }
        let kept = Set(custody.map(\.release))
        let wanted = wishes.contains(.renew) ? nil : Set(wishes.compactMap(\.application))
        return all.values.filter {
            wanted?.contains($0.id.application) ?? true || kept.contains($0.id) || libraries.contains($0.id)
        }
    }

    mutating func addLibrary(_ release: CataloguedRelease) {
        libraries.insert(release.release.id)
        add(release)
    }

    mutating func add(_ release: CataloguedRelease) {
        guard all.updateValue(release.release, forKey: release.release.id) == nil else { return }
        parts += release.partNames
    }
}

/// What was learned on the card's profile, where that is little.
private struct LearnedRows {
    let areAll: Bool
    private let rows: [[StoredValue]]

    init(_ rows: [[StoredValue]]) {
        areAll = rows.count < Footprint.rowsAlongMax
        self.rows = rows
    }

    /// Those of these parts, and of the profile's report.
    func of(_ parts: [String]) -> [[StoredValue]] {
        guard !rows.isEmpty else { return [] }
        let wanted = Set(parts).union([Footprint.Part.report.text])
        return rows.filter { row in
            if case .text(let part) = row[1] { wanted.contains(part) } else { true }
        }
    }
}

extension Tariff {
    /// For one day of so many bytes, in whole minor units.
    func fee(perDayOf byteCount: Int, stays: Int) -> DailyFee {
        let thousandths: Int128 =
            switch basis {
            case .day: 1_000 * Int128(stays)
            case .kilobyteDay: Int128(byteCount)
            }
        let units = (Int128(rate) * thousandths + 500_000_000) / 1_000_000_000
        return DailyFee(minorUnits: Int(clamping: units), currency: terms.currency.code)
    }
}

extension Release {
    /// These, and perhaps others of the same applications.
    static func queries(_ ids: Set<ReleaseID>) -> [Query] {
        let applications = Set(ids.map(\.application)).sorted()
        let versions = Set(ids.map(\.version)).sorted().map { StoredValue.word($0) }
        // So many versions of so many applications are nowhere in use: then all versions are read.
        let condition =
            versions.isEmpty || versions.count > Query.Condition.valuesMax
            ? [] : [Query.Condition("version", anyOf: versions)]
        return Query.any(
            of: applications.map { .word($0) }, in: "application", table, condition,
            rowsOfEach: Bounds.releasesPerApplicationMax)
    }
}

extension Wish {
    fileprivate var application: ApplicationID? {
        switch self {
        case .add(let id), .remove(let id), .park(let id), .snapshot(let id): id
        case .addRelease(let release), .update(let release): release.application
        case .removeInstance, .restore, .reserve, .release, .renew, .rotateKeys: nil
        }
    }

    fileprivate var restored: CustodyKey? { if case .restore(let key) = self { key } else { nil } }

    fileprivate var release: ReleaseID? {
        switch self {
        case .addRelease(let release), .update(let release): release
        case .add, .remove, .park, .snapshot, .removeInstance, .restore, .reserve, .release, .renew,
            .rotateKeys:
            nil
        }
    }
}

extension Custody {
    /// Of all cards that the holder of this one has or had.
    fileprivate static func query(ofHolderOf card: CardID) -> Query {
        Query(table, [.init("holder", as: "holder", of: Card.table, key: .word(card))])
    }
}
