/// A point in time in UTC, to the millisecond; leap seconds do not exist in it, as in Unix time.
package struct Instant: Hashable, Sendable, Comparable, CustomStringConvertible {
    package static let millisecondsPerDay: Int64 = 86_400_000

    /// Since 1970-01-01T00:00:00Z.
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (one: Instant, other: Instant) -> Bool { one.milliseconds < other.milliseconds }

    package func advanced(by duration: Duration) -> Instant {
        let (seconds, attoseconds) = duration.components
        return Instant(milliseconds: milliseconds + seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
    }

    package func duration(to other: Instant) -> Duration {
        .milliseconds(other.milliseconds - milliseconds)
    }

    package var day: CalendarDay {
        CalendarDay(daysSinceEpoch: Int(floorDivide(milliseconds, Self.millisecondsPerDay)))
    }

    /// ISO 8601 with milliseconds only where there are some: `2026-11-21T08:05:09Z`.
    package var description: String {
        let inDay =
            milliseconds - floorDivide(milliseconds, Self.millisecondsPerDay) * Self.millisecondsPerDay
        let (seconds, fraction) = (inDay / 1_000, inDay % 1_000)
        let time = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { digits(Int($0), 2) }
        let tail = fraction == 0 ? "" : "." + digits(Int(fraction), 3)
        return "\(day)T\(time.joined(separator: ":"))\(tail)Z"
    }

    /// Reads what `description` writes.
    package init?(_ text: String) {
        guard text.utf8.count >= 20, text.hasSuffix("Z"), let day = CalendarDay(String(text.prefix(10)))
        else {
            return nil
        }
        let bytes = Array(text.utf8.dropFirst(10).dropLast())
        guard bytes[0] == UInt8(ascii: "T"), bytes[3] == UInt8(ascii: ":"), bytes[6] == UInt8(ascii: ":"),
            let hour = number(bytes[1...2]), let minute = number(bytes[4...5]),
            let second = number(bytes[7...8]),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var fraction = 0
        if bytes.count > 9 {
            guard bytes.count == 13, bytes[9] == UInt8(ascii: "."), let read = number(bytes[10...12]) else {
                return nil
            }
            fraction = read
        }
        let inDay = Int64(((hour * 60 + minute) * 60 + second) * 1_000 + fraction)
        milliseconds = Int64(day.daysSinceEpoch) * Self.millisecondsPerDay + inDay
    }
}

// MARK: As HTTP writes it

extension Instant {
    private static let weekdays: [Substring] = ["Mon,", "Tue,", "Wed,", "Thu,", "Fri,", "Sat,", "Sun,"]
    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Reads an IMF-fixdate (RFC 9110 §5.6.7): `Sat, 21 Nov 2026 08:05:09 GMT`. The older forms are not read: nobody
    /// may write them any more.
    package init?(httpDate text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard text.utf8.count == 29, parts.count == 6, Self.weekdays.contains(parts[0]), parts[5] == "GMT",
            let month = Self.months.firstIndex(of: parts[2])
        else { return nil }
        self.init("\(parts[3])-\(digits(month + 1, 2))-\(parts[1])T\(parts[4])Z")
    }
}

/// A day of the Gregorian calendar, of no time zone by itself.
package struct CalendarDay: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let daysSinceEpoch: Int

    package init(daysSinceEpoch: Int) { self.daysSinceEpoch = daysSinceEpoch }

    package init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        // Counted in years that begin in March, so that the leap day is a year's last.
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        daysSinceEpoch = era * 146_097 + dayOfEra - 719_468
        // A day that the month does not have comes out as one of the next month.
        guard parts == (year, month, day) else { return nil }
    }

    /// Reads `2026-11-21`.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = number(bytes[0...3]), let month = number(bytes[5...6]), let day = number(bytes[8...9])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    package var parts: (year: Int, month: Int, day: Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = Int(floorDivide(Int64(shifted), 146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// 00:00 UTC of this day.
    package var start: Instant {
        Instant(milliseconds: Int64(daysSinceEpoch) * Instant.millisecondsPerDay)
    }

    package var description: String {
        let (year, month, day) = parts
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
    }

    package static func < (one: CalendarDay, other: CalendarDay) -> Bool {
        one.daysSinceEpoch < other.daysSinceEpoch
    }
}

private func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
}

private func digits(_ value: Int, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, count - text.count)) + text
}

private func number(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return bytes.reduce(0) { $0 * 10 + Int($1 - 0x30) }
}
