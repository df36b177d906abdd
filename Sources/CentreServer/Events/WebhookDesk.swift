internal import CardCrypto
package import Centre
internal import Synchronization
package import Wire

/// Carries one message to its receiver; blocks until something came of it.
package protocol WebhookCarrier: Sendable {
    func carry(_ message: WebhookMessage) -> DeliveryOutcome
}

/// Sends events to webhooks. What is due, and what becomes of it, values decide; nothing is remembered here but how far
/// was looked in vain.
package final class WebhookDesk: Sendable {
    private struct Memory {
        /// Nothing up to here is wanted by this webhook, as it was then.
        var looked: [WebhookID: (filter: EventFilter, position: Int64)] = [:]

        func position(_ webhook: Webhook) -> Int64 {
            guard let known = looked[webhook.id], known.filter == webhook.filter else { return 0 }
            return known.position
        }
        /// Whose turn was last: they take turns.
        var last: WebhookID?
    }

    private let node: Node
    private let vault: any KeyVault
    private let carrier: any WebhookCarrier
    private let source: String
    /// Tells this node's leases from another's.
    private let token: [UInt8]
    private let memory = Mutex(Memory())

    package init(_ node: Node, carrier: any WebhookCarrier, source: String) {
        self.node = node
        vault = node.vault
        self.carrier = carrier
        self.source = source
        token = node.entropy.bytes(16)
    }

    /// One webhook's turn, or a look at all of them in vain: then false. May be called from several threads.
    package func turn() throws -> Bool {
        for webhook in try due() {
            let (after, through) = known(webhook)
            let look = try node.store.read { transaction in
                try EventLook(
                    after: after, through: through, webhook.sight, webhook.filter,
                    limit: Bounds.deliveriesPerTurnMax, transaction)
            }
            if look.events.isEmpty {
                try remember(webhook, look)
            } else if try send(look, to: webhook) {
                memory.withLock { $0.last = webhook.id }
                return true
            }
        }
        return false
    }

    /// Behind the one whose turn was last, so that none waits behind a busy one.
    private func due() throws -> [Webhook] {
        let now = node.clock.now
        let (webhooks, newest) = try node.store.glance { transaction in
            let active = Query(Webhook.table, [.init("life", .text("active"))], limit: Bounds.webhooksMax)
            return (try transaction.all(Webhook.self, active), try transaction.newestEvent())
        }
        let memory = memory.withLock { $0 }
        let due = webhooks.filter { webhook in
            webhook.isDue(at: now, newest: newest)
                && (webhook.replay != nil || memory.position(webhook) < newest)
        }
        guard let last = memory.last else { return due }
        return due.filter { $0.id > last } + due.filter { $0.id <= last }
    }

    private func known(_ webhook: Webhook) -> (after: Int64, through: Int64?) {
        let range = webhook.range
        guard webhook.replay == nil else { return range }
        return (max(range.after, memory.withLock { $0.position(webhook) }), nil)
    }

    /// Nothing for it: that is written down now and then only, for the sake of those who have much to write.
    private func remember(_ webhook: Webhook, _ look: EventLook) throws {
        if webhook.replay == nil {
            memory.withLock { $0.looked[webhook.id] = (webhook.filter, look.position) }
            guard look.position - webhook.position > 10_000 else { return }
        }
        let now = node.clock.now
        try node.store.write { transaction in
            guard var taken = try transaction.lease(webhook, by: token, now: now) else { return }
            taken.advance(to: look.position)
            taken.lease = nil
            transaction.put(taken)
        }
    }

    /// False where another node was faster.
    private func send(_ look: EventLook, to seen: Webhook) throws -> Bool {
        let (token, vault, started) = (token, vault, node.clock.now)
        let taken = try node.store.write { transaction -> (Webhook, [Secret])? in
            guard let webhook = try transaction.lease(seen, by: token, now: started) else { return nil }
            return (webhook, try transaction.secrets(of: webhook, in: vault, now: started))
        }
        guard let (webhook, secrets) = taken else { return false }
        var attempts: [(outcome: DeliveryOutcome, place: Int64, at: Instant)] = []
        for event in look.events {
            let message = try WebhookMessage(
                CloudEvent(event, source: source), to: webhook, at: node.clock.now, signedWith: secrets)
            let outcome = carrier.carry(message)
            attempts.append((outcome, event.position, node.clock.now))
            let spent = started.duration(to: node.clock.now)
            guard case .delivered = outcome, spent < .seconds(Bounds.webhookTurnSeconds) else { break }
        }
        try settle(attempts, webhook, isWhole: attempts.count == look.events.count, look.position)
        return true
    }

    private func settle(
        _ attempts: [(outcome: DeliveryOutcome, place: Int64, at: Instant)], _ leased: Webhook,
        isWhole: Bool, _ position: Int64
    ) throws {
        let chance = node.entropy.bytes(1)[0]
        let settled = try node.act(by: .centre) { act in
            try act.settle(leased.id, by: token) { webhook in
                // What was asked for again meanwhile is not what was sent.
                let asked = webhook.replay
                webhook.replay = leased.replay
                for attempt in attempts where webhook.life == .active {
                    webhook = webhook.after(
                        attempt.outcome, of: attempt.place, at: attempt.at, chance: chance)
                }
                let isStillTheSame = (webhook.replay == nil) == (leased.replay == nil)
                if isWhole, isStillTheSame, webhook.trouble == nil, webhook.life == .active {
                    webhook.advance(to: position)
                }
                if leased.replay == nil { webhook.replay = asked }
            }
        }
        if settled?.life != .active { node.bell.ring([.events]) }
    }
}
