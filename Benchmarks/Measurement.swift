#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How often things are repeated.
struct Effort {
    let isQuick: Bool
    /// Only this engine; `nil` is all there are.
    let engineName: String?
    /// Cards in the registers that are compared, the smallest first.
    let registerSizes: [Int]

    /// Rounds whose median counts.
    var rounds: Int { isQuick ? 5 : 101 }
    /// How long a round lasts at least, in nanoseconds.
    var roundNanoseconds: Double { isQuick ? 200_000 : 3_000_000 }
    var cardCount: Int { isQuick ? 2_000 : 100_000 }
    var installCount: Int { isQuick ? 3 : 51 }
    /// Starting a program is cheap, and a median of fewer runs says nothing.
    var startCount: Int { isQuick ? 31 : 101 }
}

/// Keeps the optimiser from leaving out work whose result nobody looks at.
@inline(never)
func consume<Value>(_ value: borrowing Value) {}

func nanoseconds<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    try body()
    let (seconds, attoseconds) = (clock.now - start).components
    return Double(seconds) * 1e9 + Double(attoseconds) / 1e9
}

/// What a thread, or the process, has had of the processor.
func processorNanoseconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

func median(_ values: [Double]) -> Double {
    precondition(!values.isEmpty, "there is no median of nothing")
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

extension Effort {
    /// The median time of one call, in nanoseconds.
    func time<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Double {
        let calls = try callsPerRound(body)
        var rounds: [Double] = []
        for _ in 0..<self.rounds { rounds.append(try Self.round(calls, body)) }
        return median(rounds)
    }

    /// Two ways to the same result, in turns, so that whatever else the machine does strikes both alike: the median
    /// time of each, and the median of the rounds' ratios.
    func compare(
        _ ours: () throws -> Void, with bare: () throws -> Void
    ) throws -> (ours: Double, bare: Double, ratio: Double) {
        let (oursCalls, bareCalls) = (try callsPerRound(ours), try callsPerRound(bare))
        var rounds: [(ours: Double, bare: Double)] = []
        for number in 0..<self.rounds {
            // Neither is always the one that finds the caches warm.
            if number.isMultiple(of: 2) {
                let first = try Self.round(oursCalls, ours)
                rounds.append((first, try Self.round(bareCalls, bare)))
            } else {
                let first = try Self.round(bareCalls, bare)
                rounds.append((try Self.round(oursCalls, ours), first))
            }
        }
        return (
            median(rounds.map(\.ours)), median(rounds.map(\.bare)), median(rounds.map { $0.ours / $0.bare })
        )
    }

    private static func round<Failure: Error>(
        _ calls: Int, _ body: () throws(Failure) -> Void
    ) throws(Failure) -> Double {
        let time = try nanoseconds { () throws(Failure) in
            for _ in 0..<calls { try body() }
        }
        return time / Double(calls)
    }

    /// So many calls that a round lasts long enough to be timed; the first calls warm up.
    private func callsPerRound<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Int {
        try body()
        var calls = 1
        while calls < 1 << 20 {
            let time = try nanoseconds { () throws(Failure) in
                for _ in 0..<calls { try body() }
            }
            if time >= roundNanoseconds { break }
            calls *= 2
        }
        return calls
    }
}
