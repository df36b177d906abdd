/// Who leaves: bounds, sweeps over all choices, and halving where even a sweep is too much.
///
/// The bound is that of `LeavingPrices`. Sweeps look for choices that cost little more than the bound, so that it
/// decides most items, then for dearer ones, until the best is found or shown to be known already.
struct LeavingSearch {
    /// Beginnings after which the search gives up the proof.
    private(set) var statesMax: Int
    /// What setting the prices anew takes, in beginnings.
    static let branchStates = 500
    /// Beginnings for a part of a problem before it is halved.
    static let partStatesMax = 5_000
    /// Beginnings for all parts together.
    static let partsStatesMax = 200_000
    /// Beginnings for a good answer before that.
    static let goodAnswerStatesMax = 50_000
    /// Steps of improving the prices, at most: at the start, and for a part of the problem.
    static let rounds = 36
    static let partRounds = 24

    typealias Status = LeavingPrices.Status

    let items: LeavingItems
    let twins: LeavingTwins
    var prices: LeavingPrices
    var status: [Status]
    /// Decided items in their order.
    var trail: [Int] = []
    /// Freed by what leaves, and by what leaves or is still open.
    var freedNonVolatile = 0
    var freedVolatile = 0
    var openNonVolatile: Int
    var openVolatile: Int
    var points = 0
    var preferredCount = 0
    var worth = LeavingPrices.Worth()

    var best: [Bool]
    var bestPoints = Int.max
    /// Only what costs less is looked for at present.
    var ceiling = Int.max
    /// Nothing costs less than this, of what is looked through at present.
    var floor = 0
    var stateCount = 0
    var sweep = LeavingSweep()
    var isCutShort = false
    /// The least bound of what was left unexplored.
    var leastLeft = Int.max

    init(_ items: LeavingItems, preferredMax: Int, statesMax: Int) {
        self.items = items
        twins = LeavingTwins(items)
        self.statesMax = statesMax
        prices = LeavingPrices(
            items, unitsMin: items.unitsMin, preferredMax: preferredMax)
        status = [Status](repeating: .open, count: items.count)
        openNonVolatile = items.nonVolatile.reduce(0, +)
        openVolatile = items.volatile.reduce(0, +)
        best = [Bool](repeating: false, count: items.count)
    }

    var isCovered: Bool {
        freedNonVolatile >= items.needNonVolatile && freedVolatile >= items.needVolatile
    }

    /// The most that a bound may be where something can come of it.
    var boundMax: Int {
        let points = min(bestPoints, ceiling)
        return points == Int.max ? Int.max : (points - 1) << LeavingPrices.pointShift
    }

    /// Whether nothing that is looked for can come from here.
    var isHopeless: Bool {
        openNonVolatile < items.needNonVolatile || openVolatile < items.needVolatile
            || preferredCount > prices.preferredMax || prices.bound > boundMax
    }

    // MARK: - Decisions

    /// Decides an item and all that follows from it; false when that contradicts what was decided before.
    mutating func decide(_ item: Int, leaves: Bool) -> Bool {
        guard status[item] == .open else { return (status[item] == .leaves) == leaves }
        if leaves {
            set(item, .leaves)
            for index in items.above[item] where !decide(items.above.members[index], leaves: true) {
                return false
            }
            let twin = twins.before[item]
            if twin >= 0, !decide(twin, leaves: true) { return false }
        } else {
            set(item, .stays)
            for index in items.below[item] where !decide(items.below.members[index], leaves: false) {
                return false
            }
            let twin = twins.after[item]
            if twin >= 0, !decide(twin, leaves: false) { return false }
        }
        return true
    }

    private mutating func set(_ item: Int, _ value: Status) {
        trail.append(item)
        if value == .leaves {
            prices.decideLeaves(item)
            freedNonVolatile += items.nonVolatile[item]
            freedVolatile += items.volatile[item]
            points += items.points[item]
            if items.isPreferred[item] { preferredCount += 1 }
        } else {
            prices.decideStays(item, status: status)
            openNonVolatile -= items.nonVolatile[item]
            openVolatile -= items.volatile[item]
        }
        status[item] = value
    }

    /// Takes back all decisions beyond the first so many.
    mutating func undo(to count: Int) {
        while trail.count > count {
            let item = trail.removeLast()
            let value = status[item]
            status[item] = .open
            if value == .leaves {
                prices.undoLeaves(item)
                freedNonVolatile -= items.nonVolatile[item]
                freedVolatile -= items.volatile[item]
                points -= items.points[item]
                if items.isPreferred[item] { preferredCount -= 1 }
            } else {
                prices.undoStays(item, status: status)
                openNonVolatile += items.nonVolatile[item]
                openVolatile += items.volatile[item]
            }
        }
    }

