package import Centre
internal import Synchronization

/// Forgets what is kept by day: a day at a time, and a page of each, so that it does not matter for long how long
/// nobody looked.
package final class ForgottenDays: Sendable {
    private let kept: Int
    /// The oldest day of which there may be something.
    private let next = Mutex<CalendarDay?>(nil)

    private static let daysMax = 90

    /// Of the last days, today's included, nothing is forgotten.
    package init(keeping kept: Int) { self.kept = kept }

    /// `forget` says how many it forgot of a day; true where there may be more to forget.
    package func turn(at today: CalendarDay, _ forget: (CalendarDay) throws -> Int) throws -> Bool {
        let newest = today.daysSinceEpoch - kept
        let day = next.withLock { $0 } ?? CalendarDay(daysSinceEpoch: newest - Self.daysMax)
        guard day.daysSinceEpoch <= newest else { return false }
        if try forget(day) == 0 {
            next.withLock { $0 = CalendarDay(daysSinceEpoch: day.daysSinceEpoch + 1) }
        }
        return true
    }
}
