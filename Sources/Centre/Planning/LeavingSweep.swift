/// All choices at once, item by item: a table of beginnings, of which only those are kept that can still be the best.
///
/// A beginning has decided the first so many items. It is dropped when its bound is not below the cost that is looked
/// for, when the rest cannot cover what is missing any more, or when another beginning costs no more, frees no less in
/// both memories, and has barred nothing that this one has not. The last is looked for only when beginnings have become
/// more: most items leave most beginnings one way. What is kept at the end, if anything, is the best choice.
struct LeavingSweep {
    /// What lower bounds by several worths may still gain before nothing better can come of a beginning; each worth has
    /// its own unit.
    typealias Slack = SIMD8<Int32>

    /// A beginning: what it has come to.
    struct State {
        var slack: Slack
        /// What cannot leave because something above it stays, or its twin; one bit each.
        var barred: UInt64
        var points: Int32
        var nonVolatile: Int32
        var volatile: Int32
        var preferredCount: Int32
        /// Where the items that leave are written, last first.
        var parent: Int32
    }

    /// One item to be decided.
    struct Step {
        var item: Int32
        var points: Int32
        var nonVolatile: Int32
        var volatile: Int32
        var preferredCount: Int32
        /// The bit of a file; none for what nothing can bar.
        var bit: UInt64
        /// Set if the twin before this stays, and what is set if this stays.
        var twin: UInt64
        var nextTwin: UInt64
        /// The bit of the twin before, if what this costs by staying was counted when that one stayed.
        var counted: UInt64 = 0
        var onLeaving = Slack.zero
        var onStaying = Slack.zero
        /// The part of it that is counted early.
        var early = Slack.zero
        /// What all its later twins cost that then stay too.
        var onLaterTwins = Slack.zero
        /// The files that are barred if this stays.
        var links: Range<Int>
        /// A file that waits for this item only: it is decided in the same step.
        var own = Own()
    }

    /// A file that is decided together with the one item above it that is open.
    struct Own {
        var item = LeavingSweep.none
        var points: Int32 = 0
        var nonVolatile: Int32 = 0
        var volatile: Int32 = 0
        var onLeaving = Slack.zero
        /// The item above leaves, this stays.
        var onStaying = Slack.zero
        /// The files that are barred by that.
        var links = 0..<0
    }

    /// The step in which an item leaves, and where it is written what left before.
    struct Left {
        var parent = LeavingSweep.none
        /// Below nothing where the item's own file leaves too: the step's complement.
        var step: Int32 = 0
    }

    /// The best choice that is known.
    struct Best {
        var points = 0
        /// The least slack: more than nothing once a better choice was found.
        private(set) var least = Slack.zero
        /// Where it is written who leaves in what was found.
        private(set) var place = LeavingSweep.none
        var firstPoints = 0
        var lanes = [Lane](repeating: Lane(), count: Slack.scalarCount)

        mutating func take(points: Int, _ place: Int32) {
            self.points = points
            self.place = place
            let less = (firstPoints - points) << LeavingPrices.pointShift
            for (index, lane) in lanes.enumerated() {
                // A bound above the new cost is one that no slack is enough for.
                let left = (lane.gap >> lane.shift) - ((lane.gap - less) >> lane.shift)
                least[index] = Int32(min(left, LeavingSweep.slackMax + 1))
            }
        }
    }

    /// A file below an item.
    struct Link {
        var bit: UInt64
        /// The bit of the file's twin before, if the file was counted when that one stayed.
        var counted: UInt64 = 0
        /// What the bounds gain when the file is barred by this item.
        var onBarring = Slack.zero
        /// What they gain when the item leaves and the file was barred before.
        var onLeaving = Slack.zero
    }

    /// A worth's bound at the start: how far below the best known cost, and the unit of its slack.
    struct Lane {
        var gap = 0
        var shift = 0
    }

    /// No item, and no place where one is written.
    static let none: Int32 = -1

    var steps: [Step] = []
    var links: [Link] = []
    /// What all later items can free, by how many preferred ones may still leave; one row for each step.
    var rest: [SIMD2<Int32>] = []
    var needNonVolatile: Int32 = 0
    var needVolatile: Int32 = 0
    var preferredMax: Int32 = 0
    var states: [State] = []
    var best = Best()
    /// Nothing costs less than this: an answer that costs no more ends the sweep.
    var floor = 0
    /// Beginnings that were kept, and what else took as long: how hard it was.
    private(set) var stateCount = 0

