internal import CardManagement
internal import GlobalPlatform
package import SmartCard

extension Release {
    /// What can be said against it without looking at anything else.
    func checkSizes() throws(CatalogueRefusal) {
        guard !loadFiles.isEmpty || !instances.isEmpty else { throw .nothingIn(id) }
        let counts = [
            (loadFiles.count, Bounds.loadFilesPerReleaseMax, "load files in a release"),
            (instances.count, Bounds.instancesPerReleaseMax, "instances in a release"),
            (personalisation.count, Bounds.personalisationBlocksMax, "blocks of personalisation"),
        ]
        for (count, max, what) in counts where count > max { throw .tooMany(what: what, max: max) }
        if personalisation.contains(where: { $0.count > Bounds.personalisationBlockBytesMax }) {
            throw .tooLong(
                what: "A block of personalisation", bytesMax: Bounds.personalisationBlockBytesMax)
        }
        if instances.contains(where: { $0.parameters.count > Bounds.instanceParametersBytesMax }) {
            throw .tooLong(what: "An instance's parameters", bytesMax: Bounds.instanceParametersBytesMax)
        }
        try checkRooms()
        try checkProfiles()
        try checkNames()
        if let reason = parking.reason,
            let problem = FreeText.problem(in: reason, bytesMax: Bounds.reasonBytesMax)
        {
            throw .text(field: "reason for never leaving", problem)
        }
    }

    private func checkRooms() throws(CatalogueRefusal) {
        let rooms = loadFiles.map { ($0.aid, $0.declared) } + instances.map { ($0.aid, $0.declared) }
        let bytes = 0...Bounds.roomBytesMax
        for (aid, room) in rooms
        where !bytes.contains(room.nonVolatile) || !bytes.contains(room.volatile) { throw .room(aid) }
    }

    private func checkProfiles() throws(CatalogueRefusal) {
        switch compatibility {
        case .everyProfile: return
        case .only(let profiles):
            guard !profiles.isEmpty, Set(profiles).count == profiles.count else { throw .noProfile(id) }
            guard profiles.count <= Bounds.profilesPerReleaseMax else {
                throw .tooMany(what: "profiles of a release", max: Bounds.profilesPerReleaseMax)
            }
        }
    }

    /// One registry holds them all (GPCS 2.3.1 §6.1.1): no two can have one AID.
    private func checkNames() throws(CatalogueRefusal) {
        var seen: Set<AID> = []
        for aid in loadFiles.map(\.aid) + instances.map(\.aid) where !seen.insert(aid).inserted {
            throw .twice(aid)
        }
        for instance in instances where !loadFiles.contains(where: { $0.aid == instance.loadFile }) {
            throw .loadFileMissing(instance.loadFile, instance: instance.aid)
        }
    }
}

extension Act {
    /// Everything that must hold before cards may get it.
    /// - Returns: the AIDs that it will have.
    func checkPublication(_ release: Release) throws -> [PublishedAID] {
        try release.checkSizes()
        let kept = try kept(of: release)
        for instance in release.instances {
            guard let loadFile = kept.first(where: { $0.package.aid == instance.loadFile }),
                loadFile.modules.contains(instance.module)
            else {
                throw CatalogueRefusal.moduleMissing(module: instance.module, loadFile: instance.loadFile)
            }
        }
        _ = try closure(of: release)
        return try release.loadFiles.map { try published($0, in: release) }
            + release.instances.map { try published($0, in: release) }
    }

    /// Every load file as it describes itself, held to what the release says about it.
    private func kept(of release: Release) throws -> [KeptLoadFile] {
        try release.loadFiles.map { loadFile in
            guard let kept = try transaction.find(KeptLoadFile.self, key: .bytes(loadFile.digest)),
                try isActorsToName(loadFile)
            else { throw CatalogueRefusal.blobMissing(loadFile.aid) }
            let comparisons = [
                (kept.package.aid == loadFile.aid, "AID"),
                (kept.byteCount == loadFile.byteCount, "size"),
                (kept.imports.map(\.aid) == loadFile.imports, "imports"),
            ]
            for (isSame, what) in comparisons where !isSame {
                throw CatalogueRefusal.blobDiffers(loadFile.aid, what: what)
            }
            return kept
        }
    }

