package import JSON
internal import Wire

/// The description of the service (OpenAPI 3.1), printed from the endpoints themselves.
package struct OpenAPI {
    private let endpoints: [Endpoint]
    private var schemas: [String: JSONValue] = [:]

    package init(_ endpoints: [Endpoint]) { self.endpoints = endpoints }

    package static func document(_ endpoints: [Endpoint]) -> JSONValue {
        var printer = OpenAPI(endpoints)
        return printer.document()
    }

    private mutating func document() -> JSONValue {
        let paths = paths()
        schemas["Problem"] = Self.problem
        var components = JSONObject()
        for name in schemas.keys.sorted() { components[name] = schemas[name] }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Berth", "version": "1",
                "summary": "What lives on smart cards: room, applications, custody, renewal.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/"]],
            "security": [["token": []]],
            "tags": .array(Set(endpoints.map(\.group)).sorted().map { ["name": .string($0)] }),
            "paths": .object(paths),
            "components": [
                "schemas": .object(components),
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer",
                        "description": "A token of the centre, of a session, or of an OpenID provider.",
                    ]
                ],
                "responses": ["Problem": Self.problemResponse],
            ],
        ]
    }

    // MARK: Paths

    private mutating func paths() -> JSONObject {
        var paths = JSONObject()
        for path in Set(endpoints.map(\.path.text)).sorted() {
            var item = JSONObject()
            let own = endpoints.filter { $0.path.text == path }
            for method in HTTPMethod.allCases {
                guard let endpoint = own.first(where: { $0.method == method }) else { continue }
                item[method.rawValue.lowercased()] = operation(endpoint)
            }
            paths[path] = .object(item)
        }
        return paths
    }

    private mutating func operation(_ endpoint: Endpoint) -> JSONValue {
        var object: JSONObject = [
            "operationId": .string(endpoint.operationID), "summary": .string(endpoint.summary),
            "description": .string(Self.access(endpoint)), "tags": [.string(endpoint.group)],
        ]
        if endpoint.access == .anyone { object["security"] = .array([]) }
        let parameters = endpoint.parameters.map { parameter($0) } + Self.fields(endpoint)
        if !parameters.isEmpty { object["parameters"] = .array(parameters) }
        switch endpoint.body {
        case .none: break
        case .json(let schema):
            object["requestBody"] = [
                "required": true, "content": .object([Endpoint.jsonType: ["schema": print(schema)]]),
            ]
        case .bytes(let mediaTypes, let max, let text):
            var content = JSONObject()
            for type in mediaTypes {
                content[type] = ["schema": ["type": "string", "format": "binary", "maxLength": .count(max)]]
            }
            object["requestBody"] = [
                "required": true, "description": .string(text), "content": .object(content),
            ]
        }
        object["responses"] = .object(responses(endpoint))
        return .object(object)
    }

    private static func access(_ endpoint: Endpoint) -> String {
        switch endpoint.access {
        case .anyone: "For anyone."
        case .only(let roles):
            "For " + Role.allCases.filter(roles.contains).map(\.rawValue).joined(separator: ", ") + "."
        }
    }

    private mutating func parameter(_ parameter: Parameter) -> JSONValue {
        let text = parameter.text.isEmpty ? parameter.schema.text ?? "" : parameter.text
        return [
            "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
            "required": .bool(parameter.place == .path), "description": .string(text),
            "schema": print(parameter.schema),
        ]
    }

    private static func fields(_ endpoint: Endpoint) -> [JSONValue] {
        var fields: [JSONValue] = []
        if endpoint.takesIdempotencyKey {
            fields.append(
                field(
                    "Idempotency-Key", isRequired: false,
                    "Done once, however often it is sent; the same answer again.",
                    ["type": "string", "pattern": "^(?![.]{1,2}$)[0-9A-Za-z._+-]{1,64}$"]))
        }
        if endpoint.precondition != .none {
            fields.append(
                field(
                    "If-Match", isRequired: endpoint.precondition == .required,
                    "The entity tag of what the change was decided on.",
                    // RFC 9110 §13.1.1 and §8.8.3.
                    ["type": "string", "pattern": "^([*]|(W/)?\"[!#-+.-~-]+\"(, ?(W/)?\"[!#-+.-~-]+\")*)$"]))
        }
        return fields
    }

    private static func field(
        _ name: String, isRequired: Bool, _ text: String, _ schema: JSONValue
    ) -> JSONValue {
        [
            "name": .string(name), "in": "header", "required": .bool(isRequired),
            "description": .string(text),
            "schema": schema,
        ]
    }

    private mutating func responses(_ endpoint: Endpoint) -> JSONObject {
        var responses = JSONObject()
        for outcome in endpoint.outcomes {
            // One status may come in several forms.
            let known = responses["\(outcome.status)"]
            let text = known?["description"]?.stringValue.map { $0 + " " + outcome.text } ?? outcome.text
            var object: JSONObject = ["description": .string(text)]
            var content = known?["content"]?.objectValue ?? JSONObject()
            for type in outcome.mediaTypes {
                content[type] = outcome.schema.map { ["schema": print($0)] } ?? .object([:])
            }
            if !content.members.isEmpty { object["content"] = .object(content) }
            responses["\(outcome.status)"] = .object(object)
        }
        responses["default"] = ["$ref": "#/components/responses/Problem"]
        return responses
    }

    // MARK: Schemas (JSON Schema 2020-12)

    private mutating func print(_ schema: Schema) -> JSONValue {
        var object: JSONObject
        switch schema.kind {
        case .named(let name, let meaning):
            if schemas[name] == nil {
                // Set first, so that a schema that holds itself ends.
                schemas[name] = .null
                schemas[name] = print(meaning)
            }
            return ["$ref": .string("#/components/schemas/\(name)")]
        case .string(let form): object = Self.print(form)
        case .integer(let range): object = Self.print(range)
        case .boolean: object = ["type": "boolean"]
        case .array(let element, let count):
            object = [
                "type": "array", "items": print(element), "minItems": .count(count.lowerBound),
                "maxItems": .count(count.upperBound),
            ]
        case .object(let properties): object = print(properties)
        case .map(let element): object = ["type": "object", "additionalProperties": print(element)]
        // The member that tells which has one word in each: no discriminator is needed, and none names inline schemas.
        case .oneOf(let schemas, _): object = ["oneOf": .array(schemas.map { print($0) })]
        case .nullable(let schema): object = ["anyOf": [print(schema), ["type": "null"]]]
        case .anything: object = [:]
        }
        if let text = schema.text { object["description"] = .string(text) }
        if let example = schema.example { object["examples"] = [example] }
        if schema.isSecret { object["writeOnly"] = true }
        return .object(object)
    }

    private static func print(_ form: StringForm) -> JSONObject {
        if let words = form.words { return ["type": "string", "enum": .array(words.map { .string($0) })] }
        var object: JSONObject = [
            "type": "string", "minLength": .count(form.count.lowerBound),
            "maxLength": .count(form.count.upperBound),
        ]
        if let pattern = form.pattern { object["pattern"] = .string(pattern) }
        if let format = form.format { object["format"] = .string(format) }
        return object
    }

    private static func print(_ range: ClosedRange<Int64>) -> JSONObject {
        var object: JSONObject = ["type": "integer", "format": "int64"]
        if range.lowerBound != .min { object["minimum"] = .integer(range.lowerBound) }
        if range.upperBound != .max { object["maximum"] = .integer(range.upperBound) }
        return object
    }

    private mutating func print(_ properties: [Schema.Property]) -> JSONObject {
        var members = JSONObject()
        for property in properties { members[property.name] = print(property.schema) }
        let required = properties.filter(\.isRequired).map { JSONValue.string($0.name) }
        var object: JSONObject = [
            "type": "object", "properties": .object(members), "additionalProperties": false,
        ]
        if !required.isEmpty { object["required"] = .array(required) }
        return object
    }

    // MARK: Problems

    private static let problem: JSONValue = [
        "type": "object",
        "description": "What went wrong (RFC 9457); the types are listed in docs/reference/problems.md.",
        "required": ["type", "title", "status", "detail", "code", "request"],
        "properties": [
            "type": ["type": "string", "format": "uri"], "title": ["type": "string"],
            "status": ["type": "integer"], "detail": ["type": "string"], "code": ["type": "string"],
            "remedy": ["type": "string"], "request": ["type": "string"],
            "errors": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["pointer", "detail"],
                    "properties": ["pointer": ["type": "string"], "detail": ["type": "string"]],
                ],
            ],
        ],
    ]

    private static let problemResponse: JSONValue = [
        "description": "A problem.",
        "content": [
            "application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]
        ],
    ]
}
