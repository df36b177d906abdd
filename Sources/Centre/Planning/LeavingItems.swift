/// The problem as the search sees it: units and files alike are items in flat arrays.
struct LeavingItems {
    let unitCount: Int
    let count: Int
    let needNonVolatile: Int
    let needVolatile: Int
    let points: [Int]
    let nonVolatile: [Int]
    let volatile: [Int]
    let isPreferred: [Bool]
    /// What a few units cost: the measure of a first step.
    let pointsTypical: Int
    /// What must leave if the item leaves: for files, all that need them, directly or through imports.
    let above: Lists
    /// What must stay if the item stays.
    let below: Lists
    /// Units that leave before this one in some best choice: no dearer, no smaller, no more entangled.
    let dominators: Lists
    let dominated: Lists
    /// Files that few need first: where one's users are among another's, credit given in this order is the best.
    let filesByUse: [Int]

    /// One list per item, in one piece of memory.
    struct Lists {
        let starts: [Int]
        let members: [Int]

        init(_ lists: [[Int]]) {
            var starts = [0]
            for list in lists { starts.append(starts[starts.count - 1] + list.count) }
            self.starts = starts
            members = lists.flatMap { $0 }
        }

        /// Where the list of an item stands in `members`.
        subscript(_ item: Int) -> Range<Int> { starts[item]..<starts[item + 1] }

        /// For every item, whose lists it is in.
        static func inverted(_ lists: [[Int]]) -> [[Int]] {
            var result = [[Int]](repeating: [], count: lists.count)
            for (item, list) in lists.enumerated() {
                for member in list { result[member].append(item) }
            }
            return result
        }
    }

    init(_ problem: LeavingProblem) {
        unitCount = problem.units.count
        count = problem.units.count + problem.files.count
        points = problem.units.map(\.points) + problem.files.map(\.points)
        let rooms = problem.units.map(\.room) + problem.files.map(\.room)
        (nonVolatile, needNonVolatile) = Self.inWholeSteps(
            rooms.map(\.nonVolatile), need: problem.need.nonVolatile)
        (volatile, needVolatile) = Self.inWholeSteps(rooms.map(\.volatile), need: problem.need.volatile)
        isPreferred = problem.units.map(\.isPreferred) + problem.files.map { _ in false }
        pointsTypical = points.reduce(0, +) / 4
        let above = Self.above(problem)
        let below = Lists.inverted(above)
        let dominators = Self.dominators(problem, below: below, above: above)
        self.above = Lists(above)
        filesByUse = (unitCount..<count).sorted { (above[$0].count, $0) < (above[$1].count, $1) }
        self.below = Lists(below)
        self.dominators = Lists(dominators)
        dominated = Lists(Lists.inverted(dominators))
    }

    /// Sizes in their greatest common step, such as a block; nothing can be covered more finely.
    private static func inWholeSteps(_ sizes: [Int], need: Int) -> ([Int], Int) {
        guard need > 0 else { return (sizes.map { _ in 0 }, 0) }
        let step = max(1, sizes.reduce(0, greatestCommonDivisor))
        return (sizes.map { $0 / step }, (need + step - 1) / step)
    }

    private static func greatestCommonDivisor(_ one: Int, _ other: Int) -> Int {
        var (one, other) = (one, other)
        while other != 0 { (one, other) = (other, one % other) }
        return one
    }

    private static func above(_ problem: LeavingProblem) -> [[Int]] {
        let unitCount = problem.units.count
        var result = [[Int]](repeating: [], count: unitCount + problem.files.count)
        for file in problem.files.indices {
            var isSeen = [Bool](repeating: false, count: unitCount + problem.files.count)
            isSeen[unitCount + file] = true
            // Bounded: every file is taken once.
            var open = [file]
            while let next = open.popLast() {
                for user in problem.files[next].users { isSeen[user] = true }
                for importer in problem.files[next].importers where !isSeen[unitCount + importer] {
                    isSeen[unitCount + importer] = true
                    open.append(importer)
                }
            }
            isSeen[unitCount + file] = false
            result[unitCount + file] = isSeen.indices.filter { isSeen[$0] }
        }
        return result
    }

    /// What tells whether one unit can stand in for another.
    private struct Standing {
        var points: Int
        var nonVolatile: Int
        var volatile: Int
        var isPreferred: Bool
        var shared: Set<Int>
        /// Files of its own; more than one are not compared.
        var own: [Int]
    }

    private static func dominators(_ problem: LeavingProblem, below: [[Int]], above: [[Int]]) -> [[Int]] {
        let unitCount = problem.units.count
        let standings = problem.units.enumerated().map { index, unit in
            Standing(
                points: unit.points, nonVolatile: unit.room.nonVolatile, volatile: unit.room.volatile,
                isPreferred: unit.isPreferred, shared: Set(below[index].filter { above[$0].count > 1 }),
                own: below[index].filter { above[$0].count == 1 })
        }
        func isBetter(_ one: Int, than other: Int) -> Bool {
            let (a, b) = (standings[one], standings[other])
            guard a.points <= b.points, a.nonVolatile >= b.nonVolatile, a.volatile >= b.volatile,
                !a.isPreferred || b.isPreferred, b.own.count <= 1, a.own.count >= b.own.count,
                b.shared.isSubset(of: a.shared)
            else { return false }
            var isEqual =
                a.points == b.points && a.nonVolatile == b.nonVolatile && a.volatile == b.volatile
                && a.isPreferred == b.isPreferred && a.shared.count == b.shared.count
                && a.own.count == b.own.count
            if let ours = b.own.first {
                let fits = a.own.first { file in
                    let (x, y) = (problem.files[file - unitCount], problem.files[ours - unitCount])
                    return x.points <= y.points && x.room.covers(y.room)
                }
                guard let fits else { return false }
                let (x, y) = (problem.files[fits - unitCount], problem.files[ours - unitCount])
                isEqual = isEqual && x.points == y.points && x.room == y.room
            }
            return !isEqual || one < other
        }
        var result = [[Int]](repeating: [], count: below.count)
        for other in 0..<unitCount {
            result[other] = (0..<unitCount).filter { $0 != other && isBetter($0, than: other) }
            // Their own code leaves in the same order.
            guard let code = standings[other].own.first else { continue }
            result[code] = result[other].compactMap { unit in
                standings[unit].own.first { file in
                    let (x, y) = (problem.files[file - unitCount], problem.files[code - unitCount])
                    return x.points <= y.points && x.room.covers(y.room)
                }
            }
        }
        return result
    }
}
