import Centre
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("What a card said before its visit")
struct GreetingTests {
    private static let profiles = [
        "javacard-80k", "javacard-80k-predictable", DeskBench.ownKeys, "javacard-80k-scp02", "small-16k",
    ]
    private static let unpredictable = profiles.filter { !$0.contains("predictable") }

    /// The first command of the visit's first order.
    private static func begin(
        _ bench: DeskBench, _ id: CardID, _ greeting: Greeting?, at terminal: String = "t1"
    ) throws -> UInt8? {
        bench.clock.advance(by: .seconds(90))
        guard case .order(let order) = try bench.desk.arrive(id, at: TerminalID(terminal), greeting: greeting)
        else { return nil }
        return order.commands.first?.ins
    }

    private static let externalAuthenticate: UInt8 = 0x82
    private static let select: UInt8 = 0xA4

    @Test("saves an order where the challenge is random", arguments: zip(unpredictable, [2, 3, 3]))
    func roundTrips(profile: String, orders: Int) throws {
        let (bench, card, id, _) = try ExchangeTests.prepared(profile)
        bench.greets = true
        try bench.request("swap", VisitBench.parking(.purse) + VisitBench.adding(.loyalty), on: id)
        try bench.visit(card, id)
        #expect(try bench.operation("swap", on: id)?.state == .ended(.done))
        #expect(bench.roundTrips == orders)
    }

    @Test(
        "does no harm where it is computed from a counter, nor to what is computed later", arguments: profiles
    )
    func counters(profile: String) throws {
        let (bench, card, id, _) = try ExchangeTests.prepared(profile)
        for (name, step) in [("park", VisitBench.parking(.purse)), ("add", try VisitBench.adding(.loyalty))] {
            bench.greets.toggle()
            try bench.request(name, step, on: id)
            #expect(try bench.visit(card, id).isFinished)
            #expect(try bench.operation(name, on: id)?.state == .ended(.done))
        }
    }

    @Test(
        "a card that was greeted in vain has its challenge asked for: nothing is computed with an old counter",
        arguments: profiles)
    func inVain(profile: String) throws {
        let (bench, card, id, _) = try ExchangeTests.prepared(profile)
        let greeting = try bench.greet(card)
        bench.restart()
        #expect(try Self.begin(bench, id, greeting) == Self.select)
        #expect(try bench.record(id).card.keySet.nextSequenceCounter == nil || profile.hasSuffix("scp02"))
        #expect(try bench.visit(card, id).isFinished)
    }

    @Test("counts once", arguments: unpredictable)
    func once(profile: String) throws {
        let (bench, card, id, _) = try ExchangeTests.prepared(profile)
        let greeting = try bench.greet(card)
        #expect(try Self.begin(bench, id, greeting) == Self.externalAuthenticate)
        for _ in 0..<3 { #expect(try Self.begin(bench, id, greeting) == Self.select) }
        #expect(try bench.visit(card, id).isFinished)
    }

    @Test("a recorded visit proves nothing when it is played again", arguments: unpredictable)
    func recorded(profile: String) throws {
        let (bench, card, id, _) = try ExchangeTests.prepared(profile)
        let greeting = try bench.greet(card)
        bench.clock.advance(by: .seconds(90))
        var answers: [[ResponseAPDU]] = []
        var reply = try bench.desk.arrive(id, at: TerminalID("t1"), greeting: greeting)
        while case .order(let order) = reply {
            answers.append(bench.carry(order, card))
            reply = try bench.desk.report(
                Report(visit: order.visit, number: order.number, answers: answers[answers.count - 1]))
        }
        #expect(!answers.isEmpty)
        let before = try bench.record(id).card
        bench.clock.advance(by: .seconds(90))
        reply = try bench.desk.arrive(id, at: TerminalID("t1"), greeting: greeting)
        for answer in answers {
            guard case .order(let order) = reply else { break }
            reply = try bench.desk.report(
                Report(visit: order.visit, number: order.number, answers: answer))
        }
        guard case .over(.interrupted) = reply else {
            Issue.record("it went on: \(reply)")
            return
        }
        #expect(try bench.record(id).card.inventory == before.inventory)
        #expect(try bench.visit(card, id).isFinished)
    }

    @Test("is of the terminal that was given the challenge, of its node, and of these days")
    func whose() throws {
        let (bench, card, id, _) = try ExchangeTests.prepared("small-16k")
        #expect(try Self.begin(bench, id, bench.greet(card), at: "t2") == Self.select)
        // The challenge is still the first terminal's.
        var greeting = try bench.greet(card)
        bench.clock.advance(by: .seconds(7 * 86_400))
        #expect(try Self.begin(bench, id, greeting) == Self.select)
        greeting = try bench.greet(card)
        bench.restart()
        #expect(try Self.begin(bench, id, greeting) == Self.select)
        greeting = try bench.greet(card)
        bench.clock.advance(by: .seconds(-200))
        #expect(try Self.begin(bench, id, greeting) == Self.select)
        // Of three that were given the first is forgotten: an answer may get lost, but not for ever.
        greeting = try bench.greet(card)
        for _ in 0..<2 { _ = bench.desk.greeting(for: try TerminalID("t1")) }
        #expect(try Self.begin(bench, id, greeting) == Self.select)
        #expect(try bench.visit(card, id).isFinished)
    }

    @Test("of another card, cut short or changed on the way it is not believed, and nothing is spent")
    func notBelieved() throws {
        let (bench, card, id, _) = try ExchangeTests.prepared("small-16k")
        let (other, _) = try bench.makeCard("small-16k", seed: 77)
        #expect(try Self.begin(bench, id, bench.greet(other)) == Self.select)
        for count in 0..<4 {
            let whole = try bench.greet(card)
            let part = Greeting(commands: whole.commands, answers: Array(whole.answers.prefix(count)))
            #expect(try Self.begin(bench, id, part) == Self.select)
        }
        let length = try bench.greet(card).answers.last?.bytes.count ?? 0
        // Ten bytes of diversification data prove nothing where all cards have the same keys.
        for index in 10..<length {
            let whole = try bench.greet(card)
            var answers = whole.answers
            var bytes = answers.removeLast().bytes
            bytes[index] ^= 1
            answers.append(try ResponseAPDU(parsing: bytes[...]))
            #expect(
                try Self.begin(bench, id, Greeting(commands: whole.commands, answers: answers))
                    == Self.select,
                "byte \(index)")
        }
        #expect(try bench.visit(card, id).isFinished)
    }

    @Test("whenever the card goes, the work is done in the end, and once", arguments: profiles)
    func torn(profile: String) throws {
        var points = 0
        while points < 400 {
            let (bench, card, id, _) = try ExchangeTests.prepared(profile)
            bench.greets = true
            try bench.request("swap", VisitBench.parking(.purse) + VisitBench.adding(.loyalty), on: id)
            bench.tear = (bench.exchanges + points, points % 2 == 0)
            try bench.visitUntilEnd(card, id, "swap", "torn at \(points)")
            let stays = try bench.stays(of: id).filter { if case .held = $0.state { true } else { false } }
            #expect(stays.count == 1)
            if bench.tear != nil { break }
            points += 1
        }
        #expect((10..<400).contains(points))
    }
}
