import Foundation
import Simulation
import Storage
import TestSupport
import Testing

@Suite("Worlds on a server")
struct ServerWorldTests {
    struct MissingServer: Error, CustomStringConvertible {
        let description =
            "no PostgreSQL: run the tests by scripts/test, or by scripts/private-postgresql -- swift test"
    }

    @Test("the invariants hold on PostgreSQL too", .mission(.point1))
    func sound() throws {
        guard let server = ProcessInfo.processInfo.environment["BERTH_TEST_POSTGRESQL"] else {
            throw MissingServer()
        }
        let administrator = try PostgreSQLStore(server)
        let run = UInt64.random(in: 0...UInt64.max)
        let ground = try Ground(on: {
            // Worlds come one after the other: each finds what the one before it left gone.
            let name = "world_\(run)"
            try administrator.perform("DROP SCHEMA IF EXISTS \(name) CASCADE")
            try administrator.perform("CREATE SCHEMA \(name)")
            let store = try PostgreSQLStore(server + "&options=-csearch_path%3D\(name)")
            try store.migrate(to: .current)
            return store
        })
        defer { _ = try? administrator.perform("DROP SCHEMA IF EXISTS world_\(run) CASCADE") }
        let simulation = Simulation(ground, cards: 2, steps: 16)
        for seed: UInt64 in 1...12 {
            let outcome = simulation.run(seed)
            #expect(
                outcome.isSound,
                "seed \(seed): \(outcome.violation?.words ?? outcome.error ?? "") \(outcome.story)")
        }
    }
}
