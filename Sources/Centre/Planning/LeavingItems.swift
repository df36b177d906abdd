/// The problem as the search sees it: units and files alike are items in flat arrays.
///
/// It never changes, and everything that searches shares it.
final class LeavingItems {
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
    /// Whose list each member of `above` is in.
    let fileOfAbove: [Int]
    /// The same pair the other way round: for each member of `below`, its place among the members of `above`.
    let aboveOfBelow: [Int]
    /// Files that few need first: where one's users are among another's, credit given in this order is the best.
    let filesByUse: [Int]
    /// Dearest first.
    let byPoints: [Int]
    /// So many units must leave at least.
    private(set) var unitsMin = 0

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

        private init(starts: [Int], members: [Int]) {
            self.starts = starts
            self.members = members
        }

        /// For every item, whose lists it is in, and where it stands there in `members`.
        func inverted() -> (lists: Lists, places: [Int]) {
            var starts = [Int](repeating: 0, count: self.starts.count)
            for member in members { starts[member + 1] += 1 }
            for item in starts.indices.dropFirst() { starts[item] += starts[item - 1] }
            var next = starts
            var inverse = members
            var places = members
            for list in 0..<starts.count - 1 {
                for place in self[list] {
                    let member = members[place]
                    inverse[next[member]] = list
                    places[next[member]] = place
                    next[member] += 1
                }
            }
            return (Lists(starts: starts, members: inverse), places)
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
        self.above = Lists(above)
        (below, aboveOfBelow) = self.above.inverted()
        var files: [Int] = []
        for file in above.indices { for _ in above[file] { files.append(file) } }
        fileOfAbove = files
        // One number for both: the place breaks ties.
        filesByUse = (unitCount..<count).map { above[$0].count << 16 | $0 }.sorted().map { $0 & 0xFFFF }
        byPoints = Self.dearestFirst(points)
        unitsMin = leastUnits()
    }

    /// The same with other points, of which nothing is preferred.
    private init(_ items: LeavingItems, points: [Int], pointsTypical: Int) {
        unitCount = items.unitCount
        count = items.count
        needNonVolatile = items.needNonVolatile
        needVolatile = items.needVolatile
        self.points = points
        nonVolatile = items.nonVolatile
        volatile = items.volatile
        isPreferred = [Bool](repeating: false, count: items.count)
        self.pointsTypical = pointsTypical
        above = items.above
        below = items.below
        fileOfAbove = items.fileOfAbove
        aboveOfBelow = items.aboveOfBelow
        filesByUse = items.filesByUse
        byPoints = Self.dearestFirst(points)
        unitsMin = items.unitsMin
    }

    private static func dearestFirst(_ points: [Int]) -> [Int] {
        // One number for both: the place breaks ties.
        points.indices.map { points[$0] << 16 | $0 }.sorted(by: >).map { $0 & 0xFFFF }
    }

    /// More steps than any card is short of, and few enough that no sum overflows 32 bits.
    static let stepsMax = 1 << 21

    /// Sizes in their greatest common step, such as a block; nothing can be covered more finely. More than is needed
    /// is worth no more. A need beyond all cards is counted in coarser steps, to its disadvantage.
    private static func inWholeSteps(_ sizes: [Int], need: Int) -> ([Int], Int) {
        guard need > 0 else { return (sizes.map { _ in 0 }, 0) }
        let coarsest = (need + stepsMax - 1) / stepsMax
        let step = max(1, sizes.reduce(0, greatestCommonDivisor), coarsest)
        let steps = (need + step - 1) / step
        return (sizes.map { min(max(0, $0) / step, steps) }, steps)
    }

    private static func greatestCommonDivisor(_ one: Int, _ other: Int) -> Int {
        var (one, other) = (one, other)
        while other != 0 { (one, other) = (other, one % other) }
        return one
    }

    /// The room of an item as a part of the need, of both memories together.
    func share(_ item: Int) -> Double {
        Double(nonVolatile[item]) / Double(max(1, needNonVolatile))
            + Double(volatile[item]) / Double(max(1, needVolatile))
    }

    /// Whether the need can be covered while all that the holder wants to keep stays.
    var isCoveredWithoutPreferred: Bool {
        var left = (nonVolatile: needNonVolatile, volatile: needVolatile)
        for item in 0..<count
        where !isPreferred[item] && !above[item].contains(where: { isPreferred[above.members[$0]] }) {
            left.nonVolatile -= nonVolatile[item]
            left.volatile -= volatile[item]
        }
        return left.nonVolatile <= 0 && left.volatile <= 0
    }

    /// The same, when nothing counts but how many leave that the holder wants to keep.
    var countingPreferred: LeavingItems {
        let counts = isPreferred.map { $0 ? 1 : 0 }
        // What is counted needs no bound besides.
        return LeavingItems(self, points: counts, pointsTypical: max(1, counts.reduce(0, +) / 4))
    }

    private static func above(_ problem: LeavingProblem) -> [[Int]] {
        let unitCount = problem.units.count
        var result = [[Int]](repeating: [], count: unitCount + problem.files.count)
        var seenBy = [Int](repeating: -1, count: unitCount + problem.files.count)
        for file in problem.files.indices {
            seenBy[unitCount + file] = file
            // Bounded: every file is taken once.
            var open = [file]
            var members: [Int] = []
            while let next = open.popLast() {
                for user in problem.files[next].users where seenBy[user] != file {
                    seenBy[user] = file
                    members.append(user)
                }
                for importer in problem.files[next].importers where seenBy[unitCount + importer] != file {
                    seenBy[unitCount + importer] = file
                    members.append(unitCount + importer)
                    open.append(importer)
                }
            }
            members.sort()
            result[unitCount + file] = members
        }
        return result
    }
}
