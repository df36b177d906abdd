import Centre
import SmartCard
import Storage
import Synchronization
import TestSupport
import Testing
import VirtualCard

/// What was asked: on a server each question is a round trip, and each query a statement.
private struct Asked: Equatable {
    var questions = 0
    var queries = 0
    var transactions = 0
}

private final class CountingStore: Store {
    private let base: any Store
    private let counts = Mutex(Asked())

    init(_ base: any Store) { self.base = base }

    /// Since it was asked last.
    func taken() -> Asked {
        counts.withLock { counts in
            defer { counts = Asked() }
            return counts
        }
    }

    fileprivate func question(_ queries: Int) {
        counts.withLock { counts in
            counts.questions += 1
            counts.queries += queries
        }
    }

    func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        counts.withLock { $0.transactions += 1 }
        return try base.read { try body(CountingTransaction($0, self)) }
    }

    func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        counts.withLock { $0.transactions += 1 }
        return try base.write { try body(CountingTransaction($0, self)) }
    }
}

private final class CountingTransaction: Transaction {
    private let base: any Transaction
    private let store: CountingStore

    init(_ base: any Transaction, _ store: CountingStore) {
        self.base = base
        self.store = store
    }

    func ask(_ queries: [Query]) throws(StoreFailure) -> [[[StoredValue]]] {
        if !queries.isEmpty { store.question(queries.count) }
        return try base.ask(queries)
    }

    func count(_ query: Query) throws(StoreFailure) -> Int {
        store.question(1)
        return try base.count(query)
    }

    var catalogueMemory: CatalogueMemory? { base.catalogueMemory }
    func change(_ change: Change) { base.change(change) }
    func flush() throws(StoreFailure) { try base.flush() }
}

@Suite("Questions to the store")
struct QuestionTests {
    /// What a visit asks, exchange by exchange.
    private func questions(_ bench: DeskBench, _ store: CountingStore, _ card: VirtualCard, _ id: CardID)
        throws -> [Asked]
    {
        card.powerOn()
        bench.clock.advance(by: .seconds(90))
        _ = store.taken()
        var reply = try bench.desk.arrive(id, at: TerminalID("t1"))
        var counts: [Asked] = []
        while true {
            let taken = store.taken()
            #expect(taken.transactions == 1, "One exchange is one durable commit.")
            counts.append(taken)
            switch reply {
            case .over(let ending):
                #expect(ending == .finished)
                return counts
            case .order(let order):
                let report = Report(
                    visit: order.visit, number: order.number, answers: bench.carry(order, card))
                _ = store.taken()
                reply = try bench.desk.report(report)
            }
        }
    }

    @Test("an exchange is one transaction of few questions", .mission(.a8))
    func exchanges() throws {
        let memory = try SQLiteStore(.memory, mode: .direct)
        try memory.migrate(to: .current)
        let store = CountingStore(memory)
        let bench = try DeskBench(store: store)
        let (card, id) = try bench.makeCard()
        // Everything that is known of the card is one question, with what the last order makes likely. What the
        // catalogue says of what a registry shows, and code, are asked once: then they are remembered.
        let first = try questions(bench, store, card, id).map(\.questions)
        #expect(first.prefix(2) == [1, 1] && first.allSatisfy { $0 <= 2 }, "\(first)")
        try bench.request("add", VisitBench.adding(.purse), on: id)
        let adding = try questions(bench, store, card, id).map(\.questions)
        #expect(adding.prefix(2) == [1, 1] && adding.allSatisfy { $0 <= 3 }, "\(adding)")
        try bench.request("remove", VisitBench.removing(.purse), on: id)
        let removing = try questions(bench, store, card, id).map(\.questions)
        #expect(removing.allSatisfy { $0 == 1 }, "\(removing)")
        try bench.request("again", VisitBench.adding(.purse), on: id)
        let again = try questions(bench, store, card, id).map(\.questions)
        #expect(again.allSatisfy { $0 == 1 }, "\(again)")
    }

    /// Lease, card, open operation, head of the catalogue; a visit that begins asks for six lists as well.
    private static let proofs = 4

    @Test("inside a visit an exchange asks for what proves what it remembers, and for little else")
    func remembered() throws {
        let memory = try SQLiteStore(.memory, mode: .direct)
        try memory.migrate(to: .current)
        let store = CountingStore(memory)
        let bench = try DeskBench(store: store)
        let (card, id) = try bench.makeCard()
        for name in ["add", "remove", "again"] {
            let steps = try name == "remove" ? VisitBench.removing(.purse) : VisitBench.adding(.purse)
            try bench.request(name, steps, on: id)
            let asked = try questions(bench, store, card, id).map(\.queries)
            #expect(asked.prefix(2) == [Self.proofs + 6, Self.proofs], "\(name): \(asked)")
            // Beside them what the last order made likely, and what comes of it.
            #expect(asked.dropFirst().allSatisfy { $0 < Self.proofs + 6 }, "\(name): \(asked)")
        }
    }

    @Test("a plan is made from three questions, however much is on the card")
    func plan() throws {
        let memory = try SQLiteStore(.memory, mode: .direct)
        try memory.migrate(to: .current)
        let store = CountingStore(memory)
        let bench = try DeskBench(store: store)
        let (card, id) = try bench.makeCard()
        for (number, example) in [ExampleApplication.purse, .pass, .loans].enumerated() {
            try bench.request("add-\(number)", VisitBench.adding(example), on: id)
            #expect(try bench.visit(card, id) == .finished)
        }
        _ = store.taken()
        let wishes = [Wish.add(application: try ApplicationID("loyalty"))]
        let plan = try bench.act { try $0.plan(wishes, on: id, DeskBench.Models()) }
        #expect(!plan.steps.isEmpty)
        #expect(store.taken().questions == 3)
    }
}
