/// Lagrangian prices: what each item's leaving costs beyond what its room is worth.
///
/// For any worth, the sum of what leaves anyway and of all negative prices is a lower bound of the cost. Room that a
/// shared file gives is credited to those of its users that have little reason to leave, because it comes only when all
/// of them do; if one stays, the others lose the credit. Whole numbers make the bound exact.
struct LeavingPrices {
    /// One point in the fixed-point numbers of prices.
    static let pointShift = 24

    /// What a byte, a leaving unit and a spared preference are worth.
    struct Worth {
        var nonVolatile = 0.0
        var volatile = 0.0
        var unit = 0.0
        var preference = 0.0
    }

    enum Status {
        case open
        case leaves
        case stays
    }

    /// What would leave where the bound is reached, added up.
    struct Cheapest {
        var nonVolatile = 0
        var volatile = 0
        var units = 0
        var preferred = 0
    }

    let items: LeavingItems
    /// At least so many units leave, whatever is chosen.
    var unitsMin: Int
    /// At most so many that the holder wants to keep leave.
    let preferredMax: Int
    private(set) var price: [Int]
    /// What a file's room is credited to: parallel to the members of `above`.
    private(set) var credit: [Int]
    private(set) var bound = 0
    private var marks: [Bool]

    init(_ items: LeavingItems, unitsMin: Int, preferredMax: Int) {
        self.items = items
        self.unitsMin = unitsMin
        self.preferredMax = preferredMax
        price = [Int](repeating: 0, count: items.count)
        credit = [Int](repeating: 0, count: items.above.members.count)
        marks = [Bool](repeating: false, count: items.count)
    }

    /// Sets all prices anew for a worth, with what is decided already.
    mutating func set(_ worth: Worth, status: [Status]) {
        let scale = Double(1 << Self.pointShift)
        let nonVolatile = Int(worth.nonVolatile * scale)
        let volatile = Int(worth.volatile * scale)
        let unit = Int(worth.unit * scale)
        let preference = Int(worth.preference * scale)
        bound = nonVolatile &* items.needNonVolatile &+ volatile &* items.needVolatile
        bound &+= unit &* unitsMin &- preference &* preferredMax
        for item in 0..<items.count {
            var value = items.points[item] << Self.pointShift
            value &-= nonVolatile &* items.nonVolatile[item] &+ volatile &* items.volatile[item]
            if item < items.unitCount { value &-= unit }
            if items.isPreferred[item] { value &+= preference }
            price[item] = value
        }
        giveCredit(status)
        for item in 0..<items.count {
            switch status[item] {
            case .leaves: bound &+= price[item]
            case .open: bound &+= min(0, price[item])
            case .stays: break
            }
        }
    }

    private mutating func giveCredit(_ status: [Status]) {
        for file in items.filesByUse {
            let range = items.above[file]
            for index in range { credit[index] = 0 }
            guard status[file] == .open, price[file] < 0 else { continue }
            for index in range {
                let other = items.above.members[index]
                guard status[other] == .open, price[other] > 0 else { continue }
                let amount = min(-price[file], price[other])
                credit[index] = amount
                price[other] &-= amount
                price[file] &+= amount
                if price[file] == 0 { break }
            }
        }
    }

    mutating func cheapest(_ status: [Status]) -> Cheapest {
        for item in 0..<items.count { marks[item] = false }
        for item in 0..<items.count where status[item] != .stays {
            guard status[item] == .leaves || price[item] < 0 else { continue }
            marks[item] = true
            for index in items.above[item] { marks[items.above.members[index]] = true }
        }
        var result = Cheapest()
        for item in 0..<items.count where marks[item] {
            result.nonVolatile &+= items.nonVolatile[item]
            result.volatile &+= items.volatile[item]
            if item < items.unitCount { result.units &+= 1 }
            if items.isPreferred[item] { result.preferred &+= 1 }
        }
        return result
    }

    /// The bound's change when an open item is decided.
    mutating func decideLeaves(_ item: Int) { bound &+= max(0, price[item]) }

    mutating func decideStays(_ item: Int, status: [Status]) {
        bound &-= min(0, price[item])
        if item >= items.unitCount { moveCredit(of: item, sign: 1, status: status) }
    }

    mutating func undoLeaves(_ item: Int) { bound &-= max(0, price[item]) }

    mutating func undoStays(_ item: Int, status: [Status]) {
        if item >= items.unitCount { moveCredit(of: item, sign: -1, status: status) }
        bound &+= min(0, price[item])
    }

    private mutating func moveCredit(of file: Int, sign: Int, status: [Status]) {
        for index in items.above[file] where credit[index] != 0 {
            let (other, amount) = (items.above.members[index], sign &* credit[index])
            switch status[other] {
            case .leaves: bound &+= amount
            case .open: bound &+= min(0, price[other] &+ amount) &- min(0, price[other])
            case .stays: break
            }
            price[other] &+= amount
        }
    }
}
