/// What beginnings have come to at one step, so that none is kept that another is at least as good as in everything.
///
/// Beginnings are grouped by what they have barred. In each group those that cost less come first, so a staircase of
/// rooms is enough: the more it frees in one memory, the less in the other.
struct LeavingStairs {
    /// One beginning on the staircase.
    struct Stair {
        var nonVolatile: Int32
        var volatile: Int32
        var points: Int32
        /// Its place among the beginnings that are kept.
        var index: Int32
    }

    private struct Key {
        var barred: UInt64
        var preferredCount: Int32
    }

    private var keys: [Key] = []
    private var groups: [[Stair]] = []
    /// Beginnings that were kept and turned out no better than a later one of equal cost.
    private(set) var surpassed: [Int32] = []

    mutating func clear() {
        keys.removeAll(keepingCapacity: true)
        surpassed.removeAll(keepingCapacity: true)
    }

    /// Takes a beginning; false when one that is known is at least as good.
    mutating func admit(_ stair: Stair, barred: UInt64, preferredCount: Int32) -> Bool {
        var own = -1
        var place = 0
        for group in keys.indices {
            let key = keys[group]
            guard key.barred & ~barred == 0, key.preferredCount <= preferredCount else { continue }
            let (position, isCovered) = Self.position(of: stair, in: groups[group])
            if isCovered { return false }
            if key.barred == barred, key.preferredCount == preferredCount { (own, place) = (group, position) }
        }
        if own >= 0 {
            insert(stair, at: place, in: own)
        } else {
            keys.append(Key(barred: barred, preferredCount: preferredCount))
            if groups.count < keys.count { groups.append([]) }
            groups[keys.count - 1].removeAll(keepingCapacity: true)
            groups[keys.count - 1].append(stair)
        }
        return true
    }

    /// The first stair that frees as much non-volatile memory, and whether it covers this one.
    private static func position(of stair: Stair, in stairs: [Stair]) -> (Int, isCovered: Bool) {
        stairs.withUnsafeBufferPointer { stairs in
            var (low, high) = (0, stairs.count)
            // Bounded: each round halves the rest.
            while low < high {
                let middle = (low &+ high) >> 1
                if stairs[middle].nonVolatile < stair.nonVolatile { low = middle &+ 1 } else { high = middle }
            }
            return (low, low < stairs.count && stairs[low].volatile >= stair.volatile)
        }
    }

    /// Puts a stair where it belongs, in place of all that it covers.
    private mutating func insert(_ stair: Stair, at place: Int, in group: Int) {
        var (first, last) = (place, place)
        while first > 0, groups[group][first - 1].volatile <= stair.volatile { first -= 1 }
        while last < groups[group].count, groups[group][last].nonVolatile == stair.nonVolatile { last += 1 }
        for index in first..<last where groups[group][index].points == stair.points {
            surpassed.append(groups[group][index].index)
        }
        guard first < last else { return groups[group].insert(stair, at: first) }
        groups[group][first] = stair
        if last - first > 1 { groups[group].removeSubrange(first + 1..<last) }
    }
}
