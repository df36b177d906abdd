package import Centre

extension LeavingProblem {
    /// Tries every choice there is: slow, and too simple to be wrong.
    ///
    /// Only what already costs as much as the best choice so far, or could not cover the need with everything that is
    /// left, is not looked at to its end.
    package func exhaustiveCost() -> LeavingCost? {
        var search = ExhaustiveSearch(self)
        search.choose(0, .none, .none)
        return search.best
    }
}

private struct ExhaustiveSearch {
    let problem: LeavingProblem
    /// Files with importers first.
    let files: [Int]
    /// What all items from a place on give together.
    var rest: [Room]
    var leaves: [Bool]
    var best: LeavingCost?

    init(_ problem: LeavingProblem) {
        self.problem = problem
        var order: [Int] = []
        // Bounded: each round places at least one file, because imports have no cycles.
        while order.count < problem.files.count {
            for file in problem.files.indices where !order.contains(file) {
                if problem.files[file].importers.allSatisfy(order.contains) { order.append(file) }
            }
        }
        files = order
        rest = [.none]
        for file in order.reversed() { rest.append(rest[rest.count - 1] + problem.files[file].room) }
        for unit in problem.units.reversed() { rest.append(rest[rest.count - 1] + unit.room) }
        rest.reverse()
        leaves = [Bool](repeating: false, count: problem.units.count + problem.files.count)
    }

    mutating func choose(_ place: Int, _ room: Room, _ cost: LeavingCost) {
        if let best, cost >= best { return }
        if room.covers(problem.need) {
            best = cost
            return
        }
        guard place < leaves.count, (room + rest[place]).covers(problem.need) else { return }
        let unitCount = problem.units.count
        if place < unitCount {
            let unit = problem.units[place]
            choose(place + 1, room, cost)
            leaves[place] = true
            let more = LeavingCost(preferredCount: unit.isPreferred ? 1 : 0, points: unit.points)
            choose(place + 1, room + unit.room, cost + more)
            leaves[place] = false
        } else {
            let index = files[place - unitCount]
            let file = problem.files[index]
            choose(place + 1, room, cost)
            guard file.users.allSatisfy({ leaves[$0] }), file.importers.allSatisfy({ leaves[unitCount + $0] })
            else { return }
            leaves[unitCount + index] = true
            choose(place + 1, room + file.room, cost + LeavingCost(points: file.points))
            leaves[unitCount + index] = false
        }
    }
}
