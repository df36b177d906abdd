internal import SmartCard

// A statement for people and for programs: the same statement always gives the same bytes.

extension Statement {
    /// Members in a fixed order, amounts as decimal text, no blanks.
    package var json: String {
        let lines = lines.map { line in
            let amount = line.amount.map {
                [("amount", text($0.decimal)), ("currency", text($0.currency.code))]
            }
            return object(
                [
                    ("application", text(line.application.text)), ("provider", text(line.provider.text)),
                    ("card", text(line.stay.card.text)), ("aid", text(line.stay.aid.description)),
                    ("stay", String(line.stay.ordinal)), ("from", text(line.from.description)),
                    ("until", text(line.until.description)), ("open", line.isOpen ? "true" : "false"),
                    ("bytes", String(line.byteCount)),
                ] + (amount ?? []))
        }
        let totals = totals.map {
            object([("amount", text($0.decimal)), ("currency", text($0.currency.code))])
        }
        let party: (String, String) =
            switch party {
            case .provider(let id): ("provider", text(id.text))
            case .holder(let number): ("holder", text(number.text))
            }
        return object([
            party, ("from", text(period.start.description)), ("until", text(period.end.description)),
            ("lines", array(lines)), ("totals", array(totals)),
        ])
    }

    // Names, hex, points in time and amounts: nothing in them needs to be escaped, and a test says so.
    private func text(_ plain: String) -> String { "\"\(plain)\"" }
    private func array(_ elements: [String]) -> String { "[" + elements.joined(separator: ",") + "]" }
    private func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }
}

extension Statement {
    /// RFC 4180: a line of names, a line for each stay, lines end with CR and LF.
    package var csv: String {
        let header = [
            "application", "provider", "card", "aid", "stay", "from", "until", "open", "bytes", "amount",
            "currency",
        ]
        let rows = lines.map { line in
            [
                line.application.text, line.provider.text, line.stay.card.text, line.stay.aid.description,
                String(line.stay.ordinal), line.from.description, line.until.description,
                line.isOpen ? "yes" : "no", String(line.byteCount), line.amount?.decimal ?? "",
                line.amount?.currency.code ?? "",
            ]
        }
        return ([header] + rows).map { $0.map(CSV.field).joined(separator: ",") + "\r\n" }.joined()
    }
}

/// Fields of RFC 4180.
package enum CSV {
    /// Quoted where it must be. What a spreadsheet would take for a formula gets an apostrophe in front, which
    /// spreadsheets take for "this is text".
    package static func field(_ text: String) -> String {
        let first = text.utf8.first
        let formulas: [UInt8] = Array("=+-@\t\r".utf8)
        let safe = first.map(formulas.contains) ?? false ? "'" + text : text
        let needsQuotes = safe.utf8.contains { Array("\",\r\n".utf8).contains($0) }
        guard needsQuotes else { return safe }
        return "\"" + safe.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
            + "\""
    }
}

extension Statement {
    /// As on a bill: a line for each stay, amounts under each other, the total below.
    package var text: String {
        // Where there are stars, times stand under each other all the same.
        let (star, noStar) = lines.contains(where: \.isOpen) ? (" *", "  ") : ("", "")
        let header = ["Application", "Card", "From", "Time kept" + noStar, "Bytes", "Amount"]
        let rows = lines.map { line in
            [
                line.application.text, line.stay.card.text, minute(line.from),
                line.timeKept + (line.isOpen ? star : noStar),
                String(line.byteCount), line.amount?.description ?? "free",
            ]
        }
        let totals = totals.map { ["Total", "", "", "", "", $0.description] }
        let table = [header] + rows + (totals.isEmpty ? [["Total", "", "", "", "", "0"]] : totals)
        let widths = header.indices.map { column in table.map { $0[column].utf8.count }.max() ?? 0 }
        let total = widths.reduce(0) { $0 + $1 + 2 } - 2
        let rule = String(repeating: "-", count: total)
        let body = table.map { row in
            row.indices.map { align(row[$0], widths[$0], toTheRight: $0 > 2) }.joined(separator: "  ")
        }
        let (top, middle, end) = (body[0], body[1...].prefix(rows.count), body.dropFirst(rows.count + 1))
        let lines =
            ["Statement for \(party)", "From \(period.start) until \(period.end)", "", top, rule]
            + middle + [rule] + end + footnotes
        return lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) + "\n" }.joined()
    }

    private var footnotes: [String] {
        var notes: [String] = []
        if lines.contains(where: \.isOpen) { notes.append("* still kept") }
        return notes.isEmpty ? [] : [""] + notes
    }

    private func minute(_ instant: Instant) -> String {
        let text = instant.description
        return text.prefix(10) + " " + text.dropFirst(11).prefix(5)
    }

    private func align(_ text: String, _ width: Int, toTheRight: Bool) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.utf8.count))
        return toTheRight ? blanks + text : text + blanks
    }
}

extension Statement.Line {
    /// `12 d 06 h 30 min`.
    fileprivate var timeKept: String {
        let minutes = (until.milliseconds - from.milliseconds) / 60_000
        let (days, hours) = (minutes / 1_440, minutes / 60 % 24)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(days) d \(two(hours)) h \(two(minutes % 60)) min"
    }
}
