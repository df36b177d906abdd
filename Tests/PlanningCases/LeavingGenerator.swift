package import Centre

/// Problems of a given kind and size: what cards hold, and what would be hard for any solver.
package struct LeavingGenerator: Sendable {
    package let name: String
    /// Fills units and files.
    private let fill: @Sendable (inout Draft, Int) -> Void

    /// The same problems on every machine.
    struct SplitMix64: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// A problem in the making.
    struct Draft {
        var units: [LeavingProblem.Unit] = []
        var files: [LeavingProblem.File] = []
        var random: SplitMix64

        mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

        /// Points as docs/reference/planning.md counts them.
        mutating func unit(_ nonVolatile: Int, _ volatile: Int = 0, extra: Int = 0, isPreferred: Bool = false)
        {
            let points = 8 + extra + (nonVolatile + volatile + 1_023) / 1_024 + nonVolatile / 2_048
            units.append(
                .init(
                    points: points, isPreferred: isPreferred,
                    room: Room(nonVolatile: nonVolatile, volatile: volatile)))
        }

        mutating func code(_ bytes: Int, _ users: [Int], importers: [Int] = []) {
            files.append(
                .init(
                    points: (bytes + 2_047) / 2_048 + bytes / 8_192, room: Room(nonVolatile: bytes),
                    users: Array(Set(users)).sorted(), importers: importers))
        }

        mutating func some(_ counts: ClosedRange<Int>, of count: Int) -> [Int] {
            var result: [Int] = []
            for _ in 0..<number(counts) { result.append(number(0...count - 1)) }
            return result
        }

        mutating func recency() -> Int { [0, 0, 2, 4, 8, 16][number(0...5)] + number(0...3) }
    }

    package func problem(_ count: Int, seed: UInt64) -> LeavingProblem {
        var draft = Draft(random: SplitMix64(state: seed))
        fill(&draft, count)
        var problem = LeavingProblem(need: .none, units: draft.units, files: draft.files)
        let most = problem.most
        // Half of them are short of non-volatile memory only, as most cards are.
        let volatile = draft.number(0...1) == 0 ? 0 : most.volatile * draft.number(1...95) / 100
        problem.need = Room(nonVolatile: most.nonVolatile * draft.number(3...97) / 100, volatile: volatile)
        return problem
    }

    /// What cards hold: private code, and a library for every eight applications.
    package static let typical = LeavingGenerator(name: "typical") { draft, count in
        for unit in 0..<count {
            draft.unit(32 * draft.number(4...60), extra: draft.recency())
            draft.code(32 * draft.number(20...300), [unit])
        }
        for _ in 0..<count / 8 { draft.code(32 * draft.number(20...200), draft.some(2...6, of: count)) }
    }

    package static let bothMemories = LeavingGenerator(name: "both memories") { draft, count in
        for unit in 0..<count {
            draft.unit(32 * draft.number(4...60), draft.number(0...128), extra: draft.recency())
            draft.code(32 * draft.number(20...300), [unit])
        }
        for _ in 0..<count / 8 { draft.code(32 * draft.number(20...200), draft.some(2...6, of: count)) }
    }

    package static let preferred = LeavingGenerator(name: "half of them preferred") { draft, count in
        for unit in 0..<count {
            draft.unit(
                32 * draft.number(4...60), draft.number(0...64), extra: draft.recency(),
                isPreferred: draft.number(0...1) == 0)
            draft.code(32 * draft.number(20...300), [unit])
        }
        for _ in 0..<count / 4 { draft.code(32 * draft.number(20...200), draft.some(2...4, of: count)) }
    }

    package static let equal = LeavingGenerator(name: "all of one size") { draft, count in
        for unit in 0..<count {
            draft.unit(1_024, 64)
            draft.code(4_096, [unit])
        }
    }

    package static let oneMemory = LeavingGenerator(name: "nearly one size, one memory") { draft, count in
        for _ in 0..<count { draft.unit(32 * draft.number(100...110), extra: draft.number(0...3)) }
    }

    package static let libraries = LeavingGenerator(name: "many shared libraries") { draft, count in
        for _ in 0..<count {
            draft.unit(32 * draft.number(2...20), draft.number(0...40), extra: draft.recency())
        }
        for _ in 0..<max(1, count / 4) {
            draft.code(32 * draft.number(100...400), draft.some(2...5, of: count))
        }
    }

    package static let nested = LeavingGenerator(name: "libraries of libraries") { draft, count in
        for unit in 0..<count {
            draft.unit(32 * draft.number(4...30), draft.number(0...64), extra: draft.recency())
            draft.code(32 * draft.number(10...100), [unit])
        }
        let groups = max(1, count / 8)
        for group in 0..<groups {
            draft.code(
                32 * draft.number(50...200), Array(group * count / groups..<(group + 1) * count / groups))
        }
        draft.code(32 * draft.number(100...400), [], importers: Array(count..<count + groups))
    }

    package static let ring = LeavingGenerator(name: "a ring of libraries") { draft, count in
        for _ in 0..<count {
            draft.unit(64 + 32 * draft.number(0...9), draft.number(0...30), extra: draft.recency())
        }
        for unit in 0..<count { draft.code(32 * draft.number(30...60), [unit, (unit + 1) % count]) }
    }

    package static let nearlyEqual = LeavingGenerator(name: "nearly one size, both memories") {
        draft, count in
        for unit in 0..<count {
            draft.unit(
                1_024 + 32 * draft.number(0...5), 64 + draft.number(0...9), extra: draft.number(0...3))
            draft.code(4_096 + 32 * draft.number(0...9), [unit])
        }
    }

    package static let opposed = LeavingGenerator(name: "big in one memory, small in the other") {
        draft, count in
        for _ in 0..<count {
            let size = draft.number(10...100)
            draft.unit(32 * size, 2 * (110 - size) + draft.number(0...9))
        }
    }

    package static let pairs = LeavingGenerator(name: "a library for every pair") { draft, count in
        for _ in 0..<count { draft.unit(64, extra: draft.number(0...4)) }
        for _ in 0..<2 * count { draft.code(32 * draft.number(30...60), draft.some(2...2, of: count)) }
    }

    package static let realistic = [typical, bothMemories, preferred, equal, oneMemory, libraries, nested]
    package static let hostile = [ring, nearlyEqual, opposed, pairs]
}

extension LeavingGenerator: CustomStringConvertible {
    package var description: String { name }
}
