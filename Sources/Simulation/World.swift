internal import CardCrypto
package import Centre
internal import GlobalPlatform
internal import SmartCard
internal import Storage
internal import VirtualCard

/// What all worlds of a process share, and none changes.
package struct Ground: Sendable {
    private let stocks: [Assortment: (shelf: Shelf, disk: FaultyDisk)]
    let models = ProfileModels()
    let library = LoadFileLibrary()
    /// Makes an empty store on a server, where worlds are to have one.
    private let makeStore: (@Sendable () throws -> any Store)?

    /// - Parameter makeStore: gives a migrated and empty store for each world; without it they have a disk in memory.
    package init(on makeStore: (@Sendable () throws -> any Store)? = nil) throws {
        var stocks: [Assortment: (shelf: Shelf, disk: FaultyDisk)] = [:]
        for assortment in Assortment.allCases {
            let shelf = try Shelf(assortment)
            stocks[assortment] = (shelf, try SimulatedCentre.ground(shelf))
        }
        self.stocks = stocks
        self.makeStore = makeStore
    }

    var isOnServer: Bool { makeStore != nil }

    private func stock(_ shape: Shape) -> (shelf: Shelf, disk: FaultyDisk) {
        guard let stock = stocks[shape.assortment] else {
            preconditionFailure("there is a catalogue of every kind")
        }
        return stock
    }

    func shelf(_ shape: Shape) -> Shelf { stock(shape).shelf }
    func disk(_ shape: Shape) -> FaultyDisk { stock(shape).disk }

    func place(_ shape: Shape) throws -> SimulatedCentre.Place {
        guard let makeStore else { return .disk(disk(shape)) }
        let store = try makeStore()
        try SimulatedCentre.fill(store, from: shelf(shape))
        return .server(store)
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
    /// All that it ever was.
    var past: Set<[UInt8]>
    /// Somebody wished it gone.
    var mayVanish = false

    init(lineage: [UInt8], example: ExampleApplication, data: [UInt8]) {
        self.lineage = lineage
        self.example = example
        self.data = data
        past = [data]
    }

    mutating func become(_ data: [UInt8]) {
        self.data = data
        past.insert(data)
    }
}

/// Cards, a centre, the people around them, and everything that can go wrong, in one thread.
final class World {
    let ground: Ground
    let seed: UInt64
    let shape: Shape
    let shelf: Shelf
    let clock = ManualClock(SimulatedCentre.start)
    let centre: SimulatedCentre
    private(set) var cards: [SimulatedCard] = []
    private let environment: CardEnvironment
    /// Which card the holder has, and how many before it were lost.
    var holdersCard: CardID?
    var renewals = 0
    var clone: SimulatedCard?
    /// Cards whose keys the centre does not have, though it thinks so.
    private(set) var estranged: Set<CardID> = []
    /// A centre that is not ours, with its own register and the same keys.
    var outsider: SimulatedCentre?
    var treasures: [[UInt8]: Treasure] = [:]
    var stopped: Set<ExampleApplication> = []
    var requests: [Request] = []
    /// Plans that somebody made and did not ask for yet.
    var idlePlans: [(plan: Plan, card: CardID)] = []
    /// Reports on their way, and whether somebody changed an answer in the visit that they are of.
    var heldReports: [(report: Report, isTainted: Bool)] = []
    /// Reports that were taken, newest last.
    var pastReports: [Report] = []
    /// What terminals have in hand for the next card, by reader.
    var greetings: [Int: (node: Int, commands: [CommandAPDU])] = [:]
    var lastGreeting: Greeting?
    /// What cards answered to each instruction, newest last.
    var pastAnswers: [UInt8: [ResponseAPDU]] = [:]
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

    var mood: Mood { shape.mood }

    /// What operations did that ended as done.
    var stepsDone: Set<String> {
        Set(
            watch.books.operations.filter { $0.state == .ended(.done) }.flatMap(\.steps).compactMap { step in
                switch step {
                case .park(let task): "park \(task.way)"
                case .restore(let task): "restore \(task.way)"
                case .upgrade: "upgrade"
                case .snapshot, .removeInstance, .removeLoadFile, .dropDomain, .makeDomain, .reserveInLedger,
                    .releaseInLedger, .load, .extradite, .install, .personalise, .identify, .putKeys:
                    nil
                }
            })
    }

    init(_ ground: Ground, seed: UInt64, _ shape: Shape, flaws: Flaws) throws {
        self.ground = ground
        self.seed = seed
        self.shape = shape
        shelf = ground.shelf(shape)
        centre = try SimulatedCentre(
            try ground.place(shape), ground.models, clock: clock, seed: seed, flaws: flaws,
            nodeCount: shape.nodeCount)
        let flake = Flake()
        self.flake = flake
        environment = CardEnvironment(
            channels: StandardChannels(), authority: SigningAuthority(confirmsIssuer: shape.hasReceipts),
            runtimes: [FlakyRuntime(flake: flake)], library: ground.library)
        for name in shape.profiles {
            let card = try makeCard(name)
            let isMistaken = shape.hasWrongKeys && card.number == shape.profiles.count - 1
            if isMistaken { estranged.insert(card.id) }
            try centre.register(card, isMistaken: isMistaken)
        }
        guard shape.hasHolder, let first = cards.first else { return }
        try centre.assign(first.id)
        holdersCard = first.id
    }

    /// One more card, which nobody has registered.
    func makeCard(_ name: String) throws -> SimulatedCard {
        guard let profile = ground.models.profiles[name] else { throw SimulationFailure.unknownProfile(name) }
        let card = try SimulatedCard(
            number: cards.count, profile: profile, environment: environment, seed: seed)
        if shape.hasOwnDomain { try card.makeOwnDomain() }
        add(card)
        return card
    }

    private func add(_ card: SimulatedCard) {
        cards.append(card)
        card.chip.onExchange = { [unowned self] exchange in self.see(exchange, card) }
    }

    /// The same world once more, from where it stands between two visits, with other chances; its centre has a disk.
    init(branchingOff other: World, at disk: FaultyDisk) throws {
        ground = other.ground
        seed = other.seed &+ 1
        shape = other.shape
        shelf = other.shelf
        clock.advance(by: .milliseconds(other.clock.now.milliseconds - clock.now.milliseconds))
        centre = try SimulatedCentre(
            .disk(disk), ground.models, clock: clock, seed: seed, flaws: other.centre.flaws,
            nodeCount: shape.nodeCount, vault: other.centre.vault)
        flake = Flake()
        environment = other.environment
        holdersCard = other.holdersCard
        treasures = other.treasures
        requests = other.requests
        watch = other.watch
        latest = other.latest
        for card in other.cards { add(card.twin(seed: seed)) }
    }

    func tell(_ words: String) { story.append(words) }

    /// What stands before everything goes wrong: cards that were seen, with data on some of them, or in custody.
    func begin() throws {
        var chance = Chance(seed: seed &+ 0xBE61)
        tell("cards: " + shape.profiles.joined(separator: ", "))
        for card in cards {
            let example = shape.hasPrelude ? chance.pick(ExampleApplication.withData) : nil
            guard shape.isPlanned || example != nil else { continue }
            try visitInPeace(card, &chance)
            guard let example else { continue }
            let edition = firstEdition(on: card)
            try prepare(card, shelf.adding(example, edition), .add(application: name(example)), &chance)
            use(card, &chance)
            if chance.percent(40) {
                try prepare(
                    card, shelf.parking(example, edition), .park(application: name(example)), &chance)
            }
            try check()
        }
    }

    /// Where code can be exchanged on the card, it comes as something that can be.
    func firstEdition(on card: SimulatedCard) -> Edition {
        shape.assortment == .varied && card.chip.profile.upgradesLoadFiles ? .upgradable : .first
    }

    private func prepare(
        _ card: SimulatedCard, _ steps: [PlanStep], _ wish: Wish, _ chance: inout Chance
    ) throws {
        watch.books = try centre.books()
        guard let row = watch.books.cards[card.id], watch.books.openOperation(on: card.id) == nil else {
            return
        }
        try request(Plan(carryingOut: steps, [wish], on: row), isExcused: true)
        try visitInPeace(card, &chance)
    }

    func visitInPeace(_ card: SimulatedCard, _ chance: inout Chance) throws {
        try visit(card, faults: [], &chance)
        clock.advance(by: .seconds(61))
    }

    func perform(_ event: Event) throws {
        let card = cards[event.card % cards.count]
        var chance = Chance(seed: event.number)
        clock.advance(by: .seconds(5 + chance.below(120)))
        switch event.kind {
        case .wish: try wish(card, &chance)
        case .rivals: try rival(card, &chance)
        case .repeatedWish: try repeatWish(&chance)
        case .oldPlan: try askForOldPlan(&chance)
        case .cancel: try cancel(&chance)
        case .visit:
            let visitor = busyCard(&chance) ?? card
            if chance.percent(50) { try wish(visitor, &chance) }
            try visit(visitor, faults: shape.drawFaults(&chance), &chance)
            try askElsewhere(visitor, &chance)
            try leaveInDrawer(visitor, &chance)
        case .use: use(card, &chance)
        case .time: try passTime(&chance)
        case .service: try changeService(&chance)
        case .clone: makeClone(of: card)
        case .cloneVisit: try visitClone(&chance)
        case .lateReport: try deliverLate()
        case .outsider: try meddle(card, &chance)
        case .renewal: try renew(&chance)
        case .denial: try denySurrender(card, &chance)
        case .secondThoughts: try thinkAgain(card, &chance)
        case .acceptance: try acceptDrift(card)
        }
        try check()
    }

    /// Who waits for something goes to a terminal more often.
    private func busyCard(_ chance: inout Chance) -> SimulatedCard? {
        guard chance.percent(60) else { return nil }
        return chance.pick(cards.filter { watch.books.openOperation(on: $0.id) != nil })
    }
}
