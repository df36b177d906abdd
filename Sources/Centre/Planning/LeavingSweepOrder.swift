/// In which order a sweep decides what is open.
///
/// First those who share code, the code first that gives most room for each of them: as long as it is not decided the
/// bounds count a part of it. Units by what a mistake would cost and by what they cost, dearest first, so that what is
/// left for the end is small; before the next whoever is the last that a file waits for, so that little must be
/// remembered at once; every file as soon as all above it is decided; of twins the first one first.
struct LeavingSweepOrder {
    private let items: LeavingItems
    let twins: LeavingTwins
    private let status: [LeavingPrices.Status]
    private(set) var order: [Int] = []
    /// The place of each item in the order; negative where it has none.
    private(set) var place: [Int]
    /// Whether it is a file that the item right before it alone keeps from leaving: they are decided in one step.
    private(set) var isOwn: [Bool]
    /// For each file, how many open items above it have no place yet.
    private var waiting: [Int]
    /// Files that several need, in the order in which their users get their places.
    private var shared: [Int] = []

    init(_ search: LeavingSearch) {
        items = search.items
        twins = search.twins
        status = search.status
        place = [Int](repeating: -1, count: items.count)
        isOwn = [Bool](repeating: false, count: items.count)
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
        let units = (0..<items.unitCount).filter { status[$0] == .open }
            .map { (cost: Self.cost($0, search), unit: $0) }
            .sorted { ($0.cost, $1.unit) > ($1.cost, $0.unit) }
        // Of units only: a file above a file may have got its place already.
        var rank = [Int](repeating: -1, count: items.count)
        for (index, unit) in units.enumerated() { rank[unit.unit] = index }
        shared = (items.unitCount..<items.count)
            .filter { status[$0] == .open && items.above[$0].count > 1 }
            .map { (room: items.share($0) / Double(items.above[$0].count), file: $0) }
            .sorted { ($0.room, $1.file) > ($1.room, $0.file) }
            .map(\.file)
        for file in shared {
            let users = items.above.members[items.above[file]].filter { rank[$0] >= 0 }
            for index in users.map({ rank[$0] }).sorted() where place[units[index].unit] < 0 {
                appendUser(units[index].unit)
            }
        }
        for (_, unit) in units where place[unit] < 0 { appendUser(unit) }
        findOwn()
    }

    /// Finds the files that wait for one item only, which has its place right before.
    private mutating func findOwn() {
        for (above, file) in zip(order, order.dropFirst()) where !isOwn[above] {
            guard twins.before[file] < 0, twins.after[file] < 0 else { continue }
            let open = items.above.members[items.above[file]].filter { status[$0] == .open }
            isOwn[file] = open == [above]
        }
    }

    /// What a mistake would cost, and a part of what the unit costs.
    private static func cost(_ unit: Int, _ search: LeavingSearch) -> Int {
        abs(search.prices.price[unit]) + search.items.points[unit] << LeavingPrices.pointShift / 3
    }

    private mutating func appendUser(_ unit: Int) {
        appendAfterTwins(unit)
        // Bounded: every round gives one unit its place.
        while let user = lastUser { appendAfterTwins(user) }
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

    /// The last that a file waits for that others have begun.
    private var lastUser: Int? {
        for file in shared where waiting[file] == 1 {
            var isBegun = false
            var user: Int?
            for other in items.above.members[items.above[file]] where status[other] == .open {
                if place[other] >= 0 { isBegun = true } else { user = other }
            }
            if isBegun, let user, user < items.unitCount { return user }
        }
        return nil
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
                guard status[file] == .open, bits.files[file] == 0, !isOwn[file] else { continue }
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
