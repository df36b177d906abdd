package import JSON

/// One thing that is wrong with a request.
package struct SchemaFault: Hashable, Sendable {
    /// Where, as a JSON pointer (RFC 6901): `/wishes/0/application`.
    package let pointer: String
    package let detail: String

    var json: JSONValue { ["pointer": .string(pointer), "detail": .string(detail)] }
}

extension Schema {
    /// So many are told at once.
    private static let faultsMax = 20

    /// Everything that is wrong with a value; nothing where it is as it should be.
    package func faults(in value: JSONValue) -> [SchemaFault] {
        var check = Check()
        check.check(value, self, at: "")
        return Array(check.faults.prefix(Self.faultsMax))
    }

    /// The value without its secrets: what may be kept of a request.
    package func withoutSecrets(_ value: JSONValue) -> JSONValue {
        if isSecret { return .null }
        switch (meaning.kind, value) {
        case (.object(let properties), .object(let object)):
            var result = JSONObject()
            for member in object.members {
                let schema = properties.first { $0.name == member.name }?.schema
                result[member.name] = schema?.withoutSecrets(member.value) ?? member.value
            }
            return .object(result)
        case (.array(let element, _), .array(let values)): return .array(values.map(element.withoutSecrets))
        case (.nullable(let schema), let value): return schema.withoutSecrets(value)
        case (.oneOf(let schemas, let name), let value):
            return schemas.first { $0.accepts(value[name], for: name) }?.withoutSecrets(value) ?? value
        default: return value
        }
    }

    /// The secrets alone, in the order of the schema.
    package func secrets(in value: JSONValue) -> [String] {
        if isSecret { return [value.stringValue ?? value.text] }
        switch (meaning.kind, value) {
        case (.object(let properties), .object(let object)):
            return properties.flatMap { property in
                object[property.name].map { property.schema.secrets(in: $0) } ?? []
            }
        case (.array(let element, _), .array(let values)): return values.flatMap(element.secrets)
        case (.nullable(let schema), let value): return schema.secrets(in: value)
        case (.oneOf(let schemas, let name), let value):
            return schemas.first { $0.accepts(value[name], for: name) }?.secrets(in: value) ?? []
        default: return []
        }
    }

    /// Whether this object's member of that name may have the value: how one of many is told.
    fileprivate func accepts(_ value: JSONValue?, for name: String) -> Bool {
        guard let value, let property = properties.first(where: { $0.name == name }) else { return false }
        return property.schema.faults(in: value).isEmpty
    }
}

private struct Check {
    var faults: [SchemaFault] = []

    mutating func check(_ value: JSONValue, _ schema: Schema, at pointer: String) {
        switch schema.meaning.kind {
        case .string(let form): check(value, form, at: pointer)
        case .integer(let range):
            guard let number = value.integerValue else { return wrong(pointer, "This is no whole number.") }
            if !range.contains(number) {
                wrong(pointer, "\(number) is not from \(range.lowerBound) to \(range.upperBound).")
            }
        case .boolean:
            if value.boolValue == nil { wrong(pointer, "This is neither true nor false.") }
        case .array(let element, let count): check(value, element, count, at: pointer)
        case .object(let properties): check(value, properties, at: pointer)
        case .map(let element):
            guard let object = value.objectValue else { return wrong(pointer, "This is no object.") }
            for member in object.members { check(member.value, element, at: below(pointer, member.name)) }
        case .oneOf(let schemas, let name): check(value, schemas, by: name, at: pointer)
        case .nullable(let schema):
            if value != .null { check(value, schema, at: pointer) }
        case .named, .anything: break
        }
    }

    private mutating func check(_ value: JSONValue, _ form: StringForm, at pointer: String) {
        guard let text = value.stringValue else { return wrong(pointer, "This is no text.") }
        if !form.accepts(text) { wrong(pointer, "This is not \(form.rule).") }
    }

    private mutating func check(
        _ value: JSONValue, _ element: Schema, _ count: ClosedRange<Int>, at pointer: String
    ) {
        guard let values = value.arrayValue else { return wrong(pointer, "This is no list.") }
        guard count.contains(values.count) else {
            return wrong(pointer, "The list has \(values.count) elements; it takes \(count.words).")
        }
        for (index, value) in values.enumerated() { check(value, element, at: below(pointer, "\(index)")) }
    }

    private mutating func check(_ value: JSONValue, _ properties: [Schema.Property], at pointer: String) {
        guard let object = value.objectValue else { return wrong(pointer, "This is no object.") }
        let known = Set(properties.map(\.name))
        for member in object.members where !known.contains(member.name) {
            wrong(below(pointer, member.name), "There is no member of this name here.")
        }
        for property in properties {
            if let value = object[property.name] {
                check(value, property.schema, at: below(pointer, property.name))
            } else if property.isRequired {
                wrong(below(pointer, property.name), "This member is missing.")
            }
        }
    }

    private mutating func check(
        _ value: JSONValue, _ schemas: [Schema], by name: String, at pointer: String
    ) {
        guard value.objectValue != nil else { return wrong(pointer, "This is no object.") }
        guard let schema = schemas.first(where: { $0.accepts(value[name], for: name) }) else {
            return wrong(below(pointer, name), "This member must say which kind of object this is.")
        }
        check(value, schema, at: pointer)
    }

    private mutating func wrong(_ pointer: String, _ detail: String) {
        faults.append(SchemaFault(pointer: pointer, detail: detail))
    }

    /// `~` and `/` have a meaning in pointers (RFC 6901 §3).
    private func below(_ pointer: String, _ name: String) -> String {
        pointer + "/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}

extension ClosedRange<Int> {
    fileprivate var words: String {
        lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound) to \(upperBound)"
    }
}
