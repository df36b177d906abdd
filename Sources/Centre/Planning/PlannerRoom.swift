internal import GlobalPlatform
internal import SmartCard

// How much is missing, and who leaves for it.

extension Planner {
    mutating func makeRoom() {
        let need = needed
        let available = availableNow
        shortage = need.shortage(given: available)
        noteDoubts(need: need, available: available)
        guard !shortage.isNone else { return }
        let candidates = Candidates(self)
        guard candidates.units.count <= LeavingProblem.unitsMax,
            candidates.files.count <= LeavingProblem.filesMax
        else {
            object(
                .tooManyApplications, picture.card.id.text,
                "More than \(LeavingProblem.unitsMax) applications could leave; that many are not compared.",
                "Remove or pin some of them.")
            return
        }
        let problem = candidates.problem(need: shortage)
        guard let choice = problem.solve() else {
            objectNoRoom(missing: shortage.shortage(given: problem.most), candidates: candidates)
            return
        }
        optimality = choice.optimality
        take(choice, of: candidates)
    }

    /// What everything that comes needs from the room that is common to all. What is kept for its owner serves it
    /// first;
    /// what its owner gives up goes back into what is kept.
    private var needed: Room {
        let coming = comingByProvider
        var result = Room.none
        let released = Set(releasedBerths.map(\.berth.provider))
        for (provider, room) in coming where berth(of: provider) == nil { result += room }
        for held in picture.berths {
            let own = coming[held.berth.provider] ?? .none
            guard !released.contains(held.berth.provider) else {
                result += own
                continue
            }
            result += own + remainderAfter(held, coming: own) - held.remainder
        }
        for item in reservations {
            let rest = rest(of: item.reservation)
            result +=
                item.domain == nil || !picture.model.keepsOnCard(rest)
                ? picture.model.rounded(rest) : picture.model.domainCost(rest)
        }
        for upgrade in upgrades { result += upgrade.needed }
        return result + imagesOnTheirWay
    }

    /// An image comes whole before it counts, so there must be room for it beside the instance that takes it over
    /// (docs/parking-contract.md, BEGIN). One comes after the other, and what is installed later may have that room.
    private var imagesOnTheirWay: Room {
        var most = 0
        var later = 0
        for item in incoming.reversed() {
            if way(of: item.release) == .contract {
                for aid in item.sources.keys {
                    let bytes = (item.imageBytes[aid] ?? 0) + picture.model.loadFileOverheadBytes
                    most = max(most, picture.model.rounded(Room(nonVolatile: bytes)).nonVolatile - later)
                }
            }
            for instance in item.instances { later += size(of: instance, in: item).least.nonVolatile }
        }
        return Room(nonVolatile: most)
    }

    /// What is free, and not kept for somebody, once everything that leaves by wish has left.
    private var availableNow: Room {
        var room = picture.free
        let released = Set(releasedBerths.map(\.berth.provider))
        for held in picture.berths {
            if released.contains(held.berth.provider) {
                room += held.kept
            } else {
                room -= held.outstanding
            }
        }
        for item in outgoing {
            for instance in item.instances { room += instance.size.least }
            for file in item.loadFiles { room += file.size.least }
        }
        return Room(nonVolatile: max(0, room.nonVolatile), volatile: max(0, room.volatile))
    }

    private mutating func noteDoubts(need: Room, available: Room) {
        for item in incoming {
            guard let held = berth(of: item.provider), let quota = held.berth.quota else { continue }
            var room = held.used
            for file in item.files where owner(of: file) == item.provider { room += size(of: file).most }
            for instance in item.instances { room += size(of: instance, in: item).most }
            guard !quota.covers(room) else { continue }
            object(
                .quotaExceeded, item.release.id.description, missing: room.shortage(given: quota),
                "\(item.release.id) would take its provider beyond the quota of its berth.",
                "Raise the quota, or remove another of this provider's applications.")
        }
        if !picture.isFreeMeasured, !need.isNone {
            object(
                .roomDoubtful, picture.card.id.text,
                "The card does not say what is free; the figures come from what is known to be on it.",
                "Expect that the card may still refuse for want of room: nothing is lost then.")
        }
    }

    private mutating func objectNoRoom(missing: Room, candidates: Candidates) {
        var reason =
            "Even if everything that may leave did, " + PlanWords.amount(missing) + " would be missing."
        if !candidates.kept.isEmpty { reason += " " + candidates.kept.prefix(8).joined(separator: " ") }
        object(
            .notEnoughRoom, picture.card.id.text, missing: missing, reason,
            candidates.kept.isEmpty
                ? "Use a card with more memory, or a smaller release."
                : "Let one of those that stay leave, or use a card with more memory.")
    }

