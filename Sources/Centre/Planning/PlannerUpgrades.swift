internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// An update whose data need not leave the card (docs/reference/elf-upgrade.md).

extension Planner {
    /// A release that takes the place of another under its instances.
    struct Upgrading {
        var release: Release
        var step: PlanStep.Upgrade
        /// What must be free for it beside everything that is there.
        var needed: Room
        /// What is free afterwards, more or less than before.
        var change: Room
    }

    /// `nil` where card or releases cannot do that: then the data leave and come back.
    func upgrade(_ present: [Picture.Installed], from old: Release, to release: Release) -> Upgrading? {
        guard picture.model.upgradesLoadFiles, present.allSatisfy({ $0.entry.release == old.id }),
            // Room that is kept for its owner is accounted by what comes and goes.
            berth(of: picture.applications[release.id.application]?.provider) == nil,
            leavingInstances.union(upgradedInstances).isDisjoint(with: present.map(\.entry.aid)),
            let code = exchangedCode(present, old, release)
        else { return nil }
        let step = PlanStep.Upgrade(
            loadFile: code.new.aid, instances: present.map(\.entry.aid).sorted(),
            from: .init(release: old.id, digest: HexBytes(code.old.digest), byteCount: code.old.byteCount),
            to: .init(release: release.id, digest: HexBytes(code.new.digest), byteCount: code.new.byteCount))
        let coming = Incoming(
            release: release, instances: release.instances, sources: [:], imageBytes: [:], rooms: [:])
        let new = release.instances.reduce(size(of: NeededLoadFile(loadFile: code.new, release: release.id)))
        { $0 + size(of: $1, in: coming) }
        let gone = present.reduce(code.loaded.size) { $0 + $1.size }
        let kept = present.reduce(Room.none) { $0 + saved($1) }
        // What is saved stands beside the old instances first, and beside the new ones at the end.
        let end = kept + new.most - gone.least
        return Upgrading(
            release: release, step: step,
            needed: Room(
                nonVolatile: max(kept.nonVolatile, end.nonVolatile), volatile: max(0, end.volatile)),
            change: gone.room - new.room)
    }

    /// The one load file in which the releases differ, where both versions hand data over, and nobody else uses it.
    private func exchangedCode(
        _ present: [Picture.Installed], _ old: Release, _ release: Release
    ) -> (old: Release.LoadFile, new: Release.LoadFile, loaded: Picture.Loaded)? {
        let names = Set(present.map(\.entry.aid))
        guard Set(old.instances.map(\.upgradeKey)) == Set(release.instances.map(\.upgradeKey)),
            names == Set(release.instances.map(\.aid)), Set(release.instances.map(\.loadFile)).count == 1,
            let aid = release.instances.first?.loadFile,
            let before = old.loadFiles.first(where: { $0.aid == aid }),
            let after = release.loadFiles.first(where: { $0.aid == aid }), before.digest != after.digest,
            [before, after].allSatisfy({ $0.imports.contains(WellKnownAID.upgradeInterface) }),
            let loaded = loaded(aid), loaded.entry.digest == before.digest
        else { return nil }
        let isThere = release.loadFiles.allSatisfy { file in
            file.aid == aid
                || self.loaded(file.aid)?.entry.digest == file.digest
        }
        let packages = picture.packages[after.digest]?.imports ?? []
        let isLinked = after.imports.allSatisfy { aid in
            PlatformPackages.contains(aid)
                || self.loaded(aid).map { picture.does($0, standInFor: packages) } ?? false
        }
        let isShared =
            picture.installed.contains { $0.entry.loadFile == aid && !names.contains($0.entry.aid) }
            || picture.loaded.contains { $0.imports.contains(aid) }
        return isThere && isLinked && !isShared ? (before, after, loaded) : nil
    }

    /// The data of an instance with what says where they belong, as one object.
    private func saved(_ item: Picture.Installed) -> Room {
        let head = 128
        let bytes = imageBytes(of: item) + head + picture.model.loadFileOverheadBytes
        return picture.model.rounded(Room(nonVolatile: bytes))
    }
}

extension Release.Instance {
    /// What must be the same in both releases: the card makes the instance anew out of its registry.
    fileprivate var upgradeKey: [[UInt8]] { [aid.bytes, module.bytes, loadFile.bytes, privileges.bytes] }
}

extension Picture.Size {
    fileprivate static func + (one: Picture.Size, other: Picture.Size) -> Picture.Size {
        .init(one.room + other.room, spread: one.spread + other.spread, origin: one.origin)
    }
}
