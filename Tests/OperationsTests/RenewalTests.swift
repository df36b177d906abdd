import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("A new card gets what the old one had")
struct RenewalTests {
    private static let used: [ExampleApplication] = [.purse, .pass, .loyalty, .loans]

    /// A holder with an old card: the purse is in custody, loyalty and loans can be made again, the pass has data on
    /// the
    /// card only.
    private static func prepared() throws -> (
        bench: DeskBench, old: VirtualCard, oldID: CardID, number: HolderNumber, balance: String
    ) {
        let bench = try DeskBench(parkings: [.loyalty: .stateless, .loans: .rePersonalised])
        let (old, oldID) = try bench.makeCard("javacard-80k", seed: 1)
        let number = try HolderNumber("10042")
        let verifier = try PasswordVerifier(
            Secret(Array("a long password".utf8)), entropy: SeededEntropy(seed: [3]),
            cost: KeyDerivation.ScryptCost(workExponent: 2, blockSize: 1, parallelism: 1))
        try bench.act { act in
            try act.registerHolder(number, HolderDetails(name: "Ada Lovelace"), password: verifier)
            try act.assignCard(oldID, to: number)
            for example in used {
                try act.setUse(of: VisitBench.id(example).application, by: number, isUsed: true)
            }
        }
        try bench.visit(old, oldID)
        try bench.wish("all", used.map { .add(application: VisitBench.id($0).application) }, on: oldID)
        try bench.visitUntilEnd(old, oldID, "all")
        _ = try DeskBench.ask(old, .purse, "803200000400002710")
        let balance = try DeskBench.ask(old, .purse, "8030000000")
        try bench.wish("park", [.park(application: VisitBench.id(.purse).application)], on: oldID)
        try bench.visitUntilEnd(old, oldID, "park")
        return (bench, old, oldID, number, balance)
    }

    /// What the holder has: where, and whether the centre has the same.
    private static func programs(_ bench: DeskBench, _ number: HolderNumber) throws -> [String] {
        try bench.act { try $0.programs(of: number) }.map { program in
            let place = if case .card = program.place { "card" } else { "custody" }
            return "\(program.release?.description ?? "?") \(place) \(program.copy)"
        }.sorted()
    }

    @Test("whatever happens on the card, the centre has the same programs as its holder", .mission(.c1))
    func equal() throws {
        let (bench, card, id, number, _) = try Self.prepared()
        var expected: Set = [
            "purse@1.0 custody same", "pass@1.0 card same", "loyalty@1.0 card same", "loans@1.0 card same",
        ]
        #expect(try Self.programs(bench, number) == expected.sorted())
        try bench.publish(.pass, "1.1")
        let purse = try #require(try bench.stays(of: id).last)
        let changes: [(wish: Wish, from: String, to: String?)] = [
            (
                .update(to: ReleaseID(VisitBench.id(.pass).application, try ReleaseVersion("1.1"))),
                "pass@1.0 card same", "pass@1.1 card same"
            ),
            (
                .park(application: VisitBench.id(.loyalty).application), "loyalty@1.0 card same",
                "loyalty@1.0 custody same"
            ),
            (.restore(purse.key), "purse@1.0 custody same", "purse@1.0 card same"),
            (.remove(application: VisitBench.id(.loans).application), "loans@1.0 card same", nil),
        ]
        for (index, change) in changes.enumerated() {
            try bench.wish("change\(index)", [change.wish], on: id)
            try bench.visitUntilEnd(card, id, "change\(index)")
            expected.remove(change.from)
            if let to = change.to { expected.insert(to) }
            let found = try Self.programs(bench, number)
            #expect(found == expected.sorted(), "\(change.wish)")
        }
        // What somebody else brings is seen, too, and told from what the centre has.
        let host = try OutsideHost(card)
        try host.open(host.issuer)
        let install = InstallCommand.Install(
            loadFile: ExampleApplication.pass.loadFile, module: ExampleApplication.pass.module,
            instance: try AID(hex: "F04265727468FE02"), privileges: [])
        try host.must(InstallCommand.install(install, makeSelectable: true).command())
        try bench.visit(card, id)
        #expect(try Self.programs(bench, number) == (expected.union(["? card none"])).sorted())
    }