    private mutating func take(_ choice: LeavingChoice, of candidates: Candidates) {
        let first = outgoing.count
        for unit in choice.units { outgoing.append(candidates.units[unit]) }
        var rest: [Picture.Loaded] = []
        for file in choice.files {
            let loaded = candidates.files[file]
            leavingFiles.insert(loaded.entry.aid)
            if let index = choice.units.firstIndex(where: candidates.needers[file].contains) {
                outgoing[first + index].loadFiles.append(loaded)
                outgoing[first + index].points.points += candidates.filePoints[file]
            } else {
                rest.append(loaded)
            }
        }
        guard !rest.isEmpty else { return }
        let points = rest.reduce(0) { sum, file in
            let index = candidates.files.firstIndex { $0.entry.aid == file.entry.aid }
            return sum + (index.map { candidates.filePoints[$0] } ?? 0)
        }
        outgoing.append(
            Outgoing(
                application: nil, release: nil, instances: [], loadFiles: rest, purpose: .parked,
                cause: .makesRoom, points: LeavingCost(points: points)))
    }
}

/// What may leave to make room, and, in words, what may not.
struct Candidates {
    private(set) var units: [Planner.Outgoing] = []
    private(set) var files: [Picture.Loaded] = []
    /// Units, by their place, that are instances of each file; other files that import it.
    private var users: [[Int]] = []
    private var importers: [[Int]] = []
    /// Units that need each file, directly or through what imports it.
    private(set) var needers: [Set<Int>] = []
    private(set) var filePoints: [Int] = []
    /// Sentences about what stays.
    private(set) var kept: [String] = []

    init(_ planner: Planner) {
        let leaving = planner.leavingInstances
        var groups: [ApplicationID: [Picture.Installed]] = [:]
        groups.reserveCapacity(planner.picture.installed.count)
        for item in planner.picture.installed where !leaving.contains(item.entry.aid) {
            guard let id = item.entry.release?.application else { continue }
            groups[id, default: []].append(item)
        }
        units.reserveCapacity(groups.count)
        for id in groups.keys.sorted() {
            guard let group = groups[id] else { continue }
            if let reason = planner.reasonToStay(id, group) {
                if !reason.isEmpty { kept.append(reason) }
            } else if let unit = planner.candidate(id, group) {
                units.append(unit)
            }
        }
        addFiles(planner, leaving: leaving)
    }

    private mutating func addFiles(_ planner: Planner, leaving: Set<AID>) {
        let movable = Set(units.flatMap { $0.instances.map(\.entry.aid) })
        let left = planner.picture.loaded.filter { !planner.leavingFiles.contains($0.entry.aid) }
        let reloadable = Set(
            planner.picture.releases.values.flatMap { $0.loadFiles.map(\.digest) })
        let needed = planner.neededFiles.union(planner.irreplaceable)
        var chosen = left.filter { file in
            let aid = file.entry.aid
            guard let digest = file.entry.digest, reloadable.contains(digest), !needed.contains(aid) else {
                return false
            }
            let isUsed = planner.picture.installed.contains {
                $0.entry.loadFile == aid && !movable.contains($0.entry.aid) && !leaving.contains($0.entry.aid)
            }
            return !isUsed && !(planner.owner(of: file).map(planner.keepsWhatItFrees) ?? false)
                && !planner.picture.berths.contains { $0.berth.resources.libraries.contains(aid) }
        }
        // Bounded: what a file that stays imports stays as well, and each round drops one or is the last.
        for _ in left {
            let names = Set(chosen.map(\.entry.aid))
            let staying = left.filter { !names.contains($0.entry.aid) }
            let count = chosen.count
            chosen.removeAll { file in staying.contains { $0.imports.contains(file.entry.aid) } }
            if chosen.count == count { break }
        }
        files = chosen
        users = files.map { file in
            units.indices.filter { unit in
                units[unit].instances.contains { $0.entry.loadFile == file.entry.aid }
            }
        }
        importers = files.map { file in files.indices.filter { files[$0].imports.contains(file.entry.aid) } }
        needers = users.map { Set($0) }
        // Bounded: a chain of imports is no longer than there are files.
        for _ in files {
            for file in files.indices {
                for importer in importers[file] { needers[file].formUnion(needers[importer]) }
            }
        }
        filePoints = files.map { file in
            let bytes = file.byteCount ?? file.size.room.nonVolatile
            let move = planner.effortOfLoading(bytes) + planner.effortOfDeletion
            return LeavingPoints.ofLoadFile(room: file.size.room, moveMilliseconds: move.milliseconds)
        }
    }

