/// An argument known by its place, and the typed key by which its value is read: `parsed[file]`.
package struct Positional<Value: Sendable>: DeclaredPositional {
    package let specification: PositionalSpecification
}

/// Any positional argument, whatever the type of its value.
package protocol DeclaredPositional: Sendable {
    var specification: PositionalSpecification { get }
}

/// What help, completion, the manual and the parser need to know of a positional argument.
package struct PositionalSpecification: Sendable {
    /// How many there are.
    package enum Arity: Hashable, Sendable {
        case one
        case oneOrNone
        case many(least: Int)
    }

    /// As written in the usage line, in capitals.
    package let name: String
    package let arity: Arity
    package let summary: String
    package let candidates: Candidates
    package let isSecret: Bool
    /// Makes the typed value, boxed as `Stored<Value>`.
    let finish: @Sendable ([String]) throws(ValueRefusal) -> any Sendable
}

extension Positional {
    /// An argument that must be given.
    package static func required(_ kind: ArgumentValue<Value>, help summary: String) -> Self {
        make(kind, .one, summary) { (texts) throws(ValueRefusal) in
            guard let text = texts.first else { throw ValueRefusal("it must be given") }
            return try kind.read(text)
        }
    }

    /// An argument that may be left out: its value is nil then.
    package static func optional<Wrapped>(_ kind: ArgumentValue<Wrapped>, help summary: String) -> Self
    where Value == Wrapped? {
        make(kind, .oneOrNone, summary) { (texts) throws(ValueRefusal) in
            guard let text = texts.first else { return nil }
            return try kind.read(text)
        }
    }

    /// The rest of the arguments, in order; only the last argument of a command can be this.
    package static func repeated<Element>(
        _ kind: ArgumentValue<Element>, least: Int = 0, help summary: String
    ) -> Self where Value == [Element] {
        make(kind, .many(least: least), summary) { (texts) throws(ValueRefusal) in
            var values: [Element] = []
            for text in texts { values.append(try kind.read(text)) }
            return values
        }
    }

    private static func make<Kind>(
        _ kind: ArgumentValue<Kind>, _ arity: PositionalSpecification.Arity, _ summary: String,
        read: @escaping @Sendable ([String]) throws(ValueRefusal) -> Value
    ) -> Self {
        Self(
            specification: PositionalSpecification(
                name: kind.placeholder, arity: arity, summary: summary, candidates: kind.candidates,
                isSecret: kind.isSecret
            ) { (texts) throws(ValueRefusal) in Stored(value: try read(texts)) })
    }
}
