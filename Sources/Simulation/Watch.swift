internal import CardCrypto
internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import Storage
internal import VirtualCard

/// What must hold after every step of a world.
package enum Invariant: String, Hashable, Sendable, CaseIterable {
    /// One live copy of every application's data: never two, never none, and never other data.
    case oneCopy = "one live copy"
    /// The card gives nothing up before the vault has it durably and the digests agree.
    case durableFirst = "durable first"
    /// Only a copy that counts is offered to a card, to the one that it was promised to, and only the newest.
    case onlyHeld = "only what is held"
    case ledger = "the ledger equals the card"
    /// What ended as done is done.
    case doneIsDone = "done is done"
    case service = "no stopped service is installed"
    case oneEffect = "each request has one effect"
    case fees = "fees equal a recomputation"
    case deadline = "every operation ends in time"
    case secrecy = "nothing secret in words"
    case oneVisit = "one visit at a time"
    /// Tries of the card's keys are never spent without need.
    case tries = "no try is wasted"
    case clones = "a copy of a card is noticed"
    case confirmations = "no confirmation is lost"
    /// Interrupted is not failed: left in peace, everything comes to its end.
    case rest = "everything comes to rest"
}

/// What is seen of commands as they reach cards, and what was seen before.
struct Watch {
    /// As the centre had written when the order that is being carried was made.
    var books = Books()
    var stopped: Set<ExampleApplication> = []
    /// Instances on the card before the order was carried.
    var before: Set<AID> = []
    /// Another centre speaks.
    var isForeign = false
    var isTainted = false
    var replayed = false
    var card: CardID?
    var violation: Violation?
    var sessions: [CardID: Int] = [:]
    var sessionsAtCloning = 0
    var rotated: Set<CardID> = []
    var meddled: Set<CardID> = []
    /// Cards whose counter went on in a visit that was meant for another.
    var disturbed: Set<CardID> = []
    var ended: Set<RequestID> = []
    /// Lineages that got their data from the centre.
    var personalised: Set<[UInt8]> = []
    var personalizing: AID?
    /// When fees began, as first seen.
    var feesBegan: [CustodyKey: Instant] = [:]

    mutating func begin(_ card: SimulatedCard, isTainted: Bool) {
        self.card = card.id
        self.isTainted = isTainted
        replayed = false
    }

    func raise() throws {
        if let violation { throw violation }
    }

    mutating func report(_ invariant: Invariant, _ words: String) {
        if violation == nil { violation = Violation(invariant: invariant, words: words) }
    }
}

extension World {
    /// Called for every command that a card answers.
    func see(_ exchange: CardExchange, _ card: SimulatedCard) {
        guard !watch.isForeign, let command = exchange.plain ?? (try? CommandAPDU(parsing: exchange.command))
        else { return }
        if command.ins == Instruction.externalAuthenticate {
            if exchange.answer == [0x90, 0x00] {
                watch.sessions[card.id, default: 0] += 1
            } else if !watch.isTainted, !watch.meddled.contains(card.id), !watch.disturbed.contains(card.id),
                !exchange.answer.isEmpty
            {
                // A session that was computed ahead cannot know that somebody else used the card's counter.
                watch.report(.tries, "card \(card.number) refused EXTERNAL AUTHENTICATE, and counts it")
            }
        }
        if command.ins == 0xE6, command.p1 == 0x20, command.data.count > 3 {
            let count = Int(command.data[2])
            watch.personalizing = try? AID(Array(command.data.dropFirst(3).prefix(count)))
        }
        if command.ins == 0xE2, !command.data.starts(with: [0xFF, 0x70]), let aid = watch.personalizing,
            exchange.plainAnswer?.status.isSuccess == true, let sight = card.chip.parking(of: aid),
            !watch.personalised.insert(sight.lineage).inserted
        {
            watch.report(.oneEffect, "\(aid) on card \(card.number) is personalised twice")
        }
        guard command.ins == 0xE2, command.data.starts(with: [0xFF, 0x70]),
            let template = try? BERTLV.readOne(command.data), let parts = try? template.children(),
            let head = parts.first(.parkingInstruction)?.value, head.count == 2
        else { return }
        see(Array(head)[1], parts, card)
    }

