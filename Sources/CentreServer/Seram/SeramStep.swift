internal import Centre
internal import SmartCard
internal import Wire

/// One report of an agent and what follows from it: on a copy of what is remembered, which counts when nothing failed.
struct SeramStep {
    enum Reply {
        case order([UInt8])
        case wait(Waiting)
    }

    struct Outcome {
        var reply: Reply
        /// Who waits for what happened.
        var topics: [Topic]
    }

    /// A void order comes at the latest after so long; agents bear thirty seconds (HTTP binding, "HTTP Polling").
    static let pollMax = Duration.seconds(25)
    /// A card whose registry was read so recently is not asked again just because a session begins.
    static let freshness = Duration.seconds(60)
    /// Between two attempts at an operation that ended without getting on.
    static let pause = Duration.seconds(30)
    /// A card that breaks off so often in one session is left alone.
    static let interruptionsMax = 3

    private let node: Node
    private let terminal: TerminalID
    private let session: String
    private(set) var state: SeramSession.State
    private let now: Instant
    /// What the card of the session said already, until it is used.
    private var greeting: Greeting?
    /// That the terminal is let in, until one of the transactions has proved it.
    private var proof: TerminalProof?
    private var topics: [Topic] = []
    private var isClosedInStore = false

    init(
        _ node: Node, terminal: TerminalID, session: String, _ state: SeramSession.State, now: Instant,
        greeting: Greeting? = nil, proof: TerminalProof? = nil
    ) {
        self.node = node
        self.terminal = terminal
        self.session = session
        self.state = state
        self.now = now
        self.greeting = greeting
        self.proof = proof
    }

    mutating func take(
        _ report: SeramReport, cause: [UInt8], since: Instant, patience: Duration
    ) throws -> Outcome {
        let outcome = try respond(report, cause, since, patience)
        try prove()
        return outcome
    }

    private mutating func prove() throws {
        try proof?.prove(in: node.store)
        proof = nil
    }

    private mutating func respond(
        _ report: SeramReport, _ cause: [UInt8], _ since: Instant, _ patience: Duration
    ) throws -> Outcome {
        // The answer was lost on the way: the same report gets the same order, and nothing happens twice.
        if let kept = state.kept, kept.cause == cause || state.isOver {
            return Outcome(reply: .order(kept.order), topics: [])
        }
        state.kept = nil
        var order: SeramOrder?
        if let outstanding = state.outstanding {
            state.outstanding = nil
            order = try takeAnswers(report, outstanding)
        }
        if let order { return keep(order, cause) }
        if let order = try findWork() { return keep(order, cause) }
        if let order = try endIfNothingIsLeft() { return keep(order, cause) }
        // Who told something gets an answer; who asked may wait.
        let end = since.advanced(by: report.status.word == .polling ? patience : .zero)
        return Outcome(reply: rest(until: end), topics: topics)
    }

    private mutating func keep(_ order: SeramOrder, _ cause: [UInt8]) -> Outcome {
        let bytes = order.written()
        state.kept = .init(cause: cause, order: bytes)
        return Outcome(reply: .order(bytes), topics: topics)
    }

    private func rest(until end: Instant) -> Reply {
        guard now < end else { return .order(SeramOrder(delay: 0).written()) }
        let cards = state.elements.filter { !$0.isClosed }.compactMap(\.card)
        return .wait(Waiting(for: [.terminal(terminal)] + cards.map { .card($0) }, until: end))
    }

    // MARK: Reports

    private mutating func takeAnswers(
        _ report: SeramReport, _ outstanding: SeramSession.Outstanding
    ) throws -> SeramOrder? {
        let index = outstanding.index
        guard let card = state.elements[index].card else { return nil }
        topics += [.card(card), .events]
        // An agent that asks again instead of telling has forgotten what it did: the card is asked.
        guard report.status.word != .polling else {
            return try interrupted(index, Reason(.cardGone, text: "The answers did not come."))
        }
        let told = Report(
            visit: outstanding.visit, number: outstanding.number, answers: outstanding.answers(report))
        let desk = node.desk
        let (reply, seen) = try exchange(index) { beside in try desk.report(told, beside) }
        switch report.status.word {
        case .processed, .polling: return try handle(reply, seen, index)
        case .unavailableElement, .unknownFailure, .accessNotGranted:
            try prove()
            try node.act(by: .terminal(terminal)) { act in
                try act.endAddress(.terminal(self.terminal), of: card)
            }
            // It may have gone after its last answer.
            if case .over(.finished) = reply { try finish(index, seen) }
            close(
                index, .interrupted,
                Reason(.cardGone, text: "The card was gone; what was begun goes on when it is back."))
            return nil
        }
    }

