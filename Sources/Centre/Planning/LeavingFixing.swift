// What must be so, whatever else is chosen.

extension LeavingSearch {
    /// Decides whatever would be too dear the other way; false when nothing is left.
    mutating func fixByPrices() -> Bool {
        let boundMax = boundMax
        guard boundMax != Int.max else { return true }
        var isChanged = true
        // Bounded: every round decides an item.
        while isChanged {
            isChanged = false
            if prices.preferredMax > 0 {
                let mark = trail.count
                if !fixByPreferences(items.nonVolatile, items.needNonVolatile) { return false }
                if !fixByPreferences(items.volatile, items.needVolatile) { return false }
                if trail.count > mark { isChanged = true }
            }
            for item in 0..<items.count where status[item] == .open {
                let price = prices.price[item]
                if prices.bound + abs(price) > boundMax {
                    guard decide(item, leaves: price < 0) else { return false }
                    isChanged = true
                    continue
                }
                let isNeeded =
                    openNonVolatile - items.nonVolatile[item] < items.needNonVolatile
                    || openVolatile - items.volatile[item] < items.needVolatile
                if isNeeded {
                    guard decide(item, leaves: true) else { return false }
                    isChanged = true
                }
            }
            if isHopeless { return false }
        }
        return true
    }
}

extension LeavingSearch {
    /// Decides what must be so because only so many that the holder wants to keep may leave.
    private mutating func fixByPreferences(_ size: [Int], _ need: Int) -> Bool {
        guard need > 0 else { return true }
        var plain = 0
        var sizes: [Int] = []
        for item in 0..<items.count {
            switch status[item] {
            case .leaves: plain += size[item]
            case .stays: break
            case .open: if items.isPreferred[item] { sizes.append(size[item]) } else { plain += size[item] }
            }
        }
        sizes.sort(by: >)
        let budget = min(sizes.count, prices.preferredMax - preferredCount)
        guard budget >= 0 else { return false }
        let most = plain + sizes[..<budget].reduce(0, +)
        guard most >= need else { return false }
        let last = budget > 0 ? sizes[budget - 1] : 0
        let following = budget < sizes.count ? sizes[budget] : 0
        for item in 0..<items.count where status[item] == .open {
            let own = size[item]
            if !items.isPreferred[item] {
                if most - own < need, !decide(item, leaves: true) { return false }
            } else if budget == 0 || most - last + own < need {
                if !decide(item, leaves: false) { return false }
            } else if own >= last, most - own + following < need {
                if !decide(item, leaves: true) { return false }
            }
        }
        return true
    }
}
