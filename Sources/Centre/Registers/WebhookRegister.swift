package import CardCrypto
internal import SmartCard

/// Why the register of webhooks does not do what was asked.
package enum WebhookRefusal: Refusal, Hashable {
    case unknown(WebhookID)
    case tooMany(max: Int)
    case tooManyFilters(max: Int)
    case active(WebhookID)
    case disabled(WebhookID)
    case replayRange(from: Int64, through: Int64, newest: Int64)
    case replayRuns(WebhookID, through: Int64)
    /// Only where an operator allowed the network may events travel unprotected.
    case notEncrypted(WebhookURL)

    package var code: String {
        switch self {
        case .unknown: "webhook-unknown"
        case .tooMany: "webhook-too-many"
        case .tooManyFilters: "webhook-too-many-filters"
        case .active: "webhook-active"
        case .disabled: "webhook-disabled"
        case .replayRange: "webhook-replay-range"
        case .replayRuns: "webhook-replay-runs"
        case .notEncrypted: "webhook-not-encrypted"
        }
    }

    package var reason: String {
        switch self {
        case .unknown(let id): "There is no webhook '\(id)', or it is another provider's."
        case .tooMany(let max): "There are already \(max) webhooks."
        case .tooManyFilters(let max): "A webhook names at most \(max) types and \(max) subjects."
        case .active(let id): "Webhook '\(id)' is active."
        case .disabled(let id): "Webhook '\(id)' is disabled."
        case .replayRange(let from, let through, let newest):
            "From \(from) through \(through) is no range of events up to \(newest)."
        case .replayRuns(let id, let through):
            "Webhook '\(id)' still gets what it asked for again, through \(through)."
        case .notEncrypted(let url): "The address \(url) is not https."
        }
    }

    package var remedy: String {
        switch self {
        case .unknown: "List the webhooks."
        case .tooMany: "Delete one that is not needed."
        case .tooManyFilters: "Name fewer, or make a second webhook."
        case .active, .replayRuns: "Wait, or look at the webhook."
        case .disabled: "Enable it first."
        case .replayRange: "Give the positions of events that are kept, the first one first."
        case .notEncrypted: "Give an address that begins with https."
        }
    }
}

/// The secret that a webhook's messages are signed with.
package enum WebhookSecrets {
    package static let byteCount = 32

    /// What belongs to the centre and to no card is kept under this name: cards' ids are whole bytes of hex.
    static let centre: CardID = {
        guard let id = try? CardID("0") else { preconditionFailure("a digit is a name") }
        return id
    }()

    /// Where a secret is sealed; one that was moved to another webhook does not open.
    static func place(_ id: WebhookID, version: Int) -> VaultPlace {
        guard let aid = try? AID(Digest.sha256.hash(Array(id.text.utf8)).prefix(16)) else {
            preconditionFailure("sixteen bytes are an AID")
        }
        return VaultPlace(card: centre, aid: aid, ordinal: version, generation: 0)
    }
}

extension Act {
    /// Who may have webhooks: a provider its own, operators the centre's.
    /// - Returns: the secret, which nobody is shown again.
    package func addWebhook(
        for provider: ProviderID?, url: WebhookURL, filter: EventFilter = .everything,
        sealedIn vault: any KeyVault
    ) throws -> (webhook: Webhook, secret: Secret) {
        try requireWebhooks(of: provider, to: "add a webhook")
        try check(filter)
        guard try transaction.count(Query(Webhook.table)) < Bounds.webhooksMax else {
            throw WebhookRefusal.tooMany(max: Bounds.webhooksMax)
        }
        let own = Query(Webhook.table, [.init("provider", .word(provider))])
        guard try transaction.count(own) < Bounds.webhooksPerOwnerMax else {
            throw WebhookRefusal.tooMany(max: Bounds.webhooksPerOwnerMax)
        }
        let id = try WebhookID(Hex.encode(entropy.bytes(12)).lowercased())
        let newest = try transaction.newestEvent()
        let webhook = Webhook(
            id: id, provider: provider, url: url, filter: filter, createdAt: now, position: newest)
        transaction.insert(webhook)
        let secret = try sealFreshSecret(of: webhook, in: vault)
        try note(Note("webhook.added", .webhook(id), provider: provider))
        return (webhook, secret)
    }

