/// What a command line asks for.
enum Invocation: Sendable {
    case help(path: [String])
    case version
    case run(Command.Action, ParsedCommand)
}

/// Reads one command line against the tree.
struct Parser {
    private let program: Program
    private let environment: Environment
    private let arguments: [String]
    private var index = 0
    private var path: [String]
    private var occurrences: [String: [OptionSpecification.Occurrence]] = [:]
    private var words: [String] = []

    init(program: Program, environment: Environment, arguments: [String]) {
        self.program = program
        self.environment = environment
        self.arguments = arguments
        self.path = [program.root.name]
    }

    mutating func parse() throws(UsageError) -> Invocation {
        var command = program.root
        while true {
            switch command.body {
            case .group:
                guard let next = try nextCommand(of: command) else { return try bare(command) }
                command = next
                path.append(next.name)
            case .action(let action):
                try readArguments(of: action)
                if isAsked(StandardOptions.help) { return .help(path: path) }
                return .run(action, try values(of: action))
            }
        }
    }

    private func isAsked(_ option: Option<Bool>) -> Bool { occurrences[option.specification.name] != nil }

    /// Options before a command are the general ones; nil at the end, or when help is asked for.
    private mutating func nextCommand(of group: Command) throws(UsageError) -> Command? {
        while index < arguments.count {
            let word = arguments[index]
            guard word.hasPrefix("-"), word.count > 1 else {
                index += 1
                return try child(named: word, of: group)
            }
            var options = StandardOptions.general.options
            if path.count == 1 { options += StandardOptions.rootOnly.options }
            try readOption(OptionTable(options), below: group)
            if isAsked(StandardOptions.version) { break }
        }
        return nil
    }

    private func bare(_ group: Command) throws(UsageError) -> Invocation {
        if isAsked(StandardOptions.version) { return .version }
        if isAsked(StandardOptions.help) || path.count == 1 { return .help(path: path) }
        throw .missingCommand(path: path)
    }

    private func child(named word: String, of group: Command) throws(UsageError) -> Command {
        if let child = group.child(named: word) { return child }
        var near = suggestions(for: word, among: group.visibleChildren.map(\.name))
            .map { (path + [$0]).joined(separator: " ") }
        // Users of other tools name the verb alone.
        if near.isEmpty { near = Array(program.paths(toCommandsNamed: word).prefix(3)) }
        throw .unknownCommand(word, path: path, suggestions: near)
    }

    private mutating func readArguments(of action: Command.Action) throws(UsageError) {
        let table = OptionTable(action.options + StandardOptions.general.options)
        while index < arguments.count {
            let word = arguments[index]
            if word == "--" {
                words += arguments[(index + 1)...]
                index = arguments.count
            } else if word.hasPrefix("-"), word.count > 1 {
                try readOption(table, below: nil)
            } else {
                words.append(word)
                index += 1
            }
        }
    }
}

extension Parser {
    private mutating func readOption(_ table: OptionTable, below group: Command?) throws(UsageError) {
        let word = arguments[index]
        index += 1
        guard word.hasPrefix("--") else { return try readShort(word.dropFirst(), table, below: group) }
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let shown = String(parts[0])
        guard let entry = table.long(String(shown.dropFirst(2))) else {
            throw unknown(shown, table, below: group)
        }
        let attached = parts.count == 2 ? String(parts[1]) : nil
        try record(entry, shown: shown, attached: attached, table)
    }

    /// A bundle such as `-vn5`: flags, and at the end perhaps one option with its value.
    private mutating func readShort(
        _ letters: Substring, _ table: OptionTable, below group: Command?
    ) throws(UsageError) {
        var rest = letters
        while let letter = rest.popFirst() {
            let shown = "-\(letter)"
            guard let specification = table.short(letter) else { throw unknown(shown, table, below: group) }
            let entry = OptionTable.Entry(specification: specification, isInverse: false)
            guard case .value = specification.form, !rest.isEmpty else {
                guard rest.first != "=" else { throw .unwantedValue(option: shown, path: path) }
                try record(entry, shown: shown, attached: nil, table)
                continue
            }
            let value = rest.first == "=" ? rest.dropFirst() : rest
            return try record(entry, shown: shown, attached: String(value), table)
        }
    }

    private mutating func record(
        _ entry: OptionTable.Entry, shown: String, attached: String?, _ table: OptionTable
    ) throws(UsageError) {
        let specification = entry.specification
        let occurrence: OptionSpecification.Occurrence
        switch specification.form {
        case .flag:
            guard attached == nil else { throw .unwantedValue(option: shown, path: path) }
            occurrence = entry.isInverse ? .cleared : .set
        case .value(let placeholder):
            if let attached {
                occurrence = .value(attached)
            } else {
                occurrence = .value(try takeValue(shown, placeholder, table))
            }
        }
        if !specification.isRepeatable, occurrences[specification.name] != nil {
            throw .givenTwice(option: shown, path: path)
        }
        occurrences[specification.name, default: []].append(occurrence)
    }

