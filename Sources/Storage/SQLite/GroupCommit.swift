internal import Centre

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Many callers, one writer at a time: whoever comes while nobody writes takes all that wait, does their work and that
/// of a few who come meanwhile inside one transaction, makes it durable once, and answers all. While the disk is at it
/// the next one writes already.
///
/// The work of one is kept apart from that of the others by a savepoint: what it throws undoes nothing but its own.
final class GroupCommit: @unchecked Sendable {
    // The connection is touched only by the caller who leads; `line` says who that is.

    /// More than these are left for the next group, so that nobody waits for an endless one.
    static let jobsMax = 128
    /// So many who come while others' work is done are taken along: each would have to wake, begin, commit and sync for
    /// itself. More are left for the next group, so that who came first is not kept waiting.
    static let lateJobsMax = 4

    /// One caller's work, and how it ended.
    final class Job {
        fileprivate var body: ((SQLiteTransaction) throws -> Void)?
        fileprivate var outcome: Result<Void, any Error>?
        fileprivate let bell = Bell()

        init(_ body: @escaping (SQLiteTransaction) throws -> Void) { self.body = body }
    }

    private struct Line {
        var waiting: [Job] = []
        /// Of those who want the connection for themselves.
        var alone: [Bell] = []
        var leader: pthread_t?

        mutating func take(_ countMax: Int) -> [Job] {
            let jobs = Array(waiting.prefix(countMax))
            waiting.removeFirst(jobs.count)
            return jobs
        }

        /// Wakes the one who is next, and nobody else: each who wakes in vain takes the processor from one who works.
        mutating func giveUpLead() {
            leader = nil
            (alone.first ?? waiting.first?.bell)?.ring()
        }

        /// Whether the caller may lead now. Who leads already and comes again would wait for itself for ever.
        mutating func takeLead() -> Bool {
            guard let leader else {
                leader = pthread_self()
                return true
            }
            precondition(pthread_equal(leader, pthread_self()) == 0, "a transaction was begun inside another")
            return false
        }
    }

    private let connection: SQLiteConnection
    private let memory: CatalogueMemory
    /// Without it a commit is durable when it is made.
    private let sync: LogSync?
    private let line = Monitor(Line())

    init(_ connection: SQLiteConnection, _ memory: CatalogueMemory, _ sync: LogSync?) {
        self.connection = connection
        self.memory = memory
        self.sync = sync
    }

    /// Returns when the job's work is durable, or failed.
    func run(_ job: Job) throws {
        line.with { $0.waiting.append(job) }
        // The group that its caller leads may be full before it comes to this job; then once more.
        while case .lead(let batch) = turn(of: job) {
            var (jobs, outcomes) = lead(batch)
            if let sync {
                let last = sync.seen
                line.with { $0.giveUpLead() }
                outcomes = durable(outcomes, upTo: last, by: sync)
            }
            line.with { line in
                for (job, outcome) in zip(jobs, outcomes) {
                    // Who waits takes its work back with the answer; nobody else may hold on to it.
                    job.body = nil
                    job.outcome = outcome
                    job.bell.ring()
                }
                if sync == nil { line.giveUpLead() }
            }
        }
        try job.outcome?.get()
    }

    /// What was kept counts when it is on the disk; who was refused was refused, by what may not be on it yet.
    private func durable(
        _ outcomes: [Result<Void, any Error>], upTo ticket: Int, by sync: LogSync
    ) -> [Result<Void, any Error>] {
        do throws(StoreFailure) {
            try sync.wait(for: ticket)
            return outcomes
        } catch {
            let failure = error
            return outcomes.map { outcome in outcome.flatMap { .failure(failure) } }
        }
    }

    private enum Turn {
        case answered
        case lead([Job])
    }

    /// Waits until the job is done, or until its caller is the one to do what waits.
    private func turn(of job: Job) -> Turn {
        line.wait(at: job.bell) { line in
            if job.outcome != nil { return .answered }
            guard line.takeLead() else { return nil }
            return .lead(line.take(Self.jobsMax))
        }
    }

    /// Who came meanwhile; nobody while somebody waits for the connection alone.
    private func late() -> Job? { line.with { $0.alone.isEmpty ? $0.take(1).first : nil } }

    /// How many wait for the next group.
    var waitingCount: Int { line.with { $0.waiting.count } }

    /// With the connection for oneself, between groups; what it changed is durable when this returns.
    func change<Value>(_ body: (SQLiteConnection) throws(StoreFailure) -> Value) throws(StoreFailure) -> Value
    {
        try alone { connection throws(StoreFailure) in
            let value = try body(connection)
            try sync?.now(connection.log)
            return value
        }
    }

