/// Applications that are alike in everything that counts: of such, the first ones leave.
///
/// Whoever of them leaves, the cost and the room are the same; so nothing is lost when only one order is looked at, and
/// a card full of equal applications is no harder than one with a few.
struct LeavingTwins {
    /// For each item the one that leaves before it may; negative where there is none.
    private(set) var before: [Int]
    /// For each item the one that may leave only after it.
    private(set) var after: [Int]

    init(_ items: LeavingItems) {
        before = [Int](repeating: -1, count: items.count)
        after = before
        for unit in 0..<items.unitCount {
            // The nearest, so that all of a kind are one chain.
            guard let twin = (0..<unit).last(where: { Self.areAlike($0, unit, items) }) else { continue }
            put(unit, after: twin)
            // Of further files of their own the order may be another; of the first it cannot.
            if let file = items.below.members[items.below[unit]].first(where: { Self.isOwn($0, items) }),
                let twinFile = items.below.members[items.below[twin]].first(where: { Self.isOwn($0, items) })
            {
                put(file, after: twinFile)
            }
        }
    }

    private mutating func put(_ item: Int, after twin: Int) {
        before[item] = twin
        after[twin] = item
    }

    /// Whether the two could change places, with the code that each has for itself.
    private static func areAlike(_ one: Int, _ other: Int, _ items: LeavingItems) -> Bool {
        guard isEqual(one, other, items) else { return false }
        let below = items.below[one]
        let otherBelow = items.below[other]
        guard below.count == otherBelow.count else { return false }
        return zip(below, otherBelow).allSatisfy { index, otherIndex in
            let (file, otherFile) = (items.below.members[index], items.below.members[otherIndex])
            guard file != otherFile else { return true }
            return isOwn(file, items) && isOwn(otherFile, items) && isEqual(file, otherFile, items)
                && items.below.members[items.below[file]]
                    .elementsEqual(items.below.members[items.below[otherFile]])
        }
    }

    private static func isEqual(_ one: Int, _ other: Int, _ items: LeavingItems) -> Bool {
        items.points[one] == items.points[other] && items.nonVolatile[one] == items.nonVolatile[other]
            && items.volatile[one] == items.volatile[other]
            && items.isPreferred[one] == items.isPreferred[other]
    }

    /// A file that one unit alone needs, and no other file.
    private static func isOwn(_ file: Int, _ items: LeavingItems) -> Bool { items.above[file].count == 1 }
}
