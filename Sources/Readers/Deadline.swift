/// A moment after which nobody waits any more.
///
/// Readers answer in real time, so this is the one clock of the layer; tests drive real readers, not the clock.
struct Deadline: Sendable {
    private let instant: ContinuousClock.Instant

    init(after limit: Duration) {
        instant = ContinuousClock.now.advanced(by: limit)
    }

    var remaining: Duration { max(.zero, ContinuousClock.now.duration(to: instant)) }
    var hasPassed: Bool { ContinuousClock.now >= instant }
}

extension Duration {
    /// Whole milliseconds, rounded up so that a wait is never cut to nothing, and never more than a day.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        let dayMilliseconds = 86_400_000
        guard seconds < 86_400 else { return dayMilliseconds }
        let fraction = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return max(0, min(dayMilliseconds, Int(seconds) * 1000 + Int(fraction)))
    }

    /// For messages: "10 s", or "0.25 s" where it is shorter than a second.
    var inWords: String {
        let total = milliseconds
        if total % 1000 == 0 { return "\(total / 1000) s" }
        let fraction = String(total % 1000 + 1000).dropFirst()
        return "\(total / 1000).\(fraction) s"
    }
}
