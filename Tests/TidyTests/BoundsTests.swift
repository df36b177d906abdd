internal import Foundation
internal import Testing

/// One line of Bounds.swift: a name and how its value may be written for people.
struct DocumentedBound {
    let name: String
    /// `nil` where the value is of a form that nobody here can read.
    let forms: [String]?

    init?(line: Substring) {
        guard let match = line.firstMatch(of: /static let (?<name>\w+)(?:: \w+)? = (?<value>.+)$/) else {
            return nil
        }
        name = String(match.name)
        let value = String(match.value)
        if let seconds = value.wholeMatch(of: /Duration\.seconds\((?<product>.+)\)/) {
            forms = Self.number(String(seconds.product)).map(Self.times)
        } else if value.contains("...") {
            forms = [value.replacing("...", with: " to ")]
        } else {
            let isTime = match.name.hasSuffix("Seconds")
            forms = Self.number(value).map { isTime ? Self.times($0) : Self.numbers($0) }
        }
    }

    /// `2_048`, `12 * 3_600` or `1 << 20`.
    private static func number(_ text: String) -> Int? {
        let parts = text.replacing("_", with: "").split(separator: " ").map(String.init)
        switch (parts.count, parts.dropFirst().first) {
        case (1, _): return Int(parts[0])
        case (3, "*"): return Int(parts[0]).flatMap { one in Int(parts[2]).map { one * $0 } }
        case (3, "<<"): return Int(parts[0]).flatMap { one in Int(parts[2]).map { one << $0 } }
        default: return nil
        }
    }

    private static func numbers(_ number: Int) -> [String] {
        let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
        return [grouped(number)]
            + units.filter { number.isMultiple(of: $0.0) }.map { "\(number / $0.0) \($0.1)" }
            // Rates are kept in millionths.
            + (number.isMultiple(of: 1_000_000) ? [grouped(number / 1_000_000)] : [])
    }

    private static func times(_ seconds: Int) -> [String] {
        let units = [(366 * 86_400, "year"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")]
        return units.filter { seconds.isMultiple(of: $0.0) }.flatMap { unit in
            let count = seconds / unit.0
            return count == 1 ? ["a \(unit.1)", "1 \(unit.1)"] : ["\(count) \(unit.1)s"]
        }
    }

    private static func grouped(_ number: Int) -> String {
        var digits = Array(String(number))
        for place in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: place) }
        return String(digits)
    }

    /// Whether the document has the value as a word of its own.
    func isWritten(in document: String) -> Bool {
        (forms ?? []).contains { form in
            document.ranges(of: form).contains { range in
                let before = document[..<range.lowerBound].last
                let after = document[range.upperBound...].prefix(2)
                let isCut = before.map { $0.isNumber || $0 == "," } ?? false
                return !isCut && after.first?.isNumber != true && after.wholeMatch(of: /,\d/) == nil
            }
        }
    }
}

@Suite("Bounds")
struct BoundsTests {
    @Test("every bound of the centre stands in docs/reference/bounds.md with its value")
    func documented() throws {
        let document = try Project.text("docs/reference/bounds.md")
        let bounds = try Project.text("Sources/Centre/Words/Bounds.swift").split(separator: "\n")
            .compactMap { DocumentedBound(line: $0) }
        #expect(bounds.count > 60)
        for bound in bounds { #expect(bound.isWritten(in: document), "\(bound.name): \(bound.forms ?? [])") }
    }

    @Test("values are read in every form, and found only as they are")
    func forms() {
        let rows: [(line: Substring, forms: [String])] = [
            ("    package static let a = 10_000", ["10,000"]),
            ("    package static let b = 1 << 20", ["1,048,576", "1 MiB", "1,024 KiB"]),
            ("    package static let c = Duration.seconds(12 * 3_600)", ["12 hours"]),
            ("    package static let dSeconds = 86_400", ["a day"]),
            ("    package static let e = 8...128", ["8 to 128"]),
        ]
        for row in rows {
            let bound = DocumentedBound(line: row.line)
            #expect(
                row.forms.contains { bound?.isWritten(in: "at most \($0), no more") == true }, "\(row.line)")
            #expect(bound?.isWritten(in: "at most 110,000, or 110,000 hours") == false, "\(row.line)")
        }
        #expect(DocumentedBound(line: "    static let f = other")?.forms == nil)
        #expect(DocumentedBound(line: "    func g() {}") == nil)
    }
}
