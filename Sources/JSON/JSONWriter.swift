/// Writes a value from beginning to end into one run of bytes, without making it first.
package struct JSONWriter {
    private enum Position {
        case start
        case behindBracket
        case behindName
        case behindValue
    }

    /// What was written, in UTF-8.
    package private(set) var bytes: [UInt8] = []
    private let isPretty: Bool
    private var depth = 0
    private var position = Position.start

    /// - Parameter capacity: about how many bytes are to be expected.
    package init(capacity: Int = 256) { self.init(capacity: capacity, isPretty: false) }

    init(capacity: Int, isPretty: Bool) {
        self.isPretty = isPretty
        bytes.reserveCapacity(capacity)
    }

    // MARK: Objects and arrays

    package mutating func object(_ members: (inout JSONWriter) -> Void) {
        enclose(UInt8(ascii: "{"), UInt8(ascii: "}"), members)
    }

    package mutating func array(_ elements: (inout JSONWriter) -> Void) {
        enclose(UInt8(ascii: "["), UInt8(ascii: "]"), elements)
    }

    /// In an object each value comes behind its name; nothing checks that the names differ.
    package mutating func name(_ name: String) {
        beginValue()
        appendText(name)
        bytes.append(UInt8(ascii: ":"))
        if isPretty { bytes.append(UInt8(ascii: " ")) }
        position = .behindName
    }

    /// Left out where it is `nil`.
    package mutating func member(_ name: String, _ text: String?) {
        guard let text else { return }
        self.name(name)
        string(text)
    }

    /// Left out where it is `nil`.
    package mutating func member(_ name: String, _ count: Int?) {
        guard let count else { return }
        self.name(name)
        integer(Int64(count))
    }

    private mutating func enclose(_ opening: UInt8, _ closing: UInt8, _ content: (inout JSONWriter) -> Void) {
        beginValue()
        bytes.append(opening)
        position = .behindBracket
        depth += 1
        content(&self)
        depth -= 1
        if position == .behindValue { breakLine() }
        bytes.append(closing)
        position = .behindValue
    }

    // MARK: Values

    package mutating func string(_ text: String) {
        beginValue()
        appendText(text)
        position = .behindValue
    }

    /// A text of upper-case digits.
    package mutating func hex(_ data: [UInt8]) {
        beginValue()
        appendHex(data)
        position = .behindValue
    }

    package mutating func integer(_ integer: Int64) {
        beginValue()
        appendInteger(integer)
        position = .behindValue
    }

    package mutating func value(_ value: JSONValue) {
        switch value {
        case .null: word("null")
        case .bool(true): word("true")
        case .bool(false): word("false")
        case .integer(let integer): self.integer(integer)
        case .number(let number): word(number.isFinite ? "\(number)" : "null")
        case .string(let text): string(text)
        case .array(let values): array { writer in for value in values { writer.value(value) } }
        case .object(let object):
            self.object { writer in
                for member in object.members {
                    writer.name(member.name)
                    writer.value(member.value)
                }
            }
        }
    }

    private mutating func word(_ text: String) {
        beginValue()
        bytes.append(contentsOf: text.utf8)
        position = .behindValue
    }

    private mutating func beginValue() {
        switch position {
        case .start, .behindName: return
        case .behindBracket: break
        case .behindValue: bytes.append(UInt8(ascii: ","))
        }
        breakLine()
    }

    private mutating func breakLine() {
        guard isPretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }
}

// MARK: Bytes

extension JSONWriter {
    // `description` makes a String for each number, which costs more than the digits; reversing a slice copies all.
    private mutating func appendInteger(_ integer: Int64) {
        if integer < 0 { bytes.append(UInt8(ascii: "-")) }
        var (first, rest) = (bytes.count, integer.magnitude)
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        var last = bytes.count - 1
        while first < last {
            bytes.swapAt(first, last)
            (first, last) = (first + 1, last - 1)
        }
    }

    private mutating func appendHex(_ data: [UInt8]) {
        bytes.append(addingCapacity: 2 * data.count + 2) { output in
            output.append(UInt8(ascii: "\""))
            output.withUnsafeMutableBufferPointer { bytes, count in
                let rest = UnsafeMutableBufferPointer(rebasing: bytes[count...])
                data.withUnsafeBufferPointer { HexDigits.write($0, to: rest) }
                count += 2 * data.count
            }
            output.append(UInt8(ascii: "\""))
        }
    }

    private mutating func appendText(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            if PlainText.end(in: UnsafeRawBufferPointer(utf8), from: 0) == utf8.count {
                appendPlain(utf8)
            } else {
                appendEscaped(utf8)
            }
        }
    }

    private mutating func appendPlain(_ utf8: UnsafeBufferPointer<UInt8>) {
        bytes.append(addingCapacity: utf8.count + 2) { output in
            output.append(UInt8(ascii: "\""))
            output.withUnsafeMutableBufferPointer { bytes, count in
                _ = UnsafeMutableBufferPointer(rebasing: bytes[count...]).update(fromContentsOf: utf8)
                count += utf8.count
            }
            output.append(UInt8(ascii: "\""))
        }
    }

    private mutating func appendEscaped(_ utf8: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        while start < utf8.count {
            var end = PlainText.end(in: UnsafeRawBufferPointer(utf8), from: start)
            while end < utf8.count, !PlainText.needsEscape(utf8[end]) { end += 1 }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<end]))
            if end < utf8.count { appendEscape(utf8[end]) }
            start = end + 1
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(HexDigits.upperCase(byte >> 4))
            bytes.append(HexDigits.upperCase(byte & 15))
        }
    }
}
