import CardCrypto
import Centre
import CentreServer
import Storage
import TestSupport
import Testing
import Wire

@Suite("Sending events to webhooks")
struct WebhookDeskTests {
    private let bench: EventBench

    init() throws { bench = try EventBench() }

    @Test("sends what happens, once, in order, signed with the webhook's secret")
    func sends() throws {
        let id = try bench.addWebhook(for: "city")
        for name in ["one", "two", "three"] { try bench.happen(name) }
        let desk = bench.desk()
        #expect(try desk.turn())
        #expect(try !desk.turn())
        #expect(
            try bench.carrier.events.map(\.subject) == [
                "application/one", "application/two", "application/three",
            ])
        #expect(
            try bench.carrier.events.map(\.type).allSatisfy { $0 == "dev.berth.application.registered.v1" })
        let webhook = try bench.webhook(id)
        let secret = try #require(
            try bench.store.read { try $0.secrets(of: webhook, in: bench.vault, now: bench.clock.now) }.first)
        for message in bench.carrier.messages {
            let fields = Dictionary(uniqueKeysWithValues: message.fields.map { ($0.name, $0.value) })
            let signature = try WebhookMessage.signature(
                id: fields["webhook-id"] ?? "", seconds: fields["webhook-timestamp"] ?? "",
                body: message.body, secret: secret)
            #expect(fields["webhook-signature"] == signature)
        }
        #expect(webhook.lease == nil)
        #expect(webhook.lastAttempt?.outcome == "answered 204")
    }

    @Test("a provider's webhook gets nothing of another's, the operators' gets everything", .mission(.a11))
    func tenancy() throws {
        _ = try bench.addWebhook(for: "city")
        _ = try bench.addWebhook(for: "rail")
        let other = RecordingCarrier()
        try bench.happen("purse", of: "city")
        try bench.happen("pass", of: "rail")
        let desk = bench.desk(carrier: other)
        while try desk.turn() {}
        let received = try other.events.map(\.subject).filter { $0.hasPrefix("application/") }
        #expect(received.sorted() == ["application/pass", "application/purse"])
        for event in try other.events { #expect(event.provider != nil) }
        let all = RecordingCarrier()
        _ = try bench.addWebhook()
        try bench.happen("third", of: "rail")
        let everything = bench.desk(carrier: all)
        while try everything.turn() {}
        #expect(try all.events.filter { $0.subject == "application/third" }.count == 2)
    }

    @Test("what is not wanted is passed over, and not looked at twice")
    func filters() throws {
        let id = try bench.addWebhook(kinds: ["application.service-stopped"])
        for name in ["one", "two"] { try bench.happen(name) }
        let desk = bench.desk()
        #expect(try !desk.turn())
        try bench.act { try $0.stopService(of: ApplicationID("one"), reason: "Old.") }
        try bench.order()
        #expect(try desk.turn())
        #expect(try bench.carrier.events.map(\.type) == ["dev.berth.application.service-stopped.v1"])
        #expect(try bench.webhook(id).position == bench.store.read { try $0.newestEvent() })
    }

    @Test("what was not taken is tried again later, and nothing overtakes it")
    func retries() throws {
        let id = try bench.addWebhook(for: "city")
        try bench.happen("one")
        try bench.happen("two")
        bench.carrier.answer(.failed("timed out"), .refused(status: 500, retryAfter: nil))
        let desk = bench.desk()
        #expect(try desk.turn())
        #expect(try !desk.turn())
        let trouble = try #require(try bench.webhook(id).trouble)
        #expect(trouble.attempts == 1)
        bench.clock.advance(by: .seconds(6))
        #expect(try desk.turn())
        #expect(try bench.webhook(id).trouble?.attempts == 2)
        bench.clock.advance(by: .seconds(18))
        #expect(try desk.turn())
        #expect(try bench.webhook(id).trouble == nil)
        #expect(
            try bench.carrier.events.map(\.subject)
                == ["application/one", "application/one", "application/one", "application/two"])
        let ids = bench.carrier.messages.prefix(3).map { $0.fields.first { $0.name == "webhook-id" }?.value }
        #expect(Set(ids).count == 1)
    }

    @Test("the receiver's wish for quiet is heeded")
    func retryAfter() throws {
        let id = try bench.addWebhook(for: "city")
        try bench.happen("one")
        bench.carrier.answer(.refused(status: 429, retryAfter: .seconds(900)))
        let desk = bench.desk()
        #expect(try desk.turn())
        bench.clock.advance(by: .seconds(899))
        #expect(try !desk.turn())
        bench.clock.advance(by: .seconds(1))
        #expect(try desk.turn())
        #expect(try bench.webhook(id).trouble == nil)
    }

    @Test("one that takes nothing for days is disabled, and its owner learns of it")
    func disabled() throws {
        let id = try bench.addWebhook(for: "city")
        try bench.happen("one")
        let desk = bench.desk()
        for _ in 0..<100 {
            bench.carrier.answer(.failed("timed out"))
            _ = try desk.turn()
            bench.clock.advance(by: .seconds(7 * 3_600))
            if try bench.webhook(id).life != .active { break }
        }
        guard case .disabled(_, .failing) = try bench.webhook(id).life else {
            Issue.record("it still sends")
            return
        }
        let sent = bench.carrier.messages.count
        #expect((8...40).contains(sent))
        #expect(try !desk.turn())
        try bench.order()
        let events = try bench.store.read { try Outbox.events(after: 0, $0) }
        #expect(events.last?.kind == "webhook.disabled")
        #expect(events.last?.provider?.text == "city")
    }

    @Test("another node goes on when one dies in the middle, and both never send at once")
    func nodes() throws {
        let id = try bench.addWebhook(for: "city")
        try bench.happen("one")
        let seen = try bench.webhook(id)
        let taken = try bench.store.write { [now = bench.clock.now] in
            try $0.lease(seen, by: [0xDE, 0xAD], now: now)
        }
        #expect(taken != nil)
        let desk = bench.desk()
        #expect(try !desk.turn())
        bench.clock.advance(by: .seconds(Bounds.webhookLeaseSeconds - 1))
        #expect(try !desk.turn())
        bench.clock.advance(by: .seconds(1))
        #expect(try desk.turn())
        #expect(bench.carrier.messages.count == 1)
    }

    @Test("a range is sent once more, then what is new; nothing that waited is lost")
    func replay() throws {
        let id = try bench.addWebhook(for: "city")
        let desk = bench.desk()
        for name in ["one", "two", "three"] { try bench.happen(name) }
        while try desk.turn() {}
        let events = try bench.store.read { try Outbox.events(after: 0, $0) }
        let first = try #require(events.first { $0.subject == "application/one" }).position
        bench.carrier.answer(.failed("timed out"))
        try bench.happen("four")
        _ = try desk.turn()
        try bench.act { _ = try $0.replay(id, from: first, through: first + 1) }
        bench.clock.advance(by: .seconds(60))
        while try desk.turn() {}
        #expect(
            try bench.carrier.events.map(\.subject).filter { $0.hasPrefix("application/") }.map {
                $0.dropFirst(12)
            }
                == ["one", "two", "three", "four", "one", "two", "four"])
        #expect(try bench.webhook(id).replay == nil)
    }

    @Test("a person's change during a turn stays")
    func changedMeanwhile() throws {
        let id = try bench.addWebhook(for: "city")
        try bench.happen("one")
        let carrier = MeddlingCarrier { [bench] in
            try? bench.act { _ = try $0.disableWebhook(id) }
        }
        let desk = WebhookDesk(bench.node, carrier: carrier, source: "s")
        #expect(try desk.turn())
        guard case .disabled(_, .person) = try bench.webhook(id).life else {
            Issue.record("the change was lost")
            return
        }
    }

    @Test("a busy webhook does not keep others waiting")
    func fairness() throws {
        let (one, other) = (try bench.addWebhook(for: "city"), try bench.addWebhook(for: "city"))
        for index in 0..<60 { try bench.happen("a\(index)") }
        let desk = bench.desk()
        #expect(try desk.turn())
        #expect(try desk.turn())
        for id in [one, other] { #expect(try bench.webhook(id).lastAttempt != nil) }
    }
}

/// Does something while a message is on its way.
private final class MeddlingCarrier: WebhookCarrier {
    private let act: @Sendable () -> Void

    init(_ act: @escaping @Sendable () -> Void) { self.act = act }

    func carry(_ message: WebhookMessage) -> DeliveryOutcome {
        act()
        return .delivered(status: 200)
    }
}
