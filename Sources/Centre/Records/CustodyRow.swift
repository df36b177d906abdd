internal import SmartCard

extension Custody: Record {
    package static let table = Table(
        "custody", key: [.text("card"), .text("aid"), .integer("ordinal")],
        [
            .text("application"), .text("version"), .text("provider"), .text("holder").optional,
            .text("parking"), .text("parking_reason").optional, .text("state"),
            .integer("state_since").optional, .text("destination").optional, .text("state_reason").optional,
            .integer("generation"), .bytes("lineage"), .integer("format"), .integer("image_bytes"),
            .bytes("digest"), .integer("room_nonvolatile"), .integer("room_volatile"),
            .integer("opened_at"), .integer("held_since").optional,
        ])

    package var row: [StoredValue] {
        let parking = parking.columns
        let state = state.columns
        return [
            .text(card.text), .text(aid.description), .integer(Int64(ordinal)),
            .text(release.application.text), .text(release.version.text), .text(provider.text),
            .optional(holder?.text), .text(parking.word), .optional(parking.reason), .text(state.word),
            .optional(state.since), .optional(state.destination?.text), .optional(state.reason),
            .integer(Int64(generation)), .bytes(lineage), .integer(Int64(format)),
            .integer(Int64(imageBytes)), .bytes(digest), .integer(Int64(room.nonVolatile)),
            .integer(Int64(room.volatile)), .integer(openedAt.milliseconds), .optional(heldSince),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        card = try row.word(CardID.init)
        aid = try row.word { try AID(hex: $0) }
        ordinal = try row.int()
        release = ReleaseID(try row.word(ApplicationID.init), try row.word(ReleaseVersion.init))
        provider = try row.word(ProviderID.init)
        holder = try row.optionalWord(HolderNumber.init)
        parking = try Release.Parking(custody: &row)
        state = try State(row: &row)
        generation = try row.generation()
        lineage = try row.bytes()
        format = try row.generation()
        imageBytes = try row.int()
        digest = try row.bytes()
        room = Room(nonVolatile: try row.int(), volatile: try row.int())
        openedAt = Instant(milliseconds: try row.integer())
        heldSince = try row.optionalInteger().map(Instant.init(milliseconds:))
    }
}

extension Custody.State {
    fileprivate var columns: (word: String, since: Instant?, destination: CardID?, reason: String?) {
        switch self {
        case .frozen: ("frozen", nil, nil, nil)
        case .provisional: ("provisional", nil, nil, nil)
        case .surrendering: ("surrendering", nil, nil, nil)
        case .held(let since): ("held", since, nil, nil)
        case .returning(let card, let since): ("returning", since, card, nil)
        case .returned(let card, let at): ("returned", at, card, nil)
        case .discarded(let at, let reason): ("discarded", at, nil, reason)
        }
    }

    fileprivate init(row: inout RowReader) throws(RowError) {
        let word = try row.text()
        let since = try row.optionalInteger().map(Instant.init(milliseconds:))
        let destination = try row.optionalWord(CardID.init)
        let reason = try row.optionalText()
        switch (word, since, destination, reason) {
        case ("frozen", nil, nil, nil): self = .frozen
        case ("provisional", nil, nil, nil): self = .provisional
        case ("surrendering", nil, nil, nil): self = .surrendering
        case ("held", let since?, nil, nil): self = .held(since: since)
        case ("returning", let since?, let card?, nil): self = .returning(to: card, since: since)
        case ("returned", let at?, let card?, nil): self = .returned(to: card, at: at)
        case ("discarded", let at?, nil, let reason?): self = .discarded(at: at, reason: reason)
        default: throw row.failure("makes no state with '\(word)'")
        }
    }
}

extension Release.Parking {
    fileprivate var columns: (word: String, reason: String?) {
        switch self {
        case .contract: ("contract", nil)
        case .stateless: ("stateless", nil)
        case .rePersonalised: ("re-personalised", nil)
        case .never(let reason): ("never", reason)
        }
    }

    fileprivate init(custody row: inout RowReader) throws(RowError) {
        let word = try row.text()
        switch (word, try row.optionalText()) {
        case ("contract", nil): self = .contract
        case ("stateless", nil): self = .stateless
        case ("re-personalised", nil): self = .rePersonalised
        case ("never", let reason?): self = .never(reason: reason)
        default: throw row.failure("makes no class of parking with '\(word)'")
        }
    }
}

extension StoredValue {
    fileprivate static func optional(_ instant: Instant?) -> StoredValue {
        instant.map { .integer($0.milliseconds) } ?? .null
    }
}
