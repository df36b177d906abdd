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

    @Test("worlds go on in the same way, whether visits remember their cards or not")
    func remembering() throws {
        let ground = try Ground()
        let (one, other) = (Simulation(ground), Simulation(ground, flaws: .remembersNothing))
        for seed: UInt64 in 2_000..<2_020 {
            let (remembering, asking) = (one.run(seed), other.run(seed))
            #expect(remembering.story == asking.story, "seed \(seed)")
            #expect(remembering.commandCount == asking.commandCount && asking.isSound, "seed \(seed)")
        }
    }

    @Test("worlds have several releases, other ways to leave a card, and code that is exchanged in place")
    func variety() throws {
        let simulation = Simulation(try Ground(), cards: 2, steps: 16)
        let varied = (1...400).filter { simulation.shape(of: $0).traits.contains("varied") }
        #expect(varied.count > 100)
        var steps: Set<String> = []
        for seed in varied.prefix(40) {
            let outcome = simulation.run(UInt64(seed))
            #expect(outcome.isSound, "seed \(seed): \(Self.said(outcome))")
            steps.formUnion(outcome.stepsDone)
        }
        #expect(
            steps.isSuperset(of: [
                "upgrade", "park contract", "park script", "park stateless",
                "restore contract", "restore script", "restore stateless",
            ]), "\(steps)")
    }

    @Test("an operation cut before and after every command loses nothing", .mission(.b6), .mission(.b7))
    func exhaustive() throws {
        let exhaustive = Exhaustive(try Ground())
        let before = try exhaustive.singles(.parkAndAdd, profile: "javacard-80k", .beforeCommand)
        let after = try exhaustive.singles(.parkAndAdd, profile: "javacard-80k", .afterCommand)
        #expect(before.count == after.count)
        #expect(before.count > 60)
    }

    @Test("a pair of cuts that breaks an invariant is named whole")
    func brokenPair() throws {
        let points = [0, 58].map { Fault.tear(.command($0), isCarriedOut: false) }
        // So much is left to do after the first 58 commands that a visit has no more of them.
        #expect(try pairs(of: points, []) == 3)
        let loss = #expect(throws: Exhaustive.Loss.self) { try pairs(of: points, .personalisesTwice) }
        #expect(loss?.faults == points)
    }

    private func pairs(of points: [Fault], _ flaws: Flaws) throws -> Int {
        try Exhaustive(try Ground(), flaws: flaws).pairs(
            .parkAndAdd, profile: "javacard-80k", of: points, stride: 1)
    }

    /// Each of these found a mistake once, which was mended.
    private static let found: [(Exhaustive.Case, String, [Fault])] = [
        // The deletion of an instance whose personalisation broke off never arrived, and nobody remembered that.
        (
            .parkAndAdd, "javacard-80k-predictable",
            [
                .tear(.command(58), isCarriedOut: true), .tear(.command(12), isCarriedOut: false),
            ]
        ),
        (
            .parkAndAdd, "javacard-80k-predictable",
            [
                .tear(.command(59), isCarriedOut: true), .tear(.command(12), isCarriedOut: false),
            ]
        ),
        // What was left half made twice was taken away twice, which brought the operation no further.
        (.renew, "javacard-80k-scp02", [.tearWrite(35), .tearWrite(10)]),
        // Half of the data had come to an instance of unknown size, and the room that they took was called drift.
        (.restore, "javacard-80k-scp02", [.tearWrite(16), .tearWrite(10)]),
    ]

    @Test("what pairs of cuts broke once holds", arguments: found)
    func pairs(operation: Exhaustive.Case, profile: String, faults: [Fault]) throws {
        #expect(try Exhaustive(try Ground()).tear(faults, operation, profile))
    }

    /// Each of these broke an invariant once, because of a mistake of the centre that was mended.
    @Test(
        "what broke in one world once holds", .mission(.point1),
        arguments: [
            // The counter of another card with the same keys was believed.
            101_651,
            // A copy of a card caught up with the counter by being tried once.
            100_219, 101_381,
            // The last application of a card without a memory report was gone, and nothing could prove it.
            100_708, 100_980, 101_831,
            // The operation that should delete what had given its data up ran into its deadline.
            101_785,
            // What was made to prove a list was forgotten when the next step could not be taken.
            100_453,
            // The receipt for a domain that keeps room was not kept.
            10,
            // A copy that had come to life on another card was still noted as one.
            331,
            // That there is no code on a card came as an error, which nothing protects, and was believed.
            624,
            // Room that was asked for on a card that was lost was waited for without end.
            1_141,
            // A list of the card that named something twice was an error of the centre.
            2_039,
        ] as [UInt64])
    func mended(seed: UInt64) throws {
        let outcome = Simulation(try Ground(), cards: 2, steps: 16, isPlain: true).run(seed)
        #expect(outcome.isSound, "seed \(seed): \(Self.said(outcome))")
    }

    /// The same for worlds with everything that there is.
    @Test(
        "what broke in one world of all kinds once holds", .mission(.point1),
        arguments: [
            // A domain that keeps room was made too late, and taken for one that somebody has.
            1_007,
            // The receipt for code that is exchanged in place names the domain that it is under.
            102_258,
            // A copy with the new keys of its card, as fresh as the card, was expected to be noticed by a counter of
            // the keys before.
            102_169,
            // A step that only somebody on the way said to be done, on a card without MACs on answers, was expected to
            // be done once nobody lied any more.
            102_377,
            // Room was promised that the owner's own code gave up, which was to be kept for it again.
            200_301,
            // What was only declared took more than that, on a card without a byte to spare.
            202_180,
            // An operation was asked for while the answers of the card were on their way, which nobody had asked for
            // what it needs.
            205_852,
            // The move that was to come before FREEZE was refused: what never heard it was taken for frozen for good.
            206_355,
        ] as [UInt64])
    func mendedWhole(seed: UInt64) throws {
        let outcome = Simulation(try Ground(), cards: 2, steps: 12).run(seed)
        #expect(outcome.isSound, "seed \(seed): \(Self.said(outcome))")
    }
}
