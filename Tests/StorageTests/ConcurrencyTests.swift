import Centre
import Foundation
import Storage
import Synchronization
import Testing

private typealias F = Fixtures

@Suite("Many at once")
struct ConcurrencyTests {
    @Test("no change is lost, whether or not the row was locked", arguments: Engine.shared, [true, false])
    func lostUpdates(_ engine: Engine, isLocking: Bool) throws {
        try engine.with { store, _ throws in
            try store.insert(F.parents, F.parent("a", size: 0))
            let (threads, rounds) = (8, 25)
            onThreads(threads) { _ in
                for _ in 0..<rounds {
                    try store.write { transaction in
                        let query = Query(F.parents, key: [.text("a")])
                        let row = try transaction.ask([isLocking ? query.locking() : query])[0][0]
                        guard case .integer(let size) = row[1] else { return }
                        transaction.change(.put(F.parents, F.parent("a", size: size + 1)))
                    }
                }
            }
            #expect(try store.rows(F.parents) == [F.parent("a", size: Int64(threads * rounds))])
        }
    }

    @Test(
        "what was decided from rows that another changes is decided again: never both",
        arguments: Engine.shared)
    func writeSkew(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            for round in 0..<20 {
                let names = ["x\(round)", "y\(round)"]
                for name in names { try store.insert(F.parents, F.parent(name, size: Int64(round))) }
                // Each leaves only if the other is still there.
                onThreads(2) { index in
                    try store.write { transaction in
                        let here = try transaction.ask(names.map { Query(F.parents, key: [.text($0)]) })
                        if here.allSatisfy({ !$0.isEmpty }) {
                            transaction.change(.remove(F.parents, key: [.text(names[index])]))
                        }
                    }
                }
                let left = try store.read {
                    try $0.count(Query(F.parents, [.init("size", .integer(Int64(round)))]))
                }
                #expect(left == 1)
            }
        }
    }

    @Test("a look sees one moment, however long it takes", arguments: Engine.shared)
    func snapshot(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            try store.insert(F.parents, F.parent("a", size: 1))
            try store.read { transaction in
                let before = try transaction.ask([Query(F.parents)])
                onThreads(1) { _ in
                    try store.write {
                        $0.change(.put(F.parents, F.parent("a", size: 2)))
                        $0.change(.insert(F.parents, F.parent("b")))
                    }
                }
                #expect(try transaction.ask([Query(F.parents)]) == before)
                #expect(try transaction.count(Query(F.parents)) == 1)
            }
            #expect(try store.rows(F.parents).count == 2)
        }
    }

    @Test("two rows that change together are never seen apart", arguments: Engine.shared)
    func invariant(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            try store.insert(F.parents, F.parent("a", size: 500))
            try store.insert(F.parents, F.parent("b", size: 500))
            onThreads(6) { index in
                for round in 0..<30 {
                    if index.isMultiple(of: 2) {
                        let sum = try store.rows(F.parents).reduce(0) { $0 + Self.size($1) }
                        #expect(sum == 1_000)
                    } else {
                        try store.write { transaction in
                            let rows = try transaction.ask([Query(F.parents)])[0]
                            let amount = Int64(round % 7)
                            transaction.change(
                                .put(F.parents, F.parent("a", size: Self.size(rows[0]) - amount)))
                            transaction.change(
                                .put(F.parents, F.parent("b", size: Self.size(rows[1]) + amount)))
                        }
                    }
                }
            }
        }
    }

    private static func size(_ row: [StoredValue]) -> Int64 {
        guard case .integer(let size) = row[1] else { return 0 }
        return size
    }

    private struct Refused: Error {}

    @Test("who is refused takes nobody along: each of many gets its own answer", arguments: Engine.shared)
    func apart(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            try store.insert(F.parents, F.parent("taken"))
            let (threads, rounds) = (12, 10)
            onThreads(threads) { index in
                for round in 0..<rounds {
                    let name = "t\(index)-\(round)"
                    switch index % 3 {
                    case 0: try store.insert(F.parents, F.parent(name))
                    case 1:
                        let failure = store.failure {
                            $0.change(.insert(F.parents, F.parent(name)))
                            $0.change(.insert(F.parents, F.parent("taken")))
                        }
                        #expect(failure == .duplicate(table: "parents"))
                    default:
                        #expect(throws: Refused.self) {
                            try store.write { transaction in
                                transaction.change(.insert(F.parents, F.parent(name)))
                                try transaction.flush()
                                throw Refused()
                            }
                        }
                    }
                }
            }
            #expect(try store.read { try $0.count(Query(F.parents)) } == 1 + threads / 3 * rounds)
        }
    }

    @Test("two stores on the same place do not disturb each other", arguments: Engine.shared)
    func twoStores(_ engine: Engine) throws {
        try engine.with { store, again throws in
            let other = try again()
            try store.insert(F.parents, F.parent("a", size: 0))
            onThreads(4) { index in
                let mine = index.isMultiple(of: 2) ? store : other
                for _ in 0..<20 {
                    try mine.write { transaction in
                        let row = try transaction.ask([Query(F.parents).locking()])[0][0]
                        transaction.change(.put(F.parents, F.parent("a", size: Self.size(row) + 1)))
                    }
                }
            }
            #expect(try store.rows(F.parents) == other.rows(F.parents))
            #expect(try store.rows(F.parents) == [F.parent("a", size: 80)])
        }
    }

    @Test("all who wait while one commits become durable by one sync")
    func oneSync() throws {
        let disk = FaultyDisk()
        let store = try SQLiteStore(.faulty(disk))
        try store.migrate(to: F.schema)
        try store.insert(F.parents, F.parent("first"))
        disk.fail(.sync, number: .max)
        let followers = 20
        let isLed = Atomic(false)
        onThreads(followers + 1) { index in
            while index > 0, !isLed.load(ordering: .acquiring) { sched_yield() }
            try store.write { transaction in
                transaction.change(.insert(F.parents, F.parent("t\(index)")))
                guard index == 0 else { return }
                // The first one holds the door until all others stand in line.
                isLed.store(true, ordering: .releasing)
                while store.waitingWriters < followers { sched_yield() }
            }
        }
        // The disk may be at the first one while the others write.
        #expect((1...2).contains(disk.count(.sync)))
        #expect(try store.rows(F.parents).count == 1 + followers + 1)
    }

    @Test("who comes while another works is taken along, and who fails then undoes nothing but its own")
    func takenAlong() throws {
        let disk = FaultyDisk()
        let store = try SQLiteStore(.faulty(disk))
        try store.migrate(to: F.schema)
        try store.insert(F.parents, F.parent("first"))
        disk.fail(.sync, number: .max)
        let isLed = Atomic(false)
        let rows = ["t0", "t1", "first", "t3"]
        onThreads(rows.count) { index in
            while index > 0, !isLed.load(ordering: .acquiring) { sched_yield() }
            let failure = store.failure { transaction in
                transaction.change(.insert(F.parents, F.parent(rows[index])))
                guard index == 0 else { return }
                isLed.store(true, ordering: .releasing)
                while store.waitingWriters < rows.count - 1 { sched_yield() }
            }
            #expect(failure == (rows[index] == "first" ? .duplicate(table: "parents") : nil))
        }
        #expect(disk.count(.sync) == 1)
        #expect(try store.rows(F.parents).map { $0[0] } == ["first", "t0", "t1", "t3"].map { .text($0) })
    }

    @Test("more callers than a group takes are all answered")
    func largeGroups() throws {
        try Engine.sqliteFile.with { store, _ throws in
            let threads = 300
            onThreads(threads) { index in try store.insert(F.parents, F.parent("t\(index)")) }
            let count = try store.read { try $0.count(Query(F.parents)) }
            #expect(count == threads)
        }
    }

    @Test("more callers than there are connections wait for their turn")
    func smallPool() throws {
        try withPostgreSQL { address throws in
            let store = try PostgreSQLStore(address, connectionsMax: 2)
            try store.migrate(to: F.schema)
            onThreads(20) { index in
                try store.insert(F.parents, F.parent("t\(index)"))
                #expect(try store.rows(Query(F.parents, key: [.text("t\(index)")])).count == 1)
            }
            #expect(try store.rows(F.parents).count == 20)
        }
    }
}
