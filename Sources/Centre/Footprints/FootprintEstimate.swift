/// What measurements say of one kind of memory, without those that something else got into: garbage collection, another
/// change at the same time. Whole numbers throughout: the same samples give the same figures on every machine.
package struct SampleSummary: Hashable, Sendable {
    /// Samples that agree with each other.
    package let count: Int
    package let outlierCount: Int
    package let lowest: Int
    package let highest: Int
    /// Rounded to the nearest, halves up.
    package let mean: Int
    /// Root of the mean square distance from the exact mean, rounded up.
    package let deviation: Int

    /// Samples further from the median than four times the median distance, and than one block, are outliers. The
    /// median of an even count is the greater of the two in the middle: it is a sample.
    /// - Parameter block: what memory is given out in; nothing within one block is an outlier.
    package init?(_ samples: [Int], block: Int) {
        guard !samples.isEmpty else { return nil }
        let median = Self.median(samples)
        let distance = Self.median(samples.map { abs($0 - median) })
        let limit = max(4 * distance, block)
        let kept = samples.filter { abs($0 - median) <= limit }
        guard let lowest = kept.min(), let highest = kept.max() else { return nil }
        count = kept.count
        outlierCount = samples.count - kept.count
        self.lowest = lowest
        self.highest = highest
        let sum = kept.reduce(0, +)
        mean = Self.floorDivide(2 * sum + count, 2 * count)
        let (wide, squares) = (Int128(sum), kept.reduce(Int128(0)) { $0 + Int128($1) * Int128($1) })
        // n·Σx² − (Σx)² is n² times the variance, and whole.
        deviation = Self.root(of: Int128(count) * squares - wide * wide, over: count)
    }

    private static func median(_ values: [Int]) -> Int { values.sorted()[values.count / 2] }

    private static func floorDivide(_ value: Int, _ divisor: Int) -> Int {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    /// The least whole number that is not below the root of `value`, divided.
    private static func root(of value: Int128, over divisor: Int) -> Int {
        var low = 0
        var high = Bounds.roomBytesMax
        while low < high {
            let middle = (low + high) / 2
            let product = Int128(middle) * Int128(divisor)
            if product * product >= value { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension Footprint {
    package func nonVolatile(block: Int) -> SampleSummary? {
        SampleSummary(samples.map(\.nonVolatile), block: block)
    }

    package func volatile(block: Int) -> SampleSummary? {
        SampleSummary(samples.map(\.volatile), block: block)
    }
}
