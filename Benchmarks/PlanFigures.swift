internal import Centre

/// How long it takes to choose who leaves, at different numbers of applications.
enum PlanFigures {
    /// What docs/reference/planning.md promises for 64 applications as cards hold them.
    static let microsecondsMax = 1_000.0
    private static let problemCount: UInt64 = 32

    static func all(_ effort: Effort) -> [Figure] {
        [8, 16, 32, 64].flatMap { count in
            figures("plan-choice", count, effort, volatile: false)
                + figures("plan-choice-both-memories", count, effort, volatile: true)
        }
    }

    private static func figures(
        _ name: String, _ count: Int, _ effort: Effort, volatile: Bool
    ) -> [Figure] {
        var times: [Double] = []
        var nodes: [Double] = []
        for seed in 1...problemCount {
            let problem = problem(count, seed: seed, volatile: volatile)
            nodes.append(Double(problem.solve()?.nodeCount ?? 0))
            let rounds = effort.isQuick ? 1 : 9
            times.append(
                median(
                    (0..<rounds).map { _ in nanoseconds { consume(problem.solve()) } / 1e3 }))
        }
        let target = count == 64 ? microsecondsMax : nil
        return [
            Figure("\(name)-\(count)", median(times), "µs", target: target),
            Figure("\(name)-\(count)-slowest", times.max() ?? 0, "µs"),
            Figure("\(name)-\(count)-decisions", median(nodes), "decisions"),
        ]
    }

    /// Applications with code of their own, and a shared library for every eight.
    private static func problem(_ count: Int, seed: UInt64, volatile: Bool) -> LeavingProblem {
        var state = seed
        func number(_ range: ClosedRange<Int>) -> Int {
            // SplitMix64: the same problems on every machine.
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return range.lowerBound + Int((mixed ^ (mixed >> 31)) % UInt64(range.count))
        }
        var units: [LeavingProblem.Unit] = []
        var files: [LeavingProblem.File] = []
        func code(_ bytes: Int, _ users: [Int]) {
            files.append(
                .init(
                    points: (bytes + 2_047) / 2_048 + bytes / 8_192, room: Room(nonVolatile: bytes),
                    users: users))
        }
        for unit in 0..<count {
            let room = Room(nonVolatile: 32 * number(4...60), volatile: volatile ? number(0...128) : 0)
            let recency = [0, 0, 2, 4, 8, 16][number(0...5)]
            let points = 8 + recency + number(0...3) + (room.nonVolatile + room.volatile + 1_023) / 1_024
            units.append(.init(points: points, room: room))
            code(32 * number(20...300), [unit])
        }
        for _ in 0..<count / 8 {
            let users = Set((0..<number(2...6)).map { _ in number(0...count - 1) })
            code(32 * number(20...200), users.sorted())
        }
        var problem = LeavingProblem(need: .none, units: units, files: files)
        let most = problem.most
        problem.need = Room(
            nonVolatile: most.nonVolatile * number(5...60) / 100,
            volatile: most.volatile * number(1...60) / 100)
        return problem
    }
}
