internal import Arguments
internal import CentreServer
internal import JSON

/// One member of a request's body as an option; members of an object inside it have its name in front.
struct BodyMember: Sendable {
    private enum Key: Sendable {
        case one(Option<String?>)
        case many(Option<[String]>)
        case secret(Option<SecretSource?>)
    }

    private let path: [String]
    private let schema: Schema
    private let key: Key

    var option: any DeclaredOption {
        switch key {
        case .one(let option): option
        case .many(let option): option
        case .secret(let option): option
        }
    }

    /// Objects are taken apart so deep; what lies deeper is given as JSON.
    private static let depthMax = 3
    private static let bytesMax = 1 << 20

    static func members(of schema: Schema, besides taken: Set<String>) -> [BodyMember] {
        members(of: schema, path: [], depth: 0).filter { member in
            member.path.count > 1 || !taken.contains(member.path[0])
        }
    }

    private static func members(of schema: Schema, path: [String], depth: Int) -> [BodyMember] {
        schema.properties.flatMap { property -> [BodyMember] in
            let path = path + [property.name]
            if !property.schema.properties.isEmpty, !property.schema.isSecret, depth < depthMax {
                return members(of: property.schema, path: path, depth: depth + 1)
            }
            return [BodyMember(path, property.schema)]
        }
    }

    private init(_ path: [String], _ schema: Schema) {
        self.path = path
        self.schema = schema
        let name = AdminNames.option(path)
        let last = path.last ?? ""
        let help = AdminVerb.line(schema.text ?? schema.meaning.text ?? "", path.joined(separator: " "))
        if schema.isSecret, Self.isText(schema) {
            key = .secret(
                .optional(
                    name, .secret("SOURCE"), help: help + ": prompt, env:NAME, file:PATH, fd:N or -"))
        } else if case .array(let element, _) = schema.meaning.kind {
            key = .many(
                .repeated(
                    name, Self.kind(of: element, last), help: help + "; may be given many times"))
        } else {
            key = .one(.optional(name, Self.kind(of: schema, last), help: help))
        }
    }

    private static func isText(_ schema: Schema) -> Bool {
        if case .string = schema.meaning.kind { true } else { false }
    }

    /// What a shell can offer for a value, and how it is called.
    static func kind(of schema: Schema, _ name: String) -> ArgumentValue<String> {
        switch schema.meaning.kind {
        case .boolean:
            return .choice("YES|NO", [("yes", "true", ""), ("no", "false", "")])
        case .string(let form):
            guard let words = form.words else { return .text(AdminNames.placeholder(name)) }
            return .choice(AdminNames.placeholder(name), words.map { ($0, $0, "") })
        case .integer: return .text("N")
        case .nullable(let inner): return kind(of: inner, name)
        case .array, .object, .map, .oneOf, .named, .anything: return .text("JSON")
        }
    }

    /// As the option, and as the column of a file, is called.
    var name: String { AdminNames.option(path) }

    /// From one field of a file; lists have blanks between their elements.
    func set(_ text: String, in body: inout JSONObject) throws {
        guard case .array(let element, _) = schema.meaning.kind else {
            return Self.set(&body, path[...], try Self.value(text, schema, path))
        }
        let parts = text.split(separator: " ").map(String.init)
        Self.set(&body, path[...], .array(try parts.map { try Self.value($0, element, path) }))
    }

    func add(to body: inout JSONObject, _ parsed: ParsedCommand, _ terminal: Terminal) throws {
        switch key {
        case .one(let option):
            guard let text = parsed[option] else { return }
            Self.set(&body, path[...], try Self.value(text, schema, path))
        case .many(let option):
            let texts = parsed[option]
            guard !texts.isEmpty, case .array(let element, _) = schema.meaning.kind else { return }
            Self.set(&body, path[...], .array(try texts.map { try Self.value($0, element, path) }))
        case .secret(let option):
            guard let source = parsed[option] else { return }
            guard !source.isLiteral else {
                throw Problem.usage(
                    "a secret does not belong on the command line, where others can see it",
                    advice: "give --\(AdminNames.option(path)) prompt, env:NAME, file:PATH or fd:N")
            }
            let text = try terminal.withSecret(source, label: path.last ?? "secret") { bytes in
                String(decoding: bytes, as: UTF8.self)
            }
            Self.set(&body, path[...], .string(text))
        }
    }

    private static func value(_ text: String, _ schema: Schema, _ path: [String]) throws -> JSONValue {
        switch schema.meaning.kind {
        case .string: return .string(text)
        case .boolean: return .bool(["true", "yes"].contains(text))
        case .integer:
            guard let number = Int64(text) else {
                throw Problem.usage("--\(AdminNames.option(path)): '\(text)' is not a whole number")
            }
            return .integer(number)
        case .nullable(let inner):
            return ["none", "null"].contains(text) ? .null : try value(text, inner, path)
        case .array, .object, .map, .oneOf, .named, .anything:
            guard let value = try? JSONValue(decoding: text) else {
                throw Problem.usage("--\(AdminNames.option(path)): this is not JSON")
            }
            return value
        }
    }

    private static func set(_ object: inout JSONObject, _ path: ArraySlice<String>, _ value: JSONValue) {
        guard let first = path.first else { return }
        guard path.count > 1 else {
            object[first] = value
            return
        }
        var inner = object[first]?.objectValue ?? JSONObject()
        set(&inner, path.dropFirst(), value)
        object[first] = .object(inner)
    }

    /// A request in a file.
    static func read(_ path: String) throws -> JSONObject {
        let bytes = try InputFile.read(path, bytesMax: bytesMax)
        do throws(JSONError) {
            guard case .object(let object) = try JSONValue(decoding: bytes) else {
                throw JSONError.unexpectedByte(bytes.first ?? 0, at: 0)
            }
            return object
        } catch {
            throw Problem(
                "json-broken", exit: .badData, "\(path) is not an object of JSON", why: error.reason)
        }
    }
}
