/// Where events are sent to as they happen, and how far that has come.
package struct Webhook: Hashable, Sendable {
    package enum Life: Hashable, Sendable {
        case active
        /// Nothing is sent until a person lifts this.
        case disabled(at: Instant, because: Cause)
    }

    package enum Cause: String, Hashable, Sendable {
        case person
        /// The receiver said that it wants no more (410).
        case gone
        /// It did not take anything for days.
        case failing
    }

    /// Events that are sent once more, before those that are new.
    package struct Replay: Hashable, Sendable {
        /// Of the last one that was sent.
        package var position: Int64
        package var through: Int64

        package init(position: Int64, through: Int64) {
            self.position = position
            self.through = through
        }
    }

    /// What the next event waits for.
    package struct Trouble: Hashable, Sendable {
        package var since: Instant
        package var attempts: Int
        package var nextTry: Instant

        package init(since: Instant, attempts: Int, nextTry: Instant) {
            self.since = since
            self.attempts = attempts
            self.nextTry = nextTry
        }
    }

    /// One node at a time sends.
    package struct Lease: Hashable, Sendable {
        package var node: [UInt8]
        package var until: Instant

        package init(node: [UInt8], until: Instant) {
            self.node = node
            self.until = until
        }
    }

    /// What came of the newest attempt, in a few words.
    package struct Attempt: Hashable, Sendable {
        package var at: Instant
        package var outcome: String

        package init(at: Instant, outcome: String) {
            self.at = at
            self.outcome = outcome
        }
    }

    package var id: WebhookID
    /// Whose it is; `nil` for the operators', which gets everything.
    package var provider: ProviderID?
    package var url: WebhookURL
    package var filter: EventFilter
    package var life: Life
    package var createdAt: Instant
    /// Which secret signs; the one before signs too until then.
    package var secretVersion: Int
    package var previousSecretUntil: Instant?
    /// Everything up to here was sent, or is not wanted.
    package var position: Int64
    package var replay: Replay?
    package var trouble: Trouble?
    package var lastAttempt: Attempt?
    package var lease: Lease?

    package init(
        id: WebhookID, provider: ProviderID?, url: WebhookURL, filter: EventFilter = .everything,
        life: Life = .active, createdAt: Instant, secretVersion: Int = 1,
        previousSecretUntil: Instant? = nil, position: Int64, replay: Replay? = nil, trouble: Trouble? = nil,
        lastAttempt: Attempt? = nil, lease: Lease? = nil
    ) {
        self.id = id
        self.provider = provider
        self.url = url
        self.filter = filter
        self.life = life
        self.createdAt = createdAt
        self.secretVersion = secretVersion
        self.previousSecretUntil = previousSecretUntil
        self.position = position
        self.replay = replay
        self.trouble = trouble
        self.lastAttempt = lastAttempt
        self.lease = lease
    }

    package var sight: EventSight { provider.map(EventSight.provider) ?? .everything }
}

/// The address of a receiver: `https://example.org/hooks/berth?of=cards`. No user name, no password, no fragment.
package struct WebhookURL: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package let isEncrypted: Bool
    /// A name, or an address as it stands in URLs; without brackets.
    package let host: String

    package init?(_ text: String) {
        let schemes = [("https://", true), ("http://", false)]
        guard text.utf8.count <= Bounds.webhookURLBytesMax,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !text.utf8.contains(where: { Array("\"<>\\^`{|}#".utf8).contains($0) }),
            let scheme = schemes.first(where: { text.hasPrefix($0.0) })
        else { return nil }
        let rest = text.dropFirst(scheme.0.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard let host = Self.host(of: authority) else { return nil }
        self.text = text
        self.host = host
        isEncrypted = scheme.1
    }

    package var description: String { text }

    private static func host(of authority: Substring) -> String? {
        guard !authority.contains("@") else { return nil }
        var (host, rest) = (authority, authority.prefix(0))
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
                return nil
            }
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority.dropFirst(host.count)
            guard host.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" }) else {
                return nil
            }
        }
        let isPort = rest.isEmpty || (rest.hasPrefix(":") && (UInt16(rest.dropFirst()) ?? 0) > 0)
        return host.isEmpty || !isPort ? nil : String(host)
    }
}
