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

    /// An item by what its worths are multiplied with.
    private struct Row {
        var points: Int
        var nonVolatile: Int
        var volatile: Int
        var unit: Int
        var preferred: Int
    }

    let items: LeavingItems
    /// At least so many units leave, whatever is chosen.
    var unitsMin: Int
    /// At most so many that the holder wants to keep leave.
    let preferredMax: Int
    /// What a price is made of.
    private let rows: [Row]
    private(set) var price: [Int]
    /// What a file's room is credited to: parallel to the members of `above`.
    private(set) var credit: [Int]
    private(set) var bound = 0
    /// What leaves where the bound is reached, after `cheapest`.
    private(set) var marks: [Bool]
    /// Marked since the last search for a user began.
    private var reached: [Int] = []
    /// For a file that was reached: what it gave, and where another gives instead; places in `credit`.
    private var taken: [(given: Int, instead: Int)?]
    /// Files that are to be looked at yet in the search for a user.
    private var files: [Int] = []
    /// Items that leave and are to be looked at yet; a place for each.
    private var open: [Int]

    init(_ items: LeavingItems, unitsMin: Int, preferredMax: Int) {
        self.items = items
        self.unitsMin = unitsMin
        self.preferredMax = preferredMax
        rows = (0..<items.count).map { item in
            Row(
                points: items.points[item] << Self.pointShift, nonVolatile: items.nonVolatile[item],
                volatile: items.volatile[item], unit: item < items.unitCount ? 1 : 0,
                preferred: items.isPreferred[item] ? 1 : 0)
        }
        price = [Int](repeating: 0, count: items.count)
        credit = [Int](repeating: 0, count: items.above.members.count)
        marks = [Bool](repeating: false, count: items.count)
        open = [Int](repeating: 0, count: items.count)
        taken = [(given: Int, instead: Int)?](repeating: nil, count: items.count)
    }

    /// Sets all prices anew for a worth, with what is decided already.
    ///
    /// - Parameter isRough: credit stays where it was given first: quicker, and the bound may be a little lower.
    mutating func set(_ worth: Worth, status: [Status], isRough: Bool = false) {
        let scale = Double(1 << Self.pointShift)
        let nonVolatile = Int(worth.nonVolatile * scale)
        let volatile = Int(worth.volatile * scale)
        let unit = Int(worth.unit * scale)
        let preference = Int(worth.preference * scale)
        bound = nonVolatile &* items.needNonVolatile &+ volatile &* items.needVolatile
        bound &+= unit &* unitsMin &- preference &* preferredMax
        setPlain(nonVolatile, volatile, unit: unit, preference: preference)
        if giveCreditByUse(status), !isRough { moveCreditOn(status) }
        bound &+= decided(status)
    }

    /// What leaves anyway and all negative prices.
    private func decided(_ status: [Status]) -> Int {
        let (price, status) = (price.span, status.span)
        var sum = 0
        for item in price.indices {
            switch status[item] {
            case .leaves: sum &+= price[item]
            case .open: sum &+= min(0, price[item])
            case .stays: break
            }
        }
        return sum
    }

    /// What each costs beyond what its room is worth, before any credit.
    private mutating func setPlain(_ nonVolatile: Int, _ volatile: Int, unit: Int, preference: Int) {
        price.withUnsafeMutableBufferPointer { price in
            for (item, row) in rows.enumerated() {
                price[item] =
                    row.points &- nonVolatile &* row.nonVolatile &- volatile &* row.volatile
                    &- unit &* row.unit &+ preference &* row.preferred
            }
        }
    }

    /// Each file in turn to its users as they come; true when one that several need has some left.
    private mutating func giveCreditByUse(_ status: [Status]) -> Bool {
        let (starts, members, files) = (items.above.starts, items.above.members, items.filesByUse)
        let (firsts, users, status) = (starts.span, members.span, status.span)
        // Taken out of here, so that both are changed where they lie.
        var (prices, credits) = ([Int](), [Int]())
        swap(&prices, &self.price)
        swap(&credits, &self.credit)
        defer {
            swap(&prices, &self.price)
            swap(&credits, &self.credit)
        }
        var price = prices.mutableSpan
        var credit = credits.mutableSpan
        var isLeft = false
        for file in files {
            let range = firsts[file]..<firsts[file + 1]
            for index in range { credit[index] = 0 }
            var left = status[file] == .open ? -price[file] : 0
            guard left > 0 else { continue }
            for index in range {
                let user = users[index]
                guard status[user] == .open, price[user] > 0 else { continue }
                let amount = min(left, price[user])
                credit[index] = amount
                price[user] &-= amount
                left &-= amount
                if left == 0 { break }
            }
            price[file] = -left
            if left > 0, range.count > 1 { isLeft = true }
        }
        return isLeft
    }

    /// Gives what files have left by way of others: one whose user needs no more credit takes the place of another
    /// there, which has a further user. So no more could be given in any way (it is a greatest flow), and the bound is
    /// the highest for its worth.
    private mutating func moveCreditOn(_ status: [Status]) {
        for item in 0..<items.count { marks[item] = false }
        for file in items.filesByUse where status[file] == .open && items.above[file].count > 1 {
            // Bounded: each round uses up the file, a user, or what another file gave to one.
            while price[file] < 0, let end = findUser(from: file, status) {
                var amount = min(-price[file], price[items.above.members[end]])
                var index = end
                // Bounded: each file is reached once.
                while let back = taken[items.fileOfAbove[index]] {
                    amount = min(amount, credit[back.given])
                    index = back.instead
                }
                price[file] &+= amount
                price[items.above.members[end]] &-= amount
                credit[end] &+= amount
                index = end
                while let back = taken[items.fileOfAbove[index]] {
                    credit[back.given] &-= amount
                    credit[back.instead] &+= amount
                    index = back.instead
                }
                for item in reached { marks[item] = false }
            }
        }
    }

    /// A user with a price left that a file reaches, by way of others whose credit it can take over. What was reached
    /// in vain stays marked: nothing that is given later changes that.
    private mutating func findUser(from file: Int, _ status: [Status]) -> Int? {
        let (above, below, aboveOfBelow) = (items.above, items.below, items.aboveOfBelow)
        reached.removeAll(keepingCapacity: true)
        guard !marks[file] else { return nil }
        marks[file] = true
        reached.append(file)
        taken[file] = nil
        files.removeAll(keepingCapacity: true)
        files.append(file)
        var next = 0
        while next < files.count {
            for index in above[files[next]] {
                let user = above.members[index]
                guard !marks[user], status[user] == .open else { continue }
                if price[user] > 0 { return index }
                marks[user] = true
                reached.append(user)
                for place in below[user] {
                    let (given, other) = (aboveOfBelow[place], below.members[place])
                    // One that nobody else needs has nobody else to give to.
                    guard credit[given] > 0, !marks[other], above[other].count > 1 else { continue }
                    marks[other] = true
                    reached.append(other)
                    taken[other] = (given, index)
                    files.append(other)
                }
            }
            next += 1
        }
        return nil
    }

    mutating func cheapest(_ status: [Status]) -> Cheapest {
        // Taken out of here, so that both are changed where they lie.
        var (allMarks, allOpen) = ([Bool](), [Int]())
        swap(&allMarks, &marks)
        swap(&allOpen, &open)
        defer {
            swap(&allMarks, &marks)
            swap(&allOpen, &open)
        }
        let (above, below, aboveOfBelow) = (items.above, items.below, items.aboveOfBelow)
        let (prices, credits, allRows) = (price, credit, rows)
        let (users, usersOf) = (above.members.span, above.starts.span)
        let (files, filesOf, places) = (below.members.span, below.starts.span, aboveOfBelow.span)
        let (price, credit, rows, status) = (prices.span, credits.span, allRows.span, status.span)
        var marks = allMarks.mutableSpan
        // So many are looked at yet; each item is marked once, so there is a place for it.
        var open = allOpen.mutableSpan
        var openCount = 0
        for item in status.indices {
            let leaves = status[item] == .leaves || status[item] == .open && price[item] < 0
            marks[item] = leaves
            guard leaves else { continue }
            open[openCount] = item
            openCount &+= 1
        }
        var result = Cheapest()
        // With all above what leaves, and whatever gave them credit. Bounded: each item is marked once.
        while openCount > 0 {
            openCount &-= 1
            let item = open[openCount]
            let row = rows[item]
            result.nonVolatile &+= row.nonVolatile
            result.volatile &+= row.volatile
            result.units &+= row.unit
            result.preferred &+= row.preferred
            for place in filesOf[item]..<filesOf[item &+ 1]
            where credit[places[place]] > 0 && !marks[files[place]] {
                marks[files[place]] = true
                open[openCount] = files[place]
                openCount &+= 1
            }
            for place in usersOf[item]..<usersOf[item &+ 1] where !marks[users[place]] {
                marks[users[place]] = true
                open[openCount] = users[place]
                openCount &+= 1
            }
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