    /// A digest alone gives a provider nothing: it names what it brought itself, or has in a release already. Whether
    /// somebody else brought the bytes it does not learn.
    private func isActorsToName(_ loadFile: Release.LoadFile) throws -> Bool {
        guard case .provider(let provider) = actor else { return true }
        let brought = try transaction.find(
            BroughtLoadFile.self, key: .bytes(loadFile.digest), .word(provider))
        if brought != nil { return true }
        return try transaction.all(PublishedAID.self, key: .aid(loadFile.aid))
            .contains { try $0.digest == loadFile.digest && isActors($0.release) }
    }

    /// Whether it may know of the release.
    private func isActors(_ release: ReleaseID) throws -> Bool {
        guard case .provider(let provider) = actor else { return true }
        return try transaction.find(Application.self, key: .word(release.application))?.provider == provider
    }

    private func taken(_ aid: AID, by release: ReleaseID) throws -> CatalogueRefusal {
        try isActors(release) ? .aidTaken(aid, by: release) : .aidTakenElsewhere(aid)
    }

    /// An AID that another application published first is another thing, unless it is the same load file byte for byte.
    private func published(_ loadFile: Release.LoadFile, in release: Release) throws -> PublishedAID {
        let others = try others(with: loadFile.aid, than: release)
        if let instance = others.first(where: { $0.role == .instance }) {
            throw try taken(loadFile.aid, by: instance.release)
        }
        let owners = others.filter { $0.role == .loadFile }
        if let owner = owners.first, !owners.contains(where: { $0.digest == loadFile.digest }) {
            throw try taken(loadFile.aid, by: owner.release)
        }
        return PublishedAID(
            aid: loadFile.aid, release: release.id, role: owners.isEmpty ? .loadFile : .sharedLoadFile,
            digest: loadFile.digest)
    }

    private func published(_ instance: Release.Instance, in release: Release) throws -> PublishedAID {
        if let other = try others(with: instance.aid, than: release).first {
            throw try taken(instance.aid, by: other.release)
        }
        return PublishedAID(aid: instance.aid, release: release.id, role: .instance)
    }

    private func others(with aid: AID, than release: Release) throws -> [PublishedAID] {
        try transaction.all(PublishedAID.self, key: .aid(aid))
            .filter { $0.release.application != release.id.application }
    }
}

// MARK: What a release draws in

/// A load file that must be on the card, and the release that it comes from.
package struct NeededLoadFile: Hashable, Sendable {
    package let loadFile: Release.LoadFile
    package let release: ReleaseID

    package init(loadFile: Release.LoadFile, release: ReleaseID) {
        self.loadFile = loadFile
        self.release = release
    }
}

/// What a release needs of others, import by import: also where somebody does not publish one of them.
package struct NeededLibraries: Hashable, Sendable {
    /// What stands in for an import, in the order of loading; of a name more than one where one does not do for all.
    package var files: [NeededLoadFile]
    /// How these and the release's own load files describe themselves, by their digests.
    package var packages: [[UInt8]: KeptLoadFile]

    package init(files: [NeededLoadFile] = [], packages: [[UInt8]: KeptLoadFile] = [:]) {
        self.files = files
        self.packages = packages
    }

    /// One of each name that the release does not bring itself: what does for every import of it, else the first.
    func chosen(for release: Release) -> [NeededLoadFile] {
        let imports = packages.values.flatMap(\.imports)
        var chosen: [NeededLoadFile] = []
        for file in files {
            let known = chosen.map(\.loadFile) + release.loadFiles
            guard !known.contains(where: { $0.aid == file.loadFile.aid }) else { continue }
            let best = files.first { other in
                guard other.loadFile.aid == file.loadFile.aid,
                    let package = packages[other.loadFile.digest]?.package
                else { return false }
                return imports.allSatisfy { $0.aid != package.aid || $0.isSatisfied(by: package) }
            }
            chosen.append(best ?? file)
        }
        return chosen.inLoadingOrder
    }
}

