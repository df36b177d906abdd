import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Frozen and read in the order that asks what is true")
struct ReadingAheadTests {
    private static let profiles = [
        "javacard-80k", "javacard-80k-predictable", DeskBench.ownKeys, "javacard-80k-scp02", "small-16k",
    ]

    private static func balance(_ card: VirtualCard) throws -> String {
        try DeskBench.ask(card, .purse, "8030000000")
    }

    @Test("the order behind the opening brings the whole image", arguments: zip(profiles, [3, 3, 2, 4, 4]))
    func roundTrips(profile: String, orders: Int) throws {
        let (bench, card, id, _) = try ExchangeTests.prepared(profile)
        try bench.request("swap", VisitBench.parking(.purse) + VisitBench.adding(.loyalty), on: id)
        try bench.visit(card, id)
        #expect(try bench.operation("swap", on: id)?.state == .ended(.done))
        #expect(bench.roundTrips == orders)
    }

    @Test(
        "a generation that nobody here can know costs one order more, and leaves one stay",
        arguments: profiles)
    func wrongGuess(profile: String) throws {
        let bench = try VisitBench(profile)
        try bench.order(VisitBench.adding(.purse))
        #expect(bench.visitUntilEnd() == .done)
        try bench.order(VisitBench.parking(.purse), name: "park")
        #expect(bench.visitUntilEnd() == .done)
        try bench.order(bench.restoring(.purse), name: "restore")
        #expect(bench.visitUntilEnd() == .done)
        // As if it had come from another card, whose stays are that card's.
        bench.file.stays = []
        try bench.order(VisitBench.parking(.purse), name: "again")
        bench.visit()
        #expect(bench.file.operation?.state == .ended(.done), "\(bench.story.joined(separator: "\n"))")
        let stay = try #require(bench.file.stays.first)
        guard case .held = stay.state, bench.file.stays.count == 1 else {
            Issue.record("\(bench.file.stays)")
            return
        }
        #expect(stay.generation == 4)
    }

    @Test(
        "whenever the card goes, an operation that ends at its deadline leaves the application at work",
        arguments: profiles)
    func overdue(profile: String) throws {
        var wasFrozen = 0
        for point in 0..<60 {
            let (bench, card, id, balance) = try ExchangeTests.prepared(profile)
            try bench.request("park", VisitBench.parking(.purse), on: id, hours: 1)
            bench.tear = (bench.exchanges + point, true)
            try bench.visit(card, id)
            if bench.tear != nil { break }
            if try bench.operation("park", on: id)?.isPastReturn == true { break }
            if try Self.balance(card) != balance { wasFrozen += 1 }
            bench.clock.advance(by: .seconds(3_700))
            #expect(try bench.desk.expire() == 1)
            let open = try bench.stays(of: id).count { $0.isOpen }
            if try Self.balance(card) != balance { #expect(open == 1, "nobody asks at \(point)") }
            for _ in 0..<2 { try bench.visit(card, id) }
            #expect(try Self.balance(card) == balance, "torn at \(point)")
            #expect(try bench.stays(of: id).allSatisfy { !$0.isOpen }, "torn at \(point)")
        }
        #expect(wasFrozen > 0)
    }

    @Test(
        "whoever hides that it was frozen does not end the search for it",
        arguments: profiles.filter { !$0.hasSuffix("predictable") })
    func hidden(profile: String) throws {
        let (bench, card, id, balance) = try ExchangeTests.prepared(profile)
        try bench.request("park", VisitBench.parking(.purse), on: id)
        card.powerOn()
        bench.clock.advance(by: .seconds(90))
        var reply = try bench.desk.arrive(id, at: TerminalID("t1"))
        while case .order(let order) = reply {
            let answers = bench.carry(order, card).enumerated().map { index, answer in
                // STORE DATA goes to the application: nothing that it says comes through.
                order.commands[index].ins == 0xE2 ? ResponseAPDU(status: 0x6F00) : answer
            }
            reply = try bench.desk.report(Report(visit: order.visit, number: order.number, answers: answers))
        }
        #expect(try Self.balance(card) != balance)
        #expect(try bench.stays(of: id).contains { $0.isOpen })
        bench.clock.advance(by: .seconds(90_000))
        try bench.desk.expire()
        for _ in 0..<3 { try bench.visit(card, id) }
        #expect(try bench.operation("park", on: id)?.isOpen == false)
        #expect(try Self.balance(card) == balance)
        #expect(try bench.stays(of: id).allSatisfy { !$0.isOpen })
    }
}
