/// An option of a command, and the typed key by which its value is read: `parsed[reader]`.
package struct Option<Value: Sendable>: DeclaredOption {
    package let specification: OptionSpecification
}

/// Any option, whatever the type of its value.
package protocol DeclaredOption: Sendable {
    var specification: OptionSpecification { get }
}

/// What help, completion, the manual and the parser need to know of an option.
package struct OptionSpecification: Sendable {
    /// What stands behind the name on the command line.
    package enum Form: Hashable, Sendable {
        /// Present or not; an invertible flag has a `--no-` twin.
        case flag(isInvertible: Bool)
        /// One value, written as the placeholder in help.
        case value(placeholder: String)
    }

    package let name: String
    package let short: Character?
    /// Other names that work and are not shown.
    package let aliases: [String]
    package let form: Form
    package let summary: String
    package let candidates: Candidates
    package let defaultText: String?
    /// A variable of the environment that gives the value if the command line does not.
    package let environment: String?
    package let isRequired: Bool
    package let isRepeatable: Bool
    package let isSecret: Bool
    package let isHidden: Bool
    /// Makes the typed value, boxed as `Stored<Value>`.
    let finish: @Sendable ([Occurrence]) throws(ValueRefusal) -> any Sendable

    /// One appearance on the command line.
    enum Occurrence: Hashable, Sendable {
        case set
        case cleared
        case value(String)
    }
}

/// A value in its own box, so that an absent optional is not taken for an absent entry.
struct Stored<Value: Sendable>: Sendable {
    let value: Value
}

/// What an option has beside its name, value and summary.
package struct OptionTraits: Sendable {
    package var short: Character?
    package var aliases: [String]
    package var environment: String?
    package var isHidden: Bool

    package init(
        short: Character? = nil, aliases: [String] = [], environment: String? = nil, isHidden: Bool = false
    ) {
        self.short = short
        self.aliases = aliases
        self.environment = environment
        self.isHidden = isHidden
    }

    package static let none = Self()
    package static let hidden = Self(isHidden: true)

    package static func short(_ letter: Character) -> Self { Self(short: letter) }
    package static func environment(_ name: String) -> Self { Self(environment: name) }
    package static func aliases(_ names: String...) -> Self { Self(aliases: names) }
}

extension Option {
    /// An option that may be left out: its value is nil then.
    package static func optional<Wrapped>(
        _ name: String, _ kind: ArgumentValue<Wrapped>, _ traits: OptionTraits = .none, help summary: String
    ) -> Self where Value == Wrapped? {
        make(name, kind, traits, summary, isRepeatable: false) { (texts) throws(ValueRefusal) in
            guard let text = texts.last else { return nil }
            return try kind.read(text)
        }
    }

    /// An option with a default.
    package static func value(
        _ name: String, _ kind: ArgumentValue<Value>, default fallback: Value,
        _ traits: OptionTraits = .none, help summary: String
    ) -> Self {
        let shown = kind.isSecret ? nil : kind.show(fallback)
        return make(name, kind, traits, summary, isRepeatable: false, defaultText: shown) {
            (texts) throws(ValueRefusal) in
            guard let text = texts.last else { return fallback }
            return try kind.read(text)
        }
    }

    /// An option that must be given.
    package static func required(
        _ name: String, _ kind: ArgumentValue<Value>, _ traits: OptionTraits = .none, help summary: String
    ) -> Self {
        make(name, kind, traits, summary, isRepeatable: false, isRequired: true) {
            (texts) throws(ValueRefusal) in
            guard let text = texts.last else { throw ValueRefusal("it must be given") }
            return try kind.read(text)
        }
    }

    /// An option that may be given many times; the values keep their order.
    package static func repeated<Element>(
        _ name: String, _ kind: ArgumentValue<Element>, _ traits: OptionTraits = .none, help summary: String
    ) -> Self where Value == [Element] {
        make(name, kind, traits, summary, isRepeatable: true) { (texts) throws(ValueRefusal) in
            var values: [Element] = []
            for text in texts { values.append(try kind.read(text)) }
            return values
        }
    }

