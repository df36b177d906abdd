internal import GlobalPlatform
internal import SmartCard

extension InstalledApplication: Record {
    package static let table = Table(
        "card_applications", key: [.text("card"), .bytes("aid")],
        [
            .integer("life_cycle"), .integer("privileges"), .bytes("load_file").optional,
            .bytes("domain").optional, .text("application").optional, .text("version").optional,
            .integer("installed_at").optional, .integer("last_used_at").optional,
            .text("stay").optional, .text("stay_reason").optional,
            .integer("nv").optional, .integer("v").optional,
        ])

    package var row: [StoredValue] {
        let columns: [[StoredValue]] = [
            [.word(card), .aid(aid), .count(Int(lifeCycle)), .privileges(privileges)],
            [.aid(loadFile), .aid(domain)], StoredValue.release(release),
            [.instant(installedAt), .instant(lastUsedAt)], stay.values, StoredValue.room(measured),
        ]
        return columns.flatMap { $0 }
    }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            card: try row.identifier(), aid: try row.aid(), lifeCycle: try row.byte(),
            privileges: try row.privileges(), loadFile: try row.optionalAID(), domain: try row.optionalAID(),
            release: try row.optionalRelease(), installedAt: try row.optionalInstant(),
            lastUsedAt: try row.optionalInstant(), stay: try Stay(row: &row),
            measured: try row.optionalRoom())
    }
}

extension InstalledApplication.Stay {
    /// Nothing where it may leave, as nearly all may: a fleet has millions of these rows.
    fileprivate var values: [StoredValue] {
        switch self {
        case .mayLeave: [.null, .null]
        case .preferred: [.text("preferred"), .null]
        case .pinned(let reason): [.text("pinned"), .text(reason)]
        }
    }

    fileprivate init(row: inout RowReader) throws(RowError) {
        let word = try row.optionalText()
        let reason = try row.optionalText()
        switch (word, reason) {
        case (nil, nil): self = .mayLeave
        case ("preferred", nil): self = .preferred
        case ("pinned", let reason?): self = .pinned(reason: reason)
        default: throw row.failure("does not go with the wish '\(word ?? "")'")
        }
    }
}
