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

extension JSONValue {
    /// Reads exactly one value; strict RFC 8259, and a name may not appear twice in an object.
    package init(decoding bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard bytes.count <= limits.bytesMax else { throw .tooLong(count: bytes.count) }
        var decoder = Decoder(bytes: bytes, depthMax: limits.depthMax)
        self = try decoder.document()
    }

    package init(decoding text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(decoding: Array(text.utf8), limits: limits)
    }
}

private struct Decoder {
    let bytes: [UInt8]
    let depthMax: Int
    var offset = 0

    init(bytes: [UInt8], depthMax: Int) {
        self.bytes = bytes
        self.depthMax = depthMax
    }

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard offset == bytes.count else { throw .trailingBytes(at: offset) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        let first = try peek()
        switch first {
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
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

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for index in 0..<text.utf8CodeUnitCount { try expect(text.utf8Start[index]) }
        return value
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        guard depth <= depthMax else { throw .tooDeep(at: offset) }
        offset += 1
        var values: [JSONValue] = []
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            offset += 1
            return values
        }
        while true {
            values.append(try value(depth: depth))
            if try closes(UInt8(ascii: "]")) { return values }
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        guard depth <= depthMax else { throw .tooDeep(at: offset) }
        offset += 1
        var members: [JSONObject.Member] = []
        var names: Set<String> = []
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            offset += 1
            return JSONObject()
        }
        while true {
            skipSpace()
            let nameOffset = offset
            let name = try string()
            guard names.insert(name).inserted else { throw .duplicateName(name, at: nameOffset) }
            skipSpace()
            try expect(UInt8(ascii: ":"))
            members.append(JSONObject.Member(name, try value(depth: depth)))
            if try closes(UInt8(ascii: "}")) { return JSONObject(distinct: members) }
        }
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

extension Decoder {
    private mutating func string() throws(JSONError) -> String {
        try expect(UInt8(ascii: "\""))
        let start = offset
        skipRun()
        // Most text has no escape: it is taken as it stands.
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") {
            offset += 1
            return try text(bytes[start..<offset - 1], from: start)
        }
        var content = Array(bytes[start..<offset])
        while true {
            let stop = try peek()
            switch stop {
            case UInt8(ascii: "\""):
                offset += 1
                return try text(content, from: start)
            case UInt8(ascii: "\\"):
                content.append(contentsOf: try escape().utf8)
            default: throw .unexpectedByte(stop, at: offset)
            }
            let runStart = offset
            skipRun()
            content.append(contentsOf: bytes[runStart..<offset])
        }
    }

    /// `String(validating:)` says nothing of where; the start of the string is near enough.
    private func text(_ content: some Sequence<UInt8>, from start: Int) throws(JSONError) -> String {
        guard let text = String(validating: content, as: UTF8.self) else { throw .invalidUTF8(at: start) }
        return text
    }

    private mutating func skipRun() {
        while offset < bytes.count, !endsRun(bytes[offset]) { offset += 1 }
    }

    private func endsRun(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape() throws(JSONError) -> String {
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
        case UInt8(ascii: "u"): return String(try unicodeEscape(from: start))
        default: throw .unexpectedByte(kind, at: offset - 1)
        }
    }

    private mutating func unicodeEscape(from start: Int) throws(JSONError) -> Character {
        let first = try fourHexDigits()
        if let scalar = Unicode.Scalar(first) { return Character(scalar) }
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
        return Character(scalar)
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = try peek()
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw .unexpectedByte(byte, at: offset)
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = offset
        let isNegative = bytes[offset] == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        if try peek() == UInt8(ascii: "0") { offset += 1 } else { try digits() }
        var isInteger = true
        if next(isOneOf: ".") {
            isInteger = false
            offset += 1
            try digits()
        }
        if next(isOneOf: "eE") {
            isInteger = false
            offset += 1
            if next(isOneOf: "+-") { offset += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        // Minus zero is no integer: it would lose its sign.
        if isInteger, text != "-0", let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw .numberOutOfRange(at: start) }
        return .number(number)
    }

    private func next(isOneOf characters: String) -> Bool {
        offset < bytes.count && characters.utf8.contains(bytes[offset])
    }

    private mutating func digits() throws(JSONError) {
        let first = try peek()
        guard isDigit(first) else { throw .unexpectedByte(first, at: offset) }
        while offset < bytes.count, isDigit(bytes[offset]) { offset += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
