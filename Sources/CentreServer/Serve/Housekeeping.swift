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

    private let end = EndSignal()
    private let threads = Mutex<[ServingThread]>([])

    /// A chore that fails is tried again after its pause, and complains once a minute at most.
    private static let complaintMilliseconds: Int64 = 60_000

    func start(_ chores: [Chore], log: ServiceLog, metrics: Metrics) {
        let started = chores.compactMap { chore in
            ServingThread { [self] in run(chore, log, metrics) }
        }
        threads.withLock { $0 += started }
    }

    func stop() {
        end.give()
        let all = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in all { thread.join() }
    }

    private func run(_ chore: Chore, _ log: ServiceLog, _ metrics: Metrics) {
        var complainedAt = Int64.min
        count(0, of: chore, metrics)
        while !end.isGiven {
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
            if !hasMore { end.rest(milliseconds: chore.pause) }
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
}

/// That something is over: whoever rests hears it at once, and wakes for nothing else.
final class EndSignal: Sendable {
    private let isOver = Atomic<Bool>(false)
    /// A pipe into which nobody ever writes: its closed end is heard by all, however many rest.
    private let hearing: Int32
    private let giving: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        (hearing, giving) = (ends[0], ends[1])
        for end in ends where end >= 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    deinit {
        give()
        if hearing >= 0 { _ = close(hearing) }
    }

    var isGiven: Bool { isOver.load(ordering: .acquiring) }

    func give() {
        guard !isOver.exchange(true, ordering: .acquiringAndReleasing), giving >= 0 else { return }
        _ = close(giving)
    }

    /// Rests for so long, or until the end.
    func rest(milliseconds: Int) {
        let deadline = monotonicMilliseconds() + Int64(milliseconds)
        // A signal that is handled interrupts the rest; without descriptors to spare it is only a rest.
        while !isGiven {
            let left = deadline - monotonicMilliseconds()
            guard left > 0 else { return }
            var look = pollfd(fd: hearing, events: Int16(POLLIN), revents: 0)
            _ = poll(&look, 1, Int32(clamping: hearing >= 0 ? left : min(left, Self.deafMilliseconds)))
        }
    }

    private static let deafMilliseconds: Int64 = 20
}
