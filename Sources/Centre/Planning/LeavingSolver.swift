extension LeavingProblem {
    /// The cheapest choice that covers the need; `nil` when not even everything together covers it.
    ///
    /// First as few as possible of those that the holder wants to keep, then as few points as possible.
    ///
    /// - Parameter statesMax: beginnings after which the search gives up the proof, and says so.
    package func solve(statesMax: Int = statesMax) -> LeavingChoice? {
        guard most.covers(need) else { return nil }
        if need.nonVolatile <= 0, need.volatile <= 0 {
            return LeavingChoice(
                units: [], files: [], cost: .none, freed: .none, optimality: .proven, stateCount: 0)
        }
        let items = LeavingItems(self)
        guard let counted = countPreferred(items, statesMax: statesMax) else { return nil }
        var search = LeavingSearch(items, preferredMax: counted.max, statesMax: statesMax)
        if let first = counted.first { search.offerTrimmed(first) }
        search.run()
        return answer(search, statesBefore: counted.stateCount, preferenceGap: counted.gap)
    }

    /// How many preferred ones must leave, with a choice that shows it.
    private struct Preferred {
        var max = 0
        var first: [Bool]?
        var stateCount = 0
        var gap = 0
    }

    private func countPreferred(_ items: LeavingItems, statesMax: Int) -> Preferred? {
        if items.isCoveredWithoutPreferred { return Preferred() }
        var search = LeavingSearch(items.countingPreferred, preferredMax: 0, statesMax: statesMax)
        search.run()
        guard search.bestPoints != Int.max else { return nil }
        return Preferred(
            max: search.bestPoints, first: search.best, stateCount: search.stateCount, gap: search.provenGap)
    }

    private func answer(_ search: LeavingSearch, statesBefore: Int, preferenceGap: Int) -> LeavingChoice? {
        guard search.bestPoints != Int.max else { return nil }
        let chosen = units.indices.filter { search.best[$0] }
        let chosenFiles = files.indices.filter { search.best[units.count + $0] }
        let freed =
            chosen.reduce(Room.none) { $0 + units[$1].room }
            + chosenFiles.reduce(Room.none) { $0 + files[$1].room }
        let gap = search.provenGap
        let optimality: Plan.Optimality =
            if preferenceGap > 0 {
                // With fewer preferred ones the points might be anything.
                .within(points: search.bestPoints)
            } else if gap > 0 {
                .within(points: gap)
            } else {
                .proven
            }
        return LeavingChoice(
            units: chosen, files: chosenFiles, cost: cost(units: chosen, files: chosenFiles), freed: freed,
            optimality: optimality, stateCount: statesBefore + search.stateCount)
    }
}

extension LeavingSearch {
    /// What the best answer may be above the least cost.
    var provenGap: Int {
        guard isCutShort else { return 0 }
        let one = 1 << LeavingPrices.pointShift
        return max(0, bestPoints - (leastLeft + one - 1) / one)
    }

    /// All that the holder wants to keep stays; false when that contradicts something.
    mutating func keepsPreferred() -> Bool {
        for item in 0..<items.unitCount where items.isPreferred[item] && !decide(item, leaves: false) {
            return false
        }
        return true
    }

    mutating func run() {
        if prices.preferredMax == 0, !keepsPreferred() { return }
        // What costs nothing leaves: it can only help. Of what is to be kept only so many may leave.
        for item in 0..<items.count
        where items.points[item] == 0 && items.above[item].isEmpty && !items.isPreferred[item] {
            if status[item] == .open, !decide(item, leaves: true) { return }
        }
        start()
        offerRepaired()
        if !isHopeless { explore(isWhole: true) }
    }

    /// Good prices, with a first answer that says how good they may become.
    private mutating func start() {
        worth = firstWorth()
        raiseToAnswer()
        climb(rounds: Self.rounds)
    }
}