    private mutating func handle(_ reply: Visit.Reply, _ seen: Seen?, _ index: Int) throws -> SeramOrder? {
        switch reply {
        case .order(let order): return try send(order, seen, index)
        case .over(.finished):
            try finish(index, seen)
            return nil
        case .over(.interrupted(let why)): return try interrupted(index, why)
        case .over(.stopped(let why)):
            close(index, .stopped, why)
            return nil
        }
    }

    /// It goes on with a new visit, unless that has been tried often enough.
    private mutating func interrupted(_ index: Int, _ why: Reason) throws -> SeramOrder? {
        state.elements[index].interruptions += 1
        guard state.elements[index].interruptions < Self.interruptionsMax else {
            close(index, .interrupted, why)
            return nil
        }
        return try arrive(index)
    }

    private mutating func finish(_ index: Int, _ seen: Seen?) throws {
        state.elements[index].triedAt = now
        guard let notice = seen?.ending else { return }
        state.notices.append(notice)
        isClosedInStore = isClosedInStore || seen?.isClosedInStore == true
        state.hasWorked = true
        state.elements[index].tried = nil
        state.elements[index].triedAt = nil
    }

    private mutating func close(_ index: Int, _ event: SeramNotice.Event, _ why: Reason) {
        var notice = self.notice(index, event)
        notice.say(why)
        close(index, notice)
    }

    private mutating func close(_ index: Int, _ notice: SeramNotice) {
        state.elements[index].isClosed = true
        state.notices.append(notice)
    }

    private func notice(_ index: Int, _ event: SeramNotice.Event) -> SeramNotice {
        SeramNotice(event, card: state.elements[index].card?.text ?? state.elements[index].element.id)
    }

    // MARK: One transaction

    /// What an exchange left behind, seen in its own transaction: nothing of it is asked for again.
    private struct Seen {
        var operation: Operation?
        var model: CardModel
        /// How the operation of this session ended.
        var ending: SeramNotice?
        var isClosedInStore = false
    }

    /// There is nothing to do on the card.
    private struct NothingDue: Error {}

    /// The exchange, and with it whatever the session writes down: one commit for all.
    /// - Parameter isDueOnly: `NothingDue` where the card needs nothing.
    private mutating func exchange(
        _ index: Int, isDueOnly: Bool = false, _ body: (ExchangeDesk.Beside) throws -> Visit.Reply
    ) throws -> (Visit.Reply, Seen?) {
        var seen: Seen?
        var isProved = false
        let step = self
        // Of a visit that is not known here nothing was asked.
        defer { if isProved { proof = nil } }
        let beside = ExchangeDesk.Beside(asking: proof?.questions ?? []) { transaction, file in
            try step.proof?.admit(transaction)
            isProved = true
            guard !isDueOnly || step.isDue(index, file.operation, readAt: file.card.inventory?.readAt) else {
                throw NothingDue()
            }
        } end: { act, file, reply in
            var found = Seen(operation: file.operation, model: file.model)
            switch reply {
            case .order: if !step.state.isStarted { act.markStarted(step.terminal, step.session) }
            case .over(.finished): try step.end(index, file, &found, act)
            case .over: break
            }
            seen = found
        }
        return (try body(beside), seen)
    }

    /// Where the operation ended and nothing else waits, the session is over with it.
    private func end(_ index: Int, _ file: CaseFile, _ seen: inout Seen, _ act: Act) throws {
        guard let tried = state.elements[index].tried else { return }
        let card = file.card.id
        let operation =
            file.operation?.id == tried
            ? file.operation : try act.transaction.find(Operation.self, key: .word(card), .word(tried))
        guard var notice = operation.flatMap(SeramNotice.end(of:)) else { return }
        if state.tellsMemory {
            notice.memory = SeramNotice.Memory(try act.ledger(of: card, node.models).account)
        }
        seen.ending = notice
        // The one that ended was the card's open one, of which there is no other.
        let isLast = try file.operation?.id == tried || act.transaction.openOperation(on: card) == nil
        guard state.elements.count == 1, isLast else { return }
        act.closeSession(terminal, session)
        seen.isClosedInStore = true
    }

    // MARK: Work

