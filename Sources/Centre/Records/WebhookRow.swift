extension Webhook: Record {
    package static let table = Table(
        "webhooks", key: [.text("id")],
        [
            .text("provider").optional, .text("url"), .text("kinds"), .text("subjects"), .text("life"),
            .text("life_cause").optional, .integer("life_since").optional, .integer("created_at"),
            .integer("secret_version"), .integer("previous_until").optional, .integer("position"),
            .integer("replay_position").optional, .integer("replay_through").optional,
            .integer("attempts").optional, .integer("failing_since").optional,
            .integer("next_try").optional, .text("last_outcome").optional, .integer("last_at").optional,
            .bytes("lease_node").optional, .integer("lease_until").optional,
        ])

    package var row: [StoredValue] {
        let (life, cause, since): (String, Cause?, Instant?) =
            switch self.life {
            case .active: ("active", nil, nil)
            case .disabled(let at, let cause): ("disabled", cause, at)
            }
        return [
            .word(id), .word(provider), .text(url.text),
            .text(filter.kinds.map(\.text).joined(separator: " ")),
            .text(filter.subjects.map(\.text).joined(separator: " ")), .text(life),
            .optional(cause?.rawValue), .instant(since), .instant(createdAt), .count(secretVersion),
            .instant(previousSecretUntil), .integer(position), .optional(replay?.position),
            .optional(replay?.through), .optional(trouble?.attempts), .instant(trouble?.since),
            .instant(trouble?.nextTry), .optional(lastAttempt?.outcome), .instant(lastAttempt?.at),
            .optional(lease?.node), .instant(lease?.until),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        id = try row.identifier()
        provider = try row.optionalIdentifier()
        url = try row.word { WebhookURL($0) }
        filter = EventFilter(
            kinds: try row.spaced(EventFilter.Kind.init), subjects: try row.spaced(EventFilter.Subject.init))
        switch (try row.text(), try row.optionalText(), try row.optionalInstant()) {
        case ("active", nil, nil): life = .active
        case ("disabled", let cause?, let at?):
            guard let cause = Cause(rawValue: cause) else { throw row.failure("is of no known cause") }
            life = .disabled(at: at, because: cause)
        default: throw row.failure("does not go with the life")
        }
        createdAt = try row.instant()
        secretVersion = try row.count()
        previousSecretUntil = try row.optionalInstant()
        position = try row.integer()
        switch (try row.optionalInteger(), try row.optionalInteger()) {
        case (nil, nil): replay = nil
        case (let position?, let through?): replay = Replay(position: position, through: through)
        default: throw row.failure("makes half a replay")
        }
        switch (try row.optionalInteger(), try row.optionalInstant(), try row.optionalInstant()) {
        case (nil, nil, nil): trouble = nil
        case (let attempts?, let since?, let next?):
            trouble = Trouble(since: since, attempts: Int(attempts), nextTry: next)
        default: throw row.failure("makes half a trouble")
        }
        switch (try row.optionalText(), try row.optionalInstant()) {
        case (nil, nil): lastAttempt = nil
        case (let outcome?, let at?): lastAttempt = Attempt(at: at, outcome: outcome)
        default: throw row.failure("makes half an attempt")
        }
        switch (try row.optionalBytes(), try row.optionalInstant()) {
        case (nil, nil): lease = nil
        case (let node?, let until?): lease = Lease(node: node, until: until)
        default: throw row.failure("makes half a lease")
        }
    }
}

extension RowReader {
    /// Words in one column, with a space between.
    fileprivate mutating func spaced<Word>(_ make: (String) -> Word?) throws(RowError) -> [Word] {
        let texts = try text().split(separator: " ").map(String.init)
        let words = texts.compactMap(make)
        guard words.count == texts.count else { throw failure("has a word that is none") }
        return words
    }
}