extension [NeededLoadFile] {
    /// What is imported before what imports it.
    var inLoadingOrder: [NeededLoadFile] {
        var open = self
        var result: [NeededLoadFile] = []
        // Bounded: each round takes one.
        while !open.isEmpty {
            let next =
                open.firstIndex { file in !open.contains { file.loadFile.imports.contains($0.loadFile.aid) } }
                ?? open.startIndex
            result.append(open.remove(at: next))
        }
        return result
    }
}

extension Release {
    /// Libraries that its load files need, and that it does not bring itself.
    package var foreignImports: [AID] {
        guard loadFiles.contains(where: { !$0.imports.isEmpty }) else { return [] }
        return loadFiles.flatMap(\.imports).filter { aid in
            !PlatformPackages.contains(aid) && !loadFiles.contains { $0.aid == aid }
        }
    }
}

extension Act {
    /// The load files of a release and of everything that they need, each once, in an order in which they can be
    /// loaded.
    package func closure(of release: Release) throws -> [NeededLoadFile] {
        var walk = DependencyWalk(self, permitsWithdrawn: false)
        for loadFile in release.loadFiles { try walk.visit(loadFile, in: release, depth: 0) }
        return walk.ordered
    }

    /// What there is of that which a release needs of others.
    ///
    /// - Parameter permitsWithdrawn: for what was on the card already, where nobody publishes the library any more.
    func libraries(of release: Release, permitsWithdrawn: Bool = false) throws -> NeededLibraries {
        guard !release.foreignImports.isEmpty else { return NeededLibraries() }
        var walk = DependencyWalk(self, permitsWithdrawn: permitsWithdrawn)
        for loadFile in release.loadFiles { try walk.gather(loadFile, in: release, depth: 0) }
        return NeededLibraries(
            files: walk.ordered.filter { $0.release != release.id }, packages: walk.packages)
    }
}

/// Goes through load files depth first: libraries come before what needs them.
private struct DependencyWalk {
    private typealias Rank = (life: Int, owner: Int, at: Instant, id: ReleaseID)

    private let act: Act
    private let permitsWithdrawn: Bool
    private(set) var ordered: [NeededLoadFile] = []
    /// What was gathered, by digest.
    private(set) var packages: [[UInt8]: KeptLoadFile] = [:]
    /// On the way from the release to where the walk is.
    private var path: [AID] = []

    init(_ act: Act, permitsWithdrawn: Bool) {
        self.act = act
        self.permitsWithdrawn = permitsWithdrawn
    }

    mutating func visit(_ loadFile: Release.LoadFile, in release: Release, depth: Int) throws {
        if let known = ordered.first(where: { $0.loadFile.aid == loadFile.aid }) {
            guard known.loadFile.digest == loadFile.digest else {
                throw CatalogueRefusal.twoVersions(loadFile.aid)
            }
            return
        }
        guard !path.contains(loadFile.aid) else { throw CatalogueRefusal.cycle(loadFile.aid) }
        guard depth < Bounds.closureDepthMax, ordered.count < Bounds.closureLoadFilesMax else {
            throw CatalogueRefusal.tooMany(
                what: "load files that a release draws in", max: Bounds.closureLoadFilesMax)
        }
        guard let kept = try act.transaction.find(KeptLoadFile.self, key: .bytes(loadFile.digest)) else {
            throw CatalogueRefusal.blobMissing(loadFile.aid)
        }
        path.append(loadFile.aid)
        for package in kept.imports where !PlatformPackages.contains(package.aid) {
            try visitLibrary(package, neededBy: loadFile, in: release, depth: depth)
        }
        path.removeLast()
        ordered.append(NeededLoadFile(loadFile: loadFile, release: release.id))
    }

