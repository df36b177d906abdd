internal import CardCrypto
internal import Centre
internal import SmartCard
internal import Storage
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A register of cards with ten installations each, and the work that is measured on it.
final class BenchRegister: Sendable {
    static let installationCount = 10
    private static let cardsPerTransaction = 200

    private let store: any Store
    let cardCount: Int
    private let models = BenchModels()
    private let entropy = SystemEntropy()
    /// Which card is next: scattered over the register, and the same in every run.
    private let turn = Atomic<Int>(0)

    init(_ store: any Store, cardCount: Int) {
        self.store = store
        self.cardCount = cardCount
    }

    func fill() throws {
        try store.write { transaction in try Self.fillCatalogue(transaction) }
        for start in stride(from: 0, to: cardCount, by: Self.cardsPerTransaction) {
            try store.write { transaction in
                for number in start..<min(start + Self.cardsPerTransaction, cardCount) {
                    let card = try Self.card(number)
                    transaction.insert(card)
                    for index in 0..<Self.installationCount {
                        transaction.insert(try Self.installation(index, on: card))
                    }
                }
            }
        }
    }

    /// One card, what is on it and what the catalogue says of that read, a plan made, the card and one installation
    /// changed: one durable commit.
    func change() throws {
        let number = turn.wrappingAdd(1, ordering: .relaxed).newValue &* 7_919 % cardCount
        let id = try Self.id(number)
        // More than is free: the planner has to choose who leaves.
        let wish = Wish.reserve(
            Reservation(
                provider: try ProviderID("bank"), room: Room(nonVolatile: 14_000),
                domain: try AID([0xF0, 0x42, 0x65, 0x72, 0x74, 0x68, 0xFF])))
        try store.write { transaction in
            let now = Instant(milliseconds: 1_795_000_000_001)
            let act = Act(transaction, now: now, actor: .centre, entropy: self.entropy)
            let picture = try act.picture(of: id, for: [wish], self.models)
            guard picture.installed.count == Self.installationCount else {
                throw BenchmarkError("not everything is there")
            }
            guard picture.releases.count == Self.installationCount else {
                throw BenchmarkError("the catalogue is not whole")
            }
            let plan = picture.plan([wish])
            guard !plan.leaving.isEmpty else { throw BenchmarkError("nobody leaves: \(plan.objections)") }
            var (card, first) = (picture.card, picture.installed[0].entry)
            card.revision += 1
            first.lastUsedAt = Instant(milliseconds: card.revision)
            transaction.put(card, since: picture.card)
            transaction.put(first, since: picture.installed[0].entry)
        }
    }

    /// Nanoseconds from one durable commit to the next while so many write at the same time.
    func perCommit(threads: Int, commits: Int) throws -> Double {
        let each = commits / threads
        let time = try Self.atOnce((0..<threads).map { _ in { for _ in 0..<each { try self.change() } } })
        return time / Double(each * threads)
    }

    /// Nanoseconds that all took together, each on a thread of its own.
    static func atOnce(_ works: [() throws -> Void]) throws -> Double {
        let failure = Mutex<String?>(nil)
        let time = nanoseconds {
            let threads = works.map { work in
                // One thread does each, and this one waits for them.
                nonisolated(unsafe) let work = work
                return BenchThread {
                    do { try work() } catch { failure.withLock { $0 = "a writer failed: \(error)" } }
                }
            }
            for thread in threads { thread.join() }
        }
        if let failure = failure.withLock({ $0 }) { throw BenchmarkError(failure) }
        return time
    }

    // MARK: what is in it

    private static func id(_ number: Int) throws -> CardID {
        // As ids of real cards are: a common beginning, then a number that grows.
        try CardID("42001234-" + UInt64(number).bigEndianBytes.hex.uppercased())
    }

    private static func card(_ number: Int) throws -> Card {
        let keySet = Card.KeySet(
            masterKey: try MasterKeyName("issuer"), version: 0x30, channel: .scp03,
            diversificationData: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 10),
            isChallengePredictable: true, nextSequenceCounter: UInt32(truncatingIfNeeded: number))
        let inventory = Card.Inventory(
            readAt: Instant(milliseconds: 1_795_000_000_000), free: Room(nonVolatile: 12_000, volatile: 600),
            digest: [UInt8](repeating: 0x5A, count: 32))
        return Card(
            id: try id(number), profile: try ProfileName("javacard-80k"),
            issuerDomain: try AID([0xA0, 0, 0, 1, 0x51, 0, 0, 0]), keySet: keySet,
            holder: try HolderNumber("H\(number)"), registeredAt: Instant(milliseconds: 1_795_000_000_000),
            inventory: inventory)
    }

    private static func aid(_ index: Int, isInstance: Bool) throws -> AID {
        try AID([0xF0, 0x42, 0x65, 0x72, 0x74, 0x68, UInt8(index)] + (isInstance ? [1] : []))
    }

    private static func release(_ index: Int) throws -> ReleaseID {
        ReleaseID(try ApplicationID("application-\(index)"), try ReleaseVersion("1.2"))
    }

    private static func fillCatalogue(_ transaction: any Transaction) throws {
        let (bank, city) = (try ProviderID("bank"), try ProviderID("city"))
        for provider in [bank, city] {
            let limits = Provider.Limits(roomPerCard: Room(nonVolatile: 1 << 20), cardsMax: 1 << 30)
            transaction.insert(Provider(id: provider, name: provider.text, limits: limits))
        }
        for index in 0..<installationCount {
            let (id, digest) = (try release(index), filler(32, seed: UInt8(index)))
            let (file, instance) = (try aid(index, isInstance: false), try aid(index, isInstance: true))
            transaction.insert(Application(id: id.application, name: id.application.text, provider: city))
            transaction.insert(
                Release(
                    id: id, life: .published(at: Instant(milliseconds: 1)),
                    loadFiles: [
                        .init(
                            aid: file, digest: digest, byteCount: 2_500, declared: Room(nonVolatile: 2_500))
                    ],
                    instances: [
                        .init(
                            aid: instance, module: instance, loadFile: file,
                            declared: Room(nonVolatile: 500 + index * 100, volatile: 40))
                    ], parking: .contract))
            transaction.insert(PublishedAID(aid: file, release: id, role: .loadFile, digest: digest))
            transaction.insert(PublishedAID(aid: instance, release: id, role: .instance))
        }
    }

    private static func installation(_ index: Int, on card: Card) throws -> InstalledApplication {
        InstalledApplication(
            card: card.id, aid: try aid(index, isInstance: true), lifeCycle: 0x07,
            loadFile: try aid(index, isInstance: false), domain: card.issuerDomain,
            release: try release(index),
            installedAt: card.registeredAt, lastUsedAt: card.registeredAt,
            measured: Room(nonVolatile: 3_000 + index * 100, volatile: 40))
    }
}
