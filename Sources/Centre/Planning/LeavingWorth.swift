// How prices are made good, and first answers are found.

extension LeavingSearch {
    /// Climbs towards the worth that gives the highest bound, from the one at hand.
    mutating func improvePrices(rounds: Int) {
        var current = worth
        var highest = (bound: Int.min, worth: worth)
        var step = 1.0
        var stale = 0
        for _ in 0..<rounds {
            prices.set(current, status: status)
            if prices.bound > highest.bound {
                highest = (prices.bound, current)
                stale = 0
            } else {
                stale += 1
                if stale == 4 {
                    (stale, step, current) = (0, step * 0.5, highest.worth)
                    prices.set(current, status: status)
                }
            }
            if isHopeless { break }
            guard stride(&current, step: step) else { break }
        }
        worth = highest.worth
        prices.set(worth, status: status)
    }

    /// One step along the subgradient, as long as the gap to the best answer suggests; false at the top.
    private mutating func stride(_ worth: inout LeavingPrices.Worth, step: Double) -> Bool {
        let cheapest = prices.cheapest(status)
        let needNonVolatile = Double(max(1, items.needNonVolatile))
        let needVolatile = Double(max(1, items.needVolatile))
        let unitsMin = Double(max(1, prices.unitsMin))
        let preferredMax = Double(max(1, prices.preferredMax))
        // Every row counts by how much of it is missing.
        func slope(_ missing: Int, _ whole: Double, at worth: Double) -> Double {
            worth <= 0 && missing < 0 ? 0 : Double(missing) / whole
        }
        let nonVolatile = slope(
            items.needNonVolatile - cheapest.nonVolatile, needNonVolatile, at: worth.nonVolatile)
        let volatile = slope(items.needVolatile - cheapest.volatile, needVolatile, at: worth.volatile)
        let unit = slope(prices.unitsMin - cheapest.units, unitsMin, at: worth.unit)
        let preference = slope(
            cheapest.preferred - prices.preferredMax, preferredMax, at: worth.preference)
        let length =
            nonVolatile * nonVolatile + volatile * volatile + unit * unit + preference * preference
        guard length > 1e-12 else { return false }
        let bound = Double(prices.bound) / Double(1 << LeavingPrices.pointShift)
        let ceiling = Double(bestPoints == Int.max ? points + items.pointsTypical : bestPoints)
        let move = step * max(1, ceiling - bound) / length
        worth.nonVolatile = max(0, worth.nonVolatile + move * nonVolatile / needNonVolatile)
        worth.volatile = max(0, worth.volatile + move * volatile / needVolatile)
        worth.unit = max(0, worth.unit + move * unit / unitsMin)
        worth.preference = max(0, worth.preference + move * preference / preferredMax)
        return true
    }

    /// A quick answer from the prices at hand: leave by price, add what is missing, give back what is too much.
    mutating func offerRepaired() {
        let mark = trail.count
        defer { undo(to: mark) }
        for item in 0..<items.count where status[item] == .open && prices.price[item] < 0 {
            let before = trail.count
            if !decide(item, leaves: true) || preferredCount > prices.preferredMax { undo(to: before) }
        }
        // Bounded: every round decides an item.
        while !isCovered {
            guard let item = bestAddition() else { return }
            let before = trail.count
            if !decide(item, leaves: true) || preferredCount > prices.preferredMax {
                undo(to: before)
                guard decide(item, leaves: false) else { return }
            }
        }
        offerTrimmed(status.map { $0 == .leaves })
    }

    private func bestAddition() -> Int? {
        let missing = Room(
            nonVolatile: max(0, items.needNonVolatile - freedNonVolatile),
            volatile: max(0, items.needVolatile - freedVolatile))
        var chosen: Int?
        var highest = 0.0
        for item in 0..<items.count where status[item] == .open {
            var (points, nonVolatile, volatile) =
                (items.points[item], items.nonVolatile[item], items.volatile[item])
            for index in items.above[item] where status[items.above.members[index]] == .open {
                let other = items.above.members[index]
                points += items.points[other]
                nonVolatile += items.nonVolatile[other]
                volatile += items.volatile[other]
            }
            var gain = 0.0
            if missing.nonVolatile > 0 {
                gain += Double(min(nonVolatile, missing.nonVolatile)) / Double(missing.nonVolatile)
            }
            if missing.volatile > 0 {
                gain += Double(min(volatile, missing.volatile)) / Double(missing.volatile)
            }
            let score = gain / Double(max(1, points))
            if score > highest { (chosen, highest) = (item, score) }
        }
        return chosen
    }

    /// Offers a choice that covers the need, without whatever is not needed, dearest first.
    mutating func offerTrimmed(_ choice: [Bool]) {
        var leaves = choice
        var chosen = (0..<items.count).filter { choice[$0] }
        var nonVolatile = chosen.reduce(0) { $0 + items.nonVolatile[$1] }
        var volatile = chosen.reduce(0) { $0 + items.volatile[$1] }
        var total = chosen.reduce(0) { $0 + items.points[$1] }
        chosen.sort { (items.points[$0], $0) > (items.points[$1], $1) }
        for item in chosen where leaves[item] {
            let group = [item] + items.below.members[items.below[item]].filter { leaves[$0] }
            let lost = group.reduce((0, 0)) { ($0.0 + items.nonVolatile[$1], $0.1 + items.volatile[$1]) }
            guard nonVolatile - lost.0 >= items.needNonVolatile, volatile - lost.1 >= items.needVolatile
            else { continue }
            for member in group {
                leaves[member] = false
                total -= items.points[member]
            }
            (nonVolatile, volatile) = (nonVolatile - lost.0, volatile - lost.1)
        }
        guard total < bestPoints else { return }
        bestPoints = total
        best = leaves
    }
}
