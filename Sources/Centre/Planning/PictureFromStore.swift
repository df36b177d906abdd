internal import SmartCard

// The picture of a card out of the registers: what a plan is made from.

extension Act {
    /// Everything that a plan for these wishes must know.
    package func picture(
        of id: CardID, for wishes: [Wish], _ models: any CardModels
    ) throws -> Picture {
        // Looked at, not locked: whoever carries a plan out checks that the card is still the same.
        guard let dossier = try transaction.dossier(of: id) else { throw CardRefusal.unknown(id) }
        guard let model = models.model(of: dossier.card.profile) else {
            throw OperationRefusal.cardNotActive(
                id, reason: "its profile \(dossier.card.profile) is unknown.")
        }
        let custody = try custodyInReach(of: dossier)
        let used = try holderSet(dossier.card, wishes)
        let (applications, releases) = try catalogue(
            wanted: wishes.compactMap(\.application) + used,
            known: dossier.applications.compactMap(\.release) + custody.map(\.release)
                + wishes.compactMap(\.release))
        let sizes = try sizeBook(Array(releases.values), dossier, model)
        let imports = importsByFile(releases.values)
        let ledger = BerthLedger(
            dossier, names: try transaction.catalogueNames(of: dossier.names), sizes: sizes)
        return Picture(
            card: dossier.card, model: model, free: ledger.account.free,
            isFreeMeasured: ledger.account.isMeasured,
            installed: dossier.applications.map { entry in
                let stay = custody.last { $0.aid == entry.aid && $0.card == id }
                return Picture.Installed(entry, size: sizes.size(of: entry), imageBytes: stay?.imageBytes)
            },
            loaded: dossier.loadFiles.map { entry in
                Picture.Loaded(entry, size: sizes.size(of: entry), imports: imports[entry.aid] ?? [])
            },
            berths: ledger.held, custody: custody, applications: applications, releases: releases,
            learned: sizes.learned,
            fees: try fees(applications.values, kept: keptBytes(dossier, custody, sizes)),
            holderSet: used, now: now)
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
        let (_, releases) = try catalogue(wanted: [], known: dossier.applications.compactMap(\.release))
        return BerthLedger(
            dossier, names: try transaction.catalogueNames(of: dossier.names),
            sizes: try sizeBook(Array(releases.values), dossier, model))
    }

    /// Stays of this card and of its holder's other cards that are not over.
    private func custodyInReach(of dossier: CardDossier) throws -> [Custody] {
        var stays = dossier.custody.filter(\.isOpen)
        guard let holder = dossier.card.holder else { return stays }
        let others = try transaction.all(
            Custody.self, Query(Custody.table, [.init("holder", .word(holder))]))
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

    private func catalogue(
        wanted: [ApplicationID], known: [ReleaseID]
    ) throws -> (applications: [ApplicationID: Application], releases: [ReleaseID: Release]) {
        let names = Set(wanted + known.map(\.application)).sorted()
        var queries = names.map { Query(Application.table, key: [.word($0)], limit: 1) }
        queries += names.map { Query(Release.table, key: [.word($0)]) }
        let rows = queries.isEmpty ? [] : try transaction.ask(queries)
        let found = try transaction.decode(Application.self, rows.prefix(names.count).flatMap { $0 })
        var releases: [ReleaseID: Release] = [:]
        let needed = Set(known)
        for release in try transaction.decode(Release.self, rows.dropFirst(names.count).flatMap { $0 })
        where wanted.contains(release.id.application) || needed.contains(release.id) {
            releases[release.id] = release
        }
        return (Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0) }), releases)
    }

    private func sizeBook(
        _ releases: [Release], _ dossier: CardDossier, _ model: CardModel
    ) throws -> SizeBook {
        var parts: [Footprint.Part] = []
        for release in releases {
            parts += release.loadFiles.map { .loadFile(digest: $0.digest) }
            parts += release.instances.map { .instance(release.id, $0.aid) }
        }
        let footprints = try transaction.footprints(of: parts, on: dossier.card.profile)
        return SizeBook(model: model, footprints: footprints, releases: releases)
    }

    private func importsByFile(_ releases: some Sequence<Release>) -> [AID: [AID]] {
        var imports: [AID: [AID]] = [:]
        for release in releases { for file in release.loadFiles { imports[file.aid] = file.imports } }
        return imports
    }

    /// Bytes that the vault keeps, or would keep, of each application: of what was kept before, as much again; of the
    /// rest, as much as it takes.
    private func keptBytes(
        _ dossier: CardDossier, _ custody: [Custody], _ sizes: SizeBook
    ) -> [ApplicationID: Int] {
        var images: [AID: Int] = [:]
        for stay in custody where stay.card == dossier.card.id { images[stay.aid] = stay.imageBytes }
        var bytes: [ApplicationID: Int] = [:]
        for entry in dossier.applications {
            guard let application = entry.release?.application else { continue }
            bytes[application, default: 0] += images[entry.aid] ?? sizes.size(of: entry).room.nonVolatile
        }
        return bytes
    }

    /// What a day of custody costs by the tariffs in force, rounded as a statement rounds it.
    private func fees(
        _ applications: some Sequence<Application>, kept: [ApplicationID: Int]
    ) throws -> [ApplicationID: DailyFee] {
        var books: [ProviderID: TariffBook] = [:]
        var fees: [ApplicationID: DailyFee] = [:]
        for application in applications {
            if books[application.provider] == nil {
                books[application.provider] = TariffBook(
                    try transaction.all(Tariff.self, key: .word(application.provider)))
            }
            let inForce = books[application.provider]?.sequence(for: application.id).last {
                $0.validFrom <= now
            }
            guard let inForce else { continue }
            fees[application.id] = inForce.fee(perDayOf: kept[application.id] ?? 0)
        }
        return fees
    }
}

extension Tariff {
    /// For one day of so many bytes, in whole minor units.
    func fee(perDayOf byteCount: Int) -> DailyFee {
        let thousandths: Int128 =
            switch basis {
            case .day: 1_000
            case .kilobyteDay: Int128(byteCount)
            }
        let units = (Int128(rate) * thousandths + 500_000_000) / 1_000_000_000
        return DailyFee(minorUnits: Int(clamping: units), currency: terms.currency.code)
    }
}

extension Wish {
    fileprivate var application: ApplicationID? {
        switch self {
        case .add(let id), .remove(let id), .park(let id): id
        case .addRelease(let release), .update(let release): release.application
        case .removeInstance, .restore, .reserve, .release, .renew, .rotateKeys: nil
        }
    }

    fileprivate var release: ReleaseID? {
        switch self {
        case .addRelease(let release), .update(let release): release
        case .add, .remove, .park, .removeInstance, .restore, .reserve, .release, .renew, .rotateKeys: nil
        }
    }
}
