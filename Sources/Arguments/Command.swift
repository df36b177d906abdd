/// A node of the command tree: a noun that holds verbs, or a verb that does something.
package struct Command: Sendable {
    package let name: String
    /// Other names that work and are not shown.
    package let aliases: [String]
    /// One line, without a full stop.
    package let summary: String
    /// Paragraphs, separated by empty lines.
    package let discussion: String
    package let examples: [Example]
    package let isHidden: Bool
    private let deferredBody: Deferred<Body>

    /// What stands below a noun, or what a verb takes and does: made when it is first asked for, since of all that a
    /// program declares one command line needs one verb.
    package var body: Body { deferredBody.value }

    package enum Body: Sendable {
        case group([Command])
        case action(Action)
    }

    /// A command line that works, and what it does.
    package struct Example: Hashable, Sendable {
        package let summary: String
        package let line: String

        package init(_ summary: String, _ line: String) {
            self.summary = summary
            self.line = line
        }
    }

    /// What a verb takes and does.
    package struct Action: Sendable {
        package let positionals: [PositionalSpecification]
        package let optionGroups: [OptionGroup]
        package let run: Run

        package typealias Run = @Sendable (ParsedCommand, Terminal) async throws -> Void

        var options: [OptionSpecification] { optionGroups.flatMap(\.options) }
    }

    /// A noun.
    package init(
        _ name: String, _ summary: String, aliases: [String] = [], discussion: String = "",
        examples: [Example] = [], isHidden: Bool = false,
        commands: @autoclosure @escaping @Sendable () -> [Command]
    ) {
        self.name = name
        self.aliases = aliases
        self.summary = summary
        self.discussion = discussion
        self.examples = examples
        self.isHidden = isHidden
        deferredBody = Deferred { .group(commands()) }
    }

    /// A verb.
    package init(
        _ name: String, _ summary: String, aliases: [String] = [], discussion: String = "",
        examples: [Example] = [], isHidden: Bool = false,
        arguments: @autoclosure @escaping @Sendable () -> [any DeclaredPositional] = [],
        options: @autoclosure @escaping @Sendable () -> [OptionGroup] = [], run: @escaping Action.Run
    ) {
        self.name = name
        self.aliases = aliases
        self.summary = summary
        self.discussion = discussion
        self.examples = examples
        self.isHidden = isHidden
        deferredBody = Deferred {
            .action(
                Action(positionals: arguments().map(\.specification), optionGroups: options(), run: run))
        }
    }

    var children: [Command] {
        switch body {
        case .group(let commands): commands
        case .action: []
        }
    }

    var visibleChildren: [Command] { children.filter { !$0.isHidden } }

    func child(named name: String) -> Command? {
        children.first { $0.name == name } ?? children.first { $0.aliases.contains(name) }
    }
}

/// The values of one command line, read by the typed keys that declared them.
package struct ParsedCommand: Sendable {
    /// The words that name the command, such as `berth gp list`.
    package let path: [String]
    /// The program that the command belongs to.
    package let program: Program
    let values: [String: any Sendable]
    let sources: [String: ValueSource]

    /// Where a value came from.
    init(
        program: Program, path: [String], values: [String: any Sendable], sources: [String: ValueSource]
    ) {
        self.program = program
        self.path = path
        self.values = values
        self.sources = sources
    }

    package enum ValueSource: Hashable, Sendable {
        case commandLine
        case environment(String)
        case fallback
    }

    package subscript<Value>(_ option: Option<Value>) -> Value {
        value("--" + option.specification.name)
    }

    package subscript<Value>(_ positional: Positional<Value>) -> Value {
        value(positional.specification.name)
    }

    /// Says, for instance, whether a key stood on the command line where other programs can see it.
    package func source<Value>(of option: Option<Value>) -> ValueSource {
        sources["--" + option.specification.name] ?? .fallback
    }

    /// The same for an option of any type, declared here or not.
    package func isOnCommandLine(_ option: any DeclaredOption) -> Bool {
        sources["--" + option.specification.name] == .commandLine
    }

    /// Whether the command has the option at all.
    package func declares(_ option: any DeclaredOption) -> Bool {
        sources["--" + option.specification.name] != nil
    }

    private func value<Value: Sendable>(_ key: String) -> Value {
        guard let stored = values[key] as? Stored<Value> else {
            preconditionFailure("'\(path.joined(separator: " "))' does not declare \(key) with this type")
        }
        return stored.value
    }
}
