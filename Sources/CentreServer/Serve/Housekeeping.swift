internal import Centre
internal import JSON
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What a node does again and again beside answering, each on a thread of its own, so that none waits for another.
final class Housekeeping: Sendable {
    struct Chore: Sendable {
        let name: String
        /// Milliseconds between the end of one turn and the next.
        let pause: Int
        /// True where the next turn should follow at once.
        let turn: @Sendable () throws -> Bool

        init(_ name: String, everyMilliseconds pause: Int, _ turn: @escaping @Sendable () throws -> Bool) {
            self.name = name
            self.pause = pause
            self.turn = turn
        }
    }

    private let isEnding = Atomic<Bool>(false)
    private let threads = Mutex<[ServingThread]>([])

    /// A chore that fails is tried again after its pause, and complains once a minute at most.
    private static let complaintMilliseconds: Int64 = 60_000
    /// How soon the end is noticed.
    private static let stepMilliseconds = 20

    func start(_ chores: [Chore], log: ServiceLog, metrics: Metrics) {
        let started = chores.compactMap { chore in
            ServingThread { [self] in run(chore, log, metrics) }
        }
        threads.withLock { $0 += started }
    }

    func stop() {
        isEnding.store(true, ordering: .releasing)
        let all = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in all { thread.join() }
    }

    private func run(_ chore: Chore, _ log: ServiceLog, _ metrics: Metrics) {
        var complainedAt = Int64.min
        count(0, of: chore, metrics)
        while !isEnding.load(ordering: .acquiring) {
            var hasMore = false
            do {
                hasMore = try chore.turn()
            } catch {
                count(1, of: chore, metrics)
                let now = monotonicMilliseconds()
                if complainedAt == .min || now - complainedAt > Self.complaintMilliseconds {
                    complainedAt = now
                    log.write(
                        .warning, "chore-failed",
                        ["chore": .string(chore.name), "reason": .string(Self.words(error))])
                }
            }
            if !hasMore { rest(chore.pause) }
        }
    }

    /// Who watches the figure sees its first rise only where it was there before.
    private func count(_ failures: Double, of chore: Chore, _ metrics: Metrics) {
        metrics.count(
            "berth_chore_failures_total", ["chore": chore.name], by: failures,
            help: "Turns of what a node does by itself that failed.")
    }

    /// Only what is known to hold no secret is told.
    private static func words(_ error: any Error) -> String {
        switch error {
        case let failure as StoreFailure: "\(failure)"
        case let failure as KeyVaultFailure: "\(failure)"
        default: "\(type(of: error))"
        }
    }

    private func rest(_ milliseconds: Int) {
        var left = milliseconds
        while left > 0, !isEnding.load(ordering: .acquiring) {
            usleep(UInt32(min(left, Self.stepMilliseconds)) * 1_000)
            left -= Self.stepMilliseconds
        }
    }
}
