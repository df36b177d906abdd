import Centre
import Storage
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

private typealias F = Fixtures

/// What is left after the power went, or a disk failed, at any write, truncation or sync: every transaction that was
/// acknowledged, and each one whole.
@Suite("Power and disks that fail")
struct PowerTests {
    /// So many that the log is written back into the file several times in between.
    private static let transactions = 24
    private static let pagesBeforeCheckpoint = 6

    private enum Answer: Equatable {
        case kept
        case refused
        /// It may have happened.
        case unknown
    }

    /// One row more and a counter, in one transaction; now and then a large row, or one that goes again.
    private func transact(_ number: Int, _ store: SQLiteStore) -> Answer {
        do {
            try store.write { transaction in
                let data = [UInt8](repeating: UInt8(number), count: number.isMultiple(of: 5) ? 9_000 : 30)
                transaction.change(
                    .insert(F.parents, F.parent("row\(number)", size: Int64(number), data: data)))
                if number.isMultiple(of: 3) {
                    transaction.change(.put(F.parents, F.parent("other", data: data + data)))
                }
                transaction.change(.put(F.parents, F.parent("counter", size: Int64(number))))
            }
            return .kept
        } catch {
            if case .unknownOutcome? = error as? StoreFailure { return .unknown }
            return .refused
        }
    }

    private static let modes: [SQLiteStore.Mode] = [.direct, .shared]

    private func makeStore(_ disk: FaultyDisk, _ mode: SQLiteStore.Mode) throws -> SQLiteStore {
        let store = try SQLiteStore(.faulty(disk), mode: mode)
        try store.perform("PRAGMA wal_autocheckpoint = \(Self.pagesBeforeCheckpoint)")
        return store
    }

    /// A store with its schema, before anything can go wrong.
    private func prepared(_ mode: SQLiteStore.Mode = .direct) throws -> (FaultyDisk, SQLiteStore) {
        let disk = FaultyDisk()
        let store = try makeStore(disk, mode)
        try store.migrate(to: F.schema)
        return (disk, store)
    }

