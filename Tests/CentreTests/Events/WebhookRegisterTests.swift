import CardCrypto
import Centre
import SmartCard
import Storage
import Testing

@Suite("The register of webhooks")
struct WebhookRegisterTests {
    private let bench: PeopleBench
    private let vault: SoftwareVault
    private let url: WebhookURL

    init() throws {
        bench = try PeopleBench()
        let contents = VaultContents(
            wrappingKey: Secret([UInt8](repeating: 9, count: 32)), at: bench.clock.now)
        vault = SoftwareVault(inMemory: contents, entropy: SeededEntropy(seed: [7]))
        url = try #require(WebhookURL("https://a.example/"))
        try bench.addProvider("city")
        try bench.addProvider("bank", sight: .also([name("city")]))
        try bench.store.write { _ = try Outbox.order($0) }
    }

    private static let city = Act.Actor.provider(name("city"))
    private static let bank = Act.Actor.provider(name("bank"))

    private func add(_ actor: Act.Actor = city, for provider: String? = "city") throws -> Webhook {
        try bench.act(as: actor) { act in
            try act.addWebhook(for: provider.map { name($0) }, url: url, sealedIn: vault).webhook
        }
    }

    private func secrets(_ webhook: Webhook) throws -> [[UInt8]] {
        try bench.store.read { transaction in
            try transaction.secrets(of: webhook, in: vault, now: bench.clock.now).map { secret in
                secret.withBytes { Array($0) }
            }
        }
    }

    @Test("a new one gets what happens from now on, and its secret is kept sealed")
    func added() throws {
        let (webhook, secret) = try bench.act(as: Self.city) { act in
            try act.addWebhook(for: name("city"), url: url, sealedIn: vault)
        }
        #expect(webhook.position == 2)
        #expect(webhook.life == .active)
        #expect(try bench.all(Webhook.self) == [webhook])
        #expect(try secrets(webhook) == [secret.withBytes { Array($0) }])
        let kept = try #require(try bench.all(VaultRecord.self).first)
        let plain = secret.withBytes { Array($0) }
        #expect(!kept.sealed.windows(ofCount: 8).contains { Array($0) == Array(plain.prefix(8)) })
        let entry = try #require(try bench.all(AuditEntry.self).last)
        #expect(entry.kind == "webhook.added")
        #expect(entry.provider == name("city"))
    }

