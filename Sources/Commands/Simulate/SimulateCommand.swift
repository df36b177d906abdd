internal import Arguments
internal import Centre
internal import JSON
internal import Simulation

/// `berth simulate`: worlds in which everything goes wrong, and what must hold in them.
enum SimulateCommand {
    private static let seed = Option<Int>.value(
        "seed", .integer("N", in: 0...Int.max), default: 1,
        help: "The first world; the same seed gives the same world")
    private static let seeds = Option<Int>.value(
        "seeds", .integer("N", in: 1...1_000_000_000), default: 1,
        help: "How many worlds, one seed after the other")
    private static let cards = Option<Int>.value(
        "cards", .integer("N", in: 1...Simulation.cardsMax), default: 3, help: "Cards in each world")
    private static let steps = Option<Int>.value(
        "steps", .integer("N", in: 1...Simulation.stepsMax), default: 40, help: "Events in each world")
    private static let flaw = Option<String?>.optional(
        "flaw", .choice("NAME", Flaws.all.map { ($0.name, $0.name, "") }),
        help: "Switch a planted mistake on; debug builds only")
    private static let whole = Option<Bool>.flag(
        "whole", help: "Tell the whole story of a world that breaks an invariant, and do not make it short")
    private static let all = Option<Bool>.flag(
        "all", help: "Go on behind a world that breaks an invariant, and name each with its reason")
    private static let exhaustive = Option<Bool>.flag(
        "exhaustive", help: "Tear every operation at every point instead, and count the points")
    private static let stride = Option<Int>.value(
        "stride", .integer("N", in: 1...1_000_000), default: 500,
        help: "With --exhaustive: of all pairs of cuts, every N-th")
    private static let sample = Option<Int>.value(
        "sample", .integer("N", in: 1...1_000), default: 1,
        help: "With --exhaustive: of single cuts too, every N-th")
    private static let part = Option<Int>.value(
        "part", .integer("N", in: 1...64), default: 1, help: "With --exhaustive: which part of the work")
    private static let parts = Option<Int>.value(
        "parts", .integer("N", in: 1...64), default: 1,
        help: "With --exhaustive: into how many parts the work is cut")

    static let verb = Command(
        "simulate", "Run worlds of cards, terminals and crashes, and check that nothing is ever lost",
        discussion: """
            One thread, virtual time, the real core on the real store, virtual cards, and everything that can go wrong. \
            After every event the invariants are checked. A world that breaks one is told as a short story, with the \
            command that replays it. docs/reference/reliability.md tells what is checked.
            """,
        examples: [
            .init("a thousand worlds", "berth simulate --seeds 1000"),
            .init("one world again", "berth simulate --seed 4711"),
            .init("every operation, torn everywhere", "berth simulate --exhaustive"),
        ],
        options: [
            OptionGroup(
                "Options",
                [seed, seeds, cards, steps, flaw, whole, all, exhaustive, stride, sample, part, parts])
        ]
    ) { parsed, terminal in
        let chosen = Flaws.all.first { $0.name == parsed[flaw] }?.flaw ?? []
        let ground = try Ground()
        if parsed[exhaustive] { return try tearEverything(ground, chosen, parsed, terminal) }
        let simulation = Simulation(
            ground, cards: parsed[cards], steps: parsed[steps], flaws: chosen)
        var totals = Totals()
        var broken: [Outcome] = []
        for number in 0..<parsed[seeds] {
            let outcome = simulation.run(UInt64(parsed[seed]) &+ UInt64(number))
            totals.add(outcome)
            guard !outcome.isSound else { continue }
            guard parsed[all] else {
                let again = replay(outcome, parsed)
                throw tell(parsed[whole] ? outcome : simulation.shrink(outcome), again, terminal)
            }
            broken.append(outcome)
            if !terminal.isJSON { terminal.print("\(replay(outcome, parsed)): \(why(outcome))") }
        }
        if let first = broken.first { throw several(broken, replay(first, parsed)) }
        totals.show(on: terminal)
    }

    private static func why(_ outcome: Outcome) -> String {
        outcome.violation.map { "\($0.invariant.rawValue): \($0.words)" } ?? outcome.error ?? ""
    }

