import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Storage
import Testing
import VirtualCard

/// One virtual card, a vault, a catalogue of the example applications, and a terminal that carries orders: what is
/// true of the card is kept in a case file, as a store would.
final class VisitBench: Materials {
    let card: VirtualCard
    var file: CaseFile
    let vault: SoftwareVault
    let entropy: SeededEntropy
    var images: [CustodyKey: Secret] = [:]
    var stopped: Set<ApplicationID> = []
    var flaws: Flaws = []
    private(set) var roundTrips = 0
    /// What was written down, and how visits ended: shown when something fails.
    private(set) var story: [String] = []
    private(set) var exchanges = 0
    private var visits: UInt8 = 0
    /// Takes the card away at this exchange, counted over the bench's life.
    var tear: (exchange: Int, isCarriedOut: Bool)?
    let channelOptions: UInt8
    private var clock = Instant(milliseconds: 1_795_000_000_000)

    init(_ name: String = "javacard-80k", seed: UInt8 = 1) throws {
        let profileName = name == DeskBench.ownKeys ? "javacard-80k-predictable" : name
        let profile = try #require(CardProfile.builtIn(profileName))
        entropy = SeededEntropy(seed: [seed, 1])
        card = VirtualCard(
            profile: profile,
            environment: CardEnvironment(
                channels: StandardChannels(), authority: StandardAuthority(),
                runtimes: [ExampleApplications.runtime]),
            entropy: SeededEntropy(seed: [seed]))
        let isAES = profile.factoryKeys.type == .aes
        var contents = VaultContents(wrappingKey: Secret([UInt8](repeating: 9, count: 32)), at: clock)
        try contents.add(
            .init(
                MasterKeyName("test"), isAES ? .aes : .tripleDES,
                material: [Secret(profile.factoryKeys.value)],
                diversification: "none", createdAt: clock))
        try contents.add(
            .init(
                MasterKeyName("next"), isAES ? .aes : .tripleDES, material: [Secret(0x60...0x6F)],
                diversification: "none", createdAt: clock))
        for (number, name) in ["derived", "derived-next"].enumerated() where isAES {
            try contents.add(
                .init(
                    MasterKeyName(name), .aes,
                    material: [Secret([UInt8](repeating: UInt8(number), count: 16))],
                    diversification: "kdf3", createdAt: clock))
        }
        vault = SoftwareVault(inMemory: contents, entropy: SeededEntropy(seed: [seed, 2]))
        let channel = try #require(profile.channelProtocol(for: profile.factoryKeys.type))
        channelOptions = channel.options
        card.powerOn()
        let identity = try CardLink(TestChannel(card)).run(IdentifyCard())
        let keySet = Card.KeySet(
            masterKey: try MasterKeyName("test"), version: profile.factoryKeys.version,
            channel: isAES ? .scp03 : .scp02,
            diversificationData: name == DeskBench.ownKeys ? card.contents.card.diversificationData : [],
            isChallengePredictable: profileName.hasSuffix("predictable"))
        let id = try CardID(try #require(identity.cardID))
        let model = CardModel(
            profile: try ProfileName(profileName),
            total: Room(nonVolatile: profile.memory.nonVolatileBytes, volatile: profile.memory.volatileBytes))
        file = CaseFile(
            card: Card(
                id: id, profile: model.profile, issuerDomain: profile.issuerDomain, keySet: keySet,
                registeredAt: clock),
            model: model, operation: nil, stays: [], installed: [], now: clock)
        guard name == DeskBench.ownKeys else { return }
        try order([.putKeys(masterKey: MasterKeyName("derived"), version: 0x31)], name: "own-keys")
        #expect(visitUntilEnd() == .done)
    }

    // MARK: The catalogue

    static func id(_ example: ExampleApplication) -> ReleaseID {
        guard let application = try? ApplicationID(example.rawValue), let version = try? ReleaseVersion("1.0")
        else { preconditionFailure("examples have valid names") }
        return ReleaseID(application, version)
    }

    /// Made once: building and reading a CAP file takes longer than loading it.
    private static let blocks: [ExampleApplication: [UInt8]] = {
        var blocks: [ExampleApplication: [UInt8]] = [:]
        for example in ExampleApplication.allCases {
            blocks[example] = try? CAPFile(example.capFile).loadFileDataBlock()
        }
        return blocks
    }()

    static func block(_ example: ExampleApplication) throws -> [UInt8] { try #require(blocks[example]) }

    static func personalisation(_ example: ExampleApplication) throws -> [[UInt8]] {
        switch example {
        case .purse: [try Hex.decode("E11FC1020978C204000186A0C304000186A0C40400000BB8C60101C50431323334")]
        case .pass: [try Hex.decode("E210C1081122334455667788C20470000000")]
        case .loyalty: [try Hex.decode("E30AC1080102030405060708")]
        case .loans: [try Hex.decode("E40DC1080102030405060708C20118")]
        case .identity, .library: []
        }
    }

    func release(_ id: ReleaseID) throws -> Release {
        guard let example = ExampleApplication(rawValue: id.application.text) else {
            throw MaterialFailure.releaseUnknown(id)
        }
        let files = try (example.dependencies + [example]).map { example in
            let block = try Self.block(example)
            return Release.LoadFile(
                aid: example.loadFile, digest: Digest.sha256.hash(block), byteCount: block.count,
                imports: example.dependencies.map(\.loadFile), declared: Room(nonVolatile: block.count))
        }
        return Release(
            id: id, life: .published(at: file.now), loadFiles: files,
            instances: [
                .init(
                    aid: example.module, module: example.module, loadFile: example.loadFile,
                    declared: Room(nonVolatile: 300))
            ], personalisation: try Self.personalisation(example),
            parking: example == .identity ? .never(reason: "a renewal writes it anew") : .contract)
    }

    func libraries(of release: Release) throws -> [NeededLoadFile] { [] }

    func application(_ id: ApplicationID) throws -> Application {
        Application(
            id: id, name: id.text, provider: try ProviderID("berth"),
            service: stopped.contains(id) ? .stopped(reason: "maintenance") : .running)
    }

    func loadFile(_ digest: [UInt8]) throws -> [UInt8] {
        for example in ExampleApplication.allCases {
            let block = try Self.block(example)
            if Digest.sha256.hash(block) == digest { return block }
        }
        throw MaterialFailure.loadFileMissing(digest.hex)
    }

    func identity(of card: Card, for instance: AID) throws -> [UInt8] {
        throw MaterialFailure.holderMissing(card.id)
    }

    func image(of stay: Custody) throws -> Secret {
        guard let image = images[stay.key] else { throw MaterialFailure.imageMissing(stay.aid) }
        return image
    }

    // MARK: Plans

    static func adding(_ example: ExampleApplication, isVacant: Bool = false) throws -> [PlanStep] {
        let release = id(example)
        var steps: [PlanStep] = try (example.dependencies + [example]).map { file in
            let block = try block(file)
            return .load(
                .init(
                    release: release, aid: file.loadFile, digest: HexBytes(Digest.sha256.hash(block)),
                    byteCount: block.count, domain: nil))
        }
        steps.append(
            .install(
                .init(
                    release: release, aid: example.module, module: example.module, loadFile: example.loadFile,
                    privileges: 0, parameters: HexBytes([]), domain: nil, isVacant: isVacant)))
        let blocks = try personalisation(example)
        if !isVacant, !blocks.isEmpty {
            steps.append(
                .personalise(
                    .init(
                        release: release, instance: example.module, commandCount: blocks.count,
                        byteCount: blocks.reduce(0) { $0 + $1.count })))
        }
        return steps
    }

    static func parking(_ example: ExampleApplication) -> [PlanStep] {
        [
            .park(.init(instance: example.module, release: id(example), imageBytes: 64, way: .contract)),
            .removeInstance(.init(instance: example.module, purpose: .parked)),
            .removeLoadFile(aid: example.loadFile),
        ]
    }

    static func removing(_ example: ExampleApplication) -> [PlanStep] {
        [
            .removeInstance(.init(instance: example.module, purpose: .forGood)),
            .removeLoadFile(aid: example.loadFile),
        ]
    }

    func restoring(_ example: ExampleApplication) throws -> [PlanStep] {
        let stay = try #require(file.stays.last { $0.aid == example.module })
        return try Self.adding(example, isVacant: true) + [
            .restore(
                .init(
                    instance: example.module, release: Self.id(example), imageBytes: stay.imageBytes,
                    way: .contract, source: .held(stay.key)))
        ]
    }

    func order(_ steps: [PlanStep], name: String = "op") throws {
        file.operation = Operation(
            id: try RequestID(name), card: file.card.id, wishes: [], steps: steps, requestedAt: clock,
            deadline: clock.advanced(by: .seconds(86_400)))
    }

    // MARK: Visits

    /// One visit, from powering the card to the end.
    @discardableResult
    func visit() -> Visit.Ending {
        visits += 1
        roundTrips = 0
        card.powerOn()
        clock = clock.advanced(by: .seconds(60))
        var visit = Visit(id: [visits], card: file.card.id, channelOptions: channelOptions)
        let around = Visit.Surroundings(vault: vault, materials: self, entropy: entropy, flaws: flaws)
        var next = caseFile()
        var reply = visit.begin(&next, around)
        keep(next)
        while true {
            switch reply {
            case .over(let ending):
                story.append("visit over: \(ending)")
                return ending
            case .order(let order):
                roundTrips += 1
                story.append("order \(order.number): \(order.commands.count) commands")
                let report = Report(visit: order.visit, number: order.number, answers: carry(order))
                var next = caseFile()
                reply = visit.received(report, &next, around)
                keep(next)
            }
        }
    }

    /// Visits until the operation has ended or nothing goes on.
    @discardableResult
    func visitUntilEnd(max: Int = 12) -> Operation.End? {
        for _ in 0..<max {
            visit()
            if case .ended(let end)? = file.operation?.state { return end }
        }
        return nil
    }

    private func caseFile() -> CaseFile {
        CaseFile(
            card: file.card, model: file.model, operation: file.operation, stays: file.stays,
            installed: file.installed, now: clock)
    }

    private func keep(_ next: CaseFile) {
        file = next
        story += next.journal.map { "\($0.kind.rawValue) \($0.step): \($0.text)" }
        for image in next.images { images[image.stay] = image.bytes }
        guard let contents = next.contents else { return }
        file.installed = contents.applications.map {
            InstalledApplication(
                card: file.card.id, aid: $0.aid, lifeCycle: $0.lifeCycle, privileges: $0.privileges,
                loadFile: $0.loadFile)
        }
    }

    private func carry(_ order: Order) -> [ResponseAPDU] {
        var answers: [ResponseAPDU] = []
        for command in order.commands {
            if let tear, tear.exchange == exchanges {
                if tear.isCarriedOut { _ = card.process(command.bytes) }
                card.powerOff()
                self.tear = nil
                exchanges += 1
                return answers
            }
            exchanges += 1
            guard let answer = try? TestChannel(card).exchange(command) else { return answers }
            answers.append(answer)
        }
        return answers
    }

    // MARK: The card's holder

    func ask(_ example: ExampleApplication, _ command: String) throws -> String {
        card.powerOn()
        _ = card.process(CommandAPDU.select(example.module).bytes)
        let answer = try TestChannel(card).exchange(CommandAPDU(parsing: try Hex.decode(command)))
        return answer.bytes.hex
    }

    var applications: Set<AID> { Set(card.contents.applications.map(\.aid)) }
}

/// The card as a channel.
final class TestChannel: CardChannel {
    private let card: VirtualCard
    let answerToReset: [UInt8] = []
    init(_ card: VirtualCard) { self.card = card }

    func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] {
        let answer = card.process(command)
        guard !answer.isEmpty else { throw CardChannelError(.cardRemoved, "The card was taken out.") }
        return answer
    }
    func reset() throws(CardChannelError) { card.powerOn() }
}
