import Centre
import Dispatch
import Foundation
import GlobalPlatform
import SmartCard
import Storage
import Synchronization
import TestSupport
import Testing

private typealias F = RoomFacts

@Suite("The ledger of room")
struct BerthLedgerTests {
    static let names = F.names([("bank", "purse", 1), ("city", "pass", 2), ("shop", "loyalty", 3)])

    private static func ready(_ provider: String, _ reserved: Int, quota: Int? = nil) -> Berth {
        Berth(
            card: F.id(), provider: F.provider(provider), reserved: Room(nonVolatile: reserved),
            quota: quota.map { Room(nonVolatile: $0, volatile: 100) }, means: .ledger,
            state: .ready(since: F.start))
    }

    @Test("used, reserved and free are all there is", .mission(.a5), .mission(.a11))
    func account() {
        var dossier = F.dossier(free: Room(nonVolatile: 50_000, volatile: 1_000))
        dossier.put(F.loadFile(1, bytes: 3_000))
        dossier.put(F.application(1, F.release("purse"), bytes: 500))
        dossier.put(Self.ready("bank", 10_000))
        dossier.put(Self.ready("city", 4_000))
        let ledger = BerthLedger(dossier, names: Self.names, sizes: F.sizes())
        let account = ledger.account
        #expect(account.sum == Room(nonVolatile: 53_500, volatile: 1_000))
        #expect(account.used == Room(nonVolatile: 3_500))
        // 6,500 of the bank's are still kept, and all of the city's.
        #expect(account.reservedInLedger == Room(nonVolatile: 10_500))
        #expect(account.free == Room(nonVolatile: 39_500, volatile: 1_000))
        #expect(account.sum == account.used + account.reserved + account.free)
        #expect(account.shortage.isNone)
        #expect(ledger.available(to: F.provider("bank")).nonVolatile == 46_000)
        #expect(ledger.available(to: F.provider("shop")).nonVolatile == 39_500)
        #expect(ledger.allowance(of: F.provider("bank")) == Room(nonVolatile: 6_500))
        #expect(ledger.allowance(of: F.provider("shop")) == nil)
        #expect(ledger.held.map(\.remainder.nonVolatile) == [6_500, 4_000])
    }

    @Test("what the card keeps in a domain is its own account", .mission(.a3))
    func domains() {
        let domain = F.aid("A0000001515344")
        var dossier = F.dossier(free: Room(nonVolatile: 50_000, volatile: 1_000))
        var berth = Self.ready("bank", 8_000)
        berth.means = .domain(domain)
        berth.state = .requested
        dossier.put(berth)
        var ledger = BerthLedger(dossier, names: Self.names, sizes: F.sizes(quotas: true))
        // Asked for and not on the card yet: the ledger keeps it back.
        #expect(ledger.account.reservedInLedger == Room(nonVolatile: 8_000))
        dossier.installed(
            InstalledApplication(card: F.id(), aid: domain, lifeCycle: 7, privileges: .securityDomain),
            .init(
                before: Room(nonVolatile: 50_000, volatile: 1_000),
                after: Room(nonVolatile: 42_000, volatile: 1_000)), on: F.model(quotas: true))
        ledger = BerthLedger(dossier, names: Self.names, sizes: F.sizes(quotas: true))
        #expect(ledger.account.reservedOnCard == Room(nonVolatile: 8_000))
        #expect(ledger.account.reservedInLedger.isNone)
        #expect(ledger.account.free == Room(nonVolatile: 42_000, volatile: 1_000))
        #expect(ledger.account.sum == Room(nonVolatile: 50_000, volatile: 1_000))
        #expect(ledger.used(by: F.provider("bank")).isNone)
        // What is put into the domain, by whomever, is its owner's use.
        dossier.put(F.application(9, bytes: 700, domain: domain))
        ledger = BerthLedger(dossier, names: Self.names, sizes: F.sizes(quotas: true))
        #expect(ledger.used(by: F.provider("bank")) == Room(nonVolatile: 700))
    }

