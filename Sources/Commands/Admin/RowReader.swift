/// One row of a file, with the line that it begins on.
package struct FileRow: Hashable, Sendable {
    package let line: Int
    package let fields: [String]

    package init(line: Int, fields: [String]) {
        self.line = line
        self.fields = fields
    }
}

/// Takes CSV (RFC 4180) apart while it comes; what is wrong in one row does not touch the next.
package struct CSVRows {
    /// A row that is longer was not meant: a quote was forgotten.
    private static let rowBytesMax = 1 << 16

    package struct Failure: Error, Hashable {
        package let line: Int
        package let reason: String
    }

    private var field: [UInt8] = []
    private var fields: [String] = []
    private var isQuoted = false
    /// A quote inside a quoted field: it ends it, or the next one is meant.
    private var mayEnd = false
    private var line = 1
    private var start = 1
    private var byteCount = 0

    package init() {}

    /// The rows that are whole now.
    package mutating func take(_ bytes: some Sequence<UInt8>) throws(Failure) -> [FileRow] {
        var rows: [FileRow] = []
        for byte in bytes {
            byteCount += 1
            guard byteCount <= Self.rowBytesMax else {
                throw Failure(line: start, reason: "the row that begins here does not end: look for a quote")
            }
            if let row = take(byte) { rows.append(row) }
        }
        return rows
    }

    /// What stands after the last line's end.
    package mutating func end() throws(Failure) -> FileRow? {
        guard !isQuoted || mayEnd else {
            throw Failure(line: start, reason: "a quote that begins here does not end")
        }
        guard !field.isEmpty || !fields.isEmpty else { return nil }
        return endRow()
    }

    private mutating func take(_ byte: UInt8) -> FileRow? {
        if byte == UInt8(ascii: "\n") { line += 1 }
        if isQuoted, !mayEnd {
            if byte == UInt8(ascii: "\"") { mayEnd = true } else { field.append(byte) }
            return nil
        }
        if isQuoted, byte == UInt8(ascii: "\"") {
            field.append(byte)
            mayEnd = false
            return nil
        }
        switch byte {
        case UInt8(ascii: "\""):
            if field.isEmpty { isQuoted = true } else { field.append(byte) }
        case UInt8(ascii: ","): endField()
        case UInt8(ascii: "\r"): break
        case UInt8(ascii: "\n"): return endRow()
        default: field.append(byte)
        }
        return nil
    }

    private mutating func endField() {
        fields.append(String(decoding: field, as: UTF8.self))
        field = []
        (isQuoted, mayEnd) = (false, false)
    }

    /// `nil` for an empty line.
    private mutating func endRow() -> FileRow? {
        endField()
        let row = FileRow(line: start, fields: fields)
        (fields, start, byteCount) = ([], line, 0)
        return row.fields == [""] ? nil : row
    }
}