    @Test("nobody adds or touches another's: it is not found")
    func tenancy() throws {
        let webhook = try add()
        #expect(
            try bench.refusal(as: Self.bank) { _ = try $0.disableWebhook(webhook.id) } == "webhook-unknown")
        #expect(try bench.refusal(as: Self.bank) { try $0.removeWebhook(webhook.id) } == "webhook-unknown")
        #expect(
            try bench.refusal(as: Self.bank) {
                _ = try $0.addWebhook(for: name("city"), url: url, sealedIn: vault)
            } == "not-permitted")
        #expect(
            try bench.refusal(as: Self.bank) { _ = try $0.addWebhook(for: nil, url: url, sealedIn: vault) }
                == "not-permitted")
        #expect(
            try bench.refusal(as: .holder(name("1"))) {
                _ = try $0.addWebhook(for: nil, url: url, sealedIn: vault)
            } == "not-permitted")
        try bench.act { act throws in
            #expect(throws: WebhookRefusal.unknown(webhook.id)) {
                try act.webhook(webhook.id, for: name("bank"))
            }
            #expect(try act.webhook(webhook.id, for: name("city")) == webhook)
            #expect(try act.webhooks(of: name("bank"), limit: 10).isEmpty)
        }
    }

    @Test("a suspended provider changes nothing")
    func suspended() throws {
        let webhook = try add()
        try bench.act { try $0.suspendProvider(name("city"), reason: "Unpaid.") }
        #expect(
            try bench.refusal(as: Self.city) { _ = try $0.disableWebhook(webhook.id) }
                == "provider-suspended")
        _ = try bench.act { try $0.disableWebhook(webhook.id) }
    }

    @Test("an owner has so many and no more")
    func tooMany() throws {
        for _ in 0..<Bounds.webhooksPerOwnerMax { _ = try add() }
        #expect(
            try bench.refusal(as: Self.city) {
                _ = try $0.addWebhook(for: name("city"), url: url, sealedIn: vault)
            } == "webhook-too-many")
        _ = try add(PeopleBench.root, for: nil)
    }

    @Test("a renewed secret signs beside the one before for a day")
    func renewed() throws {
        let webhook = try add()
        let first = try secrets(webhook)
        let (renewed, secret) = try bench.act(as: Self.city) {
            try $0.renewSecret(of: webhook.id, sealedIn: vault)
        }
        let second = secret.withBytes { Array($0) }
        #expect(try secrets(renewed) == [second] + first)
        bench.clock.advance(by: .seconds(86_400))
        #expect(try secrets(renewed) == [second])
        let (again, third) = try bench.act(as: Self.city) {
            try $0.renewSecret(of: webhook.id, sealedIn: vault)
        }
        #expect(try secrets(again) == [third.withBytes { Array($0) }, second])
        #expect(try bench.all(VaultRecord.self).count == 2)
    }

    @Test("one that is removed leaves no secret behind")
    func removed() throws {
        let webhook = try add()
        _ = try bench.act(as: Self.city) { try $0.renewSecret(of: webhook.id, sealedIn: vault) }
        try bench.act(as: Self.city) { try $0.removeWebhook(webhook.id) }
        #expect(try bench.all(Webhook.self).isEmpty)
        #expect(try bench.all(VaultRecord.self).isEmpty)
    }

    @Test("a secret does not open for another webhook")
    func secretElsewhere() throws {
        let (one, other) = (try add(), try add())
        let records = try bench.all(VaultRecord.self)
        #expect(records.count == 2)
        try bench.store.write { transaction in
            for (record, place) in zip(records, records.reversed().map(\.place)) {
                transaction.put(
                    VaultRecord(
                        place: place, dataKey: record.dataKey, sealed: record.sealed,
                        byteCount: record.byteCount))
            }
        }
        #expect(throws: KeyVaultFailure.notAuthentic) { try secrets(one) }
        #expect(throws: KeyVaultFailure.notAuthentic) { try secrets(other) }
    }

    @Test("what is changed is the address and the filter; another address is another chance")
    func changed() throws {
        var webhook = try add()
        webhook.trouble = .init(since: bench.clock.now, attempts: 3, nextTry: bench.clock.now)
        try bench.store.write { [webhook] in $0.put(webhook) }
        let filter = EventFilter(kinds: [try #require(EventFilter.Kind("card.*"))])
        let same = try bench.act(as: Self.city) { try $0.changeWebhook(webhook.id, filter: filter) }
        #expect(same.trouble == webhook.trouble)
        #expect(same.filter == filter)
        let elsewhere = try #require(WebhookURL("https://b.example/"))
        let moved = try bench.act(as: Self.city) { try $0.changeWebhook(webhook.id, url: elsewhere) }
        #expect(moved.trouble == nil)
        #expect(moved.filter == filter)
    }

    @Test(
        "another filter throws away nothing that waits, and brings nothing that the one before passed over",
        arguments: [false, true])
    func anotherFilter(isDisabled: Bool) throws {
        let webhook = try add()
        for text in ["a", "b", "c"] {
            try bench.act(as: Self.city) { act in
                try act.registerApplication(name(text), name: text, provider: name("city"))
            }
        }
        if isDisabled { _ = try bench.act(as: Self.city) { try $0.disableWebhook(webhook.id) } }
        try bench.store.write { _ = try Outbox.order($0) }
        let newest = try bench.store.read { try $0.newestEvent() }
        func change(_ filter: EventFilter) throws -> Int64 {
            try bench.act(as: Self.city) { try $0.changeWebhook(webhook.id, filter: filter) }.position
        }
        // Everything waits, from the webhook's own addition on, which is event 3.
        #expect(webhook.position == 2 && newest >= 6)
        let applications = EventFilter(kinds: [try #require(EventFilter.Kind("application.*"))])
        #expect(try change(applications) == 2)
        // Of those that this one wanted the first is event 4; the other one wants none of them.
        let cards = EventFilter(kinds: [try #require(EventFilter.Kind("card.*"))])
        #expect(try change(cards) == 3)
        #expect(try change(.everything) == newest)
    }

    @Test("what is asked for again must be there, and one thing at a time")
    func replays() throws {
        let webhook = try add()
        try bench.store.write { _ = try Outbox.order($0) }
        for (from, through) in [(0, 1), (2, 1), (1, 4)] as [(Int64, Int64)] {
            #expect(
                try bench.refusal(as: Self.city) {
                    _ = try $0.replay(webhook.id, from: from, through: through)
                } == "webhook-replay-range")
        }
        let asked = try bench.act(as: Self.city) { try $0.replay(webhook.id, from: 1, through: 3) }
        #expect(asked.replay == .init(position: 0, through: 3))
        #expect(
            try bench.refusal(as: Self.city) { _ = try $0.replay(webhook.id, from: 1, through: 1) }
                == "webhook-replay-runs")
    }

    @Test("one node at a time has it, until its time is over; what a person changed meanwhile stays")
    func leases() throws {
        let webhook = try add()
        func lease(_ seen: Webhook, _ node: UInt8) throws -> Webhook? {
            try bench.store.write { [now = bench.clock.now] in try $0.lease(seen, by: [node], now: now) }
        }
        let taken = try #require(try lease(webhook, 1))
        #expect(try lease(webhook, 2) == nil)
        #expect(try lease(taken, 2) == nil)
        bench.clock.advance(by: .seconds(Bounds.webhookLeaseSeconds))
        let over = try #require(try lease(taken, 2))
        let late = try bench.act(as: .centre) { try $0.settle(webhook.id, by: [1]) { $0.advance(to: 99) } }
        #expect(late == nil)
        _ = try bench.act(as: Self.city) { try $0.disableWebhook(over.id) }
        let settled = try bench.act(as: .centre) {
            try $0.settle(webhook.id, by: [2]) { $0.advance(to: 99) }
        }
        #expect(settled?.position == webhook.position)
        #expect(settled?.lease == nil)
    }

    @Test("one that fails for too long is disabled with an event for its owner")
    func disabledEvent() throws {
        let webhook = try add()
        let taken = try bench.store.write { [now = bench.clock.now] in
            try $0.lease(webhook, by: [1], now: now)
        }
        #expect(taken != nil)
        let now = bench.clock.now
        _ = try bench.act(as: .centre) { act in
            try act.settle(webhook.id, by: [1]) { $0 = $0.after(.gone, of: 5, at: now, chance: 0) }
        }
        let event = try #require(try bench.all(PendingEvent.self).last)
        #expect(event.kind == "webhook.disabled")
        #expect(event.provider == name("city"))
        #expect(event.facts == [.word("cause", "gone")])
    }
}

extension Array where Element == UInt8 {
    fileprivate func windows(ofCount count: Int) -> [ArraySlice<UInt8>] {
        guard self.count >= count else { return [] }
        return (0...(self.count - count)).map { self[$0..<$0 + count] }
    }
}
