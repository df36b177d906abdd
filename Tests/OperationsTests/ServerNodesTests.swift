import CardCrypto
import Centre
import Foundation
import Storage
import Synchronization
import TestSupport
import Testing
import VirtualCard

/// Centres on a server of PostgreSQL: what a far one makes them wait for, and two of them for one card.
@Suite("Nodes on a server")
struct ServerNodesTests {
    struct MissingServer: Error, CustomStringConvertible {
        let description =
            "no PostgreSQL: run the tests by scripts/test, or by scripts/private-postgresql -- swift test"
    }

    /// Two nodes on one server, with tables of their own.
    static func withNodes(_ body: ([PostgreSQLStore]) throws -> Void) throws {
        guard let server = ProcessInfo.processInfo.environment["BERTH_TEST_POSTGRESQL"] else {
            throw MissingServer()
        }
        let administrator = try PostgreSQLStore(server)
        let name = "nodes_\(UInt64.random(in: 0...UInt64.max))"
        try administrator.perform("CREATE SCHEMA \(name)")
        defer { _ = try? administrator.perform("DROP SCHEMA \(name) CASCADE") }
        let nodes = try (0..<2).map { _ in
            try PostgreSQLStore(server + "&options=-csearch_path%3D\(name)")
        }
        try nodes[0].migrate(to: .current)
        try body(nodes)
    }

    /// Round trips of what the body does, and that nothing of it was begun twice.
    private func trips<Result>(
        _ store: PostgreSQLStore, _ body: () throws -> Result
    ) throws -> (trips: Int, result: Result) {
        let before = try #require(store.effort)
        let result = try body()
        let after = try #require(store.effort)
        #expect(after.refused == before.refused && after.widened == before.widened)
        #expect(after.alone == before.alone)
        return (after.trips - before.trips, result)
    }

    @Test("a card is read, planned for and changed in four round trips")
    func planned() throws {
        try Self.withNodes { nodes in
            let bench = try DeskBench(store: nodes[0])
            let (card, id) = try bench.makeCard()
            for (number, example) in [ExampleApplication.purse, .pass, .loans].enumerated() {
                try bench.request("add-\(number)", VisitBench.adding(example), on: id)
                #expect(try bench.visit(card, id) == .finished)
            }
            let wishes = [Wish.add(application: try ApplicationID("loyalty"))]
            let (trips, _) = try trips(nodes[0]) {
                try bench.act { act in
                    let picture = try act.picture(of: id, for: wishes, DeskBench.Models())
                    #expect(!picture.plan(wishes).steps.isEmpty)
                    var card = picture.card
                    card.revision += 1
                    act.transaction.put(card, since: picture.card)
                }
            }
            // The card, what it shows, what that depends on, and the end. What a connection says for the first time is
            // prepared in the same trip.
            #expect(trips == 4)
        }
    }

    @Test("an exchange takes a round trip for what it asks, and one for its end; so does a request")
    func exchanges() throws {
        try Self.withNodes { nodes in
            let bench = try DeskBench(store: nodes[0])
            let (card, id) = try bench.makeCard()
            var counts: [[Int]] = []
            let operations = [
                ("add", try VisitBench.adding(.purse)), ("remove", VisitBench.removing(.purse)),
                ("again", try VisitBench.adding(.purse)),
            ]
            for (name, steps) in operations {
                let plan = try bench.plan(steps, for: id)
                let deadline = bench.clock.now.advanced(by: .seconds(86_400))
                var (taken, _) = try trips(nodes[0]) {
                    try bench.desk.request(RequestID(name), plan, deadline: deadline, by: .centre)
                }
                counts.append([taken])
                card.powerOn()
                bench.clock.advance(by: .seconds(90))
                var reply: Visit.Reply
                (taken, reply) = try trips(nodes[0]) { try bench.desk.arrive(id, at: TerminalID("t1")) }
                counts[counts.count - 1].append(taken)
                while case .order(let order) = reply {
                    let report = Report(
                        visit: order.visit, number: order.number, answers: bench.carry(order, card))
                    (taken, reply) = try trips(nodes[0]) { try bench.desk.report(report) }
                    counts[counts.count - 1].append(taken)
                }
                #expect(try bench.operation(name, on: id)?.state == .ended(.done))
            }
            // The first time the catalogue is asked as well, and code.
            #expect(counts[0].prefix(3) == [2, 2, 2] && counts[0].allSatisfy { $0 <= 5 }, "\(counts)")
            #expect(counts[1...].joined().allSatisfy { $0 == 2 }, "\(counts)")
        }
    }

    @Test("a card that shows up at both is served by one", .mission(.a11))
    func lease() throws {
        try Self.withNodes { nodes in
            let bench = try DeskBench(store: nodes[0])
            let (card, id) = try bench.makeCard()
            try bench.visit(card, id)
            let other = ExchangeDesk(
                store: nodes[1], vault: bench.vault, models: DeskBench.Models(), clock: bench.clock,
                entropy: SeededEntropy(seed: [9]))
            let desks = [bench.desk, other]
            for _ in 0..<20 {
                bench.clock.advance(by: .seconds(90))
                let replies = Mutex<[Visit.Reply]>([])
                let group = DispatchGroup()
                for (index, desk) in desks.enumerated() {
                    group.enter()
                    Thread {
                        defer { group.leave() }
                        do {
                            let reply = try desk.arrive(id, at: TerminalID("t\(index)"))
                            replies.withLock { $0.append(reply) }
                        } catch { Issue.record(error) }
                    }.start()
                }
                group.wait()
                let served = replies.withLock { replies in
                    replies.count { reply in if case .order = reply { true } else { false } }
                }
                #expect(served == 1)
                #expect(replies.withLock { $0.count } == 2)
            }
        }
    }
}
