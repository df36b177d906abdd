// How prices are made good, and first answers are found.

extension LeavingSearch {
    /// A worth at which about as much would leave as is needed, if items could leave in parts: the cost for its room of
    /// the last one that would.
    func firstWorth() -> LeavingPrices.Worth {
        let perNonVolatile = items.needNonVolatile > 0 ? 1 / Double(items.needNonVolatile) : 0
        let perVolatile = items.needVolatile > 0 ? 1 / Double(items.needVolatile) : 0
        var offers = (0..<items.count).map { item in
            (
                points: Double(items.points[item]),
                room: Double(items.nonVolatile[item]) * perNonVolatile
                    + Double(items.volatile[item]) * perVolatile
            )
        }
        // Code comes with those who use it, a part with each.
        for file in items.unitCount..<items.count {
            let users = items.above.members[items.above[file]].filter { $0 < items.unitCount }
            for user in users {
                offers[user].points += offers[file].points / Double(users.count)
                offers[user].room += offers[file].room / Double(users.count)
            }
        }
        let missing = (perNonVolatile > 0 ? 1.0 : 0) + (perVolatile > 0 ? 1.0 : 0)
        var covered = 0.0
        var cost = 0.0
        for offer in offers[..<items.unitCount].filter({ $0.room > 0 })
            .sorted(by: { $0.points * $1.room < $1.points * $0.room })
        {
            cost = offer.points / offer.room
            covered += offer.room
            if covered >= missing { break }
        }
        return .init(nonVolatile: cost * perNonVolatile, volatile: cost * perVolatile)
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
