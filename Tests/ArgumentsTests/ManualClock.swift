import Arguments
import Synchronization

/// A clock that a test moves by hand.
final class ManualClock: Clock {
    private let time = Mutex(Duration.zero)

    struct Instant: InstantProtocol {
        let time: Duration
        func advanced(by duration: Duration) -> Self { Self(time: time + duration) }
        func duration(to other: Self) -> Duration { other.time - time }
        static func < (first: Self, second: Self) -> Bool { first.time < second.time }
    }

    var now: Instant { Instant(time: time.withLock { $0 }) }
    var minimumResolution: Duration { .nanoseconds(1) }
    func advance(by duration: Duration) { time.withLock { $0 += duration } }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
}

func terminal(
    output: MemorySink = MemorySink(), errors: MemorySink = MemorySink(),
    input: ScriptedInput = ScriptedInput(), environment: [String: String] = [:],
    clock: ManualClock = ManualClock(), format: Terminal.Format = .text, color: ColorChoice = .auto,
    interrupts: Interrupts = .none
) -> Terminal {
    Terminal(
        output: output, errors: errors, input: input, environment: Environment(environment), clock: clock,
        interrupts: interrupts, format: format, color: color)
}
