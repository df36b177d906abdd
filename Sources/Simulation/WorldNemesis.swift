internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

// Stories that chance alone hardly ever tells.

extension World {
    /// Whether anything can be wished of the card.
    private func isIdle(_ card: SimulatedCard) throws -> Bool {
        watch.books = try centre.books()
        return watch.books.cards[card.id]?.life == .active && watch.books.openOperation(on: card.id) == nil
    }

    private func rest() { clock.advance(by: .seconds(61)) }

    /// The order to give data up is lost, and at the next visit somebody says that no application is on the card.
    func denySurrender(_ card: SimulatedCard, _ chance: inout Chance) throws {
        guard try isIdle(card), let row = watch.books.cards[card.id],
            let example = chance.pick(present(on: card).filter(shelf.keepsData))
        else { return }
        var draft = parking(example, card)
        if shape.isPlanned { draft.steps = [] }
        guard let plan = try plan(draft, row, card) else { return }
        tell("card \(card.number): \(draft.words) is wished")
        try request(plan, hours: hours(&chance), isExcused: true)
        try visit(card, faults: [.loseSurrender], &chance)
        try check()
        rest()
        try visit(card, faults: [.deny(.instruction(Instruction.getStatus, 2), status: 0x6A88)], &chance)
    }

    /// Room is made ready and given back; the order to take it back is lost, and then it is called off, or too late.
    func thinkAgain(_ card: SimulatedCard, _ chance: inout Chance) throws {
        guard try isIdle(card) else { return }
        if releasing(card, &chance) == nil {
            guard let wanted = try reserving(card, &chance) else { return }
            try carryOut(wanted, card, &chance)
        }
        guard try isIdle(card), let draft = releasing(card, &chance),
            let plan = try feasiblePlan(draft, card)
        else { return }
        tell("card \(card.number): \(draft.words) is wished")
        try request(plan, hours: 2, isExcused: true)
        try visit(card, faults: [.tear(.instruction(Instruction.delete, 1), isCarriedOut: false)], &chance)
        try check()
        rest()
        guard let operation = watch.books.openOperation(on: card.id) else { return }
        if chance.percent(50) {
            tell("\(operation.id) is called off")
            do { _ = try centre.desk.cancel(operation.id, on: card.id) } catch is OperationRefusal { return }
        } else {
            tell("card \(card.number) is not seen before the deadline of \(operation.id)")
            clock.advance(by: .seconds(3 * 3_600))
        }
        try visit(card, faults: [], &chance)
    }

    private func carryOut(_ draft: Draft, _ card: SimulatedCard, _ chance: inout Chance) throws {
        tell("card \(card.number): \(draft.words) is wished")
        guard let plan = try feasiblePlan(draft, card) else { return }
        try request(plan, isExcused: true)
        try visitInPeace(card, &chance)
    }

    /// Somebody looked at the card, and what it shows is how it is from now on.
    func acceptDrift(_ card: SimulatedCard) throws {
        guard try isIdle(card), watch.books.cards[card.id]?.inventory?.drift != nil else { return }
        let isTaken = try centre.acceptDrift(of: card.id)
        tell("what card \(card.number) shows is \(isTaken ? "taken as true" : "less than was promised")")
    }
}
