import CentreServer
import JSON

/// Requests that fit an endpoint's own description, with one tenant's names where the description asks for names.
struct SampleRequests {
    let tenant: RestBench.Tenant

    /// Names that stand in paths and bodies.
    private func name(_ member: String) -> JSONValue? {
        switch member {
        case "card": .string(tenant.card)
        case "holder": .string(tenant.holder)
        case "application": .string(tenant.application)
        case "provider", "name": .string(tenant.provider)
        case "terminal": .string(tenant.terminal)
        case "aid": .string(tenant.aid)
        case "release": .string("\(tenant.application)@1.0")
        case "version": "0.9"
        case "stay": 1
        case "ordinal": 1
        case "webhook": .string(tenant.webhook)
        case "operation": "waits"
        case "operator": "anne"
        case "token": "AAAAAAAAAAAA"
        case "password": "another long password"
        case "profile": "javacard-80k"
        case "masterKey": "batch"
        default: nil
        }
    }

    func path(_ endpoint: Endpoint) -> String {
        let parts = endpoint.path.segments.map { segment -> String in
            switch segment {
            case .word(let word): return word
            case .value(let name):
                let schema = endpoint.parameters.first { $0.name == name }?.schema
                let value = self.name(name) ?? schema.map { sample($0, name) }
                return value?.stringValue ?? value?.integerValue.map { "\($0)" } ?? "x"
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    func body(_ endpoint: Endpoint) -> JSONValue? {
        if case .json(let schema) = endpoint.body { sample(schema, "") } else { nil }
    }

    /// The least that the schema takes.
    func sample(_ schema: Schema, _ member: String) -> JSONValue {
        switch schema.meaning.kind {
        case .string(let form):
            if let known = name(member)?.stringValue, form.accepts(known) { return .string(known) }
            return text(form, schema)
        case .integer(let range): return .integer(min(max(1, range.lowerBound), range.upperBound))
        case .boolean: return true
        case .array(let element, let count):
            return .array(Array(repeating: sample(element, member), count: count.lowerBound))
        case .object(let properties):
            var object = JSONObject()
            for property in properties where property.isRequired {
                object[property.name] = sample(property.schema, property.name)
            }
            return .object(object)
        case .map: return [:]
        case .oneOf(let schemas, _): return schemas.first.map { sample($0, member) } ?? .null
        case .nullable: return .null
        case .named, .anything: return .null
        }
    }

    private func text(_ form: StringForm, _ schema: Schema) -> JSONValue {
        if let word = form.words?.first { return .string(word) }
        if let example = schema.example?.stringValue, form.accepts(example) { return .string(example) }
        let candidates = [
            "2026-12-24", "2026-12-24T08:00:00Z", "1.0", "EUR", "https://203.0.113.9/hook", "cards:read",
            String(repeating: "AB", count: max(1, form.count.lowerBound / 2)),
            String(repeating: "a", count: form.count.lowerBound),
        ]
        return .string(candidates.first(where: form.accepts) ?? "a")
    }
}
