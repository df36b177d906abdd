internal import CardCrypto
internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import Storage
internal import VirtualCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the centre has written down, as somebody reads it who looks into the store from outside.
struct Books {
    var cards: [CardID: Card] = [:]
    var operations: [Operation] = []
    var stays: [Custody] = []
    /// Of open stays, opened; absent where the vault has no image that opens.
    var images: [CustodyKey: [UInt8]] = [:]
    var installed: [CardID: Set<AID>] = [:]
    /// Of what is installed, as far as it is known.
    var releases: [CardID: [AID: ReleaseID]] = [:]
    var fees: [StayID: Stay] = [:]
    var confirmations: [KeptConfirmation] = []
    var berths: [Berth] = []
    /// Copies of data that are on their cards, with the stays that they were read for, opened.
    var snapshots: [(stay: Custody, image: [UInt8]?)] = []

    func openOperation(on card: CardID) -> Operation? { operations.first { $0.card == card && $0.isOpen } }
    /// Which steps of each operation are done.
    var done: [RequestID: Set<Int>] {
        Dictionary(operations.map { ($0.id, $0.done) }, uniquingKeysWith: { $1 })
    }
    func stays(of lineage: [UInt8]) -> [Custody] { stays.filter { $0.lineage == lineage } }
}

/// One centre of a simulated world: the real exchange desk on the real store, on a disk that forgets and fails, or on a
/// server.
final class SimulatedCentre {
    static let start = Instant(milliseconds: 1_795_000_000_000)

    /// Where the registers are: a disk with a migrated store and the catalogue, which is copied; or such a store.
    enum Place {
        case disk(FaultyDisk)
        case server(any Store)
    }

    /// `nil` where the registers are on a server, whose disk is not ours.
    private(set) var disk: FaultyDisk?
    private(set) var store: any Store
    /// One for each node.
    private(set) var desks: [ExchangeDesk] = []
    let vault: SoftwareVault
    let clock: ManualClock
    let flaws: Flaws
    private let models: ProfileModels
    private let nodeCount: Int
    private let seed: UInt64
    private var deaths: UInt64 = 0

    init(
        _ place: Place, _ models: ProfileModels, clock: ManualClock, seed: UInt64, flaws: Flaws,
        nodeCount: Int = 1, vault: SoftwareVault? = nil
    ) throws {
        switch place {
        case .disk(let template):
            let disk = template.crashed(.nothing)
            self.disk = disk
            store = try SQLiteStore(.faulty(disk), mode: .direct)
        case .server(let store): self.store = store
        }
        self.vault =
            try vault
            ?? SoftwareVault(
                inMemory: Self.vaultContents(), entropy: SeededEntropy(seed: seed.bigEndianBytes + [2]))
        self.clock = clock
        self.flaws = flaws
        self.seed = seed
        self.models = models
        self.nodeCount = nodeCount
        openDesks(3)
    }

    private func openDesks(_ purpose: UInt8) {
        desks = (0..<nodeCount).map { number in
            let name = seed.bigEndianBytes + deaths.bigEndianBytes + [purpose, UInt8(number)]
            return ExchangeDesk(
                store: store, vault: vault, models: models, clock: clock, entropy: SeededEntropy(seed: name),
                flaws: flaws)
        }
    }

    var desk: ExchangeDesk { desks[0] }

    /// The nodes die with their machine: what was not synced may be gone.
    func die(_ chance: Chance) throws {
        deaths += 1
        if let disk {
            let crashed = disk.crashed(.someSectors(chance))
            self.disk = crashed
            store = try SQLiteStore(.faulty(crashed), mode: .direct)
        }
        openDesks(4)
    }

    /// What the planner makes of wishes, by what the registers know.
    func plan(_ wishes: [Wish], on card: CardID) throws -> Plan {
        try store.write { transaction in
            let act = Act(
                transaction, now: self.clock.now, actor: .centre, entropy: SeededEntropy(seed: [6]))
            return try act.plan(wishes, on: card, self.models)
        }
    }

    // MARK: The ground

    static let factoryKeys: [UInt8] = Array(0x40...0x4F)
    static let freshKeys: [UInt8] = Array(0x70...0x7F)

