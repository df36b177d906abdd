internal import CardCrypto
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

/// What the catalogue of a world has: one release of each application, all of which speak the parking contract; or
/// several, and other ways to leave a card.
enum Assortment: Hashable, Sendable, CaseIterable {
    case plain
    case varied

    var editions: [Edition] {
        switch self {
        case .plain: [.first]
        case .varied: Edition.allCases
        }
    }
}

/// The releases of an application that keeps data, by their versions.
enum Edition: String, Hashable, Sendable, CaseIterable {
    case first = "1.0"
    case second = "1.1"
    /// Hands its data over to other code on the card itself (Amendment H).
    case upgradable = "2.0"
    case upgraded = "2.1"

    /// Only cards that have it can load this.
    var needsUpgrades: Bool {
        switch self {
        case .first, .second: false
        case .upgradable, .upgraded: true
        }
    }

    func capFile(of example: ExampleApplication) throws -> [UInt8] {
        switch self {
        case .first: return example.capFile
        case .second:
            var blueprint = example.blueprint
            blueprint.version = CAPVersion(1, 1)
            return try blueprint.build()
        case .upgradable: return example.upgradableCAPFile(minorVersion: 2)
        case .upgraded: return example.upgradableCAPFile(minorVersion: 3)
        }
    }

    var version: ReleaseVersion {
        guard let version = try? ReleaseVersion(rawValue) else {
            preconditionFailure("editions have valid versions")
        }
        return version
    }
}

/// The catalogue of simulated worlds: the example applications, made once and shared by all worlds of a process.
final class Shelf: Sendable {
    struct Article: Sendable {
        let capFile: [UInt8]
        let block: [UInt8]
        let digest: [UInt8]
        let imports: [AID]
    }

    private struct Name: Hashable {
        let example: ExampleApplication
        let edition: Edition
    }

    let assortment: Assortment
    private let articles: [Name: Article]

    init(_ assortment: Assortment) throws {
        self.assortment = assortment
        var articles: [Name: Article] = [:]
        for example in ExampleApplication.allCases {
            for edition in Self.editions(of: example, assortment) {
                let capFile = try edition.capFile(of: example)
                let block = try CAPFile(capFile).loadFileDataBlock()
                let interface = edition.needsUpgrades ? [WellKnownAID.upgradeInterface] : []
                articles[Name(example: example, edition: edition)] = Article(
                    capFile: capFile, block: block, digest: Digest.sha256.hash(block),
                    imports: example.dependencies.map(\.loadFile) + interface)
            }
        }
        self.articles = articles
    }

    func editions(of example: ExampleApplication) -> [Edition] { Self.editions(of: example, assortment) }

    private static func editions(of example: ExampleApplication, _ assortment: Assortment) -> [Edition] {
        ExampleApplication.withData.contains(example) ? assortment.editions : [.first]
    }

    private static func personalisation(_ example: ExampleApplication) throws -> [[UInt8]] {
        switch example {
        case .purse: [try Hex.decode("E11FC1020978C204000186A0C304000186A0C40400000BB8C60101C50438323137")]
        case .pass: [try Hex.decode("E210C1081122334455667788C20470000000")]
        case .loyalty: [try Hex.decode("E30AC1080102030405060708")]
        case .loans: [try Hex.decode("E40DC1080102030405060708C20118")]
        case .identity, .library: []
        }
    }

    private func blocks(_ example: ExampleApplication) -> [[UInt8]] {
        guard let blocks = try? Self.personalisation(example) else {
            preconditionFailure("what the examples are personalised with is written in hexadecimal")
        }
        return blocks
    }

    func article(_ example: ExampleApplication, _ edition: Edition = .first) -> Article {
        guard let article = articles[Name(example: example, edition: edition)] else {
            preconditionFailure("every edition of every example is on the shelf")
        }
        return article
    }

    static func provider(of example: ExampleApplication) throws -> ProviderID {
        switch example {
        case .identity, .purse, .pass: try ProviderID("berth")
        case .loyalty, .loans, .library: try ProviderID("rivals")
        }
    }

    static func releaseID(_ example: ExampleApplication, _ edition: Edition = .first) -> ReleaseID {
        guard let application = try? ApplicationID(example.rawValue) else {
            preconditionFailure("examples have valid names")
        }
        return ReleaseID(application, edition.version)
    }

    static func edition(of release: ReleaseID) -> Edition {
        Edition(rawValue: release.version.text) ?? .first
    }

    func parking(of example: ExampleApplication) -> Release.Parking {
        switch (example, assortment) {
        case (.identity, _): .never(reason: "a renewal writes it anew")
        case (.loyalty, .varied): .rePersonalised
        case (.loans, .varied): .stateless
        case (_, _): .contract
        }
    }

    /// What it was given on the card leaves with it and comes back.
    func keepsData(_ example: ExampleApplication) -> Bool { parking(of: example) == .contract }
    func keepsData(of instance: AID) -> Bool {
        ExampleApplication.withData.first { $0.module == instance }.map { keepsData($0) } ?? true
    }
    func isCopyable(_ example: ExampleApplication) -> Bool { example.permitsSnapshots && keepsData(example) }

