import Centre
import Testing

@Suite("Words of the centre")
struct WordsTests {
    @Test(
        "a day is read and written, across leap years and centuries",
        arguments: [
            ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2000-03-01", 11_017),
            ("2026-11-21", 20_778), ("1900-03-01", -25_508), ("9999-12-31", 2_932_896),
        ])
    func days(_ text: String, _ count: Int) {
        #expect(CalendarDay(text)?.daysSinceEpoch == count)
        #expect(CalendarDay(daysSinceEpoch: count).description == text)
    }

    @Test(
        "what is not a day is refused",
        arguments: [
            "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "26-01-01", "2026/01/01",
        ])
    func notDays(_ text: String) {
        #expect(CalendarDay(text) == nil)
    }

    @Test(
        "an instant is read and written as ISO 8601",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999Z", -1),
            ("2026-11-21T11:37:23Z", 1_795_261_043_000),
            ("2016-12-31T23:59:59.500Z", 1_483_228_799_500),
        ] as [(String, Int64)])
    func instants(_ text: String, _ milliseconds: Int64) {
        #expect(Instant(text)?.milliseconds == milliseconds)
        #expect(Instant(milliseconds: milliseconds).description == text)
    }

    @Test(
        "what is not an instant is refused",
        arguments: [
            "2016-12-31T23:59:60Z", "2016-12-31T24:00:00Z", "2016-12-31 23:59:59Z", "2016-12-31T23:59:59",
            "2016-12-31T23:59:59.5Z", "2016-12-31T23:59:5Z",
        ])
    func notInstants(_ text: String) {
        #expect(Instant(text) == nil)
    }

    @Test(
        "names have a form",
        arguments: [("purse", true), ("city.transit-2", true), ("Purse", false), ("-p", false), ("", false)])
    func names(_ text: String, _ isValid: Bool) {
        #expect(((try? ApplicationID(text)) != nil) == isValid)
        #expect((try? ApplicationID(String(repeating: "a", count: 65))) == nil)
    }

    @Test(
        "a card is named by upper-case hex",
        arguments: [("45414D-0102", true), ("0A", true), ("0a", false), ("-0A", false)])
    func cards(_ text: String, _ isValid: Bool) {
        #expect(((try? CardID(text)) != nil) == isValid)
    }
}
