internal import GlobalPlatform
internal import SmartCard

extension Berth: Record {
    package static let table = Table(
        "berths", key: [.text("card"), .text("provider")],
        [
            .integer("reserved_nv"), .integer("reserved_v"),
            .integer("quota_nv").optional, .integer("quota_v").optional,
            .text("means"), .bytes("domain").optional, .text("state"), .integer("since").optional,
            .integer("privileges"), .integer("logical_channels"), .text("services"), .bytes("libraries"),
        ])

    package var row: [StoredValue] {
        let columns: [[StoredValue]] = [
            [.word(card), .word(provider)], StoredValue.room(reserved), StoredValue.room(quota),
            means.values, state.values, resources.values,
        ]
        return columns.flatMap { $0 }
    }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            card: try row.identifier(), provider: try row.identifier(), reserved: try row.room(),
            quota: try row.optionalRoom(), means: try Means(row: &row), state: try State(row: &row),
            resources: try Resources(row: &row))
    }
}

extension Berth.Means {
    fileprivate var values: [StoredValue] {
        switch self {
        case .domain(let aid): [.text("domain"), .aid(aid)]
        case .ledger: [.text("ledger"), .null]
        }
    }

    fileprivate init(row: inout RowReader) throws(RowError) {
        let word = try row.text()
        let domain = try row.optionalAID()
        switch (word, domain) {
        case ("domain", let aid?): self = .domain(aid)
        case ("ledger", nil): self = .ledger
        default: throw row.failure("does not go with the means '\(word)'")
        }
    }
}

extension Berth.State {
    fileprivate var values: [StoredValue] {
        switch self {
        case .requested: [.text("requested"), .null]
        case .ready(let since): [.text("ready"), .instant(since)]
        case .releasing: [.text("releasing"), .null]
        }
    }

    fileprivate init(row: inout RowReader) throws(RowError) {
        let word = try row.text()
        let since = try row.optionalInstant()
        switch (word, since) {
        case ("requested", nil): self = .requested
        case ("ready", let since?): self = .ready(since: since)
        case ("releasing", nil): self = .releasing
        default: throw row.failure("does not go with the state '\(word)'")
        }
    }
}

extension Berth.Resources {
    /// Services are names without line breaks, one per line.
    fileprivate var values: [StoredValue] {
        [
            .privileges(privileges), .count(logicalChannels), .text(services.joined(separator: "\n")),
            .aids(libraries),
        ]
    }

    fileprivate init(row: inout RowReader) throws(RowError) {
        self.init(
            privileges: try row.privileges(), logicalChannels: try row.count(),
            services: try row.text().split(separator: "\n").map(String.init),
            libraries: try row.aids(max: Bounds.librariesPerBerthMax))
    }
}
