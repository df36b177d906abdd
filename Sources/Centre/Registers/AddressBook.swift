/// Why the address book does not do what was asked.
package enum AddressRefusal: Refusal, Hashable {
    case cardUnknown(CardID)
    case over(until: Instant)
    /// A line of the book that does not count any more.
    case ended(at: Instant)

    package var code: String {
        switch self {
        case .cardUnknown: "card-unknown"
        case .over: "address-over"
        case .ended: "address-ended"
        }
    }
    package var reason: String {
        switch self {
        case .cardUnknown(let id): "Card \(id) is not registered."
        case .over(let until): "The address would have been over at \(until), before it was written down."
        case .ended(let instant): "The card is not at this address any more, since \(instant)."
        }
    }
    package var remedy: String {
        switch self {
        case .cardUnknown: "Register the card first."
        case .over: "Give a later end, or none."
        case .ended: "Look at the card's addresses."
        }
    }
}

// MARK: Which address a card has (row A9)

extension Act {
    /// A card was seen at an address, or is said to have it. It takes the place of the one of the same kind: a card is
    /// in one reader or terminal at a time, and has one subscriber number and one agent.
    package func recordAddress(_ bearer: Bearer, of id: CardID, until: Instant? = nil) throws {
        if let until, until <= now { throw AddressRefusal.over(until: until) }
        guard var card = try transaction.lock(Card.self, key: .word(id)) else {
            throw AddressRefusal.cardUnknown(id)
        }
        let lines = try history(of: id)
        if var same = lines.first(where: { $0.bearer == bearer && isOpen($0) }) {
            guard same.until != until else { return }
            same.until = until
            transaction.put(same)
            return
        }
        for var line in lines where line.bearer.place == bearer.place && isOpen(line) {
            line.until = now
            transaction.put(line)
        }
        for line in lines.dropFirst(Bounds.addressesPerCardMax - 1) { transaction.remove(line) }
        let ordinal = (lines.first?.ordinal ?? 0) + 1
        transaction.insert(
            CardAddress(card: id, ordinal: ordinal, bearer: bearer, since: now, until: until))
        note(Note("card.address-recorded", .card(id), facts: [.word("bearer", bearer.kind)]), on: &card)
        transaction.put(card)
    }

    /// It is not there any more.
    package func endAddress(_ bearer: Bearer, of id: CardID) throws {
        guard let card = try transaction.lock(Card.self, key: .word(id)) else {
            throw AddressRefusal.cardUnknown(id)
        }
        guard let line = try history(of: id).first(where: { $0.bearer == bearer && isOpen($0) }) else {
            return
        }
        end(line, of: card)
    }

    /// It is not there any more, as this line of the book says that it is.
    package func endAddress(_ line: CardAddress) throws {
        guard let card = try transaction.lock(Card.self, key: .word(line.card)) else {
            throw AddressRefusal.cardUnknown(line.card)
        }
        if let until = line.until, !isOpen(line) { throw AddressRefusal.ended(at: until) }
        end(line, of: card)
    }

    private func end(_ line: CardAddress, of card: Card) {
        var (line, card) = (line, card)
        line.until = now
        transaction.put(line)
        note(
            Note("card.address-ended", .card(card.id), facts: [.word("bearer", line.bearer.kind)]), on: &card)
        transaction.put(card)
    }

    /// Where the card can be reached now, newest first; empty when nobody knows.
    package func addresses(of id: CardID) throws -> [CardAddress] { try history(of: id).filter(isOpen) }

    /// Everywhere it was, newest first; the oldest were forgotten.
    package func history(of id: CardID) throws -> [CardAddress] {
        try transaction.all(CardAddress.self, CardAddress.query(of: id)).reversed()
    }

    // When it began does not count: the clock may have been set back since.
    private func isOpen(_ line: CardAddress) -> Bool { line.until.map { now < $0 } ?? true }
}

extension CardAddress {
    /// All addresses of a card, oldest first.
    package static func query(of card: CardID) -> Query {
        Query(table, key: [.word(card)], limit: 2 * Bounds.addressesPerCardMax)
    }
}

extension Bearer {
    fileprivate enum Place {
        case inserted
        case subscribed
        case agent
    }

    /// A card has one address of each.
    fileprivate var place: Place {
        switch self {
        case .reader, .terminal: .inserted
        case .sms: .subscribed
        case .https: .agent
        }
    }
}
