import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing
import VirtualCard

@Suite("Frozen ahead of the card's first word, and another card may be in its place")
struct ForeignCardTests {
    private struct Holder {
        let card: VirtualCard
        let id: CardID
        let balance: String

        var purse: ParkingSight? { card.parking(of: ExampleApplication.purse.module) }
        var isAtWork: Bool { get throws { try DeskBench.ask(card, .purse, "8030000000") == balance } }
    }

    private static let shared = "javacard-80k-predictable"

    /// Money in a purse; everybody who got theirs in this way has shown the same counters.
    private static func holder(_ bench: DeskBench, _ profile: String, seed: UInt8) throws -> Holder {
        let (card, id) = try bench.makeCard(profile, seed: seed)
        try bench.visit(card, id)
        try bench.request("add", VisitBench.adding(.purse), on: id)
        try bench.visitUntilEnd(card, id, "add")
        _ = try DeskBench.ask(card, .purse, "803200000400002710")
        return Holder(card: card, id: id, balance: try DeskBench.ask(card, .purse, "8030000000"))
    }

    private static func firstOrder(_ bench: DeskBench, _ holder: Holder) throws -> Order {
        bench.clock.advance(by: .seconds(90))
        guard case .order(let order) = try bench.desk.arrive(holder.id, at: TerminalID("t1")) else {
            throw DeskProblem.noOrder
        }
        return order
    }

    private enum DeskProblem: Error { case noOrder }

    /// STORE DATA: the word of the application alone, or FREEZE and READ behind it.
    private static func storeData(_ order: Order) -> Int { order.commands.count { $0.ins == 0xE2 } }

    /// Carries the order and those that follow to whatever card is there.
    private static func serve(_ bench: DeskBench, _ order: Order, to card: VirtualCard) throws -> Visit.Ending
    {
        card.powerOn()
        var order = order
        while true {
            let report = Report(visit: order.visit, number: order.number, answers: bench.carry(order, card))
            switch try bench.desk.report(report) {
            case .order(let next): order = next
            case .over(let ending): return ending
            }
        }
    }

    @Test("one with keys of its own is not touched, and is asked to authenticate once, as before")
    func otherKeys() throws {
        let bench = try DeskBench()
        let meant = try Self.holder(bench, DeskBench.ownKeys, seed: 1)
        let other = try Self.holder(bench, DeskBench.ownKeys, seed: 2)
        try bench.request("park", VisitBench.parking(.purse), on: meant.id)
        let before = other.purse
        let order = try Self.firstOrder(bench, meant)
        #expect(Self.storeData(order) == 3)
        var answers: [StatusWord] = []
        bench.distort = { command, answer in
            if command.ins == 0x82 { answers.append(answer.status) }
            return answer
        }
        guard case .stopped(let reason) = try Self.serve(bench, order, to: other.card) else {
            Issue.record("another card was served")
            return
        }
        #expect(reason.code == .anotherCard)
        #expect(answers == [0x6300])
        #expect(other.purse == before)
        #expect(try other.isAtWork)
        bench.distort = { $1 }
        // Both go on as if nothing had been.
        try bench.visitUntilEnd(meant.card, meant.id, "park")
        #expect(try bench.visit(other.card, other.id) == .finished)
        #expect(try other.isAtWork)
        #expect(try bench.stays(of: other.id).isEmpty)
    }

    @Test("where both have the same keys nothing is frozen before the card has named itself")
    func sameKeys() throws {
        let bench = try DeskBench()
        let meant = try Self.holder(bench, Self.shared, seed: 1)
        let other = try Self.holder(bench, Self.shared, seed: 2)
        try bench.request("park", VisitBench.parking(.purse), on: meant.id)
        let before = other.purse
        let order = try Self.firstOrder(bench, meant)
        #expect(order.commands.contains { $0.ins == 0x82 })
        #expect(Self.storeData(order) == 1)
        #expect(try Self.serve(bench, order, to: other.card) != .finished)
        #expect(other.purse == before)
        #expect(try other.isAtWork)
    }

    @Test("of a card and a copy that shows the same counter one is served, and the other is found out")
    func equalCopy() throws {
        let bench = try DeskBench()
        let meant = try Self.holder(bench, DeskBench.ownKeys, seed: 1)
        let copy = meant.card.clone(entropy: SeededEntropy(seed: [99]))
        try bench.request("park", VisitBench.parking(.purse), on: meant.id)
        #expect(try bench.visit(copy, meant.id) == .finished)
        #expect(try bench.operation("park", on: meant.id)?.state == .ended(.done))
        guard case .stopped(let reason) = try bench.visit(meant.card, meant.id) else {
            Issue.record("both were served")
            return
        }
        #expect(reason.code == .cardCopied)
        guard case .blocked = try bench.record(meant.id).card.life else {
            Issue.record("the card is not blocked")
            return
        }
    }

