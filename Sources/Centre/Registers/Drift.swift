internal import GlobalPlatform
internal import SmartCard

/// Finds what happened on a card behind the centre's back.
struct DriftCheck {
    let known: CardDossier
    let changes: [InventoryChange]
    let names: CatalogueNames
    let sizes: SizeBook
    let arriving: [AID: Int]

    /// Sets sum, drift and findings of the dossier as it was read.
    mutating func judge(_ next: inout CardDossier) {
        // The first reading is what everything later is compared with.
        guard known.card.inventory != nil else {
            let sum = next.card.inventory?.free.map { $0 + next.measuredSum }
            next.card.inventory?.sum = sum
            return setFindings(promisedTwice(next), &next)
        }
        var found = known.findings.filter { stillHolds($0, next) }
        for kind in changes.compactMap({ finding(for: $0, next) }) {
            found.removeAll { $0.aid == kind.aid }
            found.append(kind)
        }
        found += room(&next)
        found += promisedTwice(next)
        setFindings(found, &next)
    }

    // MARK: What came, went and was replaced

    private func finding(for change: InventoryChange, _ next: CardDossier) -> DriftFinding? {
        guard !undoesFinding(change) else { return nil }
        switch change {
        case .applicationCame(let aid, let release):
            guard let entry = next.application(aid), !isInBerth(aid, entry.domain) else { return nil }
            let name = release.map { "\($0) (\(aid))" } ?? "\(aid)"
            return make(
                .applicationAppeared, aid, next,
                "Application \(name) is on the card, and nobody asked for it here.")
        case .applicationWent(let aid, let release):
            guard !isInBerth(aid, known.application(aid)?.domain) else { return nil }
            let name = release.map { "\($0) (\(aid))" } ?? "\(aid)"
            return make(
                .applicationVanished(release), aid, next,
                "Application \(name) is gone, and nobody asked for that here.")
        case .applicationReplaced(let aid):
            return make(
                .applicationChanged, aid, next,
                "Application \(aid) has other privileges, another domain or other code than it had.")
        case .loadFileCame(let aid):
            guard let entry = next.loadFile(aid), !isInBerth(aid, entry.domain) else { return nil }
            return make(
                .loadFileAppeared, aid, next, "Load file \(aid) is on the card, and nobody asked for it here."
            )
        case .loadFileWent(let aid):
            guard !isInBerth(aid, known.loadFile(aid)?.domain) else { return nil }
            return make(
                .loadFileVanished, aid, next, "Load file \(aid) is gone, and nobody asked for that here.")
        case .loadFileReplaced(let aid):
            return make(
                .loadFileChanged, aid, next,
                "Load file \(aid) has another version or other modules than it had.")
        case .applicationMoved, .cardMoved: return nil
        }
    }

    /// What had gone is back, what had come is gone: as it was.
    private func undoesFinding(_ change: InventoryChange) -> Bool {
        known.findings.contains { finding in
            switch (finding.kind, change) {
            case (.applicationVanished(let old), .applicationCame(let aid, let new)):
                finding.aid == aid && old == new
            case (.applicationAppeared, .applicationWent(let aid, _)),
                (.loadFileAppeared, .loadFileWent(let aid)),
                (.loadFileVanished, .loadFileCame(let aid)):
                finding.aid == aid
            default: false
            }
        }
    }

    /// Its owner may do there what it likes, within its room.
    private func isInBerth(_ aid: AID, _ domain: AID?) -> Bool {
        // A domain that was there before and has keys of its own is somebody's.
        if let domain, let place = known.application(domain), place.privileges.has(.securityDomain),
            place.lifeCycle == 0x0F
        {
            return true
        }
        return known.berths.contains { berth in
            guard case .domain(let place) = berth.means else { return false }
            return domain == place || aid == place
        }
    }

    private func stillHolds(_ finding: DriftFinding, _ next: CardDossier) -> Bool {
        guard let aid = finding.aid else { return false }
        switch finding.kind {
        case .applicationAppeared, .applicationChanged: return next.application(aid) != nil
        case .applicationVanished: return next.application(aid) == nil
        case .loadFileAppeared, .loadFileChanged: return next.loadFile(aid) != nil
        case .loadFileVanished: return next.loadFile(aid) == nil
        case .roomChanged, .roomPromisedTwice: return false
        }
    }

    // MARK: The sum

    private func room(_ next: inout CardDossier) -> [DriftFinding] {
        guard let free = next.card.inventory?.free else {
            // Nothing is different, and so the sum is not either.
            if changes.isEmpty { next.card.inventory?.sum = known.card.inventory?.sum }
            return []
        }
        let sum = free + next.measuredSum
        guard let expected = known.card.inventory?.sum else {
            next.card.inventory?.sum = sum
            return []
        }
        let missing = expected - sum
        let newcomers = newcomers(next)
        if !newcomers.isEmpty || somethingUnmeasuredWent {
            if !somethingUnmeasuredWent { attribute(missing, to: newcomers, &next) }
            let sum = free + next.measuredSum
            next.card.inventory?.sum = sum
            return []
        }
        let tolerance = next.tolerance(sizes.model)
        if abs(missing.nonVolatile) <= tolerance.nonVolatile, abs(missing.volatile) <= tolerance.volatile {
            next.card.inventory?.sum = sum
            return []
        }
        next.card.inventory?.sum = expected
        if explainByArrival(missing, tolerance, &next) { return [] }
        return [make(.roomChanged(missing), nil, next, Self.words(missing))]
    }

