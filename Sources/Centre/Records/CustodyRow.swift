extension Custody: Record {
    package static let table = Table(
        "custody", key: [.text("card"), .bytes("aid"), .integer("ordinal")],
        [
            .text("application"), .text("version"), .text("provider"), .text("holder").optional,
            .text("parking"), .text("parking_reason").optional, .text("state"),
            .integer("state_since").optional, .text("destination").optional, .text("state_reason").optional,
            .integer("generation"), .bytes("lineage"), .integer("format"), .integer("image_bytes"),
            .bytes("digest"), .integer("room_nv"), .integer("room_v"),
            .integer("opened_at"), .integer("held_since").optional,
        ])

    package var row: [StoredValue] {
        let parking = parking.columns
        let state = state.columns
        return [
            .word(card), .aid(aid), .count(ordinal), .word(release.application), .word(release.version),
            .word(provider), .word(holder), .text(parking.word), .optional(parking.reason),
            .text(state.word), .instant(state.since), .word(state.destination), .optional(state.reason),
            .integer(Int64(generation)), .bytes(lineage), .integer(Int64(format)), .count(imageBytes),
            .bytes(digest), .count(room.nonVolatile), .count(room.volatile), .instant(openedAt),
            .instant(heldSince),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        card = try row.identifier()
        aid = try row.aid()
        ordinal = try row.count()
        release = ReleaseID(try row.identifier(), try row.identifier())
        provider = try row.identifier()
        holder = try row.optionalIdentifier()
        parking = try Release.Parking(custody: &row)
        state = try State(row: &row)
        generation = try row.unsigned()
        lineage = try row.bytes()
        format = try row.unsigned()
        imageBytes = try row.count()
        digest = try row.bytes()
        room = Room(nonVolatile: try row.count(), volatile: try row.count())
        openedAt = try row.instant()
        heldSince = try row.optionalInstant()
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
        let since = try row.optionalInstant()
        let destination: CardID? = try row.optionalIdentifier()
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