    // A value may begin with "-", unless it is itself an option here: then the value was forgotten.
    private mutating func takeValue(
        _ shown: String, _ placeholder: String, _ table: OptionTable
    ) throws(UsageError) -> String {
        guard index < arguments.count, !table.knows(arguments[index]) else {
            let next = index < arguments.count ? nameOnly(arguments[index]) : nil
            throw .missingValue(option: shown, placeholder: placeholder, next: next, path: path)
        }
        index += 1
        return arguments[index - 1]
    }

    private func nameOnly(_ word: String) -> String {
        String(word.prefix { $0 != "=" })
    }

    private func unknown(_ shown: String, _ table: OptionTable, below group: Command?) -> UsageError {
        if let group, let owner = firstOwner(of: shown, in: group, at: path) {
            return .misplacedOption(shown, path: path, example: owner.joined(separator: " ") + " \(shown)")
        }
        guard shown.hasPrefix("--") else { return .unknownOption(shown, path: path, suggestions: []) }
        let near = suggestions(for: String(shown.dropFirst(2)), among: table.visibleNames)
        return .unknownOption(shown, path: path, suggestions: near.map { "--\($0)" })
    }

    private func firstOwner(of shown: String, in command: Command, at path: [String]) -> [String]? {
        switch command.body {
        case .group(let commands):
            for child in commands where !child.isHidden {
                if let owner = firstOwner(of: shown, in: child, at: path + [child.name]) { return owner }
            }
            return nil
        case .action(let action):
            return OptionTable(action.options).knows(shown) ? path : nil
        }
    }
}

extension Parser {
    private func values(of action: Command.Action) throws(UsageError) -> ParsedCommand {
        var values: [String: any Sendable] = [:]
        var sources: [String: ParsedCommand.ValueSource] = [:]
        for option in action.options + StandardOptions.general.options {
            let (found, source) = occurrences(of: option)
            if option.isRequired, found.isEmpty { throw .missingOption("--" + option.name, path: path) }
            do {
                values["--" + option.name] = try option.finish(found)
            } catch {
                throw .invalidOption("--" + option.name, source: source, reason: error.reason, path: path)
            }
            sources["--" + option.name] = source
        }
        try assignWords(to: action.positionals, &values)
        return ParsedCommand(program: program, path: path, values: values, sources: sources)
    }

    private func occurrences(
        of option: OptionSpecification
    ) -> ([OptionSpecification.Occurrence], ParsedCommand.ValueSource) {
        if let found = occurrences[option.name] { return (found, .commandLine) }
        if let name = option.environment, let text = environment[name], !text.isEmpty {
            return ([.value(text)], .environment(name))
        }
        return ([], .fallback)
    }

    private func assignWords(
        to positionals: [PositionalSpecification], _ values: inout [String: any Sendable]
    ) throws(UsageError) {
        var rest = words[...]
        for positional in positionals {
            let taken: [String]
            switch positional.arity {
            case .one, .oneOrNone:
                taken = Array(rest.prefix(1))
            case .many:
                taken = Array(rest)
            }
            rest = rest.dropFirst(taken.count)
            if taken.count < positional.arity.least { throw .missingArgument(positional.name, path: path) }
            do {
                values[positional.name] = try positional.finish(taken)
            } catch {
                throw .invalidArgument(positional.name, reason: error.reason, path: path)
            }
        }
        if let excess = rest.first { throw .unexpectedArgument(excess, path: path) }
    }
}

extension PositionalSpecification.Arity {
    var least: Int {
        switch self {
        case .one: 1
        case .oneOrNone: 0
        case .many(let least): least
        }
    }
}

/// The options of one command by what a person may type.
///
/// It looks through them each time: a command line has a few words, and tables would have to be made at every start.
struct OptionTable {
    private let options: [OptionSpecification]

    struct Entry {
        let specification: OptionSpecification
        /// The `--no-` twin.
        let isInverse: Bool
    }

    init(_ options: [OptionSpecification]) { self.options = options }

    func long(_ name: String) -> Entry? {
        for option in options {
            let isInvertible = option.form == .flag(isInvertible: true)
            if option.name == name || option.aliases.contains(name) {
                return Entry(specification: option, isInverse: false)
            }
            guard isInvertible, name.hasPrefix("no-") else { continue }
            let positive = String(name.dropFirst(3))
            if option.name == positive || option.aliases.contains(positive) {
                return Entry(specification: option, isInverse: true)
            }
        }
        return nil
    }

    func short(_ letter: Character) -> OptionSpecification? { options.first { $0.short == letter } }

    /// What may be suggested.
    var visibleNames: [String] {
        options.filter { !$0.isHidden }.flatMap { option in
            option.form == .flag(isInvertible: true) ? [option.name, "no-" + option.name] : [option.name]
        }
    }

    /// True if the word is one of the options, or the end of options.
    func knows(_ word: String) -> Bool {
        if word == "--" { return true }
        if word.hasPrefix("--") { return long(String(word.dropFirst(2).prefix { $0 != "=" })) != nil }
        // One letter only: "-5" or "-abc" after an option is its value.
        return word.count == 2 && word.hasPrefix("-") && word.last.map { short($0) != nil } ?? false
    }
}