    /// A card that was taken out while data were on their way to it has room taken for them, and gives it up with the
    /// last of them: that is counted to the instance. What nobody measured, because the order that made it was never
    /// answered, is not in the sum: there the sum follows.
    private func explainByArrival(_ missing: Room, _ tolerance: Room, _ next: inout CardDossier) -> Bool {
        guard abs(missing.volatile) <= tolerance.volatile else { return false }
        for (aid, bytes) in arriving.sorted(by: { $0.key < $1.key }) {
            let most = sizes.model.rounded(Room(nonVolatile: bytes + sizes.model.loadFileOverheadBytes))
            guard var entry = next.application(aid),
                abs(missing.nonVolatile) <= most.nonVolatile + tolerance.nonVolatile
            else { continue }
            if let measured = entry.measured {
                entry.measured = measured + missing
                next.put(entry)
            } else if let sum = next.card.inventory?.sum {
                next.card.inventory?.sum = sum - missing
            }
            return true
        }
        return false
    }

    /// Of unknown size, because they came or changed while nobody measured.
    private func newcomers(_ next: CardDossier) -> [AID] {
        changes.compactMap { change in
            switch change {
            case .applicationCame(let aid, _), .applicationReplaced(let aid): next.application(aid)?.aid
            case .loadFileCame(let aid), .loadFileReplaced(let aid): next.loadFile(aid)?.aid
            case .applicationWent, .applicationMoved, .loadFileWent, .cardMoved: nil
            }
        }
    }

    private var somethingUnmeasuredWent: Bool {
        changes.contains { change in
            switch change {
            case .applicationWent(let aid, _): known.application(aid)?.measured == nil
            case .loadFileWent(let aid): known.loadFile(aid)?.measured == nil
            case .applicationCame, .applicationMoved, .applicationReplaced, .loadFileCame, .loadFileReplaced,
                .cardMoved:
                false
            }
        }
    }

    /// What is missing is what the newcomer took, where there is one.
    private func attribute(_ missing: Room, to newcomers: [AID], _ next: inout CardDossier) {
        guard newcomers.count == 1, let aid = newcomers.first, missing.nonVolatile > 0, missing.volatile >= 0
        else { return }
        if var application = next.application(aid) {
            application.measured = missing
            next.put(application)
        } else if var file = next.loadFile(aid) {
            file.measured = missing
            next.put(file)
        }
    }

    /// Somebody took room that was promised to others.
    private func promisedTwice(_ next: CardDossier) -> [DriftFinding] {
        // What is only asked for, or being given back, depends on steps that are on their way.
        var settled = next
        settled.berths.removeAll { berth in
            if case .ready = berth.state { false } else { true }
        }
        let shortage = BerthLedger(settled, names: names, sizes: sizes).account.shortage
        guard !shortage.isNone else { return [] }
        return [
            make(
                .roomPromisedTwice(shortage), nil, next,
                "Berths promise \(shortage.words) more than the card has free.")
        ]
    }

    private static func words(_ missing: Room) -> String {
        var parts: [String] = []
        func add(_ bytes: Int, _ kind: String) {
            if bytes != 0 {
                parts.append("\(abs(bytes)) bytes of \(kind) memory \(bytes > 0 ? "less" : "more")")
            }
        }
        add(missing.nonVolatile, "non-volatile")
        add(missing.volatile, "volatile")
        return
            "Reserved, used and free add up to \(parts.joined(separator: " and ")) than before, and nothing in "
            + "the registry says why: an application made or gave up room for its own data."
    }

    // MARK: The flag

    private func make(_ kind: DriftFinding.Kind, _ aid: AID?, _ next: CardDossier, _ words: String)
        -> DriftFinding
    {
        DriftFinding(
            card: known.card.id, number: 0, kind: kind, aid: aid,
            foundAt: next.card.inventory?.readAt ?? known.card.registeredAt, words: words)
    }

    private func setFindings(_ found: [DriftFinding], _ next: inout CardDossier) {
        next.setFindings(found)
    }
}

extension CardDossier {
    /// Numbers them, keeps the first, and says on the card what is wrong.
    mutating func setFindings(_ found: [DriftFinding]) {
        findings = found.prefix(Bounds.driftFindingsMax).enumerated().map { index, finding in
            var finding = finding
            finding.number = index + 1
            return finding
        }
        guard let first = found.first else {
            card.inventory?.drift = nil
            return
        }
        let more = found.count - 1
        card.inventory?.drift = first.words + (more == 0 ? "" : " And \(more) more.")
    }
}

extension Room {
    /// As in a sentence: `120 bytes of non-volatile memory`.
    package var words: String {
        let parts = [(nonVolatile, "non-volatile"), (volatile, "volatile")].filter { $0.0 != 0 }.map {
            "\($0.0) \($0.0 == 1 ? "byte" : "bytes") of \($0.1) memory"
        }
        return parts.isEmpty ? "no memory" : parts.joined(separator: " and ")
    }
}
