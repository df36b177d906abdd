internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

extension Picture {
    /// The best way to the wishes, with everything that stands in it. The same picture gives the same plan.
    package func plan(_ wishes: [Wish]) -> Plan {
        var planner = Planner(self, wishes)
        return planner.plan()
    }
}

/// Gathers what the wishes ask for, then who must leave, then the steps in a safe order.
struct Planner {
    /// A release that comes, and which of its instances bring data.
    struct Incoming {
        var release: Release
        var instances: [Release.Instance]
        var sources: [AID: PlanStep.Source]
        var imageBytes: [AID: Int]
        /// Data that were kept know what they need.
        var rooms: [AID: Room]
        var domain: AID?
        var provider: ProviderID?
    }

    /// Instances that leave together.
    struct Outgoing {
        var application: ApplicationID?
        var release: Release?
        var instances: [Picture.Installed]
        var loadFiles: [Picture.Loaded] = []
        var purpose: PlanStep.Purpose
        var cause: Plan.Leaving.Cause
        var points = LeavingCost.none
    }

    let picture: Picture
    let wishes: [Wish]
    var objections: [Objection] = []
    var incoming: [Incoming] = []
    var outgoing: [Outgoing] = []
    var upgrades: [Upgrading] = []
    var reservations: [(reservation: Reservation, domain: AID?)] = []
    var releasedBerths: [Picture.HeldBerth] = []
    var keySets: [(masterKey: MasterKeyName, version: UInt8)] = []
    /// Instances whose data are copied, and that stay.
    var copied: [Picture.Installed] = []
    /// Instances that are told who the holder is.
    var identified: [AID] = []
    /// Code that leaves because of a wish, or with it.
    var leavingFiles: Set<AID> = []
    var optimality = Plan.Optimality.proven
    var shortage = Room.none

    init(_ picture: Picture, _ wishes: [Wish]) {
        var picture = picture
        // In whatever order the card was read, the same choice is made.
        picture.installed.sort { $0.entry.aid.bytes.lexicographicallyPrecedes($1.entry.aid.bytes) }
        picture.loaded.sort { $0.entry.aid.bytes.lexicographicallyPrecedes($1.entry.aid.bytes) }
        self.picture = picture
        self.wishes = wishes
    }

    mutating func plan() -> Plan {
        checkCard()
        for wish in wishes { take(wish) }
        checkContradictions()
        checkImports()
        checkLoadFiles()
        dropUnusedCode()
        makeRoom()
        return assemble()
    }

    mutating func object(
        _ kind: Objection.Kind, _ subject: String, missing: Room? = nil, _ reason: String, _ remedy: String
    ) {
        objections.append(Objection(kind, subject, missing: missing, reason: reason, remedy: remedy))
    }

    // MARK: - What stands on the card

    var leavingInstances: Set<AID> { Set(outgoing.flatMap { $0.instances.map(\.entry.aid) }) }
    var upgradedInstances: Set<AID> { Set(upgrades.flatMap(\.step.instances)) }

    func instances(of application: ApplicationID) -> [Picture.Installed] {
        picture.installed.filter { $0.entry.release?.application == application }
    }

    func loaded(_ aid: AID) -> Picture.Loaded? { picture.loaded.first { $0.entry.aid == aid } }

    /// A release's load files, and before them those of others that it needs.
    func files(of release: Release) -> [NeededLoadFile] {
        (picture.libraries[release.id] ?? [])
            + release.loadFiles.map { NeededLoadFile(loadFile: $0, release: release.id) }
    }

    /// Load files that a release needs, which are not there already.
    func filesToLoad(_ incoming: Incoming) -> [NeededLoadFile] {
        let release = incoming.release
        let missing = files(of: release).filter {
            loaded($0.loadFile.aid) == nil || leavingFiles.contains($0.loadFile.aid)
        }
        // What is code and nothing else is wanted for itself.
        var wanted = Set(
            release.instances.isEmpty ? release.loadFiles.map(\.aid) : incoming.instances.map(\.loadFile))
        // Bounded: the set only grows, and a chain of imports is no longer than there are files.
        for _ in missing {
            for file in missing where wanted.contains(file.loadFile.aid) {
                wanted.formUnion(file.loadFile.imports)
            }
        }
        return missing.filter { wanted.contains($0.loadFile.aid) }
    }

    /// Libraries that something here or in custody needs, and that no release would bring back.
    var irreplaceable: Set<AID> {
        let gone = Set(outgoing.filter { $0.purpose == .forGood }.compactMap(\.application))
        let kept = Set(picture.custody.map(\.release))
        var result: Set<AID> = []
        for release in picture.releases.values
        where kept.contains(release.id) || !gone.contains(release.id.application) {
            for aid in release.foreignImports
            where picture.libraries[release.id]?.contains(where: { $0.loadFile.aid == aid }) != true {
                result.insert(aid)
            }
        }
        return result
    }

    func berth(of provider: ProviderID?) -> Picture.HeldBerth? {
        picture.berths.first { $0.berth.provider == provider }
    }

    private mutating func checkCard() {
        let name = picture.card.id.text
        switch picture.card.life {
        case .active: break
        case .blocked(let reason):
            object(.cardBlocked, name, "The card is blocked: \(reason).", "Have an operator lift the block.")
        case .retired(let reason):
            object(.cardBlocked, name, "The card is retired: \(reason).", "Use another card.")
        }
        if let drift = picture.card.inventory?.drift {
            object(
                .cardDrifts, name, "What the card holds is not what the ledger says: \(drift)",
                "Accept or repair the drift first.")
        }
        if picture.card.inventory == nil {
            object(
                .inventoryMissing, name,
                "Nobody has read yet what the card holds: bring it to a terminal once.",
                "Read the card's contents first.")
        }
    }

