/// Why a text is not JSON, and at which byte.
package enum JSONError: Error, Hashable {
    /// The text ended inside a value.
    case truncated(at: Int)
    case unexpectedByte(UInt8, at: Int)
    case tooDeep(at: Int)
    case tooLong(count: Int)
    case duplicateName(String, at: Int)
    case numberOutOfRange(at: Int)
    case invalidUTF8(at: Int)
    case loneSurrogate(at: Int)
    case trailingBytes(at: Int)

    /// What is wrong, for people.
    package var reason: String {
        switch self {
        case .truncated(let offset): "the text ends at byte \(offset), inside a value"
        case .unexpectedByte(let byte, let offset):
            "byte \(offset) is not allowed there (\(String(byte, radix: 16, uppercase: true)) hex)"
        case .tooDeep(let offset): "it is nested too deeply at byte \(offset)"
        case .tooLong(let count): "it has \(count) bytes, which is too long"
        case .duplicateName(let name, let offset):
            "the name \(JSONValue.string(name).text) appears twice, at byte \(offset)"
        case .numberOutOfRange(let offset): "the number at byte \(offset) is too large"
        case .invalidUTF8(let offset): "the text at byte \(offset) is not UTF-8"
        case .loneSurrogate(let offset): "the \\u escape at byte \(offset) is half a character"
        case .trailingBytes(let offset): "something follows the value at byte \(offset)"
        }
    }
}

/// Bounds of the decoder: input is from outside.
package struct JSONLimits: Hashable, Sendable {
    package let bytesMax: Int
    package let depthMax: Int

    package init(bytesMax: Int = 16_777_216, depthMax: Int = 64) {
        self.bytesMax = bytesMax
        self.depthMax = depthMax
    }
}

extension JSONDocument {
    /// Reads exactly one value; strict RFC 8259, and a name may not appear twice in an object.
    package init(decoding bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard bytes.count <= min(limits.bytesMax, Self.bytesMax) else { throw .tooLong(count: bytes.count) }
        var scanner = Scanner(bytes, depthMax: limits.depthMax)
        try scanner.scanAll()
        self = scanner.document
    }
}

extension JSONValue {
    /// Reads exactly one value; strict RFC 8259, and a name may not appear twice in an object.
    package init(decoding bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        let document = try JSONDocument(decoding: bytes, limits: limits)
        self = document.value(at: JSONDocument.root)
    }

    package init(decoding text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(decoding: Array(text.utf8), limits: limits)
    }
}

/// Finds the values of a text, and whatever is wrong with it.
private struct Scanner {
    /// Objects with more members have a set of their names: comparing each with each takes too long.
    private static let comparedMax = 16

    private(set) var document: JSONDocument
    private let bytes: [UInt8]
    private let depthMax: Int
    private var offset = 0

    init(_ bytes: [UInt8], depthMax: Int) {
        self.bytes = bytes
        self.depthMax = depthMax
        document = JSONDocument(scanning: bytes)
        // Most messages are no denser than this, and an empty one costs nothing.
        document.nodes.reserveCapacity(min(bytes.count / 16 + 4, 4_096))
    }

    mutating func scanAll() throws(JSONError) {
        try value(depth: 0)
        skipSpace()
        guard offset == bytes.count else { throw .trailingBytes(at: offset) }
    }

    private mutating func value(depth: Int) throws(JSONError) {
        skipSpace()
        let first = try peek()
        switch first {
        case UInt8(ascii: "{"): try object(depth: depth + 1)
        case UInt8(ascii: "["): try array(depth: depth + 1)
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try word("true", .bool(true))
        case UInt8(ascii: "f"): try word("false", .bool(false))
        case UInt8(ascii: "n"): try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        default: throw .unexpectedByte(first, at: offset)
        }
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard offset < bytes.count else { throw .truncated(at: offset) }
        return bytes[offset]
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        let next = try peek()
        guard next == byte else { throw .unexpectedByte(next, at: offset) }
        offset += 1
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }

    private mutating func word(_ text: StaticString, _ node: JSONDocument.Node) throws(JSONError) {
        for index in 0..<text.utf8CodeUnitCount { try expect(text.utf8Start[index]) }
        document.nodes.append(node)
    }

