internal import Centre

/// Gives events their places and wakes who waits for them. Every node has one; the store lets one at a time work.
package struct EventPump: Sendable {
    private let node: Node

    package init(_ node: Node) { self.node = node }

    /// Orders what is pending; returns how many there were.
    @discardableResult
    package func turn() throws -> Int {
        // A look costs less than taking the lock that orders.
        let isPending = try node.store.glance { transaction in
            try !transaction.all(PendingEvent.self, Query(PendingEvent.table, limit: 1)).isEmpty
        }
        guard isPending else { return 0 }
        let count = try node.store.write { try Outbox.order($0) }
        if count > 0 { node.bell.ring([.events]) }
        return count
    }

    /// Forgets events that are older than they are kept, a page at a time; returns how many.
    package func forget() throws -> Int {
        let now = node.clock.now
        return try node.store.write { transaction in
            guard let position = try Outbox.outdated(at: now, transaction) else { return 0 }
            return try Outbox.forget(through: position, transaction)
        }
    }
}
