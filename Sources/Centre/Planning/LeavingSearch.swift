/// Who leaves: bounds, sweeps over all choices, and halving where even a sweep is too much.
///
/// The bound is that of `LeavingPrices`. A narrow sweep finds a good answer; with it the bound decides most items; a
/// whole
/// sweep then finds the best answer, or shows that it is known already.
struct LeavingSearch {
    /// Beginnings after which the search gives up the proof.
    private(set) var statesMax: Int
    /// What setting the prices anew takes, in beginnings.
    static let branchStates = 500
    /// Beginnings for a part of a problem before it is halved.
    static let partStatesMax = 5_000
    /// Beginnings for all parts together.
    static let partsStatesMax = 200_000
    /// Steps of improving the prices, at most.
    static let rounds = 24

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
            items, unitsMin: LeavingSearch.unitsMin(items), preferredMax: preferredMax)
        status = [Status](repeating: .open, count: items.count)
        openNonVolatile = items.nonVolatile.reduce(0, +)
        openVolatile = items.volatile.reduce(0, +)
        best = [Bool](repeating: false, count: items.count)
    }

    /// So many units must leave at least: the biggest, with all the code that could come with them, must cover the
    /// need.
    static func unitsMin(_ items: LeavingItems) -> Int {
        func least(_ size: [Int], _ need: Int) -> Int {
            var share = Array(size[..<items.unitCount])
            var covered = 0
            for file in items.unitCount..<items.count {
                let users = items.above.members[items.above[file]].filter { $0 < items.unitCount }
                guard !users.isEmpty else {
                    covered += size[file]
                    continue
                }
                // Rounded up: the shares together are never less than the file.
                for user in users { share[user] += (size[file] + users.count - 1) / users.count }
            }
            var count = 0
            for size in share.sorted(by: >) where covered < need {
                covered += size
                count += 1
            }
            return count
        }
        return max(
            least(items.nonVolatile, items.needNonVolatile), least(items.volatile, items.needVolatile))
    }

    var isCovered: Bool {
        freedNonVolatile >= items.needNonVolatile && freedVolatile >= items.needVolatile
    }

    /// Whether nothing better than the best known can come from here.
    var isHopeless: Bool {
        openNonVolatile < items.needNonVolatile || openVolatile < items.needVolatile
            || preferredCount > prices.preferredMax
            || (bestPoints != Int.max && prices.bound > (bestPoints - 1) << LeavingPrices.pointShift)
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
        if tighten() {
            if isWhole { exploreWhole() } else { explorePart() }
        }
        // The decisions made here are taken back under the prices they were made with.
        undo(to: mark)
        (prices, worth) = saved
    }

    /// Better prices, and all that they decide; false when nothing is left to explore.
    private mutating func tighten() -> Bool {
        climb(rounds: Self.rounds)
        if isHopeless || !fixByPrices() || isHopeless { return false }
        guard isCovered else { return true }
        offer()
        return false
    }

    private mutating func exploreWhole() {
        if runSweeps(statesMax: statesMax) { return }
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

    /// All choices that could be better, in one sweep, and again with each better answer; false when there were too
    /// many.
    private mutating func runSweeps(statesMax sweepStatesMax: Int) -> Bool {
        // Bounded: each round finds a better answer.
        while true {
            guard sweep.prepare(self) else { return false }
            let end = sweep.run(statesMax: min(sweepStatesMax, statesMax) - stateCount)
            stateCount += sweep.stateCount
            if let found = sweep.found {
                bestPoints = sweep.bestPoints
                for item in 0..<items.count { best[item] = status[item] == .leaves }
                for item in found { best[item] = true }
            }
            switch end {
            case .complete: return true
            case .tooMany: return false
            case .improved: if !tighten() { return true }
            }
        }
    }

    /// Where the prices say least and the room is most.
    private func branchItem() -> Int? {
        var chosen: Int?
        var highest = -1.0
        for item in 0..<items.count where status[item] == .open {
            let room =
                Double(items.nonVolatile[item]) / Double(max(1, items.needNonVolatile))
                + Double(items.volatile[item]) / Double(max(1, items.needVolatile))
            let ties = Double(items.above[item].count + items.below[item].count)
            let score = room + 0.05 * ties
            if score > highest { (chosen, highest) = (item, score) }
        }
        return chosen
    }
}
