import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Operations that are asked for during a visit")
struct AskedMeanwhileTests {
    private static let purse = VisitBench.id(.purse).application

    @Test(
        "asked for while the card's answers are on their way, custody succeeds in the same visit",
        arguments: ["javacard-80k", "javacard-80k-predictable", "javacard-80k-scp02"], [1, 2, 3])
    func park(profile: String, number: Int) throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard(profile)
        try bench.visit(card, id)
        try bench.wish("add", [.add(application: Self.purse)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        card.powerOn()
        bench.clock.advance(by: .seconds(90))
        var reply = try bench.desk.arrive(id, at: TerminalID("t1"))
        var isAskedFor = false
        while case .order(let order) = reply {
            let answers = bench.carry(order, card)
            if order.number == number {
                try bench.wish("park", [.park(application: Self.purse)], on: id)
                isAskedFor = true
            }
            reply = try bench.desk.report(Report(visit: order.visit, number: order.number, answers: answers))
        }
        // A visit in which nothing is to be done has fewer orders.
        guard isAskedFor else { return }
        #expect(try bench.operation("park", on: id)?.state == .ended(.done))
        #expect(try bench.stays(of: id).last.map { if case .held = $0.state { true } else { false } } == true)
    }
}
