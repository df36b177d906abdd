import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Testing
import VirtualCard

/// What operations did that had ended before the card came back is no drift.
@Suite("Late steps")
struct LateStepTests {
    private static let purse = VisitBench.id(.purse).application
    private static let instance = ExampleApplication.purse.module
    private static let profiles = ["javacard-80k", "javacard-80k-scp02"]

    private static func expectNoDrift(_ bench: DeskBench, _ id: CardID, _ name: String) throws {
        let findings = try bench.record(id).findings
        #expect(findings.isEmpty, "\(name): \(findings)")
        let told = try bench.events().filter { $0.hasPrefix("card.drift") }
        #expect(told.isEmpty, "\(name): \(told)")
    }

    /// A visit that is over as soon as the card was asked what is true.
    private static func look(_ bench: DeskBench, _ card: VirtualCard, _ id: CardID) throws {
        card.powerOn()
        bench.clock.advance(by: .seconds(90))
        var reply = try bench.desk.arrive(id, at: TerminalID("t1"))
        while case .order(let order) = reply {
            let answers = order.number < 3 ? bench.carry(order, card) : []
            reply = try bench.desk.report(Report(visit: order.visit, number: order.number, answers: answers))
        }
    }

    @Test(
        "what one did is no drift where another was asked for and ended before the card came",
        arguments: [true, false])
    func another(isCancelled: Bool) throws {
        var seen = 0
        for point in stride(from: 0, to: 400, by: 3) {
            let bench = try DeskBench()
            let (card, id) = try bench.makeCard()
            try bench.visit(card, id)
            try bench.wish("add", [.add(application: VisitBench.id(.pass).application)], on: id, hours: 1)
            bench.tear = (bench.exchanges + point, true)
            try bench.visit(card, id)
            guard bench.tear == nil, try bench.operation("add", on: id)?.isOpen == true else { break }
            bench.clock.advance(by: .seconds(7_200))
            #expect(try bench.desk.expire() == 1)
            let loyalty = VisitBench.id(.loyalty).application
            try bench.wish("second", [.add(application: loyalty)], on: id, hours: 1)
            if isCancelled {
                try bench.cancel("second", on: id)
            } else {
                bench.clock.advance(by: .seconds(7_200))
                #expect(try bench.desk.expire() == 1)
            }
            try bench.visit(card, id)
            // Nobody knows whether an instance has its data: it is not taken for the application.
            guard card.contents.application(ExampleApplication.pass.module) == nil else { continue }
            if card.contents.loadFile(ExampleApplication.pass.loadFile) != nil { seen += 1 }
            try Self.expectNoDrift(bench, id, "\(point)")
        }
        #expect(seen > 0)
    }

    @Test("what was still there after the deadline and goes later is nobody's late step")
    func settled() throws {
        var seen = 0
        for point in 0..<100 {
            let (bench, card, id, _) = try ExchangeTests.prepared("javacard-80k")
            try bench.wish("remove", [.remove(application: Self.purse)], on: id, hours: 1)
            bench.tear = (bench.exchanges + point, false)
            try bench.visit(card, id)
            guard bench.tear == nil else { break }
            bench.clock.advance(by: .seconds(7_200))
            #expect(try bench.desk.expire() == 1)
            try bench.visit(card, id)
            guard card.parking(of: Self.instance)?.state == .active else { continue }
            if try bench.operation("remove", on: id)?.begun.isEmpty == false { seen += 1 }
            try Self.expectNoDrift(bench, id, "\(point)")
            let host = try OutsideHost(card)
            try host.open(host.issuer, [.commandMAC, .commandEncryption])
            try host.must(.delete(Self.instance, withRelated: false))
            try bench.visit(card, id)
            #expect(try bench.record(id).findings.count == 1, "\(point)")
        }
        #expect(seen > 0)
    }

    /// How it came that half of a copy is left.
    enum Way: CaseIterable {
        case endedUnseen
        case endedInVisit
        case seenAndEnded
        case seenAndEndedInVisit

        /// One visit found it before the deadline, and was torn too.
        var isSeen: Bool { self == .seenAndEnded || self == .seenAndEndedInVisit }
        var isEndedBefore: Bool { self == .endedUnseen || self == .seenAndEnded }
    }

    @Test(
        "half a copy whose return was overdue is cleared away, which is no drift, and its data come back",
        arguments: profiles, Way.allCases)
    func half(profile: String, way: Way) throws {
        var halves = 0
        for point in stride(from: 0, to: 200, by: 3) {
            let (bench, card, id, balance) = try ExchangeTests.prepared(profile)
            let name = "\(profile), \(way), \(point)"
            try bench.wish("park", [.park(application: Self.purse)], on: id)
            try bench.visitUntilEnd(card, id, "park", name)
            let key = try #require(try bench.stays(of: id).last).key
            try bench.wish("back", [.restore(key)], on: id, hours: 1)
            bench.tear = (bench.exchanges + point, true)
            try bench.visit(card, id)
            guard bench.tear == nil else { break }
            if way.isSeen { try Self.look(bench, card, id) }
            guard try bench.operation("back", on: id)?.isOpen == true else { continue }
            bench.clock.advance(by: .seconds(7_200))
            if way.isEndedBefore { #expect(try bench.desk.expire() == 1) }
            switch card.parking(of: Self.instance)?.state {
            case .vacant, .importing, .verified: halves += 1
            case .active, .frozen, nil: break
            }
            for _ in 0..<2 { try bench.visit(card, id) }
            try Self.expectNoDrift(bench, id, name)
            if card.parking(of: Self.instance)?.state != .active {
                #expect(card.contents.application(Self.instance) == nil, "\(name)")
                try bench.wish("again", [.restore(key)], on: id)
                try bench.visitUntilEnd(card, id, "again", name)
            }
            #expect(try DeskBench.ask(card, .purse, "8030000000") == balance, "\(name)")
        }
        #expect(halves > 0)
    }

    @Test(
        "what is left of an application that gave its data up is cleared away, which is no drift",
        arguments: profiles)
    func rest(profile: String) throws {
        var rests = 0
        for point in 0..<100 {
            let (bench, card, id, _) = try ExchangeTests.prepared(profile)
            try bench.wish("park", [.park(application: Self.purse)], on: id, hours: 1)
            bench.tear = (bench.exchanges + point, true)
            try bench.visit(card, id)
            guard bench.tear == nil, try bench.operation("park", on: id)?.isOpen == true else { break }
            bench.clock.advance(by: .seconds(7_200))
            #expect(try bench.desk.expire() == 1)
            if card.parking(of: Self.instance)?.state == .vacant { rests += 1 }
            for _ in 0..<2 { try bench.visit(card, id) }
            #expect(card.parking(of: Self.instance)?.state != .vacant, "\(profile), \(point)")
            try Self.expectNoDrift(bench, id, "\(profile), \(point)")
        }
        #expect(rests > 0)
    }
}
