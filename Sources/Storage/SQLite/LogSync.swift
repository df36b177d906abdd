internal import Centre

/// Brings commits to the disk after they were made. While one sync runs the next commits are made, and the sync after
/// that is for all of them.
///
/// With `synchronous = FULL` SQLite syncs inside of COMMIT, and whoever comes next begins to work only when the disk is
/// done. Here the log is written by COMMIT (`synchronous = NORMAL`) and synced by whoever waits for it first; nobody is
/// answered before. What a sync is for is counted in tickets.
final class LogSync: Sendable {
    private struct State {
        /// The last commit that was begun: who looks sees none beyond it.
        var begun = 0
        /// All up to this one stand in the log, or came to nothing.
        var made = 0
        var durable = 0
        var isSyncing = false
        var log: SQLiteLog?
        /// A sync failed. What it was for may stand in the log or not, and what came after it builds on it: only a
        /// store that is opened anew, and reads the log again, knows.
        var failure: String?
    }

    private let state = Monitor(State())

    /// A commit is about to be made, by the one who may.
    func begin() -> Int {
        state.with { state in
            state.begun += 1
            return state.begun
        }
    }

    /// The commit was made, or came to nothing.
    func made(_ ticket: Int, _ log: SQLiteLog?) {
        let isSyncing = state.with { state in
            state.made = max(state.made, ticket)
            state.log = log ?? state.log
            return state.isSyncing
        }
        // The end of a sync wakes those who wait as well.
        if !isSyncing { state.change { _ in } }
    }

    /// For one who changed something beside the commits that are counted, and has the connection to itself.
    func now(_ log: SQLiteLog?) throws(StoreFailure) {
        // Nothing was ever written where there is no log.
        guard let log else { return }
        let ticket = begin()
        made(ticket, log)
        try wait(for: ticket)
    }

    /// The last commit that somebody may have seen who looks now.
    var seen: Int { state.with { $0.begun } }

    /// Nothing is begun any more after a sync that failed.
    func check() throws(StoreFailure) {
        if let failure { throw failure }
    }

    var failure: StoreFailure? {
        state.with { $0.failure }.map {
            .unreachable("\($0); only after a new start it is known what was kept")
        }
    }

    private enum Turn {
        case durable
        case sync(upTo: Int, SQLiteLog)
        case failed(String)
    }

    /// Returns when this commit, and all before it, are on the disk.
    func wait(for ticket: Int) throws(StoreFailure) {
        while true {
            switch turn(of: ticket) {
            case .durable: return
            case .failed(let reason): throw .unknownOutcome(reason)
            case .sync(let last, let log):
                let failure = log.sync()
                state.change { state in
                    state.isSyncing = false
                    if let failure {
                        state.failure = "the disk did not take what was written: \(failure.message)"
                    } else {
                        state.durable = last
                    }
                }
            }
        }
    }

    private func turn(of ticket: Int) -> Turn {
        state.wait { state in
            if state.durable >= ticket { return .durable }
            if let failure = state.failure { return .failed(failure) }
            guard !state.isSyncing, state.made > state.durable, let log = state.log else { return nil }
            state.isSyncing = true
            return .sync(upTo: state.made, log)
        }
    }
}
