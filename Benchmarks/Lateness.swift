internal import JSON

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How late the machine itself wakes a thread whose time has come, whatever a program does: what a host takes away from
/// a virtual machine, and what it takes to wake a processor that sleeps. No request can be steadier than this.
enum Lateness {
    /// Between two looks; seldom enough to disturb nobody.
    private static let pause = Duration.milliseconds(5)

    /// Milliseconds, as one line of JSON.
    static func run(seconds: Double) {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        var late: [Double] = []
        while clock.now < end {
            let due = clock.now + pause
            usleep(UInt32(pause / .microseconds(1)))
            late.append(due.duration(to: clock.now) / .milliseconds(1))
        }
        late.sort()
        func quantile(_ share: Double) -> JSONValue {
            .number(late.isEmpty ? 0 : late[min(late.count - 1, Int(Double(late.count) * share))])
        }
        print(JSONValue.object(["p50": quantile(0.5), "p99": quantile(0.99), "p999": quantile(0.999)]).text)
    }
}
