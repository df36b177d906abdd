// What a sweep starts from: its steps, and what they do to the bounds.

extension LeavingSweep {
    /// Makes a sweep ready for everything that is open; false when too many files hang together.
    mutating func prepare(_ search: LeavingSearch) -> Bool {
        clear()
        let items = search.items
        needNonVolatile = Int32(items.needNonVolatile)
        needVolatile = Int32(items.needVolatile)
        preferredMax = Int32(search.prices.preferredMax)
        floor = search.floor
        // Without an answer everything is better than what there is.
        bestPoints = min(search.bestPoints, search.ceiling, items.points.reduce(1, +))
        firstBestPoints = bestPoints
        let order = LeavingSweepOrder(search)
        guard let bits = order.bits() else { return false }
        for item in order.order { append(item, search, order, bits) }
        var state = State(
            slack: .zero, barred: 0, points: Int32(search.points),
            nonVolatile: min(needNonVolatile, Int32(search.freedNonVolatile)),
            volatile: min(needVolatile, Int32(search.freedVolatile)),
            preferredCount: Int32(search.preferredCount), parent: Self.noParent)
        var prices = search.prices
        for lane in 0..<Slack.scalarCount {
            if lane > 0 { prices.set(Self.worth(search.worth, lane), status: search.status) }
            state.slack[lane] = begin(lane, bound: prices.bound)
            setGains(lane, prices, order, bits)
        }
        setRest()
        if state.slack.min() >= 0 { states.append(state) }
        return true
    }

    /// Slacks have so few digits that no sum of what one step takes overflows: it has at most 64 links.
    static let slackMax = 1 << 24

    /// Finds the unit of a lane's slack; gives the first slack, which is negative where nothing better is possible.
    private mutating func begin(_ lane: Int, bound: Int) -> Int32 {
        let gap = ((bestPoints - 1) << LeavingPrices.pointShift) - bound
        var shift = 0
        // Bounded: a number has 64 digits.
        while gap >> shift >= Self.slackMax { shift += 1 }
        lanes[lane] = Lane(gap: gap, shift: shift)
        return gap < 0 ? -1 : Int32(gap >> shift)
    }

    /// In the unit of a lane, rounded down: less than it is, so that nothing is dropped that might be the best.
    private func gain(_ amount: Int, _ lane: Int) -> Int32 {
        Int32(min(amount >> lanes[lane].shift, Self.slackMax))
    }

    /// Worths around the best one: each is the best for other beginnings.
    private static let worths: [(nonVolatile: Double, volatile: Double, unit: Double, preference: Double)] = [
        (1, 1, 1, 1), (0.95, 1, 1.5, 0.9), (0.7, 1.1, 0.7, 1.25), (1.1, 0.75, 0, 1.25), (0.9, 1, 1, 1),
        (1.2, 0.3, 1, 1.75), (3.5, 0.7, 1, 1), (1.25, 0.9, 0.2, 1.35),
    ]

    private static func worth(_ best: LeavingPrices.Worth, _ lane: Int) -> LeavingPrices.Worth {
        let factors = worths[lane]
        var worth = best
        worth.nonVolatile *= factors.nonVolatile
        worth.volatile *= factors.volatile
        worth.unit *= factors.unit
        worth.preference *= factors.preference
        return worth
    }

    private mutating func append(
        _ item: Int, _ search: LeavingSearch, _ order: LeavingSweepOrder, _ bits: LeavingSweepOrder.Bits
    ) {
        let items = search.items
        // Counted when its twin stays: only what nothing can bar before that.
        func early(_ item: Int) -> UInt64 {
            let twin = search.twins.before[item]
            guard twin >= 0, order.place[twin] >= 0 else { return 0 }
            let isLater = items.above[item].allSatisfy {
                order.place[items.above.members[$0]] > order.place[twin]
            }
            return isLater ? bits.twins[item] : 0
        }
        let first = links.count
        for index in items.below[item] {
            let bit = bits.files[items.below.members[index]]
            if bit != 0 { links.append(Link(bit: bit, counted: early(items.below.members[index]))) }
        }
        let twin = search.twins.after[item]
        steps.append(
            Step(
                item: Int32(item), points: Int32(items.points[item]),
                nonVolatile: Int32(items.nonVolatile[item]), volatile: Int32(items.volatile[item]),
                preferredCount: items.isPreferred[item] ? 1 : 0, bit: bits.files[item],
                twin: bits.twins[item], nextTwin: twin >= 0 ? bits.twins[twin] : 0,
                counted: early(item), links: first..<links.count))
    }

    private mutating func setGains(
        _ lane: Int, _ prices: LeavingPrices, _ order: LeavingSweepOrder, _ bits: LeavingSweepOrder.Bits
    ) {
        let items = prices.items
        // What each file gave to those above it that are decided before.
        var given = [Int](repeating: 0, count: items.count)
        for position in steps.indices {
            let item = Int(steps[position].item)
            let stays = -min(0, prices.price[item])
            steps[position].onLeaving[lane] = gain(max(0, prices.price[item]), lane)
            // A file that stays gives the credit back that it gave to those above it.
            steps[position].onStaying[lane] = gain(stays + given[item], lane)
            // Not more than was counted in full, each part being rounded down.
            steps[position].early[lane] = gain(stays, lane)
            var link = steps[position].links.lowerBound
            for place in items.below[item] {
                let file = items.below.members[place]
                guard bits.files[file] != 0 else { continue }
                // The same for a file that is barred: at once for those that have left, later for those that will.
                let credit = prices.credit[items.aboveOfBelow[place]]
                links[link].onLeaving[lane] = gain(credit, lane)
                links[link].onBarring[lane] = gain(given[file] - min(0, prices.price[file]), lane)
                given[file] += credit
                link += 1
            }
        }
        for position in steps.indices.reversed() {
            let twin = order.twins.after[Int(steps[position].item)]
            guard twin >= 0, order.place[twin] > position, steps[order.place[twin]].counted != 0 else {
                continue
            }
            let later = steps[order.place[twin]]
            steps[position].onLaterTwins[lane] = min(
                later.early[lane] &+ later.onLaterTwins[lane], Int32(Self.slackMax))
        }
    }

    private mutating func setRest() {
        let width = Int(preferredMax) + 1
        rest = [SIMD2<Int32>](repeating: .zero, count: steps.count * width)
        var plain = SIMD2<Int32>.zero
        var biggest = (nonVolatile: [Int32](), volatile: [Int32]())
        func insert(_ size: Int32, _ sizes: inout [Int32]) {
            sizes.insert(size, at: sizes.firstIndex { $0 < size } ?? sizes.count)
        }
        for position in steps.indices.reversed() {
            var sum = plain
            for count in 0..<width {
                if count > 0, count <= biggest.volatile.count {
                    sum &+= SIMD2(biggest.nonVolatile[count - 1], biggest.volatile[count - 1])
                }
                rest[position * width + count] = sum
            }
            let step = steps[position]
            if step.preferredCount > 0 {
                insert(step.nonVolatile, &biggest.nonVolatile)
                insert(step.volatile, &biggest.volatile)
            } else {
                plain &+= SIMD2(step.nonVolatile, step.volatile)
            }
        }
    }
}
