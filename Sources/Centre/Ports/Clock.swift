internal import Synchronization

/// What time it is, for those who must write it down.
package protocol WallClock: Sendable {
    var now: Instant { get }
}

/// Time that stands still until it is told to go on: for tests and simulated worlds.
package final class ManualClock: WallClock {
    private let milliseconds: Mutex<Int64>

    package init(_ start: Instant) { milliseconds = Mutex(start.milliseconds) }

    package var now: Instant { Instant(milliseconds: milliseconds.withLock { $0 }) }

    /// Clocks of real machines also go backwards.
    package func advance(by duration: Duration) {
        let next = now.advanced(by: duration).milliseconds
        milliseconds.withLock { $0 = next }
    }
}
