internal import Centre
internal import PlanningCases

/// How long it takes to choose who leaves, at different numbers of applications, and whether the choice is the best.
enum PlanFigures {
    /// What is wanted for 64 applications as cards hold them, of 99 in 100 cards.
    static let microsecondsMax = 1_000.0
    /// Compared with exhaustive search: so many applications.
    private static let exhaustiveCounts = 2...16

    /// What else the machine does is not the choice's doing: the least counts, of several tries and several rounds, and
    /// a round of all kinds takes longer than most of what comes between.
    private static let rounds = 3
    private static let triesPerRound = 3

    static func all(_ effort: Effort) -> [Figure] {
        var measured = LeavingGenerator.realistic.flatMap { kind in
            [8, 16, 32, 64].map { Cards(kind, $0, effort, hasTarget: $0 == 64) }
        }
        measured += LeavingGenerator.hostile.map { Cards($0, 64, effort, hasTarget: false) }
        for _ in 0..<rounds {
            for index in measured.indices { measured[index].solve() }
        }
        return measured.flatMap(\.figures) + [mismatches(effort)]
    }

    /// Random cards of one kind, and how long the choice takes on each.
    private struct Cards {
        let kind: LeavingGenerator
        let count: Int
        let hasTarget: Bool
        var least: [Double]
        var choices: [LeavingChoice?]

        init(_ kind: LeavingGenerator, _ count: Int, _ effort: Effort, hasTarget: Bool) {
            self.kind = kind
            self.count = count
            self.hasTarget = hasTarget
            least = [Double](repeating: .infinity, count: effort.isQuick ? 20 : 200)
            choices = least.map { _ in nil }
        }

        mutating func solve() {
            for card in least.indices where choices[card] == nil || isShort(card) {
                let problem = kind.problem(count, seed: UInt64(card))
                for _ in 0..<triesPerRound where choices[card] == nil || isShort(card) {
                    least[card] = min(least[card], nanoseconds { choices[card] = problem.solve() } / 1e3)
                }
            }
        }

        /// Of what takes long the machine's other work is a small part.
        private func isShort(_ card: Int) -> Bool { least[card] <= 20 * microsecondsMax }

        var figures: [Figure] {
            let times = least.sorted()
            func percentile(_ hundredths: Int) -> Double {
                times[min(times.count - 1, times.count * hundredths / 100)]
            }
            let solved = choices.compactMap(\.self)
            let unproven = solved.count { $0.optimality != .proven }
            let name =
                "plan-choice-" + kind.name.replacing(",", with: "").replacing(" ", with: "-") + "-\(count)"
            return [
                Figure("\(name)-median", percentile(50), "µs"),
                Figure("\(name)-p90", percentile(90), "µs"),
                Figure("\(name)-p99", percentile(99), "µs", target: hasTarget ? microsecondsMax : nil),
                Figure("\(name)-slowest", percentile(100), "µs"),
                Figure("\(name)-states", median(solved.map { Double($0.stateCount) }), "states"),
                Figure("\(name)-unproven", Double(unproven), "cards", target: hasTarget ? 0 : nil),
            ]
        }
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
