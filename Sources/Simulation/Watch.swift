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
    /// Nothing is done to a card that is not the one it was meant for.
    case rightCard = "only the right card is changed"
    /// Of two plans for one card, one is carried out; the other is void.
    case plans = "no plan of yesterday is carried out"
    /// Tries of the card's keys are never spent without need.
    case tries = "no try is wasted"
    case clones = "a copy of a card is noticed"
    /// Used, reserved and free are what a card has; what was given back is free again.
    case rooms = "room adds up"
    /// A copy of data that are on their card is never brought to life while that card is in use.
    case copies = "a copy is no live one"
    /// What a card signed is kept, and nothing that it did not sign counts.
    case confirmations = "every receipt is kept, and none believed unproved"
    /// The end of every operation is an event, once.
    case told = "every end is told"
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
    /// The least counter that a session can show, by what the centre has seen proved, and of which key set: each
    /// counts for itself.
    var leastCounter: [CardID: (version: UInt8, counter: UInt32)] = [:]
    var keysAtCloning: Card.KeySet?
    /// The card was seen, with proof, since it was copied.
    var isSeenSinceCloning = false
    /// The numbers of the receipts that cards gave; those of this visit too.
    var receipts: [CardID: Set<Int>] = [:]
    var receiptsNow: Set<Int> = []
    var rotated: Set<CardID> = []
    var meddled: Set<CardID> = []
    /// Cards whose counter went on in a visit that was meant for another.
    var disturbed: Set<CardID> = []
    var ended: Set<RequestID> = []
    /// Stays of which another was wished in their place.
    var besides: Set<CustodyKey> = []
    /// Steps that somebody on the way can have said to be done, of cards whose answers carry no MAC.
    var unproved: [RequestID: Set<Int>] = [:]
    /// Lineages that got their data from the centre.
    var personalised: Set<[UInt8]> = []
    var personalizing: AID?
    /// When fees began and ended, as first seen.
    var feesBegan: [CustodyKey: Instant] = [:]
    var feesEnded: [CustodyKey: Instant] = [:]

    mutating func begin(_ card: SimulatedCard, isTainted: Bool) {
        self.card = card.id
        self.isTainted = isTainted
        replayed = false
        receiptsNow = []
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
        guard !watch.isForeign else { return }
        if exchange.command.count > 1, exchange.command[1] == Instruction.externalAuthenticate {
            seeAuthentication(exchange, card)
        }
        // What no session protected changes nothing.
        guard let command = exchange.plain else { return }
        if card.id != watch.card, command.changesContent {
            watch.report(.rightCard, "card \(card.number) is changed in the visit of another card")
        }
        seePersonalisation(command, exchange, card)
        seeReceipt(command, exchange, card)
        guard let (instruction, parts) = command.parkingOrder else { return }
        see(instruction, parts, card)
    }

    private func seeAuthentication(_ exchange: CardExchange, _ card: SimulatedCard) {
        guard exchange.answer != [0x90, 0x00], !exchange.answer.isEmpty else { return }
        // A session that was computed ahead cannot know that somebody else used the card's counter.
        guard !watch.isTainted, !watch.meddled.contains(card.id), !watch.disturbed.contains(card.id) else {
            return
        }
        watch.report(.tries, "card \(card.number) refused EXTERNAL AUTHENTICATE, and counts it")
    }

    private func seePersonalisation(
        _ command: CommandAPDU, _ exchange: CardExchange, _ card: SimulatedCard
    ) {
        if command.ins == Instruction.install, command.p1 == 0x20, command.data.count > 3 {
            let count = Int(command.data[2])
            watch.personalizing = try? AID(Array(command.data.dropFirst(3).prefix(count)))
        }
        // Who the holder is says the same every time.
        if command.ins == Instruction.storeData, command.parkingOrder == nil, let aid = watch.personalizing,
            aid != ExampleApplication.identity.module,
            exchange.plainAnswer?.status.isSuccess == true, let sight = card.chip.parking(of: aid),
            !watch.personalised.insert(sight.lineage).inserted
        {
            watch.report(.oneEffect, "\(aid) on card \(card.number) is personalised twice")
        }
    }

    private func seeReceipt(_ command: CommandAPDU, _ exchange: CardExchange, _ card: SimulatedCard) {
        guard [Instruction.delete, Instruction.install, Instruction.load].contains(command.ins),
            let answer = exchange.plainAnswer, answer.status.isSuccess,
            let read = try? CardConfirmation.read(answer.data)
        else { return }
        watch.receipts[card.id, default: []].insert(Int(read.counter))
        watch.receiptsNow.insert(Int(read.counter))
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
            watch.report(.onlyHeld, "\(words) is offered data that were not promised to it")
        default: return
        }
    }
}

extension CommandAPDU {
    /// An order of the parking contract, and its parts.
    fileprivate var parkingOrder: (instruction: UInt8, parts: [BERTLV])? {
        guard ins == Instruction.storeData, data.starts(with: [0xFF, 0x70]),
            let template = try? BERTLV.readOne(data), let parts = try? template.children(),
            let head = parts.first(.parkingInstruction)?.value, head.count == 2
        else { return nil }
        return (Array(head)[1], parts)
    }

    /// It changes what is on a card, and not only asks.
    fileprivate var changesContent: Bool {
        switch ins {
        case Instruction.delete, Instruction.load, Instruction.putKey: true
        case Instruction.install: p1 != 0x20
        case Instruction.storeData:
            parkingOrder?.instruction != ParkingInstruction.query.rawValue
                && parkingOrder?.instruction != ParkingInstruction.status.rawValue
        default: false
        }
    }
}
