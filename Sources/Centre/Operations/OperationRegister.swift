internal import SmartCard

/// Why an operation is not begun or not changed.
package enum OperationRefusal: Refusal, Hashable {
    case cardUnknown(CardID)
    case cardNotActive(CardID, reason: String)
    case unknown(RequestID)
    /// Another one is not over yet: one at a time per card.
    case otherIsOpen(RequestID)
    /// The card is not as it was when the plan was made.
    case planOutdated(CardID)
    case planNotFeasible(Objection)
    case deadlinePassed
    case deadlineTooFar
    case idTaken(RequestID)
    case over(RequestID)
    case pastReturn(RequestID)

    package var code: String {
        switch self {
        case .cardUnknown: "card-unknown"
        case .cardNotActive: "card-not-active"
        case .unknown: "operation-unknown"
        case .otherIsOpen: "operation-open"
        case .planOutdated: "plan-outdated"
        case .planNotFeasible: "plan-not-feasible"
        case .deadlinePassed: "deadline-passed"
        case .deadlineTooFar: "deadline-too-far"
        case .idTaken: "operation-id-taken"
        case .over: "operation-over"
        case .pastReturn: "operation-past-return"
        }
    }

    package var reason: String {
        switch self {
        case .cardUnknown(let id): "The centre does not know the card \(id)."
        case .cardNotActive(let id, let reason): "The card \(id) is not served: \(reason)"
        case .unknown(let id): "There is no operation \(id) on this card."
        case .otherIsOpen(let id): "The operation \(id) on this card is not over yet."
        case .planOutdated(let id): "The card \(id) has changed since the plan was made."
        case .planNotFeasible(let obstacle): "The plan cannot be carried out: \(obstacle.reason)"
        case .deadlinePassed: "The deadline lies in the past."
        case .deadlineTooFar:
            "An operation keeps its card from others for "
                + "\(Bounds.operationDeadlineMax.components.seconds / 86_400) days at most."
        case .idTaken(let id): "The id \(id) was used for another operation on this card."
        case .over(let id): "The operation \(id) is over."
        case .pastReturn(let id):
            "The operation \(id) has made the card give up data, so it goes on to its end."
        }
    }

    package var remedy: String {
        switch self {
        case .cardUnknown: "Register the card first."
        case .cardNotActive: "Ask an operator to look at the card."
        case .unknown, .over: "Look at the card's operations."
        case .otherIsOpen: "Wait for it, or cancel it."
        case .planOutdated: "Make a new plan and look at it again."
        case .planNotFeasible: "Change the wish, or remove what stands in its way."
        case .deadlinePassed: "Choose a later deadline."
        case .deadlineTooFar: "Choose an earlier deadline, and ask again after it."
        case .idTaken: "Make a new id for every new operation."
        case .pastReturn: "Wait for its end; then ask for what left to come back."
        }
    }
}

extension Act {
    /// Begins to carry a plan out. The same id with the same wishes is the same operation, whatever became of it.
    package func requestOperation(
        _ id: RequestID, _ plan: Plan, deadline: Instant, _ models: any CardModels, flaws: Flaws = []
    ) throws -> Operation {
        let rows = try transaction.ask(Self.requestQuestions(id, on: plan.ground.card))
        guard let card = try transaction.decode(Card.self, rows[0]).first else {
            throw OperationRefusal.cardUnknown(plan.ground.card)
        }
        if !flaws.contains(.repeatsRequests),
            let known = try transaction.decode(Operation.self, rows[1]).first
        {
            guard known.wishes == plan.wishes else { throw OperationRefusal.idTaken(id) }
            return known
        }
        switch card.life {
        case .active: break
        case .blocked(let reason), .retired(let reason):
            throw OperationRefusal.cardNotActive(card.id, reason: reason)
        }
        if let open = try transaction.decode(Operation.self, rows[2]).first {
            throw OperationRefusal.otherIsOpen(open.id)
        }
        guard plan.isStillValid(for: card) || flaws.contains(.acceptsOldPlans) else {
            throw OperationRefusal.planOutdated(card.id)
        }
        if let obstacle = plan.objections.first(where: \.isObstacle) {
            throw OperationRefusal.planNotFeasible(obstacle)
        }
        guard deadline > now else { throw OperationRefusal.deadlinePassed }
        guard deadline <= now.advanced(by: Bounds.operationDeadlineMax) else {
            throw OperationRefusal.deadlineTooFar
        }
        var operation = Operation(
            id: id, card: card.id, wishes: plan.wishes, steps: plan.steps.map(\.step), requestedAt: now,
            deadline: deadline)
        operation.askedBy = actor.description
        operation.pendingKeys = Self.unprovedKeys(
            of: card, by: try transaction.decode(Operation.self, rows[3]))
        endLedgerOnly(&operation)
        transaction.insert(operation)
        try begin(operation, on: card, models)
        return operation
    }

