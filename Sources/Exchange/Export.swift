package import Centre
internal import JSON

/// Writes a register out, row by row; what it writes, `Import` reads.
package struct Export {
    private let kind: ExchangeKind
    private let format: ExchangeFormat
    private let options: ExportOptions

    package init(of kind: ExchangeKind, _ format: ExchangeFormat, _ options: ExportOptions = ExportOptions())
    {
        self.kind = kind
        self.format = format
        self.options = options
    }

    /// Page by page, each a consistent look of its own.
    /// - Returns: how many rows there were.
    package func run(from store: any Store, _ write: ([UInt8]) throws -> Void) throws -> Int {
        if format == .csv { try write(Array(Self.csv(kind.columns).utf8)) }
        var after: [StoredValue]?
        var count = 0
        // Bounded: every page begins after the one before.
        repeat {
            let start = after
            let (rows, last) = try store.read { try kind.page($0, after: start, options) }
            var text = ""
            for row in rows { text += line(row) }
            try write(Array(text.utf8))
            count += rows.count
            after = last
        } while after != nil
        return count
    }

    private func line(_ row: [String: String]) -> String {
        switch format {
        case .csv: return Self.csv(kind.columns.map { row[$0] ?? "" })
        case .json:
            var object = JSONObject()
            for column in kind.columns {
                if let value = row[column], !value.isEmpty { object[column] = .string(value) }
            }
            return JSONValue.object(object).text + "\n"
        }
    }

    private static func csv(_ fields: [String]) -> String {
        let quoted = fields.map { field in
            field.contains { $0 == "," || $0 == "\"" || $0.isNewline }
                ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
        }
        return quoted.joined(separator: ",") + "\n"
    }
}
