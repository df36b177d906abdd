internal import CardCrypto
internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

/// A picture of one card on the desk: what it tells, and what the catalogue knows of it.
struct PlanGround {
    private let identity: CardIdentity
    private let contents: CardContents
    private let profile: CardProfile?
    private let releases = ExampleCatalogue.releases
    var stays: [ApplicationID: InstalledApplication.Stay] = [:]

    init(_ identity: CardIdentity, _ contents: CardContents, answerToReset: [UInt8]) {
        self.identity = identity
        self.contents = contents
        // Cards of one model answer alike; their variants differ in habits, not in memory.
        profile = CardProfile.builtInTitles.lazy.compactMap { CardProfile.builtIn($0.name) }
            .first { $0.answerToReset == answerToReset }
    }

    var picture: Picture {
        let model = model
        let card = card
        let applications = contents.applications.map { installed($0, card, model) }
        let files = contents.loadFiles.map { loaded($0, card, model) }
        var known = Room.none
        for application in applications { known += application.size.room }
        for file in files { known += file.size.room }
        let free = reportedFree ?? model.total.shortage(given: known)
        return Picture(
            card: card, model: model, free: free, isFreeMeasured: contents.resources != nil,
            installed: applications, loaded: files, applications: ExampleCatalogue.applications,
            releases: releases, now: Instant(milliseconds: 0))
    }

    private var reportedFree: Room? {
        contents.resources.map { Room(nonVolatile: $0.freeNonVolatile, volatile: $0.freeVolatile) }
    }

    private var card: Card {
        let version = identity.keys.first?.version ?? 0
        let text = identity.cardID ?? "00"
        let name = (try? CardID(text)) ?? CardID.unknown
        return Card(
            id: name, profile: model.profile,
            issuerDomain: identity.issuerDomain ?? contents.issuerDomain?.aid ?? .unknownDomain,
            keySet: .init(masterKey: .onTheDesk, version: version, channel: .scp03),
            registeredAt: Instant(milliseconds: 0),
            inventory: .init(
                readAt: Instant(milliseconds: 0), free: reportedFree,
                digest: Digest.sha256.hash(registryBytes)))
    }

    /// The registry in an order of its own, so that the same contents give the same digest.
    private var registryBytes: [UInt8] {
        let applications = contents.applications.map {
            $0.aid.bytes + [$0.lifeCycle] + ($0.securityDomain?.bytes ?? []) + ($0.loadFile?.bytes ?? [])
        }
        let files = contents.loadFiles.map { $0.aid.bytes + [$0.lifeCycle] + ($0.version ?? []) }
        let lines = (applications + files).map { [UInt8(clamping: $0.count)] + $0 }
        return lines.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { $0 }
    }

    private var model: CardModel {
        guard let profile else {
            return CardModel(
                profile: .unknown,
                total: Room(
                    nonVolatile: contents.resources?.freeNonVolatile ?? 0,
                    volatile: contents.resources?.freeVolatile ?? 0), blockBytes: 4,
                loadFileOverheadBytes: 160, instanceBytes: 128, domainBytes: 480)
        }
        return CardModel(profile)
    }

    private func release(ofInstance aid: AID) -> Release? {
        releases.values.first { release in release.instances.contains { $0.aid == aid } }
    }

    private func installed(
        _ entry: RegistryEntry.Application, _ card: Card, _ model: CardModel
    ) -> Picture.Installed {
        let release = release(ofInstance: entry.aid)
        let instance = release?.instances.first { $0.aid == entry.aid }
        let bytes = entry.isSecurityDomain ? model.domainBytes : model.instanceBytes
        let declared = instance?.declared ?? .none
        let row = InstalledApplication(
            card: card.id, aid: entry.aid, lifeCycle: entry.lifeCycle, privileges: entry.privileges,
            loadFile: entry.loadFile ?? instance?.loadFile, domain: entry.securityDomain,
            release: release?.id,
            stay: release.flatMap { stays[$0.id.application] } ?? .mayLeave)
        return Picture.Installed(
            row,
            size: .init(model.rounded(declared + Room(nonVolatile: bytes)), origin: .declared),
            imageBytes: declared.nonVolatile)
    }

    private func loaded(
        _ entry: RegistryEntry.LoadFile, _ card: Card, _ model: CardModel
    ) -> Picture.Loaded {
        let known = releases.values.lazy.flatMap(\.loadFiles).first { $0.aid == entry.aid }
        let bytes = known.map { $0.byteCount + model.loadFileOverheadBytes } ?? 0
        let row = InstalledLoadFile(
            card: card.id, aid: entry.aid, lifeCycle: entry.lifeCycle, version: entry.version,
            modules: entry.modules, domain: entry.securityDomain, digest: known?.digest)
        return Picture.Loaded(
            row, size: .init(model.rounded(Room(nonVolatile: bytes)), origin: .declared),
            imports: known?.imports ?? [], byteCount: known?.byteCount)
    }
}

extension Identifier where Kind == CardKind {
    /// A card that does not say who it is.
    fileprivate static var unknown: Self { fixed("00") }
}

extension Identifier where Kind == ProfileKind {
    static var unknown: Self { fixed("unknown") }
}

extension Identifier where Kind == MasterKeyKind {
    /// The key of the command line.
    fileprivate static var onTheDesk: Self { fixed("desk") }
}

extension Identifier {
    private static func fixed(_ text: String) -> Self {
        guard let name = try? Self(text) else { preconditionFailure("\(text) is a good name") }
        return name
    }
}

extension AID {
    /// Stands for an issuer domain that does not say its name.
    fileprivate static var unknownDomain: AID {
        guard let aid = try? AID([0xA0, 0, 0, 0x01, 0x51, 0, 0, 0]) else {
            preconditionFailure("eight bytes are an AID")
        }
        return aid
    }
}
