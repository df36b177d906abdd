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
            let centre = try BenchCentre(store)
            let line = ExchangeLine(centre, try centre.makeCards(effort.lineCards, seed: 1))
            try place.settle()
            for _ in 0..<effort.exchangesPerRound { _ = try line.next() }
            let questions = store.questions
            var rounds: [(ours: Double, bare: Double, processor: Double)] = []
            for number in 0..<effort.rounds {
                // Neither is always the one that comes first.
                let first = number.isMultiple(of: 2) ? nil : try commits(place, effort)
                var wall = 0.0
                var processor = 0.0
                for _ in 0..<effort.exchangesPerRound {
                    let cost = try line.next()
                    wall += cost.wall
                    processor += cost.processor
                }
                let bare = try first ?? commits(place, effort)
                let count = Double(effort.exchangesPerRound)
                rounds.append((wall / count, bare, processor / count))
            }
            let asked =
                Double(store.questions - questions) / Double(effort.rounds * effort.exchangesPerRound)
            let prefix = "exchange-\(engine.name)"
            let processor = median(rounds.map(\.processor))
            figures = [
                Figure("\(prefix)-time", median(rounds.map(\.ours)) / 1e3, "us"),
                Figure("\(prefix)-bare-commit", median(rounds.map(\.bare)) / 1e3, "us"),
                Figure("\(prefix)-ratio", median(rounds.map { $0.ours / $0.bare }), "x", target: ratioMax),
                Figure("\(prefix)-processor", processor / 1e3, "us"),
                Figure("\(prefix)-rate-one-core", 1e9 / processor, "exchanges/s"),
                // Questions beside an operation's request and its card's registration count too; they are few.
                Figure("\(prefix)-questions", asked, "questions"),
            ]
        }
        return figures
    }

    private static func commits(_ place: BenchPlace, _ effort: Effort) throws -> Double {
        let time = try nanoseconds {
            for _ in 0..<effort.exchangesPerRound { try place.bare() }
        }
        return time / Double(effort.exchangesPerRound)
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

/// Cards that come to the centre one after the other, each with a wish.
private final class ExchangeLine: @unchecked Sendable {
    // Sendable because one thread has it at a time.

    struct Cost {
        var wall = 0.0
        var processor = 0.0
    }

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

    /// One exchange, and what it cost the core: a card comes, or it has answered.
    func next() throws -> Cost {
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

    private func timed(_ holder: BenchHolder, _ body: () throws -> Visit.Reply) throws -> Cost {
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
        return Cost(wall: wall, processor: processor)
    }
}

private func processorNanoseconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// A number that threads count up together.
final class Counter: Sendable {
    private let number = Atomic<Int>(0)
    var value: Int { number.load(ordering: .relaxed) }
    func add() { number.wrappingAdd(1, ordering: .relaxed) }
}

extension Effort {
    fileprivate var lineCards: Int { isQuick ? 4 : 64 }
    fileprivate var exchangesPerRound: Int { isQuick ? 5 : 20 }
    fileprivate var operationCards: Int { isQuick ? 160 : 10_000 }
    fileprivate var worldCount: Int { isQuick ? 3 : 50 }
}