    /// The same for what is published already: what cannot be found is left out, and whatever else stands in for an
    /// import comes along, because what is on a card decides which of them is wanted there.
    mutating func gather(_ loadFile: Release.LoadFile, in release: Release, depth: Int) throws {
        guard packages[loadFile.digest] == nil, depth < Bounds.closureDepthMax,
            packages.count < Bounds.closureLoadFilesMax,
            let kept = try act.transaction.find(KeptLoadFile.self, key: .bytes(loadFile.digest))
        else { return }
        packages[loadFile.digest] = kept
        for package in kept.imports where !PlatformPackages.contains(package.aid) {
            if let library = release.loadFiles.first(where: { $0.aid == package.aid }) {
                try gather(library, in: release, depth: depth + 1)
                continue
            }
            do {
                let (library, owner) = try published(package, neededBy: loadFile)
                try gather(library, in: owner, depth: depth + 1)
            } catch is CatalogueRefusal {
                continue
            }
        }
        ordered.append(NeededLoadFile(loadFile: loadFile, release: release.id))
    }

    private mutating func visitLibrary(
        _ package: CAPPackage, neededBy loadFile: Release.LoadFile, in release: Release, depth: Int
    ) throws {
        if path.contains(package.aid) { throw CatalogueRefusal.cycle(package.aid) }
        if let place = release.loadFiles.firstIndex(where: { $0.aid == package.aid }) {
            let own = release.loadFiles.firstIndex { $0.aid == loadFile.aid }
            if let own, place > own { throw CatalogueRefusal.dependencyLater(package.aid, of: loadFile.aid) }
            let library = release.loadFiles[place]
            try check(library, satisfies: package, of: loadFile)
            try visit(library, in: release, depth: depth + 1)
            return
        }
        let (library, owner) = try published(package, neededBy: loadFile)
        try visit(library, in: owner, depth: depth + 1)
    }

    /// The newest published release whose load file can stand in for the import: of whoever published it first, else of
    /// another who has it byte for byte. Where that is permitted and there is none, the newest that was withdrawn.
    private func published(
        _ package: CAPPackage, neededBy loadFile: Release.LoadFile
    ) throws -> (Release.LoadFile, Release) {
        var best: (rank: Rank, loadFile: Release.LoadFile, release: Release)?
        var refusal = CatalogueRefusal.dependencyMissing(package, of: loadFile.aid)
        for entry in try act.transaction.all(PublishedAID.self, key: .aid(package.aid))
        where entry.role != .instance {
            guard let release = try act.find(entry.release),
                let rank = rank(of: release, isOwner: entry.role == .loadFile),
                let library = release.loadFiles.first(where: { $0.aid == package.aid })
            else { continue }
            do {
                try check(library, satisfies: package, of: loadFile)
            } catch let older as CatalogueRefusal {
                refusal = older
                continue
            }
            if let best, best.rank > rank { continue }
            best = (rank, library, release)
        }
        guard let best else { throw refusal }
        return (best.loadFile, best.release)
    }

    /// Two of the same instant are told apart by name, so that the choice never depends on anything else.
    private func rank(of release: Release, isOwner: Bool) -> Rank? {
        switch release.life {
        case .published(let at): (1, isOwner ? 1 : 0, at, release.id)
        case .withdrawn(let at, _): permitsWithdrawn ? (0, isOwner ? 1 : 0, at, release.id) : nil
        case .draft: nil
        }
    }

    private func check(
        _ library: Release.LoadFile, satisfies package: CAPPackage, of loadFile: Release.LoadFile
    ) throws {
        guard let kept = try act.transaction.find(KeptLoadFile.self, key: .bytes(library.digest)) else {
            throw CatalogueRefusal.blobMissing(library.aid)
        }
        guard package.isSatisfied(by: kept.package) else {
            throw CatalogueRefusal.dependencyTooOld(package, found: kept.package.version, of: loadFile.aid)
        }
    }
}