    private func see(_ instruction: UInt8, _ parts: [BERTLV], _ card: SimulatedCard) {
        let generation = parts.first(.parkingGeneration).map { UInt32(bigEndianBytes: $0.value) } ?? 0
        let digest = parts.first(.parkingDigest).map { Array($0.value) } ?? []
        let words = "card \(card.number), generation \(generation)"
        switch ParkingInstruction(rawValue: instruction) {
        case .surrender:
            let stay = watch.books.stays.first { $0.generation == generation && $0.digest == digest }
            guard let stay, case .surrendering = stay.state, let image = watch.books.images[stay.key],
                stay.image.digest(of: Secret(image)) == digest
            else {
                watch.report(.durableFirst, "\(words) is told to give up what the vault does not have")
                return
            }
        case .begin:
            let lineage = parts.first(.parkingLineage).map { Array($0.value) } ?? []
            let stay = watch.books.stays.last { $0.isOpen && $0.lineage == lineage }
            if let stay, case .returning(card.id, _) = stay.state, stay.generation == generation { return }
            // The order was made for another card, which this one took the place of.
            if watch.isTainted, watch.card != card.id { return }
            watch.report(.onlyHeld, "\(words) is offered data that were not promised to it")
        default: return
        }
    }

    // MARK: After every step

    func check() throws {
        try watch.raise()
        watch.books = try centre.books()
        try checkCopies()
        try checkFees()
    }

    func checkCopies() throws {
        for treasure in treasures.values.sorted(by: { $0.lineage.hex < $1.lineage.hex })
        where !treasure.mayVanish {
            try check(treasure)
        }
    }

    private func check(_ treasure: Treasure) throws {
        let name = treasure.example.rawValue
        let aid = treasure.example.module
        let alive = cards.compactMap { card in
            card.chip.parking(of: aid).map { (card: card, sight: $0) }
        }.filter { $0.sight.lineage == treasure.lineage && [.active, .frozen].contains($0.sight.state) }
        let stays = watch.books.stays(of: treasure.lineage).filter(\.isOpen)
        guard alive.count <= 1 else {
            let places = alive.map { "\($0.card.number)" }.joined(separator: " and ")
            throw Violation(invariant: .oneCopy, words: "\(name) lives on cards \(places)")
        }
        guard let place = alive.first else {
            let isKept = stays.contains { stay in
                switch stay.state {
                case .surrendering, .held, .returning: watch.books.images[stay.key] == treasure.data
                case .frozen, .provisional, .returned, .discarded: false
                }
            }
            guard isKept else {
                throw Violation(
                    invariant: .oneCopy,
                    words:
                        "\(name) is nowhere: no card has it, and the vault has \(stays.map { "\($0.state)" })"
                )
            }
            return
        }
        guard place.sight.data == treasure.data else {
            throw Violation(
                invariant: .oneCopy, words: "\(name) on card \(place.card.number) has other data than it had")
        }
        for stay in stays {
            switch stay.state {
            case .held:
                throw Violation(
                    invariant: .oneCopy, words: "\(name) lives on card \(place.card.number) and in the vault")
            case .returning(let card, _)
            where card != place.card.id || place.sight.generation <= stay.generation:
                throw Violation(
                    invariant: .oneCopy,
                    words: "\(name) lives on card \(place.card.number) while the vault brings it to \(card)")
            case .frozen, .provisional, .surrendering, .returning, .returned, .discarded: continue
            }
        }
    }

    func checkServices(_ card: SimulatedCard) throws {
        guard let operation = watch.books.openOperation(on: card.id), !operation.isUndoing else { return }
        for example in watch.stopped
        where card.instances.contains(example.module) && !watch.before.contains(example.module) {
            throw Violation(
                invariant: .service, words: "\(example.rawValue) was installed while its service is stopped")
        }
    }

    private func checkFees() throws {
        latest = max(latest, clock.now)
        for stay in watch.books.stays {
            if case .returned(_, let at) = stay.state, at > latest {
                throw Violation(invariant: .fees, words: "the fee of \(stay.aid) goes on after it came back")
            }
            if let since = stay.heldSince {
                let first = watch.feesBegan[stay.key] ?? since
                watch.feesBegan[stay.key] = first
                guard first == since else {
                    throw Violation(invariant: .fees, words: "the fee of \(stay.aid) began again")
                }
            } else if watch.feesBegan[stay.key] != nil {
                throw Violation(invariant: .fees, words: "when the fee of \(stay.aid) began is forgotten")
            }
            let charged = watch.books.fees[StayID(card: stay.card, aid: stay.aid, ordinal: stay.ordinal)]
            guard charged == Stay(stay) else {
                throw Violation(
                    invariant: .fees,
                    words: "what is charged for \(stay.aid) is not what its custody says: "
                        + "\(charged.map { "\($0)" } ?? "nothing")")
            }
        }
    }

