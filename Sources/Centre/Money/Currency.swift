/// A currency in use (ISO 4217, list one of 2024), and how many digits its minor unit has.
package struct Currency: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let code: String
    /// Ten to this power minor units make one unit: 2 for the euro's cents, 0 for the yen.
    package let exponent: Int

    /// `nil` for a code that is no currency in use; metals, funds and units of account without a minor unit are none.
    package init?(_ code: String) {
        guard code.utf8.count == 3, let exponent = Self.exponent(of: code) else { return nil }
        self.code = code
        self.exponent = exponent
    }

    package var description: String { code }

    package static func < (one: Currency, other: Currency) -> Bool { one.code < other.code }

    private static func exponent(of code: String) -> Int? {
        for (exponent, codes) in byExponent where codes.split(separator: " ").contains(Substring(code)) {
            return exponent
        }
        return nil
    }

    private static let byExponent: [(Int, String)] = [
        (
            2,
            """
            AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF \
            CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF \
            IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR \
            MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD \
            SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER \
            ZAR ZMW ZWG
            """
        ),
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    ]
}

/// An amount to the minor unit of its currency.
package struct Money: Hashable, Sendable, CustomStringConvertible {
    package let minorUnits: Int64
    package let currency: Currency

    package init(_ minorUnits: Int64, _ currency: Currency) {
        self.minorUnits = minorUnits
        self.currency = currency
    }

    package static func zero(_ currency: Currency) -> Money { Money(0, currency) }

    /// As on a bill: `12.05 EUR`, `-0.50 EUR`, `1200 JPY`.
    package var description: String { "\(decimal) \(currency)" }

    /// Without the currency: `12.05`.
    package var decimal: String {
        let digits = String(minorUnits.magnitude)
        let padded = String(repeating: "0", count: max(0, currency.exponent + 1 - digits.utf8.count)) + digits
        let sign = minorUnits < 0 ? "-" : ""
        guard currency.exponent > 0 else { return sign + padded }
        return sign + padded.dropLast(currency.exponent) + "." + padded.suffix(currency.exponent)
    }

    /// Reads what `decimal` writes; fewer digits after the point are taken, more are not.
    package init?(_ decimal: String, _ currency: Currency) {
        let isNegative = decimal.hasPrefix("-")
        let parts = decimal.dropFirst(isNegative ? 1 : 0).split(
            separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = parts.first, !whole.isEmpty else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard parts.count == 1 || (1...max(1, currency.exponent)).contains(fraction.utf8.count),
            fraction.utf8.count <= currency.exponent,
            (whole + fraction).utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        let zeros = String(repeating: "0", count: currency.exponent - fraction.utf8.count)
        guard let units = Int64((isNegative ? "-" : "") + whole + fraction + zeros) else { return nil }
        self.init(units, currency)
    }

    package func adding(_ other: Money) throws(MoneyRefusal) -> Money {
        guard currency == other.currency else { throw .currencies(currency, other.currency) }
        let (sum, isOverflowing) = minorUnits.addingReportingOverflow(other.minorUnits)
        guard !isOverflowing else { throw .tooMuch }
        return Money(sum, currency)
    }
}

/// Why an amount or a statement cannot be computed.
package enum MoneyRefusal: Refusal, Hashable {
    case tooMuch
    case currencies(Currency, Currency)
    /// Two records of one stay that say different things.
    case stayTwice(StayID)
    case period(Instant, Instant)
    case tooManyStays(max: Int)
    case tooFarBack(monthsMax: Int)
    case tariff(TariffProblem)
    case tariffExists(validFrom: Instant)
    case tariffInThePast(validFrom: Instant, earliest: Instant)
    case tooManyTariffs(max: Int)

    package var code: String {
        switch self {
        case .tooMuch: "money-overflow"
        case .currencies: "money-currencies"
        case .stayTwice: "stay-twice"
        case .period: "statement-period"
        case .tooManyStays: "statement-too-long"
        case .tooFarBack: "statement-too-old"
        case .tariff: "tariff-terms"
        case .tariffExists: "tariff-exists"
        case .tariffInThePast: "tariff-past"
        case .tooManyTariffs: "tariff-too-many"
        }
    }

    package var reason: String {
        switch self {
        case .tooMuch: "The amount is larger than any that can be written down."
        case .currencies(let one, let other): "Amounts in \(one) and \(other) cannot be added."
        case .stayTwice(let stay): "There are two different records of the stay \(stay)."
        case .period(let start, let end): "From \(start) to \(end) is not a period: it has no length."
        case .tooManyStays(let max): "More than \(max) stays would be on one statement."
        case .tooFarBack(let max): "The period begins more than \(max) months ago."
        case .tariff(let problem): problem.reason
        case .tariffExists(let from): "There is already a tariff that is valid from \(from)."
        case .tariffInThePast(let from, let earliest):
            "A tariff from \(from) would change what was owed before: \(earliest) is the earliest."
        case .tooManyTariffs(let max): "There are already \(max) tariffs of this provider."
        }
    }

    package var remedy: String {
        switch self {
        case .tooMuch, .tooManyStays: "Choose a shorter period."
        case .currencies: "Make a statement for each currency."
        case .stayTwice: "Check the store: `berth store check`."
        case .period: "Give an end that is later than the start."
        case .tooFarBack: "Choose a later period."
        case .tariff: "Correct the terms."
        case .tariffExists, .tariffInThePast:
            "Let the new tariff begin now or later, and not when another begins."
        case .tooManyTariffs: "Use the tariffs that exist."
        }
    }
}