    @Test("a copy that shows a counter of the past is not frozen")
    func oldCopy() throws {
        let bench = try DeskBench()
        let meant = try Self.holder(bench, DeskBench.ownKeys, seed: 1)
        let copy = Holder(
            card: meant.card.clone(entropy: SeededEntropy(seed: [99])), id: meant.id, balance: meant.balance)
        try bench.visit(meant.card, meant.id)
        try bench.request("park", VisitBench.parking(.purse), on: meant.id)
        let before = copy.purse
        guard case .stopped(let reason) = try bench.visit(copy.card, meant.id) else {
            Issue.record("the copy was served")
            return
        }
        #expect(reason.code == .cardCopied)
        #expect(copy.purse == before)
        #expect(try copy.isAtWork)
    }

    @Test("an order that was kept back does nothing once the card has opened another session")
    func replayedLate() throws {
        let bench = try DeskBench()
        let meant = try Self.holder(bench, DeskBench.ownKeys, seed: 1)
        try bench.request("park", VisitBench.parking(.purse), on: meant.id, hours: 1)
        let order = try Self.firstOrder(bench, meant)
        bench.clock.advance(by: .seconds(3_700))
        #expect(try bench.desk.expire() == 1)
        // Nobody knows whether the card had it, so it is asked.
        #expect(try bench.stays(of: meant.id).count { $0.isOpen } == 1)
        #expect(try bench.visit(meant.card, meant.id) == .finished)
        #expect(try bench.stays(of: meant.id).allSatisfy { !$0.isOpen })
        let before = meant.purse
        meant.card.powerOn()
        let answers = bench.carry(order, meant.card)
        let authenticated = try #require(order.commands.firstIndex { $0.ins == 0x82 })
        #expect(answers.count == order.commands.count)
        #expect(answers[authenticated...].allSatisfy { !$0.status.isSuccess })
        #expect(meant.purse == before)
        #expect(try meant.isAtWork)
        #expect(try bench.visit(meant.card, meant.id) == .finished)
    }

    @Test("what such an order froze after its operation was over is at work again after the next visit")
    func carriedLate() throws {
        let bench = try DeskBench()
        let meant = try Self.holder(bench, DeskBench.ownKeys, seed: 1)
        try bench.request("park", VisitBench.parking(.purse), on: meant.id, hours: 1)
        let order = try Self.firstOrder(bench, meant)
        bench.clock.advance(by: .seconds(3_700))
        #expect(try bench.desk.expire() == 1)
        meant.card.powerOn()
        _ = bench.carry(order, meant.card)
        #expect(meant.purse?.state == .frozen)
        for _ in 0..<2 { try bench.visit(meant.card, meant.id) }
        #expect(try meant.isAtWork)
        #expect(try bench.stays(of: meant.id).allSatisfy { !$0.isOpen })
    }

    @Test("what the keys of a card are derived from is learned from a session that they opened")
    func learned() throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard(DeskBench.ownKeys)
        let known = try bench.record(id).card.keySet.diversificationData
        #expect(known.count == 10)
        try bench.store.write { transaction in
            var row = try #require(try transaction.find(Card.self, key: .text(id.text)))
            row.keySet.diversificationData = []
            row.keySet.nextSequenceCounter = nil
            transaction.put(row)
        }
        // The first asks for the challenge, the next ones compute it.
        for orders in [2, 1, 1] {
            #expect(try bench.visit(card, id) == .finished)
            #expect(bench.roundTrips == orders)
            #expect(try bench.record(id).card.keySet.diversificationData == known)
        }
    }

    @Test(
        "the keys of a card are its own where a number goes into them that no other card has",
        arguments: [
            ("kdf3", "47901234-112233445566", KeyHolder.thisCard),
            ("kdf3", "47901234-112233445577", .anyCard),
            // Without IIN and CIN: fabricator, type, date, serial number and batch.
            ("kdf3", "479050016040112233445566", .thisCard),
            ("kdf3", "479050016040112233445577", .anyCard),
            // Too short to tell cards apart.
            ("kdf3", "47901234-5566", .anyCard),
            ("none", "47901234-112233445566", .anyCard),
            // The domain's name only.
            ("$_000000$0$1", "47901234-112233445566", .anyCard),
            // The serial number without its batch.
            ("$_000000$4$5$6$7", "47901234-112233445566", .anyCard),
            ("$_000000$4$5$6$7$8$9", "47901234-112233445566", .thisCard),
        ])
    func keyHolders(scheme: String, id: String, expected: KeyHolder) throws {
        let start = Instant(milliseconds: 0)
        var contents = VaultContents(wrappingKey: Secret([UInt8](repeating: 9, count: 32)), at: start)
        try contents.add(
            .init(
                MasterKeyName("m"), .aes, material: [Secret(0x40...0x4F)], diversification: scheme,
                createdAt: start))
        let vault = SoftwareVault(inMemory: contents, entropy: SeededEntropy(seed: [1]))
        let card = Card(
            id: try CardID(id), profile: try ProfileName("p"), issuerDomain: ExampleApplication.purse.module,
            keySet: .init(
                masterKey: try MasterKeyName("m"), version: 1, channel: .scp03,
                diversificationData: try Hex.decode("00004790112233445566")),
            registeredAt: start)
        #expect(card.keyHolder(derivedFrom: try vault.derivationData(of: card.keySet)) == expected)
    }
}
