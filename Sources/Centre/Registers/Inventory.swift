internal import CardCrypto
package import CardManagement
internal import GlobalPlatform
package import SmartCard

/// Why what a card told cannot be taken into the register.
package enum InventoryRefusal: Refusal, Hashable {
    case tooManyApplications(Int)
    case tooManyLoadFiles(Int)
    case tooManyModules(AID, Int)
    case namedTwice(AID)
    /// An older reading than the one that is known.
    case outdated(read: Instant, known: Instant)

    package var code: String {
        switch self {
        case .tooManyApplications, .tooManyLoadFiles, .tooManyModules: "inventory-too-long"
        case .namedTwice: "inventory-ambiguous"
        case .outdated: "inventory-outdated"
        }
    }

    package var reason: String {
        switch self {
        case .tooManyApplications(let count):
            "The card lists \(count) applications; the register takes \(Bounds.applicationsPerCardMax)."
        case .tooManyLoadFiles(let count):
            "The card lists \(count) load files; the register takes \(Bounds.loadFilesPerCardMax)."
        case .tooManyModules(let aid, let count):
            "Load file \(aid) lists \(count) modules; the register takes \(Bounds.modulesPerLoadFileMax)."
        case .namedTwice(let aid): "The card lists \(aid) twice (names are unique, GPCS 2.3.1 §6.4)."
        case .outdated(let read, let known): "The card was read at \(read), and is known as of \(known)."
        }
    }

    package var remedy: String {
        switch self {
        case .tooManyApplications, .tooManyLoadFiles, .tooManyModules, .namedTwice:
            "The card is broken or hostile: block it, and look at what it answers."
        case .outdated: "Read the card again."
        }
    }
}

/// What a reading of the card found different from what was known.
package enum InventoryChange: Hashable, Sendable {
    case applicationCame(AID, ReleaseID?)
    case applicationWent(AID, ReleaseID?)
    /// Another life cycle: it was personalised, locked, used.
    case applicationMoved(AID, from: UInt8, to: UInt8)
    /// Other code, another domain or other privileges under the old name.
    case applicationReplaced(AID)
    case loadFileCame(AID)
    case loadFileWent(AID)
    case loadFileReplaced(AID)
    case cardMoved(from: UInt8?, to: UInt8?)
}

extension CardContents {
    /// SHA-256 over the registry: applications, load files, domains and what belongs to what, in the order of names.
    /// Life cycles are in it, free memory is not: the same contents give the same digest.
    package var registryDigest: [UInt8] {
        var bytes = CanonicalBytes()
        bytes.append("berth registry 1")
        bytes.append(Int64(issuerDomain.map { Int($0.lifeCycle) } ?? -1))
        for entry in applications.sorted(by: { $0.aid < $1.aid }) {
            bytes.append(entry.aid.bytes)
            bytes.append(Int64(entry.lifeCycle))
            bytes.append(Int64(entry.privileges.rawValue))
            bytes.append(entry.loadFile?.bytes ?? [])
            bytes.append(entry.securityDomain?.bytes ?? [])
        }
        bytes.append("load files")
        for entry in loadFiles.sorted(by: { $0.aid < $1.aid }) {
            bytes.append(entry.aid.bytes)
            bytes.append(entry.version ?? [])
            bytes.append(Int64(entry.modules.count))
            for module in entry.modules { bytes.append(module.bytes) }
            bytes.append(entry.securityDomain?.bytes ?? [])
        }
        return Digest.sha256.hash(bytes.bytes)
    }

    func check() throws(InventoryRefusal) {
        guard applications.count <= Bounds.applicationsPerCardMax else {
            throw .tooManyApplications(applications.count)
        }
        guard loadFiles.count <= Bounds.loadFilesPerCardMax else { throw .tooManyLoadFiles(loadFiles.count) }
        var seen: Set<AID> = []
        for aid in applications.map(\.aid) + loadFiles.map(\.aid) where !seen.insert(aid).inserted {
            throw .namedTwice(aid)
        }
        for file in loadFiles where file.modules.count > Bounds.modulesPerLoadFileMax {
            throw .tooManyModules(file.aid, file.modules.count)
        }
    }
}

/// The picture of the card with what was known of it: releases, dates, wishes, measurements.
struct InventoryMerge {
    let known: CardDossier
    let names: CatalogueNames
    let readAt: Instant
    private(set) var changes: [InventoryChange] = []

