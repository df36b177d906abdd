/// All choices at once, item by item: a table of beginnings, of which only those are kept that can still be the best.
///
/// A beginning has decided the first so many items. It is dropped when its bound is not below the best known cost,
/// when the rest cannot cover what is missing any more, or when another beginning costs no more, frees no less in both
/// memories, and has barred nothing that this one has not. What is kept at the end, if anything, is the best choice.
struct LeavingSweep {
    /// Lower bounds by several worths at once; the highest counts.
    typealias Bounds = SIMD4<Int64>

    /// A beginning: what it has come to.
    struct State {
        var bounds: Bounds
        /// Files that cannot leave because something above them stays, one bit each.
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
        var onLeaving = Bounds.zero
        var onStaying = Bounds.zero
        /// The files that are barred if this stays.
        var links: Range<Int>
    }

    /// A file below an item.
    struct Link {
        var bit: UInt64
        /// What the bounds gain when the file is barred by this item.
        var onBarring = Bounds.zero
        /// What they gain when the item leaves and the file was barred before.
        var onLeaving = Bounds.zero
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
    var bestPoints = 0
    /// Beginnings that were kept: how hard it was.
    private(set) var stateCount = 0

    private var next: [State] = []
    private var stairs = LeavingStairs()
    private var leaving: [(parent: Int32, item: Int32)] = []
    private var bestParent = LeavingSweep.noParent
    private var ceiling = Bounds.zero

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
        bestParent = Self.noParent
        stateCount = 0
    }

    /// Decides one item after the other; false when there were too many beginnings to finish.
    ///
    /// - Parameter width: beginnings to go on with at each step. If there are more, the most promising are taken: the
    ///   answer is quick, and perhaps not the best.
    mutating func run(width: Int, statesMax: Int) -> Bool {
        for position in steps.indices {
            setCeiling()
            advance(position)
            stateCount += states.count
            if states.isEmpty { break }
            if stateCount > statesMax { return false }
            if states.count > width { narrow(to: width) }
        }
        return true
    }

    private mutating func setCeiling() {
        ceiling = Bounds(repeating: Int64(bestPoints - 1) << Int64(LeavingPrices.pointShift))
    }

    private mutating func narrow(to width: Int) {
        let sorted = states.indices.map { (bound: states[$0].bounds.max(), index: $0) }
            .sorted { ($0.bound, $0.index) < ($1.bound, $1.index) }
        let kept = sorted.prefix(width).map(\.index).sorted()
        states = kept.map { states[$0] }
    }

    /// Both ways of every beginning, cheapest first.
    private mutating func advance(_ position: Int) {
        let step = steps[position]
        let limits = rest[position * (Int(preferredMax) + 1)..<(position + 1) * (Int(preferredMax) + 1)]
        next.removeAll(keepingCapacity: true)
        stairs.clear()
        var (stay, leave) = (0, 0)
        while stay < states.count {
            let isStaying = leave >= states.count || states[stay].points < states[leave].points &+ step.points
            if isStaying {
                var state = states[stay]
                stay += 1
                if stays(&state, step) { keep(state, limits) }
            } else {
                var state = states[leave]
                leave += 1
                guard leaves(&state, step) else { continue }
                if state.nonVolatile == needNonVolatile, state.volatile == needVolatile {
                    offer(state, step)
                } else if keep(state, limits) {
                    leaving.append((state.parent, step.item))
                    next[next.count - 1].parent = Int32(leaving.count - 1)
                }
            }
        }
        for index in leave..<states.count { finish(states[index], step, limits) }
        for index in stairs.surpassed { next[Int(index)].parent = Self.surpassed }
        swap(&states, &next)
        if !stairs.surpassed.isEmpty { states.removeAll { $0.parent == Self.surpassed } }
    }

    /// The dearest beginnings, with the item leaving.
    private mutating func finish(_ beginning: State, _ step: Step, _ limits: ArraySlice<SIMD2<Int32>>) {
        var state = beginning
        guard leaves(&state, step) else { return }
        if state.nonVolatile == needNonVolatile, state.volatile == needVolatile {
            offer(state, step)
        } else if keep(state, limits) {
            leaving.append((state.parent, step.item))
            next[next.count - 1].parent = Int32(leaving.count - 1)
        }
    }

    /// Lets an item stay; false when nothing better can come of it.
    @inline(__always)
    private func stays(_ state: inout State, _ step: Step) -> Bool {
        if state.barred & step.bit != 0 {
            // It was clear, and counted, when it was barred.
            state.barred &= ~step.bit
            return true
        }
        state.bounds &+= step.onStaying
        for index in step.links where state.barred & links[index].bit == 0 {
            state.barred |= links[index].bit
            state.bounds &+= links[index].onBarring
        }
        return !any(state.bounds .> ceiling)
    }

    /// Lets an item leave; false when it cannot, or nothing better can come of it.
    @inline(__always)
    private func leaves(_ state: inout State, _ step: Step) -> Bool {
        if state.barred & step.bit != 0 { return false }
        state.bounds &+= step.onLeaving
        for index in step.links where state.barred & links[index].bit != 0 {
            state.bounds &+= links[index].onLeaving
        }
        if any(state.bounds .> ceiling) { return false }
        state.preferredCount &+= step.preferredCount
        if state.preferredCount > preferredMax { return false }
        state.points &+= step.points
        state.nonVolatile = min(needNonVolatile, state.nonVolatile &+ step.nonVolatile)
        state.volatile = min(needVolatile, state.volatile &+ step.volatile)
        return true
    }

    private mutating func offer(_ state: State, _ step: Step) {
        guard Int(state.points) < bestPoints else { return }
        bestPoints = Int(state.points)
        leaving.append((state.parent, step.item))
        bestParent = Int32(leaving.count - 1)
        setCeiling()
    }

    /// Keeps a beginning if the rest can cover what it lacks and no other is as good.
    @inline(__always)
    @discardableResult
    private mutating func keep(_ state: State, _ limits: ArraySlice<SIMD2<Int32>>) -> Bool {
        let more = limits[limits.startIndex + Int(preferredMax - state.preferredCount)]
        if state.nonVolatile &+ more[0] < needNonVolatile || state.volatile &+ more[1] < needVolatile {
            return false
        }
        let stair = LeavingStairs.Stair(
            nonVolatile: state.nonVolatile, volatile: state.volatile, points: state.points,
            index: Int32(next.count))
        guard stairs.admit(stair, barred: state.barred, preferredCount: state.preferredCount) else {
            return false
        }
        next.append(state)
        return true
    }
}
