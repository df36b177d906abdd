import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Storage
import Testing
import VirtualCard

/// A centre with a real store and vault, and cards that visit it at terminals.
final class DeskBench {
    struct Models: CardModels {
        func model(of profile: ProfileName) -> CardModel? {
            CardProfile.builtIn(profile.text).map { built in
                CardModel(
                    profile: profile,
                    total: Room(
                        nonVolatile: built.memory.nonVolatileBytes, volatile: built.memory.volatileBytes),
                    blockBytes: built.memory.blockBytes,
                    instanceBytes: built.memory.instanceBytes, domainBytes: built.memory.domainBytes,
                    hasQuotas: built.memory.hasQuotas,
                    isChallengePredictable: profile.text.hasSuffix("predictable"),
                    upgradesLoadFiles: built.upgradesLoadFiles, hasExtendedLength: built.hasExtendedLength)
            }
        }

        func channelOptions(of profile: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8? {
            guard let built = CardProfile.builtIn(profile.text) else { return nil }
            return switch channel {
            case .scp02: built.scp02Options
            case .scp03: built.scp03Options
            }
        }
    }

    private static let imports: [ExampleApplication: CAPImport] = {
        var imports: [ExampleApplication: CAPImport] = [:]
        for example in ExampleApplication.allCases { imports[example] = try? CAPImport(example.capFile) }
        return imports
    }()

    let store: any Store
    let vault: SoftwareVault
    let clock = ManualClock(Instant(milliseconds: 1_795_000_000_000))
    private(set) var desk: ExchangeDesk
    private let seed: UInt8
    private(set) var roundTrips = 0
    var tear: (exchange: Int, isCarriedOut: Bool)?
    private(set) var exchanges = 0
    /// Whether terminals bring along what the card said to the commands that they were given before.
    var greets = false
    /// Sees every command that goes to a card, protected as it is.
    var onCommand: (CommandAPDU) -> Void = { _ in }
    /// Somebody on the way, who may put another answer in the place of the card's.
    var distort: (CommandAPDU, ResponseAPDU) -> ResponseAPDU = { $1 }
    var flaws: Flaws { didSet { restart() } }

    /// - Parameter parkings: how some of the examples leave a card, where they do not speak the parking contract.
    init(
        store: (any Store)? = nil, seed: UInt8 = 1, flaws: Flaws = [],
        parkings: [ExampleApplication: Release.Parking] = [:], copyable: Set<ExampleApplication> = []
    ) throws {
        self.seed = seed
        self.flaws = flaws
        if let store {
            self.store = store
        } else {
            let memory = try SQLiteStore(.memory, mode: .direct)
            try memory.migrate(to: .current)
            self.store = memory
        }
        var contents = VaultContents(wrappingKey: Secret([UInt8](repeating: 9, count: 32)), at: clock.now)
        let masters: [(name: String, algorithm: CardKeys.Algorithm, scheme: String)] = [
            ("aes", .aes, "none"), ("des", .tripleDES, "none"), ("own", .aes, "kdf3"),
        ]
        for (name, algorithm, scheme) in masters {
            try contents.add(
                .init(
                    MasterKeyName(name), algorithm, material: [Secret(0x40...0x4F)], diversification: scheme,
                    createdAt: clock.now))
        }
        vault = SoftwareVault(inMemory: contents, entropy: SeededEntropy(seed: [seed, 2]))
        desk = ExchangeDesk(
            store: self.store, vault: vault, models: Models(), clock: clock,
            entropy: SeededEntropy(seed: [seed, 3]), flaws: flaws)
        try fillCatalogue(parkings, copyable)
    }

    /// The node dies, and another takes its place: nothing of its memory is left.
    func restart() {
        desk = ExchangeDesk(
            store: store, vault: vault, models: Models(), clock: clock,
            entropy: SeededEntropy(seed: [seed, 4, UInt8(truncatingIfNeeded: exchanges)]), flaws: flaws)
    }

    func act<Result: Sendable>(_ body: (Act) throws -> Result) throws -> Result {
        let now = clock.now
        return try store.write { transaction in
            try body(Act(transaction, now: now, actor: .centre, entropy: SeededEntropy(seed: [7])))
        }
    }

