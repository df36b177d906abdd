internal import Centre

/// Carries what stands in the write-ahead log into the file, beside those who write.
///
/// Without it SQLite does so inside every so manyth commit, and whoever makes that commit waits for hundreds of pages
/// and two syncs.
final class SQLiteLogKeeper: @unchecked Sendable {
    // The connection is touched only inside of the monitor.

    /// While somebody always writes, the log grows; at this length a commit carries over what is left and it begins
    /// anew. 64 MB.
    static let pagesMax = 16_000

    private let location: SQLiteStore.Location
    private let connection = Monitor<SQLiteConnection?>(nil)

    init(_ location: SQLiteStore.Location) { self.location = location }

    /// - Parameter begin: called the first time: from then on the writer leaves the log to this.
    func turn(_ begin: () throws(StoreFailure) -> Void) throws(StoreFailure) {
        let outcome = connection.with { connection -> Result<Void, StoreFailure> in
            Result { () throws(StoreFailure) in
                if connection == nil {
                    connection = try location.connect()
                    try begin()
                }
                // PASSIVE waits for nobody and makes nobody wait; where nothing is new it touches no disk.
                _ = try connection?.query("PRAGMA wal_checkpoint(PASSIVE)")
            }
        }
        try outcome.get()
    }
}
