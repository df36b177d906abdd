internal import CardCrypto
internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import Storage
internal import VirtualCard

/// What the profiles of virtual cards say of themselves, read once.
struct BenchModels: CardModels {
    private let profiles: [String: CardProfile]

    init() {
        profiles = Dictionary(
            uniqueKeysWithValues: CardProfile.builtInTexts.compactMap { text in
                CardProfile.builtIn(text.name).map { (text.name, $0) }
            })
    }

    func model(of name: ProfileName) -> CardModel? {
        profiles[name.text].map { profile in
            CardModel(
                profile: name,
                total: Room(
                    nonVolatile: profile.memory.nonVolatileBytes, volatile: profile.memory.volatileBytes),
                blockBytes: profile.memory.blockBytes, hasQuotas: profile.memory.hasQuotas)
        }
    }

    func channelOptions(of name: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8? {
        profiles[name.text]?.channelProtocol(for: channel == .scp03 ? .aes : .des)?.options
    }
}

/// A centre as it runs, with the example purse in its catalogue.
final class BenchCentre: Sendable {
    static let profile = "javacard-80k"

    private let store: any Store
    let desk: ExchangeDesk
    private let clock = ManualClock(Instant(milliseconds: 1_795_000_000_000))
    private let purse: CAPImport

    init(_ store: any Store) throws {
        self.store = store
        var contents = VaultContents(wrappingKey: Secret(filler(32, seed: 1)), at: clock.now)
        try contents.add(
            .init(
                MasterKeyName("factory"), .aes, material: [Secret(0x40...0x4F)], diversification: "none",
                createdAt: clock.now))
        let vault = SoftwareVault(inMemory: contents, entropy: SeededEntropy(seed: [2]))
        desk = ExchangeDesk(
            store: store, vault: vault, models: BenchModels(), clock: clock, entropy: SeededEntropy(seed: [3])
        )
        purse = try CAPImport(ExampleApplication.purse.capFile)
        try fillCatalogue()
    }

    private func act<Result: Sendable>(_ body: (Act) throws -> Result) throws -> Result {
        let now = clock.now
        return try store.write { transaction in
            try body(Act(transaction, now: now, actor: .centre, entropy: SeededEntropy(seed: [4])))
        }
    }

    private static func release() throws -> ReleaseID {
        ReleaseID(try ApplicationID("purse"), try ReleaseVersion("1.0"))
    }

    private func fillCatalogue() throws {
        let provider = try ProviderID("berth")
        let id = try Self.release()
        let purse = purse
        try act { act in
            try act.registerProvider(
                provider, name: "Berth",
                limits: .init(
                    roomPerCard: Room(nonVolatile: 1 << 20, volatile: 1 << 16), cardsMax: 1_000_000))
            try act.registerApplication(id.application, name: "purse", provider: provider)
            try act.keep(purse, for: provider)
            try act.draft(
                Release(
                    id: id, loadFiles: [purse.loadFile],
                    instances: [
                        .init(
                            aid: ExampleApplication.purse.module, module: ExampleApplication.purse.module,
                            loadFile: ExampleApplication.purse.loadFile, declared: Room(nonVolatile: 300))
                    ], parking: .contract))
            try act.publish(id)
        }
    }

    // MARK: Cards

    /// Cards from one source of their own, so that threads need not share it.
    func makeCards(_ count: Int, seed: UInt8) throws -> [BenchHolder] {
        guard let profile = CardProfile.builtIn(Self.profile) else { throw BenchmarkError("no profile") }
        let environment = CardEnvironment(
            channels: StandardChannels(), authority: StandardAuthority(),
            runtimes: [ExampleApplications.runtime])
        let entropy = SeededEntropy(seed: [5, seed])
        let keySet = Card.KeySet(
            masterKey: try MasterKeyName("factory"), version: profile.factoryKeys.version, channel: .scp03,
            isChallengePredictable: false)
        let name = try ProfileName(Self.profile)
        var holders: [BenchHolder] = []
        while holders.count < count {
            var chips: [(VirtualCard, CardRegistration)] = []
            for _ in holders.count..<min(holders.count + 100, count) {
                let chip = VirtualCard(profile: profile, environment: environment, entropy: entropy)
                chip.powerOn()
                let identity = try CardLink(InProcessCard(chip)).run(IdentifyCard())
                chips.append((chip, CardRegistration(identity: identity, profile: name, keySet: keySet)))
            }
            let registrations = chips.map(\.1)
            let ids = try act { act in try registrations.map { try act.registerCard($0).id } }
            holders += zip(chips, ids).map { BenchHolder($0.0, $1) }
        }
        return holders
    }