    @Test(
        "who the holder is, what is in custody and what can be made again come in one operation, torn anywhere",
        .mission(.c2), .mission(.c5), .mission(.c6), .mission(.c7), .mission(.point4))
    func renew() throws {
        for point in [-1] + Array(stride(from: 0, to: 400, by: 9)) {
            let (bench, old, oldID, number, balance) = try Self.prepared()
            let (card, id) = try bench.makeCard("javacard-80k", seed: 2)
            #expect(id != oldID)
            try bench.act { try $0.assignCard(id, to: number) }
            try bench.visit(card, id)
            let plan = try bench.plan(for: [.renew], on: id)
            #expect(plan.isFeasible, "\(plan.objections)")
            // Only the pass begins anew, and the plan says so before anything is done.
            #expect(plan.objections.map(\.kind) == [.dataLost])
            #expect(plan.objections.first?.subject == ExampleApplication.pass.rawValue)
            if point >= 0 { bench.tear = (bench.exchanges + point, point.isMultiple(of: 2)) }
            try bench.wish("renew", [.renew], on: id)
            try bench.visitUntilEnd(card, id, "renew", "\(point)")
            for example in Self.used {
                #expect(card.contents.application(example.module) != nil, "\(example), \(point)")
            }
            #expect(try DeskBench.ask(card, .purse, "8030000000") == balance, "\(point)")
            let record = try DeskBench.ask(card, .identity, "00CA006500")
            #expect(record.contains(Array("10042".utf8).hex), "\(point): \(record)")
            #expect(record.contains(Array("Ada Lovelace".utf8).hex), "\(point)")
            #expect(record.contains("DF02020002"), "\(point)")
            #expect(try bench.record(id).card.inventory?.drift == nil, "\(point)")
            // The old card is not served any more, whatever it still has.
            guard case .stopped = try bench.visit(old, oldID) else {
                Issue.record("the old card was served")
                return
            }
            if point >= 0, bench.tear != nil { break }
        }
    }

    @Test("while the old card is in use there is no second one", .mission(.c4))
    func oldCardFirst() throws {
        let (bench, _, oldID, number, _) = try Self.prepared()
        let (card, id) = try bench.makeCard("javacard-80k", seed: 2)
        try bench.act { try $0.assignCard(id, to: number) }
        try bench.visit(card, id)
        // Somebody brings the old one back to life behind the register's back.
        try bench.store.write { transaction in
            guard var old = try transaction.find(Card.self, key: .text(oldID.text)) else { return }
            old.life = .active
            transaction.put(old)
        }
        let plan = try bench.plan(for: [.renew], on: id)
        #expect(plan.objections.contains { $0.kind == .oldCardActive && $0.subject == oldID.text })
        #expect(!plan.isFeasible)
    }

    @Test(
        "a key of the card's own is drawn once, and is nowhere but in the vault and on the card",
        .mission(.c5))
    func authenticationKey() throws {
        let (bench, _, _, number, _) = try Self.prepared()
        let (card, id) = try bench.makeCard("javacard-80k", seed: 2)
        try bench.act { try $0.assignCard(id, to: number) }
        try bench.visit(card, id)
        try bench.wish("renew", [.renew], on: id)
        try bench.visitUntilEnd(card, id, "renew")
        let key = try bench.store.read { transaction in
            let record = try #require(
                try transaction.find(
                    VaultRecord.self, key: .text(id.text), .aid(ExampleApplication.identity.module),
                    .count(1),
                    .count(0)))
            return try transaction.open(record, in: bench.vault)
        }
        let hex = key.withBytes { Array($0).hex }
        #expect(key.count == 16)
        for line in try bench.journal("renew", on: id) { #expect(!line.text.uppercased().contains(hex)) }
        // Told again, it is told the same.
        try bench.request(
            "again", [.identify(instance: ExampleApplication.identity.module)], on: id)
        try bench.visitUntilEnd(card, id, "again")
        let records = try bench.store.read { try $0.all(VaultRecord.self, key: .text(id.text)) }
        #expect(records.count == 1)
    }

    @Test("what was on its way when the old card was retired is settled: held where the vault has it whole")
    func inFlight() throws {
        let (bench, old, oldID, number, _) = try Self.prepared()
        // Frozen and kept, and the order that gives it up never reaches the card.
        let purse = try #require(try bench.stays(of: oldID).last)
        try bench.wish("back", [.restore(purse.key)], on: oldID)
        bench.tear = (bench.exchanges + 30, false)
        try bench.visit(old, oldID)
        let (_, id) = try bench.makeCard("javacard-80k", seed: 2)
        try bench.act { try $0.assignCard(id, to: number) }
        guard case .ended(.failed(let reason, _))? = try bench.operation("back", on: oldID)?.state else {
            Issue.record("\(String(describing: try bench.operation("back", on: oldID)))")
            return
        }
        #expect(reason.text.contains("retired"))
        guard case .held? = try bench.stays(of: oldID).last?.state else {
            Issue.record("\(try bench.stays(of: oldID))")
            return
        }
    }

