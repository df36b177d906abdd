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

    // `.` and `..` are places in a path (RFC 3986 §5.2.4).
    @Test(
        "what outsiders name is more than a place in a path",
        arguments: [
            (".", false), ("..", false), ("...", true), (".a", true), ("a.", true), ("1.0", true),
            ("-", true), ("+", true), ("a/b", false), ("", false),
        ])
    func given(_ text: String, _ isValid: Bool) {
        #expect(((try? HolderNumber(text)) != nil) == isValid)
        #expect(((try? RequestID(text)) != nil) == isValid)
        #expect(((try? ReleaseVersion(text)) != nil) == isValid)
        #expect(((try? CredentialID(text)) != nil) == isValid)
        #expect((ReleaseID("purse@" + text) != nil) == isValid)
    }

    @Test("what a store has from before stays readable", arguments: [".", ".."])
    func kept(_ text: String) throws {
        #expect(try HolderNumber(kept: text).text == text)
        #expect(throws: IdentifierError.self) { try HolderNumber(text) }
    }

    @Test(
        "a point in time is read as HTTP writes it (RFC 9110 §5.6.7)",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"),
            ("Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59Z"),
            ("Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z"),
        ])
    func httpDates(_ text: String, _ instant: String) {
        #expect(Instant(httpDate: text)?.description == instant)
        for count in 0..<text.count { #expect(Instant(httpDate: String(text.prefix(count))) == nil) }
    }

    @Test(
        "what is no date of HTTP is refused",
        arguments: [
            "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 29 Feb 2026 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Son, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun,  6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, -6 Nov 1994 08:49:37 GMT", "120",
        ])
    func notHTTPDates(_ text: String) {
        #expect(Instant(httpDate: text) == nil)
    }

    @Test(
        "a card is named by upper-case hex",
        arguments: [("45414D-0102", true), ("0A", true), ("0a", false), ("-0A", false)])
    func cards(_ text: String, _ isValid: Bool) {
        #expect(((try? CardID(text)) != nil) == isValid)
    }
}
