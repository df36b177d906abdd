internal import Centre

/// Carries what stands in the write-ahead log into the file, beside those who write.
///
/// Without it SQLite does so inside every so manyth commit, and whoever makes that commit waits for hundreds of pages
/// and two syncs.
final class SQLiteLogKeeper: @unchecked Sendable {
    // The connection is touched only inside of the monitor.

    /// While somebody always looks, the log grows; at this length a commit carries over what is left and it begins
    /// anew. 64 MB.
    static let pagesMax = 16_000
    /// Where somebody always writes, the log of this length is brought to its end while nobody does. 4 MB.
    private static let pagesToEnd = 1_000

    private let location: SQLiteStore.Location
    private let writer: GroupCommit
    private let state = Monitor(State())

    private struct State {
        var connection: SQLiteConnection?
        /// The pages of the log when it was last brought to its end.
        var pagesAtEnd: Int64 = 0
    }

    init(_ location: SQLiteStore.Location, _ writer: GroupCommit) {
        self.location = location
        self.writer = writer
    }

    func turn() throws(StoreFailure) {
        let outcome = state.with { state -> Result<Void, StoreFailure> in
            Result { () throws(StoreFailure) in try turn(&state) }
        }
        try outcome.get()
    }

    private func turn(_ state: inout State) throws(StoreFailure) {
        if state.connection == nil { state.connection = try begin() }
        guard let keeper = state.connection else { return }
        let pages = try carry(keeper)
        guard pages >= Self.pagesToEnd, pages != state.pagesAtEnd else { return }
        // The log begins anew with the next commit once all of it is in the file. While others write that never comes
        // about: what they wrote meanwhile is little the second time, and next to nothing the third.
        _ = try carry(keeper)
        state.pagesAtEnd = try writer.alone { (_: SQLiteConnection) throws(StoreFailure) in
            try carry(keeper)
        }
    }

    /// From now on the writer leaves the log to this.
    private func begin() throws(StoreFailure) -> SQLiteConnection {
        let keeper = try location.connect()
        try writer.alone { connection throws(StoreFailure) in
            try connection.script("PRAGMA wal_autocheckpoint = \(Self.pagesMax)")
        }
        return keeper
    }

    /// PASSIVE waits for nobody and makes nobody wait; where nothing is new it touches no disk.
    ///
    /// - Returns: how many pages the log had when it began.
    private func carry(_ keeper: SQLiteConnection) throws(StoreFailure) -> Int64 {
        // Whether somebody was in the way, the pages of the log, and how many of them are in the file now.
        let counts = try keeper.query("PRAGMA wal_checkpoint(PASSIVE)").first ?? []
        guard counts.count == 3, case .integer(let pages) = counts[1] else { return 0 }
        return pages
    }
}
