import Centre
import TestSupport
import Testing

@Suite("What becomes of a webhook")
struct WebhookDecisionTests {
    static let now = instant("2026-03-10T12:00:00Z")

    static func webhook(_ change: (inout Webhook) -> Void = { _ in }) throws -> Webhook {
        let url = try #require(WebhookURL("https://a.example/"))
        var webhook = Webhook(id: name("w"), provider: nil, url: url, createdAt: now, position: 10)
        change(&webhook)
        return webhook
    }

    // Five seconds, three times as long each time, never more than six hours; chance: 80, 100 and 120 in a hundred.
    static let waits: [(Int, UInt8, Int64)] = [
        (1, 0, 4_000), (1, 255, 6_000), (2, 0, 12_000), (3, 0, 36_000), (4, 255, 162_000),
        (5, 0, 324_000), (8, 0, 8_748_000), (9, 0, 17_280_000), (9, 255, 25_920_000),
        (1_000_000, 255, 25_920_000), (0, 0, 4_000),
    ]

    @Test("the next try waits longer each time", arguments: waits)
    func wait(_ attempts: Int, _ chance: UInt8, _ milliseconds: Int64) {
        #expect(Webhook.wait(afterAttempts: attempts, chance: chance) == .milliseconds(milliseconds))
    }

    static let outcomes: [(Int, String?, DeliveryOutcome)] = [
        (200, nil, .delivered(status: 200)), (204, "9", .delivered(status: 204)),
        (299, nil, .delivered(status: 299)), (410, nil, .gone),
        (301, nil, .refused(status: 301, retryAfter: nil)),
        (199, nil, .refused(status: 199, retryAfter: nil)),
        (400, "-5", .refused(status: 400, retryAfter: nil)),
        (429, "120", .refused(status: 429, retryAfter: .seconds(120))),
        // Dates (RFC 9110 §5.6.7): ten minutes from now, now, and a second ago.
        (503, "Tue, 10 Mar 2026 12:10:00 GMT", .refused(status: 503, retryAfter: .seconds(600))),
        (503, "Tue, 10 Mar 2026 12:00:00 GMT", .refused(status: 503, retryAfter: nil)),
        (503, "Tue, 10 Mar 2026 11:59:59 GMT", .refused(status: 503, retryAfter: nil)),
        (503, "Fri, 31 Dec 9999 23:59:59 GMT", .refused(status: 503, retryAfter: .seconds(31_536_000))),
        (503, "soon", .refused(status: 503, retryAfter: nil)),
        (503, "9223372036854775807", .refused(status: 503, retryAfter: .seconds(31_536_000))),
        (503, "99999999999", .refused(status: 503, retryAfter: .seconds(31_536_000))),
    ]

    @Test("only 2xx is delivered, 410 is the end, and a redirect is a refusal", arguments: outcomes)
    func outcome(_ status: Int, _ retryAfter: String?, _ outcome: DeliveryOutcome) {
        #expect(DeliveryOutcome(status: status, retryAfter: retryAfter, at: Self.now) == outcome)
    }

    @Test("is due when there is something, nobody has it, and it may try")
    func due() throws {
        let later = Self.now.advanced(by: .seconds(1))
        let rows: [(Int64, Bool, (inout Webhook) -> Void)] = [
            (11, true, { _ in }), (10, false, { _ in }),
            (11, false, { $0.life = .disabled(at: Self.now, because: .person) }),
            (11, false, { $0.lease = .init(node: [1], until: later) }),
            (11, true, { $0.lease = .init(node: [1], until: Self.now) }),
            (11, false, { $0.trouble = .init(since: Self.now, attempts: 1, nextTry: later) }),
            (11, true, { $0.trouble = .init(since: Self.now, attempts: 1, nextTry: Self.now) }),
            (10, true, { $0.replay = .init(position: 1, through: 2) }),
        ]
        for (index, row) in rows.enumerated() {
            let webhook = try Self.webhook(row.2)
            #expect(webhook.isDue(at: Self.now, newest: row.0) == row.1, "row \(index)")
        }
    }