    private func way(of example: ExampleApplication) -> PlanStep.Way {
        switch parking(of: example) {
        case .contract, .never: .contract
        case .rePersonalised: .script
        case .stateless: .stateless
        }
    }

    static let declaredInstanceBytes = 300

    func release(_ example: ExampleApplication, _ edition: Edition = .first) throws -> Release {
        let files = (example.dependencies.map { ($0, Edition.first) } + [(example, edition)]).map { file in
            let article = article(file.0, file.1)
            return Release.LoadFile(
                aid: file.0.loadFile, digest: article.digest, byteCount: article.block.count,
                imports: article.imports, declared: Room(nonVolatile: article.block.count))
        }
        var release = Release(
            id: Self.releaseID(example, edition), loadFiles: files,
            instances: [
                .init(
                    aid: example.module, module: example.module, loadFile: example.loadFile,
                    declared: Room(nonVolatile: Self.declaredInstanceBytes))
            ], personalisation: blocks(example), parking: parking(of: example))
        release.permitsSnapshots = isCopyable(example)
        if edition.needsUpgrades {
            release.compatibility = .only([try ProfileName(WorldProfiles.upgrading)])
        }
        return release
    }
}

// MARK: - Steps

extension Shelf {
    func adding(
        _ example: ExampleApplication, _ edition: Edition = .first
    ) -> [PlanStep] { installing(example, edition) + personalising(example, edition) }

    private func installing(
        _ example: ExampleApplication, _ edition: Edition, isVacant: Bool = false
    ) -> [PlanStep] {
        let release = Self.releaseID(example, edition)
        var steps: [PlanStep] = (example.dependencies.map { ($0, Edition.first) } + [(example, edition)]).map
        {
            let article = article($0.0, $0.1)
            return .load(
                .init(
                    release: release, aid: $0.0.loadFile, digest: HexBytes(article.digest),
                    byteCount: article.block.count, domain: nil))
        }
        steps.append(
            .install(
                .init(
                    release: release, aid: example.module, module: example.module, loadFile: example.loadFile,
                    privileges: 0, parameters: HexBytes([]), domain: nil, isVacant: isVacant)))
        return steps
    }

    private func personalising(_ example: ExampleApplication, _ edition: Edition) -> [PlanStep] {
        let blocks = blocks(example)
        guard !blocks.isEmpty else { return [] }
        return [
            .personalise(
                .init(
                    release: Self.releaseID(example, edition), instance: example.module,
                    commandCount: blocks.count, byteCount: blocks.reduce(0) { $0 + $1.count }))
        ]
    }

    func parking(_ example: ExampleApplication, _ edition: Edition = .first) -> [PlanStep] {
        let way = way(of: example)
        return [
            .park(
                .init(
                    instance: example.module, release: Self.releaseID(example, edition),
                    imageBytes: way == .contract ? 64 : 0, way: way)),
            .removeInstance(.init(instance: example.module, purpose: .parked)),
            .removeLoadFile(aid: example.loadFile),
        ]
    }

    func copying(_ example: ExampleApplication, _ edition: Edition = .first) -> [PlanStep] {
        [
            .snapshot(
                .init(
                    instance: example.module, release: Self.releaseID(example, edition), imageBytes: 64,
                    way: .contract))
        ]
    }

    /// As the planner has it: what has no data of its own is made as when it was new.
    func restoring(
        _ example: ExampleApplication, _ source: PlanStep.Source, imageBytes: Int = 64,
        _ edition: Edition = .first
    ) -> [PlanStep] {
        let way = way(of: example)
        let fresh = way == .stateless ? personalising(example, edition) : []
        return installing(example, edition, isVacant: way == .contract) + fresh + [
            .restore(
                .init(
                    instance: example.module, release: Self.releaseID(example, edition),
                    imageBytes: way == .contract ? imageBytes : 0, way: way, source: source))
        ]
    }

    /// On the card itself, which keeps the data meanwhile.
    func upgrading(_ example: ExampleApplication, from old: Edition, to new: Edition) -> PlanStep {
        func code(_ edition: Edition) -> PlanStep.Upgrade.Code {
            let article = article(example, edition)
            return .init(
                release: Self.releaseID(example, edition), digest: HexBytes(article.digest),
                byteCount: article.block.count)
        }
        return .upgrade(
            .init(
                loadFile: example.loadFile, instances: [example.module], from: code(old), to: code(new)))
    }

    func removing(_ example: ExampleApplication) -> [PlanStep] {
        [
            .removeInstance(.init(instance: example.module, purpose: .forGood)),
            .removeLoadFile(aid: example.loadFile),
        ]
    }
}

/// What the holder carries about, and what applications have data.
extension ExampleApplication {
    static let withData: [ExampleApplication] = [.purse, .pass, .loyalty, .loans]

    var permitsSnapshots: Bool { self == .purse || self == .loyalty }
}
