package import SmartCard

/// Which stay of which application in custody.
package struct StayID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The card that it left.
    package let card: CardID
    package let aid: AID
    package let ordinal: Int

    package init(card: CardID, aid: AID, ordinal: Int) {
        self.card = card
        self.aid = aid
        self.ordinal = ordinal
    }

    /// `45414D-0102/A000000151/2`.
    package var description: String { "\(card)/\(aid)/\(ordinal)" }

    package static func < (one: Self, other: Self) -> Bool {
        (one.card, one.aid, one.ordinal) < (other.card, other.aid, other.ordinal)
    }
}

/// How long an application was kept, as recorded: what fees are computed from (row B11).
package struct Stay: Hashable, Sendable {
    package var id: StayID
    package var provider: ProviderID
    package var application: ApplicationID
    package var holder: HolderNumber?
    package var since: Instant
    /// `nil` while it lasts. It can be before `since` when a clock was set back between.
    package var until: Instant?
    /// Of the kept image.
    package var byteCount: Int
    package var digest: [UInt8]

    package init(
        id: StayID, provider: ProviderID, application: ApplicationID, holder: HolderNumber? = nil,
        since: Instant, until: Instant? = nil, byteCount: Int, digest: [UInt8] = []
    ) {
        self.id = id
        self.provider = provider
        self.application = application
        self.holder = holder
        self.since = since
        self.until = until
        self.byteCount = byteCount
        self.digest = digest
    }

    /// The month of its end, counted from year 0: how the stays of a statement are found.
    package var endMonth: Int64? {
        until.map { max($0, since).day.month }
    }
}

extension Stay {
    /// What is charged of a custody: from *held* until it came back or was given up; `nil` while nothing is.
    package init?(_ custody: Custody) {
        guard let since = custody.heldSince else { return nil }
        let until: Instant? =
            switch custody.state {
            case .frozen, .provisional, .surrendering, .held, .returning: nil
            case .returned(_, let at): at
            case .discarded(let at, _): at
            }
        self.init(
            id: StayID(card: custody.card, aid: custody.aid, ordinal: custody.ordinal),
            provider: custody.provider, application: custody.release.application, holder: custody.holder,
            since: since, until: until, byteCount: custody.imageBytes, digest: custody.digest)
    }
}

extension CalendarDay {
    /// Months since the beginning of year 0.
    var month: Int64 { Int64(parts.year) * 12 + Int64(parts.month) - 1 }
}

/// What one stay costs from its beginning up to any moment.
///
/// It is computed exactly and rounded once, half up, to the minor unit; what a period costs is the difference of two
/// such
/// amounts. So the parts of a stay always add up to the whole, wherever it is cut.
package struct StayCharge: Sendable {
    private let stay: Stay
    private let tariffs: [Tariff]
    /// Of the tariff that is in force when the stay begins, or else of the first one after.
    private let terms: Tariff.Terms?

    /// `tariffs` as `TariffBook.sequence` gives them.
    package init(_ stay: Stay, tariffs: [Tariff]) {
        self.stay = stay
        let atStart = tariffs.last { $0.validFrom <= stay.since }
        let first = atStart ?? tariffs.first { $0.validFrom > stay.since }
        terms = first?.terms
        // A tariff in another currency is for stays that begin under it.
        self.tariffs = tariffs.filter { $0.terms.currency == first?.terms.currency }
    }

    /// The currency of what is owed up to a moment; `nil` while no tariff has been in force.
    package func currency(until instant: Instant) -> Currency? {
        guard let first = tariffs.first, first.validFrom < instant || first.validFrom <= stay.since else {
            return nil
        }
        return first.terms.currency
    }

    /// In minor units of the currency; 0 while no tariff has been in force.
    package func amount(until instant: Instant) throws(MoneyRefusal) -> Int64 {
        guard let terms else { return 0 }
        let end = min(instant, stay.until ?? instant)
        let (freeMilliseconds, isTooFar) = Int64(terms.freeDays).multipliedReportingOverflow(
            by: Instant.millisecondsPerDay)
        let (start, isBeyond) = stay.since.milliseconds.addingReportingOverflow(freeMilliseconds)
        guard !isTooFar, !isBeyond else { throw .tooMuch }
        let (cost, isCharged) = try cost(from: start, to: end.milliseconds)
        guard isCharged else { return 0 }
        let amount = max(try Self.rounded(cost), terms.minimum)
        return terms.cap.map { min($0, amount) } ?? amount
    }

    // In millionths of a minor unit, times milliseconds of a day, times 1,000 bytes.
    private static let unit = Int128(1_000_000) * Int128(Instant.millisecondsPerDay) * 1_000

    private func cost(from start: Int64, to end: Int64) throws(MoneyRefusal) -> (Int128, isCharged: Bool) {
        var total = Int128(0)
        var isCharged = false
        for (index, tariff) in tariffs.enumerated() {
            let next = index + 1 < tariffs.count ? tariffs[index + 1].validFrom.milliseconds : end
            let from = max(start, tariff.validFrom.milliseconds)
            let to = min(end, next)
            guard from < to else { continue }
            isCharged = true
            let amount: Int128 =
                switch tariff.basis {
                case .day: 1_000
                case .kilobyteDay: Int128(stay.byteCount)
                }
            let (weight, isHeavy) = Int128(tariff.rate).multipliedReportingOverflow(by: amount)
            let (cost, isCostly) = weight.multipliedReportingOverflow(by: Int128(to) - Int128(from))
            let (sum, isTooMuch) = total.addingReportingOverflow(cost)
            guard !isHeavy, !isCostly, !isTooMuch else { throw .tooMuch }
            total = sum
        }
        return (total, isCharged)
    }

    private static func rounded(_ cost: Int128) throws(MoneyRefusal) -> Int64 {
        let (quotient, remainder) = cost.quotientAndRemainder(dividingBy: unit)
        guard let amount = Int64(exactly: quotient + (2 * remainder >= unit ? 1 : 0)) else { throw .tooMuch }
        return amount
    }
}
