internal import CardCrypto
internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import Storage
internal import VirtualCard

/// What the centre has written down, as somebody reads it who looks into the store from outside.
struct Books {
    var cards: [CardID: Card] = [:]
    var operations: [Operation] = []
    var stays: [Custody] = []
    /// Of open stays, opened; absent where the vault has no image that opens.
    var images: [CustodyKey: [UInt8]] = [:]
    var installed: [CardID: Set<AID>] = [:]
    var fees: [StayID: Stay] = [:]

    func openOperation(on card: CardID) -> Operation? { operations.first { $0.card == card && $0.isOpen } }
    func stays(of lineage: [UInt8]) -> [Custody] { stays.filter { $0.lineage == lineage } }
}

/// One centre of a simulated world: the real exchange desk on the real store, on a disk that forgets and fails.
final class SimulatedCentre {
    static let start = Instant(milliseconds: 1_795_000_000_000)

    private(set) var disk: FaultyDisk
    private(set) var store: SQLiteStore
    private(set) var desk: ExchangeDesk
    let vault: SoftwareVault
    let clock: ManualClock
    let flaws: Flaws
    private let models: ProfileModels
    private let seed: UInt64
    private var deaths: UInt64 = 0

    /// - Parameter disk: with a migrated store and the catalogue; it is copied.
    init(disk template: FaultyDisk, clock: ManualClock, seed: UInt64, flaws: Flaws) throws {
        disk = template.crashed(.nothing)
        store = try SQLiteStore(.faulty(disk), mode: .direct)
        vault = SoftwareVault(
            inMemory: try Self.vaultContents(), entropy: SeededEntropy(seed: seed.bigEndianBytes + [2]))
        self.clock = clock
        self.flaws = flaws
        self.seed = seed
        models = ProfileModels()
        desk = ExchangeDesk(
            store: store, vault: vault, models: models, clock: clock,
            entropy: SeededEntropy(seed: seed.bigEndianBytes + [3]), flaws: flaws)
    }

    /// The node dies with its machine: what was not synced may be gone.
    func die(_ chance: Chance) throws {
        deaths += 1
        disk = disk.crashed(.someSectors(chance))
        store = try SQLiteStore(.faulty(disk), mode: .direct)
        desk = ExchangeDesk(
            store: store, vault: vault, models: models, clock: clock,
            entropy: SeededEntropy(seed: seed.bigEndianBytes + deaths.bigEndianBytes), flaws: flaws)
    }

    // MARK: The ground

    static let factoryKeys: [UInt8] = Array(0x40...0x4F)
    static let freshKeys: [UInt8] = Array(0x70...0x7F)

    static func masterKey(isAES: Bool, isFresh: Bool) -> MasterKeyName {
        guard let name = try? MasterKeyName((isAES ? "aes" : "des") + (isFresh ? "-fresh" : "-factory"))
        else {
            preconditionFailure("names of master keys are valid")
        }
        return name
    }

    private static func vaultContents() throws -> VaultContents {
        var contents = VaultContents(wrappingKey: Secret([UInt8](repeating: 9, count: 32)), at: start)
        for isAES in [true, false] {
            for isFresh in [true, false] {
                try contents.add(
                    .init(
                        masterKey(isAES: isAES, isFresh: isFresh), isAES ? .aes : .tripleDES,
                        material: [Secret(isFresh ? freshKeys : factoryKeys)], diversification: "none",
                        createdAt: start))
            }
        }
        return contents
    }

    /// A disk with an empty register and the whole catalogue, to be copied by every world.
    static func ground(_ shelf: Shelf) throws -> FaultyDisk {
        let disk = FaultyDisk()
        let store = try SQLiteStore(.faulty(disk), mode: .direct)
        try store.migrate(to: .current)
        let provider = try ProviderID("berth")
        let person = try OperatorID("op")
        try store.write { transaction in
            transaction.insert(
                Provider(
                    id: provider, name: "Berth",
                    limits: .init(roomPerCard: Room(nonVolatile: 1 << 20), cardsMax: 1_000)))
            try transaction.flush()
            let act = Act(
                transaction, now: start, actor: .operator(person), entropy: SeededEntropy(seed: [5]))
            // Libraries first: what is published must find what it links to.
            for example in ExampleApplication.allCases.sorted(by: { $0.isLibrary && !$1.isLibrary }) {
                try act.keep(CAPImport(example.capFile), for: provider)
                guard !example.isLibrary else { continue }
                let release = shelf.release(example)
                try act.registerApplication(
                    release.id.application, name: example.rawValue, provider: provider)
                try act.draft(release)
                try act.publish(release.id)
            }
        }
        return disk
    }

    func register(_ card: SimulatedCard) throws {
        try store.write { transaction in
            transaction.insert(
                Card(
                    id: card.id, profile: try ProfileName(card.chip.profile.name),
                    issuerDomain: card.chip.profile.issuerDomain, keySet: card.factoryKeySet,
                    registeredAt: Self.start))
        }
    }

    func setService(of example: ExampleApplication, isStopped: Bool) throws {
        let application = Shelf.releaseID(example).application
        let person = try OperatorID("op")
        try store.write { transaction in
            let act = Act(
                transaction, now: self.clock.now, actor: .operator(person),
                entropy: SeededEntropy(seed: [4]))
            if isStopped {
                try act.stopService(of: application, reason: "maintenance")
            } else {
                try act.startService(of: application)
            }
        }
    }

    // MARK: Looking in

    func books() throws -> Books {
        try store.read { transaction in
            var books = Books()
            for card in try transaction.all(Card.self, Query(Card.table)) { books.cards[card.id] = card }
            books.operations = try transaction.all(Operation.self, Query(Operation.table))
            books.stays = try transaction.all(Custody.self, Query(Custody.table))
            for stay in books.stays where stay.isOpen {
                guard let image = try? transaction.image(of: stay, in: self.vault) else { continue }
                books.images[stay.key] = image.withBytes { Array($0) }
            }
            for row in try transaction.all(InstalledApplication.self, Query(InstalledApplication.table)) {
                books.installed[row.card, default: []].insert(row.aid)
            }
            for stay in try transaction.all(Stay.self, Query(Stay.table)) { books.fees[stay.id] = stay }
            return books
        }
    }

    /// Everything that people may read.
    func texts() throws -> [String] {
        try store.read { transaction in
            let journal = try transaction.all(JournalEntry.self, Query(JournalEntry.table)).map(\.text)
            let reasons = try transaction.all(Operation.self, Query(Operation.table)).map { "\($0.state)" }
            let cards = try transaction.all(Card.self, Query(Card.table)).map { "\($0.life)" }
            return journal + reasons + cards
        }
    }
}

/// What the profiles of virtual cards say of themselves.
struct ProfileModels: CardModels {
    func model(of name: ProfileName) -> CardModel? {
        CardProfile.builtIn(name.text).map { profile in
            CardModel(
                profile: name,
                total: Room(
                    nonVolatile: profile.memory.nonVolatileBytes, volatile: profile.memory.volatileBytes))
        }
    }

    func channelOptions(of name: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8? {
        CardProfile.builtIn(name.text)?.channelProtocol(for: channel == .scp03 ? .aes : .des)?.options
    }
}