    private mutating func array(depth: Int) throws(JSONError) {
        guard depth <= depthMax else { throw .tooDeep(at: offset) }
        offset += 1
        let place = open()
        var count: UInt32 = 0
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            offset += 1
        } else {
            repeat {
                try value(depth: depth)
                count += 1
            } while try !closes(UInt8(ascii: "]"))
        }
        document.nodes[place] = .array(count: count, end: UInt32(document.nodes.count))
    }

    private mutating func object(depth: Int) throws(JSONError) {
        guard depth <= depthMax else { throw .tooDeep(at: offset) }
        offset += 1
        let place = open()
        var count: UInt32 = 0
        var names: Set<String> = []
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            offset += 1
        } else {
            repeat {
                skipSpace()
                let nameOffset = offset
                let name = document.nodes.count
                try string()
                guard isNew(name, in: place, &names, count: Int(count)) else {
                    throw .duplicateName(document.text(at: name) ?? "", at: nameOffset)
                }
                skipSpace()
                try expect(UInt8(ascii: ":"))
                try value(depth: depth)
                count += 1
            } while try !closes(UInt8(ascii: "}"))
        }
        document.nodes[place] = .object(count: count, end: UInt32(document.nodes.count))
    }

    /// A place for what is known when the bracket is closed.
    private mutating func open() -> Int {
        document.nodes.append(.null)
        return document.nodes.count - 1
    }

    /// Whether none of the `count` members before it has the same name.
    private func isNew(_ name: Int, in object: Int, _ names: inout Set<String>, count: Int) -> Bool {
        var other = object + 1
        if count < Self.comparedMax {
            while other < name {
                if document.areSameText(other, name) { return false }
                other = document.end(of: other + 1)
            }
            return true
        }
        if count == Self.comparedMax {
            while other < name {
                names.insert(document.text(at: other) ?? "")
                other = document.end(of: other + 1)
            }
        }
        return names.insert(document.text(at: name) ?? "").inserted
    }

    /// After an element: true at the closing bracket, false after a comma.
    private mutating func closes(_ bracket: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        let next = try peek()
        guard next == bracket || next == UInt8(ascii: ",") else { throw .unexpectedByte(next, at: offset) }
        offset += 1
        return next == bracket
    }
}

extension Scanner {
    private mutating func string() throws(JSONError) {
        try expect(UInt8(ascii: "\""))
        let start = offset
        offset = bytes.withUnsafeBytes { PlainText.end(in: $0, from: start) }
        // Most text is ASCII without an escape: it stays where it is.
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") {
            document.nodes.append(.plain(start: UInt32(start), count: UInt32(offset - start)))
            offset += 1
            return
        }
        document.nodes.append(.text(document.texts.count))
        document.texts.append(try otherText(from: start))
    }

    /// From behind the plain bytes that it begins with.
    private mutating func otherText(from start: Int) throws(JSONError) -> String {
        skipRun()
        var content = Array(bytes[start..<offset])
        while true {
            let stop = try peek()
            switch stop {
            case UInt8(ascii: "\""):
                offset += 1
                // It says nothing of where; the start of the string is near enough.
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw .invalidUTF8(at: start)
                }
                return text
            case UInt8(ascii: "\\"):
                content.append(contentsOf: try escape().utf8)
            default: throw .unexpectedByte(stop, at: offset)
            }
            let runStart = offset
            skipRun()
            content.append(contentsOf: bytes[runStart..<offset])
        }
    }

    private mutating func skipRun() {
        while offset < bytes.count, !endsRun(bytes[offset]) { offset += 1 }
    }

    private func endsRun(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = offset
        offset += 1
        let kind = try peek()
        offset += 1
        switch kind {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape(from: start)
        default: throw .unexpectedByte(kind, at: offset - 1)
        }
    }

    private mutating func unicodeEscape(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try fourHexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        // A character beyond 16 bits is a high surrogate and a low one.
        guard first < 0xDC00 else { throw .loneSurrogate(at: start) }
        guard try peek() == UInt8(ascii: "\\") else { throw .loneSurrogate(at: start) }
        offset += 1
        guard try peek() == UInt8(ascii: "u") else { throw .loneSurrogate(at: start) }
        offset += 1
        let second = try fourHexDigits()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw .loneSurrogate(at: start) }
        return scalar
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = try peek()
            let digit = HexDigits.value(of: byte)
            guard digit < 16 else { throw .unexpectedByte(byte, at: offset) }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }
}

extension Scanner {
    private mutating func number() throws(JSONError) {
        let start = offset
        let isNegative = bytes[offset] == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        if try peek() == UInt8(ascii: "0") { offset += 1 } else { try digits() }
        var isInteger = true
        if next(is: UInt8(ascii: ".")) {
            isInteger = false
            offset += 1
            try digits()
        }
        if next(is: UInt8(ascii: "e")) || next(is: UInt8(ascii: "E")) {
            isInteger = false
            offset += 1
            if next(is: UInt8(ascii: "+")) || next(is: UInt8(ascii: "-")) { offset += 1 }
            try digits()
        }
        if isInteger, let integer = integer(from: start, isNegative: isNegative) {
            document.nodes.append(.integer(integer))
            return
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard let number = Double(text), number.isFinite else { throw .numberOutOfRange(at: start) }
        document.nodes.append(.number(number))
    }

    /// `nil` where it is too large, and for minus zero: it would lose its sign.
    private func integer(from start: Int, isNegative: Bool) -> Int64? {
        var value: Int64 = 0
        for index in (isNegative ? start + 1 : start)..<offset {
            let digit = Int64(bytes[index] - UInt8(ascii: "0"))
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooLargeAlso) =
                isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
            guard !isTooLarge, !isTooLargeAlso else { return nil }
            value = sum
        }
        return isNegative && value == 0 ? nil : value
    }

    private func next(is byte: UInt8) -> Bool { offset < bytes.count && bytes[offset] == byte }

    private mutating func digits() throws(JSONError) {
        let first = try peek()
        guard isDigit(first) else { throw .unexpectedByte(first, at: offset) }
        while offset < bytes.count, isDigit(bytes[offset]) { offset += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
