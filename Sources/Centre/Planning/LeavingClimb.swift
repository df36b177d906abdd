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
    private var direction = Vector.zero
    private var isRising = true
    /// Steps in one direction.
    private var strides = 0
    private(set) var place: Vector

    /// How much directions shrink in which the slope turned round.
    private static let shrinking = 0.5
    /// What a whole need may be worth: so that no sum of prices overflows.
    private static let pointsMax = Double(1 << 26)
    private static let longer = 1.3
    private static let shorter = 0.8
    private static let stridesMax = 10

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

    /// Begins with the slope at the first place; `height` is how much higher the top may be.
    mutating func begin(slope: Vector, height: Double) {
        gradient = usable(slope)
        turn()
        let length = (gradient * gradient).sum().squareRoot()
        step = length > 0 ? height / length / 2 : 0
    }

    /// One step in the direction at hand; false where it is flat.
    mutating func advance() -> Bool {
        guard step > 0, isRising else { return false }
        place += direction * step * scale
        // Where nothing covers the need the way up has no end.
        place.clamp(lowerBound: .zero, upperBound: Self.pointsMax * scale)
        strides += 1
        return true
    }

    /// Learns from the slope at the new place: as long as it goes up the direction stays.
    mutating func learn(slope: Vector) {
        let next = usable(slope)
        if (next * direction).sum() > 0, strides < Self.stridesMax {
            if strides > 1 { step *= Self.longer }
            return
        }
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
        if strides == 1 { step *= Self.shorter }
        gradient = next
        turn()
    }

    /// Finds the direction of the slope in the stretched space.
    private mutating func turn() {
        strides = 0
        var turned = Vector.zero
        for index in 0..<4 { turned[index] = (columns[index] * gradient).sum() }
        let length = (turned * turned).sum().squareRoot()
        isRising = length > 1e-9
        guard isRising else { return }
        direction = .zero
        for index in 0..<4 { direction += columns[index] * (turned[index] / length) }
    }

    /// A worth of nothing does not become less.
    private func usable(_ slope: Vector) -> Vector {
        let scaled = slope * scale
        let isStuck = (place .<= 0) .& (scaled .< 0)
        return scaled.replacing(with: 0, where: isStuck .| .!isOpen)
    }
}

extension LeavingSearch {
    /// Steps without much gain after which a climb ends, and what is much: a part of what the bound lacks at most.
    private static let idleMax = 15
    private static let gapPart = 64

    /// Goes on from the worth at hand, and keeps the best that it finds.
    mutating func climb(rounds: Int) {
        var climb = LeavingClimb(worth, items, prices)
        prices.set(worth, status: status)
        var highest = (bound: prices.bound, worth: worth)
        let bound = Double(prices.bound) / Double(1 << LeavingPrices.pointShift)
        let known = bestPoints == Int.max ? Double(points + items.pointsTypical) : Double(bestPoints)
        climb.begin(slope: slope(), height: max(1, known - bound))
        var idle = 0
        for _ in 0..<rounds {
            if isHopeless || idle > Self.idleMax || !climb.advance() { break }
            prices.set(climb.worth, status: status)
            let gap = (Int(known) << LeavingPrices.pointShift) - highest.bound
            let isWorthIt = prices.bound > highest.bound + max(0, gap / Self.gapPart)
            idle = isWorthIt ? 0 : idle + 1
            if prices.bound > highest.bound { highest = (prices.bound, climb.worth) }
            climb.learn(slope: slope())
        }
        worth = highest.worth
        prices.set(worth, status: status)
    }

    /// How often room is made dearer for a first answer, and by how much.
    private static let raisesMax = 10
    private static let raise = 1.2

    /// Makes room dearer until so much would leave that it covers the need: a first answer.
    mutating func raiseToAnswer() {
        var worth = worth
        for _ in 0..<Self.raisesMax where bestPoints == Int.max {
            prices.set(worth, status: status)
            _ = slope()
            worth.nonVolatile *= Self.raise
            worth.volatile *= Self.raise
        }
        if bestPoints == Int.max { offerRepaired() }
    }

    /// What is missing of each row where the bound is reached. Where nothing is missing that is an answer.
    private mutating func slope() -> LeavingClimb.Vector {
        let cheapest = prices.cheapest(status)
        if cheapest.nonVolatile >= items.needNonVolatile, cheapest.volatile >= items.needVolatile,
            cheapest.preferred <= prices.preferredMax
        {
            offerTrimmed(prices.marks)
        }
        return [
            Double(items.needNonVolatile - cheapest.nonVolatile),
            Double(items.needVolatile - cheapest.volatile),
            Double(prices.unitsMin - cheapest.units), Double(cheapest.preferred - prices.preferredMax),
        ]
    }
}
