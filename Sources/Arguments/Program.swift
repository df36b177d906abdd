internal import JSON

/// The whole command line program: its tree, and what help and the manual say beside it.
package struct Program: Sendable {
    let root: Command
    package let version: String
    /// The date of the manual, such as `2026-01-31`: given, so that the same source makes the same manual.
    package let date: String
    package let manual: [ManualSection]
    /// Asked for when a shell completes a reader's name.
    let readerNames: @Sendable () -> [String]

    /// A section of the manual beside what the tree gives, such as FILES.
    package struct ManualSection: Hashable, Sendable {
        package let title: String
        package let paragraphs: [String]

        package init(_ title: String, _ paragraphs: [String]) {
            self.title = title
            self.paragraphs = paragraphs
        }
    }

    package init(
        _ name: String, _ summary: String, version: String, date: String, discussion: String = "",
        examples: [Command.Example] = [], manual: [ManualSection] = [],
        commands: @autoclosure @escaping @Sendable () -> [Command],
        readerNames: @escaping @Sendable () -> [String] = { [] }
    ) {
        root = Command(
            name, summary, discussion: discussion, examples: examples,
            commands: commands() + BuiltIn.commands)
        self.version = version
        self.date = date
        self.manual = manual
        self.readerNames = readerNames
    }

    package var name: String { root.name }

    /// Runs one command line (without the program's own name) and says how it ended.
    package func run(_ arguments: [String], on terminal: Terminal) async -> ExitCode {
        var terminal = terminal
        // A mistake further on must be told in the chosen form too.
        if arguments.prefix(while: { $0 != "--" }).contains("--json") { terminal.format = .json }
        do {
            var parser = Parser(program: self, environment: terminal.environment, arguments: arguments)
            switch try parser.parse() {
            case .help(let path): showHelp(path, on: terminal)
            case .version: showVersion(on: terminal)
            case .run(let action, let parsed):
                terminal.color = parsed[StandardOptions.color]
                if parsed[StandardOptions.json] { terminal.format = .json }
                try await action.run(parsed, terminal)
            }
        } catch {
            return report(Problem(error), on: terminal)
        }
        if let failure = terminal.output.failure {
            return report(.outputFailed(SystemError(number: failure)), on: terminal)
        }
        return .success
    }

    /// What is wrong with a command line, found without running it.
    package func problem(in arguments: [String], environment: Environment) -> Problem? {
        do {
            var parser = Parser(program: self, environment: environment, arguments: arguments)
            _ = try parser.parse()
            return nil
        } catch {
            return Problem(error)
        }
    }

    private func showVersion(on terminal: Terminal) {
        if terminal.isJSON {
            terminal.print(json: ["name": .string(name), "version": .string(version)])
        } else {
            terminal.print("\(name) \(version)")
        }
    }

    /// Tells the problem: as text on the error output; with `--json` as an object on the output, so that whoever
    /// reads the output always gets JSON.
    package func report(_ problem: Problem, on terminal: Terminal) -> ExitCode {
        if terminal.isJSON {
            terminal.print(json: problem.json)
        } else {
            terminal.errors.write(Array(problem.text(program: name, width: terminal.errorWidth).utf8))
        }
        return problem.exit
    }

    /// The command at the path, and the path in full names.
    func command(at words: [String]) -> Command? {
        var command = root
        for word in words {
            guard let child = command.child(named: word) else { return nil }
            command = child
        }
        return command
    }

    /// Every command of the name anywhere in the tree, as it is typed.
    func paths(toCommandsNamed name: String) -> [String] {
        everyCommand.filter { $0.path.count > 1 && $0.command.name == name }
            .map { $0.path.joined(separator: " ") }
    }

    /// All visible commands, each after the one that holds it.
    var everyCommand: [(path: [String], command: Command)] { Self.descend(root, [root.name]) }

    private static func descend(_ command: Command, _ path: [String]) -> [(path: [String], command: Command)]
    {
        [(path, command)] + command.visibleChildren.flatMap { descend($0, path + [$0.name]) }
    }
}

extension Problem {
    static func outputFailed(_ error: SystemError) -> Self {
        Self("output-failed", exit: .inputOutput, "the output could not be written", why: error.reason)
    }
}

/// Options that every command has.
package enum StandardOptions {
    package static let json = Option<Bool>.flag("json", help: "Write the result, and any problem, as JSON")
    package static let color = Option<ColorChoice>.value(
        "color", .cases("WHEN"), default: .auto, .aliases("colour"), help: "Use colours")
    static let help = Option<Bool>.flag("help", .short("h"), help: "Show this help")
    static let version = Option<Bool>.flag("version", .short("V"), help: "Show the version")

    static let general = OptionGroup("General", [json, color, help])
    static let rootOnly = OptionGroup("General", [version])
}
