internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// What releases that come stand on: their own load files, and for each import of another's what is on the card, else
/// what stands in for it of what is published.
struct ComingCode {
    /// An import that a release does not meet itself.
    struct Want: Hashable {
        var aid: AID
        /// `nil` where nobody knows which version it takes: then every one will do.
        var package: CAPPackage?
        var release: ReleaseID
    }

    /// Of each release that comes, with those of others before its own.
    private(set) var files: [[NeededLoadFile]] = []
    /// What neither is on the card nor published.
    private(set) var missing: [Want] = []
    /// Names of load files of which two versions would have to come.
    private(set) var contradictions: [AID] = []
    private let picture: Picture
    /// What coming releases bring themselves: they stand on nothing else of that name.
    private var own: [AID: NeededLoadFile] = [:]
    private var libraries: [AID: NeededLoadFile] = [:]
    private var ownContradictions: [AID] = []

    init(_ picture: Picture, _ incoming: [Planner.Incoming]) {
        self.picture = picture
        for item in incoming {
            for file in item.release.loadFiles {
                let needed = NeededLoadFile(loadFile: file, release: item.release.id)
                guard let other = own.updateValue(needed, forKey: file.aid) else { continue }
                if other.loadFile.digest != file.digest { ownContradictions.append(file.aid) }
            }
        }
        contradictions = ownContradictions
        // Bounded: each round goes one import deeper than the one before.
        for _ in 0...Bounds.closureDepthMax {
            let reached = incoming.map(reach)
            files = reached.map(\.files)
            let before = libraries
            libraries = chosen(for: reached.flatMap(\.wants))
            if libraries == before { break }
        }
    }

    /// Load files on the card in whose place others come.
    var exchanged: Set<AID> {
        var result: Set<AID> = []
        for file in files.joined() where isExchanged(file) { result.insert(file.loadFile.aid) }
        return result
    }

    private func isExchanged(_ file: NeededLoadFile) -> Bool {
        guard let present = loaded(file.loadFile.aid) else { return false }
        if libraries[file.loadFile.aid] == file { return true }
        return present.entry.digest.map { $0 != file.loadFile.digest } ?? false
    }

    private func loaded(_ aid: AID) -> Picture.Loaded? { picture.loaded.first { $0.entry.aid == aid } }

    private func reach(_ item: Planner.Incoming) -> (files: [NeededLoadFile], wants: [Want]) {
        let release = item.release
        // What is code and nothing else is wanted for itself.
        var names =
            release.instances.isEmpty ? release.loadFiles.map(\.aid) : item.instances.map(\.loadFile)
        var others: [NeededLoadFile] = []
        var wants: [Want] = []
        var next = 0
        // Bounded: each name stands there once, and few files are drawn in.
        while next < names.count {
            let aid = names[next]
            next += 1
            let file: NeededLoadFile
            if let mine = release.loadFiles.first(where: { $0.aid == aid }) {
                file = NeededLoadFile(loadFile: mine, release: release.id)
            } else if let other = libraries[aid] ?? own[aid] {
                file = other
                others.insert(other, at: 0)
            } else {
                continue
            }
            // What stays on the card is linked already.
            let isThere = loaded(aid) != nil && !isExchanged(file)
            let packages = picture.packages[file.loadFile.digest]?.imports
            for needed in file.loadFile.imports where !PlatformPackages.contains(needed) {
                if !isThere, !release.loadFiles.contains(where: { $0.aid == needed }) {
                    let package = packages?.first { $0.aid == needed }
                    wants.append(Want(aid: needed, package: package, release: release.id))
                }
                if !names.contains(needed) { names.append(needed) }
            }
        }
        let mine = release.loadFiles.filter { names.contains($0.aid) }
        return (others + mine.map { NeededLoadFile(loadFile: $0, release: release.id) }, wants)
    }

    /// Import by import, the newest that is published for what nothing stands in for.
    private mutating func chosen(for wants: [Want]) -> [AID: NeededLoadFile] {
        var result: [AID: NeededLoadFile] = [:]
        missing = []
        contradictions = ownContradictions
        for aid in wants.map(\.aid).uniqued {
            let same = wants.filter { $0.aid == aid }
            let packages = same.compactMap(\.package)
            if let brought = own[aid] {
                if !does(brought, standInFor: packages) { contradict(aid) }
                continue
            }
            if let present = loaded(aid), picture.does(present, standInFor: packages) { continue }
            let known = same.map(\.release).uniqued.flatMap { picture.libraries[$0] ?? [] }
                .filter { $0.loadFile.aid == aid }
            if let library = known.first(where: { does($0, standInFor: packages) }) {
                result[aid] = library
                continue
            }
            let unmet = same.filter { want in
                !known.contains { does($0, standInFor: want.package.map { [$0] } ?? []) }
            }
            missing += unmet
            if unmet.isEmpty { contradict(aid) }
        }
        return result
    }

    private mutating func contradict(_ aid: AID) {
        if !contradictions.contains(aid) { contradictions.append(aid) }
    }

    private func does(_ file: NeededLoadFile, standInFor imports: [CAPPackage]) -> Bool {
        picture.does(picture.packages[file.loadFile.digest]?.package, standInFor: imports)
    }
}

extension Picture {
    /// As far as anybody knows: of what tells no version it is believed.
    func does(_ file: Loaded, standInFor imports: [CAPPackage]) -> Bool {
        let told = file.entry.packageVersion.map { CAPPackage(aid: file.entry.aid, version: $0) }
        return does(told ?? file.entry.digest.flatMap { packages[$0]?.package }, standInFor: imports)
    }

    func does(_ package: CAPPackage?, standInFor imports: [CAPPackage]) -> Bool {
        guard let package else { return true }
        return imports.allSatisfy { $0.aid != package.aid || $0.isSatisfied(by: package) }
    }
}
