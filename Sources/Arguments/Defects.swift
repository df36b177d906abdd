extension Program {
    /// Mistakes in the tree itself, each with the command it is in; a test of the program holds this empty.
    package var defects: [String] {
        everyCommand.flatMap { path, command in
            command.defects.map { "\(path.joined(separator: " ")): \($0)" }
        } + unequalGroups
    }
}

extension Program {
    /// The manual explains a shared group once: it must be the same everywhere.
    private var unequalGroups: [String] {
        var known: [String: [String]] = [:]
        var found: [String] = []
        for (path, command) in everyCommand {
            guard case .action(let action) = command.body else { continue }
            for group in action.optionGroups where !group.isOwn {
                let names = group.options.map(\.name)
                let first = known[group.title] ?? names
                known[group.title] = first
                if first != names {
                    found.append("\(path.joined(separator: " ")): the group \(group.title) differs elsewhere")
                }
            }
        }
        return found
    }
}

extension Command {
    fileprivate var defects: [String] {
        var found: [String] = []
        if summary.isEmpty { found.append("no summary") }
        if summary.contains("\n") || summary.hasSuffix(".") {
            found.append("the summary is not one line without a full stop")
        }
        switch body {
        case .group(let commands):
            let names = commands.flatMap { [$0.name] + $0.aliases }
            found += repeated(names).map { "the command name '\($0)' twice" }
            if commands.isEmpty { found.append("no commands") }
        case .action(let action): found += action.defects
        }
        return found
    }
}

extension Command.Action {
    fileprivate var defects: [String] {
        let every = options + StandardOptions.general.options
        var found = repeated(every.flatMap(\.everyLongName)).map { "the option --\($0) twice" }
        found += repeated(every.compactMap(\.short).map(String.init)).map { "the option -\($0) twice" }
        found += repeated(positionals.map(\.name)).map { "the argument \($0) twice" }
        for option in options where option.summary.isEmpty || option.summary.hasSuffix(".") {
            found.append("--\(option.name) has no summary, or one with a full stop")
        }
        for (before, after) in zip(positionals, positionals.dropFirst()) {
            if case .many = before.arity {
                found.append("\(after.name) follows \(before.name), which takes all")
            }
            if before.arity == .oneOrNone, after.arity.least > 0 {
                found.append("\(after.name) is required and follows \(before.name), which is not")
            }
        }
        return found
    }
}

extension OptionSpecification {
    fileprivate var everyLongName: [String] {
        ([name] + aliases).flatMap { form == .flag(isInvertible: true) ? [$0, "no-" + $0] : [$0] }
    }
}

private func repeated(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { !seen.insert($0).inserted }
}
