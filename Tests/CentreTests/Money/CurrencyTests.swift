import Centre
import TestSupport
import Testing

@Suite("Currencies and amounts")
struct CurrencyTests {
    @Test(
        "a currency has the minor unit that ISO 4217 gives it",
        arguments: [
            ("EUR", 2), ("USD", 2), ("CHF", 2), ("JPY", 0), ("KRW", 0), ("ISK", 0), ("CLP", 0), ("VND", 0),
            ("UGX", 0), ("BHD", 3), ("KWD", 3), ("JOD", 3), ("OMR", 3), ("TND", 3), ("IQD", 3), ("LYD", 3),
            ("CLF", 4), ("UYW", 4), ("MRU", 2), ("MGA", 2), ("HUF", 2), ("IDR", 2), ("TWD", 2), ("XAF", 0),
        ])
    func exponents(_ code: String, _ exponent: Int) {
        #expect(Currency(code)?.exponent == exponent)
    }

    @Test(
        "what is no currency in use is refused",
        arguments: ["XAU", "XDR", "XBC", "XTS", "DEM", "eur", "EU", "EURO", "", "E R", "AED AFN"])
    func none(_ code: String) { #expect(Currency(code) == nil) }

    @Test(
        "an amount is written with all its digits, and read back",
        arguments: [
            ("EUR", 0, "0.00"), ("EUR", 5, "0.05"), ("EUR", -5, "-0.05"), ("EUR", 1_205, "12.05"),
            ("EUR", -120_500, "-1205.00"), ("JPY", 1_200, "1200"), ("JPY", -7, "-7"), ("BHD", 1, "0.001"),
            ("BHD", 12_345, "12.345"), ("CLF", 12_345, "1.2345"),
            ("EUR", Int64.max, "92233720368547758.07"), ("EUR", Int64.min, "-92233720368547758.08"),
        ] as [(String, Int64, String)])
    func decimals(_ code: String, _ units: Int64, _ text: String) throws {
        let currency = try #require(Currency(code))
        #expect(Money(units, currency).decimal == text)
        #expect(Money(text, currency) == Money(units, currency))
        #expect(Money(units, currency).description == "\(text) \(code)")
    }

    @Test(
        "what is no amount is refused",
        arguments: [
            ("EUR", ""), ("EUR", "-"), ("EUR", "."), ("EUR", ".5"), ("EUR", "1."), ("EUR", "1.234"),
            ("EUR", "1,00"), ("EUR", "+1.00"), ("EUR", "--1"), ("EUR", "1.0.0"), ("EUR", "1e2"),
            ("JPY", "1.0"),
            ("EUR", "92233720368547758.08"), ("EUR", " 1.00"), ("EUR", "١"),
        ])
    func noAmounts(_ code: String, _ text: String) throws {
        #expect(Money(text, try #require(Currency(code))) == nil)
    }

    @Test("fewer digits are enough", arguments: [("1", 100), ("1.5", 150), ("-0.5", -50)])
    func short(_ text: String, _ units: Int64) throws {
        #expect(Money(text, try #require(Currency("EUR")))?.minorUnits == units)
    }
}
