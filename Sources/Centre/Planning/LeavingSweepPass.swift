/// One step of a sweep: all ways of every beginning.
///
/// It runs once for every beginning, so it works where they lie.
struct LeavingSweepPass {
    typealias Slack = LeavingSweep.Slack
    typealias State = LeavingSweep.State

    private let position: Int32
    private let step: LeavingSweep.Step
    private let links: [LeavingSweep.Link]
    /// What all later steps can free, by how many preferred ones may still leave.
    private let rest: ArraySlice<SIMD2<Int32>>
    private let needNonVolatile: Int32
    private let needVolatile: Int32
    private let preferredMax: Int32
    private let made: UnsafeMutableBufferPointer<State>
    private let left: UnsafeMutableBufferPointer<LeavingSweep.Left>
    private(set) var madeCount = 0
    private(set) var leftCount: Int
    private(set) var best: LeavingSweep.Best

    /// - Parameter made: room for two beginnings for each that there is, and `left` for as many besides what is there.
    init(
        _ sweep: LeavingSweep, _ position: Int, made: UnsafeMutableBufferPointer<State>,
        left: UnsafeMutableBufferPointer<LeavingSweep.Left>
    ) {
        self.position = Int32(position)
        step = sweep.steps[position]
        links = sweep.links
        let width = Int(sweep.preferredMax) + 1
        rest = sweep.rest[position * width..<(position + 1) * width]
        needNonVolatile = sweep.needNonVolatile
        needVolatile = sweep.needVolatile
        preferredMax = sweep.preferredMax
        self.made = made
        self.left = left
        leftCount = sweep.leftCount
        best = sweep.best
    }

    /// Keeps the beginnings that let the item stay, in their order, and makes those that let it leave; gives how many
    /// were kept.
    mutating func run(_ states: UnsafeMutableBufferPointer<State>) -> Int {
        var kept = 0
        for index in states.indices {
            let state = states[index]
            leave(state)
            if let staying = staying(state) {
                states[kept] = staying
                kept &+= 1
            }
        }
        return kept
    }

    /// A beginning that lets the item stay, unless nothing better can come of it.
    @inline(__always)
    private func staying(_ state: State) -> State? {
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
        return isHopeless(state) || !canCover(state) ? nil : state
    }

    /// Lets the item leave, unless it cannot, or nothing better can come of it.
    @inline(__always)
    private mutating func leave(_ beginning: State) {
        if beginning.barred & (step.bit | step.twin) != 0 { return }
        var state = beginning
        state.slack &-= step.onLeaving
        for index in step.links where state.barred & links[index].bit != 0 {
            state.slack &-= links[index].onLeaving
        }
        if isHopeless(state) { return }
        state.preferredCount &+= step.preferredCount
        if state.preferredCount > preferredMax { return }
        add(step.points, step.nonVolatile, step.volatile, to: &state)
        let own = step.own
        if own.item == LeavingSweep.none { return make(state, position) }
        if !isCovered(state) { leave(state, own) }
        state.slack &-= own.onStaying
        for index in own.links where state.barred & links[index].bit == 0 {
            state.barred |= links[index].bit
            state.slack &-= links[index].onBarring
        }
        if !isHopeless(state) { make(state, position) }
    }

    /// Lets the item's own file leave with it.
    @inline(__always)
    private mutating func leave(_ beginning: State, _ own: LeavingSweep.Own) {
        var state = beginning
        state.slack &-= own.onLeaving
        for index in own.links where state.barred & links[index].bit != 0 {
            state.slack &-= links[index].onLeaving
        }
        if isHopeless(state) { return }
        add(own.points, own.nonVolatile, own.volatile, to: &state)
        make(state, ~position)
    }

    @inline(__always)
    private func add(_ points: Int32, _ nonVolatile: Int32, _ volatile: Int32, to state: inout State) {
        state.points &+= points
        state.nonVolatile = min(needNonVolatile, state.nonVolatile &+ nonVolatile)
        state.volatile = min(needVolatile, state.volatile &+ volatile)
    }

    @inline(__always)
    private func isHopeless(_ state: State) -> Bool { any(state.slack .< best.least) }

    @inline(__always)
    private func isCovered(_ state: State) -> Bool {
        state.nonVolatile == needNonVolatile && state.volatile == needVolatile
    }

    /// Whether the rest can cover what a beginning lacks.
    @inline(__always)
    private func canCover(_ state: State) -> Bool {
        let more = rest[rest.startIndex &+ Int(preferredMax &- state.preferredCount)]
        return state.nonVolatile &+ more[0] >= needNonVolatile && state.volatile &+ more[1] >= needVolatile
    }

    /// Goes on with a beginning in which the item has left, or takes it as an answer.
    @inline(__always)
    private mutating func make(_ beginning: State, _ way: Int32) {
        let isAnswer = isCovered(beginning)
        guard isAnswer ? Int(beginning.points) < best.points : canCover(beginning) else { return }
        left[leftCount] = .init(parent: beginning.parent, step: way)
        let place = Int32(truncatingIfNeeded: leftCount)
        leftCount &+= 1
        if isAnswer { return best.take(points: Int(beginning.points), place) }
        made[madeCount] = beginning
        made[madeCount].parent = place
        madeCount &+= 1
    }
}
