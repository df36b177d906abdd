/// One line of the address book: where a card can be, or was (row A9).
package struct CardAddress: Hashable, Sendable {
    package var card: CardID
    /// Grows with every line of this card: the greatest is the newest.
    package var ordinal: Int64
    package var bearer: Bearer
    package var since: Instant
    /// From then on it does not count any more; `nil` while nothing says so.
    package var until: Instant?

    package init(card: CardID, ordinal: Int64, bearer: Bearer, since: Instant, until: Instant? = nil) {
        self.card = card
        self.ordinal = ordinal
        self.bearer = bearer
        self.since = since
        self.until = until
    }

    package func isValid(at instant: Instant) -> Bool {
        since <= instant && until.map { instant < $0 } ?? true
    }
}

extension CardAddress: Record {
    package static let table = Table(
        "addresses", key: [.text("card"), .integer("ordinal")],
        [.text("kind"), .text("address"), .integer("since"), .integer("until").optional])

    package var row: [StoredValue] {
        [
            .word(card), .integer(ordinal), .text("\(bearer.kind)"), .text(bearer.address), .instant(since),
            .instant(until),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        card = try row.identifier()
        ordinal = try row.integer()
        let kind = try row.text()
        bearer = try row.word { Bearer(kind: kind, address: $0) }
        since = try row.instant()
        until = try row.optionalInstant()
    }
}
