/// Something that happened, on its way out: written with its cause, not yet in the order of all events.
///
/// Writers must not wait for each other to count events, so an event first carries the place in its own chain;
/// `Outbox.order` gives it its place among all.
package struct PendingEvent: Hashable, Sendable {
    package var stream: AuditStream
    /// Of the audit entry that it announces.
    package var number: Int64
    package var at: Instant
    package var kind: String
    package var subject: String
    package var provider: ProviderID?
    package var facts: [Fact]

    package init(
        stream: AuditStream, number: Int64, at: Instant, kind: String, subject: String, provider: ProviderID?,
        facts: [Fact]
    ) {
        self.stream = stream
        self.number = number
        self.at = at
        self.kind = kind
        self.subject = subject
        self.provider = provider
        self.facts = facts
    }

    init(_ entry: AuditEntry) {
        self.init(
            stream: entry.stream, number: entry.number, at: entry.at, kind: entry.kind,
            subject: entry.subject, provider: entry.provider, facts: entry.facts)
    }
}

/// An event in its place in the order of all: events of one chain stand in the order of the chain.
package struct Event: Hashable, Sendable {
    /// Counts from 1 without a gap.
    package var position: Int64
    package var stream: AuditStream
    package var number: Int64
    package var at: Instant
    package var kind: String
    package var subject: String
    package var provider: ProviderID?
    package var facts: [Fact]

    package init(
        position: Int64, stream: AuditStream, number: Int64, at: Instant, kind: String, subject: String,
        provider: ProviderID?, facts: [Fact]
    ) {
        self.position = position
        self.stream = stream
        self.number = number
        self.at = at
        self.kind = kind
        self.subject = subject
        self.provider = provider
        self.facts = facts
    }

    /// The same whenever it is delivered, so that a receiver can tell a repetition.
    package var id: String { "\(stream.text)/\(number)" }
}

/// How far the ordering has come.
package struct OutboxState: Hashable, Sendable {
    /// Of the newest event in order.
    package var position: Int64
    /// The chain at which the last look at the pending events ended. The next one begins behind it, whatever it still
    /// has, so that no chain waits for ever behind a busy one.
    package var lookedUpTo: String
}

/// How far a receiver has come.
package struct EventCursor: Hashable, Sendable {
    package var consumer: String
    package var position: Int64

    package init(consumer: String, position: Int64) {
        self.consumer = consumer
        self.position = position
    }
}

/// The events' way out.
package enum Outbox {
    /// Gives pending events their places; returns how many. One at a time: others wait for the lock on its row.
    ///
    /// Reading a page never sees an event without those before it in its chain: a chain's links are committed in order.
    package static func order(
        _ transaction: any Transaction, limit: Int = Bounds.eventsOrderedAtOnceMax
    ) throws(StoreFailure) -> Int {
        var state =
            try transaction.lock(OutboxState.self, key: OutboxState.name)
            ?? OutboxState(position: 0, lookedUpTo: "")
        let start: [StoredValue] = [.text(state.lookedUpTo), .integer(.max)]
        var pending = try transaction.all(
            PendingEvent.self, Query(PendingEvent.table, after: start, limit: limit))
        if pending.isEmpty {
            pending = try transaction.all(PendingEvent.self, Query(PendingEvent.table, limit: limit))
        }
        guard let last = pending.last else { return 0 }
        for event in byTime(pending) {
            state.position += 1
            transaction.insert(Event(event, position: state.position))
            transaction.remove(event)
        }
        state.lookedUpTo = last.stream.text
        transaction.put(state)
        return pending.count
    }

    /// In order of time, but never against the order of a chain, whatever its clock did.
    private static func byTime(_ events: [PendingEvent]) -> [PendingEvent] {
        var latest: [AuditStream: Instant] = [:]
        let keyed = events.map { event in
            let at = max(event.at, latest[event.stream] ?? event.at)
            latest[event.stream] = at
            return (at, event)
        }
        return keyed.sorted { one, other in
            (one.0, one.1.stream.text, one.1.number) < (other.0, other.1.stream.text, other.1.number)
        }.map(\.1)
    }

    /// What comes after a place, oldest first.
    package static func events(
        after position: Int64, limit: Int = Query.rowsMax, _ transaction: any Transaction
    ) throws(StoreFailure) -> [Event] {
        try transaction.all(Event.self, Query(Event.table, after: [.integer(position)], limit: limit))
    }

    package static func position(
        of consumer: String, _ transaction: any Transaction
    ) throws(StoreFailure) -> Int64 {
        try transaction.find(EventCursor.self, key: .text(consumer))?.position ?? 0
    }

    /// Writes down that a receiver has everything up to here; never goes back.
    package static func acknowledge(
        _ position: Int64, by consumer: String, _ transaction: any Transaction
    ) throws(StoreFailure) {
        let known = try transaction.lock(EventCursor.self, key: .text(consumer))?.position ?? 0
        guard position > known else { return }
        transaction.put(EventCursor(consumer: consumer, position: position))
    }

    /// Removes events that everybody has; returns how many, to go on until none is left.
    package static func forget(
        through position: Int64, _ transaction: any Transaction
    ) throws(StoreFailure) -> Int {
        let old = try transaction.all(Event.self, Query(Event.table)).prefix { $0.position <= position }
        for event in old { transaction.remove(event) }
        return old.count
    }
}

extension Event {
    init(_ pending: PendingEvent, position: Int64) {
        self.init(
            position: position, stream: pending.stream, number: pending.number, at: pending.at,
            kind: pending.kind, subject: pending.subject, provider: pending.provider, facts: pending.facts)
    }
}
