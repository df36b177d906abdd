import CardCrypto
import Centre
import Foundation
import GlobalPlatform
import SmartCard
import Storage
import Synchronization
import TestSupport
import Testing

@Suite("Cards in the store")
struct CardStoreTests {
    static let now = Instant(milliseconds: 1_795_261_043_000)

    static func aid(_ number: Int) throws -> AID {
        try AID([0xF0, 0x42, 0x65, 0x72, 0x74, 0x68, UInt8(number)])
    }

    /// A card as a fleet has it: ten applications from ten load files, everything measured.
    static func dossier(_ number: Int, applications: Int = 10) throws -> CardDossier {
        let id = try CardID("42455254480F-" + UInt64(number).bigEndianBytes.hex)
        let domain = try AID(hex: "A000000151000000")
        let room = Room(nonVolatile: 60_000, volatile: 2_048)
        var dossier = CardDossier(
            card: Card(
                id: id, profile: try ProfileName("javacard-80k"), issuerDomain: domain,
                keySet: .init(
                    masterKey: try MasterKeyName("fleet-2026"), version: 0x30, channel: .scp03,
                    diversificationData: [UInt8](repeating: 7, count: 10)),
                holder: try HolderNumber("4711\(number)"), expiry: CalendarDay("2031-12-31"), issueNumber: 1,
                registeredAt: now, serial: [UInt8](repeating: 3, count: 12),
                inventory: .init(
                    readAt: now, lifeCycle: 0x0F, free: room, sum: room,
                    digest: [UInt8](repeating: 5, count: 32)),
                revision: 12, auditHead: [UInt8](repeating: 9, count: 40)))
        for index in 0..<applications {
            let release = ReleaseID(
                try ApplicationID("city-transit-\(index)"), try ReleaseVersion("1.2.\(index)"))
            dossier.put(
                InstalledApplication(
                    card: id, aid: try aid(index), lifeCycle: 0x07, loadFile: try aid(100 + index),
                    domain: domain, release: release, installedAt: now, lastUsedAt: now,
                    measured: Room(nonVolatile: 640, volatile: 64)))
            dossier.put(
                InstalledLoadFile(
                    card: id, aid: try aid(100 + index), lifeCycle: 0x01, version: [1, 2],
                    modules: [try aid(index)], domain: domain, digest: [UInt8](repeating: 8, count: 32),
                    measured: Room(nonVolatile: 3_200)))
        }
        return dossier
    }

    static func place(_ dossiers: [CardDossier], _ store: any Store) throws {
        try store.write { transaction in
            for dossier in dossiers {
                transaction.insert(dossier.card)
                for row in dossier.applications { transaction.insert(row) }
                for row in dossier.loadFiles { transaction.insert(row) }
            }
        }
    }

    private static func provider(_ name: String) throws -> Provider {
        Provider(
            id: try ProviderID(name), name: name,
            limits: .init(roomPerCard: Room(nonVolatile: 60_000, volatile: 2_048), cardsMax: 10))
    }

    private static var sizes: SizeBook {
        get throws {
            SizeBook(
                model: CardModel(
                    profile: try ProfileName("javacard-80k"),
                    total: Room(nonVolatile: 81_920, volatile: 4_096)))
        }
    }

    private static func request(_ name: String, _ bytes: Int, on id: CardID, _ store: any Store) throws
        -> String
    {
        do {
            try store.write { transaction in
                let act = Act(
                    transaction, now: now, actor: .provider(try ProviderID(name)),
                    entropy: SeededEntropy(seed: [1]))
                let wish = Reservation(provider: try ProviderID(name), room: Room(nonVolatile: bytes))
                _ = try act.requestBerth(wish, on: id, sizes: sizes)
            }
            return "given"
        } catch let refusal as BerthRefusal {
            return refusal.code
        }
    }

    @Test("a card's rows come back with one question, and only those", arguments: Engine.allCases)
    func dossier(_ engine: Engine) throws {
        try engine.with(.current) { store, _ in
            let cards = try (1...3).map { try Self.dossier($0) }
            try Self.place(cards, store)
            for card in cards {
                let read = try store.read { try $0.dossier(of: card.card.id) }
                #expect(read == card)
            }
        }
    }

    @Test(
        "of many who want the last bytes of a card, only as many get some as there is room for",
        .mission(.a11), arguments: Engine.shared)
    func race(_ engine: Engine) throws {
        try engine.with(.current) { store, _ in
            let names = (0..<8).map { "p\($0)" }
            try Self.place([Self.dossier(1, applications: 0)], store)
            try store.write { transaction in
                for name in names { transaction.insert(try Self.provider(name)) }
            }
            let outcomes = Mutex<[String]>([])
            onThreads(names.count) { index in
                let outcome = try Self.request(
                    names[index], 25_000, on: Self.dossier(1).card.id, store)
                outcomes.withLock { $0.append(outcome) }
            }
            let sorted = outcomes.withLock { $0.sorted() }
            #expect(
                sorted == ["given", "given"] + [String](repeating: "not-enough-room", count: 6))
            let left = try store.read { try $0.dossier(of: Self.dossier(1).card.id) }
            #expect(left?.berths.count == 2)
            #expect(left?.card.revision == 14)
        }
    }

    @Test(
        "a provider's number of cards holds, also when all are asked at once", .mission(.a11),
        arguments: Engine.shared)
    func cardLimit(_ engine: Engine) throws {
        try engine.with(.current) { store, _ in
            let cards = try (0..<12).map { try Self.dossier($0, applications: 0) }
            try Self.place(cards, store)
            try store.write { $0.insert(try Self.provider("bank")) }
            let outcomes = Mutex<[String]>([])
            onThreads(cards.count) { index in
                let outcome = try Self.request("bank", 1_000, on: cards[index].card.id, store)
                outcomes.withLock { $0.append(outcome) }
            }
            #expect(outcomes.withLock { $0.count { $0 == "given" } } == 10)
            #expect(outcomes.withLock { $0.count { $0 == "provider-card-limit" } } == 2)
        }
    }

    @Test("a card with ten applications takes less than four kilobytes on disk")
    func size() throws {
        try withFolder { folder in
            let path = folder + "/store.db"
            let count = 1_000
            do {
                let store = try SQLiteStore(.file(path))
                try store.migrate(to: .current)
                for start in stride(from: 0, to: count, by: 100) {
                    try Self.place((start..<start + 100).map { try Self.dossier($0) }, store)
                }
            }
            var bytes = 0
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
                bytes += (attributes[.size] as? Int) ?? 0
            }
            #expect(bytes / count < 4_096, "\(bytes / count) bytes per card")
            print("bytes per card on SQLite: \(bytes / count)")
        }
    }
}
