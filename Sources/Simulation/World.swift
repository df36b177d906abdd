internal import CardCrypto
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import Storage
internal import VirtualCard

/// What all worlds of a process share, and none changes.
package struct Ground: Sendable {
    let shelf: Shelf
    let disk: FaultyDisk
    let library = LoadFileLibrary()

    package init() throws {
        shelf = try Shelf()
        disk = try SimulatedCentre.ground(shelf)
    }
}

/// Something that must never happen, and when it did.
package struct Violation: Error, Hashable, Sendable {
    package let invariant: Invariant
    package let words: String
}

/// Data of a holder that must exist exactly once.
struct Treasure {
    let lineage: [UInt8]
    let example: ExampleApplication
    var data: [UInt8]
    /// Somebody wished it gone.
    var mayVanish = false
}

/// Cards, a centre, the people around them, and everything that can go wrong, in one thread.
final class World {
    let ground: Ground
    let seed: UInt64
    let mood: Mood
    let clock = ManualClock(SimulatedCentre.start)
    let centre: SimulatedCentre
    let cards: [SimulatedCard]
    var clone: SimulatedCard?
    /// A centre that is not ours, with its own register and the same keys.
    var outsider: SimulatedCentre?
    var treasures: [[UInt8]: Treasure] = [:]
    var stopped: Set<ExampleApplication> = []
    var requests: [Request] = []
    var heldReports: [Report] = []
    var watch = Watch()
    /// The latest that the clock ever said.
    var latest = SimulatedCentre.start
    let flake: Flake
    private(set) var story: [String] = []
    /// How many commands reached cards.
    var commandCount = 0
    var visitCount = 0
    /// How many faults happened, of those that were to.
    var faultCount = 0

    struct Request {
        let id: RequestID
        let plan: Plan
        let deadline: Instant
        let operation: Operation
        /// Something other than an interruption touched it: it may fail.
        var isExcused = false
    }

    static let profiles = [
        "javacard-80k", "small-16k", "javacard-80k-predictable", "javacard-80k-scp02",
        "javacard-80k-misleading",
    ]
    static let roomyProfiles = ["javacard-80k", "javacard-80k-predictable", "javacard-80k-scp02"]

    convenience init(_ ground: Ground, seed: UInt64, cardCount: Int, mood: Mood, flaws: Flaws) throws {
        var chance = Chance(seed: seed &+ 0x5EED)
        let names = mood == .interruptions ? Self.roomyProfiles : Self.profiles
        let chosen = (0..<cardCount).map { _ in chance.pick(names) ?? names[0] }
        try self.init(ground, seed: seed, profiles: chosen, mood: mood, flaws: flaws)
    }

    init(_ ground: Ground, seed: UInt64, profiles: [String], mood: Mood, flaws: Flaws) throws {
        self.ground = ground
        self.seed = seed
        self.mood = mood
        centre = try SimulatedCentre(disk: ground.disk, clock: clock, seed: seed, flaws: flaws)
        let flake = Flake()
        self.flake = flake
        let environment = CardEnvironment(
            channels: StandardChannels(), authority: StandardAuthority(),
            runtimes: [FlakyRuntime(flake: flake)], library: ground.library)
        var cards: [SimulatedCard] = []
        for (number, name) in profiles.enumerated() {
            guard let profile = CardProfile.builtIn(name) else {
                throw SimulationFailure.unknownProfile(name)
            }
            cards.append(
                try SimulatedCard(
                    number: number, profile: profile, environment: environment, seed: seed))
        }
        self.cards = cards
        for card in cards { try centre.register(card) }
        for card in cards {
            card.chip.onExchange = { [unowned self] exchange in self.see(exchange, card) }
        }
    }

    func tell(_ words: String) { story.append(words) }

    func perform(_ event: Event) throws {
        let card = cards[event.card % cards.count]
        var chance = Chance(seed: event.number)
        clock.advance(by: .seconds(5 + chance.below(120)))
        switch event.kind {
        case .wish: try wish(card, &chance)
        case .repeatedWish: try repeatWish(&chance)
        case .cancel: try cancel(&chance)
        case .visit: try visit(card, faults: Fault.draw(&chance, mood, cards: cards.count), &chance)
        case .use: use(card, &chance)
        case .time: try passTime(&chance)
        case .service: try changeService(&chance)
        case .clone: makeClone(of: card)
        case .cloneVisit: try visitClone(&chance)
        case .lateReport: try deliverLate()
        case .outsider: try meddle(card, &chance)
        }
        try check()
    }

    // MARK: The holder

