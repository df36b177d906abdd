import CardCrypto
import Centre
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Counters of sessions")
struct CounterTests {
    /// A card with a counter that has been seen, a copy of it, and then the card seen again.
    private static func copied(
        _ profile: String
    ) throws -> (bench: DeskBench, card: VirtualCard, copy: VirtualCard, id: CardID) {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard(profile)
        try bench.visit(card, id)
        let copy = card.clone(entropy: SeededEntropy(seed: [99]))
        try bench.visit(card, id)
        return (bench, card, copy, id)
    }

    @Test(
        "a copy that shows a counter of the past is stopped, and the card blocked until a person has looked",
        arguments: ["javacard-80k-predictable", "javacard-80k-scp02"])
    func copyIsStopped(profile: String) throws {
        let (bench, card, copy, id) = try Self.copied(profile)
        #expect(try !bench.visit(copy, id).isFinished)
        guard case .stopped(let reason) = try bench.visit(copy, id) else {
            Issue.record("the copy was served")
            return
        }
        #expect(reason.text.contains("went back"))
        guard case .blocked(let why) = try bench.record(id).card.life else {
            Issue.record("the card is not blocked")
            return
        }
        #expect(reason.text.contains(why))
        // The card itself waits for the person too.
        guard case .stopped = try bench.visit(card, id) else {
            Issue.record("a blocked card was served")
            return
        }
    }

    @Test("also right after a session that was computed ahead and that nobody answered")
    func copyAfterSilence() throws {
        let (bench, _, copy, id) = try Self.copied("javacard-80k-predictable")
        // Everything goes out with the first order; the card never sees it.
        guard case .order(let order) = try bench.desk.arrive(id, at: TerminalID("t1")) else {
            Issue.record("there was no order")
            return
        }
        #expect(order.commands.count > 3)
        #expect(try bench.record(id).card.keySet.nextSequenceCounter == nil)
        guard case .stopped(let reason) = try bench.visit(copy, id) else {
            Issue.record("the copy was served")
            return
        }
        #expect(reason.text.contains("went back"))
    }

    @Test("the card itself goes on after such a session, whether it saw it or not", arguments: [false, true])
    func cardAfterSilence(isSeen: Bool) throws {
        let (bench, card, _, id) = try Self.copied("javacard-80k-predictable")
        guard case .order(let order) = try bench.desk.arrive(id, at: TerminalID("t1")) else {
            Issue.record("there was no order")
            return
        }
        card.powerOn()
        if isSeen { _ = bench.carry(order, card) }
        #expect(try bench.visit(card, id).isFinished)
        #expect(try bench.visit(card, id).isFinished)
    }

    @Test("a counter that somebody on the way made up neither stops a card nor counts")
    func forgedCounter() throws {
        let (bench, card, _, id) = try Self.copied("javacard-80k-predictable")
        let known = try bench.record(id).card.keySet
        card.powerOn()
        guard case .order(let order) = try bench.desk.arrive(id, at: TerminalID("t1")) else {
            Issue.record("there was no order")
            return
        }
        var answers = bench.carry(order, card)
        // INITIALIZE UPDATE is the second command; its counter stands at the end of the data.
        var bytes = answers[1].bytes
        bytes[bytes.count - 3] = 0
        bytes[bytes.count - 4] = 0
        answers[1] = try ResponseAPDU(parsing: bytes)
        let reply = try bench.desk.report(
            Report(visit: order.visit, number: order.number, answers: answers))
        // Nothing vouches for it, so the card is asked anew.
        guard case .order(let anew) = reply else {
            Issue.record("\(reply)")
            return
        }
        #expect(anew.visit == order.visit)
        let card1 = try bench.record(id).card
        #expect(card1.life == .active)
        #expect(card1.keySet.leastSequenceCounter == known.leastSequenceCounter)
        #expect(try bench.visit(card, id).isFinished)
    }
}

extension Visit.Ending {
    var isFinished: Bool { self == .finished }
}
