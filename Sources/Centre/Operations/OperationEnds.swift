// However an operation ends, its end is told: an event, written down in the transaction that ends it.

extension Operation {
    /// What tells its end, where it has ended since it was like that; `nil` for one that was not there.
    func endNotes(since known: Operation?) -> [Note] {
        guard known?.state != state, case .ended(let end) = state else { return [] }
        let kind: StaticString =
            switch end {
            case .done: "operation.done"
            case .failed: "operation.failed"
            case .cancelled: "operation.cancelled"
            case .needsPerson: "operation.needs-person"
            }
        return [Note(kind, .operation(id), facts: [.number("orders", orderCount)])]
    }
}

extension Act {
    /// Ends an operation where no report does: what it was to do with room is settled, and what it may have frozen is
    /// asked for when the card is back.
    /// - Parameter card: as it stands, locked.
    @discardableResult
    func end(
        _ operation: Operation, as end: Operation.End, on card: Card, _ models: any CardModels
    ) throws -> Operation {
        var ended = operation
        ended.state = .ended(end)
        transaction.put(ended)
        tell(ended.endNotes(since: operation), of: card)
        try settleBerths(of: ended, models)
        try keepUnseen(of: ended)
        return ended
    }

    /// Notes what changes nothing that a plan depends on: those that were made for the card stay valid.
    func tell(_ notes: [Note], of card: Card) {
        var noted = card
        for note in notes { self.note(note, on: &noted) }
        noted.revision = card.revision
        transaction.put(noted)
    }
}
