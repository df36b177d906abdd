internal import Centre

/// Tariffs: what custody costs, from a moment on.
enum TariffExchange {
    static let columns = [
        "provider", "application", "basis", "rate", "currency", "free-days", "minimum", "cap", "valid-from",
    ]

    static func apply(_ fields: Fields, _ act: Act) throws -> Bool {
        let provider: ProviderID = try fields.name("provider")
        let application: ApplicationID? = try fields.optionalName("application")
        let basis: Tariff.Basis =
            switch try fields.text("basis") {
            case "day": .day
            case "kilobyte-day": .kilobyteDay
            default: throw FieldProblem(reason: "basis is neither day nor kilobyte-day.")
            }
        guard let currency = Currency(try fields.text("currency")) else {
            throw FieldProblem(reason: "currency is none that is in use.")
        }
        let terms = Tariff.Terms(
            currency: currency, freeDays: Int(try fields.number("free-days", in: 0...1_000_000) ?? 0),
            minimum: try fields.number("minimum", in: 0...Int64.max) ?? 0,
            cap: try fields.number("cap", in: 0...Int64.max))
        guard let rate = try fields.number("rate", in: 0...Int64.max) else {
            throw FieldProblem(reason: "rate is missing.")
        }
        let validFrom = try fields.number("valid-from", in: 0...Int64.max).map { Instant(milliseconds: $0) }
        let tariff = Tariff(
            provider: provider, application: application, validFrom: validFrom ?? act.now, basis: basis,
            rate: rate, terms: terms, recordedAt: act.now)
        let existing = try act.tariffs(of: provider).filter { $0.application == application }
        guard validFrom != nil else { return try setFromNow(tariff, existing, act) }
        if let known = existing.first(where: { $0.validFrom == tariff.validFrom }) {
            if let problem = FieldProblem(said: row(tariff), there: row(known), columns: columns) {
                throw problem
            }
            return false
        }
        try act.takeOverTariff(tariff)
        return true
    }

    /// Without a moment the row says what is in force.
    private static func setFromNow(_ tariff: Tariff, _ existing: [Tariff], _ act: Act) throws -> Bool {
        let inForce = existing.filter { $0.validFrom <= act.now }.max { $0.validFrom < $1.validFrom }
        if let inForce, inForce.basis == tariff.basis, inForce.rate == tariff.rate,
            inForce.terms == tariff.terms
        {
            return false
        }
        try act.setTariff(
            for: tariff.provider, application: tariff.application, basis: tariff.basis, rate: tariff.rate,
            terms: tariff.terms)
        return true
    }

    static func page(
        _ transaction: any Transaction, after: [StoredValue]?
    ) throws -> (rows: [[String: String]], last: [StoredValue]?) {
        let (tariffs, last) = try transaction.page(Tariff.self, after: after)
        return (tariffs.map(row), last)
    }

    private static func row(_ tariff: Tariff) -> [String: String] {
        [
            "provider": tariff.provider.text, "application": tariff.application?.text ?? "",
            "basis": tariff.basis == .day ? "day" : "kilobyte-day", "rate": "\(tariff.rate)",
            "currency": tariff.terms.currency.code, "free-days": "\(tariff.terms.freeDays)",
            "minimum": "\(tariff.terms.minimum)", "cap": tariff.terms.cap.map { "\($0)" } ?? "",
            "valid-from": "\(tariff.validFrom.milliseconds)",
        ]
    }
}