    /// Takes what leaves by now as an answer, when it is one and better.
    mutating func offer() {
        guard points < bestPoints, preferredCount <= prices.preferredMax else { return }
        bestPoints = points
        for item in 0..<items.count { best[item] = status[item] == .leaves }
    }
}

// MARK: - The search

extension LeavingSearch {
    /// Explores everything that is open, with prices made for it.
    mutating func explore(isWhole: Bool) {
        let mark = trail.count
        stateCount += Self.branchStates
        if isHopeless { return }
        if isCovered { return offer() }
        guard stateCount < statesMax else {
            isCutShort = true
            leastLeft = min(leastLeft, prices.bound)
            return
        }
        let saved = (prices, worth)
        // For the whole the prices are good already.
        if !isWhole { climb(rounds: Self.partRounds) }
        if decideByPrices() {
            if isWhole { exploreWhole() } else { explorePart() }
        }
        // The decisions made here are taken back under the prices they were made with.
        undo(to: mark)
        (prices, worth) = saved
    }

    /// All that the prices decide; false when nothing is left to explore.
    private mutating func decideByPrices() -> Bool {
        if isHopeless || !fixByPrices() || isHopeless { return false }
        guard isCovered else { return true }
        offer()
        return false
    }

    private mutating func exploreWhole() {
        if runSweeps(statesMax: statesMax) { return }
        let mark = trail.count
        let goodAnswerStatesMax = stateCount + min(Self.goodAnswerStatesMax, statesMax)
        var end = LeavingSweep.End.improved
        // A good answer first, wherever it is: it leaves less of the halves. Bounded: each round finds a better one.
        while end == .improved {
            end = sweepBelowCeiling(statesMax: goodAnswerStatesMax - stateCount)
            undo(to: mark)
        }
        statesMax = min(statesMax, stateCount + Self.partsStatesMax)
        halve()
    }

    private mutating func explorePart() {
        if !runSweeps(statesMax: stateCount + Self.partStatesMax) { halve() }
    }

    private mutating func halve() {
        guard let item = branchItem() else { return }
        let mark = trail.count
        let first = prices.price[item] < 0
        for leaves in [first, !first] {
            if decide(item, leaves: leaves) { explore(isWhole: false) }
            undo(to: mark)
        }
    }

    /// After a sweep with so many beginnings another climb is little.
    private static let climbStates = 3_000
    /// A gap so small, in points, that all of it is looked through at once.
    private static let smallGap = 5

    /// All choices that could be better, in sweeps that reach further and further above the bound: what costs little
    /// more is few, and an answer found there ends the search. False when there were too many.
    private mutating func runSweeps(statesMax sweepStatesMax: Int) -> Bool {
        let mark = trail.count
        defer { ceiling = Int.max }
        let one = 1 << LeavingPrices.pointShift
        floor = (prices.bound + one - 1) / one
        var reach = Int.max
        if bestPoints != Int.max {
            let gap = bestPoints * one - prices.bound
            if gap > Self.smallGap * one { reach = gap * 3 / 5 }
        }
        // Bounded: each round finds a better answer or reaches a point further.
        while bestPoints > floor {
            ceiling = reach == Int.max ? bestPoints : min(bestPoints, (prices.bound + reach) / one + 1)
            let end = sweepBelowCeiling(statesMax: min(sweepStatesMax, statesMax) - stateCount)
            undo(to: mark)
            switch end {
            case .complete:
                floor = min(bestPoints, ceiling)
                if reach < Int.max { reach += reach / 2 }
            case .improved: break
            case .tooMany: return false
            }
            // What is better known now shows the way up better.
            if sweep.stateCount > Self.climbStates, bestPoints > floor { climb(rounds: Self.rounds) }
        }
        return true
    }

    private mutating func sweepBelowCeiling(statesMax sweepStatesMax: Int) -> LeavingSweep.End {
        if isHopeless || !fixByPrices() || isHopeless { return .complete }
        if isCovered {
            offer()
            return .complete
        }
        // Taken out of here, so that its memory is not copied with the rest.
        var sweep = LeavingSweep()
        swap(&sweep, &self.sweep)
        defer { swap(&sweep, &self.sweep) }
        guard sweep.prepare(self) else { return .tooMany }
        let end = sweep.run(statesMax: sweepStatesMax)
        stateCount += sweep.stateCount
        if let found = sweep.found {
            bestPoints = sweep.best.points
            for item in 0..<items.count { best[item] = status[item] == .leaves }
            for item in found { best[item] = true }
        }
        return end
    }

    /// Where the prices say least and the room is most.
    private func branchItem() -> Int? {
        var chosen: Int?
        var highest = -1.0
        for item in 0..<items.count where status[item] == .open {
            let ties = Double(items.above[item].count + items.below[item].count)
            let score = items.share(item) + 0.05 * ties
            if score > highest { (chosen, highest) = (item, score) }
        }
        return chosen
    }
}