    func problem(need: Room) -> LeavingProblem {
        LeavingProblem(
            need: need,
            units: units.map { unit in
                LeavingProblem.Unit(
                    points: unit.points.points, isPreferred: unit.points.preferredCount > 0,
                    room: unit.instances.reduce(Room.none) { $0 + $1.size.least })
            },
            files: files.indices.map { index in
                LeavingProblem.File(
                    points: filePoints[index], room: files[index].size.least, users: users[index],
                    importers: importers[index])
            })
    }
}

extension Planner {
    /// Why an application may not leave to make room; `nil` where it may, empty where it goes without saying.
    func reasonToStay(_ id: ApplicationID, _ group: [Picture.Installed]) -> String? {
        for item in group {
            if case .pinned(let reason) = item.entry.stay { return "\(id) stays: \(reason)." }
            if item.entry.privileges.contains(.securityDomain) { return "" }
        }
        switch picture.vetoes[id] {
        case .byProvider(let reason)?: return "\(id) stays, because its provider wants it: \(reason)."
        case .byHolder(let reason)?: return "\(id) stays, because the holder wants it: \(reason)."
        case nil: break
        }
        if incoming.contains(where: { $0.release.id.application == id }) { return "" }
        if upgrades.contains(where: { $0.release.id.application == id }) { return "" }
        if copied.contains(where: { $0.entry.release?.application == id }) { return "" }
        let releases = group.compactMap(\.entry.release)
        guard let only = releases.first, releases.allSatisfy({ $0 == only }),
            let release = picture.releases[only]
        else {
            return "\(id) stays: its release is not in the catalogue, so it could not come back."
        }
        if hasOlderData(of: group) {
            return "\(id) stays: older data of it are in custody, and only one of both can be there."
        }
        if case .never(let reason) = release.parking {
            return "\(id) stays: it cannot be parked (\(reason))."
        }
        if case .withdrawn = release.life {
            return "\(id) stays: its release was withdrawn, so it leaves only where that is wished."
        }
        if case .draft = release.life { return "\(id) stays: its release is not published." }
        if let provider = picture.applications[id]?.provider, keepsWhatItFrees(provider) {
            return "\(id) stays: its room is reserved for \(provider)."
        }
        return nil
    }

    /// What its things give up is kept for it again: that makes no room for anybody.
    func keepsWhatItFrees(_ provider: ProviderID) -> Bool {
        if reservations.contains(where: { $0.reservation.provider == provider }) { return true }
        guard let held = berth(of: provider), !held.berth.reserved.isNone else { return false }
        return !incoming.contains { $0.provider == provider }
    }

    /// Whose code it is, where that is one.
    func owner(of file: Picture.Loaded) -> ProviderID? {
        if let digest = file.entry.digest, picture.common.contains(digest) { return nil }
        let releases = picture.releases.values.filter { release in
            release.loadFiles.contains { $0.digest == file.entry.digest }
        }
        let owners = Set(releases.compactMap { picture.applications[$0.id.application]?.provider })
        return owners.count == 1 ? owners.first : nil
    }

    /// The same of what comes: as the ledger will charge it.
    func owner(of file: NeededLoadFile) -> ProviderID? {
        picture.common.contains(file.loadFile.digest)
            ? nil : picture.applications[file.release.application]?.provider
    }

    func candidate(_ id: ApplicationID, _ group: [Picture.Installed]) -> Outgoing? {
        guard let release = group[0].entry.release.flatMap({ picture.releases[$0] }) else { return nil }
        let room = group.reduce(Room.none) { $0 + $1.size.room }
        let move = group.reduce(0) { $0 + moveMilliseconds($1, release: release) }
        let used = group.compactMap(\.entry.lastUsedAt).max()
        let points = LeavingPoints.ofApplication(
            room: room, moveMilliseconds: move,
            recency: LeavingPoints.ofRecency(lastUsedAt: used, now: picture.now), fee: picture.fees[id])
        let isPreferred = group.contains { $0.entry.stay == .preferred }
        return Outgoing(
            application: id, release: release, instances: group, purpose: .parked, cause: .makesRoom,
            points: LeavingCost(preferredCount: isPreferred ? 1 : 0, points: points))
    }
}
