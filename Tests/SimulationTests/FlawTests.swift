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
    /// It is looked for in worlds with one release of each application.
    let isPlain: Bool

    init(
        _ name: String, _ seed: UInt64, _ invariant: Invariant, _ traits: Set<String> = [],
        isPlain: Bool = false
    ) {
        self.isPlain = isPlain
        self.name = name
        self.seed = seed
        self.invariant = invariant
        self.traits = traits
    }

    var testDescription: String { name }

    /// `scripts/simulate --flaws` says them anew.
    static let all: [PlantedMistake] = [
        PlantedMistake("reuses-sequence-counter", 3, .tries, ["javacard-80k-predictable"]),
        PlantedMistake("deletes-before-durable", 8, .oneCopy),
        PlantedMistake("ignores-digest", 82, .copies, ["flake"], isPlain: true),
        PlantedMistake("forgets-thaw", 212, .rest),
        PlantedMistake("restores-provisional", 6_143, .onlyHeld, ["strange", "by-hand", "much-snapshot"]),
        PlantedMistake("trusts-unproven", 856, .rest, ["aimed", "malice"]),
        PlantedMistake("believes-empty-registry", 16, .rest, ["denial"]),
        PlantedMistake("forgets-return-intent", 3, .onlyHeld),
        PlantedMistake("forgets-surrender-intent", 1, .durableFirst),
        PlantedMistake("returns-without-proof", 111, .doneIsDone, ["aimed"]),
        PlantedMistake("holds-without-proof", 212, .oneCopy),
        PlantedMistake("takes-old-reports", 4, .oneEffect),
        PlantedMistake("repeats-requests", 3, .oneEffect, ["repeatedWish"]),
        PlantedMistake("ignores-lease", 6, .oneVisit, ["secondReader"]),
        PlantedMistake("restarts-fee", 30, .fees, ["tear"], isPlain: true),
        PlantedMistake("never-ends-fee", 3, .fees),
        PlantedMistake("ignores-deadline", 10, .deadline, ["time", "short"]),
        PlantedMistake("believes-intent", 1, .rest),
        PlantedMistake("discards-image-early", 3, .onlyHeld),
        PlantedMistake("ignores-identity", 526, .rightCard, ["swap", "twins"]),
        PlantedMistake("ignores-counter", 712, .clones, ["clone", "javacard-80k-predictable"]),
        PlantedMistake("keeps-half-copy", 111, .rest, ["time", "short", "aimed", "by-hand"]),
        PlantedMistake("installs-stopped", 38, .service, ["service"]),
        PlantedMistake("ignores-drift", 21, .ledger, ["outsider"]),
        PlantedMistake("personalises-twice", 36, .oneEffect),
        PlantedMistake("trusts-new-keys", 4, .tries),
        PlantedMistake("loses-confirmation", 8, .confirmations, ["receipts"]),
        PlantedMistake("offers-old-image", 3, .onlyHeld),
        PlantedMistake("counts-fee-twice", 1, .fees),
        PlantedMistake("accepts-old-plans", 54, .plans, ["rivals", "oldPlan"]),
        PlantedMistake("believes-receipts", 45_289, .confirmations, ["receipts"]),
        PlantedMistake("forgets-least-counter", 712, .clones, ["clone", "javacard-80k-predictable"]),
        PlantedMistake("tells-images", 1, .secrecy),
        PlantedMistake("revives-copies", 9, .oneCopy, ["much-snapshot"]),
        PlantedMistake("forgets-kept-room", 43, .rooms, ["second-thoughts"]),
        PlantedMistake("ends-silently", 1, .told),
        PlantedMistake("takes-new-for-older", 78, .oneCopy, ["beside", "by-hand"]),
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
        let broken = try #require(try Self.broken(by: mistake), "no world finds \(mistake.name)")
        #expect(broken.error == nil)
        let said = broken.violation.map { "\($0.invariant)" } ?? ""
        if broken.seed != mistake.seed || broken.violation?.invariant != mistake.invariant {
            print("out of date: \(mistake.name) is found by \(broken.seed), which breaks \(said)")
        }
        let sound = Simulation(try Self.ground.get(), cards: 2, steps: 16, isPlain: mistake.isPlain).run(
            broken.seed)
        #expect(sound.isSound, "\(sound.violation?.words ?? sound.error ?? "")")
    }

    private static func broken(by mistake: PlantedMistake) throws -> Outcome? {
        let flaw = try #require(Flaws.all.first { $0.name == mistake.name }?.flaw)
        let flawed = Simulation(
            try ground.get(), cards: 2, steps: 16, flaws: flaw, isPlain: mistake.isPlain)
        let others = (1...5_000).lazy.filter { flawed.shape(of: $0).traits.isSuperset(of: mistake.traits) }
        let seeds = [mistake.seed] + Array(others.prefix(othersMax))
        return seeds.lazy.map { flawed.run($0) }.first { !$0.isSound }
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
