internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// Which code comes and goes, once it is known which applications do.

extension Planner {
    mutating func settleCode() {
        let code = ComingCode(picture, incoming)
        for index in incoming.indices { incoming[index].files = code.files[index] }
        let exchanged = code.exchanged
        noteNeeded(beside: exchanged)
        checkImports(code)
        dropUnusedCode(exchanged)
        for aid in exchanged.subtracting(leavingFiles).sorted() { objectStillNeeded(aid) }
        let staying = Set(picture.loaded.map(\.entry.aid)).subtracting(leavingFiles)
        for index in incoming.indices {
            incoming[index].files.removeAll { staying.contains($0.loadFile.aid) }
        }
        checkUpgradeInterface()
    }

    /// What is exchanged is not used as it is, except by code that is upgraded in place.
    private mutating func noteNeeded(beside exchanged: Set<AID>) {
        var needed: Set<AID> = []
        for file in incoming.lazy.flatMap(\.files) {
            needed.insert(file.loadFile.aid)
            needed.formUnion(file.loadFile.imports)
        }
        needed.subtract(exchanged)
        for file in upgrades.lazy.flatMap(\.release.loadFiles) {
            needed.insert(file.aid)
            needed.formUnion(file.imports)
        }
        neededFiles = needed
    }

    private mutating func checkImports(_ code: ComingCode) {
        for aid in code.contradictions {
            object(
                .wishesContradict, "\(aid)", "What comes needs different versions of the load file \(aid).",
                "Leave one of them out, or choose another release of it.")
        }
        for want in code.missing.uniqued {
            let name = want.package.map { "\($0.aid) in version \($0.version)" } ?? "\(want.aid)"
            let isThere = loaded(want.aid) != nil
            object(
                .importMissing, want.release.description,
                "\(want.release) needs the library \(name), "
                    + (isThere
                        ? "for which neither what is on the card nor what is published stands in."
                        : "which is neither on the card nor published."),
                "Publish a release with the library, or choose a release that brings it.")
        }
    }

    private mutating func checkUpgradeInterface() {
        guard !picture.model.upgradesLoadFiles else { return }
        for item in incoming {
            for file in item.files where file.loadFile.imports.contains(WellKnownAID.upgradeInterface) {
                object(
                    .profileUnsuited, item.release.id.description,
                    "\(item.release.id) is made for cards that upgrade load files in place, which those of the "
                        + "profile \(picture.card.profile) do not.",
                    "Choose a release without the interface \(WellKnownAID.upgradeInterface).")
            }
        }
    }

    /// Blocks of a load file are numbered with one byte.
    mutating func checkLoadFiles() {
        for item in incoming {
            for file in item.files.map(\.loadFile) where loadBlockBytes(file.byteCount) == nil {
                let bytesMax = picture.model.loadBlockBytesMax * LoadCommand.blockCountMax
                object(
                    .loadFileTooLong, item.release.id.description,
                    "The load file \(file.aid) is \(Self.loadFileBytes(file.byteCount)) bytes long, and such a card"
                        + " takes at most \(bytesMax) in one.",
                    "Ask the provider for a release that is split into smaller load files.")
            }
        }
    }

    /// Libraries that something here or in custody needs, and that no release would bring back.
    var irreplaceable: Set<AID> {
        let back = Set(incoming.flatMap(\.sources.keys))
        // What goes for good, and what comes back whole in another release, needs nothing of its own any more.
        let gone = Set(
            outgoing.filter { item in
                item.purpose == .forGood
                    || item.cause == .replaced
                        && (item.release?.parking != .contract
                            || item.instances.allSatisfy { back.contains($0.entry.aid) })
            }.flatMap { $0.instances.map(\.entry.aid) })
        let needing = Set(picture.custody.map(\.release)).union(
            picture.installed.filter { !gone.contains($0.entry.aid) }.compactMap(\.entry.release))
        var result: Set<AID> = []
        for release in picture.releases.values where needing.contains(release.id) {
            for aid in release.foreignImports {
                let packages = release.loadFiles.flatMap { picture.packages[$0.digest]?.imports ?? [] }
                let others = (picture.libraries[release.id] ?? []) + incoming.flatMap(\.files)
                let isMet = others.contains { file in
                    file.loadFile.aid == aid
                        && picture.does(picture.packages[file.loadFile.digest]?.package, standInFor: packages)
                }
                if !isMet { result.insert(aid) }
            }
        }
        return result
    }

    // MARK: - Code that nobody needs any more