    @Test("what was delivered ends the trouble and is not sent again")
    func delivered() throws {
        let webhook = try Self.webhook { $0.trouble = .init(since: Self.now, attempts: 4, nextTry: Self.now) }
        let next = webhook.after(.delivered(status: 200), of: 12, at: Self.now, chance: 0)
        #expect(next.position == 12)
        #expect(next.trouble == nil)
        #expect(next.lastAttempt == .init(at: Self.now, outcome: "answered 200"))
        #expect(next.life == .active)
    }

    @Test("what was not delivered is tried again, later each time, and holds its place")
    func failed() throws {
        let first = try Self.webhook().after(.failed("timed out"), of: 12, at: Self.now, chance: 0)
        #expect(
            first.trouble
                == .init(since: Self.now, attempts: 1, nextTry: Self.now.advanced(by: .seconds(4))))
        #expect(first.position == 10)
        let then = Self.now.advanced(by: .seconds(4))
        let second = first.after(.refused(status: 500, retryAfter: nil), of: 12, at: then, chance: 0)
        #expect(
            second.trouble == .init(since: Self.now, attempts: 2, nextTry: then.advanced(by: .seconds(12))))
        #expect(second.lastAttempt?.outcome == "answered 500")
    }

    @Test("the receiver may ask for more time, but not for years")
    func retryAfter() throws {
        for (asked, given) in [
            (Duration.seconds(600), Duration.seconds(600)), (.seconds(9_999_999), .seconds(86_400)),
        ] {
            let next = try Self.webhook().after(
                .refused(status: 429, retryAfter: asked), of: 12, at: Self.now, chance: 0)
            #expect(next.trouble?.nextTry == Self.now.advanced(by: given))
        }
    }

    @Test("a receiver that is gone, or takes nothing for five days, gets nothing more")
    func disabled() throws {
        let gone = try Self.webhook().after(.gone, of: 12, at: Self.now, chance: 0)
        #expect(gone.life == .disabled(at: Self.now, because: .gone))
        let troubled = try Self.webhook {
            $0.trouble = .init(since: Self.now, attempts: 30, nextTry: Self.now)
        }
        let days = Duration.seconds(86_400 * 5)
        let before = Self.now.advanced(by: days - .milliseconds(1))
        #expect(troubled.after(.failed("x"), of: 12, at: before, chance: 0).life == .active)
        let after = Self.now.advanced(by: days)
        let ended = troubled.after(.failed("x"), of: 12, at: after, chance: 0)
        #expect(ended.life == .disabled(at: after, because: .failing))
        #expect(ended.trouble == nil)
    }

    @Test("a clock that was set back makes no trouble older or younger than it can be")
    func clockBack() throws {
        let troubled = try Self.webhook {
            $0.trouble = .init(since: Self.now, attempts: 1, nextTry: Self.now)
        }
        let earlier = Self.now.advanced(by: .seconds(-3_600))
        let next = troubled.after(.failed("x"), of: 12, at: earlier, chance: 0)
        #expect(next.trouble?.since == earlier)
    }

    @Test("what is sent again comes first, and moves nothing else")
    func replay() throws {
        var webhook = try Self.webhook { $0.replay = .init(position: 2, through: 4) }
        #expect(webhook.range.after == 2)
        #expect(webhook.range.through == 4)
        webhook = webhook.after(.delivered(status: 200), of: 3, at: Self.now, chance: 0)
        #expect(webhook.replay == .init(position: 3, through: 4))
        webhook = webhook.after(.delivered(status: 200), of: 4, at: Self.now, chance: 0)
        #expect(webhook.replay == nil)
        #expect(webhook.position == 10)
        #expect(webhook.range.after == 10)
        #expect(webhook.range.through == nil)
    }
}
