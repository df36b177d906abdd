package import Centre
internal import Synchronization

/// Hears in the store what other nodes did, and rings for it here. One look for everybody who waits.
package final class StoreWatch: Sendable {
    private let store: any Store
    private let bell: any Bell
    /// Up to here everything was heard.
    private let position = Mutex<Int64?>(nil)

    /// Events of one look; more come with the next one, at once.
    private static let eventsMax = 500

    package init(_ store: any Store, _ bell: any Bell) {
        self.store = store
        self.bell = bell
    }

    /// Orders what is pending and rings for what is new; true where there may be more.
    package func turn() throws -> Bool {
        let isPending = try store.read { transaction in
            try !transaction.all(PendingEvent.self, Query(PendingEvent.table, limit: 1)).isEmpty
        }
        if isPending { _ = try store.write { try Outbox.order($0) } }
        guard let after = position.withLock({ $0 }) else {
            // Whoever begins to wait now has looked after that.
            let newest = try store.read { try $0.all(OutboxState.self, Query(OutboxState.table, limit: 1)) }
            position.withLock { $0 = newest.first?.position ?? 0 }
            return false
        }
        let (events, topics) = try store.read { transaction in
            let events = try Outbox.events(after: after, limit: Self.eventsMax, transaction)
            return (events, try Self.topics(of: events, transaction))
        }
        guard let last = events.last else { return false }
        position.withLock { $0 = last.position }
        bell.ring(topics)
        return events.count == Self.eventsMax
    }

    private static func topics(of events: [Event], _ transaction: any Transaction) throws -> [Topic] {
        guard let newest = events.last else { return [] }
        var cards: [CardID] = []
        for event in events {
            guard case .card(let card) = event.stream, !cards.contains(card) else { continue }
            cards.append(card)
        }
        var topics: [Topic] = [.events] + cards.map { .card($0) }
        // Work for a card is for the terminal that it was last seen at.
        let queries = cards.map { Query(CardAddress.table, key: [.word($0)], limit: addressesMax) }
        for rows in queries.isEmpty ? [] : try transaction.ask(queries) {
            for address in try transaction.decode(CardAddress.self, rows) {
                guard case .terminal(let terminal) = address.bearer,
                    address.until.map({ newest.at < $0 }) ?? true
                else { continue }
                topics.append(.terminal(terminal))
            }
        }
        return topics + events.compactMap { terminal(of: $0) }
    }

    private static let addressesMax = 64

    private static func terminal(of event: Event) -> Topic? {
        let parts = event.subject.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, parts[0] == "terminal" else { return nil }
        return (try? TerminalID(String(parts[1]))).map { .terminal($0) }
    }
}
