internal import SmartCard

extension Tariff: Record {
    /// Stands where a tariff is for every application of its provider; no application has this name.
    static let everyApplication = "*"

    package static let table = Table(
        "tariffs", key: [.text("provider"), .text("application"), .integer("valid_from")],
        [
            .text("basis"), .integer("rate"), .text("currency"), .integer("free_days"), .integer("minimum"),
            .integer("cap").optional, .integer("recorded_at"),
        ])

    package var row: [StoredValue] {
        let basis =
            switch self.basis {
            case .day: "day"
            case .kilobyteDay: "kilobyte-day"
            }
        return [
            .word(provider), .text(application?.text ?? Self.everyApplication), .instant(validFrom),
            .text(basis), .integer(rate), .text(terms.currency.code), .count(terms.freeDays),
            .integer(terms.minimum), .optional(terms.cap), .instant(recordedAt),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        provider = try row.identifier()
        application = try row.word { text in
            text == Self.everyApplication ? .some(nil) : .some(try ApplicationID(text))
        }
        validFrom = try row.instant()
        switch try row.text() {
        case "day": basis = .day
        case "kilobyte-day": basis = .kilobyteDay
        default: throw row.failure("is no basis of a rate")
        }
        rate = try row.integer()
        terms = Terms(
            currency: try row.word { Currency($0) }, freeDays: try row.count(), minimum: try row.integer(),
            cap: try row.optionalInteger())
        recordedAt = try row.instant()
        if problem != nil { throw row.failure("ends a tariff that makes no sense") }
    }
}

extension Stay: Record {
    package static let table = Table(
        "custody_stays", key: [.text("card"), .bytes("aid"), .integer("ordinal")],
        [
            .text("provider"), .text("application"), .text("holder").optional, .integer("since"),
            .integer("until").optional, .integer("end_month").optional, .integer("byte_count"),
            .bytes("digest"),
        ])

    package var row: [StoredValue] {
        [
            .word(id.card), .aid(id.aid), .count(id.ordinal), .word(provider), .word(application),
            .word(holder), .instant(since), .instant(until), .optional(endMonth), .count(byteCount),
            .bytes(digest),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        id = StayID(card: try row.identifier(), aid: try row.aid(), ordinal: try row.int())
        provider = try row.identifier()
        application = try row.identifier()
        holder = try row.optionalIdentifier()
        since = try row.instant()
        until = try row.optionalInstant()
        let month = try row.optionalInteger()
        byteCount = try row.count()
        digest = try row.bytes()
        guard month == endMonth else { throw row.failure("ends a stay whose month is not that of its end") }
    }
}
