package import JSON

/// Cuts a file into rows as it comes in; what is no row is told with its line, and the next line is tried. Whoever
/// brings in rows of a file has them from here.
package struct RecordReader {
    package enum Part: Hashable, Sendable {
        case record(ExchangeRecord)
        case bad(BadRow)
    }

    /// What the beginning of the buffer is.
    private enum Cut {
        /// A row that ends before this place, where a line may have ended.
        case row([String: String], JSONObject?, end: Int)
        case header([String], end: Int)
        case nothing(end: Int)
        case bad(String)
        /// More bytes are needed to tell.
        case incomplete
    }

    package let format: ExchangeFormat
    /// The columns of a CSV file, once its first line was read.
    package private(set) var columns: [String]?
    /// The first line of a CSV file as it stands there, without its end.
    package private(set) var header: [UInt8] = []
    /// Where it stands.
    package private(set) var headerLine = 1
    /// The last row as the object that it is, where objects are taken whole.
    package private(set) var object: JSONObject?
    /// What a row of JSON has may be objects and lists, too, which no column could have.
    private let takesObjects: Bool
    private var buffer: [UInt8] = []
    private var start = 0
    /// Where the last part stands.
    private var last = 0..<0
    private var line = 1
    /// The rest of a bad line has still to come.
    private var isSkipping = false

    package init(_ format: ExchangeFormat, takesObjects: Bool = false) {
        self.format = format
        self.takesObjects = takesObjects
    }

    package mutating func feed(_ bytes: some Sequence<UInt8>) {
        buffer.removeFirst(start)
        (start, last) = (0, 0..<0)
        buffer += bytes
    }

    /// The last part as it stands in the file, without its line's end; good until more is fed. Of a bad row that does
    /// not end in what was fed, its beginning.
    package var text: [UInt8] {
        var bytes = buffer[last]
        while let end = bytes.last, [.newline, .carriageReturn].contains(end) { bytes.removeLast() }
        return Array(bytes)
    }

    /// The next part of what was fed so far; `nil` when more bytes are needed, or at the end of all.
    package mutating func next(isEnd: Bool) -> Part? {
        // Bounded: every round takes bytes from the buffer.
        while start < buffer.count {
            if isSkipping {
                skipLine()
                continue
            }
            let first = line
            switch format == .csv ? cutCSV(isEnd: isEnd) : cutJSON() {
            case .row(let fields, let object, let end):
                advance(to: end)
                self.object = object
                return .record(ExchangeRecord(line: first, fields: fields))
            case .header(let names, let end):
                advance(to: end)
                (columns, header, headerLine) = (names, text, first)
            case .nothing(let end): advance(to: end)
            case .bad(let reason):
                skipLine()
                return .bad(BadRow(line: first, reason: reason))
            case .incomplete:
                guard isEnd || buffer.count - start > ExchangeBounds.recordBytesMax else { return nil }
                skipLine()
                return .bad(BadRow(line: first, reason: "It does not end: a quote or a brace is not closed."))
            }
        }
        return nil
    }

    private mutating func advance(to end: Int) {
        for index in start..<end where buffer[index] == .newline { line += 1 }
        last = start..<end
        start = end
    }

    private mutating func skipLine() {
        let newline = buffer[start...].firstIndex(of: .newline)
        isSkipping = newline == nil
        advance(to: newline.map { $0 + 1 } ?? buffer.count)
    }

    // MARK: - CSV

    private func cutCSV(isEnd: Bool) -> Cut {
        var fields: [String] = []
        var index = start
        // A mark that some programs put before UTF-8.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if line == 1, columns == nil {
            if buffer[start...].starts(with: mark) { index += mark.count }
            if !isEnd, buffer.count - start < mark.count, mark.starts(with: buffer[start...]) {
                return .incomplete
            }
        }
        // Bounded: every round takes a field.
        while true {
            var bytes: [UInt8] = []
            if index < buffer.count, buffer[index] == .quote {
                index += 1
                // Bounded: every round takes a byte.
                while true {
                    guard index < buffer.count else { return .incomplete }
                    if buffer[index] == .quote {
                        index += 1
                        if index == buffer.count, !isEnd { return .incomplete }
                        guard index < buffer.count, buffer[index] == .quote else { break }
                    }
                    bytes.append(buffer[index])
                    index += 1
                }
            } else {
                while index < buffer.count, ![.comma, .newline, .carriageReturn].contains(buffer[index]) {
                    if buffer[index] == .quote {
                        return .bad("A quote stands inside a field without quotes.")
                    }
                    bytes.append(buffer[index])
                    index += 1
                }
            }
            // A character may have been cut where the piece ends.
            guard index < buffer.count || isEnd else { return .incomplete }
            guard let text = String(validating: bytes, as: UTF8.self) else { return .bad("It is not UTF-8.") }
            fields.append(text)
            guard fields.count <= ExchangeBounds.columnsMax else { return .bad("It has too many columns.") }
            guard index < buffer.count else { return row(fields, end: index) }
            if buffer[index] == .comma {
                index += 1
                continue
            }
            if buffer[index] == .carriageReturn {
                index += 1
                if index == buffer.count, !isEnd { return .incomplete }
            }
            guard index < buffer.count else { return row(fields, end: index) }
            guard buffer[index] == .newline else { return .bad("Something follows a quoted field.") }
            return row(fields, end: index + 1)
        }
    }

    private func row(_ fields: [String], end: Int) -> Cut {
        if fields == [""] { return .nothing(end: end) }
        guard let columns else { return .header(fields, end: end) }
        guard fields.count == columns.count else {
            return .bad("It has \(fields.count) fields where the first line has \(columns.count).")
        }
        return .row(Dictionary(zip(columns, fields)) { first, _ in first }, nil, end: end)
    }

    // MARK: - JSON

    private func cutJSON() -> Cut {
        var index = start
        while index < buffer.count,
            [.space, .tab, .newline, .carriageReturn, .comma, .open, .close]
                .contains(buffer[index])
        {
            index += 1
        }
        guard index == start else { return .nothing(end: index) }
        guard buffer[index] == .openBrace else { return .bad("It is not a JSON object.") }
        var depth = 0
        var isText = false
        // Bounded: every round takes a byte.
        while index < buffer.count {
            switch buffer[index] {
            case .quote: isText.toggle()
            case .backslash where isText: index += 1
            case .openBrace where !isText: depth += 1
            case .closeBrace where !isText: depth -= 1
            // No text has a bare line end in it: what is torn here does not tear the next line.
            case .newline where isText: return .bad("A text does not end on its line.")
            default: break
            }
            index += 1
            if depth == 0, !isText { return object(end: index) }
        }
        return .incomplete
    }

    private func object(end: Int) -> Cut {
        let value: JSONValue
        do {
            value = try JSONValue(
                decoding: Array(buffer[start..<end]),
                limits: JSONLimits(
                    bytesMax: ExchangeBounds.recordBytesMax, depthMax: takesObjects ? Self.depthMax : 4))
        } catch {
            return .bad("It is not JSON: \(error.reason).")
        }
        if takesObjects { return .row([:], value.objectValue, end: end) }
        var fields: [String: String] = [:]
        for member in value.objectValue?.members ?? [] {
            guard let text = member.value.field else {
                return .bad("What '\(member.name)' has is neither text nor a number nor a list of texts.")
            }
            fields[member.name] = text
        }
        return fields.count <= ExchangeBounds.columnsMax
            ? .row(fields, nil, end: end) : .bad("It has too many columns.")
    }

    private static let depthMax = 32
}

extension JSONValue {
    /// As it would stand in a column; `nil` for what has no place in one.
    fileprivate var field: String? {
        switch self {
        case .null: ""
        case .string(let text): text
        case .integer(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .array(let values):
            values.allSatisfy { $0.stringValue != nil }
                ? values.compactMap(\.stringValue).joined(separator: " ") : nil
        case .number, .object: nil
        }
    }
}

extension UInt8 {
    fileprivate static let newline = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
    fileprivate static let comma = UInt8(ascii: ",")
    fileprivate static let quote = UInt8(ascii: "\"")
    fileprivate static let backslash = UInt8(ascii: "\\")
    fileprivate static let space = UInt8(ascii: " ")
    fileprivate static let tab = UInt8(ascii: "\t")
    fileprivate static let open = UInt8(ascii: "[")
    fileprivate static let close = UInt8(ascii: "]")
    fileprivate static let openBrace = UInt8(ascii: "{")
    fileprivate static let closeBrace = UInt8(ascii: "}")
}