    init(_ known: CardDossier, names: CatalogueNames, readAt: Instant) {
        self.known = known
        self.names = names
        self.readAt = readAt
    }

    /// The rows as the card shows them; what differs from the known ones is added to `changes`.
    mutating func rows(
        _ contents: CardContents
    ) -> (applications: [InstalledApplication], loadFiles: [InstalledLoadFile]) {
        let files = contents.loadFiles.sorted { $0.aid < $1.aid }.map { loadFile($0) }
        let fileOf = Dictionary(uniqueKeysWithValues: files.map { ($0.aid, $0) })
        let applications = contents.applications.sorted { $0.aid < $1.aid }.map { entry in
            application(entry, from: entry.loadFile.flatMap { fileOf[$0] })
        }
        let (there, loaded) = (Set(applications.map(\.aid)), Set(files.map(\.aid)))
        for gone in known.applications where !there.contains(gone.aid) {
            changes.append(.applicationWent(gone.aid, gone.release))
        }
        for gone in known.loadFiles where !loaded.contains(gone.aid) {
            changes.append(.loadFileWent(gone.aid))
        }
        return (applications, files)
    }

    private mutating func application(
        _ entry: RegistryEntry.Application, from file: InstalledLoadFile?
    ) -> InstalledApplication {
        var row = InstalledApplication(
            card: known.card.id, aid: entry.aid, lifeCycle: entry.lifeCycle, privileges: entry.privileges,
            loadFile: entry.loadFile, domain: entry.securityDomain)
        guard let old = known.application(entry.aid) else {
            row.release = names.release(ofInstance: entry.aid, from: file)
            changes.append(.applicationCame(entry.aid, row.release))
            return row
        }
        guard isSame(old, row) else {
            row.release = names.release(ofInstance: entry.aid, from: file)
            row.stay = old.stay
            changes.append(.applicationReplaced(entry.aid))
            return row
        }
        if old.lifeCycle != entry.lifeCycle {
            changes.append(.applicationMoved(entry.aid, from: old.lifeCycle, to: entry.lifeCycle))
        }
        row = old
        row.privileges = entry.privileges
        row.lifeCycle = entry.lifeCycle
        row.loadFile = entry.loadFile ?? old.loadFile
        row.domain = entry.securityDomain ?? old.domain
        if row.release == nil { row.release = names.release(ofInstance: entry.aid, from: file) }
        return row
    }

    /// Older cards tell neither load file nor domain: what is not told is not different. Under the issuer's domain only
    /// we bring anything, for parking.
    private func isSame(_ old: InstalledApplication, _ new: InstalledApplication) -> Bool {
        func agree(_ one: AID?, _ other: AID?) -> Bool { one == nil || other == nil || one == other }
        // A domain that was asked for with one byte of privileges gets Trusted Path with them (GPCS 2.3.1 table 6-2).
        func granted(_ row: InstalledApplication) -> Privileges {
            row.privileges.has(.securityDomain) ? row.privileges.union(.trustedPath) : row.privileges
        }
        return granted(old) == granted(new) && agree(old.loadFile, new.loadFile)
            && (agree(old.domain, new.domain) || new.domain == known.card.issuerDomain)
    }

    private mutating func loadFile(_ entry: RegistryEntry.LoadFile) -> InstalledLoadFile {
        var row = InstalledLoadFile(
            card: known.card.id, aid: entry.aid, lifeCycle: entry.lifeCycle, version: entry.version,
            modules: entry.modules, domain: entry.securityDomain)
        guard let old = known.loadFile(entry.aid) else {
            changes.append(.loadFileCame(entry.aid))
            return row
        }
        let isSame =
            (entry.version == nil || old.version == nil || entry.version == old.version)
            && (entry.modules.isEmpty || old.modules.isEmpty || Set(entry.modules) == Set(old.modules))
        guard isSame else {
            changes.append(.loadFileReplaced(entry.aid))
            return row
        }
        row.version = entry.version ?? old.version
        row.modules = entry.modules.isEmpty ? old.modules : entry.modules
        row.domain = entry.securityDomain ?? old.domain
        (row.digest, row.measured) = (old.digest, old.measured)
        return row
    }
}
