package import SmartCard

// Stays in custody, as the store has them.

extension Transaction {
    /// Open stays that left this card, or are on their way to it.
    func openStays(dependingOn card: CardID) throws -> [Custody] {
        let words = ["frozen", "provisional", "surrendering", "held", "returning"]
        let leaving = words.map { word in
            Query(Custody.table, [.init("card", .word(card)), .init("state", .text(word))]).locking()
        }
        let coming = Query(
            Custody.table, [.init("destination", .word(card)), .init("state", .text("returning"))]
        ).locking()
        var found: [Custody] = []
        for rows in try ask(leaving + [coming]) {
            for stay in try decode(Custody.self, rows) where !found.contains(stay) { found.append(stay) }
        }
        // One that left this card and is on its way elsewhere does not depend on it any more.
        return found.filter { stay in
            if case .returning(let to, _) = stay.state { to == card } else { true }
        }
    }

    /// One stay, kept from others until the end of this transaction.
    package func stay(_ card: CardID, _ aid: AID, _ ordinal: Int) throws -> Custody {
        let found = try lock(
            Custody.self, key: .word(card), .aid(aid), .count(ordinal))
        guard let found else { throw CustodyRefusal.unknown }
        return found
    }
}
