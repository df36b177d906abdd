import Centre
import Simulation
import TestSupport
import Testing

@Suite("Simulation")
struct SimulationTests {
    private static func said(_ outcome: Outcome) -> String {
        (outcome.violation.map { "\($0.invariant.rawValue): \($0.words)" } ?? outcome.error ?? "")
            + "\n" + outcome.story.joined(separator: "\n")
    }

    @Test("the invariants hold in worlds of all kinds", .mission(.point1), .mission(.point5))
    func sound() throws {
        let simulation = Simulation(try Ground())
        for seed: UInt64 in 1_000..<1_030 {
            let outcome = simulation.run(seed)
            #expect(outcome.isSound, "seed \(seed): \(Self.said(outcome))")
        }
    }

    @Test("the same seed gives the same world")
    func replays() throws {
        let simulation = Simulation(try Ground())
        let (one, other) = (simulation.run(77), simulation.run(77))
        #expect(one.story == other.story)
        #expect(one.commandCount == other.commandCount)
        #expect(one.story != simulation.run(78).story)
    }

    @Test("an operation cut before and after every command loses nothing", .mission(.b6), .mission(.b7))
    func exhaustive() throws {
        let exhaustive = Exhaustive(try Ground())
        let before = try exhaustive.singles(.parkAndAdd, profile: "javacard-80k", .beforeCommand)
        let after = try exhaustive.singles(.parkAndAdd, profile: "javacard-80k", .afterCommand)
        #expect(before.count == after.count)
        #expect(before.count > 60)
    }

    /// Each of these found a mistake once, which was mended.
    private static let found: [(Exhaustive.Case, String, [Fault])] = [
        // The deletion of an instance whose personalisation broke off never arrived, and nobody remembered that.
        (
            .parkAndAdd, "javacard-80k-predictable",
            [
                .tear(.command(60), isCarriedOut: true), .tear(.command(12), isCarriedOut: false),
            ]
        )
    ]

    @Test("what pairs of cuts broke once holds", arguments: found)
    func pairs(operation: Exhaustive.Case, profile: String, faults: [Fault]) throws {
        #expect(try Exhaustive(try Ground()).tear(faults, operation, profile))
    }
}