    /// What `requestOperation` asks.
    package static func requestQuestions(_ id: RequestID, on card: CardID) -> [Query] {
        let key = StoredValue.word(card)
        return [
            Query(Card.table, key: [key], limit: 1).locking(),
            Query(Operation.table, key: [key, .word(id)], limit: 1),
            Operation.openQuery(on: card), Query(Operation.table, key: [key]),
        ]
    }

    /// Keys that the card may have taken before an operation ended without proof: the next visit tries them as well.
    private static func unprovedKeys(of card: Card, by operations: [Operation]) -> Card.KeySet? {
        let last = operations.filter { $0.pendingKeys != nil }.max { $0.requestedAt < $1.requestedAt }
        return last?.pendingKeys.flatMap { $0.version == card.keySet.version ? nil : $0 }
    }

    /// What only the ledger keeps needs no card: it is done as soon as it is written down.
    private func endLedgerOnly(_ operation: inout Operation) {
        guard !operation.steps.isEmpty, operation.steps.allSatisfy(\.isLedgerOnly) else { return }
        for (index, step) in operation.steps.enumerated() {
            for kind in [JournalEntry.Kind.intent, .result] {
                transaction.insert(
                    JournalEntry(
                        card: operation.card, operation: operation.id, number: operation.journalCount,
                        at: now,
                        kind: kind, step: index, text: kind == .intent ? step.words : "done: \(step.words)"))
                operation.journalCount += 1
            }
        }
        operation.begun = Set(operation.steps.indices)
        operation.done = operation.begun
        operation.state = .ended(.done)
    }

    private func begin(_ operation: Operation, on card: Card, _ models: any CardModels) throws {
        let requested = Note(
            "operation.requested", .operation(operation.id), facts: [.number("steps", operation.steps.count)])
        let ended = operation.endNotes(since: nil)
        guard operation.wishes.contains(where: { $0.berthOwner != nil }) else {
            return tell([requested] + ended, of: card)
        }
        let known = try dossier(of: card.id)
        guard let model = models.model(of: card.profile) else {
            throw OperationRefusal.cardNotActive(
                card.id, reason: "its profile \(card.profile) is unknown.")
        }
        let asked = try askForBerths(operation.wishes, of: known, model)
        var next = asked
        let settled = try settleBerths(of: operation, in: &next, model)
        save(next, since: known, [requested] + berthNotes(from: known, to: asked) + settled + ended)
    }

    /// Before the card gave anything up, what was begun is undone; later it is too late. It is for whoever asked for
    /// it, and for operators.
    package func cancelOperation(
        _ id: RequestID, on card: CardID, _ models: any CardModels
    ) throws -> Operation {
        // As visits do: the card first.
        guard let row = try transaction.lock(Card.self, key: .word(card)),
            var operation = try transaction.lock(Operation.self, key: .word(card), .word(id))
        else { throw OperationRefusal.unknown(id) }
        if operation.askedBy != actor.description {
            try requireOperator(to: "cancel an operation that another asked for")
        }
        guard operation.isOpen else { throw OperationRefusal.over(id) }
        guard !operation.isPastReturn else { throw OperationRefusal.pastReturn(id) }
        operation.isCancelRequested = true
        // Nothing has reached the card: there is nothing to undo.
        if operation.begun.isEmpty, operation.orderCount == 0 {
            return try end(operation, as: .cancelled(reason: .cancelled), on: row, models)
        }
        transaction.put(operation)
        return operation
    }

    /// Ends operations whose deadline has passed while their card was away; returns how many.
    package func expireOperations(
        limit: Int = 100, _ models: any CardModels, flaws: Flaws = []
    ) throws -> Int {
        guard !flaws.contains(.ignoresDeadline) else { return 0 }
        let overdue = try overdueOperations(limit: limit)
        for operation in overdue {
            guard let card = try transaction.lock(Card.self, key: .word(operation.card)) else { continue }
            try end(operation, as: .overdue(operation), on: card, models)
        }
        return overdue.count
    }

    func overdueOperations(limit: Int) throws -> [Operation] {
        let conditions: [Query.Condition] = [.init("is_open", fixed: 1), .init("deadline", atLeast: .min)]
        // They come in the order of their deadlines.
        return try transaction.all(Operation.self, Query(Operation.table, conditions, limit: limit))
            .filter { $0.deadline < now }
    }
}

extension Transaction {
    package func openOperation(on card: CardID) throws(StoreFailure) -> Operation? {
        try all(Operation.self, Operation.openQuery(on: card)).first
    }
}

extension Operation {
    package static func openQuery(on card: CardID) -> Query {
        Query(table, [.init("card", .word(card)), .init("is_open", fixed: 1)], limit: 1).only()
    }
}
