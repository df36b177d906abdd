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
        let query = Custody.query(CustodyKey(card: card, aid: aid, ordinal: ordinal))
        guard let found = try all(Custody.self, query).first else { throw CustodyRefusal.unknown }
        return found
    }
}

extension Custody {
    /// One stay, kept from others until the end of the transaction.
    static func query(_ key: CustodyKey) -> Query {
        Query(table, key: [.word(key.card), .aid(key.aid), .count(key.ordinal)], limit: 1).locking()
    }
}