    @Test("room on a card that is retired is nobody's, and counts towards no limit", arguments: [400, 4_000])
    func rooms(bytes: Int) throws {
        let (bench, old, oldID, number, _) = try Self.prepared()
        let bank = try ProviderID("bank")
        let reservation = Reservation(
            provider: bank, room: Room(nonVolatile: bytes), domain: try AID(hex: "F042657274686B01"))
        func berths() throws -> [Berth] {
            try bench.store.read {
                try $0.all(Berth.self, Query(Berth.table, [.init("provider", .word(bank))]))
            }
        }
        try bench.wish("reserve", [.reserve(reservation)], on: oldID)
        try bench.visit(old, oldID)
        guard case .ready? = try berths().first?.state else {
            Issue.record("\(try berths())")
            return
        }
        let (_, id) = try bench.makeCard("javacard-80k", seed: 2)
        try bench.act { try $0.assignCard(id, to: number) }
        #expect(try berths().isEmpty)
        #expect(try bench.events().last { $0.hasPrefix("berth.") } == "berth.released")
    }

    @Test(
        "a release that was withdrawn hinders no new card: its data come back, and what has none is left out")
    func withdrawn() throws {
        let (bench, _, _, number, balance) = try Self.prepared()
        try bench.act { act in
            for example in [ExampleApplication.purse, .pass] {
                try act.withdraw(VisitBench.id(example), reason: "it has a mistake")
            }
        }
        let (card, id) = try bench.makeCard("javacard-80k", seed: 2)
        try bench.act { try $0.assignCard(id, to: number) }
        try bench.visit(card, id)
        let plan = try bench.plan(for: [.renew], on: id)
        #expect(plan.objections.map(\.kind) == [.leftOut])
        #expect(plan.objections.first?.subject == ExampleApplication.pass.rawValue)
        try bench.wish("renew", [.renew], on: id)
        try bench.visitUntilEnd(card, id, "renew")
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
        #expect(card.contents.application(ExampleApplication.pass.module) == nil)
        #expect(card.contents.application(ExampleApplication.loyalty.module) != nil)
        // It may leave by wish, and comes back where it left.
        let purse = VisitBench.id(.purse).application
        try bench.wish("park", [.park(application: purse)], on: id)
        try bench.visitUntilEnd(card, id, "park")
        let stay = try #require(try bench.stays(of: id).last(where: { $0.isOpen }))
        try bench.wish("back", [.restore(stay.key)], on: id)
        try bench.visitUntilEnd(card, id, "back")
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
    }

    @Test("what left a card before it was the holder's is the holder's, and comes to the next card")
    func nobodys() throws {
        let bench = try DeskBench()
        let (old, oldID) = try bench.makeCard("javacard-80k", seed: 1)
        try bench.visit(old, oldID)
        let purse = VisitBench.id(.purse).application
        try bench.wish("add", [.add(application: purse)], on: oldID)
        try bench.visitUntilEnd(old, oldID, "add")
        _ = try DeskBench.ask(old, .purse, "803200000400002710")
        let balance = try DeskBench.ask(old, .purse, "8030000000")
        try bench.wish("park", [.park(application: purse)], on: oldID)
        try bench.visitUntilEnd(old, oldID, "park")
        let number = try HolderNumber("10042")
        let verifier = try PasswordVerifier(
            Secret(Array("a long password".utf8)), entropy: SeededEntropy(seed: [3]),
            cost: KeyDerivation.ScryptCost(workExponent: 2, blockSize: 1, parallelism: 1))
        try bench.act { act in
            try act.registerHolder(number, HolderDetails(name: "Ada Lovelace"), password: verifier)
            try act.assignCard(oldID, to: number)
            try act.setUse(of: purse, by: number, isUsed: true)
        }
        #expect(try bench.stays(of: oldID).map(\.holder) == [number])
        let charged = try bench.store.read {
            try $0.all(Stay.self, Query(Stay.table, [.init("holder", .word(number))]))
        }
        #expect(charged.map(\.id.card) == [oldID])
        let (card, id) = try bench.makeCard("javacard-80k", seed: 2)
        try bench.act { try $0.assignCard(id, to: number) }
        try bench.visit(card, id)
        try bench.wish("renew", [.renew], on: id)
        try bench.visitUntilEnd(card, id, "renew")
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
    }
}
