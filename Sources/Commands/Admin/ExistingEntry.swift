internal import Arguments
internal import Centre
internal import CentreServer
internal import JSON

/// What the centre may have already of what a row brings in: where it shows that, and what the row says otherwise.
struct ExistingEntry: Sendable {
    /// What is asked for it.
    let path: String
    private let body: JSONObject
    private let schema: Schema
    private let isTariff: Bool

    /// The member that names what is registered.
    private static let names = [
        "registerCard": "card", "registerHolder": "holder", "registerTerminal": "terminal",
        "registerProvider": "id", "registerApplication": "id",
    ]

    /// `nil` for what cannot be there before: an address takes the place of another, and so does a tariff from now on.
    init?(of operationID: String, at path: String, _ body: JSONObject, _ schema: Schema) {
        self.schema = schema
        if let name = Self.names[operationID], let text = body[name]?.stringValue {
            (self.path, self.body, isTariff) = (path + "/" + CentreCall.escape(text), body, false)
        } else if operationID == "setTariff", body["validFrom"] != nil {
            var body = body
            // The centre shows them in each tariff, whether or not they were said.
            for name in ["freeDays", "minimum"] where body[name] == nil { body[name] = .integer(0) }
            (self.path, self.body, isTariff) = (path, body, true)
        } else {
            return nil
        }
    }

    /// What became of a row that was refused, once the centre has shown what is there.
    func answer(to problem: Problem, _ shown: JSONValue?) -> ImportWindow.Answer {
        guard let there = shown.flatMap(entry) else { return .refused(problem) }
        let differing = Self.differences(.object(body), there, schema, [])
        guard !differing.isEmpty else { return .known }
        return .refused(
            Problem(
                "row-differs", exit: .alreadyExists, "it is there already, and differs",
                why: differing.joined(separator: "; ")))
    }

    private func entry(_ shown: JSONValue) -> JSONValue? {
        guard isTariff else { return shown }
        return shown["items"]?.arrayValue?.first { item in
            item["application"]?.stringValue == body["application"]?.stringValue
                && Self.isSameInstant(item["validFrom"], body["validFrom"])
        }
    }

    // MARK: - What differs

    /// What a card learned since it was registered counts only where the row says it.
    private static let learned = ["keySet", "diversificationData"]

    // Bounded: the schema of a request is a few objects deep.
    private static func differences(
        _ said: JSONValue?, _ there: JSONValue?, _ schema: Schema, _ path: [String]
    ) -> [String] {
        schema.properties.flatMap { property -> [String] in
            let path = path + [property.name]
            let (one, other) = (said?[property.name], there?[property.name])
            // No answer shows a password.
            if property.schema.isSecret { return [] }
            guard property.schema.properties.isEmpty else {
                return differences(one, other, property.schema, path)
            }
            if path == learned, isNothing(one) || isSameHex(one, other) { return [] }
            guard !isSame(one, other, property.schema) else { return [] }
            return ["\(AdminNames.option(path)) is \(word(other)), not \(word(one))"]
        }
    }

    private static func isSame(_ one: JSONValue?, _ other: JSONValue?, _ schema: Schema) -> Bool {
        if isNothing(one), isNothing(other) { return true }
        switch schema.meaning.kind {
        case .string(let form):
            if form.format == StringForm.instant.format { return isSameInstant(one, other) }
            return one?.stringValue == other?.stringValue
        case .integer: return one?.integerValue == other?.integerValue
        case .array: return Set(one?.arrayValue ?? []) == Set(other?.arrayValue ?? [])
        case .nullable(let inner): return isSame(one, other, inner)
        case .boolean, .object, .map, .oneOf, .named, .anything: return one == other
        }
    }

    private static func isSameInstant(_ one: JSONValue?, _ other: JSONValue?) -> Bool {
        guard let one = one?.stringValue.flatMap({ Instant($0) }) else { return false }
        return one == other?.stringValue.flatMap { Instant($0) }
    }

    private static func isSameHex(_ one: JSONValue?, _ other: JSONValue?) -> Bool {
        one?.stringValue?.lowercased() == other?.stringValue?.lowercased()
    }

    private static func isNothing(_ value: JSONValue?) -> Bool {
        switch value {
        case .none, .some(.null): true
        case .some(.string(let text)): text.isEmpty
        case .some(.array(let values)): values.isEmpty
        case .some(.bool), .some(.integer), .some(.number), .some(.object): false
        }
    }

    private static func word(_ value: JSONValue?) -> String {
        guard let value, !isNothing(value) else { return "empty" }
        return value.stringValue.map { "'\($0.printable)'" } ?? value.text.printable
    }
}
