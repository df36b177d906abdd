extension Program {
    /// The whole manual as one page of section 1, in the man macros of roff.
    package var manualPage: String {
        var page = RoffPage()
        page.request("TH", [name.uppercased(), "1", date, "\(name) \(version)", "User Commands"])
        page.section("NAME")
        page.line(roff(name) + " \\- " + roff(lowercasedStart(root.summary)))
        page.section("SYNOPSIS")
        page.line("\\fB\(roff(name))\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...")
        if !root.discussion.isEmpty {
            page.section("DESCRIPTION")
            page.paragraphs(root.discussion)
        }
        let shared = sharedGroups
        page.section("COMMANDS")
        for (path, command) in everyCommand where path.count > 1 {
            page.append(command, path: path, sharedTitles: shared.map(\.title))
        }
        if !shared.isEmpty { page.section("SHARED OPTIONS") }
        for group in shared {
            page.request("SS", [group.title])
            for option in group.options where !option.isHidden { page.append(option) }
        }
        page.section("GENERAL OPTIONS")
        for option in StandardOptions.general.options + StandardOptions.rootOnly.options {
            page.append(option)
        }
        page.section("EXIT STATUS")
        for code in ExitCode.allCases { page.item("\\fB\(code.rawValue)\\fR", code.summary) }
        for section in manual {
            page.section(section.title)
            for paragraph in section.paragraphs { page.paragraphs(paragraph) }
        }
        if !root.examples.isEmpty {
            page.section("EXAMPLES")
            page.append(root.examples)
        }
        return page.text
    }

    /// The groups that several commands have are explained once.
    private var sharedGroups: [OptionGroup] {
        var counts: [String: Int] = [:]
        var groups: [OptionGroup] = []
        for (_, command) in everyCommand {
            guard case .action(let action) = command.body else { continue }
            for group in action.optionGroups where !group.isOwn {
                counts[group.title, default: 0] += 1
                if counts[group.title] == 2 { groups.append(group) }
            }
        }
        return groups
    }

    private func lowercasedStart(_ text: String) -> String { text.prefix(1).lowercased() + text.dropFirst() }
}

private struct RoffPage {
    private(set) var text = ""

    mutating func line(_ line: String) {
        // A full stop or an apostrophe at the start would be a request.
        let isRequest = line.first == "." || line.first == "'"
        text += (isRequest ? "\\&" : "") + line + "\n"
    }

    mutating func request(_ name: String, _ arguments: [String] = []) {
        text += "." + ([name] + arguments.map { "\"\(roff($0))\"" }).joined(separator: " ") + "\n"
    }

    mutating func section(_ title: String) { request("SH", [title]) }

    mutating func paragraphs(_ content: String) {
        for paragraph in content.paragraphs {
            request("PP")
            line(roff(paragraph))
        }
    }

    /// A labelled paragraph; the label is roff already.
    mutating func item(_ label: String, _ content: String) {
        request("TP")
        line(label)
        line(roff(content))
    }

    mutating func append(_ command: Command, path: [String], sharedTitles: [String]) {
        guard case .action(let action) = command.body else {
            // A noun with nothing to say of itself is only the first word of its verbs.
            guard !command.discussion.isEmpty else { return }
            request("SS", [path.joined(separator: " ")])
            return paragraphs(command.discussion)
        }
        request("SS", [path.joined(separator: " ")])
        line("\\fB\(roff(path.joined(separator: " ")))\\fR \(synopsis(action))")
        request("PP")
        line(roff(command.summary + "."))
        paragraphs(command.discussion)
        for positional in action.positionals {
            item("\\fI\(roff(positional.label))\\fR", positional.summary + ".")
        }
        let shared = action.optionGroups.filter { sharedTitles.contains($0.title) }
        let own = action.optionGroups.filter { !sharedTitles.contains($0.title) }
        for option in own.flatMap(\.options) where !option.isHidden { append(option) }
        for group in shared {
            request("PP")
            line("Also takes the options of \\fI\(roff(group.title))\\fR under SHARED OPTIONS.")
        }
        append(command.examples)
    }

    private func synopsis(_ action: Command.Action) -> String {
        let required = action.options.filter { $0.isRequired && !$0.isHidden }.map { roff($0.longForm) }
        let positionals = action.positionals.map { "\\fI\(roff($0.label))\\fR" }
        return (["[\\fIOPTIONS\\fR]"] + required + positionals).joined(separator: " ")
    }

    mutating func append(_ option: OptionSpecification) {
        let short = option.short.map { "\\fB\\-\(roff(String($0)))\\fR, " } ?? ""
        let label =
            switch option.form {
            case .flag: "\\fB\(roff(option.longForm))\\fR"
            case .value(let placeholder): "\\fB\(roff("--" + option.name))\\fR \\fI\(roff(placeholder))\\fR"
            }
        item(short + label, ([option.summary + "."] + option.remarks).joined(separator: " "))
    }

    mutating func append(_ examples: [Command.Example]) {
        for example in examples {
            request("PP")
            line(roff(example.summary + ":"))
            request("PP")
            request("RS", ["4"])
            request("nf")
            line(roff(example.line))
            request("fi")
            request("RE")
        }
    }
}

/// The text with everything escaped that roff would read as its own.
private func roff(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": result += "\\e"
        case "-": result += "\\-"
        case "'": result += "\\(aq"
        case "`": result += "\\(ga"
        case "^": result += "\\(ha"
        case "~": result += "\\(ti"
        case "\"": result += "\\(dq"
        case "\n": result += " "
        case "\u{A0}": result += "\\ "
        case _ where scalar.isASCII: result.unicodeScalars.append(scalar)
        default: result += "\\[u\(fourDigits(scalar.value))]"
        }
    }
    return result
}

private func fourDigits(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}

extension String {
    /// The parts between empty lines.
    fileprivate var paragraphs: [String] {
        split(separator: "\n", omittingEmptySubsequences: false)
            .split(whereSeparator: \.isEmpty)
            .map { $0.joined(separator: " ") }
    }
}
