internal import CardCrypto
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

/// The catalogue of a simulated world: the example applications, made once and shared by all worlds of a process.
final class Shelf: Sendable {
    struct Article: Sendable {
        let example: ExampleApplication
        let block: [UInt8]
        let digest: [UInt8]
        let personalisation: [[UInt8]]
        var module: AID { example.module }
    }

    private let articles: [ExampleApplication: Article]
    private let blocks: [[UInt8]: [UInt8]]

    init() throws {
        var articles: [ExampleApplication: Article] = [:]
        for example in ExampleApplication.allCases {
            let block = try CAPFile(example.capFile).loadFileDataBlock()
            articles[example] = Article(
                example: example, block: block, digest: Digest.sha256.hash(block),
                personalisation: try Self.personalisation(example))
        }
        self.articles = articles
        blocks = Dictionary(uniqueKeysWithValues: articles.values.map { ($0.digest, $0.block) })
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

    func article(_ example: ExampleApplication) -> Article {
        guard let article = articles[example] else { preconditionFailure("every example is on the shelf") }
        return article
    }

    func block(_ digest: [UInt8]) -> [UInt8]? { blocks[digest] }

    static func provider(of example: ExampleApplication) throws -> ProviderID {
        switch example {
        case .identity, .purse, .pass: try ProviderID("berth")
        case .loyalty, .loans, .library: try ProviderID("rivals")
        }
    }

    static func releaseID(_ example: ExampleApplication) -> ReleaseID {
        guard let application = try? ApplicationID(example.rawValue), let version = try? ReleaseVersion("1.0")
        else { preconditionFailure("examples have valid names") }
        return ReleaseID(application, version)
    }

    func release(_ example: ExampleApplication) -> Release {
        let files = (example.dependencies + [example]).map { file in
            let article = article(file)
            return Release.LoadFile(
                aid: file.loadFile, digest: article.digest, byteCount: article.block.count,
                imports: file.dependencies.map(\.loadFile),
                declared: Room(nonVolatile: article.block.count))
        }
        var release = Release(
            id: Self.releaseID(example), loadFiles: files,
            instances: [
                .init(
                    aid: example.module, module: example.module, loadFile: example.loadFile,
                    declared: Room(nonVolatile: 300))
            ], personalisation: article(example).personalisation,
            parking: example == .identity ? .never(reason: "a renewal writes it anew") : .contract)
        release.permitsSnapshots = example.permitsSnapshots
        return release
    }

    // MARK: Steps

    func adding(_ example: ExampleApplication, isVacant: Bool = false) -> [PlanStep] {
        let release = Self.releaseID(example)
        var steps: [PlanStep] = (example.dependencies + [example]).map { file in
            let article = article(file)
            return .load(
                .init(
                    release: release, aid: file.loadFile, digest: HexBytes(article.digest),
                    byteCount: article.block.count, domain: nil))
        }
        steps.append(
            .install(
                .init(
                    release: release, aid: example.module, module: example.module, loadFile: example.loadFile,
                    privileges: 0, parameters: HexBytes([]), domain: nil, isVacant: isVacant)))
        let blocks = article(example).personalisation
        if !isVacant, !blocks.isEmpty {
            steps.append(
                .personalise(
                    .init(
                        release: release, instance: example.module, commandCount: blocks.count,
                        byteCount: blocks.reduce(0) { $0 + $1.count })))
        }
        return steps
    }

    func parking(_ example: ExampleApplication) -> [PlanStep] {
        [
            .park(
                .init(
                    instance: example.module, release: Self.releaseID(example), imageBytes: 64, way: .contract
                )),
            .removeInstance(.init(instance: example.module, purpose: .parked)),
            .removeLoadFile(aid: example.loadFile),
        ]
    }

    func copying(_ example: ExampleApplication) -> [PlanStep] {
        [
            .snapshot(
                .init(
                    instance: example.module, release: Self.releaseID(example), imageBytes: 64, way: .contract
                ))
        ]
    }

    func restoring(
        _ example: ExampleApplication, _ source: PlanStep.Source, imageBytes: Int = 64
    ) -> [PlanStep] {
        adding(example, isVacant: true) + [
            .restore(
                .init(
                    instance: example.module, release: Self.releaseID(example), imageBytes: imageBytes,
                    way: .contract, source: source))
        ]
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
