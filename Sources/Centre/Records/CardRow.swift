internal import SmartCard

extension Card: Record {
    package static let table = Table(
        "cards", key: [.text("id")],
        [
            .text("profile"), .bytes("issuer_domain"),
            .text("master_key"), .integer("key_version"), .text("channel"), .bytes("diversification"),
            .integer("is_predictable"), .integer("next_counter").optional,
            .integer("least_counter").optional,
            .text("life"), .text("life_reason").optional,
            .text("holder").optional, .integer("expiry").optional, .integer("issue_number"),
            .integer("registered_at"), .bytes("serial").optional,
            .integer("read_at").optional, .integer("life_cycle").optional,
            .integer("free_nv").optional, .integer("free_v").optional,
            .integer("sum_nv").optional, .integer("sum_v").optional,
            .bytes("registry_digest").optional, .text("drift").optional,
            .integer("revision"), .bytes("audit_head"),
        ])

    package var row: [StoredValue] {
        let columns: [[StoredValue]] = [
            [.word(id), .word(profile), .aid(issuerDomain)], keySet.values, life.values,
            [.word(holder), .day(expiry), .count(issueNumber), .instant(registeredAt)],
            [.optional(serial)], inventory.values, [.integer(revision), .bytes(auditHead)],
        ]
        return columns.flatMap { $0 }
    }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            id: try row.identifier(), profile: try row.identifier(), issuerDomain: try row.aid(),
            keySet: try KeySet(row: &row), life: try Life(row: &row), holder: try row.optionalIdentifier(),
            expiry: try row.optionalDay(), issueNumber: try row.count(), registeredAt: try row.instant(),
            serial: try row.optionalBytes(), inventory: try Inventory.read(&row), revision: try row.integer(),
            auditHead: try row.bytes())
    }
}

extension Card.KeySet {
    fileprivate var values: [StoredValue] {
        [
            .word(masterKey), .count(Int(version)), .text(channel.word), .bytes(diversificationData),
            .bool(isChallengePredictable), .optional(nextSequenceCounter),
            .optional(leastSequenceCounter),
        ]
    }

    fileprivate init(row: inout RowReader) throws(RowError) {
        self.init(
            masterKey: try row.identifier(), version: try row.byte(),
            channel: try row.word(Channel.init(word:)), diversificationData: try row.bytes(),
            isChallengePredictable: try row.bool(), nextSequenceCounter: try row.optionalCounter(),
            leastSequenceCounter: try row.optionalCounter())
    }
}

extension RowReader {
    fileprivate mutating func optionalCounter() throws(RowError) -> UInt32? {
        guard let number = try optionalInteger() else { return nil }
        guard let counter = UInt32(exactly: number) else { throw failure("is not a counter") }
        return counter
    }
}

extension Card.KeySet.Channel {
    var word: String {
        switch self {
        case .scp02: "scp02"
        case .scp03: "scp03"
        }
    }

    init?(word: String) {
        switch word {
        case "scp02": self = .scp02
        case "scp03": self = .scp03
        default: return nil
        }
    }
}

extension Card.Life {
    fileprivate var values: [StoredValue] {
        switch self {
        case .active: [.text("active"), .null]
        case .blocked(let reason): [.text("blocked"), .text(reason)]
        case .retired(let reason): [.text("retired"), .text(reason)]
        }
    }

    fileprivate init(row: inout RowReader) throws(RowError) {
        let word = try row.text()
        let reason = try row.optionalText()
        switch (word, reason) {
        case ("active", nil): self = .active
        case ("blocked", let reason?): self = .blocked(reason: reason)
        case ("retired", let reason?): self = .retired(reason: reason)
        default: throw row.failure("does not go with the life '\(word)'")
        }
    }
}

extension Card.Inventory {
    fileprivate static func read(_ row: inout RowReader) throws(RowError) -> Card.Inventory? {
        let readAt = try row.optionalInstant()
        let lifeCycle = try row.optionalByte()
        let free = try row.optionalRoom()
        let sum = try row.optionalRoom()
        let digest = try row.optionalBytes()
        let drift = try row.optionalText()
        switch (readAt, digest) {
        case (let readAt?, let digest?):
            return .init(
                readAt: readAt, lifeCycle: lifeCycle, free: free, sum: sum, digest: digest, drift: drift)
        case (nil, nil) where lifeCycle == nil && free == nil && sum == nil && drift == nil: return nil
        default: throw row.failure("is half an inventory")
        }
    }
}

extension Card.Inventory? {
    fileprivate var values: [StoredValue] {
        [.instant(self?.readAt), .optional(self?.lifeCycle)] + StoredValue.room(self?.free)
            + StoredValue.room(self?.sum) + [.optional(self?.digest), .optional(self?.drift)]
    }
}
