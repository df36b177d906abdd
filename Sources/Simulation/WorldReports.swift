internal import CardManagement
internal import Centre
internal import SmartCard
internal import Storage
internal import VirtualCard

// Reports on their way to the centre, and what becomes of the centre while it takes them.

extension World {
    /// The first order of a visit; nothing where the node is gone.
    func arrive(at reader: Int, _ sitting: Sitting, _ chance: Chance) throws -> Visit.Reply? {
        let terminal = try TerminalID("reader-\(reader)")
        let (greeting, isOld) = greet(sitting.card, at: reader)
        let reply = try deliver(sitting.faults(at: 0), chance) {
            try self.centre.desks[sitting.node].arrive(sitting.card.id, at: terminal, greeting: greeting)
        }
        // One that came to the node that knew it was taken, whatever became of the visit.
        if reply != nil, let greeting, greetings[reader]?.node == sitting.node { lastGreeting = greeting }
        greetings[reader] = (sitting.node, centre.desks[sitting.node].greeting(for: terminal))
        if isOld, case .order(let order) = reply, order.commands.first?.ins == 0x82 {
            throw Violation(invariant: .oneEffect, words: "an old greeting opened a session")
        }
        return reply
    }

    /// What the card says to the commands that its terminal has in hand, at every other visit; seldom what some card
    /// said at an earlier one. A card that counts with each challenge is left alone, as terminals do.
    private func greet(_ card: SimulatedCard, at reader: Int) -> (Greeting?, isOld: Bool) {
        guard shape.greets, visitCount % 2 == 0 else { return (nil, false) }
        if visitCount % 8 == 0, let lastGreeting { return (lastGreeting, true) }
        guard let commands = greetings[reader]?.commands, !card.factoryKeySet.isChallengePredictable,
            card.answer(.select(card.chip.profile.issuerDomain)) != nil
        else { return (nil, false) }
        return (Greeting(commands: commands, answers: commands.compactMap { card.answer($0) }), false)
    }

    /// Brings the report to the centre through whatever happens on the way; nothing where no answer will come.
    func hand(in report: Report, _ sitting: inout Sitting, _ chance: Chance) throws -> Visit.Reply? {
        var report = report
        var isDoubled = false
        var node = sitting.node
        let faults = sitting.faults(at: report.number)
        for fault in faults {
            switch fault {
            case .loseReport: return nil
            case .holdReport:
                heldReports.append((report, sitting.isTainted))
                return nil
            case .oldReport: if let old = sitting.lastReport { try replay(old, at: sitting.node) }
            case .doubleReport: isDoubled = true
            case .otherNode:
                node = (node + 1) % shape.nodeCount
                sitting.wasInterrupted = true
            case .foreignReport:
                guard let other = pastReports.last(where: { $0.number == report.number }) else { continue }
                report.answers = other.answers
                sitting.isTainted = true
                sitting.shown = nil
            default: break
            }
        }
        let sent = report
        let reply = try deliver(faults, chance) { try self.centre.desks[node].report(sent) }
        guard let reply else { return nil }
        // What reached the wrong node was not taken.
        guard node == sitting.node else { return reply }
        learnCounter(sitting, reply)
        if pastReports.count >= 6 { pastReports.removeFirst() }
        pastReports.append(report)
        if isDoubled { try replay(report, at: node) }
        return reply
    }

    /// The counter that the centre has seen proved: from here on a lower one is a copy.
    private func learnCounter(_ sitting: Sitting, _ reply: Visit.Reply) {
        guard let shown = sitting.shown, let counter = shown.sequenceCounter, !sitting.isTainted,
            sitting.card.id == watch.card, sitting.card.chip.profile.hasCounter
        else { return }
        switch reply {
        case .order, .over(.finished): break
        case .over(.interrupted), .over(.stopped): return
        }
        let least = sitting.card.isAES ? counter + 1 : counter
        let known = watch.leastCounter[sitting.card.id]
        // New keys count from the beginning.
        let earlier = known?.version == shown.keyVersion ? known?.counter ?? 0 : 0
        watch.leastCounter[sitting.card.id] = (shown.keyVersion, max(earlier, least))
        if sitting.card.id == clone?.id { watch.isSeenSinceCloning = true }
    }

    /// One transaction of the centre, with what happens to its disk and its node meanwhile.
    private func deliver(
        _ faults: [Fault], _ chance: Chance, _ send: () throws -> Visit.Reply
    ) throws -> Visit.Reply? {
        for fault in faults {
            switch fault {
            case .die(_, let isKept):
                faultCount += 1
                if isKept { _ = try? send() }
                centre.disk?.heal()
                try centre.die(chance)
                return nil
            case .diskDies(_, let number):
                centre.disk?.fail(.write, number: number, .losesPower)
                let isKept = (try? send()) != nil
                if !isKept { faultCount += 1 }
                try centre.die(chance)
                return nil
            case .diskFull: centre.disk?.fail(.write, number: 1, .isFull)
            case .diskFails(_, let isSync, let number):
                centre.disk?.fail(isSync ? .sync : .write, number: number, .fails)
            default: break
            }
        }
        defer { centre.disk?.heal() }
        do { return try send() } catch is StoreFailure {
            centre.disk?.heal()
            return try send()
        }
    }

    /// A report that was taken before must change nothing.
    private func replay(_ report: Report, at node: Int) throws {
        let before = try centre.books()
        let reply = try centre.desks[node].report(report)
        if case .order = reply {
            throw Violation(invariant: .oneEffect, words: "an old report was answered with an order")
        }
        let after = try centre.books()
        guard before.stays == after.stays, before.operations == after.operations,
            before.cards == after.cards, before.confirmations == after.confirmations
        else { throw Violation(invariant: .oneEffect, words: "an old report changed something") }
        watch.replayed = true
    }

    func deliverLate() throws {
        guard let held = heldReports.popLast() else {
            guard let old = pastReports.first else { return }
            tell("a report of an earlier visit arrives again")
            return try replay(old, at: 0)
        }
        tell("the report that was held back arrives")
        watch.books = try centre.books()
        // The card may have gone on long since: only what the report proves may count.
        let done = watch.books.done
        for desk in centre.desks { _ = try desk.report(held.report) }
        if held.isTainted { try doubt(since: done) }
    }
}
