package import Centre
package import JSON
internal import SmartCard

/// An event as everybody outside gets it: CloudEvents 1.0, structured mode, JSON.
package struct CloudEvent: Form, Hashable {
    package static let mediaType = "application/cloudevents+json"
    private static let typePrefix = "dev.berth."
    private static let typeSuffix = ".v1"

    /// The same however often it is delivered.
    package var id: String
    /// Which centre; id and source together are unique (§3.1.1).
    package var source: String
    package var type: String
    package var subject: String
    package var time: Instant
    /// Its place among all events of the centre, which is how a reader goes on where it stopped. As text of one width,
    /// as the extension "sequence" wants it: it sorts.
    package var position: Int64
    package var provider: ProviderID?
    package var data: JSONObject

    package init(_ event: Event, source: String) {
        id = event.id
        self.source = source
        type = Self.type(of: event.kind)
        subject = event.subject
        time = event.at
        position = event.position
        provider = event.provider
        data = JSONObject()
        for fact in event.facts { data[Self.camelCase(fact.name)] = fact.value.plain }
    }

    /// `custody.held` is `dev.berth.custody.held.v1`.
    package static func type(of kind: String) -> String { typePrefix + kind + typeSuffix }

    package var json: JSONValue {
        .object(
            JSONObject(members: [
                ("specversion", .string("1.0")), ("id", .string(id)), ("source", .string(source)),
                ("type", .string(type)), ("subject", .string(subject)), ("time", .instant(time)),
                ("datacontenttype", .string("application/json")), ("sequence", .string(sequence)),
                ("provider", provider.map(JSONValue.name)), ("data", .object(data)),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        guard try form.text("specversion") == "1.0" else {
            throw form.problem("specversion", "is not '1.0'")
        }
        id = try form.text("id")
        source = try form.text("source")
        type = try form.text("type")
        subject = try form.text("subject")
        time = try form.instant("time")
        position = try form.word("sequence", "a number") { Int64($0) }
        provider = try form.optionalIdentifier("provider")
        guard case .object(let data) = try form.value("data") else {
            throw form.problem("data", "is not an object")
        }
        self.data = data
    }

    private var sequence: String {
        let digits = String(position)
        return String(repeating: "0", count: max(0, 19 - digits.utf8.count)) + digits
    }

    /// `valid-from` is `validFrom`.
    private static func camelCase(_ name: String) -> String {
        let words = name.split(separator: "-")
        return words.prefix(1).joined()
            + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}

extension Fact.Value {
    fileprivate var plain: JSONValue {
        switch self {
        case .number(let number): .integer(number)
        case .instant(let instant): .instant(instant)
        case .word(let word): .string(word)
        case .bytes(let bytes): .hex(bytes)
        }
    }
}
