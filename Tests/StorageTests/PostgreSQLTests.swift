import Centre
import Foundation
import Storage
import Testing

private typealias F = Fixtures

@Suite("A server that hangs up")
struct PostgreSQLTests {
    /// Ends every connection of the store under test but the asker's.
    private static func hangUp(_ administrator: PostgreSQLStore) throws {
        let others = """
            SELECT pg_terminate_backend(pid, 10000)::text FROM pg_stat_activity
            WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()
            """
        try administrator.perform(others)
    }

    private func withStores(
        _ body: (_ store: PostgreSQLStore, _ administrator: PostgreSQLStore) throws -> Void
    ) throws {
        try withPostgreSQL { address throws in
            let store = try PostgreSQLStore(address, connectionsMax: 4)
            try store.migrate(to: F.schema)
            try body(store, PostgreSQLStore(address))
        }
    }

    @Test("between transactions: nobody notices")
    func idle() throws {
        try withStores { store, administrator throws in
            for number in 0..<3 {
                try Self.hangUp(administrator)
                try store.insert(F.parents, F.parent("a\(number)"))
                try Self.hangUp(administrator)
                #expect(try store.rows(F.parents).count == number + 1)
            }
        }
    }

    @Test("in the middle of a look or a change: it is begun again")
    func underway() throws {
        try withStores { store, administrator throws in
            try store.insert(F.parents, F.parent("a", size: 1))
            var runs = 0
            let seen = try store.read { transaction in
                runs += 1
                let first = try transaction.ask([Query(F.parents)])
                if runs == 1 { try Self.hangUp(administrator) }
                return try (first, transaction.ask([Query(F.parents)]))
            }
            #expect(runs == 2)
            #expect(seen.0 == seen.1)
            try store.write { transaction in
                runs += 1
                transaction.change(.put(F.parents, F.parent("a", size: 2)))
                try transaction.flush()
                if runs == 3 { try Self.hangUp(administrator) }
                transaction.change(.put(F.parents, F.parent("b")))
            }
            #expect(runs == 4)
            #expect(try store.rows(F.parents) == [F.parent("a", size: 2), F.parent("b")])
        }
    }

    @Test("again and again: it is given up, and nothing happened")
    func always() throws {
        try withStores { store, administrator throws in
            var runs = 0
            #expect {
                try store.write { transaction in
                    runs += 1
                    transaction.change(.put(F.parents, F.parent("a")))
                    try transaction.flush()
                    try Self.hangUp(administrator)
                    try transaction.flush()
                    _ = try transaction.ask([Query(F.parents)])
                }
            } throws: { error in
                if case .unreachable? = error as? StoreFailure { true } else { false }
            }
            #expect(runs == 4)
            #expect(try store.rows(F.parents).isEmpty)
        }
    }

    @Test("while the end is being written: it may have happened, and that is what is said")
    func duringCommit() throws {
        try withStores { store, administrator throws in
            let schema = try administrator.perform("SELECT current_schema()::text")[0][0]
            guard case .text(let name) = schema else { return }
            try administrator.perform(
                """
                CREATE FUNCTION \(name).hang_up() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'
                """)
            try administrator.perform(
                """
                CREATE CONSTRAINT TRIGGER at_end AFTER INSERT ON parents DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION \(name).hang_up()
                """)
            let failure = store.failure { $0.change(.insert(F.parents, F.parent("a"))) }
            guard case .unknownOutcome? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            try administrator.perform("DROP TRIGGER at_end ON parents")
            try store.put(F.parents, F.parent("a"))
            #expect(try store.rows(F.parents).count == 1)
        }
    }

    @Test("others who are always faster, and do not wait in line: it is given up after a while, and said so")
    func contended() throws {
        try withStores { store, other throws in
            try store.insert(F.parents, F.parent("a", size: 0))
            var runs: Int64 = 0
            let failure = store.failure { transaction in
                runs += 1
                _ = try transaction.ask([Query(F.parents)])
                try other.perform("UPDATE parents SET size = \(runs)")
                transaction.change(.put(F.parents, F.parent("a", size: 9_999)))
            }
            #expect(failure == .contended)
            #expect((2...100).contains(runs))
            #expect(try store.rows(F.parents) == [F.parent("a", size: runs)])
        }
    }

    @Test("a server that is not there is unreachable, and no password is told")
    func unreachable() {
        for address in [
            "postgresql://user:secret@/berth?host=/nonexistent", "postgresql://user:secret@127.0.0.1:1/berth",
            "postgresql://user:secret@[::1/berth",
        ] {
            #expect {
                try PostgreSQLStore(address)
            } throws: { error in
                guard case .unreachable(let why)? = error as? StoreFailure else { return false }
                return !why.contains("secret")
            }
        }
    }

    @Test("a store is called by its place, not by who signs in")
    func place() throws {
        try withPostgreSQL { address throws in
            let place = try PostgreSQLStore(address).place
            #expect(place == "postgresql:///berth")
        }
    }
}
