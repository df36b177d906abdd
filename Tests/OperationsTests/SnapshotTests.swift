import CardCrypto
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Copies of data that stay on their card")
struct SnapshotTests {
    private static let purse = VisitBench.id(.purse).application

    private static func prepared() throws -> (
        bench: DeskBench, card: VirtualCard, id: CardID, number: HolderNumber, balance: String
    ) {
        let bench = try DeskBench(copyable: [.purse])
        let (card, id) = try bench.makeCard("javacard-80k")
        let number = try HolderNumber("10042")
        let verifier = try PasswordVerifier(
            Secret(Array("a long password".utf8)), entropy: SeededEntropy(seed: [3]),
            cost: KeyDerivation.ScryptCost(workExponent: 2, blockSize: 1, parallelism: 1))
        try bench.act { act in
            try act.registerHolder(number, HolderDetails(name: "Ada Lovelace"), password: verifier)
            try act.assignCard(id, to: number)
            try act.setUse(of: purse, by: number, isUsed: true)
        }
        try bench.visit(card, id)
        try bench.wish("add", [.add(application: purse)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        _ = try DeskBench.ask(card, .purse, "803200000400002710")
        return (bench, card, id, number, try DeskBench.ask(card, .purse, "8030000000"))
    }

    private static func snapshots(_ bench: DeskBench, _ id: CardID) throws -> [Snapshot] {
        try bench.store.read { try $0.all(Snapshot.self, key: .text(id.text)) }
    }

    private static func records(_ bench: DeskBench, _ id: CardID) throws -> Int {
        try bench.store.read { try $0.all(VaultRecord.self, key: .text(id.text)) }.count
    }

    @Test("a copy is made, torn at every command, and the application goes on where it is", .mission(.c1))
    func tears() throws {
        for isCarriedOut in [false, true] {
            for point in 0..<60 {
                let (bench, card, id, _, balance) = try Self.prepared()
                let name = "\(point), \(isCarriedOut)"
                bench.tear = (bench.exchanges + point, isCarriedOut)
                try bench.wish("copy", [.snapshot(application: Self.purse)], on: id)
                try bench.visitUntilEnd(card, id, "copy", name)
                #expect(try DeskBench.ask(card, .purse, "8030000000") == balance, "\(name)")
                let snapshot = try #require(try Self.snapshots(bench, id).first)
                let stays = try bench.stays(of: id)
                #expect(stays.allSatisfy { !$0.isOpen }, "\(name)")
                #expect(try Self.records(bench, id) == 1, "\(name)")
                // It is no copy that could be brought to life.
                let key = CustodyKey(card: id, aid: snapshot.aid, ordinal: snapshot.ordinal)
                #expect(try bench.plan(for: [.restore(key)], on: id).objections.map(\.kind) == [.notHeld])
                if bench.tear != nil { break }
            }
        }
    }

    @Test("a release that permits none is not copied")
    func refused() throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard("javacard-80k")
        try bench.visit(card, id)
        try bench.wish("add", [.add(application: Self.purse)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        let plan = try bench.plan(for: [.snapshot(application: Self.purse)], on: id)
        #expect(plan.objections.map(\.kind) == [.cannotPark])
    }

    @Test("the newest copy is the only one, and it goes when the data themselves leave or are removed")
    func overtaken() throws {
        let (bench, card, id, _, _) = try Self.prepared()
        for name in ["copy", "again"] {
            try bench.wish(name, [.snapshot(application: Self.purse)], on: id)
            try bench.visitUntilEnd(card, id, name)
        }
        #expect(try Self.snapshots(bench, id).map(\.ordinal) == [2])
        #expect(try Self.records(bench, id) == 1)
        try bench.wish("park", [.park(application: Self.purse)], on: id)
        try bench.visitUntilEnd(card, id, "park")
        #expect(try Self.snapshots(bench, id).isEmpty)
        #expect(try Self.records(bench, id) == 1)
        guard case .held? = try bench.stays(of: id).last?.state else {
            Issue.record("\(try bench.stays(of: id))")
            return
        }
    }

    @Test(
        "when the card is given up, the copy comes to life on the next one, and the plan says how old it is",
        .mission(.c2))
    func renewal() throws {
        let (bench, old, oldID, number, balance) = try Self.prepared()
        try bench.wish("copy", [.snapshot(application: Self.purse)], on: oldID)
        try bench.visitUntilEnd(old, oldID, "copy")
        // What happens after the copy is lost with the card.
        _ = try DeskBench.ask(old, .purse, "803200000400000001")
        let (card, id) = try bench.makeCard("javacard-80k", seed: 2)
        try bench.act { try $0.assignCard(id, to: number) }
        try bench.visit(card, id)
        let plan = try bench.plan(for: [.renew], on: id)
        #expect(plan.objections.map(\.kind) == [.dataOld])
        try bench.wish("renew", [.renew], on: id)
        try bench.visitUntilEnd(card, id, "renew")
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
        // The old card is served no more, so there is one copy that counts.
        guard case .stopped = try bench.visit(old, oldID) else {
            Issue.record("the old card was served")
            return
        }
    }

    @Test("a copy that was made before the card was the holder's is the holder's when the card is lost")
    func nobodys() throws {
        let bench = try DeskBench(copyable: [.purse])
        let (card, id) = try bench.makeCard("javacard-80k")
        try bench.visit(card, id)
        try bench.wish("add", [.add(application: Self.purse)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        try bench.wish("copy", [.snapshot(application: Self.purse)], on: id)
        try bench.visitUntilEnd(card, id, "copy")
        let number = try HolderNumber("10042")
        let verifier = try PasswordVerifier(
            Secret(Array("a long password".utf8)), entropy: SeededEntropy(seed: [3]),
            cost: KeyDerivation.ScryptCost(workExponent: 2, blockSize: 1, parallelism: 1))
        try bench.act { act in
            try act.registerHolder(number, HolderDetails(name: "Ada Lovelace"), password: verifier)
            try act.assignCard(id, to: number)
            try act.retireCard(id, reason: "lost")
        }
        #expect(try bench.stays(of: id).filter(\.isOpen).map(\.holder) == [number])
    }
}
