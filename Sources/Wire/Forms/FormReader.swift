package import Centre
package import JSON
package import SmartCard

/// Takes an object apart, member by member. Members that nobody asks for are passed over: a newer centre may send more
/// than an older client knows.
package struct FormReader {
    package let object: JSONObject
    package let pointer: String

    package init(_ value: JSONValue, at pointer: String = "") throws(FormProblem) {
        guard case .object(let object) = value else { throw FormProblem(pointer, "is not an object") }
        self.object = object
        self.pointer = pointer
    }

    /// Where a member stands; `~` and `/` in names are written as RFC 6901 §3 says.
    package func place(_ name: String) -> String {
        let escaped = name.map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
        return pointer + "/" + escaped
    }

    package func problem(_ name: String, _ problem: String) -> FormProblem {
        FormProblem(place(name), problem)
    }

    /// A member that is null is not there.
    package func optional(_ name: String) -> JSONValue? {
        switch object[name] {
        case nil, .null?: nil
        case let value?: value
        }
    }

    package func value(_ name: String) throws(FormProblem) -> JSONValue {
        guard let value = optional(name) else { throw problem(name, "is missing") }
        return value
    }
}

// MARK: Plain values

extension FormReader {
    package func optionalText(_ name: String) throws(FormProblem) -> String? {
        guard let value = optional(name) else { return nil }
        guard let text = value.stringValue else { throw problem(name, "is not a text") }
        return text
    }

    package func text(_ name: String) throws(FormProblem) -> String {
        try require(name, try optionalText(name))
    }

    package func optionalInteger(_ name: String) throws(FormProblem) -> Int64? {
        guard let value = optional(name) else { return nil }
        guard let integer = value.integerValue else { throw problem(name, "is not a whole number") }
        return integer
    }

    package func integer(_ name: String) throws(FormProblem) -> Int64 {
        try require(name, try optionalInteger(name))
    }

    package func optionalCount(_ name: String) throws(FormProblem) -> Int? {
        guard let integer = try optionalInteger(name) else { return nil }
        guard integer >= 0 else { throw problem(name, "is negative") }
        return Int(integer)
    }

    package func count(_ name: String) throws(FormProblem) -> Int {
        try require(name, try optionalCount(name))
    }

    package func optionalBool(_ name: String) throws(FormProblem) -> Bool? {
        guard let value = optional(name) else { return nil }
        guard let bool = value.boolValue else { throw problem(name, "is neither true nor false") }
        return bool
    }

    package func optionalArray(_ name: String) throws(FormProblem) -> [JSONValue]? {
        guard let value = optional(name) else { return nil }
        guard let array = value.arrayValue else { throw problem(name, "is not a list") }
        return array
    }

    private func require<Value>(_ name: String, _ value: Value?) throws(FormProblem) -> Value {
        guard let value else { throw problem(name, "is missing") }
        return value
    }
}

// MARK: Words of the domain, written as text

extension FormReader {
    /// A text that is a word of some kind; `expected` ends the sentence "is not …".
    package func optionalWord<Word>(
        _ name: String, _ expected: String, _ make: (String) -> Word?
    ) throws(FormProblem) -> Word? {
        guard let text = try optionalText(name) else { return nil }
        guard let word = make(text) else { throw problem(name, "is not \(expected)") }
        return word
    }

    package func word<Word>(
        _ name: String, _ expected: String, _ make: (String) -> Word?
    ) throws(FormProblem) -> Word {
        try require(name, try optionalWord(name, expected, make))
    }

    /// A list of texts that are all words of some kind.
    package func optionalWords<Word>(
        _ name: String, _ expected: String, _ make: (String) -> Word?
    ) throws(FormProblem) -> [Word]? {
        guard let array = try optionalArray(name) else { return nil }
        var words: [Word] = []
        for (index, value) in array.enumerated() {
            guard let word = value.stringValue.flatMap(make) else {
                throw FormProblem("\(place(name))/\(index)", "is not \(expected)")
            }
            words.append(word)
        }
        return words
    }

    package func identifier<Kind>(_ name: String) throws(FormProblem) -> Identifier<Kind> {
        try require(name, try optionalIdentifier(name))
    }

    package func optionalIdentifier<Kind>(_ name: String) throws(FormProblem) -> Identifier<Kind>? {
        try optionalWord(name, Self.expected(Kind.self)) { try? Identifier<Kind>($0) }
    }

    package func optionalIdentifiers<Kind>(_ name: String) throws(FormProblem) -> [Identifier<Kind>]? {
        try optionalWords(name, Self.expected(Kind.self)) { try? Identifier<Kind>($0) }
    }

    private static func expected<Kind: IdentifierKind>(_ kind: Kind.Type) -> String {
        "the name of a \(Kind.noun) (\(Kind.rule); at most \(Kind.lengthMax))"
    }

    package func release(_ name: String) throws(FormProblem) -> ReleaseID {
        try word(name, "a release such as 'purse@1.2'", ReleaseID.init(text:))
    }

    package func optionalInstant(_ name: String) throws(FormProblem) -> Instant? {
        try optionalWord(name, "a point in time in UTC such as '2026-11-21T08:05:09Z'") { Instant($0) }
    }

    package func instant(_ name: String) throws(FormProblem) -> Instant {
        try require(name, try optionalInstant(name))
    }

    package func optionalBytes(_ name: String) throws(FormProblem) -> [UInt8]? {
        try optionalWord(name, "upper-case hex") { Self.bytes($0) }
    }

    package func bytes(_ name: String) throws(FormProblem) -> [UInt8] {
        try require(name, try optionalBytes(name))
    }

    package func optionalAID(_ name: String) throws(FormProblem) -> AID? {
        try optionalWord(name, "an AID of 5 to 16 bytes as hex") { Self.bytes($0).flatMap { try? AID($0) } }
    }

    package func aid(_ name: String) throws(FormProblem) -> AID { try require(name, try optionalAID(name)) }

    package func optionalAIDs(_ name: String) throws(FormProblem) -> [AID]? {
        try optionalWords(name, "an AID of 5 to 16 bytes as hex") { Self.bytes($0).flatMap { try? AID($0) } }
    }

    package func optionalByteStrings(_ name: String) throws(FormProblem) -> [[UInt8]]? {
        try optionalWords(name, "upper-case hex") { Self.bytes($0) }
    }

    /// Digits only: what people write between them is for people.
    private static func bytes(_ text: String) -> [UInt8]? { HexDigits.bytes(text) }
}

// MARK: Objects

extension FormReader {
    package func optionalForm<F: Form>(_ name: String) throws(FormProblem) -> F? {
        guard let value = optional(name) else { return nil }
        return try F(json: value, at: place(name))
    }

    package func form<F: Form>(_ name: String) throws(FormProblem) -> F {
        try require(name, try optionalForm(name))
    }

    package func forms<F: Form>(_ name: String) throws(FormProblem) -> [F] {
        var forms: [F] = []
        for (index, value) in (try optionalArray(name) ?? []).enumerated() {
            forms.append(try F(json: value, at: "\(place(name))/\(index)"))
        }
        return forms
    }
}

extension ReleaseID {
    /// Reads `purse@1.2`.
    package init?(text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let application = try? ApplicationID(String(parts[0])),
            let version = try? ReleaseVersion(String(parts[1]))
        else { return nil }
        self.init(application, version)
    }
}
