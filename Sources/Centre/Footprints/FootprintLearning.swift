/// One measurement: free memory before and after a step, as the card said.
package struct FootprintMeasurement: Hashable, Sendable {
    package var before: Room
    package var after: Room
    /// What the step cannot have taken less than: code that was sent is on the card, whatever the card says.
    package var least: Room

    package init(before: Room, after: Room, least: Room = .none) {
        self.before = before
        self.after = after
        self.least = least
    }

    package var taken: Room { before - after }

    /// Why it is not learned from.
    package enum Doubt: Hashable, Sendable {
        /// The card says more than it has.
        case moreThanTheCardHas
        /// The report stands at the end of what its field can say: the truth may be anything above.
        case saturated
        /// Less was taken than must have been.
        case lessThanWasWritten
        /// More memory was free after the step than before it: the card cleaned up meanwhile.
        case cleanedUp

        /// Whether the card's report is at fault, and not what else went on.
        package var isOfReport: Bool {
            switch self {
            case .moreThanTheCardHas, .saturated, .lessThanWasWritten: true
            case .cleanedUp: false
            }
        }

        package var words: String {
            switch self {
            case .moreThanTheCardHas: "the card reports more free memory than it has"
            case .saturated: "the card's report stands at the largest number that it can say"
            case .lessThanWasWritten: "the card's report fell by less than what was written"
            case .cleanedUp: "more memory was free afterwards than before"
            }
        }
    }

    /// The largest numbers of two bytes, with sign and without, and of four.
    private static let fieldEnds: Set<Int> = [0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF]

    package static func doubt(of report: Room, on model: CardModel) -> Doubt? {
        if fieldEnds.contains(report.nonVolatile), report.nonVolatile != model.total.nonVolatile {
            return .saturated
        }
        return model.total.covers(report) ? nil : .moreThanTheCardHas
    }

    package func doubt(on model: CardModel) -> Doubt? {
        if let doubt = Self.doubt(of: before, on: model) ?? Self.doubt(of: after, on: model) { return doubt }
        if taken.nonVolatile < 0 || taken.volatile < 0 { return .cleanedUp }
        return taken.covers(least) ? nil : .lessThanWasWritten
    }
}

extension Footprint {
    /// With one more measurement; unchanged where it says nothing new, so that a fleet does not write one row for ever.
    package func learning(
        _ measurement: FootprintMeasurement, on model: CardModel, at now: Instant
    ) -> (footprint: Footprint, doubt: FootprintMeasurement.Doubt?) {
        var next = self
        if let doubt = measurement.doubt(on: model) {
            next.refusedCount += 1
            next.changedAt = now
            return (next, doubt)
        }
        let isFull = samples.count >= Bounds.footprintSamplesMax
        if isFull, samples.allSatisfy({ $0 == measurement.taken }) { return (self, nil) }
        next.samples = Array((samples + [measurement.taken]).suffix(Bounds.footprintSamplesMax))
        next.count += 1
        next.changedAt = now
        return (next, nil)
    }

    /// Of the report's own row: so many impossible reports, and no card of the profile is believed any more.
    package static let doubtedReportsMax = 3

    package var isReportDoubted: Bool { part == .report && refusedCount >= Self.doubtedReportsMax }
}

// MARK: Reading and writing

extension Footprint {
    /// Of the profile's report too.
    static func queries(of parts: some Collection<Part>, on profile: ProfileName) -> [Query] {
        queries(parts.map(\.text), on: profile)
    }

    /// The same by the names of the parts.
    static func queries(_ parts: [String], on profile: ProfileName) -> [Query] {
        let wanted = Set(parts).union([Part.report.text]).sorted()
        return Query.any(
            of: wanted.map { .text($0) }, in: "part", table, [.init("profile", .word(profile))], rowsOfEach: 1
        )
    }

    /// So many of a profile are asked along with a card; where there are more, what is wanted of them is asked then.
    static let rowsAlongMax = 32

    /// What was learned on the profile of a card, or too much to be all.
    static func query(ofProfileOf card: CardID) -> Query {
        Query(
            table, [.init("profile", as: "profile", of: Card.table, key: .word(card))], limit: rowsAlongMax)
    }

    static func query(_ part: Part, on profile: ProfileName) -> Query {
        Query(table, key: [.word(profile), .text(part.text)], limit: 1)
    }
}

extension Transaction {
    /// What was learned of these parts on a profile, and of its report: one question.
    package func footprints(
        of parts: some Collection<Footprint.Part>, on profile: ProfileName
    ) throws(StoreFailure) -> [Footprint] {
        try all(Footprint.self, Footprint.queries(of: parts, on: profile))
    }

    /// Writes down what a step took; what cannot be true counts against the profile's report.
    /// - Returns: why it was not learned from, if it was not.
    @discardableResult
    package func learn(
        _ measurement: FootprintMeasurement, of part: Footprint.Part, on model: CardModel, at now: Instant
    ) throws(StoreFailure) -> FootprintMeasurement.Doubt? {
        let query = Footprint.query(part, on: model.profile)
        return try learn(
            measurement, of: part, known: try all(Footprint.self, query).first, on: model, at: now)
    }

    /// The same for many steps, which are asked for with one question. No part comes twice.
    func learn(
        _ measurements: [(measurement: FootprintMeasurement, part: Footprint.Part)], on model: CardModel,
        at now: Instant
    ) throws(StoreFailure) {
        guard !measurements.isEmpty else { return }
        // Not locked: all cards of a profile share these rows, and nearly always nothing new is learned. Where
        // something is, and by two at once, the store lets one of them begin again.
        let rows = try ask(measurements.map { Footprint.query($0.part, on: model.profile) })
        for (measured, row) in zip(measurements, rows) {
            try learn(
                measured.measurement, of: measured.part, known: try decode(Footprint.self, row).first,
                on: model, at: now)
        }
    }

    @discardableResult
    private func learn(
        _ measurement: FootprintMeasurement, of part: Footprint.Part, known: Footprint?, on model: CardModel,
        at now: Instant
    ) throws(StoreFailure) -> FootprintMeasurement.Doubt? {
        precondition(part != .report, "the report has no size")
        let footprint = known ?? Footprint(profile: model.profile, part: part, changedAt: now)
        let (next, doubt) = footprint.learning(measurement, on: model, at: now)
        if next != known { put(next) }
        if let doubt, doubt.isOfReport { try countDoubt(on: model.profile, at: now) }
        return doubt
    }

    private func countDoubt(on profile: ProfileName, at now: Instant) throws(StoreFailure) {
        let part = Footprint.Part.report
        var report =
            try lock(Footprint.self, key: .word(profile), .text(part.text))
            ?? Footprint(profile: profile, part: part, changedAt: now)
        // Nobody needs to know how often beyond doubt.
        guard report.refusedCount < 10 * Footprint.doubtedReportsMax else { return }
        report.refusedCount += 1
        report.changedAt = now
        put(report)
    }
}
