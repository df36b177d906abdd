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
        let perNonVolatile = missing.nonVolatile > 0 ? 1 / Double(missing.nonVolatile) : 0
        let perVolatile = missing.volatile > 0 ? 1 / Double(missing.volatile) : 0
        let (items, above) = (items, items.above)
        var chosen: Int?
        var highest = (gain: 0.0, points: 1.0)
        for item in 0..<items.count where status[item] == .open {
            var (points, nonVolatile, volatile) =
                (items.points[item], items.nonVolatile[item], items.volatile[item])
            for index in above[item] where status[above.members[index]] == .open {
                let other = above.members[index]
                points += items.points[other]
                nonVolatile += items.nonVolatile[other]
                volatile += items.volatile[other]
            }
            let gain =
                Double(min(nonVolatile, missing.nonVolatile)) * perNonVolatile
                + Double(min(volatile, missing.volatile)) * perVolatile
            let pointsOrOne = Double(max(1, points))
            // The same as comparing what each gains for its points, without a division.
            if gain * highest.points > highest.gain * pointsOrOne {
                (chosen, highest) = (item, (gain, pointsOrOne))
            }
        }
        return chosen
    }

    /// Offers a choice that covers the need, without whatever is not needed, dearest first.
    mutating func offerTrimmed(_ choice: [Bool]) {
        var choice = choice
        let total = trim(&choice)
        guard total < bestPoints else { return }
        bestPoints = total
        best = choice
    }

    /// Lets stay what is not needed, dearest first; gives what the rest costs.
    private func trim(_ choice: inout [Bool]) -> Int {
        let (allPoints, rooms, otherRooms) = (items.points, items.nonVolatile, items.volatile)
        let (points, nonVolatiles, volatiles) = (allPoints.span, rooms.span, otherRooms.span)
        let (starts, members, order) = (items.below.starts, items.below.members, items.byPoints)
        let (firsts, files, byPoints) = (starts.span, members.span, order.span)
        var leaves = choice.mutableSpan
        // What is there beyond the need.
        var (nonVolatile, volatile, total) = (-items.needNonVolatile, -items.needVolatile, 0)
        for item in leaves.indices where leaves[item] {
            nonVolatile &+= nonVolatiles[item]
            volatile &+= volatiles[item]
            total &+= points[item]
        }
        for place in byPoints.indices {
            let item = byPoints[place]
            guard leaves[item], nonVolatiles[item] <= nonVolatile, volatiles[item] <= volatile else {
                continue
            }
            let below = firsts[item]..<firsts[item &+ 1]
            var lost = (nonVolatile: nonVolatiles[item], volatile: volatiles[item])
            for index in below where leaves[files[index]] {
                lost.nonVolatile &+= nonVolatiles[files[index]]
                lost.volatile &+= volatiles[files[index]]
            }
            guard lost.nonVolatile <= nonVolatile, lost.volatile <= volatile else { continue }
            leaves[item] = false
            total &-= points[item]
            for index in below where leaves[files[index]] {
                leaves[files[index]] = false
                total &-= points[files[index]]
            }
            nonVolatile &-= lost.nonVolatile
            volatile &-= lost.volatile
        }
        return total
    }
}
