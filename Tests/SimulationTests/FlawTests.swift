import Centre
import Simulation
import TestSupport
import Testing

/// A planted mistake, the first world that finds it, and the invariant that breaks there.
struct PlantedMistake: Sendable, CustomTestStringConvertible {
    let name: String
    let seed: UInt64
    let invariant: Invariant
    /// What a world must have to find it at all.
    let traits: Set<String>

    init(_ name: String, _ seed: UInt64, _ invariant: Invariant, _ traits: Set<String> = []) {
        self.name = name
        self.seed = seed
        self.invariant = invariant
        self.traits = traits
    }

    var testDescription: String { name }

    /// `scripts/simulate --flaws` says them anew.
    static let all: [PlantedMistake] = [
        PlantedMistake("reuses-sequence-counter", 14, .tries, ["javacard-80k-predictable"]),
        PlantedMistake("deletes-before-durable", 1, .oneCopy),
        PlantedMistake("ignores-digest", 21, .durableFirst, ["flake"]),
        PlantedMistake("forgets-thaw", 6, .rest),
        PlantedMistake("restores-provisional", 1, .onlyHeld, ["strange", "by-hand"]),
        PlantedMistake("trusts-unproven", 276, .rest, ["javacard-80k"]),
        PlantedMistake("believes-empty-registry", 1, .doneIsDone, ["refuse", "aimed"]),
        PlantedMistake("forgets-return-intent", 1, .onlyHeld),
        PlantedMistake("forgets-surrender-intent", 1, .durableFirst),
        PlantedMistake("returns-without-proof", 446, .oneCopy, ["aimed"]),
        PlantedMistake("holds-without-proof", 6, .oneCopy),
        PlantedMistake("takes-old-reports", 5, .oneEffect),
        PlantedMistake("repeats-requests", 1, .oneEffect, ["repeatedWish"]),
        PlantedMistake("ignores-lease", 6, .oneEffect, ["secondReader"]),
        PlantedMistake("restarts-fee", 1, .fees),
        PlantedMistake("never-ends-fee", 1, .fees),
        PlantedMistake("ignores-deadline", 30, .deadline, ["time", "short"]),
        PlantedMistake("believes-intent", 1, .rest),
        PlantedMistake("discards-image-early", 1, .oneCopy),
        PlantedMistake("ignores-identity", 380, .rightCard, ["swap"]),
        PlantedMistake("ignores-counter", 75, .clones, ["clone"]),
        PlantedMistake("keeps-half-copy", 1, .rest, ["time", "short", "aimed"]),
        PlantedMistake("installs-stopped", 6, .service, ["service"]),
        PlantedMistake("ignores-drift", 20, .ledger, ["outsider"]),
        PlantedMistake("personalises-twice", 8, .oneEffect),
        PlantedMistake("trusts-new-keys", 14, .tries),
        PlantedMistake("loses-confirmation", 8, .confirmations, ["receipts"]),
        PlantedMistake("offers-old-image", 1, .onlyHeld),
        PlantedMistake("counts-fee-twice", 1, .fees),
        PlantedMistake("accepts-old-plans", 63, .plans, ["rivals", "oldPlan"]),
        PlantedMistake("believes-receipts", 305, .confirmations, ["receipts", "forge"]),
        PlantedMistake("forgets-least-counter", 292, .clones, ["clone", "javacard-80k-predictable"]),
        PlantedMistake("tells-images", 1, .secrecy),
    ]
}

@Suite("The invariants bite")
struct FlawTests {
    private static let ground = Result { try Ground() }
    /// When the course of worlds has changed since the table was made, so many others are tried.
    private static let othersMax = 100

    @Test("every planted mistake is in the table")
    func complete() {
        #expect(PlantedMistake.all.map(\.name).sorted() == Flaws.all.map(\.name).sorted())
        #expect(Flaws.all.count >= 25)
    }

    @Test(
        "a planted mistake is found, and the same world without it is sound", .mission(.point1),
        arguments: PlantedMistake.all)
    func bites(mistake: PlantedMistake) throws {
        let flaw = try #require(Flaws.all.first { $0.name == mistake.name }?.flaw)
        let flawed = Simulation(try Self.ground.get(), cards: 2, steps: 16, flaws: flaw)
        let others = (1...5_000).lazy.filter { flawed.shape(of: $0).traits.isSuperset(of: mistake.traits) }
        let seeds = [mistake.seed] + Array(others.prefix(Self.othersMax))
        let broken = try #require(
            seeds.lazy.map { flawed.run($0) }.first { !$0.isSound }, "no world finds \(mistake.name)")
        #expect(broken.error == nil)
        if broken.seed != mistake.seed {
            print(
                "\(mistake.name) is found by \(broken.seed): \(broken.violation.map { "\($0.invariant)" } ?? "")"
            )
        }
        if broken.seed == mistake.seed { #expect(broken.violation?.invariant == mistake.invariant) }
        let sound = Simulation(try Self.ground.get(), cards: 2, steps: 16).run(broken.seed)
        #expect(sound.isSound, "\(sound.violation?.words ?? sound.error ?? "")")
    }

    @Test("a story is made short, and the same invariant still breaks in it")
    func shrinks() throws {
        let flawed = Simulation(try Self.ground.get(), flaws: .deletesBeforeDurable)
        let broken = try #require((1...50).lazy.map { flawed.run($0) }.first { !$0.isSound })
        let short = flawed.shrink(broken, tries: 60)
        #expect(short.violation?.invariant == broken.violation?.invariant)
        #expect(short.events.count < broken.events.count)
    }
}
