internal import Centre
internal import PlanningCases

/// How long it takes to choose who leaves, at different numbers of applications, and whether the choice is the best.
enum PlanFigures {
    /// What is wanted for 64 applications as cards hold them, of 99 in 100 cards.
    static let microsecondsMax = 1_000.0
    /// Compared with exhaustive search: so many applications.
    private static let exhaustiveCounts = 2...16

    static func all(_ effort: Effort) -> [Figure] {
        var figures: [Figure] = []
        for kind in LeavingGenerator.realistic {
            for count in [8, 16, 32, 64] { figures += times(kind, count, effort, hasTarget: count == 64) }
        }
        for kind in LeavingGenerator.hostile { figures += times(kind, 64, effort, hasTarget: false) }
        return figures + [mismatches(effort)]
    }

    private static func times(
        _ kind: LeavingGenerator, _ count: Int, _ effort: Effort, hasTarget: Bool
    ) -> [Figure] {
        var times: [Double] = []
        var states: [Double] = []
        var unprovenCount = 0.0
        let cardCount: UInt64 = effort.isQuick ? 20 : 200
        for seed in 0..<cardCount {
            let problem = kind.problem(count, seed: seed)
            // The least of three: what else the machine does is not the choice's doing.
            var least = Double.infinity
            var choice: LeavingChoice?
            for _ in 0..<3 {
                least = min(least, nanoseconds { choice = problem.solve() } / 1e3)
                if least > 20 * microsecondsMax { break }
            }
            guard let choice else { continue }
            times.append(least)
            states.append(Double(choice.stateCount))
            if choice.optimality != .proven { unprovenCount += 1 }
        }
        times.sort()
        func percentile(_ hundredths: Int) -> Double {
            times[min(times.count - 1, times.count * hundredths / 100)]
        }
        let name = "plan-choice-" + kind.name.replacing(",", with: "").replacing(" ", with: "-") + "-\(count)"
        return [
            Figure("\(name)-median", percentile(50), "µs"), Figure("\(name)-p90", percentile(90), "µs"),
            Figure("\(name)-p99", percentile(99), "µs", target: hasTarget ? microsecondsMax : nil),
            Figure("\(name)-slowest", percentile(100), "µs"),
            Figure("\(name)-states", median(states), "states"),
            Figure("\(name)-unproven", unprovenCount, "cards", target: hasTarget ? 0 : nil),
        ]
    }

    /// Choices that are dearer than the best of all, or not proven.
    private static func mismatches(_ effort: Effort) -> Figure {
        var count = 0.0
        for kind in LeavingGenerator.realistic + LeavingGenerator.hostile {
            for size in exhaustiveCounts {
                for seed in 0..<UInt64(effort.isQuick ? 2 : 20) {
                    let problem = kind.problem(size, seed: seed &* 131 &+ UInt64(size))
                    let choice = problem.solve()
                    if choice?.cost != problem.exhaustiveCost()
                        || choice.map({ $0.optimality != .proven }) == true
                    {
                        count += 1
                    }
                }
            }
        }
        return Figure("plan-choice-not-the-best", count, "cards", target: 0)
    }
}
