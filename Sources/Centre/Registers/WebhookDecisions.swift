/// What came of sending one event.
package enum DeliveryOutcome: Hashable, Sendable {
    case delivered(status: Int)
    /// The receiver wants no more (410, as Standard Webhooks has it).
    case gone
    case refused(status: Int, retryAfter: Duration?)
    /// Nothing came back, in a few words of ours: `timed out`.
    case failed(StaticString)

    /// By the status of the answer; only 2xx is delivered, and nobody follows a redirect.
    package init(status: Int, retryAfter: String?, at now: Instant) {
        switch status {
        case 200...299: self = .delivered(status: status)
        case 410: self = .gone
        default:
            self = .refused(status: status, retryAfter: retryAfter.flatMap { Self.wait($0, at: now) })
        }
    }

    /// Seconds, or a point in time (RFC 9110 §10.2.3); nothing where that is over.
    private static func wait(_ text: String, at now: Instant) -> Duration? {
        let asked: Duration? =
            if let seconds = Int64(text) {
                Duration.seconds(seconds)
            } else {
                Instant(httpDate: text).map { now.duration(to: $0) }
            }
        guard let asked, asked > .zero else { return nil }
        return min(asked, .seconds(86_400 * 365))
    }

    package static func == (one: DeliveryOutcome, other: DeliveryOutcome) -> Bool {
        switch (one, other) {
        case (.delivered(let a), .delivered(let b)): a == b
        case (.gone, .gone): true
        case (.refused(let a, let x), .refused(let b, let y)): a == b && x == y
        case (.failed(let a), .failed(let b)): "\(a)" == "\(b)"
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(words) }

    package var words: String {
        switch self {
        case .delivered(let status): "answered \(status)"
        case .gone: "answered 410: no more is wanted"
        case .refused(let status, _): "answered \(status)"
        case .failed(let words): "\(words)"
        }
    }
}

// What happens to a webhook, as values: no clock, no chance and no network of its own.
extension Webhook {
    /// How long the next try waits: five seconds, three times as long each time, at most six hours; and as chance has
    /// it a fifth more or less, so that not everything comes at once when a receiver is back.
    /// - Parameter chance: any byte.
    package static func wait(afterAttempts attempts: Int, chance: UInt8) -> Duration {
        let most = Bounds.webhookWaitMax.components.seconds * 1_000
        var milliseconds: Int64 = 5_000
        for _ in 1..<max(1, min(attempts, 20)) { milliseconds = min(most, milliseconds * 3) }
        return .milliseconds(milliseconds * (800 + Int64(chance) * 400 / 255) / 1_000)
    }

    /// Whether a node may look for something to send now.
    package func isDue(at now: Instant, newest: Int64) -> Bool {
        guard life == .active, lease.map({ $0.until <= now }) ?? true else { return false }
        if let trouble, trouble.nextTry > now { return false }
        return replay != nil || position < newest
    }

    /// Where the next look begins, and where it must end.
    package var range: (after: Int64, through: Int64?) {
        replay.map { ($0.position, $0.through) } ?? (position, nil)
    }

    package mutating func advance(to place: Int64) {
        if var replay {
            replay.position = max(replay.position, place)
            self.replay = replay.position >= replay.through ? nil : replay
        } else {
            position = max(position, place)
        }
    }

    /// After an event was sent, or not.
    package func after(_ outcome: DeliveryOutcome, of place: Int64, at now: Instant, chance: UInt8) -> Webhook
    {
        var next = self
        next.lastAttempt = Attempt(at: now, outcome: outcome.words)
        switch outcome {
        case .delivered:
            next.trouble = nil
            next.advance(to: place)
        case .gone:
            next.trouble = nil
            next.life = .disabled(at: now, because: .gone)
        case .refused(_, let retryAfter): next.suffer(at: now, chance, retryAfter)
        case .failed: next.suffer(at: now, chance, nil)
        }
        return next
    }

    private mutating func suffer(at now: Instant, _ chance: UInt8, _ retryAfter: Duration?) {
        // A clock that was set back makes no trouble last longer.
        let since = min(trouble?.since ?? now, now)
        let attempts = (trouble?.attempts ?? 0) + 1
        if now.duration(to: since.advanced(by: .seconds(86_400 * Bounds.webhookFailingDays))) <= .zero {
            life = .disabled(at: now, because: .failing)
            trouble = nil
            return
        }
        let wait = Self.wait(afterAttempts: attempts, chance: chance)
        let asked = min(retryAfter ?? .zero, Bounds.webhookRetryAfterMax)
        trouble = Trouble(since: since, attempts: attempts, nextTry: now.advanced(by: max(wait, asked)))
    }
}
