extension Program {
    /// Every command with its arguments and options as one Markdown page: the same tree that help and manual show.
    package var markdownReference: String {
        var page = MarkdownPage()
        page.heading(1, "Commands of \(name)")
        page.paragraph(
            "Made from the program's own tree of commands by `\(name) __reference`; not written by hand.")
        for (path, command) in everyCommand where path.count > 1 {
            page.append(command, path: path, program: name)
        }
        page.heading(2, "Options of every command")
        page.options(StandardOptions.general.options + StandardOptions.rootOnly.options)
        return page.text
    }
}

private struct MarkdownPage {
    private(set) var text = ""

    mutating func heading(_ level: Int, _ title: String) {
        paragraph(String(repeating: "#", count: level) + " " + title)
    }

    mutating func paragraph(_ content: String) {
        text += (text.isEmpty ? "" : "\n") + content + "\n"
    }

    mutating func append(_ command: Command, path: [String], program: String) {
        heading(path.count == 2 ? 2 : 3, path.dropFirst().joined(separator: " "))
        paragraph(escaped(command.summary) + ".")
        if !command.discussion.isEmpty { paragraph(escaped(command.discussion)) }
        guard case .action(let action) = command.body else { return }
        paragraph("```\n\(command.usage(path))\n```")
        if !action.positionals.isEmpty {
            table(
                "argument",
                action.positionals.map { (code($0.label), escaped($0.summary)) })
        }
        for group in action.optionGroups where group.options.contains(where: { !$0.isHidden }) {
            paragraph("**\(escaped(group.title))**")
            options(group.options)
        }
        for example in command.examples {
            paragraph("\(escaped(example.summary)): \(code(example.line))")
        }
        if !command.aliases.isEmpty {
            paragraph("Also: " + command.aliases.map(code).joined(separator: ", "))
        }
    }

    mutating func options(_ options: [OptionSpecification]) {
        let rows = options.filter { !$0.isHidden }.map { option in
            let names = (option.short.map { "-\($0), " } ?? "") + option.longForm
            let remarks = option.remarks.map { $0.replacing(String(noBreakSpace), with: " ") }
            return (code(names), escaped(([option.summary] + remarks).joined(separator: " ")))
        }
        table("option", rows)
    }

    private mutating func table(_ title: String, _ rows: [(name: String, meaning: String)]) {
        let lines = ["| \(title) | meaning |", "|---|---|"] + rows.map { "| \($0.name) | \($0.meaning) |" }
        paragraph(lines.joined(separator: "\n"))
    }

    private func code(_ text: String) -> String { "`" + text.replacing("|", with: "\\|") + "`" }

    /// What Markdown would read as its own.
    private func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if "\\`*_|<>[]".contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}
