package import Arguments
package import Centre
package import Storage

extension StoreFailure: ExplainedError {
    package var problem: Problem {
        switch self {
        case .unreachable(let why):
            Problem(
                "store-unreachable", exit: .unavailable, "the store cannot be reached", why: why,
                advice: ["check --store, or BERTH_STORE", "make a new store with: berth store migrate"])
        case .full(let why):
            Problem(
                "store-full", exit: .inputOutput, "the store has no room left", why: why,
                advice: ["make room on its disk and run the same command again: nothing was lost"])
        case .damaged(let why):
            Problem(
                "store-damaged", exit: .badData, "the store is damaged, or is no store of berth", why: why,
                advice: ["keep a copy of it as it is", "restore the newest backup with: berth store restore"])
        case .newerSchema(let found, let known):
            Problem(
                "store-newer", exit: .configuration, "a newer program made this store",
                why: "it is at step \(found) of the schema; this program knows \(known)",
                advice: ["use the newer program"])
        case .contended:
            Problem(
                "store-busy", exit: .tryAgain, "others are using the store",
                advice: ["run the same command again"])
        case .unknownOutcome(let why):
            Problem(
                "store-unknown-outcome", exit: .unfinished,
                "the connection broke while the end was being written: it may have happened", why: why,
                advice: ["look whether it happened before doing it again"])
        case .row(let error):
            Problem(
                "store-row", exit: .badData, "a row of \(error.table) makes no sense",
                why: "\(error.column) \(error.problem)",
                advice: ["look through the store with: berth store check"])
        case .duplicate(let table):
            Problem("store-duplicate", exit: .alreadyExists, "there is one with this key in \(table) already")
        case .reference(let table):
            Problem("store-reference", exit: .inUse, "\(table) needs another row, or another row needs it")
        case .other(let why):
            Problem("store-failed", exit: .inputOutput, "the store did not do it", why: why)
        }
    }
}

extension BackupFailure: ExplainedError {
    package var problem: Problem {
        switch self {
        case .file(let why):
            Problem(
                "backup-file", exit: .inputOutput, "the file of the backup cannot be read or written",
                why: why)
        case .exists(let path):
            Problem(
                "backup-exists", exit: .cannotCreate, "\(path) is there already",
                advice: ["give another name, or replace it with --force"])
        case .notABackup(let path):
            Problem("backup-other", exit: .badData, "\(path) is no backup of a store")
        case .damaged(let why):
            Problem(
                "backup-damaged", exit: .badData, "the backup is not whole", why: why,
                advice: ["use another backup; the store was not touched"])
        case .newerSchema(let found, let known):
            Problem(
                "backup-newer", exit: .configuration, "a newer program made this backup",
                why: "it is at step \(found) of the schema; this program knows \(known)",
                advice: ["use the newer program"])
        case .otherSchema(let backup, let store):
            Problem(
                "backup-other-schema", exit: .mismatch,
                "the backup and the store are at different steps of the schema",
                why: "the backup is at step \(backup), the store at step \(store)",
                advice: ["restore it into a new store, which is then brought up to date"])
        case .notEmpty(let rows):
            Problem(
                "store-not-empty", exit: .alreadyExists, "the store has something in it: \(rows) rows",
                advice: ["restore into a new store", "or replace everything in this one with --force"])
        }
    }
}
