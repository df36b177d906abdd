internal import JSON

/// One thing that can be asked of the service: who may, what it takes, what it answers. Everything about it is here, so
/// that what is described is what is done.
package struct Endpoint: Sendable {
    /// Who may. There is no default: an endpoint that names nobody does not compile.
    package enum Access: Hashable, Sendable {
        /// Also those who did not sign in.
        case anyone
        case only(Set<Role>)

        package func admits(_ role: Role) -> Bool {
            switch self {
            case .anyone: true
            case .only(let roles): roles.contains(role)
            }
        }
    }

    /// Whether a change must name the version of the resource that it was decided on (RFC 9110 §13.1.1).
    package enum Precondition: Hashable, Sendable {
        /// It takes no `If-Match`: 400.
        case none
        /// `If-Match` is compared where it is there.
        case optional
        /// Without `If-Match` it is refused with 428.
        case required
    }

    package enum Body: Sendable {
        case none
        case json(Schema)
        /// One of these media types, as it came.
        case bytes(mediaTypes: [String], max: Int, text: String)
    }

    /// One good answer.
    package struct Outcome: Sendable {
        package let status: Int
        package let text: String
        package let schema: Schema?
        package let mediaTypes: [String]

        package static func json(_ status: Int, _ text: String, _ schema: Schema) -> Outcome {
            .init(status: status, text: text, schema: schema, mediaTypes: [Endpoint.jsonType])
        }
        package static func empty(_ text: String) -> Outcome {
            .init(status: 204, text: text, schema: nil, mediaTypes: [])
        }
        package static func other(_ status: Int, _ text: String, _ mediaTypes: String...) -> Outcome {
            .init(status: status, text: text, schema: nil, mediaTypes: mediaTypes)
        }
    }

    package typealias Handler = @Sendable (RestCall) throws -> RestAnswer

    package static let jsonType = "application/json"

    package let method: HTTPMethod
    package let path: PathTemplate
    /// Stable: programs that are generated from the description call it so.
    package let operationID: String
    /// What scopes of tokens speak of: `cards`.
    package let group: String
    package let summary: String
    package let access: Access
    package let parameters: [Parameter]
    package let body: Body
    package let outcomes: [Outcome]
    package let precondition: Precondition
    /// It changes nothing, whatever its method.
    package let isReading: Bool
    /// Its answer may be kept for a request that comes twice.
    package let isRepeatable: Bool
    package let handler: Handler

    package init(
        _ method: HTTPMethod, _ path: PathTemplate, _ operationID: String, group: String, _ summary: String,
        access: Access, parameters: [Parameter] = [], body: Body = .none, outcomes: [Outcome],
        precondition: Precondition = .none, isReading: Bool? = nil, isRepeatable: Bool = true,
        handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.operationID = operationID
        self.group = group
        self.summary = summary
        self.access = access
        self.parameters = parameters
        self.body = body
        self.outcomes = outcomes
        self.precondition = precondition
        self.isReading = isReading ?? (method == .get)
        self.isRepeatable = isRepeatable
        self.handler = handler
    }

    /// Repeating it is made safe by `Idempotency-Key`.
    package var takesIdempotencyKey: Bool { !isReading && isRepeatable }

    package var pathParameters: [Parameter] { parameters.filter { $0.place == .path } }
    package var queryParameters: [Parameter] { parameters.filter { $0.place == .query } }
}

/// One part of a request's path or query; every part of the path must have one.
package struct Parameter: Sendable {
    package enum Place: String, Hashable, Sendable {
        case path
        case query
    }

    package let name: String
    package let place: Place
    /// How texts look, or a whole number, or true and false.
    package let schema: Schema
    package let text: String

    package static func path(_ name: String, _ schema: Schema, _ text: String = "") -> Parameter {
        .init(name: name, place: .path, schema: schema, text: text)
    }
    package static func query(_ name: String, _ schema: Schema, _ text: String) -> Parameter {
        .init(name: name, place: .query, schema: schema, text: text)
    }

    /// What a page of a list takes.
    package static let page: [Parameter] = [
        .query(
            "limit", .integer(1...Int64(Page.limitMax)),
            "How many at most; \(Page.limitDefault) where nothing is said."),
        .query(
            "cursor", .string(Cursor.form), "From `next` of the page before; good for this list only."),
    ]

    /// The value that stands in the text, or what is wrong with it.
    func read(_ text: String) -> (value: JSONValue, faults: [SchemaFault]) {
        let value: JSONValue =
            switch schema.meaning.kind {
            case .integer: Int64(text).map { .integer($0) } ?? .string(text)
            case .boolean: text == "true" ? true : text == "false" ? false : .string(text)
            default: .string(text)
            }
        return (value, schema.faults(in: value))
    }
}

/// A path with names for some of its segments: `/v1/cards/{card}`.
package struct PathTemplate: Hashable, Sendable, ExpressibleByStringLiteral {
    package enum Segment: Hashable, Sendable {
        case word(String)
        case value(String)
    }

    package let text: String
    package let segments: [Segment]

    package init(stringLiteral text: String) {
        self.text = text
        segments = text.split(separator: "/").map { part in
            part.hasPrefix("{") ? .value(String(part.dropFirst().dropLast())) : .word(String(part))
        }
    }

    /// The values by their names; `nil` where the path is another.
    package func match(_ parts: [String]) -> [String: String]? {
        guard parts.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (segment, part) in zip(segments, parts) {
            switch segment {
            case .word(let word): guard word == part else { return nil }
            case .value(let name): values[name] = part
            }
        }
        return values
    }

    /// A path with more words is the closer one: `/v1/cards/figures` before `/v1/cards/{card}`.
    var wordCount: Int {
        segments.count { segment in
            if case .word = segment { true } else { false }
        }
    }

    var valueNames: [String] {
        segments.compactMap { segment in
            if case .value(let name) = segment { name } else { nil }
        }
    }
}