    private mutating func checkContradictions() {
        let coming = incoming.flatMap { $0.instances.map(\.aid) }
        let names = Set(coming)
        if names.count < coming.count {
            object(
                .wishesContradict, "wishes", "Two wishes make an instance of the same name.",
                "Leave one of them out.")
        }
        for item in outgoing where item.cause == .wished {
            guard let application = item.application,
                incoming.contains(where: { $0.release.id.application == application })
            else { continue }
            object(
                .wishesContradict, application.text, "\(application) is to come and to leave at once.",
                "Wish an update, or make two plans.")
        }
        let leaving = leavingInstances
        for aid in names where !leaving.contains(aid) {
            guard picture.installed.contains(where: { $0.entry.aid == aid }) else { continue }
            object(
                .nameTaken, "\(aid)", "An instance named \(aid) is on the card already.",
                "Remove it, or give the release another name for its instance.")
        }
    }

    private mutating func checkImports() {
        let coming = Set(incoming.flatMap { files(of: $0.release).map(\.loadFile.aid) })
        let staying = Set(picture.loaded.map(\.entry.aid)).subtracting(leavingFiles)
        for item in incoming {
            for file in filesToLoad(item).map(\.loadFile) {
                if file.imports.contains(WellKnownAID.upgradeInterface), !picture.model.upgradesLoadFiles {
                    object(
                        .profileUnsuited, item.release.id.description,
                        "\(item.release.id) is made for cards that upgrade load files in place, which those of the "
                            + "profile \(picture.card.profile) do not.",
                        "Choose a release without the interface \(WellKnownAID.upgradeInterface).")
                }
                for needed in file.imports {
                    guard !coming.contains(needed), !staying.contains(needed),
                        !PlatformPackages.contains(needed)
                    else { continue }
                    object(
                        .importMissing, item.release.id.description,
                        "\(item.release.id) needs the library \(needed), which is neither on the card nor published.",
                        "Publish a release with the library, or choose a release that brings it.")
                }
            }
        }
    }

    /// Blocks of a load file are numbered with one byte.
    private mutating func checkLoadFiles() {
        for item in incoming {
            for file in filesToLoad(item).map(\.loadFile) where loadBlockBytes(file.byteCount) == nil {
                let bytesMax = picture.model.loadBlockBytesMax * LoadCommand.blockCountMax
                object(
                    .loadFileTooLong, item.release.id.description,
                    "The load file \(file.aid) is \(Self.loadFileBytes(file.byteCount)) bytes long, and such a card"
                        + " takes at most \(bytesMax) in one.",
                    "Ask the provider for a release that is split into smaller load files.")
            }
        }
    }

    // MARK: - Code that nobody needs any more

    /// Code of what leaves by wish goes with it, unless something that stays or comes needs it.
    private mutating func dropUnusedCode() {
        guard !outgoing.isEmpty || !leavingFiles.isEmpty else { return }
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
        let irreplaceable = irreplaceable
        var dropped = leavingFiles
        // Bounded: each round drops a file or is the last.
        for _ in picture.loaded {
            let more = picture.loaded.filter { file in
                let aid = file.entry.aid
                let isAsked =
                    candidates.contains(aid)
                    || picture.loaded.contains { dropped.contains($0.entry.aid) && $0.imports.contains(aid) }
                return !dropped.contains(aid) && isAsked && !irreplaceable.contains(aid)
                    && isFree(file, leaving: leaving, dropped: dropped)
            }
            if more.isEmpty { break }
            dropped.formUnion(more.map(\.entry.aid))
        }
        leavingFiles = dropped
        for index in outgoing.indices {
            let own = outgoing[index].instances.compactMap(\.entry.loadFile)
            let taken = Set(outgoing[..<index].flatMap { $0.loadFiles.map(\.entry.aid) })
            outgoing[index].loadFiles = picture.loaded.filter {
                own.contains($0.entry.aid) && dropped.contains($0.entry.aid) && !taken.contains($0.entry.aid)
            }
        }
        let named = Set(outgoing.flatMap { $0.loadFiles.map(\.entry.aid) })
        if let first = outgoing.indices.first {
            outgoing[first].loadFiles += picture.loaded.filter {
                dropped.contains($0.entry.aid) && !named.contains($0.entry.aid)
            }
        }
    }

    /// Whether nothing that stays or comes needs the file.
    func isFree(_ file: Picture.Loaded, leaving: Set<AID>, dropped: Set<AID>) -> Bool {
        let aid = file.entry.aid
        if picture.installed.contains(where: { $0.entry.loadFile == aid && !leaving.contains($0.entry.aid) })
        {
            return false
        }
        if picture.loaded.contains(where: { $0.imports.contains(aid) && !dropped.contains($0.entry.aid) }) {
            return false
        }
        if neededByIncoming.contains(aid) { return false }
        return !picture.berths.contains { $0.berth.resources.libraries.contains(aid) }
    }

    /// Code that is on the card and that a release which comes will use as it is.
    var neededByIncoming: Set<AID> {
        var result: Set<AID> = []
        for item in incoming {
            for file in files(of: item.release).map(\.loadFile) {
                if !leavingFiles.contains(file.aid) { result.insert(file.aid) }
                result.formUnion(file.imports)
            }
        }
        for file in upgrades.flatMap(\.release.loadFiles) { result.formUnion([file.aid] + file.imports) }
        return result
    }
}
