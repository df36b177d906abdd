import JSON

// What the coder is held against: the same rules, written so that they are plain to see and as slow as they come.

struct PlainReader {
    let bytes: [UInt8]
    let depthMax: Int
    var offset = 0

    static func read(_ bytes: [UInt8], depthMax: Int) -> Result<JSONValue, JSONError> {
        var reader = PlainReader(bytes: bytes, depthMax: depthMax)
        do throws(JSONError) {
            let value = try reader.value(depth: 0)
            reader.skipSpace()
            if reader.offset < bytes.count { throw .trailingBytes(at: reader.offset) }
            return .success(value)
        } catch {
            return .failure(error)
        }
    }

    private func peek() throws(JSONError) -> Character {
        guard offset < bytes.count else { throw .truncated(at: offset) }
        return Character(Unicode.Scalar(bytes[offset]))
    }

    private mutating func take(_ allowed: String) throws(JSONError) -> Character {
        let next = try peek()
        guard allowed.contains(next) else { throw .unexpectedByte(bytes[offset], at: offset) }
        offset += 1
        return next
    }

    private mutating func takeAll(_ text: String) throws(JSONError) {
        for character in text { _ = try take(String(character)) }
    }

    private mutating func skipSpace() { while (try? take(" \t\n\r")) != nil {} }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        switch try peek() {
        case "{": return try object(depth: depth + 1)
        case "[": return try array(depth: depth + 1)
        case "\"": return .string(try string())
        case "t":
            try takeAll("true")
            return .bool(true)
        case "f":
            try takeAll("false")
            return .bool(false)
        case "n":
            try takeAll("null")
            return .null
        case "-", "0"..."9": return try number()
        default: throw .unexpectedByte(bytes[offset], at: offset)
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        if depth > depthMax { throw .tooDeep(at: offset) }
        _ = try take("[")
        var values: [JSONValue] = []
        skipSpace()
        if try peek() == "]" {
            offset += 1
        } else {
            repeat {
                values.append(try value(depth: depth))
                skipSpace()
            } while try take(",]") == ","
        }
        return .array(values)
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        if depth > depthMax { throw .tooDeep(at: offset) }
        _ = try take("{")
        var object = JSONObject()
        skipSpace()
        if try peek() == "}" {
            offset += 1
        } else {
            repeat {
                skipSpace()
                let start = offset
                let name = try string()
                if object[name] != nil { throw .duplicateName(name, at: start) }
                skipSpace()
                _ = try take(":")
                object[name] = try value(depth: depth)
                skipSpace()
            } while try take(",}") == ","
        }
        return .object(object)
    }

    private mutating func string() throws(JSONError) -> String {
        _ = try take("\"")
        let start = offset
        var content: [UInt8] = []
        while try peek() != "\"" {
            if try peek() == "\\" {
                content += String(try escape()).utf8
            } else if bytes[offset] < 0x20 {
                throw .unexpectedByte(bytes[offset], at: offset)
            } else {
                content.append(bytes[offset])
                offset += 1
            }
        }
        offset += 1
        guard let text = String(validating: content, as: UTF8.self) else { throw .invalidUTF8(at: start) }
        return text
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = offset
        _ = try take("\\")
        let kind = try take("\"\\/bfnrtu")
        let short: [Character: Unicode.Scalar] = [
            "\"": "\"", "\\": "\\", "/": "/", "b": "\u{08}", "f": "\u{0C}", "n": "\n", "r": "\r", "t": "\t",
        ]
        if let scalar = short[kind] { return scalar }
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00 else { throw .loneSurrogate(at: start) }
        for character in "\\u" {
            guard try peek() == character else { throw .loneSurrogate(at: start) }
            offset += 1
        }
        let both = String(decoding: [first, try codeUnit()], as: UTF16.self).unicodeScalars
        // What is no pair was replaced.
        guard let scalar = both.first, scalar != "\u{FFFD}" else { throw .loneSurrogate(at: start) }
        return scalar
    }

    private mutating func codeUnit() throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            let digit = try take("0123456789abcdefABCDEF")
            unit = unit << 4 | UInt16(digit.hexDigitValue ?? 0)
        }
        return unit
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = offset
        if try peek() == "-" { offset += 1 }
        if try peek() == "0" { offset += 1 } else { try digits() }
        if (try? take(".")) != nil { try digits() }
        if (try? take("eE")) != nil {
            _ = try? take("+-")
            try digits()
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if text != "-0", let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw .numberOutOfRange(at: start) }
        return .number(number)
    }

    private mutating func digits() throws(JSONError) {
        _ = try take("0123456789")
        while (try? take("0123456789")) != nil {}
    }
}

/// What `encoded` and `encodedPretty` are to give.
func plainText(_ value: JSONValue, indent: String? = nil) -> String {
    let inner = indent.map { $0 + "  " }
    func enclosed(_ open: String, _ elements: [String], _ close: String) -> String {
        guard !elements.isEmpty else { return open + close }
        guard let indent, let inner else { return open + elements.joined(separator: ",") + close }
        return open + "\n" + elements.map { inner + $0 }.joined(separator: ",\n") + "\n" + indent + close
    }
    switch value {
    case .null: return "null"
    case .bool(let bool): return "\(bool)"
    case .integer(let integer): return "\(integer)"
    case .number(let number): return number.isFinite ? "\(number)" : "null"
    case .string(let text): return plainText(text)
    case .array(let values): return enclosed("[", values.map { plainText($0, indent: inner) }, "]")
    case .object(let object):
        let colon = indent == nil ? ":" : ": "
        return enclosed(
            "{", object.members.map { plainText($0.name) + colon + plainText($0.value, indent: inner) }, "}")
    }
}

private func plainText(_ text: String) -> String {
    let short: [Unicode.Scalar: String] = [
        "\"": "\\\"", "\\": "\\\\", "\u{08}": "\\b", "\t": "\\t", "\n": "\\n", "\u{0C}": "\\f", "\r": "\\r",
    ]
    var quoted = "\""
    for scalar in text.unicodeScalars {
        if let escape = short[scalar] {
            quoted += escape
        } else if scalar.value < 0x20 || scalar.value == 0x7F {
            let digits = String(scalar.value, radix: 16, uppercase: true)
            quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
            quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}
