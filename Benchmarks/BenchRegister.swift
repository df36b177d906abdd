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

    private let store: any Database
    private let cardCount: Int
    /// Which card is next: scattered over the register, and the same in every run.
    private let turn = Atomic<Int>(0)

    init(_ store: any Database, cardCount: Int) {
        self.store = store
        self.cardCount = cardCount
    }

    func fill() throws {
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

    /// One card and what is on it read, a plan made, the card and one installation changed: one durable commit.
    func change() throws {
        let number = turn.wrappingAdd(1, ordering: .relaxed).newValue &* 7_919 % cardCount
        let id = try Self.id(number)
        try store.write { transaction in
            let answers = try transaction.ask([
                Query(Card.table, key: [.text(id.text)], limit: 1).locking(),
                Query(InstalledApplication.table, key: [.text(id.text)]),
            ])
            guard var card = try transaction.decode(Card.self, answers[0]).first else {
                throw BenchmarkError("no card \(id)")
            }
            var installed = try transaction.decode(InstalledApplication.self, answers[1])
            guard installed.count == Self.installationCount else {
                throw BenchmarkError("not everything is there")
            }
            consume(try Self.plan(card, installed))
            card.revision += 1
            installed[0].lastUsedAt = Instant(milliseconds: card.revision)
            transaction.put(card)
            transaction.put(installed[0])
        }
    }

    /// Nanoseconds from one durable commit to the next while so many write at the same time.
    func perCommit(threads: Int, commits: Int) throws -> Double {
        let failures = Mutex(0)
        let time = nanoseconds {
            let all = (0..<threads).map { _ in
                BenchThread {
                    do {
                        for _ in 0..<commits / threads { try self.change() }
                    } catch {
                        failures.withLock { $0 += 1 }
                    }
                }
            }
            for thread in all { thread.join() }
        }
        guard failures.withLock({ $0 }) == 0 else { throw BenchmarkError("writers failed") }
        return time / Double(commits / threads * threads)
    }

    private static func plan(_ card: Card, _ installed: [InstalledApplication]) throws -> Plan {
        let free = card.inventory?.free ?? .none
        let picture = Picture(
            card: card,
            model: CardModel(profile: card.profile, total: Room(nonVolatile: 80_000, volatile: 2_000)),
            free: free, isFreeMeasured: true,
            installed: installed.map {
                Picture.Installed($0, size: Picture.Size($0.measured ?? .none, origin: .measured))
            }, now: Instant(milliseconds: 1))
        let reservation = Reservation(provider: try ProviderID("bank"), room: Room(nonVolatile: 4_000))
        return picture.plan([.reserve(reservation)])
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

    private static func installation(_ index: Int, on card: Card) throws -> InstalledApplication {
        InstalledApplication(
            card: card.id, aid: try AID([0xF0, 0x42, 0x65, 0x72, 0x74, 0x68, UInt8(index), 1]),
            lifeCycle: 0x07,
            loadFile: try AID([0xF0, 0x42, 0x65, 0x72, 0x74, 0x68, UInt8(index)]), domain: card.issuerDomain,
            release: ReleaseID(try ApplicationID("application-\(index)"), try ReleaseVersion("1.2")),
            installedAt: card.registeredAt, lastUsedAt: card.registeredAt,
            measured: Room(nonVolatile: 3_000 + index * 100, volatile: 40))
    }
}

/// A thread that runs one body, and can be waited for.
private final class BenchThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private var handle = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        pthread_create(
            &handle, nil,
            { box in
                guard let box else { return nil }
                Unmanaged<Body>.fromOpaque(box).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(Body(body)).toOpaque())
    }

    func join() { pthread_join(handle, nil) }
}
