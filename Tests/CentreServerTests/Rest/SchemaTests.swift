import CentreServer
import Foundation
import JSON
import Testing

@Suite("Schemas and the description of the service")
struct SchemaTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    private let document = OpenAPI.document(RestTable.endpoints)

    @Test("docs/reference/openapi.json is what the program prints")
    func file() throws {
        let path = Self.root.appending(path: "docs/reference/openapi.json")
        let printed = String(decoding: document.encodedPretty() + [0x0A], as: UTF8.self)
        #expect(try String(contentsOf: path, encoding: .utf8) == printed)
    }

    @Test("the running service gives the same description, to anyone")
    func served() throws {
        let reply = try RestBench().ask(.get, "/v1/openapi.json")
        #expect(reply.json == document)
    }

    @Test("every reference leads somewhere, and every component is used")
    func references() {
        var found: Set<String> = []
        collect(document, into: &found)
        for reference in found {
            let parts = reference.split(separator: "/").dropFirst().map(String.init)
            let target = parts.reduce(JSONValue?.some(document)) { $0?[$1] }
            #expect(target != nil, "\(reference)")
        }
        for member in document["components"]?["schemas"]?.objectValue?.members ?? [] {
            #expect(found.contains("#/components/schemas/\(member.name)"), "\(member.name) is never used")
        }
    }

    private func collect(_ value: JSONValue, into found: inout Set<String>) {
        if let text = value["$ref"]?.stringValue { found.insert(text) }
        for member in value.objectValue?.members ?? [] { collect(member.value, into: &found) }
        for element in value.arrayValue ?? [] { collect(element, into: &found) }
    }

    @Test("every endpoint has its parameters, and every list its page")
    func endpoints() {
        for endpoint in RestTable.endpoints {
            let names = Set(endpoint.pathParameters.map(\.name))
            let wanted = Set(
                endpoint.path.segments.compactMap { segment in
                    if case .value(let name) = segment { name } else { nil }
                })
            #expect(names == wanted, "\(endpoint.operationID)")
            #expect(!endpoint.outcomes.isEmpty && !endpoint.summary.isEmpty)
            #expect(endpoint.operationID.allSatisfy { $0.isLetter }, "\(endpoint.operationID)")
        }
    }

    @Test("two schemas with one name are one schema")
    func names() {
        var known: [String: JSONValue] = [:]
        for endpoint in RestTable.endpoints {
            var schemas = endpoint.outcomes.compactMap(\.schema)
            if case .json(let schema) = endpoint.body { schemas.append(schema) }
            for schema in schemas {
                guard case .named(let name, _) = schema.kind else { continue }
                let printed = OpenAPI.document([endpoint])["components"]?["schemas"]?[name] ?? .null
                if let other = known[name] { #expect(other == printed, "\(name)") }
                known[name] = printed
            }
        }
    }

    @Test("what the check takes fits the pattern, and but for codes of a list the other way round")
    func patterns() throws {
        var forms: [StringForm] = []
        for endpoint in RestTable.endpoints {
            for parameter in endpoint.parameters { collect(parameter.schema, into: &forms) }
            if case .json(let schema) = endpoint.body { collect(schema, into: &forms) }
            for schema in endpoint.outcomes.compactMap(\.schema) { collect(schema, into: &forms) }
        }
        let samples = [
            "", "a", "A", "0", "-", "a-b", "A-B", "0A-1B", "a b", "ä", "a@b", "purse@1.2", "purse@", "@1",
            "A000000151000000", "a000000151000000", "A0000001", "A00000015", "AB", "ABC", "zz", "_a", ".a",
            "a.b_c", "x+y", "1.0", "2026-11-21", "2026-11-21T08:05:09Z", "2026-11-21T08:05:09.123Z",
            "cards:read", "cards:", ":read", "cards:write:x", String(repeating: "a", count: 64),
            String(repeating: "a", count: 65), String(repeating: "AB", count: 32), "*", "a\n", "\n",
            ".", "..", "...", "a@.", "a@..", "a@...",
        ]
        #expect(forms.count > 50)
        for form in forms {
            guard let pattern = form.pattern else { continue }
            let expression = try NSRegularExpression(pattern: pattern.replacing("$", with: "\\z"))
            for text in samples where form.count.contains(text.unicodeScalars.count) {
                let range = NSRange(text.startIndex..., in: text)
                let isFine = expression.firstMatch(in: text, range: range) != nil
                // Currencies are three letters, but not any three.
                if pattern == "^[A-Z]{3}$", !form.accepts(text) { continue }
                #expect(isFine == form.accepts(text), "\(pattern) and '\(text)'")
            }
        }
    }

    @Test(
        "what is refused is not told as if an example had been sent",
        arguments: [
            (Schema.day, "2031-02-29", "This is not a day, such as 2026-11-21."),
            (
                Schema.instant, "2031-02-29T00:00:00Z",
                "This is not a point in time in UTC, such as 2026-11-21T08:05:09Z."
            ),
            (Schema.release, "purse", "This is not a release, such as purse@1.2."),
        ])
    func reasons(_ schema: Schema, _ text: String, _ reason: String) {
        #expect(schema.faults(in: .string(text)).map(\.detail) == [reason])
    }

    @Test("no rule gives an example behind a colon")
    func rules() {
        var forms: [StringForm] = []
        for endpoint in RestTable.endpoints {
            for parameter in endpoint.parameters { collect(parameter.schema, into: &forms) }
            if case .json(let schema) = endpoint.body { collect(schema, into: &forms) }
        }
        for form in forms {
            guard let colon = form.rule.firstRange(of: ": ") else { continue }
            let example = String(form.rule[colon.upperBound...])
            #expect(!form.accepts(example), "\(form.rule)")
        }
    }

    private func collect(_ schema: Schema, into forms: inout [StringForm]) {
        switch schema.kind {
        case .string(let form): forms.append(form)
        case .array(let element, _), .map(let element), .nullable(let element), .named(_, let element):
            collect(element, into: &forms)
        case .object(let properties): for property in properties { collect(property.schema, into: &forms) }
        case .oneOf(let schemas, _): for schema in schemas { collect(schema, into: &forms) }
        case .integer, .boolean, .anything: break
        }
    }

    @Test("the samples that other tests send fit the schemas that they are made from")
    func samples() {
        let samples = SampleRequests(tenant: RestBench.city)
        for endpoint in RestTable.endpoints {
            guard case .json(let schema) = endpoint.body, let body = samples.body(endpoint) else { continue }
            #expect(schema.faults(in: body).isEmpty, "\(endpoint.operationID): \(schema.faults(in: body))")
        }
    }

    @Test("one of many is told by its word, and then held to its own schema")
    func oneOf() {
        let good: JSONValue = ["kind": "add", "application": "purse"]
        #expect(Schema.wish.faults(in: good).isEmpty)
        let wrong: [(JSONValue, String)] = [
            (["kind": "add"], "/application"), (["kind": "fly"], "/kind"), ([:], "/kind"), ("x", ""),
            (["kind": "add", "application": "Purse"], "/application"),
            (["kind": "renew", "application": "purse"], "/application"),
        ]
        for (value, pointer) in wrong {
            #expect(Schema.wish.faults(in: value).map(\.pointer) == [pointer], "\(value.text)")
        }
    }

    @Test("no answer is described as leaving out what it gives")
    func answersAreWhole() {
        for endpoint in RestTable.endpoints {
            for outcome in endpoint.outcomes {
                let secrets = outcome.schema.map { names(of: $0) } ?? []
                #expect(secrets.isEmpty, "\(endpoint.operationID)")
            }
        }
    }

    /// Of members that stand in requests only.
    private func names(of schema: Schema) -> [String] {
        switch schema.kind {
        case .object(let properties):
            properties.flatMap { $0.schema.isSecret ? [$0.name] : names(of: $0.schema) }
        case .array(let element, _), .map(let element), .nullable(let element), .named(_, let element):
            names(of: element)
        case .oneOf(let schemas, _): schemas.flatMap { names(of: $0) }
        case .string, .integer, .boolean, .anything: []
        }
    }

    @Test("secrets are taken out of what is kept, wherever they stand")
    func secrets() {
        let schema = Schema.object(
            .required("password", .password),
            .required("list", .array(of: .object(.required("code", Schema.text(1...9).secret)), 0...9)))
        let value: JSONValue = ["password": "long enough", "list": [["code": "x"], ["code": "y"]]]
        let kept: JSONValue = ["password": nil, "list": [["code": nil], ["code": nil]]]
        #expect(schema.withoutSecrets(value) == kept)
    }
}
