package import Centre
package import JSON
package import SmartCard

// How values of the domain are written. Bytes are upper-case hex, points in time ISO 8601 in UTC.

extension JSONValue {
    package static func hex(_ bytes: [UInt8]) -> JSONValue { .string(bytes.hex) }
    package static func aid(_ aid: AID) -> JSONValue { .string(aid.description) }
    package static func aids(_ aids: [AID]) -> JSONValue { .array(aids.map(JSONValue.aid)) }
    package static func instant(_ instant: Instant) -> JSONValue { .string(instant.description) }
    package static func name<Kind>(_ identifier: Identifier<Kind>) -> JSONValue { .string(identifier.text) }
    package static func names<Kind>(_ identifiers: [Identifier<Kind>]) -> JSONValue {
        .array(identifiers.map(JSONValue.name))
    }
    package static func texts(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
    package static func forms(_ forms: [some Form]) -> JSONValue { .array(forms.map(\.json)) }
}

extension JSONObject {
    /// Members whose value is nil are left out.
    package init(members: [(String, JSONValue?)]) {
        self.init(capacity: members.count)
        for case (let name, let value?) in members { self[name] = value }
    }
}

extension Room: Form {
    package var json: JSONValue {
        ["nonVolatile": .count(nonVolatile), "volatile": .count(volatile)]
    }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(
            nonVolatile: try form.count("nonVolatile"), volatile: try form.optionalCount("volatile") ?? 0)
    }
}

extension Money: Form {
    /// An amount is a whole number of minor units: nothing is rounded on the way.
    package var json: JSONValue {
        ["minorUnits": .integer(minorUnits), "currency": .string(currency.code)]
    }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(
            try form.integer("minorUnits"),
            try form.word("currency", "a currency of ISO 4217") { Currency($0) })
    }
}
