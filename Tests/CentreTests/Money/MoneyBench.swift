import Centre
import SmartCard
import Testing

/// What the examples of docs/reference/money.md are written in.
enum MoneyWords {
    static let now = instant("2026-03-10T12:00:00Z")
    static let application: ApplicationID = name("purse")
    static let provider: ProviderID = name("city")

    /// A date is its first moment.
    static func moment(_ text: some StringProtocol) throws -> Instant {
        if let day = CalendarDay(String(text)) { return day.start }
        return try #require(Instant(String(text)), "\(text)")
    }

    /// `2026-01-01..2026-01-11`; the end may be open.
    static func range(_ text: String) throws -> (Instant, Instant?) {
        let dots = try #require(text.firstRange(of: ".."), "\(text)")
        let end = text[dots.upperBound...]
        return (try moment(text[..<dots.lowerBound]), end.isEmpty ? nil : try moment(end))
    }

    /// `own 0.50 EUR/day free 3 min 1.00 cap 10.00 from 2026-01-11`, with semicolons between.
    static func tariffs(_ text: String) throws -> [Tariff] {
        try text.split(separator: ";").map { text in
            var words = text.split(separator: " ").map(String.init)[...]
            let isOwn = words.first == "own"
            if isOwn { words.removeFirst() }
            let rate = words.removeFirst()
            let unit = words.removeFirst().split(separator: "/").map(String.init)
            let currency = try #require(Currency(unit[0]))
            var tariff = Tariff(
                provider: provider, application: isOwn ? application : nil,
                validFrom: try moment("2026-01-01"),
                basis: unit[1] == "day" ? .day : .kilobyteDay, rate: try millionths(rate, currency),
                terms: .init(currency: currency), recordedAt: try moment("2010-01-01"))
            while let key = words.popFirst(), let value = words.popFirst() {
                switch key {
                case "free": tariff.terms.freeDays = try #require(Int(value))
                case "min": tariff.terms.minimum = try #require(Money(value, currency)).minorUnits
                case "cap": tariff.terms.cap = try #require(Money(value, currency)).minorUnits
                case "from": tariff.validFrom = try moment(value)
                default: Issue.record("'\(key)' is no word of a tariff")
                }
            }
            #expect(tariff.problem == nil)
            return tariff
        }
    }

    /// Of the minor unit: `0.002` euros are 200,000.
    private static func millionths(_ text: String, _ currency: Currency) throws -> Int64 {
        let parts = text.split(separator: ".").map(String.init)
        let digits = 6 + currency.exponent
        let fraction = parts.count > 1 ? parts[1] : ""
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return try #require(Int64(parts[0] + fraction + zeros))
    }

    static func stay(_ text: String, byteCount: Int = 12_345, ordinal: Int = 1) throws -> Stay {
        let (since, until) = try range(text)
        return Stay(
            id: StayID(card: name("45414D-0102"), aid: aid("A000000321"), ordinal: ordinal),
            provider: provider,
            application: application, since: since, until: until, byteCount: byteCount)
    }

    static func period(_ text: String) throws -> Period {
        let (start, end) = try range(text)
        return try Period(start, try #require(end))
    }
}
