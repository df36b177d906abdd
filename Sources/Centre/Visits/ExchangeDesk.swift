package import CardCrypto
package import SmartCard
internal import Synchronization

/// Where reports come in and orders go out: one transaction for each, and nothing to lose but the visits in memory.
///
/// Calls for one card come one after the other; the lease in the store sees to that between nodes.
package final class ExchangeDesk: Sendable {
    /// How long a card that fell silent stays with the visit that had it.
    package static let leaseSeconds = 60
    /// So many visits that nobody ended are kept; beyond that one makes room for another.
    package static let visitsMax = 100_000
    private static let visitIDBytes = 16
    private static let challengeBytes = 8

    private let store: any Store
    private let vault: any KeyVault
    private let models: any CardModels
    private let clock: any WallClock
    private let entropy: SharedEntropy
    private let flaws: Flaws
    /// Values that a node may lose: the next visit asks the card what is true.
    private let visits = VisitShelf()
    private let greetings = GreetingShelf()

    package init(
        store: any Store, vault: any KeyVault, models: any CardModels, clock: any WallClock,
        entropy: sending any EntropySource, flaws: Flaws = []
    ) {
        self.store = store
        self.vault = vault
        self.models = models
        self.clock = clock
        self.entropy = SharedEntropy(entropy)
        self.flaws = flaws
    }

    // MARK: Operations

    package func request(
        _ id: RequestID, _ plan: Plan, deadline: Instant, by actor: Act.Actor
    ) throws -> Operation {
        try write(actor) { act in
            try act.requestOperation(id, plan, deadline: deadline, self.models, flaws: self.flaws)
        }
    }

    @discardableResult
    package func cancel(_ id: RequestID, on card: CardID, by actor: Act.Actor = .centre) throws -> Operation {
        try write(actor) { act in try act.cancelOperation(id, on: card, self.models) }
    }

    /// Ends what is overdue; returns how many operations.
    @discardableResult
    package func expire() throws -> Int {
        // Nearly always nothing is, and to look at all cards in order to change them keeps everybody else waiting.
        let isOverdue = try store.read { try !self.act($0, .centre).overdueOperations(limit: 1).isEmpty }
        guard isOverdue else { return 0 }
        return try write(.centre) { act in try act.expireOperations(self.models, flaws: self.flaws) }
    }

    // MARK: Exchanges

    /// What a caller does in the transaction of an exchange. It may run more than once.
    package struct Beside {
        /// Asked together with the first question.
        var questions: [Query]
        /// Knowing the card, before anything comes of it: what it throws is all that happens.
        var admit: (any Transaction, CaseFile) throws -> Void
        /// Knowing what came of it.
        var end: (Act, CaseFile, Visit.Reply) throws -> Void

        package init(
            asking questions: [Query] = [],
            admit: @escaping (any Transaction, CaseFile) throws -> Void = { _, _ in },
            end: @escaping (Act, CaseFile, Visit.Reply) throws -> Void = { _, _, _ in }
        ) {
            (self.questions, self.admit, self.end) = (questions, admit, end)
        }
    }

    /// What a terminal may send to the next card that comes, before it says that the card is there.
    package func greeting(for terminal: TerminalID) -> [CommandAPDU] {
        greetings.give(entropy.bytes(Self.challengeBytes), to: terminal, at: clock.now)
    }

    /// A card has shown up: its first order.
    /// - Parameter greeting: what it said already.
    package func arrive(
        _ card: CardID, at terminal: TerminalID?, greeting: Greeting? = nil,
        _ beside: Beside = Beside()
    ) throws -> Visit.Reply {
        let id = entropy.bytes(Self.visitIDBytes)
        // Taken before anything can fail: no second session is made from it.
        let greeted = terminal.flatMap { terminal in
            greeting.flatMap { greeting in
                greetings.take(greeting, of: terminal, at: clock.now)
                    .map { (challenge: $0, answers: greeting.answers) }
            }
        }
        return try exchange(card, asking: beside.questions) { act in
            let known = try act.openCase(of: card, self.models)
            try beside.admit(act.transaction, known.file)
            if let problem = self.takeLease(act, known.lease, card, id, terminal) {
                return Outcome(reply: problem, memory: .asItIs)
            }
            if let problem = Self.refusal(known.file.card) { return Outcome(reply: problem, memory: .asItIs) }
            guard
                let options = self.models.channelOptions(
                    of: known.file.card.profile, known.file.card.keySet.channel)
            else { return Outcome(reply: .over(.stopped(.profileSilent)), memory: .asItIs) }
            var visit = Visit(id: id, card: card, channelOptions: options)
            var file = known.file
            // A card that counts with each challenge is not where it was.
            if greeting != nil { file.card.keySet.nextSequenceCounter = nil }
            let reply = visit.begin(&file, self.surroundings(act, known), greeted: greeted)
            let left = try act.close(known, file, vault: self.vault, flaws: self.flaws)
            try beside.end(act, file, reply)
            return Outcome(of: visit, reply, file, left)
        }
    }

    /// A report has come: the next order, or the end. A report that came before gets no second effect.
    package func report(
        _ report: Report, _ beside: Beside = Beside()
    ) throws -> Visit.Reply {
        guard let place = visits[report.visit] else {
            return .over(
                .interrupted(
                    Reason(
                        .reportLate, text: "This visit is not known here any more; the card is asked anew.")))
        }
        let visit = place.visit
        return try exchange(visit.cardID, asking: beside.questions + place.questions) { act in
            let known = try act.openCase(
                of: visit.cardID, remembering: place.remembered, self.models, flaws: self.flaws)
            try beside.admit(act.transaction, known.file)
            guard self.keepLease(act, known.lease, visit) || self.flaws.contains(.ignoresLease) else {
                return Outcome(reply: .over(.interrupted(.seenElsewhere)), memory: .forget(visit.id))
            }
            guard report.number == visit.number || self.flaws.contains(.takesOldReports) else {
                return Outcome(reply: .over(.interrupted(.reportLate)), memory: .asItIs)
            }
            var next = visit
            var file = known.file
            let reply = next.received(report, &file, self.surroundings(act, known))
            let left = try act.close(known, file, vault: self.vault, flaws: self.flaws)
            if case .over = reply { self.endLease(act, known.lease, visit) }
            try beside.end(act, file, reply)
            return Outcome(of: next, reply, file, left)
        }
    }

    private struct Outcome {
        enum Memory {
            case keep(VisitShelf.Place)
            case forget([UInt8])
            case asItIs
        }

        let reply: Visit.Reply
        let memory: Memory

        init(reply: Visit.Reply, memory: Memory) { (self.reply, self.memory) = (reply, memory) }

        init(of visit: Visit, _ reply: Visit.Reply, _ file: CaseFile, _ left: RememberedCase) {
            self.reply = reply
            switch reply {
            case .order:
                let questions = visit.questionsToCome(file)
                memory = .keep(VisitShelf.Place(visit: visit, remembered: left, questions: questions))
            case .over: memory = .forget(visit.id)
            }
        }
    }

    /// What memory keeps follows what the store has kept, never the other way round.
    ///
    /// - Parameter questions: asked together with the first, because they are likely to be asked.
    private func exchange(
        _ card: CardID, asking questions: [Query] = [], _ body: (Act) throws -> Outcome
    ) throws -> Visit.Reply {
        let outcome: Outcome
        do {
            var result: Outcome?
            try store.write { transaction in
                result = try body(self.act(AskedAhead(transaction, along: questions), .centre))
            }
            guard let result else { preconditionFailure("a transaction that ended had a body") }
            outcome = result
        } catch let clone as CloneFound {
            try block(card, clone)
            return .over(.stopped(Self.reason(clone)))
        }
        switch outcome.memory {
        case .keep(let place): visits.keep(place)
        case .forget(let id): visits.forget(id)
        case .asItIs: break
        }
        return outcome.reply
    }

    private static func reason(_ clone: CloneFound) -> Reason {
        let text =
            "The data of \(clone.aid) are already in custody, from the card \(clone.other): one of the two cards is a copy."
        return Reason(.cardCopied, about: clone.other.text, text: text)
    }

    private func block(_ card: CardID, _ clone: CloneFound) throws {
        let reason = Self.reason(clone)
        try write(.centre) { act in
            try act.blockCard(card, reason: reason.text)
            guard let blocked = try act.transaction.lock(Card.self, key: .word(card)),
                let operation = try act.transaction.openOperation(on: card)
            else { return }
            let end = Operation.End.needsPerson(
                reason: reason, nextStep: "Find out which card is the holder's, and retire the other.")
            try act.end(operation, as: end, on: blocked, self.models)
        }
    }

    private static func refusal(_ card: Card) -> Visit.Reply? {
        switch card.life {
        case .active: nil
        case .blocked(let reason), .retired(let reason):
            .over(
                .stopped(Reason(.cardUnserved, text: "This card is not served: \(reason)")))
        }
    }

    // MARK: Leases

    private func takeLease(
        _ act: Act, _ held: Lease?, _ card: CardID, _ visit: [UInt8], _ terminal: TerminalID?
    ) -> Visit.Reply? {
        // The same terminal has the card in its hands: it lost the thread, and nobody else can have it.
        // One that runs longer than any was ever given comes from a clock that was set back since.
        if let held, held.until > act.now, held.until <= until(act.now),
            terminal == nil || held.terminal != terminal,
            !flaws.contains(.ignoresLease)
        {
            return .over(.interrupted(.servedElsewhere))
        }
        act.transaction.put(Lease(card: card, visit: visit, terminal: terminal, until: until(act.now)))
        return nil
    }

    private func keepLease(_ act: Act, _ held: Lease?, _ visit: Visit) -> Bool {
        guard let held, held.visit == visit.id else { return false }
        var kept = held
        kept.until = until(act.now)
        act.transaction.put(kept, since: held)
        return true
    }

    private func endLease(_ act: Act, _ held: Lease?, _ visit: Visit) {
        guard let held, held.visit == visit.id else { return }
        act.transaction.remove(held)
    }

    private func until(_ now: Instant) -> Instant { now.advanced(by: .seconds(Self.leaseSeconds)) }

    // MARK: Acts

    private func act(_ transaction: any Transaction, _ actor: Act.Actor) -> Act {
        Act(transaction, now: clock.now, actor: actor, entropy: entropy)
    }

    private func write<Result: Sendable>(
        _ actor: Act.Actor, _ body: (Act) throws -> Result
    ) throws -> Result {
        try store.write { transaction in try body(self.act(transaction, actor)) }
    }

    private func surroundings(_ act: Act, _ known: OpenCase) -> Visit.Surroundings {
        Visit.Surroundings(
            vault: vault, materials: StoredMaterials(act, vault: vault, for: known),
            entropy: entropy, flaws: flaws)
    }
}

/// One source for all threads of a node.
private final class SharedEntropy: EntropySource, Sendable {
    private let source: Mutex<any EntropySource>

    init(_ source: sending any EntropySource) { self.source = Mutex(source) }

    func bytes(_ count: Int) -> [UInt8] { source.withLock { $0.bytes(count) } }
}

/// The visits of a node, which it may lose.
private final class VisitShelf: @unchecked Sendable {
    // Sendable because everything is touched under the lock only, and a visit that is taken out is a value whose
    // closures never change.

    struct Place {
        let visit: Visit
        let remembered: RememberedCase
        /// What its next exchange is likely to ask.
        let questions: [Query]
    }

    private let lock = Mutex<Void>(())
    private var visits: [[UInt8]: Place] = [:]

    subscript(id: [UInt8]) -> Place? { lock.withLock { _ in visits[id] } }

    func keep(_ place: Place) {
        lock.withLock { _ in
            if visits.count >= ExchangeDesk.visitsMax, let other = visits.keys.first { visits[other] = nil }
            visits[place.visit.id] = place
        }
    }

    func forget(_ id: [UInt8]) { lock.withLock { _ in visits[id] = nil } }
}
