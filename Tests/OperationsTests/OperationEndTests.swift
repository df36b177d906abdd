import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing
import VirtualCard

@Suite("Ends of operations")
struct OperationEndTests {
    /// A way in which an operation comes to its end, and what is told of it.
    struct Way: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let kind: String
        let end: @Sendable (DeskBench, VirtualCard, CardID) throws -> Void

        static let all = [
            Way(testDescription: "in a visit", kind: "operation.done") { bench, card, id in
                try bench.request("wish", VisitBench.adding(.pass), on: id)
                try bench.visitUntilEnd(card, id, "wish")
            },
            Way(testDescription: "called off before anything was sent", kind: "operation.cancelled") {
                bench, _, id in
                try bench.request("wish", VisitBench.adding(.pass), on: id)
                try bench.cancel("wish", on: id)
            },
            Way(testDescription: "called off while its card was away", kind: "operation.cancelled") {
                bench, card, id in
                try bench.request("wish", VisitBench.adding(.pass), on: id)
                bench.tear = (bench.exchanges + 20, true)
                try bench.visit(card, id)
                try bench.cancel("wish", on: id)
                for _ in 0..<3 { try bench.visit(card, id) }
            },
            Way(testDescription: "its deadline passed", kind: "operation.failed") { bench, _, id in
                try bench.request("wish", VisitBench.adding(.pass), on: id, hours: 1)
                bench.clock.advance(by: .seconds(3_700))
                #expect(try bench.desk.expire() == 1)
                #expect(try bench.desk.expire() == 0)
            },
            Way(testDescription: "its deadline passed after it had begun", kind: "operation.failed") {
                bench, card, id in
                try bench.request("wish", VisitBench.adding(.pass), on: id, hours: 1)
                bench.tear = (bench.exchanges + 20, true)
                try bench.visit(card, id)
                bench.clock.advance(by: .seconds(3_700))
                #expect(try bench.desk.expire() == 1)
                try bench.visit(card, id)
            },
            Way(testDescription: "its card was retired", kind: "operation.failed") { bench, _, id in
                try bench.request("wish", VisitBench.adding(.pass), on: id)
                try bench.act { try $0.retireCard(id, reason: "lost") }
            },
            Way(testDescription: "only the ledger had to change", kind: "operation.done") { bench, _, id in
                let room = Reservation(
                    provider: try ProviderID("bank"), room: Room(nonVolatile: 4_000))
                try bench.request("wish", [.reserveInLedger(room)], on: id)
            },
        ]
    }

    @Test("every end is told once, in the transaction that ends the operation", arguments: Way.all)
    func told(way: Way) throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        try way.end(bench, card, id)
        #expect(try bench.operation("wish", on: id)?.isOpen == false)
        let ends = try bench.events().filter {
            $0.hasPrefix("operation.") && $0 != "operation.requested"
        }
        #expect(ends == [way.kind])
    }

    @Test("a card is kept from others for ninety days at most, to the millisecond")
    func deadline() throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        let plan = try bench.plan(VisitBench.adding(.pass), for: id)
        func request(_ deadline: Instant) throws -> Operation {
            try bench.desk.request(RequestID("wish"), plan, deadline: deadline, by: .centre)
        }
        let last = bench.clock.now.advanced(by: .seconds(90 * 86_400))
        #expect(throws: OperationRefusal.deadlineTooFar) {
            try request(last.advanced(by: .milliseconds(1)))
        }
        #expect(try bench.operation("wish", on: id) == nil)
        #expect(try request(last).deadline == last)
        #expect(try bench.operation("wish", on: id)?.isOpen == true)
    }

    @Test("what is overdue is ended, however many others wait for cards that come before")
    func manyOpen() throws {
        let bench = try DeskBench()
        let (_, id) = try bench.makeCard()
        let last = bench.clock.now.advanced(by: .seconds(30 * 86_400))
        let others = try (0..<Query.rowsMax).map { try CardID("00-\(10_000 + $0)") }
        #expect(others.allSatisfy { $0.text < id.text })
        try bench.act { act in
            for other in others {
                act.transaction.insert(
                    Operation(
                        id: try RequestID("wish"), card: other, wishes: [],
                        steps: try VisitBench.adding(.pass), requestedAt: bench.clock.now, deadline: last))
            }
        }
        try bench.request("wish", VisitBench.adding(.pass), on: id, hours: 1)
        bench.clock.advance(by: .seconds(3_700))
        #expect(try bench.desk.expire() == 1)
        #expect(try bench.operation("wish", on: id)?.isOpen == false)
        #expect(try bench.operation("wish", on: others[0])?.isOpen == true)
    }

    @Test("a plan that was made before an operation was called off is still good")
    func plansStay() throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        try bench.request("wish", VisitBench.adding(.pass), on: id)
        let plan = try bench.plan(VisitBench.adding(.loyalty), for: id)
        try bench.cancel("wish", on: id)
        let next = try bench.desk.request(
            RequestID("next"), plan, deadline: bench.clock.now.advanced(by: .seconds(3_600)), by: .centre)
        #expect(next.isOpen)
        try bench.visitUntilEnd(card, id, "next")
    }
}