    private static func make<Kind>(
        _ name: String, _ kind: ArgumentValue<Kind>, _ traits: OptionTraits, _ summary: String,
        isRepeatable: Bool, isRequired: Bool = false, defaultText: String? = nil,
        read: @escaping @Sendable ([String]) throws(ValueRefusal) -> Value
    ) -> Self {
        Self(
            specification: OptionSpecification(
                name: name, short: traits.short, aliases: traits.aliases,
                form: .value(placeholder: kind.placeholder), summary: summary, candidates: kind.candidates,
                defaultText: defaultText, environment: traits.environment, isRequired: isRequired,
                isRepeatable: isRepeatable, isSecret: kind.isSecret, isHidden: traits.isHidden
            ) { (occurrences) throws(ValueRefusal) in
                Stored(
                    value: try read(
                        occurrences.compactMap { occurrence in
                            if case .value(let text) = occurrence { text } else { nil }
                        }))
            })
    }
}

extension Option where Value == Bool {
    /// A flag: true if it is given.
    package static func flag(_ name: String, _ traits: OptionTraits = .none, help summary: String) -> Self {
        toggle(name, isInvertible: false, default: false, traits, summary)
    }

    /// A flag with a `--no-` twin; the last one given counts.
    package static func invertible(
        _ name: String, default fallback: Bool, _ traits: OptionTraits = .none, help summary: String
    ) -> Self {
        toggle(name, isInvertible: true, default: fallback, traits, summary)
    }

    private static func toggle(
        _ name: String, isInvertible: Bool, default fallback: Bool, _ traits: OptionTraits, _ summary: String
    ) -> Self {
        Self(
            specification: OptionSpecification(
                name: name, short: traits.short, aliases: traits.aliases,
                form: .flag(isInvertible: isInvertible),
                summary: summary, candidates: .none,
                defaultText: isInvertible ? (fallback ? "yes" : "no") : nil,
                environment: traits.environment, isRequired: false, isRepeatable: true, isSecret: false,
                isHidden: traits.isHidden
            ) { (occurrences) throws(ValueRefusal) in
                switch occurrences.last {
                case nil: Stored(value: fallback)
                case .set: Stored(value: true)
                case .cleared: Stored(value: false)
                case .value(let text): Stored(value: try readTruth(text))
                }
            })
    }

    // Only a variable of the environment gives a flag a text.
    private static func readTruth(_ text: String) throws(ValueRefusal) -> Bool {
        switch text.lowercased() {
        case "1", "yes", "true", "on": return true
        case "", "0", "no", "false", "off": return false
        default: throw ValueRefusal("it must be yes or no")
        }
    }
}

extension Option where Value == Int {
    /// A flag that counts how often it is given, such as `-vv`.
    package static func count(_ name: String, _ traits: OptionTraits = .none, help summary: String) -> Self {
        Self(
            specification: OptionSpecification(
                name: name, short: traits.short, aliases: traits.aliases, form: .flag(isInvertible: false),
                summary: summary, candidates: .none, defaultText: nil, environment: nil, isRequired: false,
                isRepeatable: true, isSecret: false, isHidden: traits.isHidden
            ) { (occurrences) throws(ValueRefusal) in Stored(value: occurrences.count) })
    }
}

/// Options that are shown together; a group with a title of its own may be shared among commands, and has the same
/// options in all of them.
package struct OptionGroup: Sendable {
    static let ownTitle = "Options"

    package let title: String
    package let options: [OptionSpecification]

    package init(_ title: String = Self.ownTitle, _ options: [any DeclaredOption]) {
        self.title = title
        self.options = options.map(\.specification)
    }

    /// True for the options of one command alone.
    var isOwn: Bool { title == Self.ownTitle }
}
