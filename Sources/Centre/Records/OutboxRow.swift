extension PendingEvent: Record {
    package static let table = Table(
        "events_pending", key: [.text("stream"), .integer("number")],
        [
            .integer("at"), .text("kind"), .text("subject"), .text("provider").optional, .bytes("facts"),
        ])

    package var row: [StoredValue] {
        [
            stream.value, .integer(number), .instant(at), .text(kind), .text(subject), .word(provider),
            .bytes(Fact.encode(facts)),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        stream = try row.word(AuditStream.init(text:))
        number = try row.integer()
        at = try row.instant()
        kind = try row.text()
        subject = try row.text()
        provider = try row.optionalIdentifier()
        facts = try row.facts()
    }
}

extension Event: Record {
    package static let table = Table(
        "events", key: [.integer("position")],
        [
            .text("stream"), .integer("number"), .integer("at"), .text("kind"), .text("subject"),
            .text("provider").optional, .bytes("facts"),
        ])

    package var row: [StoredValue] {
        [
            .integer(position), stream.value, .integer(number), .instant(at), .text(kind), .text(subject),
            .word(provider), .bytes(Fact.encode(facts)),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        position = try row.integer()
        stream = try row.word(AuditStream.init(text:))
        number = try row.integer()
        at = try row.instant()
        kind = try row.text()
        subject = try row.text()
        provider = try row.optionalIdentifier()
        facts = try row.facts()
    }
}

extension OutboxState: Record {
    /// There is one row.
    static let name = StoredValue.text("outbox")

    package static let table = Table(
        "outbox_state", key: [.text("name")],
        [.integer("position"), .text("looked_up_to")])

    package var row: [StoredValue] {
        [Self.name, .integer(position), .text(lookedUpTo)]
    }

    package init(row: inout RowReader) throws(RowError) {
        guard try row.text() == "outbox" else { throw row.failure("is not the outbox") }
        position = try row.integer()
        lookedUpTo = try row.text()
    }
}

extension EventCursor: Record {
    package static let table = Table("event_cursors", key: [.text("consumer")], [.integer("position")])

    package var row: [StoredValue] { [.text(consumer), .integer(position)] }

    package init(row: inout RowReader) throws(RowError) {
        consumer = try row.text()
        position = try row.integer()
    }
}
