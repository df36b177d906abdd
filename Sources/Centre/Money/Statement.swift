/// From a moment up to another, which is not part of it.
package struct Period: Hashable, Sendable, CustomStringConvertible {
    package let start: Instant
    package let end: Instant

    package init(_ start: Instant, _ end: Instant) throws(MoneyRefusal) {
        guard start < end else { throw .period(start, end) }
        self.start = start
        self.end = end
    }

    /// A month of the calendar, in UTC; `nil` for a month that no calendar has.
    package init?(year: Int, month: Int) {
        let next = month == 12 ? (year + 1, 1) : (year, month + 1)
        guard let first = CalendarDay(year: year, month: month, day: 1),
            let after = CalendarDay(year: next.0, month: next.1, day: 1)
        else { return nil }
        start = first.start
        end = after.start
    }

    package var description: String { "\(start)/\(end)" }
}

/// What is owed for the stays of a period: a pure function of what was recorded.
package struct Statement: Hashable, Sendable {
    /// Who owes it, or for whom it is shown.
    package enum Party: Hashable, Sendable, CustomStringConvertible {
        case provider(ProviderID)
        case holder(HolderNumber)

        package var description: String {
            switch self {
            case .provider(let id): "provider \(id)"
            case .holder(let number): "holder \(number)"
            }
        }

        package func owes(for stay: Stay) -> Bool {
            switch self {
            case .provider(let id): stay.provider == id
            case .holder(let number): stay.holder == number
            }
        }
    }

    /// One stay, as far as it lies in the period.
    package struct Line: Hashable, Sendable {
        package let stay: StayID
        package let provider: ProviderID
        package let application: ApplicationID
        package let byteCount: Int
        package let from: Instant
        package let until: Instant
        /// It goes on after the end of the line.
        package let isOpen: Bool
        /// `nil` where no tariff was in force: nothing is owed.
        package let amount: Money?
    }

    package let party: Party
    package let period: Period
    /// In the order of applications and stays.
    package let lines: [Line]
    /// One for each currency, in the order of their codes.
    package let totals: [Money]

    /// `asOf` cuts a period that has not ended: what lasts is counted until then.
    package init(
        for party: Party, _ period: Period, stays: some Sequence<Stay>, tariffs: some Sequence<Tariff>,
        asOf: Instant
    ) throws(MoneyRefusal) {
        let books = Dictionary(grouping: tariffs) { $0.provider }.mapValues(TariffBook.init)
        var seen: [StayID: Stay] = [:]
        var lines: [Line] = []
        for stay in stays where party.owes(for: stay) {
            if let known = seen.updateValue(stay, forKey: stay.id) {
                guard known == stay else { throw .stayTwice(stay.id) }
                continue
            }
            let book = books[stay.provider]
            let charge = StayCharge(stay, tariffs: book?.sequence(for: stay.application) ?? [])
            guard let line = try Line(stay, charge, period, asOf: asOf) else { continue }
            guard lines.count < Bounds.staysPerStatementMax else {
                throw .tooManyStays(max: Bounds.staysPerStatementMax)
            }
            lines.append(line)
        }
        try self.init(party, period, lines)
    }

    private init(_ party: Party, _ period: Period, _ lines: [Line]) throws(MoneyRefusal) {
        self.party = party
        self.period = period
        self.lines = lines.sorted { one, other in
            (one.application, one.stay) < (other.application, other.stay)
        }
        totals = try Self.totals(of: lines)
    }

    private static func totals(of lines: [Line]) throws(MoneyRefusal) -> [Money] {
        var totals: [Currency: Money] = [:]
        for case let amount? in lines.map(\.amount) {
            totals[amount.currency] = try (totals[amount.currency] ?? .zero(amount.currency)).adding(amount)
        }
        return totals.values.sorted { $0.currency < $1.currency }
    }

    /// One statement for two periods of which the second begins where this one ends; `nil` when it does not.
    package func followed(by later: Statement) throws -> Statement? {
        guard party == later.party, period.end == later.period.start else { return nil }
        var lines = Dictionary(uniqueKeysWithValues: self.lines.map { ($0.stay, $0) })
        for line in later.lines {
            lines[line.stay] = try lines[line.stay].map { try $0.followed(by: line) } ?? line
        }
        return try Statement(party, try Period(period.start, later.period.end), Array(lines.values))
    }
}

extension Statement.Line {
    /// `nil` for a stay that has nothing to do with the period.
    fileprivate init?(
        _ stay: Stay, _ charge: StayCharge, _ period: Period, asOf: Instant
    ) throws(MoneyRefusal) {
        let periodEnd = min(period.end, asOf)
        let end = stay.until ?? Instant.distantFuture
        let from = max(stay.since, period.start)
        // A stay without length, or one that a clock made end before it began, is shown where it began.
        let until = max(from, min(end, periodEnd))
        let isMomentary = end <= stay.since
        guard period.start < periodEnd, stay.since < periodEnd,
            isMomentary ? stay.since >= period.start : end > period.start
        else {
            return nil
        }
        self.stay = stay.id
        provider = stay.provider
        application = stay.application
        byteCount = stay.byteCount
        self.from = from
        self.until = until
        isOpen = !isMomentary && end > periodEnd
        let owed = try charge.amount(until: until) - (try charge.amount(until: from))
        amount = charge.currency(until: until).map { Money(owed, $0) }
    }

    fileprivate func followed(by later: Self) throws -> Self {
        let sum: Money? =
            if let amount, let next = later.amount { try amount.adding(next) } else { amount ?? later.amount }
        return Self(
            stay: stay, provider: provider, application: application, byteCount: byteCount, from: from,
            until: later.until, isOpen: later.isOpen, amount: sum)
    }
}

extension Instant {
    static let distantFuture = Instant(milliseconds: .max)
}
