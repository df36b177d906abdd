/// In which order a sweep decides what is open.
///
/// Units by what a mistake would cost, dearest first; after a unit those that share code with it, so that little must
/// be remembered at once; every file as soon as all above it is decided; of twins the first one first.
struct LeavingSweepOrder {
    private let items: LeavingItems
    let twins: LeavingTwins
    private let status: [LeavingPrices.Status]
    private(set) var order: [Int] = []
    /// The place of each item in the order; negative where it has none.
    private(set) var place: [Int]
    /// For each file, how many open items above it have no place yet.
    private var waiting: [Int]

    init(_ search: LeavingSearch) {
        items = search.items
        twins = search.twins
        status = search.status
        place = [Int](repeating: -1, count: items.count)
        waiting = [Int](repeating: 0, count: items.count)
        for file in items.unitCount..<items.count where status[file] == .open {
            for index in items.above[file] where status[items.above.members[index]] == .open {
                waiting[file] += 1
            }
        }
        for file in items.unitCount..<items.count
        where status[file] == .open && waiting[file] == 0 && place[file] < 0 {
            append(file)
        }
        let price = search.prices.price
        let units = (0..<items.unitCount).filter { search.status[$0] == .open }
            .map { (loss: abs(price[$0]), unit: $0) }
            .sorted { ($0.loss, $1.unit) > ($1.loss, $0.unit) }
        for (_, unit) in units where place[unit] < 0 {
            appendAfterTwins(unit)
            // Bounded: every round gives one unit its place.
            while let user = nextUser { appendAfterTwins(user) }
        }
    }

    private mutating func appendAfterTwins(_ unit: Int) {
        var chain = [unit]
        // Bounded: a chain of twins ascends.
        while let last = chain.last, twins.before[last] >= 0, status[twins.before[last]] == .open,
            place[twins.before[last]] < 0
        {
            chain.append(twins.before[last])
        }
        for twin in chain.reversed() { append(twin) }
    }

    /// The next place for an item, and for the files that waited for it only.
    private mutating func append(_ item: Int) {
        var open = [item]
        // Bounded: each file becomes ready once.
        while let next = open.popLast() {
            place[next] = order.count
            order.append(next)
            for index in items.below[next] {
                let file = items.below.members[index]
                guard status[file] == .open, place[file] < 0 else { continue }
                waiting[file] -= 1
                if waiting[file] == 0 { open.append(file) }
            }
        }
    }

    /// Whoever else needs the file that was begun and waits for fewest.
    private var nextUser: Int? {
        var chosen: Int?
        var least = Int.max
        for file in items.unitCount..<items.count where place[file] < 0 && status[file] == .open {
            guard waiting[file] < least else { continue }
            var isBegun = false
            var user: Int?
            for index in items.above[file] {
                let other = items.above.members[index]
                guard status[other] == .open else { continue }
                if place[other] >= 0 {
                    isBegun = true
                } else if user == nil, other < items.unitCount {
                    user = other
                }
            }
            if isBegun, let user { (chosen, least) = (user, waiting[file]) }
        }
        return chosen
    }

    /// What a sweep must remember of items that are not decided yet.
    struct Bits {
        /// For each file, from the first item above it to itself: that it cannot leave.
        var files: [UInt64]
        /// For each item, from its twin to itself: that its twin stays. None where all bits are taken; it is only lost
        /// time then.
        var twins: [UInt64]
    }

    /// Bits for everything that is open; `nil` when more than 64 are needed at once.
    func bits() -> Bits? {
        var bits = Bits(
            files: [UInt64](repeating: 0, count: items.count),
            twins: [UInt64](repeating: 0, count: items.count))
        var free = ~UInt64(0)
        func take() -> UInt64 {
            let bit = free & (~free &+ 1)
            free &= ~bit
            return bit
        }
        for item in order {
            for index in items.below[item] {
                let file = items.below.members[index]
                guard status[file] == .open, bits.files[file] == 0 else { continue }
                guard free != 0 else { return nil }
                bits.files[file] = take()
            }
            free |= bits.files[item] | bits.twins[item]
            let twin = twins.after[item]
            // The last bits are for files: without one of those there is no sweep.
            if twin >= 0, place[twin] > place[item], free.nonzeroBitCount > 32 { bits.twins[twin] = take() }
        }
        return bits
    }
}
