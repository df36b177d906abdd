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
        best.points = min(search.bestPoints, search.ceiling, items.points.reduce(1, +))
        best.firstPoints = best.points
        let order = LeavingSweepOrder(search)
        guard let bits = order.bits() else { return false }
        for item in order.order {
            if order.isOwn[item] { appendOwn(item, search, bits) } else { append(item, search, order, bits) }
        }
        var state = State(
            slack: .zero, barred: 0, points: Int32(search.points),
            nonVolatile: min(needNonVolatile, Int32(search.freedNonVolatile)),
            volatile: min(needVolatile, Int32(search.freedVolatile)),
            preferredCount: Int32(search.preferredCount), parent: Self.none)
        var prices = search.prices
        for lane in 0..<Slack.scalarCount {
            // Only of the first lane's bound much depends.
            if lane > 0 {
                prices.set(Self.worth(search.worth, lane), status: search.status, isRough: true)
            }
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
        let gap = ((best.points - 1) << LeavingPrices.pointShift) - bound
        var shift = 0
        // Bounded: a number has 64 digits.
        while gap >> shift >= Self.slackMax { shift += 1 }
        best.lanes[lane] = Lane(gap: gap, shift: shift)
        return gap < 0 ? -1 : Int32(gap >> shift)
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

    /// Decides a file in the step of the one item above it that is open, which is the last one.
    private mutating func appendOwn(
        _ item: Int, _ search: LeavingSearch, _ bits: LeavingSweepOrder.Bits
    ) {
        let items = search.items
        let first = links.count
        for index in items.below[item] {
            let bit = bits.files[items.below.members[index]]
            if bit != 0 { links.append(Link(bit: bit)) }
        }
        steps[steps.count - 1].own = Own(
            item: Int32(item), points: Int32(items.points[item]),
            nonVolatile: Int32(items.nonVolatile[item]), volatile: Int32(items.volatile[item]),
            links: first..<links.count)
    }

    private mutating func setGains(
        _ lane: Int, _ prices: LeavingPrices, _ order: LeavingSweepOrder, _ bits: LeavingSweepOrder.Bits
    ) {
        let ground = (
            items: prices.items, price: prices.price, credit: prices.credit, below: prices.items.below,
            shift: best.lanes[lane].shift
        )
        // In the unit of a lane, rounded down: less than it is, so that nothing is dropped that might be the best.
        func gain(_ amount: Int) -> Int32 { Int32(min(amount >> ground.shift, Self.slackMax)) }
        // What each file gave to those above it that are decided before.
        var given = [Int](repeating: 0, count: ground.items.count)
        func setLinks(_ item: Int, _ first: Int) {
            var link = first
            for place in ground.below[item] {
                let file = ground.below.members[place]
                let credit = ground.credit[ground.items.aboveOfBelow[place]]
                if bits.files[file] != 0 {
                    // A file that is barred gives back what it gave: at once to those that have left, later to those
                    // that will.
                    links[link].onLeaving[lane] = gain(credit)
                    links[link].onBarring[lane] = gain(given[file] - min(0, ground.price[file]))
                    link += 1
                }
                given[file] += credit
            }
        }
        for position in steps.indices {
            let item = Int(steps[position].item)
            let price = ground.price[item]
            let stays = -min(0, price)
            // A file that stays gives the credit back that it gave to those above it.
            var onStaying = stays + given[item]
            setLinks(item, steps[position].links.lowerBound)
            if steps[position].own.item != Self.none {
                let file = Int(steps[position].own.item)
                let price = ground.price[file]
                onStaying -= min(0, price)
                steps[position].own.onLeaving[lane] = gain(max(0, price))
                steps[position].own.onStaying[lane] = gain(given[file] - min(0, price))
                setLinks(file, steps[position].own.links.lowerBound)
            }
            steps[position].onLeaving[lane] = gain(max(0, price))
            steps[position].onStaying[lane] = gain(onStaying)
            // Not more than was counted in full, each part being rounded down.
            if steps[position].counted != 0 { steps[position].early[lane] = gain(stays) }
        }
        countTwins(lane, order)
    }

    /// What later twins cost that stay too, if this one does.
    private mutating func countTwins(_ lane: Int, _ order: LeavingSweepOrder) {
        guard steps.contains(where: { $0.counted != 0 }) else { return }
        var place = [Int](repeating: -1, count: order.place.count)
        for position in steps.indices { place[Int(steps[position].item)] = position }
        for position in steps.indices.reversed() {
            let twin = order.twins.after[Int(steps[position].item)]
            guard twin >= 0, place[twin] > position, steps[place[twin]].counted != 0 else { continue }
            let later = (early: steps[place[twin]].early, twins: steps[place[twin]].onLaterTwins)
            steps[position].onLaterTwins[lane] = min(
                later.early[lane] &+ later.twins[lane], Int32(Self.slackMax))
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
            plain &+= SIMD2(step.own.nonVolatile, step.own.volatile)
        }
    }
}
