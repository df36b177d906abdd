// What a sweep starts from: its steps, and what they do to the bounds.

extension LeavingSweep {
    /// Makes a sweep ready for everything that is open; false when too many files hang together.
    mutating func prepare(_ search: LeavingSearch) -> Bool {
        clear()
        let items = search.items
        needNonVolatile = Int32(items.needNonVolatile)
        needVolatile = Int32(items.needVolatile)
        preferredMax = Int32(search.prices.preferredMax)
        bestPoints = search.bestPoints
        let order = LeavingSweepOrder(search)
        guard let bits = order.bits() else { return false }
        for item in order.order { append(item, search, bits) }
        var bounds = Bounds.zero
        var prices = search.prices
        for lane in 0..<Bounds.scalarCount {
            if lane > 0 { prices.set(Self.worth(search.worth, lane), status: search.status) }
            bounds[lane] = Int64(prices.bound)
            for position in steps.indices { setBounds(lane, position, prices, order, bits) }
        }
        setRest()
        states.append(
            State(
                bounds: bounds, barred: 0, points: Int32(search.points),
                nonVolatile: min(needNonVolatile, Int32(search.freedNonVolatile)),
                volatile: min(needVolatile, Int32(search.freedVolatile)),
                preferredCount: Int32(search.preferredCount), parent: Self.noParent))
        return true
    }

    /// Worths around the best one: each is the best for other beginnings.
    private static func worth(_ best: LeavingPrices.Worth, _ lane: Int) -> LeavingPrices.Worth {
        var worth = best
        switch lane {
        case 1:
            worth.nonVolatile *= 1.25
            worth.volatile *= 0.8
        case 2:
            worth.nonVolatile *= 0.8
            worth.volatile *= 1.25
        default:
            worth.nonVolatile *= 1.1
            worth.volatile *= 1.1
            worth.unit = 0
        }
        return worth
    }

    private mutating func append(_ item: Int, _ search: LeavingSearch, _ bits: [UInt64]) {
        let items = search.items
        let first = links.count
        for index in items.below[item] {
            let bit = bits[items.below.members[index]]
            if bit != 0 { links.append(Link(bit: bit)) }
        }
        steps.append(
            Step(
                item: Int32(item), points: Int32(items.points[item]),
                nonVolatile: Int32(items.nonVolatile[item]), volatile: Int32(items.volatile[item]),
                preferredCount: items.isPreferred[item] ? 1 : 0, bit: bits[item],
                links: first..<links.count))
    }

    private mutating func setBounds(
        _ lane: Int, _ position: Int, _ prices: LeavingPrices, _ order: LeavingSweepOrder, _ bits: [UInt64]
    ) {
        let items = prices.items
        let item = Int(steps[position].item)
        steps[position].onLeaving[lane] = Int64(max(0, prices.price[item]))
        var stays = -min(0, prices.price[item])
        // A file that stays gives the credit back that it gave to those above it.
        if item >= items.unitCount { for index in items.above[item] { stays += prices.credit[index] } }
        steps[position].onStaying[lane] = Int64(stays)
        var link = steps[position].links.lowerBound
        for index in items.below[item] {
            let file = items.below.members[index]
            guard bits[file] != 0 else { continue }
            // The same for a file that is barred: at once for those that have left, later for those that will.
            var barring = -min(0, prices.price[file])
            for above in items.above[file] {
                let other = items.above.members[above]
                if other == item { links[link].onLeaving[lane] = Int64(prices.credit[above]) }
                if order.place[other] >= 0, order.place[other] < position { barring += prices.credit[above] }
            }
            links[link].onBarring[lane] = Int64(barring)
            link += 1
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
