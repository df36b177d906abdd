/// What beginnings have come to at one step, so that none is kept that another is at least as good as in everything.
///
/// Beginnings are grouped by what they have barred. In each group those that cost less come first, so a staircase of
/// rooms is enough: the more it frees in one memory, the less in the other. All staircases lie in one piece of memory.
struct LeavingStairs {
    /// One beginning on the staircase.
    struct Stair {
        var nonVolatile: Int32
        var volatile: Int32
        var points: Int32
        /// Its place among the beginnings that are kept.
        var index: Int32
    }

    private struct Group {
        var barred: UInt64
        var preferredCount: Int32
        /// The most that any beginning of the group frees.
        var nonVolatileMax: Int32
        var volatileMax: Int32
        /// Where its staircase lies, and how long it may become there.
        var start: Int32
        var count: Int32
        var capacity: Int32
    }

    private static let firstCapacity = 8

    private var groups: [Group] = []
    private var stairs: [Stair] = []
    /// Beginnings that were kept and turned out no better than a later one of equal cost.
    private(set) var surpassed: [Int32] = []
    /// Groups that were compared with a beginning.
    private(set) var comparisons = 0

    mutating func clear() {
        groups.removeAll(keepingCapacity: true)
        stairs.removeAll(keepingCapacity: true)
        surpassed.removeAll(keepingCapacity: true)
        comparisons = 0
    }

    /// Takes a beginning; false when one that is known is at least as good.
    mutating func admit(_ stair: Stair, barred: UInt64, preferredCount: Int32) -> Bool {
        comparisons &+= groups.count
        switch findOwn(stair, barred: barred, preferredCount: preferredCount) {
        case Self.covered: return false
        case Self.missing: begin(stair, barred: barred, preferredCount: preferredCount)
        case let own: insert(stair, in: own)
        }
        return true
    }

    private static let covered = -2
    private static let missing = -1

    /// The group that a beginning belongs to, unless one that is known is at least as good.
    private func findOwn(_ stair: Stair, barred: UInt64, preferredCount: Int32) -> Int {
        var own = Self.missing
        return groups.withUnsafeBufferPointer { groups in
            stairs.withUnsafeBufferPointer { stairs in
                for index in groups.indices {
                    let known = groups[index]
                    guard known.barred & ~barred == 0, known.preferredCount <= preferredCount else {
                        continue
                    }
                    if known.barred == barred, known.preferredCount == preferredCount { own = index }
                    guard known.nonVolatileMax >= stair.nonVolatile, known.volatileMax >= stair.volatile
                    else {
                        continue
                    }
                    // There is such a stair, because one frees as much non-volatile memory.
                    let place = Self.position(of: stair, in: known, stairs)
                    if stairs[place].volatile >= stair.volatile { return Self.covered }
                }
                return own
            }
        }
    }

    private mutating func begin(_ stair: Stair, barred: UInt64, preferredCount: Int32) {
        groups.append(
            Group(
                barred: barred, preferredCount: preferredCount, nonVolatileMax: stair.nonVolatile,
                volatileMax: stair.volatile, start: Int32(stairs.count), count: 1,
                capacity: Int32(Self.firstCapacity)))
        stairs += repeatElement(stair, count: Self.firstCapacity)
    }

    /// The first stair that frees as much non-volatile memory; the place behind the last where none does.
    @inline(__always)
    private static func position(
        of stair: Stair, in group: Group, _ stairs: UnsafeBufferPointer<Stair>
    ) -> Int {
        var first = Int(group.start)
        var count = Int(group.count)
        // Bounded: each round halves the rest. Without branches, which nobody could foretell.
        while count > 1 {
            let half = count >> 1
            let isBefore = (stairs[first &+ half &- 1].nonVolatile &- stair.nonVolatile) >> 31
            first &+= half & Int(truncatingIfNeeded: isBefore)
            count &-= half
        }
        return stairs[first].nonVolatile < stair.nonVolatile ? first &+ 1 : first
    }

    /// Puts a stair where it belongs, in place of all that it covers.
    private mutating func insert(_ stair: Stair, in index: Int) {
        let group = groups[index]
        let (start, end) = (Int(group.start), Int(group.start + group.count))
        let (first, last) = stairs.withUnsafeBufferPointer { stairs in
            let place = Self.position(of: stair, in: group, stairs)
            var (first, last) = (place, place)
            while first > start, stairs[first - 1].volatile <= stair.volatile { first -= 1 }
            while last < end, stairs[last].nonVolatile == stair.nonVolatile { last += 1 }
            return (first, last)
        }
        for covered in first..<last where stairs[covered].points == stair.points {
            surpassed.append(stairs[covered].index)
        }
        groups[index].nonVolatileMax = max(group.nonVolatileMax, stair.nonVolatile)
        groups[index].volatileMax = max(group.volatileMax, stair.volatile)
        guard first < last else { return squeeze(stair, in: index, at: first - start) }
        stairs[first] = stair
        let gone = last - first - 1
        guard gone > 0 else { return }
        stairs.withUnsafeMutableBufferPointer { stairs in
            for next in last..<end { stairs[next &- gone] = stairs[next] }
        }
        groups[index].count -= Int32(gone)
    }

    private mutating func squeeze(_ stair: Stair, in index: Int, at offset: Int) {
        let start = makeRoom(in: index)
        let place = start + offset
        var free = start + Int(groups[index].count)
        stairs.withUnsafeMutableBufferPointer { stairs in
            while free > place {
                stairs[free] = stairs[free &- 1]
                free &-= 1
            }
            stairs[place] = stair
        }
        groups[index].count += 1
    }

    /// Room for one more stair; a staircase that has none moves behind all others. Says where it begins then.
    private mutating func makeRoom(in index: Int) -> Int {
        let group = groups[index]
        let first = Int(group.start)
        guard group.count == group.capacity else { return first }
        let start = stairs.count
        for place in first..<first + Int(group.count) { stairs.append(stairs[place]) }
        stairs += repeatElement(stairs[first], count: Int(group.capacity))
        groups[index].start = Int32(start)
        groups[index].capacity = 2 * group.capacity
        return start
    }
}