    /// Who, how much, what is left for it: within the berth up to its quota; without one, within what is nobody's.
    static let uses: [(String, Int, String?)] = [
        ("bank", 10_000, nil), ("bank", 12_000, nil), ("bank", 12_001, "quota-exceeded"),
        ("city", 4_000, nil), ("city", 4_001, "quota-exceeded"), ("shop", 6_000, nil),
        ("shop", 6_001, "not-enough-room"), ("shop", 50_000, "quota-exceeded"),
    ]

    @Test("nobody installs into what is kept for others", .mission(.a11), arguments: 0..<8)
    func use(_ index: Int) {
        let (provider, bytes, code) = Self.uses[index]
        var dossier = F.dossier(free: Room(nonVolatile: 20_000, volatile: 1_000))
        dossier.put(Self.ready("bank", 10_000, quota: 12_000))
        dossier.put(Self.ready("city", 4_000))
        let ledger = BerthLedger(dossier, names: Self.names, sizes: F.sizes())
        let result = Result { () throws(BerthRefusal) in
            try ledger.checkUse(of: Room(nonVolatile: bytes), by: F.owner(provider))
        }
        switch result {
        case .success: #expect(code == nil)
        case .failure(let refusal): #expect(refusal.code == code)
        }
    }

    @Test("a card that reports nothing is reckoned by what things take at most", .mission(.b3))
    func silent() {
        var dossier = F.dossier(free: nil)
        dossier.put(F.application(1, F.release("purse")))
        let account = BerthLedger(dossier, names: Self.names, sizes: F.sizes()).account
        #expect(!account.isMeasured)
        // An instance nobody knows: its overhead in whole blocks, and the same as a margin.
        #expect(account.used == Room(nonVolatile: 320))
        #expect(account.free == Room(nonVolatile: 65_536 - 320, volatile: 2_048))
        #expect(account.sum == F.model().total)
    }

    // MARK: Random sequences

    /// A card with its truth, on which providers do what they like and the ledger decides.
    private struct World {
        var dossier = F.dossier()
        let sizes: SizeBook
        let quotas: Bool
        var generator: SeededGenerator
        var given = 0
        var refused = 0
        static let providers = ["bank", "city", "shop"]

        init(seed: UInt64, quotas: Bool) {
            generator = SeededGenerator(seed: seed)
            sizes = F.sizes(quotas: quotas)
            self.quotas = quotas
        }

        var ledger: BerthLedger { BerthLedger(dossier, names: BerthLedgerTests.names, sizes: sizes) }
        var free: Room { dossier.card.inventory?.free ?? .none }

        mutating func step() {
            let index = Int.random(in: 0..<3, using: &generator)
            let name = Self.providers[index]
            let provider = F.provider(name)
            let bytes = Int.random(in: 0...30_000, using: &generator)
            do throws(BerthRefusal) {
                switch Int.random(in: 0..<8, using: &generator) {
                case 0, 1: try request(name, bytes)
                case 2: try confirm(provider)
                case 3: dossier = try ledger.after(.release, of: provider, at: F.start)
                case 4: try drop(provider)
                case 5: try install(name, UInt8(index + 1), bytes / 4)
                case 6: remove(UInt8(index + 1))
                default:
                    let change = BerthEvent.change(
                        F.reservation(name, bytes / 2), of: F.owner(name), software: CardSoftware())
                    dossier = try ledger.after(change, of: provider, at: F.start)
                }
                given += 1
            } catch {
                refused += 1
            }
        }

        private mutating func request(_ name: String, _ bytes: Int) throws(BerthRefusal) {
            let domain = "A00000015153" + [UInt8(name.utf8.first ?? 0)].hex
            let wish = F.reservation(name, bytes, domain: quotas ? domain : nil)
            dossier = try ledger.after(
                .request(wish, of: F.owner(name), cardCount: 0, software: CardSoftware()),
                of: F.provider(name), at: F.start)
        }