    /// Address and filter, whichever are given.
    package func changeWebhook(
        _ id: WebhookID, url: WebhookURL? = nil, filter: EventFilter? = nil
    ) throws -> Webhook {
        var webhook = try lockWebhook(id, to: "change a webhook")
        let before = webhook
        webhook.url = url ?? webhook.url
        webhook.filter = filter ?? webhook.filter
        try check(webhook.filter)
        guard webhook != before else { return webhook }
        if webhook.filter != before.filter { webhook.position = try placeOfWaiting(before) }
        // Another address is another chance.
        if webhook.url != before.url { webhook.trouble = nil }
        return try save(webhook, "webhook.changed")
    }

    package func disableWebhook(_ id: WebhookID) throws -> Webhook {
        var webhook = try lockWebhook(id, to: "disable a webhook")
        guard webhook.life == .active else { throw WebhookRefusal.disabled(id) }
        webhook.life = .disabled(at: now, because: .person)
        webhook.trouble = nil
        return try save(webhook, "webhook.disabled")
    }

    /// It goes on where it stopped, with everything that is still kept.
    package func enableWebhook(_ id: WebhookID) throws -> Webhook {
        var webhook = try lockWebhook(id, to: "enable a webhook")
        guard webhook.life != .active else { throw WebhookRefusal.active(id) }
        webhook.life = .active
        return try save(webhook, "webhook.enabled")
    }

    /// The secret before goes on signing for a day, so that receivers can change over without losing a message.
    package func renewSecret(
        of id: WebhookID, sealedIn vault: any KeyVault
    ) throws -> (webhook: Webhook, secret: Secret) {
        var webhook = try lockWebhook(id, to: "renew a webhook's secret")
        try forgetSecret(of: webhook, version: webhook.secretVersion - 1)
        webhook.secretVersion += 1
        webhook.previousSecretUntil = now.advanced(by: .seconds(Bounds.previousSecretSeconds))
        let secret = try sealFreshSecret(of: webhook, in: vault)
        return (try save(webhook, "webhook.secret-renewed"), secret)
    }

    /// Sends events of a range once more, before those that are new.
    package func replay(_ id: WebhookID, from: Int64, through: Int64) throws -> Webhook {
        var webhook = try lockWebhook(id, to: "ask for events again")
        guard webhook.life == .active else { throw WebhookRefusal.disabled(id) }
        if let replay = webhook.replay { throw WebhookRefusal.replayRuns(id, through: replay.through) }
        let newest = try transaction.newestEvent()
        guard from >= 1, from <= through, through <= newest else {
            throw WebhookRefusal.replayRange(from: from, through: through, newest: newest)
        }
        webhook.replay = Webhook.Replay(position: from - 1, through: through)
        return try save(webhook, "webhook.replay-requested")
    }

    package func removeWebhook(_ id: WebhookID) throws {
        let webhook = try lockWebhook(id, to: "remove a webhook")
        for version in [webhook.secretVersion, webhook.secretVersion - 1] {
            try forgetSecret(of: webhook, version: version)
        }
        transaction.remove(webhook)
        try note(Note("webhook.removed", .webhook(id), provider: webhook.provider))
    }

    /// A provider's own; an operator's everybody's, or those of one provider.
    package func webhooks(of provider: ProviderID?, after: WebhookID? = nil, limit: Int) throws -> [Webhook] {
        var query = Query(Webhook.table, after: after.map { [.word($0)] }, limit: limit)
        if let provider { query.conditions = [.init("provider", .word(provider))] }
        return try transaction.all(Webhook.self, query)
    }

    /// Another provider's is not found.
    package func webhook(_ id: WebhookID, for tenant: ProviderID?) throws -> Webhook {
        guard let webhook = try transaction.find(Webhook.self, key: .word(id)),
            tenant == nil || webhook.provider == tenant
        else { throw WebhookRefusal.unknown(id) }
        return webhook
    }

    // MARK: Helpers

    private func lockWebhook(_ id: WebhookID, to what: String) throws -> Webhook {
        guard let webhook = try transaction.lock(Webhook.self, key: .word(id)) else {
            throw WebhookRefusal.unknown(id)
        }
        if case .provider(let actor) = actor, webhook.provider != actor { throw WebhookRefusal.unknown(id) }
        try requireWebhooks(of: webhook.provider, to: what)
        return webhook
    }

    private func requireWebhooks(of provider: ProviderID?, to what: String) throws {
        if let provider {
            try require(provider, to: what)
            guard try transaction.find(Provider.self, key: .word(provider)) != nil else {
                throw ProviderRefusal.unknown(provider)
            }
        } else {
            try requireOperator(to: what)
        }
    }

