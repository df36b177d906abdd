extension LeavingItems {
    /// The parts of a ratio of both memories that are tried: a finer one brings next to nothing.
    private static let ratioParts = 16

    /// So many units must leave at least: the biggest, with all the code that could come with them, must cover the
    /// need. Big is what has much of both memories together, in the ratio that asks for most.
    func leastUnits() -> Int {
        var nonVolatile = Array(nonVolatile[..<unitCount])
        var volatile = Array(volatile[..<unitCount])
        var missing = (nonVolatile: needNonVolatile, volatile: needVolatile)
        for file in unitCount..<count {
            let users = above.members[above[file]].filter { $0 < unitCount }
            guard !users.isEmpty else {
                missing.nonVolatile -= self.nonVolatile[file]
                missing.volatile -= self.volatile[file]
                continue
            }
            // Rounded up: the shares together are never less than the file.
            for user in users {
                nonVolatile[user] += (self.nonVolatile[file] + users.count - 1) / users.count
                volatile[user] += (self.volatile[file] + users.count - 1) / users.count
            }
        }
        func least(_ part: Int) -> Int {
            // Each memory is measured by the need.
            let (first, second) = (
                (Self.ratioParts - part) * max(1, needVolatile), part * max(1, needNonVolatile)
            )
            let sizes = (0..<unitCount).map { first * nonVolatile[$0] + second * volatile[$0] }
            var left = first * missing.nonVolatile + second * missing.volatile
            return sizes.sorted(by: >).prefix { size in
                defer { left -= size }
                return left > 0
            }.count
        }
        if needVolatile <= 0 { return least(0) }
        if needNonVolatile <= 0 { return least(Self.ratioParts) }
        var part = Self.ratioParts / 2
        var most = least(part)
        var step = part
        // Bounded: each step is half of the one before.
        while step > 0 {
            for other in [part - step, part + step] where 0...Self.ratioParts ~= other {
                let count = least(other)
                if count > most { (part, most) = (other, count) }
            }
            step /= 2
        }
        return most
    }
}