    private func fillCatalogue(
        _ parkings: [ExampleApplication: Release.Parking], _ copyable: Set<ExampleApplication>
    ) throws {
        try act { act in
            for name in ["berth", "bank"] {
                try act.registerProvider(
                    ProviderID(name), name: name,
                    limits: .init(roomPerCard: Room(nonVolatile: 1 << 20, volatile: 1 << 16), cardsMax: 1_000)
                )
            }
            for example in ExampleApplication.allCases where !example.isLibrary {
                let application = try ApplicationID(example.rawValue)
                let provider = try ProviderID(example == .purse ? "bank" : "berth")
                try act.registerApplication(application, name: example.rawValue, provider: provider)
                let imports = try (example.dependencies + [example]).map { try #require(Self.imports[$0]) }
                for cap in imports { try act.keep(cap, for: provider) }
                var release = try Self.release(
                    example, "1.0", imports.map(\.loadFile), parkings[example])
                release.permitsSnapshots = copyable.contains(example)
                try act.draft(release)
                try act.publish(release.id)
            }
        }
    }

    private static func release(
        _ example: ExampleApplication, _ version: String, _ files: [Release.LoadFile],
        _ parking: Release.Parking?
    ) throws -> Release {
        Release(
            id: ReleaseID(VisitBench.id(example).application, try ReleaseVersion(version)), loadFiles: files,
            instances: [
                .init(
                    aid: example.module, module: example.module, loadFile: example.loadFile,
                    declared: Room(nonVolatile: 300))
            ], personalisation: try VisitBench.personalisation(example),
            parking: parking
                ?? (example == .identity ? .never(reason: "a renewal writes it anew") : .contract))
    }

    /// Publishes another release with the same code.
    ///
    /// - Parameter isBare: without the libraries that it needs.
    func publish(
        _ example: ExampleApplication, _ version: String, parking: Release.Parking? = nil,
        isBare: Bool = false
    ) throws {
        let files = isBare ? [example] : example.dependencies + [example]
        let imports = try files.map { try #require(Self.imports[$0]) }
        try act { act in
            let release = try Self.release(example, version, imports.map(\.loadFile), parking)
            try act.draft(release)
            try act.publish(release.id)
        }
    }

    /// Publishes a release whose code hands its data over to another version of itself.
    func publishUpgradable(_ example: ExampleApplication, _ version: String, minor: UInt8) throws {
        let cap = try CAPImport(example.upgradableCAPFile(minorVersion: minor))
        try act { act in
            try act.keep(cap, for: ProviderID(example == .purse ? "bank" : "berth"))
            let release = try Self.release(example, version, [cap.loadFile], nil)
            try act.draft(release)
            try act.publish(release.id)
        }
    }

    func cancel(_ name: String, on card: CardID) throws {
        _ = try desk.cancel(RequestID(name), on: card)
    }

    // MARK: Cards

    /// In the place of a profile's name: one with the predictable challenge, whose keys no other card has.
    static let ownKeys = "javacard-80k-predictable with keys of its own"

    func makeCard(
        _ name: String = "javacard-80k", seed: UInt8 = 1,
        runtimes: [any ApplicationRuntime] = [ExampleApplications.runtime],
        furnish: (VirtualCard) throws -> Void = { _ in }
    ) throws -> (VirtualCard, CardID) {
        let profileName = name == Self.ownKeys ? "javacard-80k-predictable" : name
        let profile = try #require(CardProfile.builtIn(profileName))
        let card = VirtualCard(
            profile: profile,
            environment: CardEnvironment(
                channels: StandardChannels(), authority: StandardAuthority(), runtimes: runtimes),
            entropy: SeededEntropy(seed: [seed]))
        try furnish(card)
        card.powerOn()
        let identity = try CardLink(TestChannel(card)).run(IdentifyCard())
        let isAES = profile.factoryKeys.type == .aes
        let keySet = Card.KeySet(
            masterKey: try MasterKeyName(isAES ? "aes" : "des"), version: profile.factoryKeys.version,
            channel: isAES ? .scp03 : .scp02,
            diversificationData: name == Self.ownKeys ? card.contents.card.diversificationData : [],
            isChallengePredictable: profileName.hasSuffix("predictable"))
        let registered = try act { act in
            try act.registerCard(
                CardRegistration(identity: identity, profile: try ProfileName(profileName), keySet: keySet))
        }
        if name == Self.ownKeys {
            try request(
                "own-keys", [.putKeys(masterKey: MasterKeyName("own"), version: 0x31)], on: registered.id)
            try visitUntilEnd(card, registered.id, "own-keys")
        }
        return (card, registered.id)
    }

    func record(_ id: CardID) throws -> CardDossier { try act { try $0.dossier(of: id) } }

    func operation(_ name: String, on card: CardID) throws -> Operation? {
        try store.read { try $0.find(Operation.self, key: .text(card.text), .text(name)) }
    }

    func stays(of card: CardID) throws -> [Custody] {
        try store.read { try $0.all(Custody.self, key: .text(card.text)) }
    }

    func journal(_ name: String, on card: CardID) throws -> [JournalEntry] {
        try store.read { try $0.all(JournalEntry.self, key: .text(card.text), .text(name)) }
    }

    /// A plan with these steps, made for the card as the centre knows it now.
    func plan(_ steps: [PlanStep], for id: CardID, wishes: [Wish] = []) throws -> Plan {
        let card = try record(id).card
        return Plan(
            ground: .init(
                card: id, revision: card.revision, registryDigest: card.inventory.map { HexBytes($0.digest) },
                madeAt: clock.now),
            wishes: wishes, shortage: .none, leaving: [],
            steps: steps.map { Plan.Planned($0, effort: .init(), freeBefore: .none, freeAfter: .none) },
            freeBefore: .none, freeAfter: .none, effort: .init(), roundTrips: 0, custodyPerDay: [],
            objections: [], optimality: .proven)
    }

    @discardableResult
    func request(_ name: String, _ steps: [PlanStep], on id: CardID, hours: Int64 = 24) throws -> Operation {
        try desk.request(
            RequestID(name), plan(steps, for: id), deadline: clock.now.advanced(by: .seconds(hours * 3_600)),
            by: .centre)
    }

    // MARK: Wishes

    func plan(for wishes: [Wish], on id: CardID) throws -> Plan {
        try act { try $0.plan(wishes, on: id, Models()) }
    }

    /// Plans the wishes from the registers, and asks for the plan.
    @discardableResult
    func wish(_ name: String, _ wishes: [Wish], on id: CardID, hours: Int64 = 24) throws -> Operation {
        let plan = try plan(for: wishes, on: id)
        if !plan.isFeasible { Issue.record("\(name): \(plan.objections)") }
        return try desk.request(
            RequestID(name), plan, deadline: clock.now.advanced(by: .seconds(hours * 3_600)), by: .centre)
    }

    func account(_ id: CardID) throws -> (dossier: CardDossier, account: RoomAccount) {
        try act { act in
            let dossier = try act.dossier(of: id)
            return (dossier, try Self.ledger(act, dossier).account)
        }
    }

    func held(_ id: CardID) throws -> [Picture.HeldBerth] {
        try act { act in try Self.ledger(act, try act.dossier(of: id)).held }
    }

    private static func ledger(_ act: Act, _ dossier: CardDossier) throws -> BerthLedger {
        guard let model = Models().model(of: dossier.card.profile) else {
            preconditionFailure("every card here has a built-in profile")
        }
        return try act.ledger(of: dossier, model)
    }

    /// The kinds of everything that was announced, in order.
    func events() throws -> [String] {
        try store.read { try $0.all(PendingEvent.self, Query(PendingEvent.table)) }.map { $0.kind }
    }

    // MARK: Visits

    /// Visits until the operation has ended or nothing goes on.
    @discardableResult
    func visitUntilEnd(
        _ card: VirtualCard, _ id: CardID, _ name: String, _ point: String = ""
    ) throws -> Operation.State? {
        for _ in 0..<6 {
            try visit(card, id)
            guard try operation(name, on: id)?.isOpen == true else { break }
        }
        let state = try operation(name, on: id)?.state
        if state != .ended(.done) { Issue.record("\(name), \(point): \(String(describing: state))") }
        return state
    }

    @discardableResult
    func visit(_ card: VirtualCard, _ id: CardID, terminal: String = "t1") throws -> Visit.Ending {
        roundTrips = 0
        card.powerOn()
        clock.advance(by: .seconds(90))
        let greeting = greets ? try greet(card, at: terminal) : nil
        var reply = try desk.arrive(id, at: TerminalID(terminal), greeting: greeting)
        while true {
            switch reply {
            case .over(let ending): return ending
            case .order(let order):
                roundTrips += 1
                reply = try desk.report(
                    Report(visit: order.visit, number: order.number, answers: carry(order, card)))
            }
        }
    }

    func greet(_ card: VirtualCard, at terminal: String = "t1") throws -> Greeting {
        let commands = desk.greeting(for: try TerminalID(terminal))
        card.powerOn()
        _ = try TestChannel(card).exchange(.select(card.profile.issuerDomain))
        return Greeting(
            commands: commands, answers: try commands.map { try TestChannel(card).exchange($0) })
    }

    func carry(_ order: Order, _ card: VirtualCard) -> [ResponseAPDU] {
        var answers: [ResponseAPDU] = []
        for command in order.commands {
            defer { exchanges += 1 }
            onCommand(command)
            if let tear, tear.exchange == exchanges {
                if tear.isCarriedOut { _ = card.process(command.bytes) }
                card.powerOff()
                self.tear = nil
                return answers
            }
            guard let answer = try? TestChannel(card).exchange(command) else { return answers }
            answers.append(distort(command, answer))
        }
        return answers
    }

    static func ask(_ card: VirtualCard, _ example: ExampleApplication, _ command: String) throws -> String {
        card.powerOn()
        _ = card.process(CommandAPDU.select(example.module).bytes)
        let answer = try TestChannel(card).exchange(CommandAPDU(parsing: try Hex.decode(command)))
        return answer.bytes.hex
    }
}
