import Centre
import Simulation
import TestSupport
import Testing

@Suite("Simulation")
struct SimulationTests {
    /// Each of these worlds found a mistake once, which was mended; they are tried again for ever.
    private static let found: [UInt64] = [
        // The clock goes back: a reading that seemed older than the last ended the visit with an error.
        4,
        // A personalisation broke off: deleting the instance to make it anew counted as the personalisation.
        8,
        // The clock goes back: a lease that seemed to last for hours kept the card from every other terminal.
        280,
    ]

    private static func said(_ outcome: Outcome) -> String {
        (outcome.violation.map { "\($0.invariant.rawValue): \($0.words)" } ?? outcome.error ?? "")
            + "\n" + outcome.story.joined(separator: "\n")
    }

    @Test(
        "the invariants hold in worlds of all kinds, and in those that found mistakes once",
        .mission(.point1),
        .mission(.point5))
    func sound() throws {
        let simulation = Simulation(try Ground())
        for seed in Self.found + Array(1_000..<1_030) {
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

    @Test(
        "the invariants bite: a planted mistake is found, and its story made short",
        arguments: ["deletes-before-durable", "believes-intent", "forgets-thaw", "ignores-deadline"])
    func bites(name: String) throws {
        let flaw = try #require(Flaws.all.first { $0.name == name }?.flaw)
        let simulation = Simulation(try Ground(), flaws: flaw)
        let broken = try #require((1...200).lazy.map { simulation.run(UInt64($0)) }.first { !$0.isSound })
        #expect(broken.violation != nil, "\(broken.error ?? "")")
        let short = simulation.shrink(broken, tries: 60)
        #expect(short.violation?.invariant == broken.violation?.invariant)
        #expect(short.events.count < broken.events.count)
    }

    @Test("an operation torn before and after every command loses nothing", .mission(.b6), .mission(.b7))
    func exhaustive() throws {
        let exhaustive = Exhaustive(try Ground())
        let before = try exhaustive.singles(.parkAndAdd, profile: "javacard-80k", .beforeCommand)
        let after = try exhaustive.singles(.parkAndAdd, profile: "javacard-80k", .afterCommand)
        #expect(before.points == after.points)
        #expect(before.points > 60)
    }
}
