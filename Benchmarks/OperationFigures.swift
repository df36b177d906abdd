internal import Centre
internal import Simulation
internal import Storage
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What operations on cards cost the core: one exchange is one report taken and one order given, durably.
enum OperationFigures {
    /// The core reaches half of what the bare engine commits.
    private static let ratioMax = 2.0

    static func all(_ effort: Effort) throws -> [Figure] {
        try BenchPlace.engines(effort).flatMap { try exchanges($0, effort) + operations($0, effort) }
            + simulation(effort)
    }

    // MARK: Exchanges

    /// One after the other, in turns with the bare engine's commits; the time that cards take is not counted.
    private static func exchanges(_ engine: BenchPlace.Engine, _ effort: Effort) throws -> [Figure] {
        var figures: [Figure] = []
        try engine.open("exchanges") { place in
            let store = CountingStore(place.store)
            let recorder = RecordingStore(store)
            let centre = try BenchCentre(recorder)
            let line = ExchangeLine(centre, try centre.makeCards(effort.lineCards, seed: 1))
            try place.settle()
            let same = SameWrites(recorder, .rows, try place.copy(.rows)())
            let asking = SameWrites(recorder, .questionsAndRows, try place.copy(.questionsAndRows)())
            recorder.begin()
            // The bare engine is one round behind, so that it may be the first of a round as well.
            _ = try line.round(effort.exchangesPerRound)
            let questions = store.questions
            let turns = try effort.exchangeTurns([
                { try line.round($0) },
                { count in ExchangeCost(wall: try nanoseconds { for _ in 0..<count { try place.bare() } }) },
                { count in
                    try same.prepare()
                    return ExchangeCost(wall: try same.exchanges(count))
                },
                { count in
                    try asking.prepare()
                    return ExchangeCost(wall: try asking.exchanges(count))
                },
            ])
            let asked =
                Double(store.questions - questions) / Double(effort.rounds * effort.exchangesPerRound)
            figures = report("exchange-\(engine.name)", turns, effort)
            figures.append(Figure("exchange-\(engine.name)-rows", same.rowsPerExchange, "rows"))
            // Questions beside an operation's request and its card's registration count too; they are few.
            figures.append(Figure("exchange-\(engine.name)-questions", asked, "questions"))
        }
        return figures
    }

    /// - Parameter turns: of each round ours, one row changed by the bare engine, the same rows as ours, and those with
    ///   the same questions before.
    private static func report(_ prefix: String, _ turns: [[ExchangeCost]], _ effort: Effort) -> [Figure] {
        let count = Double(effort.exchangesPerRound) * 1e3
        func time(_ way: Int) -> Double { median(turns.map { $0[way].wall }) / count }
        func ratio(to way: Int) -> Double { median(turns.map { $0[0].wall / $0[way].wall }) }
        let processor = median(turns.map { $0[0].processor }) / count
        return [
            Figure("\(prefix)-time", time(0), "us"),
            Figure("\(prefix)-bare-commit", time(1), "us"),
            Figure("\(prefix)-ratio", ratio(to: 1), "x", target: ratioMax),
            Figure("\(prefix)-same-writes-commit", time(2), "us"),
            Figure("\(prefix)-same-writes-ratio", ratio(to: 2), "x", target: ratioMax),
            Figure("\(prefix)-same-questions-and-writes", time(3), "us"),
            Figure("\(prefix)-same-questions-and-writes-ratio", ratio(to: 3), "x"),
            Figure("\(prefix)-processor", processor, "us"),
            Figure("\(prefix)-rate-one-core", 1e6 / processor, "exchanges/s"),
        ]
    }

    // MARK: Operations

    /// Whole operations on many cards, by as many callers at once as a node may have.
    private static func operations(_ engine: BenchPlace.Engine, _ effort: Effort) throws -> [Figure] {
        var figures: [Figure] = []
        try engine.open("operations") { place in
            let centre = try BenchCentre(place.store)
            let lines = try (0..<StoreFigures.writerCount).map { thread in
                let cards = try centre.makeCards(
                    effort.operationCards / StoreFigures.writerCount, seed: UInt8(10 + thread))
                return ExchangeLine(centre, cards, firstNumber: thread * 1_000_000)
            }
            try place.settle()
            let failure = Mutex<String?>(nil)
            let before = processorNanoseconds(CLOCK_PROCESS_CPUTIME_ID)
            let time = nanoseconds {
                let threads = lines.map { line in
                    BenchThread {
                        do {
                            for _ in 0..<line.cardCount { try line.operation() }
                        } catch {
                            failure.withLock { $0 = "\(error)" }
                        }
                    }
                }
                for thread in threads { thread.join() }
            }
            let processor = processorNanoseconds(CLOCK_PROCESS_CPUTIME_ID) - before
            if let failure = failure.withLock({ $0 }) { throw BenchmarkError(failure) }
            let operations = Double(lines.reduce(0) { $0 + $1.cardCount })
            let exchanges = Double(lines.reduce(0) { $0 + $1.exchangeCount })
            let prefix = "operations-\(engine.name)-\(effort.operationCards)-cards"
            figures = [
                Figure(prefix, operations / time * 1e9, "operations/s"),
                Figure("\(prefix)-exchanges", exchanges / time * 1e9, "exchanges/s"),
                Figure("\(prefix)-exchanges-each", exchanges / operations, "exchanges"),
                Figure("\(prefix)-processor", processor / operations / 1e3, "us"),
            ]
        }
        return figures
    }

