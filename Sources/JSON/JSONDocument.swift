/// A text that is JSON, cut into its values but not made into any: who reads a text as something else, or passes it
/// over, does not pay for a string.
package struct JSONDocument: Sendable {
    /// A value at its place; what is inside of it stands at the places that follow.
    package enum Node: Sendable {
        case null
        case bool(Bool)
        case integer(Int64)
        case number(Double)
        /// A text that stands in the bytes as it is, all of it ASCII.
        case plain(start: UInt32, count: UInt32)
        /// Any other text: which of `texts`.
        case text(Int)
        /// `end` is the place behind the last element.
        case array(count: UInt32, end: UInt32)
        /// Each member is its name and its value.
        case object(count: UInt32, end: UInt32)
    }

    /// One step from a value to one inside of it.
    package enum Step: Hashable, Sendable {
        case member(String)
        case element(Int)
    }

    /// The place of the outermost value.
    package static let root = 0
    /// Places are counted with 32 bits, and there are never more of them than bytes.
    static let bytesMax = Int(UInt32.max)

    let bytes: [UInt8]
    package internal(set) var nodes: [Node] = []
    /// What is not plain was made into a string to see whether it is one.
    var texts: [String] = []

    init(scanning bytes: [UInt8]) { self.bytes = bytes }

    /// The place behind a value and all that is inside of it.
    package func end(of place: Int) -> Int {
        switch nodes[place] {
        case .array(_, let end), .object(_, let end): Int(end)
        case .null, .bool, .integer, .number, .plain, .text: place + 1
        }
    }

    /// The place of a member's value; `nil` where there is none, or the value at `place` is no object.
    package func member(_ name: StaticString, of place: Int) -> Int? {
        guard case .object(_, let end) = nodes[place] else { return nil }
        var member = place + 1
        while member < end {
            if isText(name, at: member) { return member + 1 }
            member = self.end(of: member + 1)
        }
        return nil
    }

    /// How many bytes of UTF-8 a text has.
    package func byteCount(at place: Int) -> Int? {
        switch nodes[place] {
        case .plain(_, let count): Int(count)
        case .text(let index): texts[index].utf8.count
        case .null, .bool, .integer, .number, .array, .object: nil
        }
    }

    package func text(at place: Int) -> String? {
        switch nodes[place] {
        case .plain(let start, let count): String(decoding: bytes[range(start, count)], as: UTF8.self)
        case .text(let index): texts[index]
        case .null, .bool, .integer, .number, .array, .object: nil
        }
    }

    /// `text` is ASCII.
    package func isText(_ text: StaticString, at place: Int) -> Bool {
        switch nodes[place] {
        case .plain(let start, let count):
            bytes[range(start, count)].withUnsafeBytes { bytes in
                PlainText.isSame(
                    bytes, UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
            }
        case .text(let index): texts[index] == text.description
        case .null, .bool, .integer, .number, .array, .object: false
        }
    }

    /// As strings are compared: two spellings of the same characters are the same text.
    func areSameText(_ one: Int, _ other: Int) -> Bool {
        guard case .plain(let start, let count) = nodes[one],
            case .plain(let otherStart, let otherCount) = nodes[other]
        else { return text(at: one) == text(at: other) }
        return bytes.withUnsafeBytes { bytes in
            PlainText.isSame(
                UnsafeRawBufferPointer(rebasing: bytes[range(start, count)]),
                UnsafeRawBufferPointer(rebasing: bytes[range(otherStart, otherCount)]))
        }
    }

    /// A text of pairs of hexadecimal digits, of either case and with nothing between them.
    package func hex(at place: Int) -> [UInt8]? {
        switch nodes[place] {
        case .plain(let start, let count): HexDigits.bytes(bytes[range(start, count)])
        case .text(let index): HexDigits.bytes(texts[index])
        case .null, .bool, .integer, .number, .array, .object: nil
        }
    }

    /// How one gets from the outermost value to the one at `target`.
    package func steps(to target: Int) -> [Step] {
        var steps: [Step] = []
        var place = Self.root
        while place != target {
            let isObject = if case .object = nodes[place] { true } else { false }
            var (index, child) = (0, isObject ? place + 2 : place + 1)
            while end(of: child) <= target {
                child = end(of: child) + (isObject ? 1 : 0)
                index += 1
            }
            steps.append(isObject ? .member(text(at: child - 1) ?? "") : .element(index))
            place = child
        }
        return steps
    }

    private func range(_ start: UInt32, _ count: UInt32) -> Range<Int> {
        Int(start)..<Int(start) + Int(count)
    }
}

extension JSONDocument {
    /// The value at `place`.
    package func value(at place: Int) -> JSONValue {
        var place = place
        return takeValue(&place)
    }

    /// Leaves `place` behind the value.
    private func takeValue(_ place: inout Int) -> JSONValue {
        let node = nodes[place]
        place += 1
        switch node {
        case .null: return .null
        case .bool(let bool): return .bool(bool)
        case .integer(let integer): return .integer(integer)
        case .number(let number): return .number(number)
        case .plain, .text: return .string(text(at: place - 1) ?? "")
        case .array(let count, _):
            var values: [JSONValue] = []
            values.reserveCapacity(Int(count))
            for _ in 0..<count { values.append(takeValue(&place)) }
            return .array(values)
        case .object(let count, _):
            var members: [JSONObject.Member] = []
            members.reserveCapacity(Int(count))
            for _ in 0..<count {
                let name = text(at: place) ?? ""
                place += 1
                members.append(JSONObject.Member(name, takeValue(&place)))
            }
            return .object(JSONObject(distinct: members))
        }
    }
}