    private func use(_ card: SimulatedCard, _ chance: inout Chance) {
        let present = ExampleApplication.withData.filter { card.instances.contains($0.module) }
        guard let example = chance.pick(present), let sight = card.chip.parking(of: example.module) else {
            return
        }
        let amount = UInt32(1 + chance.below(200)).bigEndianBytes
        let time = UInt32(0x6000_0000 + visitCount).bigEndianBytes
        let command: [UInt8] =
            switch example {
            case .purse: [0x80, chance.percent(70) ? 0x32 : 0x34, 0, 0, 4] + amount
            case .pass:
                mood == .malice && chance.percent(50)
                    ? [0x80, chance.percent(50) ? 0x40 : 0x42, 0, 0, 6, 0, 0x12] + time
                    : [0x80, 0x44, 0, 0, 0]
            case .loyalty: [0x80, 0x10, 0, 0, 4] + (UInt32(bigEndianBytes: amount) * 100).bigEndianBytes
            case .loans, .identity, .library: [0x80, 0x2A, 0, 0, 0]
            }
        guard let status = card.use(example, command) else { return }
        tell("card \(card.number): the holder uses \(example.rawValue): \(status)")
        guard status.isSuccess, let after = card.chip.parking(of: example.module) else { return }
        // An application that an unfinished operation made may still go.
        guard isSettled(example.module, on: card) || treasures[sight.lineage] != nil else { return }
        treasures[sight.lineage] = Treasure(
            lineage: sight.lineage, example: example, data: after.data,
            mayVanish: treasures[sight.lineage]?.mayVanish ?? isDoomed(example.module, on: card))
    }

    /// Somebody wished it gone before the holder used it once more.
    private func isDoomed(_ aid: AID, on card: SimulatedCard) -> Bool {
        watch.books.openOperation(on: card.id)?.steps.contains { step in
            if case .removeInstance(let removal) = step {
                removal.instance == aid && removal.purpose == .forGood
            } else {
                false
            }
        } == true
    }

    private func isSettled(_ aid: AID, on card: SimulatedCard) -> Bool {
        watch.books.openOperation(on: card.id)?.steps.contains { step in
            if case .install(let install) = step { install.aid == aid } else { false }
        } != true
    }

    // MARK: Time, services, other centres

    private func passTime(_ chance: inout Chance) throws {
        let hours = mood == .interruptions ? chance.below(3) : chance.below(60)
        let isBackward = mood == .malice && chance.percent(15)
        clock.advance(by: .seconds(isBackward ? -chance.below(7_200) : hours * 3_600 + 61))
        tell(isBackward ? "the clock goes back" : "\(hours) hours pass")
        try centre.desk.expire()
        watch.books = try centre.books()
        let now = clock.now
        for operation in watch.books.operations where operation.isOpen && operation.deadline < now {
            throw Violation(
                invariant: .deadline, words: "\(operation.id) is still open after \(operation.deadline)")
        }
    }

    private func changeService(_ chance: inout Chance) throws {
        guard let example = chance.pick(ExampleApplication.withData) else { return }
        let isStopped = stopped.insert(example).inserted
        if !isStopped { stopped.remove(example) }
        tell("the service of \(example.rawValue) is \(isStopped ? "stopped" : "started")")
        try centre.setService(of: example, isStopped: isStopped)
    }

    private func makeClone(of card: SimulatedCard) {
        guard clone == nil else { return }
        tell("somebody makes a copy of card \(card.number)")
        clone = card.clone(seed: seed &+ 77)
        watch.sessionsAtCloning = watch.sessions[card.id, default: 0]
    }

    /// Somebody else who has the keys puts an application on the card.
    private func meddle(_ card: SimulatedCard, _ chance: inout Chance) throws {
        guard !card.instances.contains(ExampleApplication.identity.module),
            let row = watch.books.cards[card.id], row.life == .active, row.inventory != nil,
            watch.books.openOperation(on: card.id) == nil, !watch.rotated.contains(card.id)
        else { return }
        let other = try outsider ?? SimulatedCentre(disk: ground.disk, clock: clock, seed: ~seed, flaws: [])
        if outsider == nil {
            outsider = other
            for card in cards { try other.register(card) }
        }
        tell("card \(card.number): somebody else installs identity")
        let books = try other.books()
        guard let row = books.cards[card.id], books.openOperation(on: card.id) == nil else { return }
        let steps = ground.shelf.adding(.identity)
        let plan = Plan(
            carryingOut: steps, [.add(application: Shelf.releaseID(.identity).application)], on: row)
        let id = try RequestID("outsider-\(requests.count)-\(visitCount)-\(story.count)")
        _ = try other.desk.request(
            id, plan, deadline: clock.now.advanced(by: .seconds(86_400)), by: .centre)
        try carryAll(card, other)
        if card.instances.contains(ExampleApplication.identity.module) { watch.meddled.insert(card.id) }
    }

    /// A visit to another centre, in which nothing goes wrong.
    private func carryAll(_ card: SimulatedCard, _ other: SimulatedCentre) throws {
        card.chip.powerOn()
        watch.isForeign = true
        defer { watch.isForeign = false }
        var reply = try other.desk.arrive(card.id, at: nil)
        while case .order(let order) = reply {
            let answers = order.commands.compactMap { card.answer($0) }
            reply = try other.desk.report(Report(visit: order.visit, number: order.number, answers: answers))
        }
    }
}

extension Plan {
    /// Steps that somebody worked out, without a search for what leaves.
    init(carryingOut steps: [PlanStep], _ wishes: [Wish], on card: Card) {
        self.init(
            ground: .init(
                card: card.id, revision: card.revision,
                registryDigest: card.inventory.map { HexBytes($0.digest) }, madeAt: SimulatedCentre.start),
            wishes: wishes, shortage: .none, leaving: [],
            steps: steps.map { Planned($0, effort: Effort(), freeBefore: .none, freeAfter: .none) },
            freeBefore: .none, freeAfter: .none, effort: Effort(), roundTrips: 0, custodyPerDay: [],
            objections: [], optimality: .proven)
    }
}