    /// With the connection for oneself, between groups.
    func alone<Value, Failure: Error>(
        _ body: (SQLiteConnection) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        if !line.with({ $0.takeLead() }) {
            let bell = Bell()
            line.with { $0.alone.append(bell) }
            line.wait(at: bell) { line -> Void? in
                guard line.takeLead() else { return nil }
                line.alone.removeAll { $0 === bell }
                return ()
            }
        }
        defer { line.with { $0.giveUpLead() } }
        return try body(connection)
    }

    // MARK: the leader's work

    /// Whose work was done, those who came meanwhile included, and how it ended.
    private func lead(_ jobs: [Job]) -> ([Job], [Result<Void, any Error>]) {
        defer {
            if connection.changesCatalogue { memory.forget() }
            connection.changesCatalogue = false
        }
        var jobs = jobs
        do {
            let outcomes = try group(&jobs)
            return (jobs, outcomes)
        } catch {
            // What failed may be the fault of one of them: each for itself.
            return (jobs, jobs.map(single))
        }
    }

    private func single(_ job: Job) -> Result<Void, any Error> {
        Result {
            if let failure = begin() { throw failure }
            do {
                try perform(job)
            } catch {
                rollBack()
                throw error
            }
            if let failure = commit() { throw failure }
        }
    }

    /// Throws only when nothing of it happened and each may be tried alone.
    private func group(_ jobs: inout [Job]) throws -> [Result<Void, any Error>] {
        if let failure = begin() { return jobs.map { _ in .failure(failure) } }
        var outcomes: [Result<Void, any Error>] = []
        do {
            // Of one who is alone all is undone by undoing everything.
            if jobs.count == 1 {
                do {
                    try perform(jobs[0])
                } catch {
                    rollBack()
                    return [.failure(error)]
                }
                outcomes.append(.success(()))
            }
            while outcomes.count < jobs.count { outcomes.append(try separately(jobs[outcomes.count])) }
            for _ in 0..<Self.lateJobsMax {
                guard let job = late() else { break }
                jobs.append(job)
                outcomes.append(try separately(job))
            }
        } catch {
            rollBack()
            throw error
        }
        guard let failure = commit() else { return outcomes }
        // One who was alone is told how exactly it failed.
        guard jobs.count > 1 else { return [.failure(failure)] }
        guard case .unknownOutcome = failure else { throw failure }
        // Who was refused was refused; the others do not know.
        return outcomes.map { outcome in outcome.flatMap { .failure(failure) } }
    }

    private func separately(_ job: Job) throws -> Result<Void, any Error> {
        try connection.control("SAVEPOINT one")
        let outcome = Result { try perform(job) }
        if case .failure(let failure) = outcome {
            // SQLite undoes everything by itself when the disk is full or fails: then nobody's work is there.
            guard connection.isInTransaction else { throw failure }
            try connection.control("ROLLBACK TO one")
        }
        try connection.control("RELEASE one")
        return outcome
    }

    private func perform(_ job: Job) throws {
        let transaction = SQLiteTransaction(connection, memory, isReadOnly: false)
        defer { transaction.end() }
        try job.body?(transaction)
        try transaction.flush()
    }

    private func begin() -> StoreFailure? {
        do {
            try connection.control("BEGIN IMMEDIATE")
            return nil
        } catch {
            return error
        }
    }

    private func commit() -> StoreFailure? {
        let ticket = connection.hasChanges ? sync?.begin() : nil
        defer { if let ticket { sync?.made(ticket, connection.log) } }
        do {
            try connection.commit()
            return nil
        } catch {
            rollBack()
            guard error.leavesCommitOpen, !settle() else { return error.failure(table: nil) }
            return .unknownOutcome(error.message)
        }
    }

    /// After a failure to reach the disk, what was meant to be undone may still stand in the log and be found after a
    /// crash. A commit that succeeds is written over it, and then it surely did not happen.
    private func settle() -> Bool {
        do {
            try connection.control("BEGIN IMMEDIATE")
            try connection.script("PRAGMA user_version = \(connection.number("PRAGMA user_version") ?? 0)")
            try connection.control("COMMIT")
            try sync?.now(connection.log)
            return true
        } catch {
            rollBack()
            return false
        }
    }

    private func rollBack() {
        guard connection.isInTransaction else { return }
        // If not even this succeeds, the next transaction says so.
        try? connection.control("ROLLBACK")
    }
}