    private func check(_ filter: EventFilter) throws(WebhookRefusal) {
        guard filter.kinds.count <= Bounds.filtersPerWebhookMax,
            filter.subjects.count <= Bounds.filtersPerWebhookMax
        else { throw .tooManyFilters(max: Bounds.filtersPerWebhookMax) }
    }

    /// Up to where the filter passed events over, which another one is not to bring; what it wanted still waits behind.
    private func placeOfWaiting(_ webhook: Webhook) throws -> Int64 {
        let newest = try transaction.newestEvent()
        var place = webhook.position
        // Bounded: nodes write down how far they looked in vain every ten thousand events, and each look sees 2,000.
        for _ in 0..<8 where place < newest {
            let look = try EventLook(after: place, webhook.sight, webhook.filter, limit: 1, transaction)
            if let first = look.events.first { return first.position - 1 }
            place = look.position
        }
        return place
    }

    private func save(_ webhook: Webhook, _ kind: StaticString) throws -> Webhook {
        transaction.put(webhook)
        try note(Note(kind, .webhook(webhook.id), provider: webhook.provider))
        return webhook
    }

    private func sealFreshSecret(of webhook: Webhook, in vault: any KeyVault) throws -> Secret {
        let secret = Secret(entropy.bytes(WebhookSecrets.byteCount))
        let place = WebhookSecrets.place(webhook.id, version: webhook.secretVersion)
        try transaction.seal(secret, at: place, in: vault, now: now)
        return secret
    }

    private func forgetSecret(of webhook: Webhook, version: Int) throws {
        let place = WebhookSecrets.place(webhook.id, version: version)
        if let record = try transaction.vaultRecord(at: place) { transaction.remove(record) }
    }
}

// MARK: Sending, by whichever node has the webhook

extension Transaction {
    /// Of the newest event that has its place.
    package func newestEvent() throws(StoreFailure) -> Int64 {
        try find(OutboxState.self, key: OutboxState.name)?.position ?? 0
    }

    /// The newest secret first; the one before while it still counts.
    package func secrets(of webhook: Webhook, in vault: any KeyVault, now: Instant) throws -> [Secret] {
        var versions = [webhook.secretVersion]
        if let until = webhook.previousSecretUntil, now < until { versions.append(webhook.secretVersion - 1) }
        return try versions.compactMap { version in
            try vaultRecord(at: WebhookSecrets.place(webhook.id, version: version))
                .map { try open($0, in: vault) }
        }
    }

    /// Takes the webhook for this node, if it is still as it was looked at and nobody else has it.
    package func lease(_ seen: Webhook, by node: [UInt8], now: Instant) throws(StoreFailure) -> Webhook? {
        guard var webhook = try lock(Webhook.self, key: .word(seen.id)), webhook == seen,
            webhook.isDue(at: now, newest: .max)
        else { return nil }
        let until = now.advanced(by: .seconds(Bounds.webhookLeaseSeconds))
        webhook.lease = Webhook.Lease(node: node, until: until)
        put(webhook)
        return webhook
    }

    fileprivate func vaultRecord(at place: VaultPlace) throws(StoreFailure) -> VaultRecord? {
        try find(
            VaultRecord.self, key: .word(place.card), .aid(place.aid), .count(place.ordinal),
            .count(place.part))
    }
}

extension Act {
    /// Writes down what came of a turn, and lets go. What a person changed meanwhile stays; what another node took
    /// over is that node's.
    package func settle(
        _ id: WebhookID, by node: [UInt8], _ turn: (inout Webhook) -> Void
    ) throws -> Webhook? {
        guard var webhook = try transaction.lock(Webhook.self, key: .word(id)),
            webhook.lease?.node == node
        else { return nil }
        webhook.lease = nil
        let wasActive = webhook.life == .active
        if wasActive { turn(&webhook) }
        transaction.put(webhook)
        if wasActive, case .disabled(_, let cause) = webhook.life {
            let word: StaticString =
                switch cause {
                case .person: "person"
                case .gone: "gone"
                case .failing: "failing"
                }
            try note(
                Note(
                    "webhook.disabled", .webhook(id), provider: webhook.provider,
                    facts: [.word("cause", word)]))
        }
        return webhook
    }
}

extension Outbox {
    /// The position up to which events are older than they need to be kept; looks at one page.
    package static func outdated(
        at now: Instant, _ transaction: any Transaction
    ) throws(StoreFailure) -> Int64? {
        let limit = now.advanced(by: .seconds(-86_400 * Bounds.eventDays))
        return try transaction.all(Event.self, Query(Event.table)).prefix { $0.at < limit }.last?.position
    }
}