    private static func several(_ broken: [Outcome], _ again: String) -> Problem {
        Problem(
            "invariant-broken", exit: .mismatch, "\(broken.count) worlds broke an invariant",
            why: why(broken[0]), advice: ["replay the first: \(again)"],
            details: [
                "worlds": .array(
                    broken.map {
                        .object(["seed": .count(Int($0.seed)), "why": .string(why($0))])
                    })
            ])
    }

    private static func replay(_ outcome: Outcome, _ parsed: ParsedCommand) -> String {
        "berth simulate --seed \(outcome.seed) --cards \(parsed[cards]) --steps \(parsed[steps])"
            + (parsed[flaw].map { " --flaw \($0)" } ?? "")
    }

    private static func tell(_ outcome: Outcome, _ again: String, _ terminal: Terminal) -> Problem {
        let what = why(outcome)
        if !terminal.isJSON {
            terminal.print("Seed \(outcome.seed), \(outcome.events.count) events:")
            for line in outcome.story { terminal.print("  \(line)") }
        }
        return Problem(
            "invariant-broken", exit: .mismatch, "a world broke an invariant", why: what,
            advice: ["replay it: \(again)"],
            details: [
                "seed": .count(Int(outcome.seed)), "events": .count(outcome.events.count),
                "invariant": .string(outcome.violation?.invariant.rawValue ?? "no-error"),
                "story": .array(outcome.story.map { .string($0) }), "replay": .string(again),
            ])
    }

    private static func tearEverything(
        _ ground: Ground, _ flaws: Flaws, _ parsed: ParsedCommand, _ terminal: Terminal
    ) throws {
        let exhaustive = Exhaustive(ground, flaws: flaws)
        let work = Exhaustive.Case.allCases.flatMap { operation in
            operation.profiles.map { (profile: $0, operation: operation) }
        }
        var (singles, pairs) = (0, 0)
        for (number, item) in work.enumerated() where number % parsed[parts] == parsed[part] - 1 {
            do {
                let counts = try tear(item.operation, item.profile, exhaustive, parsed)
                singles += counts.singles
                pairs += counts.pairs
                if !terminal.isJSON { terminal.print(counts.words) }
            } catch let loss as Exhaustive.Loss {
                throw problem(loss)
            }
        }
        if terminal.isJSON {
            terminal.print(json: ["points": .count(singles), "pairs": .count(pairs), "lost": .count(0)])
        } else {
            terminal.print("\(singles) points and \(pairs) pairs of them cut, nothing lost")
        }
    }

    private static func tear(
        _ operation: Exhaustive.Case, _ profile: String, _ exhaustive: Exhaustive, _ parsed: ParsedCommand
    ) throws -> (singles: Int, pairs: Int, words: String) {
        var points: [Fault] = []
        var words: [String] = []
        for cut in Exhaustive.Cut.allCases {
            let found = try exhaustive.singles(operation, profile: profile, cut, sample: parsed[sample])
            words.append("\(found.count) \(cut.rawValue)")
            points += found
        }
        let pairs = try exhaustive.pairs(operation, profile: profile, of: points, stride: parsed[stride])
        let said = words.joined(separator: ", ")
        return (points.count, pairs, "\(profile), \(operation.rawValue): \(said), \(pairs) pairs")
    }

    private static func problem(_ loss: Exhaustive.Loss) -> Problem {
        Problem(
            "invariant-broken", exit: .mismatch,
            "\(loss.operation.rawValue) on \(loss.profile) did not survive a cut",
            why: loss.words, advice: loss.faults.map { "\($0)" })
    }
}

private struct Totals {
    private var worlds = 0
    private var operations = 0
    private var visits = 0
    private var commands = 0

    mutating func add(_ outcome: Outcome) {
        worlds += 1
        operations += outcome.operationCount
        visits += outcome.visitCount
        commands += outcome.commandCount
    }

    func show(on terminal: Terminal) {
        if terminal.isJSON {
            terminal.print(
                json: [
                    "worlds": .count(worlds), "operations": .count(operations), "visits": .count(visits),
                    "commands": .count(commands), "broken": .count(0),
                ])
        } else {
            terminal.print(
                "\(worlds) worlds, \(operations) operations, \(visits) visits, \(commands) commands: every invariant held"
            )
        }
    }
}
