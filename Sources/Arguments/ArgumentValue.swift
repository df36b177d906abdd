/// Why a text is not a value; it reads after "--mode: " and never repeats a secret.
package struct ValueRefusal: Error, Hashable {
    package let reason: String

    package init(_ reason: String) { self.reason = reason }
}

/// What a shell may offer while a value is being typed.
package enum Candidates: Hashable, Sendable {
    case none
    /// Files whose names end in one of the extensions (all files if there are none), and directories to walk into.
    case files(extensions: [String])
    case directories
    /// The readers of this machine, asked for at that moment.
    case readers
    case words([Word])

    /// One word to offer, and what it means.
    package struct Word: Hashable, Sendable {
        package let text: String
        package let summary: String

        package init(_ text: String, _ summary: String = "") {
            self.text = text
            self.summary = summary
        }
    }
}

/// How one text of the command line becomes one typed value.
package struct ArgumentValue<Value: Sendable>: Sendable {
    /// How the value is called in a usage line, such as `FILE`.
    package let placeholder: String
    package let candidates: Candidates
    /// A secret never appears in an error.
    package let isSecret: Bool
    package let read: @Sendable (String) throws(ValueRefusal) -> Value
    /// How a default is written in help.
    package let show: @Sendable (Value) -> String

    package init(
        _ placeholder: String,
        candidates: Candidates = .none,
        isSecret: Bool = false,
        show: @escaping @Sendable (Value) -> String = { "\($0)" },
        read: @escaping @Sendable (String) throws(ValueRefusal) -> Value
    ) {
        self.placeholder = placeholder
        self.candidates = candidates
        self.isSecret = isSecret
        self.show = show
        self.read = read
    }
}

extension ArgumentValue where Value == String {
    /// Any text that is not empty.
    package static func text(_ placeholder: String = "TEXT") -> Self {
        Self(placeholder, read: refuseEmpty)
    }

    /// A file; the shell offers those with the extensions.
    package static func file(_ placeholder: String = "FILE", extensions: String...) -> Self {
        Self(placeholder, candidates: .files(extensions: extensions), read: refuseEmpty)
    }

    package static func directory(_ placeholder: String = "DIR") -> Self {
        Self(placeholder, candidates: .directories, read: refuseEmpty)
    }

    /// A reader, by its name or a part of it.
    package static func reader(_ placeholder: String = "NAME") -> Self {
        Self(placeholder, candidates: .readers, read: refuseEmpty)
    }

    private static func refuseEmpty(_ text: String) throws(ValueRefusal) -> String {
        guard !text.isEmpty else { throw ValueRefusal("it is empty") }
        return text
    }
}

extension ArgumentValue where Value: FixedWidthInteger {
    /// A whole number, decimal or with `0x` in hexadecimal, within the range.
    package static func integer(_ placeholder: String = "N", in range: ClosedRange<Value>) -> Self {
        Self(placeholder, show: \.description) { (text) throws(ValueRefusal) in
            let isHex = text.hasPrefix("0x") || text.hasPrefix("0X")
            let digits = isHex ? text.dropFirst(2) : text[...]
            // `Value.init` would take "+5", and "-5" after "0x".
            let hasSign = isHex && (digits.first == "-" || digits.first == "+")
            guard !hasSign, digits.first != "+", let value = Value(digits, radix: isHex ? 16 : 10) else {
                throw ValueRefusal(notInteger(digits, isHex: isHex, range: range))
            }
            guard range.contains(value) else {
                throw ValueRefusal("it must be from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
    }

    private static func notInteger(_ digits: Substring, isHex: Bool, range: ClosedRange<Value>) -> String {
        let body = digits.first == "-" && !isHex ? digits.dropFirst() : digits
        let isNumber = !body.isEmpty && body.allSatisfy { isHex ? $0.isHexDigit : ("0"..."9").contains($0) }
        return isNumber
            ? "it must be from \(range.lowerBound) to \(range.upperBound)" : "it is not a whole number"
    }
}

extension ArgumentValue where Value == [UInt8] {
    /// Bytes in hexadecimal; spaces, colons and a leading `0x` are accepted as people write them.
    package static func hex(
        _ placeholder: String = "HEX", bytes range: ClosedRange<Int>, isSecret: Bool = false
    ) -> Self {
        Self(placeholder, isSecret: isSecret, show: hexText) { (text) throws(ValueRefusal) in
            let bytes = try readHex(text, isSecret: isSecret)
            guard range.contains(bytes.count) else {
                throw ValueRefusal(wrongLength(bytes.count, range))
            }
            return bytes
        }
    }

    private static func readHex(_ text: String, isSecret: Bool) throws(ValueRefusal) -> [UInt8] {
        let body = text.hasPrefix("0x") || text.hasPrefix("0X") ? text.dropFirst(2) : text[...]
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in body where character != " " && character != ":" {
            guard character.isASCII, let digit = character.hexDigitValue.map({ UInt8($0) }) else {
                let what = isSecret ? "a character" : "'\(character.printable)'"
                throw ValueRefusal("\(what) is not a hexadecimal digit")
            }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil else { throw ValueRefusal("it has an odd number of hexadecimal digits") }
        return bytes
    }

    private static func wrongLength(_ count: Int, _ range: ClosedRange<Int>) -> String {
        let wanted =
            range.lowerBound == range.upperBound
            ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
        return "it has \(count) byte\(count == 1 ? "" : "s"), and \(wanted) are needed"
    }

    private static func hexText(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

extension ArgumentValue where Value: CaseIterable & RawRepresentable & Equatable, Value.RawValue == String {
    /// One of the listed cases, in any case of letters.
    package static func cases(_ placeholder: String) -> Self {
        choice(placeholder, Value.allCases.map { ($0.rawValue, $0, "") })
    }
}

extension ArgumentValue where Value: Equatable {
    /// One of the named values, each with what it means.
    package static func choice(
        _ placeholder: String, _ choices: [(name: String, value: Value, summary: String)]
    ) -> Self {
        let words = choices.map { Candidates.Word($0.name, $0.summary) }
        let show: @Sendable (Value) -> String = { value in
            choices.first { $0.value == value }?.name ?? "\(value)"
        }
        return Self(placeholder, candidates: .words(words), show: show) { (text) throws(ValueRefusal) in
            if let exact = choices.first(where: { $0.name == text }) { return exact.value }
            if let near = choices.first(where: { $0.name.lowercased() == text.lowercased() }) {
                return near.value
            }
            throw ValueRefusal("it must be one of: " + choices.map(\.name).joined(separator: ", "))
        }
    }
}
