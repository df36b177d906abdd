/// What the search has looked at under one order of items, so that no worse beginning is continued.
///
/// Two beginnings that leave the same items open, and have decided the later ones alike, can be continued alike: the
/// one that costs no less and frees no more is not worth continuing. Forgetting is allowed, so the memory is small.
struct LeavingMemory {
    /// What a beginning has come to.
    struct Standing {
        var points = 0
        var nonVolatile = 0
        var volatile = 0
        var preferredCount = 0

        func isAtLeastAsGood(as other: Standing) -> Bool {
            points <= other.points && nonVolatile >= other.nonVolatile && volatile >= other.volatile
                && preferredCount <= other.preferredCount
        }
    }

    private struct Entry {
        var key: UInt64 = 0
        var standing = Standing()
    }

    private static let slotBits = 12
    private static let waysCount = 4

    private var entries: [Entry] = []
    private var epoch: UInt64 = 0

    /// Forgets everything: what was begun under another order was perhaps not finished.
    mutating func begin(_ order: [Int], itemCount: Int) {
        if entries.isEmpty {
            entries = [Entry](repeating: Entry(), count: Self.waysCount << Self.slotBits)
        }
        epoch += 1
    }

    /// Whether something at least as good was continued from here before; if not, this one is remembered.
    mutating func knows(
        _ standing: Standing, from position: Int, order: [Int], status: [LeavingPrices.Status]
    ) -> Bool {
        var key = epoch &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(position)
        for index in position..<order.count {
            key = (key ^ UInt64(status[order[index]].rawValue)) &* 0x0000_0100_0000_01B3
        }
        key ^= key >> 29
        key = key &* 0xBF58_476D_1CE4_E5B9
        key ^= key >> 32
        let first = Int(key & UInt64((1 << Self.slotBits) - 1)) * Self.waysCount
        var place = first
        for index in first..<first + Self.waysCount {
            if entries[index].key == key {
                if entries[index].standing.isAtLeastAsGood(as: standing) { return true }
                if standing.isAtLeastAsGood(as: entries[index].standing) { place = index }
            } else if entries[place].key == key {
                place = index
            }
        }
        entries[place] = Entry(key: key, standing: standing)
        return false
    }
}
