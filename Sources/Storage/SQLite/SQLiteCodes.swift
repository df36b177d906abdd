internal import CSQLite
internal import Centre

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What SQLite said when it did not do something.
struct SQLiteFailure: Error {
    /// The extended result code.
    let code: Int32
    let message: String
    /// What the operating system said last, where it was asked.
    var systemError: Int32 = 0

    var primary: Int32 { code & 0xFF }

    /// The writing itself was done, and whether it reached the disk is not known.
    var leavesCommitOpen: Bool {
        primary == SQLITE_IOERR && code != SQLite.ioErrorWrite
    }

    /// Others hold what is needed, at this moment.
    var isBusy: Bool { primary == SQLITE_BUSY || primary == SQLITE_LOCKED }

    /// In the words of the centre; `table` is the one that was being changed.
    func failure(table: String?) -> StoreFailure {
        switch primary {
        case SQLITE_CONSTRAINT: constraint(table: table ?? "")
        case SQLITE_BUSY, SQLITE_LOCKED: .contended
        case SQLITE_FULL: .full("the disk is full: \(message)")
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT: .damaged(message)
        // The file ends before a page that it says it has.
        case SQLITE_IOERR where code == SQLite.ioErrorShortRead: .damaged(message)
        case SQLITE_IOERR where [ENOSPC, EDQUOT].contains(systemError): .full(message)
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH, SQLITE_NOLFS:
            .unreachable(message + system)
        default: .other("\(message) (\(code))")
        }
    }

    private func constraint(table: String) -> StoreFailure {
        switch code {
        case SQLite.primaryKey, SQLite.unique, SQLite.rowid: .duplicate(table: table)
        case SQLite.foreignKey: .reference(table: table)
        default: .other("\(table): \(message)")
        }
    }

    private var system: String {
        systemError == 0 ? "" : ": \(String(cString: strerror(systemError)))"
    }
}

/// Extended result codes, which are macros of an expression in the header (SQLite, "Result and Error Codes").
enum SQLite {
    static let primaryKey = SQLITE_CONSTRAINT | 6 << 8
    static let unique = SQLITE_CONSTRAINT | 8 << 8
    static let rowid = SQLITE_CONSTRAINT | 10 << 8
    static let foreignKey = SQLITE_CONSTRAINT | 3 << 8
    static let ioErrorShortRead = SQLITE_IOERR | 2 << 8
    static let ioErrorWrite = SQLITE_IOERR | 3 << 8
    static let ioErrorFsync = SQLITE_IOERR | 4 << 8
    /// "BRTH": files of ours say so in their header.
    static let applicationID: Int64 = 0x4252_5448
}
