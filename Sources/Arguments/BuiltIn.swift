internal import JSON

/// The commands that every program has.
enum BuiltIn {
    static let topic = Positional<[String]>.repeated(
        .text("COMMAND"), help: "The words of the command, such as: gp install")
    static let shell = Positional<Shell>.required(.cases("SHELL"), help: "The shell to make the script for")
    // The word being typed may still be empty.
    static let typed = Positional<[String]>.repeated(
        ArgumentValue("WORD") { $0 }, help: "The words typed so far")

    static let commands = [help, completion, man, complete, reference]

    private static let help = Command(
        "help", "Show the help of a command", arguments: [topic],
        run: { parsed, terminal in
            let program = parsed.program
            var path = [program.name]
            var command = program.root
            for word in parsed[topic] {
                guard let child = command.child(named: word) else {
                    let near = suggestions(for: word, among: command.visibleChildren.map(\.name))
                    throw UsageError.unknownCommand(word, path: path, suggestions: near)
                }
                command = child
                path.append(child.name)
            }
            program.showHelp(path, on: terminal)
        })

    private static let completion = Command(
        "completion", "Print a script that completes commands in a shell",
        discussion: """
            The script asks this program for what fits, so that it never falls behind it.
            """,
        examples: [
            Command.Example("In bash, for this session", "source <(berth completion bash)"),
            Command.Example(
                "In zsh, in a directory of $fpath", "berth completion zsh > ~/.zsh/completions/_berth"),
            Command.Example("In fish", "berth completion fish > ~/.config/fish/completions/berth.fish"),
        ],
        arguments: [shell],
        run: { parsed, terminal in
            let script = parsed[shell].script(program: parsed.program.name)
            terminal.isJSON
                ? terminal.print(json: ["script": .string(script)])
                : terminal.output.write(Array(script.utf8))
        })

    private static let man = Command(
        "man", "Print the manual page",
        examples: [Command.Example("Read it", "berth man | man -l -")],
        run: { parsed, terminal in
            let page = parsed.program.manualPage
            terminal.isJSON
                ? terminal.print(json: ["roff": .string(page)]) : terminal.output.write(Array(page.utf8))
        })

    private static let reference = Command(
        "__reference", "Print every command as Markdown", isHidden: true,
        run: { parsed, terminal in
            let page = parsed.program.markdownReference
            terminal.isJSON
                ? terminal.print(json: ["markdown": .string(page)])
                : terminal.output.write(Array(page.utf8))
        })

    private static let complete = Command(
        "__complete", "Answer a completion script", isHidden: true, arguments: [typed],
        run: { parsed, terminal in
            let answer = parsed.program.completion(of: parsed[typed])
            terminal.print(lines: answer.lines)
        })
}