    // MARK: Operations

    /// Wishes for the purse, or wishes it gone again.
    func request(on holder: BenchHolder, number: Int) throws {
        let purse = ExampleApplication.purse
        let release = try Self.release()
        let steps: [PlanStep] =
            holder.hasPurse
            ? [
                .removeInstance(.init(instance: purse.module, purpose: .forGood)),
                .removeLoadFile(aid: purse.loadFile),
            ]
            : [
                .load(
                    .init(
                        release: release, aid: purse.loadFile, digest: HexBytes(self.purse.loadFile.digest),
                        byteCount: self.purse.loadFile.byteCount, domain: nil)),
                .install(
                    .init(
                        release: release, aid: purse.module, module: purse.module, loadFile: purse.loadFile,
                        privileges: 0, parameters: HexBytes([]), domain: nil, isVacant: false)),
            ]
        let card = try act { try $0.dossier(of: holder.id).card }
        let wish: Wish =
            holder.hasPurse ? .remove(application: release.application) : .addRelease(release)
        let plan = Plan(
            ground: .init(
                card: card.id, revision: card.revision,
                registryDigest: card.inventory.map { HexBytes($0.digest) },
                madeAt: clock.now),
            wishes: [wish], shortage: .none, leaving: [],
            steps: steps.map { Plan.Planned($0, effort: .init(), freeBefore: .none, freeAfter: .none) },
            freeBefore: .none, freeAfter: .none, effort: .init(), roundTrips: 0, custodyPerDay: [],
            objections: [], optimality: .proven)
        _ = try desk.request(
            RequestID("r\(number)"), plan, deadline: clock.now.advanced(by: .seconds(86_400)), by: .centre)
        holder.hasPurse.toggle()
    }
}

/// A card in somebody's pocket; used by one thread at a time.
final class BenchHolder: @unchecked Sendable {
    let id: CardID
    private let chip: VirtualCard
    fileprivate(set) var hasPurse = false

    init(_ chip: VirtualCard, _ id: CardID) {
        self.chip = chip
        self.id = id
    }

    func powerOn() { chip.powerOn() }

    /// Carries an order to the card.
    func answers(to order: Order) throws -> [ResponseAPDU] {
        let channel = InProcessCard(chip, isPowered: true)
        return try order.commands.map { try channel.exchange($0) }
    }
}

/// Counts questions: on a server each is a round trip.
final class CountingStore: Store {
    private let base: any Store
    private let count = Counter()

    init(_ base: any Store) { self.base = base }

    var questions: Int { count.value }

    func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try base.read { try body(CountingTransaction($0, self.count)) }
    }

    func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try base.write { try body(CountingTransaction($0, self.count)) }
    }
}

private final class CountingTransaction: Transaction {
    private let base: any Transaction
    private let counter: Counter

    init(_ base: any Transaction, _ counter: Counter) {
        self.base = base
        self.counter = counter
    }

    func ask(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]] {
        if !queries.isEmpty { counter.add() }
        return try base.ask(queries)
    }

    func count(_ query: Query) throws(StoreFailure) -> Int {
        counter.add()
        return try base.count(query)
    }

    var catalogueMemory: CatalogueMemory? { base.catalogueMemory }
    func change(_ change: Change) { base.change(change) }
    func flush() throws(StoreFailure) { try base.flush() }
}
