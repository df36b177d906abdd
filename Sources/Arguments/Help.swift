internal import JSON

extension Program {
    /// Shows the help of the command at the path; as JSON, the tree below it.
    func showHelp(_ path: [String], on terminal: Terminal) {
        guard let command = command(at: Array(path.dropFirst())) else { return }
        if terminal.isJSON { return terminal.print(json: command.json(path: path)) }
        let page = HelpPage(
            program: self, command: command, path: path, width: terminal.width,
            heading: { terminal.paint($0, .bold) })
        terminal.print(lines: page.lines)
    }

    /// The help of a command as text, without colours; the path is without the program's own name.
    package func help(for path: [String] = [], width: Int = 80) -> String? {
        guard let command = command(at: path) else { return nil }
        let page = HelpPage(
            program: self, command: command, path: [name] + path, width: width, heading: { $0 })
        return page.lines.joined(separator: "\n") + "\n"
    }
}

/// One command's help, in the layout of other tools.
private struct HelpPage {
    let program: Program
    let command: Command
    let path: [String]
    let width: Int
    let heading: (String) -> String

    var lines: [String] {
        var lines = wrap(command.summary, width: width)
        lines += ["", heading("Usage:") + " " + command.usage(path)]
        if !command.aliases.isEmpty, path.count > 1 {
            lines += wrap(
                heading("Also:") + " " + command.aliases.joined(separator: ", "), width: width, indent: 6)
        }
        for section in sections where !section.rows.isEmpty {
            lines += ["", heading(section.title + ":")] + table(section.rows)
        }
        if !command.discussion.isEmpty { lines += [""] + wrap(command.discussion, width: width) }
        if !command.examples.isEmpty { lines += ["", heading("Examples:")] + examples }
        if path.count == 1 {
            lines +=
                ["", heading("Exit codes:")] + table(ExitCode.allCases.map { ("\($0.rawValue)", $0.summary) })
            lines += ["", "See '\(program.name) COMMAND --help' for more on a command."]
        } else if !command.visibleChildren.isEmpty {
            lines += ["", "See '\(path.joined(separator: " ")) COMMAND --help' for more on a command."]
        }
        return lines
    }

    private var sections: [(title: String, rows: [(String, String)])] {
        let general =
            StandardOptions.general.options + (path.count == 1 ? StandardOptions.rootOnly.options : [])
        let last = ("General", general.filter { !$0.isHidden }.map(row))
        switch command.body {
        case .group(let commands):
            let rows = commands.filter { !$0.isHidden }.map { command in
                let others =
                    command.aliases.isEmpty ? "" : " [also: \(command.aliases.joined(separator: ", "))]"
                return (command.name, command.summary + others)
            }
            return [("Commands", rows), last]
        case .action(let action):
            let arguments = action.positionals.map { ($0.label, $0.summary) }
            let groups = action.optionGroups.map { group in
                (group.title, group.options.filter { !$0.isHidden }.map(row))
            }
            return [("Arguments", arguments)] + groups + [last]
        }
    }

    private func row(_ option: OptionSpecification) -> (String, String) {
        (option.label, ([option.summary] + option.remarks).joined(separator: " "))
    }

    /// Two columns; a label too long for the first stands on a line of its own.
    private func table(_ rows: [(label: String, text: String)]) -> [String] {
        let labelMax = min(32, width / 2)
        let fitting = rows.map(\.label.displayWidth).filter { $0 <= labelMax }
        let column = (fitting.max() ?? labelMax) + 4
        return rows.flatMap { row -> [String] in
            let label = "  " + row.label
            guard row.label.displayWidth <= labelMax else {
                let margin = String(repeating: " ", count: column)
                return [label] + wrap(margin + row.text, width: width, indent: column)
            }
            // The label must not be broken, whatever spaces it has.
            let wrapped = wrap(row.text, width: width - column)
            return wrapped.enumerated().map { index, line in
                (index == 0 ? label : "").padded(to: column) + line
            }
        }
    }

    private var examples: [String] {
        command.examples.flatMap { example in
            wrap("  " + example.summary + ":", width: width, indent: 2) + ["    $ " + example.line]
        }
    }
}

extension Command {
    /// How the command is typed.
    func usage(_ path: [String]) -> String {
        let typed = path.joined(separator: " ")
        switch body {
        case .group: return typed + " COMMAND"
        case .action(let action):
            let required = action.options.filter { $0.isRequired && !$0.isHidden }
            let parts = [typed, "[OPTIONS]"] + required.map(\.longForm) + action.positionals.map(\.label)
            return parts.joined(separator: " ")
        }
    }

    func json(path: [String]) -> JSONValue {
        var object: JSONObject = [
            "command": .string(path.joined(separator: " ")), "summary": .string(summary),
            "usage": .string(usage(path)),
        ]
        if !aliases.isEmpty { object["aliases"] = .array(aliases.map { .string($0) }) }
        switch body {
        case .group(let commands):
            let visible = commands.filter { !$0.isHidden }
            object["commands"] = .array(visible.map { $0.json(path: path + [$0.name]) })
        case .action(let action):
            let arguments = action.positionals.map { argument -> JSONValue in
                ["name": .string(argument.name), "summary": .string(argument.summary)]
            }
            let options = action.options.filter { !$0.isHidden }
            object["arguments"] = .array(arguments)
            object["options"] = .array(options.map(\.json))
        }
        return .object(object)
    }
}

extension PositionalSpecification {
    /// As the usage line has it: `FILE`, `[FILE]`, `[FILE]...`.
    var label: String {
        switch arity {
        case .one: name
        case .oneOrNone: "[\(name)]"
        case .many(0): "[\(name)]..."
        case .many: "\(name)..."
        }
    }
}

extension OptionSpecification {
    /// The long name with its value, such as `--key HEX`.
    var longForm: String {
        switch form {
        case .flag(let isInvertible): isInvertible ? "--[no-]\(name)" : "--\(name)"
        case .value(let placeholder): "--\(name) \(placeholder)"
        }
    }

    /// Short and long, aligned whether there is a short one or not.
    var label: String { (short.map { "-\($0), " } ?? "    ") + longForm }

    /// What the summary does not say, in brackets.
    var remarks: [String] {
        var remarks: [String] = []
        if case .words(let words) = candidates, !isSecret {
            remarks.append("[one of: \(words.map(\.text).joined(separator: ", "))]")
        }
        if case .value = form, isRepeatable { remarks.append("[repeatable]") }
        if !aliases.isEmpty {
            let names = aliases.map { form == .flag(isInvertible: true) ? "--[no-]\($0)" : "--\($0)" }
            remarks.append("[also: \(names.joined(separator: ", "))]")
        }
        if let defaultText { remarks.append("[default:\(noBreakSpace)\(defaultText)]") }
        if let environment { remarks.append("[env:\(noBreakSpace)\(environment)]") }
        return remarks
    }

    fileprivate var json: JSONValue {
        var object: JSONObject = ["name": .string("--" + name), "summary": .string(summary)]
        if let short { object["short"] = .string("-\(short)") }
        if !aliases.isEmpty { object["aliases"] = .array(aliases.map { .string("--" + $0) }) }
        if case .value(let placeholder) = form { object["value"] = .string(placeholder) }
        if let defaultText { object["default"] = .string(defaultText) }
        if let environment { object["environment"] = .string(environment) }
        object["required"] = .bool(isRequired)
        object["repeatable"] = .bool(isRepeatable)
        return .object(object)
    }
}
