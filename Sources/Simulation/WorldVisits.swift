internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import Storage
internal import VirtualCard

// A card at a terminal, and what goes wrong there.

/// One visit while it lasts.
private struct Sitting {
    var card: SimulatedCard
    let faults: [Fault]
    var exchange = 0
    /// An answer was changed, or another card answered: the centre may have seen what is not so.
    var isTainted = false
    var isOver = false
    var lastReport: Report?
    /// The card was interrupted in the order that was carried last.
    var wasInterrupted = false

    func faults(at order: Int) -> [Fault] {
        faults.filter { fault in
            switch fault {
            case .loseReport(let number), .doubleReport(let number), .oldReport(let number),
                .holdReport(let number), .diskFull(let number), .die(let number, _),
                .diskFails(let number, _, _), .diskDies(let number, _), .swap(let number, _),
                .secondReader(let number):
                number == order
            case .tear, .tearWrite, .refuse, .garble, .forge, .flake: false
            }
        }
    }
}

extension World {
    func visit(_ card: SimulatedCard, faults: [Fault], _ chance: inout Chance) throws {
        visitCount += 1
        let reader = chance.below(3)
        tell("card \(card.number) is put into reader \(reader)\(faults.isEmpty ? "" : ":")")
        for fault in faults { tell("    \(fault)") }
        if faults.contains(where: { !$0.isInterruption }) { excuse(card.id) }
        var sitting = Sitting(card: card, faults: faults)
        watch.begin(card, isTainted: faults.contains { !$0.isInterruption })
        arm(card, faults)
        if faults.contains(.flake) { flake.arm() }
        defer {
            card.chip.onWrite = nil
            flake.disarm()
        }
        card.chip.powerOn()
        var reply = try centre.desk.arrive(card.id, at: try TerminalID("reader-\(reader)"))
        while case .order(let order) = reply, !sitting.isOver {
            try prepare(order, &sitting, &chance)
            watch.books = try centre.books()
            watch.stopped = stopped
            watch.before = sitting.card.instances
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

    private func excuse(_ card: CardID) {
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
            case .swap(_, let other) where cards[other].number != sitting.card.number:
                sitting.card = cards[other]
                watch.disturbed.insert(cards[other].id)
                sitting.card.chip.powerOn()
                sitting.isTainted = true
            case .secondReader:
                // The power goes off and on in between: it is one card.
                let reply = try centre.desk.arrive(sitting.card.id, at: try TerminalID("elsewhere"))
                if case .order = reply {
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
        for command in order.commands {
            let number = sitting.exchange
            sitting.exchange += 1
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
            answers.append(answer)
        }
        return answers
    }

    /// What comes in the place of the card's own answer; nothing at all where the card was taken out.
    private func distort(
        _ number: Int, _ command: CommandAPDU, _ sitting: inout Sitting
    ) -> ResponseAPDU?? {
        for fault in sitting.faults {
            switch fault {
            case .tear(number, let isCarriedOut):
                faultCount += 1
                if isCarriedOut { _ = sitting.card.answer(command) }
                sitting.card.chip.powerOff()
                sitting.wasInterrupted = true
                return .some(nil)
            case .refuse(number, let status):
                sitting.isTainted = true
                return ResponseAPDU(status: StatusWord(status))
            case .forge(number):
                sitting.isTainted = true
                return ResponseAPDU(status: .success)
            case .garble(number):
                sitting.isTainted = true
                guard var bytes = sitting.card.answer(command)?.bytes else { return .some(nil) }
                bytes[bytes.count / 2] ^= 0x41
                return (try? ResponseAPDU(parsing: bytes)) ?? ResponseAPDU(status: 0x6F00)
            default: continue
            }
        }
        return nil
    }

    // MARK: Reports

    /// Brings the report to the centre through whatever happens on the way; nothing where no answer will come.
    private func hand(
        in report: Report, _ sitting: inout Sitting, _ chance: Chance
    ) throws -> Visit.Reply? {
        var isDoubled = false
        for fault in sitting.faults(at: report.number) {
            switch fault {
            case .loseReport:
                centre.disk.heal()
                return nil
            case .holdReport:
                heldReports.append(report)
                centre.disk.heal()
                return nil
            case .oldReport:
                if let old = sitting.lastReport { try replay(old) }
            case .doubleReport: isDoubled = true
            case .die(_, let isKept):
                faultCount += 1
                if isKept { _ = try? centre.desk.report(report) }
                centre.disk.heal()
                try centre.die(chance)
                return nil
            case .diskFull: centre.disk.fail(.write, number: 1, .isFull)
            case .diskFails(_, let isSync, let number):
                centre.disk.fail(isSync ? .sync : .write, number: number, .fails)
            case .diskDies(_, let number):
                centre.disk.fail(.write, number: number, .losesPower)
                let isKept = (try? centre.desk.report(report)) != nil
                if !isKept { faultCount += 1 }
                try centre.die(chance)
                return nil
            default: break
            }
        }
        let reply: Visit.Reply
        do {
            reply = try centre.desk.report(report)
            centre.disk.heal()
        } catch is StoreFailure {
            centre.disk.heal()
            reply = try centre.desk.report(report)
        }
        if isDoubled { try replay(report) }
        return reply
    }

    /// A report that was taken before must change nothing.
    private func replay(_ report: Report) throws {
        let before = try centre.books()
        let reply = try centre.desk.report(report)
        if case .order = reply {
            throw Violation(invariant: .oneEffect, words: "an old report was answered with an order")
        }
        let after = try centre.books()
        guard before.stays == after.stays, before.operations == after.operations,
            before.cards == after.cards
        else { throw Violation(invariant: .oneEffect, words: "an old report changed something") }
        watch.replayed = true
    }

    func deliverLate() throws {
        guard let report = heldReports.popLast() else { return }
        tell("the report that was held back arrives")
        watch.books = try centre.books()
        // The card may have gone on long since: only what the report proves may count.
        _ = try centre.desk.report(report)
    }

    // MARK: The end

    private func conclude(_ ending: Visit.Ending, _ sitting: Sitting) throws {
        tell("    \(ending.story)")
        watch.books = try centre.books()
        try checkCopies()
        guard !sitting.isTainted else { return }
        if watch.replayed, case .interrupted(let why) = ending, !sitting.wasInterrupted {
            throw Violation(invariant: .oneEffect, words: "an old report broke a visit off: \(why)")
        }
        guard case .finished = ending else { return }
        try checkLedger(sitting.card)
        try checkEnds(sitting.card)
    }

    // MARK: Clones

    func visitClone(_ chance: inout Chance) throws {
        guard let clone, let original = cards.first(where: { $0.id == clone.id }),
            watch.books.cards[original.id]?.life == .active
        else { return }
        excuse(original.id)
        // A copy that is as fresh as the card cannot be told from it by anybody.
        let isStale =
            original.chip.profile.hasCounter
            && (watch.sessions[original.id] ?? 0) > watch.sessionsAtCloning + 1
        guard isStale else { return }
        tell("the copy of card \(original.number) is put into reader 9")
        clone.chip.powerOn()
        var reply = try centre.desk.arrive(original.id, at: try TerminalID("reader-9"))
        while case .order(let order) = reply {
            let answers = order.commands.compactMap { clone.answer($0) }
            reply = try centre.desk.report(Report(visit: order.visit, number: order.number, answers: answers))
        }
        if case .over(let ending) = reply { tell("    \(ending.story)") }
        if case .over(.finished) = reply {
            throw Violation(
                invariant: .clones, words: "the copy of card \(original.number) was served as the card")
        }
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

extension CardProfile {
    /// Whether sessions show a counter.
    var hasCounter: Bool {
        name.hasSuffix("predictable") || factoryKeys.type != .aes
    }
}
