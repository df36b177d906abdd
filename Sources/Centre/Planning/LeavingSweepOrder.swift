/// In which order a sweep decides what is open.
///
/// Units by what a mistake would cost, dearest first; after a unit those that share code with it, so that little must
/// be
/// remembered at once; every file as soon as all above it is decided.
struct LeavingSweepOrder {
    private let items: LeavingItems
    private let status: [LeavingPrices.Status]
    private(set) var order: [Int] = []
    /// The place of each item in the order; negative where it has none.
    private(set) var place: [Int]
    /// For each file, how many open items above it have no place yet.
    private var waiting: [Int]

    init(_ search: LeavingSearch) {
        items = search.items
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
            append(unit)
            // Bounded: every round gives one unit its place.
            while let user = nextUser { append(user) }
        }
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

    /// A bit for each file from the first item above it to itself; `nil` when more than 64 are needed at once.
    func bits() -> [UInt64]? {
        var bits = [UInt64](repeating: 0, count: items.count)
        var free = ~UInt64(0)
        for item in order {
            for index in items.below[item] {
                let file = items.below.members[index]
                guard status[file] == .open, bits[file] == 0 else { continue }
                guard free != 0 else { return nil }
                bits[file] = free & (~free &+ 1)
                free &= ~bits[file]
            }
            free |= bits[item]
        }
        return bits
    }
}
