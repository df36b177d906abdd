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

    static let noParent: Int32 = -1
    private static let surpassed: Int32 = -2

    var steps: [Step] = []
    var links: [Link] = []
    /// What all later items can free, by how many preferred ones may still leave; one row for each step.
    var rest: [SIMD2<Int32>] = []
    var needNonVolatile: Int32 = 0
    var needVolatile: Int32 = 0
    var preferredMax: Int32 = 0
    var states: [State] = []
    var lanes: [Lane] = []
    var firstBestPoints = 0
    var bestPoints = 0
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
    private var stairs = LeavingStairs()
    private var leaving: [(parent: Int32, item: Int32)] = []
    private var bestParent = LeavingSweep.noParent
    /// The least slack: more than nothing once a better choice was found.
    private var least = Slack.zero

    /// What leaves in the best choice, when it is better than the one known before.
    var found: [Int]? {
        guard bestParent != Self.noParent else { return nil }
        var result: [Int] = []
        var place = bestParent
        // Bounded: a parent was written before its child.
        while place != Self.noParent {
            result.append(Int(leaving[Int(place)].item))
            place = leaving[Int(place)].parent
        }
        return result
    }

    mutating func clear() {
        steps.removeAll(keepingCapacity: true)
        links.removeAll(keepingCapacity: true)
        states.removeAll(keepingCapacity: true)
        leaving.removeAll(keepingCapacity: true)
        lanes = [Lane](repeating: Lane(), count: Slack.scalarCount)
        least = .zero
        bestParent = Self.noParent
        stateCount = 0
        thinCount = Self.thinCountMin
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
            if states.isEmpty || bestPoints <= floor { break }
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
    private static let dives: [(beginnings: Int, width: Int)] = [(30, 15), (150, 75), (600, 300)]

    /// A sweep begins anew for a choice that is better by more than this part of what it might have been.
    private static let gapPart = 3

    /// Follows the most promising beginnings to their end; true when that found a choice so much better that a new
    /// sweep is worth its preparation.
    private mutating func dive(from position: Int, width: Int, statesMax: Int) -> Bool {
        let known = (states: states, leaving: leaving.count, points: bestPoints)
        narrow(to: width)
        for next in position..<steps.count {
            advance(next)
            if states.isEmpty || bestPoints <= floor || stateCount > statesMax { break }
            if states.count > width + width / 2 { narrow(to: width) }
        }
        let gained = (known.points - bestPoints) << LeavingPrices.pointShift
        if gained > lanes[0].gap / Self.gapPart || bestPoints <= floor { return true }
        states = known.states
        if bestPoints < known.points {
            states.removeAll { any($0.slack .< least) }
        } else {
            leaving.removeLast(leaving.count - known.leaving)
        }
        return false
    }

    /// Goes on with those whose bound is lowest.
    private mutating func narrow(to width: Int) {
        thin()
        guard states.count > width else { return }
        let shift = SIMD8<Int64>(lanes.map { Int64($0.shift) })
        let slacks = states.map { (SIMD8<Int64>(truncatingIfNeeded: $0.slack) &<< shift).min() }
        let limit = slacks.sorted()[slacks.count - width]
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

    /// Both ways of every beginning.
    private mutating func advance(_ position: Int) {
        let step = steps[position]
        let row = position * (Int(preferredMax) + 1)
        next.removeAll(keepingCapacity: true)
        var kept = 0
        for index in states.indices {
            let state = states[index]
            keepLeaving(state, step, row)
            if let staying = staying(state, step, row) {
                states[kept] = staying
                kept &+= 1
            }
        }
        states.removeLast(states.count - kept)
        states.append(contentsOf: next)
        if states.count > thinCount { thin() }
        stateCount += states.count
    }

    /// Drops every beginning that another is at least as good as.
    private mutating func thin() {
        let cheapestFirst = states.indices.map { Int(states[$0].points) << 32 | $0 }.sorted()
        next.removeAll(keepingCapacity: true)
        stairs.clear()
        for key in cheapestFirst {
            let state = states[key & Int(UInt32.max)]
            let stair = LeavingStairs.Stair(
                nonVolatile: state.nonVolatile, volatile: state.volatile, points: state.points,
                index: Int32(truncatingIfNeeded: next.count))
            if stairs.admit(stair, barred: state.barred, preferredCount: state.preferredCount) {
                next.append(state)
            }
        }
        for index in stairs.surpassed { next[Int(index)].parent = Self.surpassed }
        swap(&states, &next)
        if !stairs.surpassed.isEmpty { states.removeAll { $0.parent == Self.surpassed } }
        stateCount += stairs.comparisons / Self.comparisonsPerState
        thinCount = max(Self.thinCountMin, states.count + states.count / 3)
    }

    /// A beginning that lets an item stay, unless nothing better can come of it.
    @inline(__always)
    private func staying(_ state: State, _ step: Step, _ row: Int) -> State? {
        var state = state
        let barred = state.barred
        state.barred = barred & ~(step.bit | step.twin) | step.nextTwin
        if barred & step.counted != 0 {
            if barred & step.bit == 0 { state.slack &+= step.early }
        } else {
            state.slack &-= step.onLaterTwins
        }
        // What is barred was clear, and counted, when it was barred.
        if barred & step.bit == 0 {
            state.slack &-= step.onStaying
            for index in step.links where state.barred & links[index].bit == 0 {
                state.barred |= links[index].bit
                if barred & links[index].counted == 0 { state.slack &-= links[index].onBarring }
            }
        }
        return any(state.slack .< least) || !canCover(state, row) ? nil : state
    }

    /// Lets an item leave, unless it cannot, or nothing better can come of it.
    @inline(__always)
    private mutating func keepLeaving(_ beginning: State, _ step: Step, _ row: Int) {
        if beginning.barred & (step.bit | step.twin) != 0 { return }
        var state = beginning
        state.slack &-= step.onLeaving
        for index in step.links where state.barred & links[index].bit != 0 {
            state.slack &-= links[index].onLeaving
        }
        if any(state.slack .< least) { return }
        state.preferredCount &+= step.preferredCount
        if state.preferredCount > preferredMax { return }
        state.points &+= step.points
        state.nonVolatile = min(needNonVolatile, state.nonVolatile &+ step.nonVolatile)
        state.volatile = min(needVolatile, state.volatile &+ step.volatile)
        if state.nonVolatile == needNonVolatile, state.volatile == needVolatile {
            offer(state, step)
        } else if canCover(state, row) {
            leaving.append((state.parent, step.item))
            state.parent = Int32(leaving.count - 1)
            next.append(state)
        }
    }

    /// Whether the rest can cover what a beginning lacks.
    @inline(__always)
    private func canCover(_ state: State, _ row: Int) -> Bool {
        let more = rest[row &+ Int(preferredMax &- state.preferredCount)]
        return state.nonVolatile &+ more[0] >= needNonVolatile && state.volatile &+ more[1] >= needVolatile
    }

    private mutating func offer(_ state: State, _ step: Step) {
        guard Int(state.points) < bestPoints else { return }
        bestPoints = Int(state.points)
        leaving.append((state.parent, step.item))
        bestParent = Int32(leaving.count - 1)
        let less = (firstBestPoints - bestPoints) << LeavingPrices.pointShift
        for (index, lane) in lanes.enumerated() {
            // A bound above the new cost is one that no slack is enough for.
            let left = (lane.gap >> lane.shift) - ((lane.gap - less) >> lane.shift)
            least[index] = Int32(min(left, Self.slackMax + 1))
        }
    }
}