        private mutating func confirm(_ provider: ProviderID) throws(BerthRefusal) {
            guard let berth = dossier.berth(of: provider), berth.state == .requested else {
                dossier = try ledger.after(.made(.ledger), of: provider, at: F.start)
                return
            }
            // What its owner has there already is a part of it.
            let rest = ledger.remainder(of: berth)
            if case .domain(let aid) = berth.means, dossier.application(aid) == nil {
                guard sizes.model.keepsOnCard(rest) else {
                    dossier = try ledger.after(.made(.ledger), of: provider, at: F.start)
                    return
                }
                let cost = sizes.model.domainCost(rest)
                dossier.installed(
                    InstalledApplication(card: F.id(), aid: aid, lifeCycle: 7, privileges: .securityDomain),
                    .init(before: free, after: free - cost), on: sizes.model)
            }
            dossier = try ledger.after(.made(quotas ? .registry : .ledger), of: provider, at: F.start)
        }

        private mutating func drop(_ provider: ProviderID) throws(BerthRefusal) {
            if let berth = dossier.berth(of: provider), berth.state == .releasing,
                case .domain(let aid) = berth.means, let there = dossier.application(aid)
            {
                dossier.removed(
                    aid, .init(before: free, after: free + (there.measured ?? .none)), on: sizes.model)
            }
            dossier = try ledger.after(
                .released(quotas ? .registry : .ledger), of: provider, at: F.start)
        }

        private mutating func install(_ name: String, _ number: UInt8, _ bytes: Int) throws(BerthRefusal) {
            guard dossier.application(F.instance(number)) == nil else { return }
            let room = Room(nonVolatile: bytes + 32)
            // On a card with domains only what is free can be used without making a domain anew.
            if quotas, !ledger.account.free.covers(room) { return }
            try ledger.checkUse(of: room, by: F.owner(name))
            let application = ["purse", "pass", "loyalty"][Int(number) - 1]
            dossier.installed(
                F.application(number, F.release(application)), .init(before: free, after: free - room),
                on: sizes.model)
        }

        private mutating func remove(_ number: UInt8) {
            guard let there = dossier.application(F.instance(number)) else { return }
            dossier.removed(
                there.aid, .init(before: free, after: free + (there.measured ?? .none)), on: sizes.model)
        }
    }

    @Test(
        "whatever is asked in whatever order, the sum holds and nothing is promised twice", .mission(.a11),
        arguments: [UInt64](1...20), [false, true])
    func invariant(_ seed: UInt64, quotas: Bool) {
        var world = World(seed: seed, quotas: quotas)
        let total = world.free
        for step in 0..<400 {
            let before = world.ledger
            world.step()
            let account = world.ledger.account
            #expect(account.sum == total, "seed \(seed), step \(step)")
            #expect(account.used + account.reserved + account.free == total, "seed \(seed), step \(step)")
            #expect(account.shortage.isNone, "seed \(seed), step \(step)")
            #expect(world.dossier.card.inventory?.sum == total, "seed \(seed), step \(step)")
            // What one does takes nothing of what another was promised.
            let changed = World.providers.map(F.provider).filter {
                before.used(by: $0) != world.ledger.used(by: $0)
                    || before.dossier.berth(of: $0) != world.dossier.berth(of: $0)
            }
            for provider in World.providers.map(F.provider) where !changed.contains(provider) {
                guard let berth = before.dossier.berth(of: provider) else { continue }
                #expect(world.ledger.remainder(of: berth) == before.remainder(of: berth), "seed \(seed)")
            }
            #expect(changed.count <= 1)
        }
        #expect(world.given > 50 && world.refused > 20, "seed \(seed) tries too little")
    }

    // MARK: In the store

    private static func place(_ store: any Store, free: Int) throws {
        try store.place(F.dossier(free: Room(nonVolatile: free, volatile: 100)))
        try store.write { transaction in
            for name in ["bank", "city"] { transaction.insert(F.owner(name, cardsMax: 1)) }
        }
    }

