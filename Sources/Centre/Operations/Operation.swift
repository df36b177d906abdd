/// A plan being carried out on one card.
///
/// Which steps are done is written down with the evidence for it; everything else is asked of the card again in every
/// visit. So an operation needs nothing but its row to go on, at any terminal and any node.
package struct Operation: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// For the card to show up.
        case waiting
        case running
        /// Steps that were done are being undone, because of this.
        case undoing(because: Reason)
        case ended(End)
    }

    package enum End: Hashable, Sendable {
        case done
        /// Nothing of it remains on the card, or what remains is in custody; the reason says which.
        case failed(reason: Reason, nextStep: String)
        case cancelled(reason: Reason)
        case needsPerson(reason: Reason, nextStep: String)
    }

    /// Made by the client: asking again gives this operation.
    package var id: RequestID
    package var card: CardID
    package var wishes: [Wish]
    package var steps: [PlanStep]
    /// Steps, by their index, whose evidence was seen.
    package var done: Set<Int>
    /// Steps whose commands may have reached the card.
    package var begun: Set<Int>
    package var state: State
    package var requestedAt: Instant
    package var deadline: Instant
    /// Data were, or may have been, given up by the card: from here on it goes forward, or is undone.
    package var isPastReturn: Bool
    package var isCancelRequested: Bool
    /// Orders sent without any step getting done.
    package var idleOrders: Int
    /// How many orders were sent, over all visits.
    package var orderCount: Int
    /// How many lines its journal has.
    package var journalCount = 0
    /// What the card said when a step was refused last, in words.
    package var lastRefusal: Reason?
    /// When a card takes keys, the key set it is to have; its present one counts until a session proves the other.
    package var pendingKeys: Card.KeySet?
    /// The version that the card's new keys took the place of, until it is deleted.
    package var replacedKeyVersion: UInt8?
    /// Whoever asked for it, as audit entries name actors; `nil` where that was not written down yet.
    package var askedBy: String?

    package init(
        id: RequestID, card: CardID, wishes: [Wish], steps: [PlanStep], state: State = .waiting,
        requestedAt: Instant, deadline: Instant
    ) {
        self.id = id
        self.card = card
        self.wishes = wishes
        self.steps = steps
        done = []
        begun = []
        self.state = state
        self.requestedAt = requestedAt
        self.deadline = deadline
        isPastReturn = false
        isCancelRequested = false
        idleOrders = 0
        orderCount = 0
    }

    package var isOpen: Bool {
        if case .ended = state { false } else { true }
    }
    package var isUndoing: Bool {
        if case .undoing = state { true } else { false }
    }
    /// The steps that are left, in their order.
    package var remaining: [Int] { steps.indices.filter { !done.contains($0) } }
}

/// One line of what an operation intended and what came of it; appended, never changed.
package struct JournalEntry: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Written before it is sent.
        case intent
        /// Written before it is believed by anything else.
        case result
    }
    package var card: CardID
    package var operation: RequestID
    package var number: Int
    package var at: Instant
    package var kind: Kind
    package var step: Int
    package var text: String

    package init(
        card: CardID, operation: RequestID, number: Int, at: Instant, kind: Kind, step: Int, text: String
    ) {
        self.card = card
        self.operation = operation
        self.number = number
        self.at = at
        self.kind = kind
        self.step = step
        self.text = text
    }
}

/// One visit at a time has the card; whoever has it may send orders until the lease runs out.
package struct Lease: Hashable, Sendable {
    package var card: CardID
    /// Random, made for the visit.
    package var visit: [UInt8]
    package var terminal: TerminalID?
    package var until: Instant

    package init(card: CardID, visit: [UInt8], terminal: TerminalID?, until: Instant) {
        self.card = card
        self.visit = visit
        self.terminal = terminal
        self.until = until
    }
}

extension PlanStep {
    /// For journals and people: what the step does, in words.
    package var words: String {
        switch self {
        case .park(let parking): "read \(parking.release.application) into custody"
        case .snapshot(let parking): "copy the data of \(parking.release.application)"
        case .removeInstance(let removal): "delete the instance \(removal.instance)"
        case .removeLoadFile(let aid): "delete the load file \(aid)"
        case .dropDomain(let aid): "delete the domain \(aid)"
        case .makeDomain(let domain): "make the domain \(domain.aid) for \(domain.reservation.provider)"
        case .reserveInLedger(let reservation): "note the room of \(reservation.provider)"
        case .releaseInLedger(let provider): "take back the room of \(provider)"
        case .load(let load): "load \(load.aid) of \(load.release)"
        case .extradite(let move): "put \(move.object) under the domain \(move.to)"
        case .install(let install): "install \(install.aid) of \(install.release)"
        case .personalise(let task): "personalise \(task.instance)"
        case .identify(let instance): "write the holder into \(instance)"
        case .restore(let task): "bring the data of \(task.release.application) back"
        case .putKeys(_, let version): "put the key set \(version)"
        case .upgrade(let task): "upgrade \(task.old.release) to \(task.new.release) in place"
        }
    }
}
