package import JSON

/// What a JSON value looks like: requests are held to it, and the description of the service is printed from it.
package struct Schema: Sendable {
    package indirect enum Kind: Sendable {
        case string(StringForm)
        case integer(ClosedRange<Int64>)
        case boolean
        case array(Schema, count: ClosedRange<Int>)
        /// Other members than these are refused.
        case object([Property])
        /// Any names with values of one kind.
        case map(Schema)
        /// Exactly one of these objects; the member of this name tells which.
        case oneOf([Schema], by: String)
        case nullable(Schema)
        /// Printed once, under this name.
        case named(String, Schema)
        case anything
    }

    package struct Property: Sendable {
        package let name: String
        package let schema: Schema
        package let isRequired: Bool

        package static func required(_ name: String, _ schema: Schema) -> Property {
            .init(name: name, schema: schema, isRequired: true)
        }
        package static func optional(_ name: String, _ schema: Schema) -> Property {
            .init(name: name, schema: schema, isRequired: false)
        }

        /// The same in an answer, for those who may see it.
        package var shown: Property {
            var schema = schema
            schema.isSecret = false
            return .init(name: name, schema: schema, isRequired: isRequired)
        }
    }

    package let kind: Kind
    package var text: String?
    package var example: JSONValue?
    /// Of a request only: it does not stand in what is kept of it, nor in an answer.
    package var isSecret = false

    package init(_ kind: Kind) { self.kind = kind }
}

/// What a text looks like. The pattern is for the description; the check is what holds, and a test compares the two.
package struct StringForm: Sendable {
    package var pattern: String?
    /// In characters.
    package var count: ClosedRange<Int>
    package var format: String?
    package var words: [String]?
    /// In words, for the problem.
    package var rule: String
    package var check: @Sendable (String) -> Bool

    package init(
        pattern: String? = nil, count: ClosedRange<Int>, format: String? = nil, words: [String]? = nil,
        rule: String, check: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        self.pattern = pattern
        self.count = count
        self.format = format
        self.words = words
        self.rule = rule
        self.check = check
    }

    package func accepts(_ text: String) -> Bool {
        count.contains(text.unicodeScalars.count) && check(text)
    }
}

// MARK: Making them

extension Schema {
    package static func object(_ properties: Property...) -> Schema { .init(.object(properties)) }
    package static func object(_ properties: [Property]) -> Schema { .init(.object(properties)) }
    package static func array(of element: Schema, _ count: ClosedRange<Int>) -> Schema {
        .init(.array(element, count: count))
    }
    package static func integer(_ range: ClosedRange<Int64>) -> Schema { .init(.integer(range)) }
    package static let boolean = Schema(.boolean)
    package static let anything = Schema(.anything)
    package static func nullable(_ schema: Schema) -> Schema { .init(.nullable(schema)) }
    package static func named(_ name: String, _ schema: Schema) -> Schema { .init(.named(name, schema)) }
    package static func oneOf(by name: String, _ schemas: Schema...) -> Schema {
        .init(.oneOf(schemas, by: name))
    }

    /// One of the words of a closed list.
    package static func words(_ words: String...) -> Schema { .words(words) }
    package static func words(_ words: [String]) -> Schema {
        let counts = words.map(\.count)
        return .init(
            .string(
                StringForm(
                    count: (counts.min() ?? 0)...(counts.max() ?? 0), words: words,
                    rule: "one of " + words.joined(separator: ", "), check: { words.contains($0) })))
    }

    package static func string(_ form: StringForm) -> Schema { .init(.string(form)) }

    package func described(_ text: String, example: JSONValue? = nil) -> Schema {
        var schema = self
        schema.text = text
        schema.example = example ?? self.example
        return schema
    }

    package var secret: Schema {
        var schema = self
        schema.isSecret = true
        return schema
    }

    /// What a name stands for.
    package var meaning: Schema {
        if case .named(_, let schema) = kind { schema.meaning } else { self }
    }

    /// The members of an object; none of anything else.
    package var properties: [Property] {
        if case .object(let properties) = meaning.kind { properties } else { [] }
    }
}
