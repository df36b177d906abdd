/// The climb to the worth with the highest bound, in a space that is stretched where steps went back and forth (Shor's
/// r-algorithm): few steps where plain ones would zigzag along a ridge.
struct LeavingClimb {
    typealias Vector = SIMD4<Double>

    /// What each worth is measured by: one of all that its row needs.
    private let scale: Vector
    /// Rows without a need have no worth.
    private let isOpen: SIMDMask<Vector.MaskStorage>
    /// The columns of the stretching.
    private var columns: [Vector]
    private var step: Double
    private var gradient = Vector.zero
    private(set) var place: Vector

    /// How much directions shrink in which the slope turned round.
    private static let shrinking = 0.5
    private static let longer = 1.1
    private static let shorter = 0.9

    init(_ worth: LeavingPrices.Worth, _ items: LeavingItems, _ prices: LeavingPrices) {
        place = [worth.nonVolatile, worth.volatile, worth.unit, worth.preference]
        let needs = [items.needNonVolatile, items.needVolatile, prices.unitsMin, prices.preferredMax]
        scale = Vector(needs.map { 1 / Double(max(1, $0)) })
        isOpen = Vector(needs.map { $0 > 0 ? 1 : 0 }) .> 0
        columns = (0..<4).map { index in
            var column = Vector.zero
            column[index] = 1
            return column
        }
        step = 0
    }

    var worth: LeavingPrices.Worth {
        .init(nonVolatile: place[0], volatile: place[1], unit: place[2], preference: place[3])
    }

    /// Begins with the slope at the first place; `gap` is how high the climb may be.
    mutating func begin(slope: Vector, gap: Double) {
        gradient = usable(slope)
        let length = (gradient * gradient).sum().squareRoot()
        step = length > 0 ? gap / length / 2 : 0
    }

    /// To the next place; false where it is flat.
    mutating func advance() -> Bool {
        var turned = Vector.zero
        for index in 0..<4 { turned[index] = (columns[index] * gradient).sum() }
        let length = (turned * turned).sum().squareRoot()
        guard length > 1e-9 else { return false }
        var direction = Vector.zero
        for index in 0..<4 { direction += columns[index] * turned[index] }
        place += direction * (step / length) * scale
        place.clamp(lowerBound: .zero, upperBound: Vector(repeating: .infinity))
        return true
    }

    /// Learns from the slope at the new place.
    mutating func learn(slope: Vector, isHigher: Bool) {
        let next = usable(slope)
        let change = next - gradient
        var turned = Vector.zero
        for index in 0..<4 { turned[index] = (columns[index] * change).sum() }
        let length = (turned * turned).sum().squareRoot()
        if length > 1e-12 {
            turned /= length
            var along = Vector.zero
            for index in 0..<4 { along += columns[index] * turned[index] }
            for index in 0..<4 { columns[index] += along * ((Self.shrinking - 1) * turned[index]) }
        }
        gradient = next
        step *= isHigher ? Self.longer : Self.shorter
    }

    /// A worth of nothing does not become less.
    private func usable(_ slope: Vector) -> Vector {
        let scaled = slope * scale
        let isStuck = (place .<= 0) .& (scaled .< 0)
        return scaled.replacing(with: 0, where: isStuck .| .!isOpen)
    }
}

extension LeavingSearch {
    /// Goes on from the worth at hand, and keeps the best that it finds.
    mutating func climb(rounds: Int) {
        var climb = LeavingClimb(worth, items, prices)
        prices.set(worth, status: status)
        var highest = (bound: prices.bound, worth: worth)
        let known = Double(bestPoints == Int.max ? points + items.pointsTypical : bestPoints)
        climb.begin(
            slope: slope(), gap: max(1, known - Double(prices.bound) / Double(1 << LeavingPrices.pointShift)))
        for _ in 0..<rounds {
            if isHopeless || !climb.advance() { break }
            prices.set(climb.worth, status: status)
            let isHigher = prices.bound > highest.bound
            if isHigher { highest = (prices.bound, climb.worth) }
            climb.learn(slope: slope(), isHigher: isHigher)
        }
        worth = highest.worth
        prices.set(worth, status: status)
    }

    /// What is missing of each row where the bound is reached.
    private mutating func slope() -> LeavingClimb.Vector {
        let cheapest = prices.cheapest(status)
        return [
            Double(items.needNonVolatile - cheapest.nonVolatile),
            Double(items.needVolatile - cheapest.volatile),
            Double(prices.unitsMin - cheapest.units), Double(cheapest.preferred - prices.preferredMax),
        ]
    }
}