    private mutating func findWork() throws -> SeramOrder? {
        // The transaction that ended the operation saw that nothing else waits.
        if isClosedInStore { return nil }
        for index in state.elements.indices where !state.elements[index].isClosed {
            guard let card = state.elements[index].card else {
                var notice = notice(index, .cardUnknown)
                (notice.message, notice.code) = ("The centre does not know this card.", "card-unknown")
                close(index, notice)
                continue
            }
            // Whoever brings a card brings it for something, and its first exchange looks for itself. A terminal that
            // waits asks again and again.
            let isNew = !state.elements[index].isSeen && !state.elements[index].isIdle
            if try isNew || isDue(index, card), let order = try arrive(index, isDueOnly: isNew) {
                return order
            }
        }
        return nil
    }

    private mutating func isDue(_ index: Int, _ card: CardID) throws -> Bool {
        let proof = proof
        let questions = [Operation.openQuery(on: card), Query(Card.table, key: [.word(card)], limit: 1)]
        let (operation, readAt) = try node.store.glance { transaction in
            let transaction = AskedAhead(transaction)
            try transaction.prepare(questions + (proof?.questions ?? []))
            try proof?.admit(transaction)
            return (
                try transaction.openOperation(on: card),
                try transaction.find(Card.self, key: .word(card))?.inventory?.readAt
            )
        }
        self.proof = nil
        return isDue(index, operation, readAt: readAt)
    }

    private func isDue(_ index: Int, _ operation: Operation?, readAt: Instant?) -> Bool {
        let element = state.elements[index]
        if let operation {
            guard let tried = element.tried, tried == operation.id, let triedAt = element.triedAt else {
                return true
            }
            return triedAt.duration(to: now) >= Self.pause || triedAt > now
        }
        return !element.isSeen && (readAt.map { $0.advanced(by: Self.freshness) < now } ?? true)
    }

    private mutating func arrive(_ index: Int, isDueOnly: Bool = false) throws -> SeramOrder? {
        guard let card = state.elements[index].card else { return nil }
        let greeting = greeting
        let (desk, terminal) = (node.desk, terminal)
        do {
            let (reply, seen) = try exchange(index, isDueOnly: isDueOnly) { beside in
                try desk.arrive(card, at: terminal, greeting: greeting, beside)
            }
            self.greeting = nil
            state.elements[index].isSeen = true
            // Another terminal has it: it cannot be here, or this one is late.
            if case .over(.interrupted(let why)) = reply {
                close(index, .interrupted, why)
                return nil
            }
            return try handle(reply, seen, index)
        } catch is NothingDue {
            state.elements[index].isIdle = true
            return nil
        } catch let refusal as any Refusal {
            var notice = notice(index, .stopped)
            (notice.message, notice.code) = (refusal.reason, refusal.code)
            close(index, notice)
            return nil
        }
    }

    private mutating func send(_ order: Order, _ seen: Seen?, _ index: Int) throws -> SeramOrder {
        let element = state.elements[index]
        let operation = seen?.operation.flatMap { $0.isOpen ? $0 : nil }
        if let operation { state.elements[index].tried = operation.id }
        state.outstanding = .init(
            index: index, visit: order.visit, number: order.number,
            selects: order.commands.map { $0.ins == 0xA4 })
        var commands: [SeramCommand] = state.isStarted ? [] : [.start]
        state.isStarted = true
        if let card = element.card {
            topics += [.card(card), .events]
            state.notices.append(.progress(card, operation, seen?.model, order))
        }
        commands += state.notices.map { .notify($0.text) }
        state.notices = []
        commands.append(.send(order.commands.map(\.bytes)))
        return SeramOrder(delay: 0, chosen: element.element, commands: commands)
    }

    /// The first command of a session is the start command, and it comes once.
    private mutating func start() throws -> [SeramCommand] {
        guard !state.isStarted else { return [] }
        try prove()
        try node.act(by: .terminal(terminal)) { act in
            act.markStarted(self.terminal, self.session)
        }
        state.isStarted = true
        return [.start]
    }

    /// After work was done, or when no card of the session can be served, the session ends.
    private mutating func endIfNothingIsLeft() throws -> SeramOrder? {
        let isHopeless = !state.elements.isEmpty && state.elements.allSatisfy(\.isClosed)
        guard state.hasWorked || isHopeless else { return nil }
        let commands = try start() + state.notices.map { .notify($0.text) } + [.stop]
        state.notices = []
        state.isOver = true
        guard !isClosedInStore else { return SeramOrder(delay: 0, commands: commands) }
        try prove()
        try node.act(by: .terminal(terminal)) { act in
            act.closeSession(self.terminal, self.session)
        }
        return SeramOrder(delay: 0, commands: commands)
    }
}