    /// So many comparisons with other groups of beginnings take as long as one beginning.
    private static let comparisonsPerState = 128

    private var next: [State] = []
    /// From more beginnings on it is looked for those that others are at least as good as.
    private var thinCount = 0
    private static let thinCountMin = 16
    /// Whether it was looked for them in the step at hand.
    private var isThin = false
    private var stairs = LeavingStairs()
    private var cheapestFirst: [Int32] = []
    private var isKept: [Bool] = []
    private var left: [Left] = []
    private static let leftCountMin = 1_024
    private(set) var leftCount = 0

    /// What leaves in the best choice, when it is better than the one known before.
    var found: [Int]? {
        guard best.place != Self.none else { return nil }
        var result: [Int] = []
        var place = best.place
        // Bounded: a parent was written before its child.
        while place != Self.none {
            let way = left[Int(place)]
            let step = steps[Int(way.step < 0 ? ~way.step : way.step)]
            result.append(Int(step.item))
            if way.step < 0 { result.append(Int(step.own.item)) }
            place = way.parent
        }
        return result
    }

    mutating func clear() {
        steps.removeAll(keepingCapacity: true)
        links.removeAll(keepingCapacity: true)
        states.removeAll(keepingCapacity: true)
        leftCount = 0
        best = Best()
        stateCount = 0
        thinCount = Self.thinCountMin
        isThin = false
    }

    enum End {
        /// What was found, if anything, is the best choice; otherwise there is none as cheap as is looked for.
        case complete
        /// A better choice was found on the way: with it much is decided before the next sweep.
        case improved
        /// There were too many beginnings to finish.
        case tooMany
    }

    /// Decides one item after the other. Where beginnings become many the most promising are followed to their end
    /// first: the better the known choice, the fewer are left.
    mutating func run(statesMax: Int) -> End {
        var dives = Self.dives[...]
        for position in steps.indices {
            advance(position)
            if states.isEmpty || best.points <= floor { break }
            if stateCount > statesMax { return .tooMany }
            if let dive = dives.first, states.count > dive.beginnings {
                dives.removeFirst()
                if self.dive(from: position + 1, width: dive.width, statesMax: statesMax) { return .improved }
                if stateCount > statesMax { return .tooMany }
            }
        }
        return .complete
    }

    /// From how many beginnings on, and how many of them are followed.
    private static let dives: [(beginnings: Int, width: Int)] = [(100, 25), (400, 100)]

    /// A sweep begins anew for a choice that is better by more than this part of what it might have been.
    private static let gapPart = 2

    /// Follows the most promising beginnings to their end; true when that found a choice so much better that a new
    /// sweep is worth its preparation.
    private mutating func dive(from position: Int, width: Int, statesMax: Int) -> Bool {
        let known = (states: states, leftCount: leftCount, points: best.points)
        narrow(to: width)
        for next in position..<steps.count {
            advance(next)
            if states.isEmpty || best.points <= floor || stateCount > statesMax { break }
            if states.count > 2 * width { narrow(to: width) }
        }
        let gained = (known.points - best.points) << LeavingPrices.pointShift
        if gained > best.lanes[0].gap / Self.gapPart || best.points <= floor { return true }
        states = known.states
        if best.points < known.points {
            let least = best.least
            states.removeAll { any($0.slack .< least) }
        } else {
            leftCount = known.leftCount
        }
        return false
    }

    /// Goes on with those whose bound is lowest.
    private mutating func narrow(to width: Int) {
        if !isThin { thin() }
        guard states.count > width else { return }
        let shift = SIMD8<Int64>(best.lanes.map { Int64($0.shift) })
        let slacks = states.map { (SIMD8<Int64>(truncatingIfNeeded: $0.slack) &<< shift).min() }
        let limit = slacks.greatest(width)
        var equal = width - slacks.count { $0 > limit }
        var kept = 0
        for (index, slack) in slacks.enumerated() {
            if slack < limit { continue }
            if slack == limit {
                if equal == 0 { continue }
                equal -= 1
            }
            states[kept] = states[index]
            kept += 1
        }
        states.removeLast(states.count - kept)
    }

