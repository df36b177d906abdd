package import Centre

/// One world from a seed: what it did, and whether an invariant broke.
package struct Outcome: Sendable {
    package let seed: UInt64
    package let mood: Mood
    package let events: [Event]
    package let violation: Violation?
    /// An error that no step should end with.
    package let error: String?
    /// What happened, in words.
    package let story: [String]
    package let commandCount: Int
    package let visitCount: Int
    package let operationCount: Int
    /// What was carried out by operations that ended as done, by the kinds of their steps.
    package let stepsDone: Set<String>

    package var isSound: Bool { violation == nil && error == nil }
}

package struct Simulation: Sendable {
    package static let cardsMax = 64
    package static let stepsMax = 100_000

    let ground: Ground
    let cardCount: Int
    let stepCount: Int
    let flaws: Flaws
    private let isPlain: Bool

    /// - Parameter isPlain: worlds as they were before they had several releases of an application: what broke in one
    ///   of them is replayed by its seed.
    package init(
        _ ground: Ground, cards: Int = 3, steps: Int = 40, flaws: Flaws = [], isPlain: Bool = false
    ) {
        self.ground = ground
        cardCount = cards
        stepCount = steps
        self.flaws = flaws
        self.isPlain = isPlain
    }

    package func shape(of seed: UInt64) -> Shape {
        Shape(seed: seed, cardCount: cardCount, isPlain: isPlain)
    }

    package func run(_ seed: UInt64) -> Outcome {
        var chance = Chance(seed: seed)
        let shape = shape(of: seed)
        return play(shape.events(&chance, steps: stepCount), seed: seed)
    }

    func play(_ events: [Event], seed: UInt64) -> Outcome {
        let shape = shape(of: seed)
        var violation: Violation?
        var problem: String?
        var world: World?
        do {
            let made = try World(ground, seed: seed, shape, flaws: flaws)
            world = made
            try made.begin()
            for event in events { try made.perform(event) }
            made.tell("from here on nothing goes wrong any more")
            try made.calmDown()
        } catch let found as Violation {
            violation = found
        } catch {
            problem = "\(error)"
        }
        return Outcome(
            seed: seed, mood: shape.mood, events: events, violation: violation, error: problem,
            story: world?.story ?? [], commandCount: world?.commandCount ?? 0,
            visitCount: world?.visitCount ?? 0, operationCount: world?.requests.count ?? 0,
            stepsDone: world?.stepsDone ?? [])
    }

    /// Leaves out events while the same invariant still breaks: what remains is a short story.
    package func shrink(_ outcome: Outcome, tries triesMax: Int = 400) -> Outcome {
        var best = outcome
        var tries = 0
        var size = max(1, best.events.count / 2)
        while size >= 1, tries < triesMax {
            var start = 0
            var hasShrunk = false
            while start < best.events.count, tries < triesMax {
                var events = best.events
                events.removeSubrange(start..<min(start + size, events.count))
                tries += 1
                let next = play(events, seed: best.seed)
                if next.violation?.invariant == outcome.violation?.invariant,
                    (next.error == nil) == (outcome.error == nil), !next.isSound
                {
                    best = next
                    hasShrunk = true
                } else {
                    start += size
                }
            }
            if size == 1, !hasShrunk { break }
            size = max(1, size / 2)
        }
        return best
    }
}
