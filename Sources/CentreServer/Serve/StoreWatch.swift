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

    private struct Look: Sendable {
        var isPending: Bool
        var position: Int64
        var eventCount = 0
        var topics: [Topic] = []
    }

    /// Rings for what is new and orders what is pending; true where there may be more.
    package func turn() throws -> Bool {
        let after = position.withLock { $0 }
        let look = try store.glance { transaction in try Self.look(after, transaction) }
        position.withLock { $0 = look.position }
        bell.ring(look.topics)
        if look.isPending { _ = try store.write { try Outbox.order($0) } }
        return look.isPending || look.eventCount == Self.eventsMax
    }

    private static func look(_ after: Int64?, _ transaction: any Transaction) throws -> Look {
        let isPending = try !transaction.all(PendingEvent.self, Query(PendingEvent.table, limit: 1)).isEmpty
        guard let after else {
            // Whoever begins to wait from now on has looked after that; whoever waits already looks again.
            let newest = try transaction.all(OutboxState.self, Query(OutboxState.table, limit: 1)).first
            return Look(isPending: isPending, position: newest?.position ?? 0, topics: [.events])
        }
        let events = try Outbox.events(after: after, limit: eventsMax, transaction)
        return Look(
            isPending: isPending, position: events.last?.position ?? after, eventCount: events.count,
            topics: try topics(of: events, transaction))
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