    static let providers = ["berth", "rivals"]
    /// Domains of the first provider have such names.
    static let ownDomainPrefix: AID = {
        guard let aid = try? AID([0xF0, 0x42, 0x61, 0x6E, 0x6B]) else {
            preconditionFailure("five bytes are an AID")
        }
        return aid
    }()
    /// In cents.
    static let feePerDay: Int64 = 24
    private static var currency: Currency {
        guard let euro = Currency("EUR") else { preconditionFailure("the euro is a currency") }
        return euro
    }

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
        try contents.add(
            .init(
                OwnKeys.masterKey, .aes, material: [Secret(OwnKeys.material)],
                diversification: OwnKeys.scheme, createdAt: start))
        return contents
    }

    /// A disk with an empty register and the whole catalogue, to be copied by every world.
    static func ground(_ shelf: Shelf) throws -> FaultyDisk {
        let disk = FaultyDisk()
        let store = try SQLiteStore(.faulty(disk), mode: .direct)
        try store.migrate(to: .current)
        try fill(store, from: shelf)
        return disk
    }

    /// Puts the whole catalogue into an empty register: the applications of two providers.
    static func fill(_ store: any Store, from shelf: Shelf) throws {
        let person = try OperatorID("op")
        try store.write { transaction in
            for name in providers {
                transaction.insert(
                    Provider(
                        id: try ProviderID(name), name: name,
                        limits: .init(
                            roomPerCard: Room(nonVolatile: 1 << 20, volatile: 1 << 16), cardsMax: 1_000),
                        domains: name == providers[0] ? [ownDomainPrefix] : []))
            }
            try transaction.flush()
            let act = Act(
                transaction, now: start, actor: .operator(person), entropy: SeededEntropy(seed: [5]))
            for name in providers {
                try act.setTariff(
                    for: try ProviderID(name), basis: .day, rate: feePerDay * 1_000_000,
                    terms: .init(currency: currency))
            }
            // Libraries first: what is published must find what it links to.
            for example in ExampleApplication.allCases.sorted(by: { $0.isLibrary && !$1.isLibrary }) {
                try fillCatalogue(with: example, from: shelf, act)
            }
            try fillPeople(act)
        }
    }

    private static func fillCatalogue(
        with example: ExampleApplication, from shelf: Shelf, _ act: Act
    ) throws {
        let provider = try Shelf.provider(of: example)
        if !example.isLibrary {
            try act.registerApplication(
                Shelf.releaseID(example).application, name: example.rawValue, provider: provider)
        }
        for edition in shelf.editions(of: example) {
            try act.keep(CAPImport(shelf.article(example, edition).capFile), for: provider)
            guard !example.isLibrary else { continue }
            let release = try shelf.release(example, edition)
            try act.draft(release)
            try act.publish(release.id)
        }
    }

    /// The only person who has a card in their own name, and uses everything there is.
    private static func holder() throws -> HolderNumber { try HolderNumber("10042") }

    private static func fillPeople(_ act: Act) throws {
        let verifier = try PasswordVerifier(
            Secret(Array("a long password".utf8)), entropy: SeededEntropy(seed: [3]),
            cost: KeyDerivation.ScryptCost(workExponent: 2, blockSize: 1, parallelism: 1))
        let holder = try holder()
        try act.registerHolder(holder, HolderDetails(name: "Ada Lovelace"), password: verifier)
        for example in ExampleApplication.withData {
            try act.setUse(of: Shelf.releaseID(example).application, by: holder, isUsed: true)
        }
    }

    /// This card is the holder's from now on, and the one before it is retired.
    func assign(_ card: CardID) throws {
        try store.write { transaction in
            let act = Act(
                transaction, now: self.clock.now, actor: .operator(try OperatorID("op")),
                entropy: SeededEntropy(seed: [9]))
            try act.assignCard(card, to: try Self.holder())
        }
    }

    /// Whose the card's memory is.
    func ledger(of card: CardID) throws -> BerthLedger {
        try store.write { transaction in
            let act = Act(
                transaction, now: self.clock.now, actor: .centre, entropy: SeededEntropy(seed: [6]))
            return try act.ledger(of: card, self.models)
        }
    }

    /// An operator takes what a card shows as true; `false` where that cannot be.
    func acceptDrift(of card: CardID) throws -> Bool {
        try store.write { transaction in
            let act = Act(
                transaction, now: self.clock.now, actor: .operator(try OperatorID("op")),
                entropy: SeededEntropy(seed: [11]))
            do {
                try act.acceptDrift(of: card, sizes: try act.ledger(of: card, self.models).sizes)
                return true
            } catch is DriftRefusal { return false }
        }
    }

    /// - Parameter isMistaken: with keys that are not the card's.
    func register(_ card: SimulatedCard, isMistaken: Bool = false) throws {
        var keySet = card.factoryKeySet
        if isMistaken { keySet.masterKey = Self.masterKey(isAES: card.isAES, isFresh: true) }
        let registered = keySet
        try store.write { transaction in
            transaction.insert(
                Card(
                    id: card.id, profile: try ProfileName(card.chip.profile.name),
                    issuerDomain: card.chip.profile.issuerDomain, keySet: registered,
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
                books.releases[row.card, default: [:]][row.aid] = row.release
            }
            for stay in try transaction.all(Stay.self, Query(Stay.table)) { books.fees[stay.id] = stay }
            books.confirmations = try transaction.all(KeptConfirmation.self, Query(KeptConfirmation.table))
            books.berths = try transaction.all(Berth.self, Query(Berth.table))
            for snapshot in try transaction.all(Snapshot.self, Query(Snapshot.table)) {
                let stay = books.stays.first {
                    $0.card == snapshot.card && $0.aid == snapshot.aid && $0.ordinal == snapshot.ordinal
                }
                guard let stay else { continue }
                let image = try? transaction.image(of: stay, in: self.vault)
                books.snapshots.append((stay, image.map { $0.withBytes { Array($0) } }))
            }
            return books
        }
    }

    /// Whether these bytes stand on the disk as they are.
    func isOnDisk(_ bytes: [UInt8]) -> Bool {
        disk?.contents.contains { $0.holds(bytes) } ?? false
    }

    /// What all providers owe for everything until now, in cents.
    func bill() throws -> Int64 {
        try store.write { transaction in
            let now = self.clock.now
            let act = Act(transaction, now: now, actor: .centre, entropy: SeededEntropy(seed: [8]))
            // The clock may have gone back to before everything began.
            let end = max(now, Self.start).advanced(by: .seconds(1))
            let period = try Period(Self.start.advanced(by: .seconds(-1)), end)
            var sum: Int64 = 0
            for name in Self.providers {
                let statement = try act.statement(
                    for: .provider(try ProviderID(name)), period, viewer: .everything)
                for total in statement.totals { sum += total.minorUnits }
            }
            return sum
        }
    }

    /// Those of which nobody knows yet what they take on such cards.
    func unmeasured(_ parts: [Footprint.Part], on profile: ProfileName) throws -> Set<Footprint.Part> {
        try store.read { transaction in
            let known = try transaction.footprints(of: parts, on: profile)
            return Set(parts).subtracting(known.map(\.part))
        }
    }

    /// How often the end of each operation was told, by its subject.
    func endsTold() throws -> [String: Int] {
        let kinds: Set = [
            "operation.done", "operation.failed", "operation.cancelled", "operation.needs-person",
        ]
        return try store.read { transaction in
            let events = try transaction.all(PendingEvent.self, Query(PendingEvent.table))
            return events.filter { kinds.contains($0.kind) }.reduce(into: [:]) { told, event in
                told[event.subject, default: 0] += 1
            }
        }
    }

    /// Everything that people may read.
    func texts() throws -> [String] {
        try store.read { transaction in
            let journal = try transaction.all(JournalEntry.self, Query(JournalEntry.table)).map(\.text)
            let reasons = try transaction.all(Operation.self, Query(Operation.table)).map { "\($0.state)" }
            let cards = try transaction.all(Card.self, Query(Card.table)).map { "\($0.life)" }
            let audit = try transaction.all(AuditEntry.self, Query(AuditEntry.table)).map {
                "\($0.subject) \($0.facts)"
            }
            let events = try transaction.all(PendingEvent.self, Query(PendingEvent.table)).map {
                "\($0.subject) \($0.facts)"
            }
            return journal + reasons + cards + audit + events
        }
    }
}

extension [UInt8] {
    /// A store has a million bytes, and every world looks through it.
    func holds(_ wanted: [UInt8]) -> Bool {
        guard let first = wanted.first, count >= wanted.count else { return false }
        return withUnsafeBytes { all in
            wanted.withUnsafeBytes { wanted in
                guard let start = all.baseAddress, let pattern = wanted.baseAddress else { return false }
                var offset = 0
                while offset + wanted.count <= all.count,
                    let found = memchr(start + offset, Int32(first), all.count - wanted.count + 1 - offset)
                {
                    if memcmp(found, pattern, wanted.count) == 0 { return true }
                    offset = UnsafeRawPointer(found) - start + 1
                }
                return false
            }
        }
    }
}
