internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import Storage
internal import VirtualCard

// A card at a terminal, and what goes wrong there.

/// One visit while it lasts.
struct Sitting {
    var card: SimulatedCard
    /// Which node of the centre the terminal talks to.
    let node: Int
    let faults: [Fault]
    var exchange = 0
    /// How often each instruction was sent.
    var counts: [UInt8: Int] = [:]
    /// What somebody on the way does with everything from here on.
    var impostor: Impostor?
    /// An answer was changed, or another card answered: the centre may have seen what is not so.
    var isTainted = false
    var lastReport: Report?
    /// The card was interrupted in the order that was carried last.
    var wasInterrupted = false
    /// What INITIALIZE UPDATE showed in this order.
    var shown: InitializeUpdateAnswer?

    func faults(at order: Int) -> [Fault] { faults.filter { $0.order == order } }

    mutating func meets(_ point: Point, _ number: Int, _ command: CommandAPDU) -> Bool {
        switch point {
        case .command(let wanted): wanted == number
        case .instruction(let instruction, let wanted):
            command.ins == instruction && counts[instruction] == wanted
        }
    }
}

enum Impostor {
    case refuses(UInt16)
    case approves
    case replays(Int)
}

extension World {
    func visit(_ card: SimulatedCard, faults: [Fault], _ chance: inout Chance) throws {
        visitCount += 1
        let reader = chance.below(3)
        tell("card \(card.number) is put into reader \(reader)\(faults.isEmpty ? "" : ":")")
        for fault in faults { tell("    \(fault)") }
        if faults.contains(where: { !$0.isInterruption }) { excuse(card.id) }
        var sitting = Sitting(card: card, node: chance.below(shape.nodeCount), faults: faults)
        watch.begin(card, isTainted: faults.contains { !$0.isInterruption })
        arm(card, faults)
        if faults.contains(.flake) { flake.arm() }
        defer {
            card.chip.onWrite = nil
            flake.disarm()
        }
        card.chip.powerOn()
        let done = watch.books.done
        try serve(card, at: reader, &sitting, &chance)
        if sitting.isTainted { try doubt(since: done) }
    }

    private func serve(
        _ card: SimulatedCard, at reader: Int, _ sitting: inout Sitting, _ chance: inout Chance
    ) throws {
        guard var reply = try arrive(at: reader, sitting, chance) else { return }
        while case .order(let order) = reply {
            try prepare(order, &sitting, &chance)
            watch.books = try centre.books()
            watch.stopped = stopped
            watch.before = sitting.card.instances
            if sitting.faults.contains(.loseSurrender), isSurrendering(card) { return }
            let answers = carry(order, &sitting)
            try watch.raise()
            try checkServices(sitting.card)
            try checkCopies()
            let report = Report(visit: order.visit, number: order.number, answers: answers)
            guard let next = try hand(in: report, &sitting, chance) else { return }
            reply = next
            sitting.lastReport = report
        }
        if case .over(let ending) = reply { try conclude(ending, sitting) }
    }

    /// Where answers carry no MAC, what came to be done while somebody changed answers may not be: nothing that such a
    /// card could say proves it, and so the promise does not reach that far. What comes sealed still counts.
    func doubt(since done: [RequestID: Set<Int>]) throws {
        watch.books = try centre.books()
        let unable = Set(cards.filter { !$0.chip.profile.hasResponseProof }.map(\.id))
        for operation in watch.books.operations where unable.contains(operation.card) {
            watch.unproved[operation.id, default: []].formUnion(
                operation.done.subtracting(done[operation.id] ?? []))
        }
    }

    private func isSurrendering(_ card: SimulatedCard) -> Bool {
        watch.books.stays.contains { stay in
            if case .surrendering = stay.state { stay.card == card.id } else { false }
        }
    }

    func excuse(_ card: CardID) {
        for index in requests.indices where requests[index].operation.card == card {
            requests[index].isExcused = true
        }
    }

    private func arm(_ card: SimulatedCard, _ faults: [Fault]) {
        for case .tearWrite(let number) in faults {
            let target = card.chip.writeCount + number
            card.chip.onWrite = { [unowned self] step in
                guard case .before(target) = step else { return .goOn }
                self.faultCount += 1
                return .cut
            }
        }
    }

    private func prepare(_ order: Order, _ sitting: inout Sitting, _ chance: inout Chance) throws {
        for fault in sitting.faults(at: order.number) {
            switch fault {
            case .swap(_, let number) where cards.count > 1:
                let other = cards[(sitting.card.number + 1 + number % (cards.count - 1)) % cards.count]
                sitting.card = other
                watch.disturbed.insert(other.id)
                sitting.card.chip.powerOn()
                sitting.isTainted = true
            case .secondReader:
                // The power goes off and on in between: it is one card.
                let desk = centre.desks[chance.below(shape.nodeCount)]
                let reply = try desk.arrive(sitting.card.id, at: try TerminalID("elsewhere"))
                // Another card that was put in its place is served like any other.
                if case .order = reply, sitting.card.id == watch.card {
                    throw Violation(
                        invariant: .oneVisit, words: "card \(sitting.card.number) has two visits at once")
                }
            default: break
            }
        }
    }