    private func callCount(_ call: FaultyDisk.Call, _ mode: SQLiteStore.Mode) throws -> Int {
        let (disk, store) = try prepared(mode)
        disk.fail(.sync, number: .max)
        for number in 1...Self.transactions { #expect(transact(number, store) == .kept) }
        return disk.count(call)
    }

    /// The numbers of the rows that are there.
    private func numbers(in disk: FaultyDisk) throws -> Set<Int> {
        let store = try SQLiteStore(.faulty(disk), mode: .direct)
        #expect(try store.flaws().isEmpty)
        let rows = try store.rows(F.parents)
        var numbers: Set<Int> = []
        var counter = 0
        for row in rows {
            guard case .text(let name) = row[0], case .integer(let size) = row[1] else { continue }
            if name == "counter" { counter = Int(size) }
            if name.hasPrefix("row") { numbers.insert(Int(size)) }
        }
        #expect(counter == numbers.max() ?? 0, "a transaction is not whole")
        return numbers
    }

    @Test("the power goes at every call of the disk", arguments: FaultyDisk.Call.allCases, modes)
    func power(_ call: FaultyDisk.Call, _ mode: SQLiteStore.Mode) throws {
        for number in 1...max(1, try callCount(call, mode)) {
            let (disk, store) = try prepared(mode)
            disk.fail(call, number: number, .losesPower)
            var kept: Set<Int> = []
            var attempted: Set<Int> = []
            for transaction in 1...Self.transactions {
                attempted.insert(transaction)
                guard transact(transaction, store) == .kept else { break }
                kept.insert(transaction)
            }
            for loss in Self.losses(seed: UInt64(number)) {
                let found = try numbers(in: disk.crashed(loss))
                #expect(found.isSuperset(of: kept), "\(call) \(number): an acknowledged transaction is gone")
                #expect(found.isSubset(of: attempted))
            }
        }
    }

    private static func losses(seed: UInt64) -> [FaultyDisk.Loss] {
        [.everythingUnsynced, .nothing] + (0..<3).map { .someSectors(SeededGenerator(seed: seed * 8 + $0)) }
    }

    @Test(
        "one call fails and the store goes on: what was refused never comes back, what was kept stays",
        arguments: FaultyDisk.Call.allCases, [FaultyDisk.Fault.fails, .tears, .isFull])
    func hiccups(_ call: FaultyDisk.Call, _ fault: FaultyDisk.Fault) throws {
        for number in 1...max(1, try callCount(call, .direct)) {
            let (disk, store) = try prepared()
            disk.fail(call, number: number, fault)
            var answers: [Int: Answer] = [:]
            for transaction in 1...Self.transactions {
                let answer = transact(transaction, store)
                answers[transaction] = answer
                guard answer != .kept else { continue }
                try check(answers, disk, "\(call) \(number) \(fault), at once")
                disk.heal()
            }
            disk.heal()
            #expect(transact(Self.transactions + 1, store) == .kept)
            answers[Self.transactions + 1] = .kept
            try check(answers, disk, "\(call) \(number) \(fault), at the end")
        }
    }

    @Test(
        "where many share the store, one call fails: what was refused never comes back, what was kept stays",
        arguments: FaultyDisk.Call.allCases, [FaultyDisk.Fault.fails, .tears, .isFull])
    func sharedHiccups(_ call: FaultyDisk.Call, _ fault: FaultyDisk.Fault) throws {
        for number in 1...max(1, try callCount(call, .shared)) {
            let (disk, first) = try prepared(.shared)
            var store = first
            disk.fail(call, number: number, fault)
            var answers: [Int: Answer] = [:]
            for transaction in 1...Self.transactions + 1 {
                let answer = transact(transaction, store)
                answers[transaction] = answer
                guard answer != .kept else { continue }
                try check(answers, disk, "\(call) \(number) \(fault), at once")
                disk.heal()
                guard store.end != nil else { continue }
                // From a sync that failed on, nothing is answered but that: also no look.
                #expect(answer == .unknown && transact(transaction + 100, store) == .refused)
                #expect(throws: StoreFailure.self) { try store.rows(F.parents) }
                store = try makeStore(disk, .shared)
            }
            #expect(answers[Self.transactions + 1] == .kept)
            try check(answers, disk, "\(call) \(number) \(fault), at the end")
        }
    }

    @Test("what a look tells is on the disk; a glance may be ahead of it")
    func looks() throws {
        let (disk, store) = try prepared(.shared)
        // SQLite would sync inside of a commit then, and nobody else could write.
        try store.perform("PRAGMA wal_autocheckpoint = 0")
        #expect(transact(1, store) == .kept)
        let isMade = Atomic(false)
        let isSeen = Atomic(false)
        // The disk is at it until somebody has glanced: a look would wait for it.
        disk.beforeSync {
            isMade.store(true, ordering: .releasing)
            while !isSeen.load(ordering: .acquiring) { sched_yield() }
        }
        onThreads(3) { index in
            switch index {
            case 0: #expect(transact(2, store) == .kept)
            case 1:
                while !isMade.load(ordering: .acquiring) { sched_yield() }
                let count = try store.glance { try $0.count(Query(F.parents)) }
                #expect(count == 3)
                #expect(try numbers(in: disk.crashed(.everythingUnsynced)) == [1])
                isSeen.store(true, ordering: .releasing)
            default:
                while !isMade.load(ordering: .acquiring) { sched_yield() }
                #expect(try store.rows(F.parents).count == 3)
                #expect(try numbers(in: disk.crashed(.everythingUnsynced)) == [1, 2])
            }
        }
    }

    @Test("while the disk is at one, others write, and one sync is for all of them")
    func overlap() throws {
        let (disk, store) = try prepared(.shared)
        // SQLite would sync inside of a commit then, and nobody else could write.
        try store.perform("PRAGMA wal_autocheckpoint = 0")
        // With its first page the log gets its head, which SQLite syncs inside of the commit.
        #expect(transact(1, store) == .kept)
        let made = Atomic(0)
        disk.beforeSync {
            // The first sync is held up until the others have written.
            while made.load(ordering: .acquiring) < 6 { sched_yield() }
        }
        disk.fail(.sync, number: .max)
        onThreads(6) { index in
            try store.write { transaction in
                transaction.change(.insert(F.parents, F.parent("t\(index)")))
                made.add(1, ordering: .releasing)
            }
        }
        // The first; those who wrote meanwhile; and who was about to.
        #expect(disk.count(.sync) <= 3)
        let survivor = try SQLiteStore(.faulty(disk.crashed(.everythingUnsynced)), mode: .direct)
        #expect(try survivor.rows(F.parents).count == 2 + 6)
    }

    private func check(_ answers: [Int: Answer], _ disk: FaultyDisk, _ place: Comment) throws {
        for loss in Self.losses(seed: 1) {
            let found = try numbers(in: disk.crashed(loss))
            for (number, answer) in answers where answer != .unknown {
                #expect(found.contains(number) == (answer == .kept), place)
            }
        }
    }

    @Test("a full disk refuses every change, can still be read, and is used again when there is room")
    func fullDisk() throws {
        let (disk, store) = try prepared()
        #expect(transact(1, store) == .kept)
        disk.fail(.write, number: 1, .isFull)
        for number in 2...4 {
            guard case .full? = store.failure({ $0.change(.insert(F.parents, F.parent("x\(number)"))) })
            else {
                Issue.record("not reported as full")
                return
            }
            #expect(try store.rows(F.parents).count == 2)
        }
        disk.heal()
        #expect(transact(2, store) == .kept)
        #expect(try store.rows(F.parents).count == 3)
    }

    @Test("the same calls leave the same bytes, so that a simulated world can be replayed")
    func sameBytes() throws {
        func bytes() throws -> [UInt8] {
            let (disk, store) = try prepared()
            for number in 1...Self.transactions { #expect(transact(number, store) == .kept) }
            try store.perform("PRAGMA wal_checkpoint(TRUNCATE)")
            var bytes: [UInt8] = []
            disk.changeBytes { bytes = $0 }
            return bytes
        }
        #expect(try bytes() == bytes())
    }

    @Test("a disk forgets what was not synced, and keeps the rest")
    func disk() throws {
        let (disk, store) = try prepared()
        #expect(transact(1, store) == .kept)
        let before = disk.crashed(.everythingUnsynced)
        disk.fail(.sync, number: 1)
        #expect(transact(2, store) != .kept)
        #expect(try numbers(in: before) == [1])
        #expect(try numbers(in: disk.crashed(.everythingUnsynced)) == [1])
    }
}
