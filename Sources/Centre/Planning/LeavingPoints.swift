/// What it costs, in points, that something leaves to make room; docs/reference/planning.md explains each number.
package enum LeavingPoints {
    package static let application = 8
    /// Within so many days of the last use, so many points; later, none.
    package static let recency: [(days: Int64, points: Int)] = [(1, 16), (7, 8), (30, 4), (90, 2)]
    /// Where nobody knows when it was used.
    package static let recencyUnknown = 2
    package static let minorUnitsPerPoint = 5
    package static let feeMax = 16
    package static let millisecondsPerPoint = 2_000
    package static let bytesPerPoint = 1_024
    package static let codeBytesPerPoint = 2_048

    static func ofRecency(lastUsedAt: Instant?, now: Instant) -> Int {
        guard let lastUsedAt else { return recencyUnknown }
        let age = now.milliseconds - lastUsedAt.milliseconds
        return recency.first { age < $0.days * Instant.millisecondsPerDay }?.points ?? 0
    }

    static func ofFee(_ fee: DailyFee?) -> Int {
        guard let fee, fee.minorUnits > 0 else { return 0 }
        return min(feeMax, begun(fee.minorUnits, minorUnitsPerPoint))
    }

    static func ofApplication(room: Room, moveMilliseconds: Int, recency: Int, fee: DailyFee?) -> Int {
        let sum =
            application + recency + ofFee(fee) + begun(moveMilliseconds, millisecondsPerPoint)
            + begun(room.nonVolatile + room.volatile, bytesPerPoint)
        return min(sum, LeavingProblem.pointsMax)
    }

    static func ofLoadFile(room: Room, moveMilliseconds: Int) -> Int {
        let sum =
            begun(moveMilliseconds, millisecondsPerPoint)
            + begun(room.nonVolatile + room.volatile, codeBytesPerPoint)
        return min(sum, LeavingProblem.pointsMax)
    }

    private static func begun(_ amount: Int, _ step: Int) -> Int { (max(0, amount) + step - 1) / step }
}
