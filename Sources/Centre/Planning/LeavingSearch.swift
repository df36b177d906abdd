/// Branch and bound over who leaves.
///
/// The bound is that of `LeavingPrices`. Prices are set anew whenever a part of the tree turns out to be large, so that
/// they fit that part; in between, a decision costs a few additions.
struct LeavingSearch {
    /// Decisions after which the search gives up the proof.
    let nodesMax: Int
    /// Decisions under one set of prices before they are set anew.
    static let diveNodesMax = 1_000
    /// Steps of improving the prices at a branch.
    static let rounds = 20

    typealias Status = LeavingPrices.Status

    let items: LeavingItems
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
    var nodeCount = 0
    var memory = LeavingMemory()
    var isCutShort = false
    /// The least bound of what was left unexplored.
    var leastLeft = Int.max

    init(_ items: LeavingItems, preferredMax: Int, nodesMax: Int) {
        self.items = items
        self.nodesMax = nodesMax
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
            for index in items.dominators[item] where !decide(items.dominators.members[index], leaves: true) {
                return false
            }
        } else {
            set(item, .stays)
            for index in items.below[item] where !decide(items.below.members[index], leaves: false) {
                return false
            }
            for index in items.dominated[item] where !decide(items.dominated.members[index], leaves: false) {
                return false
            }
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

// MARK: - The tree

extension LeavingSearch {
    /// Explores everything that is still open, with prices made for it.
    mutating func explore(rounds: Int) {
        nodeCount += 1
        let mark = trail.count
        if isHopeless { return }
        if isCovered { return offer() }
        guard nodeCount < nodesMax else {
            isCutShort = true
            leastLeft = min(leastLeft, prices.bound)
            return
        }
        let saved = (prices, worth)
        improvePrices(rounds: rounds)
        if !isHopeless, fixByPrices(), !isHopeless {
            if isCovered {
                offer()
            } else {
                exploreParts()
            }
        }
        // The decisions of this node are taken back under the prices they were made with.
        undo(to: mark)
        (prices, worth) = saved
    }

    private mutating func exploreParts() {
        let order = openItems()
        var limit = nodeCount + Self.diveNodesMax
        let mark = trail.count
        memory.begin(order, itemCount: items.count)
        if dive(order, from: 0, limit: &limit) { return }
        undo(to: mark)
        guard let item = branchItem() else { return }
        let first = prices.price[item] < 0
        for leaves in [first, !first] {
            if decide(item, leaves: leaves) { explore(rounds: Self.rounds) }
            undo(to: mark)
        }
    }

    /// The dearest mistakes first: their other half is cut off at once.
    private func openItems() -> [Int] {
        (0..<items.count).filter { status[$0] == .open }
            .sorted { (abs(prices.price[$0]), $1) > (abs(prices.price[$1]), $0) }
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

    /// Plain depth first under fixed prices; false when the limit was reached.
    private mutating func dive(_ order: [Int], from start: Int, limit: inout Int) -> Bool {
        nodeCount += 1
        guard nodeCount < limit else { return false }
        if isHopeless { return true }
        if isCovered {
            offer()
            return true
        }
        var next = start
        while next < order.count, status[order[next]] != .open { next += 1 }
        guard next < order.count else { return true }
        let standing = LeavingMemory.Standing(
            points: points, nonVolatile: freedNonVolatile, volatile: freedVolatile,
            preferredCount: preferredCount)
        if memory.knows(standing, from: next, order: order, status: status) { return true }
        let mark = trail.count
        let first = prices.price[order[next]] < 0
        for leaves in [first, !first] {
            if decide(order[next], leaves: leaves), !dive(order, from: next + 1, limit: &limit) {
                return false
            }
            undo(to: mark)
        }
        return true
    }

    /// Decides whatever would be too dear the other way; false when nothing is left.
    mutating func fixByPrices() -> Bool {
        guard bestPoints != Int.max else { return true }
        let ceiling = (bestPoints - 1) << LeavingPrices.pointShift
        var isChanged = true
        // Bounded: every round decides an item.
        while isChanged {
            isChanged = false
            for item in 0..<items.count where status[item] == .open {
                let price = prices.price[item]
                if prices.bound + abs(price) > ceiling {
                    guard decide(item, leaves: price < 0) else { return false }
                    isChanged = true
                    continue
                }
                let isNeeded =
                    openNonVolatile - items.nonVolatile[item] < items.needNonVolatile
                    || openVolatile - items.volatile[item] < items.needVolatile
                if isNeeded {
                    guard decide(item, leaves: true) else { return false }
                    isChanged = true
                }
            }
            if isHopeless { return false }
        }
        return true
    }
}
