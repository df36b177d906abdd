import Centre
import Foundation
import TestSupport
import Testing

@Suite("docs/reference/money.md", .mission(.b11))
struct MoneyDocumentTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let tariffs: String
        let stay: String
        let period: String
        let owed: String
    }

    static let document: String = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        return
            (try? String(
                contentsOf: folder.appending(path: "../../../docs/reference/money.md"), encoding: .utf8))
            ?? ""
    }()

    static let examples: [Example] = document.split(separator: "\n").compactMap { line in
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        guard line.hasPrefix("|"), cells.count == 5, cells[2].contains("..") else { return nil }
        return Example(
            testDescription: cells[0], tariffs: cells[1], stay: cells[2], period: cells[3], owed: cells[4])
    }

    @Test("has its examples")
    func isThere() { #expect(Self.examples.count >= 36) }

    @Test("an example comes out as written", arguments: examples)
    func example(_ example: Example) throws {
        let statement = try Statement(
            for: .provider(MoneyWords.provider), MoneyWords.period(example.period),
            stays: [MoneyWords.stay(example.stay)], tariffs: MoneyWords.tariffs(example.tariffs),
            asOf: MoneyWords.now)
        let line = try #require(statement.lines.first)
        #expect(line.amount?.description ?? "nothing" == example.owed)
        #expect(statement.totals.map(\.description) == (example.owed == "nothing" ? [] : [example.owed]))
    }

    @Test("the bill looks as it is printed there")
    func bill() throws {
        var pass = try MoneyWords.stay("2026-01-06..2026-01-16")
        pass.application = name("pass")
        let purse = try MoneyWords.stay("2026-01-20T08:30:00Z..", byteCount: 804, ordinal: 2)
        let statement = try Statement(
            for: .provider(MoneyWords.provider), MoneyWords.period("2026-01-01..2026-02-01"),
            stays: [purse, pass],
            tariffs: MoneyWords.tariffs("0.50 EUR/day; 1.00 EUR/day from 2026-01-11; own 0.50 EUR/day"),
            asOf: instant("2026-01-21T14:45:00Z"))
        let printed = Self.document.split(separator: "\n", omittingEmptySubsequences: false)
            .drop { $0 != "    Statement for provider city" }.prefix { $0.hasPrefix("    ") || $0.isEmpty }
        let lines = printed.map { $0.hasPrefix("    ") ? String($0.dropFirst(4)) : "" }
        #expect(statement.text == lines.joined(separator: "\n").trimmingCharacters(in: .newlines) + "\n")
    }
}
