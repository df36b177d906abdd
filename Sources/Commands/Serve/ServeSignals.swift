#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What tells a serving program to do something else.
enum ServeSignal: Hashable, Sendable {
    /// Take the new certificate.
    case reload
    case end
}

/// Where signals come from.
struct ServeSignals: Sendable {
    /// Holds them back from then on, in this thread and those that it starts.
    let hold: @Sendable () -> Void
    /// Waits for so many milliseconds; nil where none came.
    let next: @Sendable (_ milliseconds: Int) -> ServeSignal?
    /// From then on one more ends the program at once.
    let release: @Sendable () -> Void

    static let live = ServeSignals(
        hold: { change(SIG_BLOCK) },
        next: { milliseconds in
            #if canImport(Glibc)
                var set = signals
                var time = timespec(tv_sec: milliseconds / 1_000, tv_nsec: milliseconds % 1_000 * 1_000_000)
                switch sigtimedwait(&set, nil, &time) {
                case SIGHUP: return .reload
                case SIGINT, SIGTERM: return .end
                default: return nil
                }
            #else
                var set = signals
                var number: Int32 = 0
                return sigwait(&set, &number) == 0 ? (number == SIGHUP ? .reload : .end) : nil
            #endif
        },
        release: { change(SIG_UNBLOCK) })

    private static var signals: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGHUP, SIGINT, SIGTERM] { sigaddset(&set, number) }
        return set
    }

    private static func change(_ how: Int32) {
        var set = signals
        pthread_sigmask(how, &set, nil)
    }
}