    // MARK: Simulated worlds

    private static func simulation(_ effort: Effort) throws -> [Figure] {
        let simulation = Simulation(try Ground())
        _ = simulation.run(0)
        var events = 0
        var commands = 0
        let time = try nanoseconds {
            for seed in 1...effort.worldCount {
                let outcome = simulation.run(UInt64(seed))
                guard outcome.isSound else { throw BenchmarkError("the world of seed \(seed) is not sound") }
                events += outcome.events.count
                commands += outcome.commandCount
            }
        }
        return [
            Figure("simulation-steps", Double(events) / time * 1e9, "steps/s"),
            Figure("simulation-commands", Double(commands) / time * 1e9, "commands/s"),
            Figure("simulation-worlds", Double(effort.worldCount) / time * 1e9, "worlds/s"),
        ]
    }
}

/// Nanoseconds.
private struct ExchangeCost {
    var wall = 0.0
    var processor = 0.0
}

/// Cards that come to the centre one after the other, each with a wish.
private final class ExchangeLine: @unchecked Sendable {
    // Sendable because one thread has it at a time.

    private let centre: BenchCentre
    private let holders: [BenchHolder]
    private var number: Int
    private var turn = 0
    private var order: (order: Order, holder: BenchHolder)?
    private(set) var exchangeCount = 0

    var cardCount: Int { holders.count }

    init(_ centre: BenchCentre, _ holders: [BenchHolder], firstNumber: Int = 0) {
        self.centre = centre
        self.holders = holders
        number = firstNumber
    }

    /// The next card's whole operation.
    func operation() throws {
        _ = try next()
        while order != nil { _ = try next() }
    }

    /// So many exchanges, and what they cost the core together.
    func round(_ count: Int) throws -> ExchangeCost {
        var total = ExchangeCost()
        for _ in 0..<count {
            let cost = try next()
            total.wall += cost.wall
            total.processor += cost.processor
        }
        return total
    }

    /// One exchange, and what it cost the core: a card comes, or it has answered.
    func next() throws -> ExchangeCost {
        exchangeCount += 1
        if let (order, holder) = order {
            let answers = try holder.answers(to: order)
            return try timed(holder) {
                try centre.desk.report(Report(visit: order.visit, number: order.number, answers: answers))
            }
        }
        let holder = holders[turn % holders.count]
        turn += 1
        number += 1
        try centre.request(on: holder, number: number)
        holder.powerOn()
        return try timed(holder) { try centre.desk.arrive(holder.id, at: nil) }
    }

    private func timed(_ holder: BenchHolder, _ body: () throws -> Visit.Reply) throws -> ExchangeCost {
        var reply: Visit.Reply?
        // This thread does it all: a group of one has nobody to wait for.
        let before = processorNanoseconds(CLOCK_THREAD_CPUTIME_ID)
        let wall = try nanoseconds { reply = try body() }
        let processor = processorNanoseconds(CLOCK_THREAD_CPUTIME_ID) - before
        switch reply {
        case .order(let next): order = (next, holder)
        case .over(.finished): order = nil
        case .over(let ending): throw BenchmarkError("a visit ended: \(ending)")
        case nil: preconditionFailure("the body gave a reply")
        }
        return ExchangeCost(wall: wall, processor: processor)
    }
}

/// A number that threads count up together.
final class Counter: Sendable {
    private let number = Atomic<Int>(0)
    var value: Int { number.load(ordering: .relaxed) }
    func add() { number.wrappingAdd(1, ordering: .relaxed) }
}

extension Effort {
    /// Rounds of some ways, none always first.
    fileprivate func exchangeTurns(_ ways: [(Int) throws -> ExchangeCost]) throws -> [[ExchangeCost]] {
        try (0..<rounds).map { round in
            var costs = ways.map { _ in ExchangeCost() }
            for offset in ways.indices {
                let way = (round + offset) % ways.count
                costs[way] = try ways[way](exchangesPerRound)
            }
            return costs
        }
    }

    fileprivate var lineCards: Int { isQuick ? 4 : 64 }
    /// So many that the processor's caches are those of who does nothing else, as in a node at work.
    fileprivate var exchangesPerRound: Int { isQuick ? 5 : 100 }
    fileprivate var operationCards: Int { isQuick ? 160 : 10_000 }
    fileprivate var worldCount: Int { isQuick ? 3 : 50 }
}