    /// Code of what leaves by wish goes with it, and code in whose place another version comes, unless something that
    /// stays or comes needs it.
    private mutating func dropUnusedCode(_ exchanged: Set<AID>) {
        guard !outgoing.isEmpty || !exchanged.isEmpty else { return }
        let leaving = leavingInstances
        let reloadable = Set(picture.releases.values.flatMap { $0.loadFiles.map(\.digest) })
        // Code of what may come back leaves only where it can be loaded again.
        let candidates = Set(
            outgoing.flatMap { item in
                item.instances.compactMap(\.entry.loadFile).filter { aid in
                    item.purpose == .forGood
                        || loaded(aid)?.entry.digest.map(reloadable.contains) ?? false
                }
            })
        let reloaded = importers(of: exchanged)
        neededFiles.subtract(reloaded)
        let irreplaceable = irreplaceable
        var dropped: Set<AID> = []
        // Bounded: each round drops a file or is the last.
        for _ in picture.loaded {
            let more = picture.loaded.filter { file in
                let aid = file.entry.aid
                let isAsked =
                    exchanged.contains(aid) || reloaded.contains(aid) || candidates.contains(aid)
                    || picture.loaded.contains { dropped.contains($0.entry.aid) && $0.imports.contains(aid) }
                return !dropped.contains(aid) && isAsked && !irreplaceable.contains(aid)
                    && isFree(file, leaving: leaving, dropped: dropped)
            }
            if more.isEmpty { break }
            dropped.formUnion(more.map(\.entry.aid))
        }
        leavingFiles = dropped
        attribute(dropped)
    }

    /// What comes again as it is, because a card lets nothing go that something else imports.
    private func importers(of exchanged: Set<AID>) -> Set<AID> {
        guard !exchanged.isEmpty else { return [] }
        let coming = Set(incoming.flatMap { $0.files.map(\.loadFile.aid) })
        var result: Set<AID> = []
        // Bounded: each round finds a file or is the last.
        for _ in picture.loaded {
            let more = picture.loaded.filter { file in
                coming.contains(file.entry.aid) && !result.contains(file.entry.aid)
                    && file.imports.contains { exchanged.contains($0) || result.contains($0) }
            }
            if more.isEmpty { break }
            result.formUnion(more.map(\.entry.aid))
        }
        return result.subtracting(exchanged).subtracting(upgrades.map(\.step.loadFile))
    }

    /// Says with whom the code leaves.
    private mutating func attribute(_ dropped: Set<AID>) {
        for index in outgoing.indices {
            let own = outgoing[index].instances.compactMap(\.entry.loadFile)
            let taken = Set(outgoing[..<index].flatMap { $0.loadFiles.map(\.entry.aid) })
            outgoing[index].loadFiles = picture.loaded.filter {
                own.contains($0.entry.aid) && dropped.contains($0.entry.aid) && !taken.contains($0.entry.aid)
            }
        }
        let named = Set(outgoing.flatMap { $0.loadFiles.map(\.entry.aid) })
        let rest = picture.loaded.filter {
            dropped.contains($0.entry.aid) && !named.contains($0.entry.aid)
        }
        if let first = outgoing.indices.first {
            outgoing[first].loadFiles += rest
        } else if !rest.isEmpty {
            outgoing.append(
                Outgoing(
                    application: nil, release: nil, instances: [], loadFiles: rest, purpose: .parked,
                    cause: .replaced))
        }
    }

    /// Whether nothing that stays or comes needs the file.
    private func isFree(_ file: Picture.Loaded, leaving: Set<AID>, dropped: Set<AID>) -> Bool {
        let aid = file.entry.aid
        if picture.installed.contains(where: { $0.entry.loadFile == aid && !leaving.contains($0.entry.aid) })
        {
            return false
        }
        if picture.loaded.contains(where: { $0.imports.contains(aid) && !dropped.contains($0.entry.aid) }) {
            return false
        }
        if neededFiles.contains(aid) { return false }
        return !picture.berths.contains { $0.berth.resources.libraries.contains(aid) }
    }

    private mutating func objectStillNeeded(_ aid: AID) {
        let leaving = leavingInstances
        func users(of aid: AID) -> [String] {
            picture.installed.filter { $0.entry.loadFile == aid && !leaving.contains($0.entry.aid) }
                .map { $0.entry.release?.application.text ?? "\($0.entry.aid)" }
        }
        var names = users(of: aid)
        for file in picture.loaded
        where file.imports.contains(aid) && !leavingFiles.contains(file.entry.aid) {
            let users = users(of: file.entry.aid)
            names += users.isEmpty ? ["the load file \(file.entry.aid)"] : users
        }
        for upgrade in upgrades
        where upgrade.release.loadFiles.contains(where: { $0.aid == aid || $0.imports.contains(aid) }) {
            names.append(upgrade.release.id.description)
        }
        for held in picture.berths where held.berth.resources.libraries.contains(aid) {
            names.append("the berth of \(held.berth.provider)")
        }
        if names.isEmpty { names = ["what is in custody"] }
        object(
            .stillNeeded, "\(aid)",
            "Another version of the load file \(aid) is on the card, and needed there by "
                + names.uniqued.joined(separator: ", ") + ".",
            "Update or remove what needs it first.")
    }
}