    // MARK: After a visit in which nobody lied

    func checkLedger(_ card: SimulatedCard) throws {
        let known = watch.books.installed[card.id, default: []].subtracting([card.chip.profile.issuerDomain])
        guard known == card.instances else {
            let differences = known.symmetricDifference(card.instances).map { "\($0)" }.sorted()
            throw Violation(
                invariant: .ledger,
                words: "the ledger and card \(card.number) differ in \(differences.joined(separator: ", "))")
        }
        if watch.meddled.remove(card.id) != nil, watch.books.cards[card.id]?.inventory?.drift == nil {
            throw Violation(
                invariant: .ledger,
                words: "that somebody else changed card \(card.number) is not written down")
        }
    }

    /// What is written down as done can be seen on the card.
    func checkEnds(_ card: SimulatedCard) throws {
        let newest = requests.last { $0.operation.card == card.id }?.id
        for operation in watch.books.operations
        where operation.card == card.id && !operation.isOpen && watch.ended.insert(operation.id).inserted {
            // What came after may have changed it again.
            guard operation.state == .ended(.done), operation.id == newest else { continue }
            var expected: [AID: Bool] = [:]
            for step in operation.steps {
                switch step {
                case .install(let install): expected[install.aid] = true
                case .removeInstance(let removal): expected[removal.instance] = false
                default: continue
                }
            }
            for (aid, isThere) in expected where card.instances.contains(aid) != isThere {
                throw Violation(
                    invariant: .doneIsDone,
                    words: "\(operation.id) is done, but \(aid) is \(isThere ? "not " : "")on the card")
            }
            for case .personalise(let task) in operation.steps
            where card.chip.parking(of: task.instance)?.data.first != 1 {
                throw Violation(
                    invariant: .doneIsDone, words: "\(operation.id) is done, but \(task.instance) has no data"
                )
            }
            for case .restore(let task) in operation.steps
            where card.chip.parking(of: task.instance)?.state != .active {
                throw Violation(
                    invariant: .doneIsDone,
                    words: "\(operation.id) is done, but \(task.instance) is not active")
            }
        }
    }

    // MARK: At the end

    /// Nothing goes wrong any more, and every card is put into a reader until nothing is left to do.
    func calmDown() throws {
        centre.disk.heal()
        heldReports = []
        for _ in 0..<10 {
            for card in cards {
                clock.advance(by: .seconds(120))
                var chance = Chance(seed: seed)
                try visit(card, faults: [], &chance)
                try check()
            }
            if watch.books.operations.allSatisfy({ !$0.isOpen }) { break }
        }
        for card in cards {
            clock.advance(by: .seconds(120))
            var chance = Chance(seed: seed)
            try visit(card, faults: [], &chance)
        }
        try check()
        try checkRest()
        try checkSecrecy()
    }

    private func checkRest() throws {
        for operation in watch.books.operations where operation.isOpen {
            guard watch.books.cards[operation.card]?.life == .active else { continue }
            throw Violation(
                invariant: .rest,
                words: "\(operation.id) does not come to an end: \(operation.lastRefusal ?? "")")
        }
        for request in requests where !request.isExcused {
            let state = watch.books.operations.first { $0.id == request.id }?.state
            guard state == .ended(.done) else {
                throw Violation(
                    invariant: .rest,
                    words: "\(request.id) was only interrupted, and still ended as "
                        + "\(state.map { "\($0)" } ?? "nothing")")
            }
        }
        for card in cards where watch.books.cards[card.id]?.life == .active {
            for example in ExampleApplication.withData {
                guard let sight = card.chip.parking(of: example.module), sight.state != .active else {
                    continue
                }
                throw Violation(
                    invariant: .rest, words: "\(example.rawValue) on card \(card.number) stays \(sight.state)"
                )
            }
        }
        for stay in watch.books.stays
        where stay.isOpen && !stay.isHeld && watch.books.cards[stay.card]?.life == .active {
            if case .returning(let card, _) = stay.state, watch.books.cards[card]?.life != .active {
                continue
            }
            throw Violation(invariant: .rest, words: "the stay of \(stay.aid) stays \(stay.state)")
        }
    }

    private func checkSecrecy() throws {
        let secrets =
            [SimulatedCentre.factoryKeys.hex, SimulatedCentre.freshKeys.hex]
            + treasures.values.map(\.data.hex)
        for text in try centre.texts() {
            for secret in secrets where text.uppercased().contains(secret) {
                throw Violation(invariant: .secrecy, words: "a text shows what is secret: \(text.prefix(60))")
            }
        }
    }
}