    @Test(
        "room is asked for, confirmed, released and gone, and every step is noted", .mission(.a1),
        .mission(.a5))
    func life() throws {
        let store = try F.store()
        try Self.place(store, free: 10_000)
        let bank = Act.Actor.provider(F.provider("bank"))
        let sizes = F.sizes()
        try store.act(bank) {
            _ = try $0.requestBerth(F.reservation("bank", 6_000), on: F.id(), sizes: sizes)
        }
        try store.act { _ = try $0.berth(.made(.ledger), of: F.provider("bank"), on: F.id(), sizes: sizes) }
        #expect(try store.dossier().berth(of: F.provider("bank"))?.state == .ready(since: F.start))
        try store.act(bank) {
            _ = try $0.requestBerth(F.reservation("bank", 8_000), on: F.id(), sizes: sizes)
        }
        #expect(try store.dossier().berth(of: F.provider("bank"))?.reserved.nonVolatile == 8_000)
        try store.act(bank) { _ = try $0.berth(.release, of: F.provider("bank"), on: F.id(), sizes: sizes) }
        try store.act {
            _ = try $0.berth(.released(.ledger), of: F.provider("bank"), on: F.id(), sizes: sizes)
        }
        let dossier = try store.dossier()
        #expect(dossier.berths.isEmpty)
        #expect(dossier.card.revision == 5)
        let entries = try store.read { try $0.all(AuditEntry.self, key: .word(F.id())) }
        #expect(
            entries.map(\.kind) == [
                "berth.requested", "berth.ready", "berth.changed", "berth.releasing", "berth.released",
            ])
        #expect(entries.allSatisfy { $0.provider == F.provider("bank") })
        let verdict = try store.read {
            try AuditChainCheck.run(.card(F.id()), head: AuditHead(bytes: dossier.card.auditHead), $0)
        }
        #expect(verdict == .whole(links: 5))
    }

    @Test("a provider acts for itself only, and within its number of cards", .mission(.a11))
    func foreign() throws {
        let store = try F.store()
        try Self.place(store, free: 10_000)
        var second = F.dossier()
        second.card.id = F.id("42-02")
        try store.place(second)
        let sizes = F.sizes()
        let bank = Act.Actor.provider(F.provider("bank"))
        #expect(throws: NotPermitted.self) {
            try store.act(bank) {
                _ = try $0.requestBerth(F.reservation("city", 10), on: F.id(), sizes: sizes)
            }
        }
        #expect(throws: NotPermitted.self) {
            try store.act(bank) {
                _ = try $0.berth(.made(.ledger), of: F.provider("bank"), on: F.id(), sizes: sizes)
            }
        }
        try store.act(bank) { _ = try $0.requestBerth(F.reservation("bank", 10), on: F.id(), sizes: sizes) }
        #expect(throws: BerthRefusal.cardLimit(F.provider("bank"), max: 1)) {
            try store.act(bank) {
                _ = try $0.requestBerth(F.reservation("bank", 10), on: F.id("42-02"), sizes: sizes)
            }
        }
        #expect(throws: BerthRefusal.providerUnknown(F.provider("nobody"))) {
            try store.act { _ = try $0.requestBerth(F.reservation("nobody", 10), on: F.id(), sizes: sizes) }
        }
        #expect(throws: CardRefusal.unknown(F.id("42-03"))) {
            try store.act {
                _ = try $0.requestBerth(F.reservation("city", 10), on: F.id("42-03"), sizes: sizes)
            }
        }
    }

    @Test("of two providers after the last bytes exactly one gets them", .mission(.a11), arguments: 0..<20)
    func race(_ round: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "berth-race-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try SQLiteStore(.file(folder.appending(path: "store.db").path))
        try store.migrate(to: .current)
        try Self.place(store, free: 10_000)
        let outcomes = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            let name = ["bank", "city"][index]
            let outcome: String
            do {
                try store.act(.provider(F.provider(name))) {
                    _ = try $0.requestBerth(F.reservation(name, 6_000), on: F.id(), sizes: F.sizes())
                }
                outcome = "given"
            } catch {
                outcome = (error as? BerthRefusal)?.code ?? "\(error)"
            }
            outcomes.withLock { $0.append(outcome) }
        }
        #expect(outcomes.withLock { $0.sorted() } == ["given", "not-enough-room"])
        #expect(try store.dossier().berths.count == 1)
    }
}
