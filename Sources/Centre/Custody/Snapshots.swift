package import SmartCard

// A copy of an application's data that was read while the application stays where it is. It is no live copy, and it
// becomes one only when its card is given up for good.

/// The newest copy of one instance's data, kept where its stay in custody had it: the stay itself is over.
package struct Snapshot: Hashable, Sendable {
    package var card: CardID
    package var aid: AID
    /// Of the stay by which it was read.
    package var ordinal: Int
    package var takenAt: Instant

    package init(card: CardID, aid: AID, ordinal: Int, takenAt: Instant) {
        self.card = card
        self.aid = aid
        self.ordinal = ordinal
        self.takenAt = takenAt
    }
}

extension Snapshot: Record {
    package static let table = Table(
        "snapshots", key: [.text("card"), .bytes("aid")], [.integer("ordinal"), .integer("taken_at")])

    package var row: [StoredValue] { [.word(card), .aid(aid), .count(ordinal), .instant(takenAt)] }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            card: try row.identifier(), aid: try row.aid(), ordinal: try row.count(),
            takenAt: try row.instant())
    }
}

extension Act {
    /// Keeps what was read for a stay that ended with its application at work again; the copy before it goes.
    func keepSnapshot(of stay: Custody) throws {
        try dropSnapshot(of: stay.aid, on: stay.card)
        transaction.insert(
            Snapshot(card: stay.card, aid: stay.aid, ordinal: stay.ordinal, takenAt: now))
    }

    /// The data went on, or left for the vault themselves: an older copy of them is good for nothing any more.
    func dropSnapshot(of aid: AID, on card: CardID) throws {
        let query = Snapshot.query(of: aid, on: card)
        guard let snapshot = try transaction.all(Snapshot.self, query).first else { return }
        if let stay = try transaction.find(
            Custody.self, key: .word(card), .aid(aid), .count(snapshot.ordinal)), !stay.isOpen
        {
            try transaction.forgetImage(of: stay)
        }
        transaction.remove(snapshot)
    }

    /// What had come to life in the place of data that were lost with their card is at work again, or given up.
    func forgetSnapshot(of stay: Custody) throws {
        // Nothing that came back to the card it left was ever a copy.
        if case .returned(stay.card, _) = stay.state { return }
        guard stay.heldSince != nil,
            let snapshot = try transaction.lock(Snapshot.self, key: .word(stay.card), .aid(stay.aid)),
            snapshot.ordinal == stay.ordinal
        else { return }
        transaction.remove(snapshot)
    }

    /// The card is given up, and with it the live copies on it: what was copied from them is the best there is.
    func reviveSnapshots(of card: inout Card) throws {
        let snapshots = try transaction.all(Snapshot.self, key: .word(card.id))
        for snapshot in snapshots {
            guard
                let stay = try transaction.find(
                    Custody.self, key: .word(card.id), .aid(snapshot.aid), .count(snapshot.ordinal)),
                try transaction.openStays(dependingOn: card.id).allSatisfy({ $0.aid != snapshot.aid })
            else { continue }
            var revived = try stay.revived(at: now)
            revived.holder = revived.holder ?? card.holder
            try settle(revived, from: stay, on: &card)
        }
    }

    /// When the copy was made that a held stay consists of; `nil` for one that left its card itself.
    func snapshotTime(of stay: Custody) throws -> Instant? {
        let snapshot = try transaction.find(Snapshot.self, key: .word(stay.card), .aid(stay.aid))
        return snapshot.flatMap { $0.ordinal == stay.ordinal ? $0.takenAt : nil }
    }
}

extension Custody {
    /// A copy that was thrown away as a stay and kept as a snapshot is the live one now.
    func revived(at now: Instant) throws(CustodyRefusal) -> Custody {
        guard case .discarded = state, hasImage else { throw .outOfOrder(.restore, state) }
        var next = self
        let since = max(openedAt, now)
        next.state = .held(since: since)
        next.heldSince = since
        return next
    }
}

extension Snapshot {
    static func query(of aid: AID, on card: CardID) -> Query {
        Query(table, key: [.word(card), .aid(aid)], limit: 1).locking()
    }
}