    /// All ways of every beginning.
    private mutating func advance(_ position: Int) {
        // A beginning has three ways at most: one takes its place, two are made.
        let most = 2 * states.count
        // Taken out of here, so that they are changed where they lie.
        var (known, made, left) = ([State](), [State](), [Left]())
        swap(&known, &states)
        swap(&made, &next)
        swap(&left, &self.left)
        if made.count < most { made += repeatElement(known[0], count: most - made.count) }
        if left.count < leftCount + most {
            left += repeatElement(Left(), count: max(most, left.count, Self.leftCountMin))
        }
        let (kept, madeCount) = known.withUnsafeMutableBufferPointer { known in
            made.withUnsafeMutableBufferPointer { made in
                left.withUnsafeMutableBufferPointer { left in
                    var pass = LeavingSweepPass(self, position, made: made, left: left)
                    let kept = pass.run(known)
                    leftCount = pass.leftCount
                    best = pass.best
                    return (kept, pass.madeCount)
                }
            }
        }
        known.removeLast(known.count - kept)
        known.append(contentsOf: made[..<madeCount])
        swap(&known, &states)
        swap(&made, &next)
        swap(&left, &self.left)
        isThin = false
        if states.count > thinCount { thin() }
        stateCount += states.count
    }

    /// Drops every beginning that another is at least as good as.
    private mutating func thin() {
        // Taken out of here, so that they are changed where they lie.
        var (known, stairs) = ([State](), LeavingStairs())
        swap(&known, &states)
        swap(&stairs, &self.stairs)
        let kept = known.withUnsafeMutableBufferPointer { states in
            sortByPoints(states)
            stairs.clear()
            isKept.removeAll(keepingCapacity: true)
            isKept.append(contentsOf: repeatElement(false, count: states.count))
            for place in cheapestFirst {
                let index = Int(place)
                let stair = LeavingStairs.Stair(
                    nonVolatile: states[index].nonVolatile, volatile: states[index].volatile,
                    points: states[index].points, index: place)
                isKept[index] = stairs.admit(
                    stair, barred: states[index].barred, preferredCount: states[index].preferredCount)
            }
            for place in stairs.surpassed { isKept[Int(place)] = false }
            var kept = 0
            for (place, isKept) in isKept.enumerated() where isKept {
                if place > kept { states[kept] = states[place] }
                kept += 1
            }
            return kept
        }
        known.removeLast(known.count - kept)
        stateCount += stairs.comparisons / Self.comparisonsPerState
        thinCount = max(Self.thinCountMin, kept + kept / 3)
        isThin = true
        swap(&known, &states)
        swap(&stairs, &self.stairs)
    }

    /// Where the points of beginnings lie further apart than so many times their number they are sorted by comparing.
    private static let spreadMax = 8

    /// Writes down the places of all beginnings, by what they cost; of equal ones the first comes first.
    private mutating func sortByPoints(_ states: UnsafeMutableBufferPointer<State>) {
        var (least, most) = (Int32.max, Int32.min)
        for index in states.indices {
            least = min(least, states[index].points)
            most = max(most, states[index].points)
        }
        let spread = Int(most) - Int(least) + 1
        guard spread <= Self.spreadMax * states.count else {
            let keys = states.indices.map { Int(states[$0].points) << 32 | $0 }.sorted()
            cheapestFirst = keys.map { Int32(truncatingIfNeeded: $0) }
            return
        }
        // How many cost so much; then where the next of them comes.
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: spread + 1) { places in
            places.initialize(repeating: 0)
            for index in states.indices { places[Int(states[index].points &- least) &+ 1] &+= 1 }
            for points in 1..<spread + 1 { places[points] &+= places[points - 1] }
            if cheapestFirst.count < states.count {
                cheapestFirst += repeatElement(0, count: states.count - cheapestFirst.count)
            } else {
                cheapestFirst.removeLast(cheapestFirst.count - states.count)
            }
            cheapestFirst.withUnsafeMutableBufferPointer { order in
                for index in states.indices {
                    let points = Int(states[index].points &- least)
                    order[Int(places[points])] = Int32(truncatingIfNeeded: index)
                    places[points] &+= 1
                }
            }
        }
    }
}

extension [Int64] {
    /// The least of the greatest so many.
    fileprivate func greatest(_ count: Int) -> Int64 {
        var values = self
        var rest = values.mutableSpan
        let wanted = rest.count - count
        var (first, last) = (0, rest.count - 1)
        // Bounded: each round leaves fewer.
        while first < last {
            let middle = rest[(first + last) / 2]
            var (low, high) = (first, last)
            while low <= high {
                while rest[low] < middle { low &+= 1 }
                while rest[high] > middle { high &-= 1 }
                guard low <= high else { break }
                rest.swapAt(low, high)
                low &+= 1
                high &-= 1
            }
            if wanted <= high { last = high } else if wanted >= low { first = low } else { break }
        }
        return rest[wanted]
    }
}
