internal import Synchronization

/// Says a thing once, and not again each second for as long as nothing changes: a card that the centre does not know
/// may lie in its reader for days.
package final class Repetition: Sendable {
    private struct State {
        var last: String?
        var isSaidAgain = false
        var count = 0
    }

    private static let secondsMax = 10

    private let state = Mutex(State())

    package init() {}

    /// False for what was the last thing said, too.
    package func isNew(_ text: String) -> Bool {
        state.withLock { state in
            state.isSaidAgain = state.last == text
            state.last = text
            return !state.isSaidAgain
        }
    }

    /// How long to wait before the next try: longer, to a bound, each time that nothing but the same came of it.
    package func pause() -> Duration {
        state.withLock { state in
            state.count = state.isSaidAgain ? state.count + 1 : 0
            state.isSaidAgain = false
            return .seconds(min(1 << min(state.count, 10), Self.secondsMax))
        }
    }
}
