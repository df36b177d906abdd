/// One row of a file: what its columns say, as text, and the line on which it begins.
package struct ExchangeRecord: Hashable, Sendable {
    package var line: Int
    /// By column; a column without a value is not there.
    package var fields: [String: String]

    package init(line: Int, fields: [String: String]) {
        self.line = line
        self.fields = fields.filter { !$0.value.isEmpty }
    }
}

/// A row that was not taken, and why.
package struct BadRow: Hashable, Sendable {
    package var line: Int
    /// A sentence.
    package var reason: String

    package init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }
}

/// How rows are written.
package enum ExchangeFormat: String, Sendable, CaseIterable {
    /// RFC 4180, UTF-8, with a line of column names first.
    case csv
    /// One object after another, or in one array; written one on each line.
    case json
}

/// What files may hold.
package enum ExchangeBounds {
    /// A longer row is a quote or a brace that nobody closed.
    package static let recordBytesMax = 65_536
    package static let columnsMax = 64
    /// Rows that become durable together.
    package static let recordsPerTransaction = 500
    /// Of a manifest.
    package static let manifestBytesMax = 1 << 20
}

/// What is wrong with a row before any register sees it.
struct FieldProblem: Error {
    let reason: String
}

extension FieldProblem {
    /// A row about what is there already; `nil` if it is there just so. Of what is there, only the columns count that
    /// are among those that the row says.
    init?(said: [String: String], there: [String: String], columns: [String]) {
        let differing = columns.filter { column in
            said[column].map { $0 != there[column] ?? "" } ?? false
        }
        guard !differing.isEmpty else { return nil }
        let words = differing.map { column in
            "\(column) is \(Self.word(there[column])), not \(Self.word(said[column]))"
        }
        self.init(reason: "It is there already, and differs: \(words.joined(separator: "; ")).")
    }

    private static func word(_ text: String?) -> String {
        guard let text, !text.isEmpty else { return "empty" }
        return "'\(text)'"
    }
}