    // MARK: Commands

    private func carry(_ order: Order, _ sitting: inout Sitting) -> [ResponseAPDU] {
        var answers: [ResponseAPDU] = []
        sitting.wasInterrupted = false
        sitting.shown = nil
        for command in order.commands {
            let number = sitting.exchange
            sitting.exchange += 1
            sitting.counts[command.ins, default: 0] += 1
            if let answer = distort(number, command, &sitting) {
                guard let answer else { return answers }
                answers.append(answer)
                continue
            }
            commandCount += 1
            guard let answer = sitting.card.answer(command) else {
                sitting.wasInterrupted = true
                return answers
            }
            remember(answer, to: command, &sitting)
            answers.append(answer)
        }
        return answers
    }

    private func remember(_ answer: ResponseAPDU, to command: CommandAPDU, _ sitting: inout Sitting) {
        if pastAnswers[command.ins, default: []].count >= 12 { pastAnswers[command.ins]?.removeFirst() }
        pastAnswers[command.ins, default: []].append(answer)
        guard command.ins == Instruction.initializeUpdate, answer.status.isSuccess else { return }
        sitting.shown = try? InitializeUpdateAnswer(parsing: answer.data)
    }

    /// What comes in the place of the card's own answer; nothing at all where the card was taken out.
    private func distort(
        _ number: Int, _ command: CommandAPDU, _ sitting: inout Sitting
    ) -> ResponseAPDU?? {
        if let impostor = sitting.impostor { return imposture(impostor, command, &sitting) }
        for fault in sitting.faults {
            switch fault {
            case .tear(let point, let isCarriedOut) where sitting.meets(point, number, command):
                faultCount += 1
                if isCarriedOut { _ = sitting.card.answer(command) }
                sitting.card.chip.powerOff()
                sitting.wasInterrupted = true
                return .some(nil)
            case .refuse(let point, let status, let goesOn) where sitting.meets(point, number, command):
                if goesOn { sitting.impostor = .refuses(status) }
                return imposture(.refuses(status), command, &sitting)
            case .forge(let point, let goesOn) where sitting.meets(point, number, command):
                if goesOn { sitting.impostor = .approves }
                return imposture(.approves, command, &sitting)
            case .replayAnswers(let point) where sitting.meets(point, number, command):
                sitting.impostor = .replays(number)
                return imposture(.replays(number), command, &sitting)
            case .deny(let point, let status) where sitting.meets(point, number, command):
                sitting.isTainted = true
                guard sitting.card.answer(command) != nil else { return .some(nil) }
                return ResponseAPDU(status: StatusWord(status))
            case .passOff(let point) where sitting.meets(point, number, command):
                sitting.isTainted = true
                let old = pastAnswers[command.ins, default: []].last { $0.status.isSuccess }
                guard let own = sitting.card.answer(command) else { return .some(nil) }
                remember(own, to: command, &sitting)
                return old ?? own
            case .garble(let point) where sitting.meets(point, number, command):
                sitting.isTainted = true
                guard var bytes = sitting.card.answer(command)?.bytes else { return .some(nil) }
                bytes[bytes.count / 2] ^= 0x41
                return (try? ResponseAPDU(parsing: bytes)) ?? ResponseAPDU(status: 0x6F00)
            default: continue
            }
        }
        return nil
    }

    /// The card sees nothing, and somebody else answers.
    private func imposture(
        _ impostor: Impostor, _ command: CommandAPDU, _ sitting: inout Sitting
    ) -> ResponseAPDU {
        sitting.isTainted = true
        let past = pastAnswers[command.ins, default: []]
        switch impostor {
        case .refuses(let status): return ResponseAPDU(status: StatusWord(status))
        case .approves:
            // A receipt that was given for something else is the best that a forger has.
            let receipt = past.last { $0.status.isSuccess && $0.data.count > 4 }
            guard shape.hasReceipts, command.ins == Instruction.delete, let receipt else {
                return ResponseAPDU(status: .success)
            }
            return receipt
        case .replays(let first):
            guard !past.isEmpty else { return ResponseAPDU(status: .success) }
            return past[(sitting.exchange - first) % past.count]
        }
    }

    // MARK: The end

    private func conclude(_ ending: Visit.Ending, _ sitting: Sitting) throws {
        tell("    \(ending.story)")
        watch.books = try centre.books()
        try checkCopies()
        try checkConfirmations(sitting, hasFinished: ending == .finished)
        // Where every answer has a MAC, nobody on the way can make the centre believe that something was done.
        if sitting.card.chip.profile.hasResponseProof || !sitting.isTainted { try checkEnds(sitting.card) }
        guard !sitting.isTainted else { return }
        if watch.replayed, case .interrupted(let why) = ending, !sitting.wasInterrupted {
            throw Violation(invariant: .oneEffect, words: "an old report broke a visit off: \(why)")
        }
        guard case .finished = ending else { return }
        try checkLedger(sitting.card)
        try checkRooms(sitting.card)
    }
}

extension Visit.Ending {
    var story: String {
        switch self {
        case .finished: "all is done"
        case .interrupted(let why): "broken off: \(why)"
        case .stopped(let why): "stopped: \(why)"
        }
    }
}
