/// Why a backup was not made, or not taken back; a store is as it was before.
package enum BackupFailure: Error, Hashable {
    /// The file cannot be read or written, and why.
    case file(String)
    case exists(String)
    /// Something else than a backup.
    case notABackup(String)
    /// Cut off or changed, and where.
    case damaged(String)
    /// A newer program made it.
    case newerSchema(found: Int, known: Int)
    /// The store has other tables than the backup: it is at another step of the schema.
    case otherSchema(backup: Int, store: Int)
    /// There is something in the store already.
    case notEmpty(rows: Int)
}
