extension JSONValue {
    /// The shortest text, in UTF-8.
    package func encoded() -> [UInt8] { encoded(isPretty: false) }

    /// The text with two spaces of indentation, in UTF-8, for people.
    package func encodedPretty() -> [UInt8] { encoded(isPretty: true) }

    /// The shortest text, as a string.
    package var text: String { String(decoding: encoded(), as: UTF8.self) }

    private func encoded(isPretty: Bool) -> [UInt8] {
        var writer = JSONWriter(capacity: 256, isPretty: isPretty)
        writer.value(self)
        return writer.bytes
    }
}
