internal import Arguments
internal import CardManagement
internal import JSON
internal import SmartCard

/// `berth gp script`: several verbs with one card, in one session.
enum ScriptVerb {
    private static let file = Positional<String>.required(
        .file("FILE"), help: "The script, one command a line; - reads the standard input")
    private static let keepGoing = Option<Bool>.flag(
        "keep-going", .short("k"), help: "Carry out the rest although a line failed")
    private static let bytesMax = 16 * 1024 * 1024

    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "script", "Carry out several commands in one session",
            discussion: """
                Each line is a command as after 'berth gp', such as: install purse.cap. The card, the keys and the mode \
                are those of this command. Empty lines and what follows a # are passed over; quotes hold words together. \
                All lines are checked before the first is carried out, and the first that fails ends the script.
                """,
            examples: [
                .init("a file", "berth gp script provision.txt --key file:issuer.key"),
                .init("from another program", "make-script | berth gp script -"),
            ],
            arguments: [file],
            options: [OptionGroup("Options", [keepGoing])] + ConnectionOptions.session + [
                ConnectionOptions.confirmedGroup
            ]
        ) { parsed, terminal in
            let path = parsed[file]
            let text = String(decoding: try InputFile.read(path, bytesMax: bytesMax), as: UTF8.self)
            let lines = try ScriptLine.read(text)
            try await ScriptRun(lines, desk: try desks.desk(parsed, terminal), isStopping: !parsed[keepGoing])
                .run()
        }
    }
}

/// The lines of one script on their way.
private struct ScriptRun {
    private let lines: [ScriptLine]
    private let desk: CardDesk
    private let isStopping: Bool
    private let program: Program
    private var terminal: Terminal { desk.terminal }

    init(_ lines: [ScriptLine], desk: CardDesk, isStopping: Bool) {
        self.lines = lines
        self.desk = desk
        self.isStopping = isStopping
        let desks = DeskProvider(sharing: desk.shared)
        program = Program(
            "berth gp", "The lines of a script", version: BerthProgram.version, date: BerthProgram.date,
            commands: GPCommands.verbs(desks))
    }

    func run() async throws {
        try check()
        var failed: [(line: ScriptLine, exit: ExitCode)] = []
        for (index, line) in lines.enumerated() {
            try terminal.checkInterrupted()
            if !terminal.isJSON {
                terminal.note("[\(index + 1)/\(lines.count)] line \(line.number): \(name(line))")
            }
            let exit = await carryOut(line)
            guard exit != .success else { continue }
            failed.append((line, exit))
            // Nobody can go on with a card that is gone, or past a Ctrl-C.
            let isOver = [.interrupted, .terminated, .inputOutput, .unavailable].contains(exit)
            if isStopping || isOver { break }
        }
        try report(failed)
    }

    /// A mistake in the last line must not be found when all others are done.
    private func check() throws {
        for line in lines {
            if let problem = program.problem(in: line.words, environment: terminal.environment) {
                throw Problem(
                    problem.code, exit: problem.exit, "line \(line.number): " + problem.what,
                    why: problem.why,
                    advice: problem.advice, details: problem.details.adding("line", .count(line.number)))
            }
        }
    }

    private func carryOut(_ line: ScriptLine) async -> ExitCode {
        guard terminal.isJSON else { return await program.run(line.words, on: terminal) }
        let output = MemorySink()
        let part = Terminal(
            output: output, errors: terminal.errors, input: terminal.input, environment: terminal.environment,
            clock: terminal.clock, interrupts: terminal.interrupts, format: .json, color: terminal.color)
        let before = (desk.link.commandCount, desk.link.roundTripCount)
        let exit = await program.run(line.words, on: part)
        let results = output.text.split(separator: "\n").map { text in
            (try? JSONValue(decoding: String(text))) ?? .string(String(text))
        }
        terminal.print(json: [
            "line": .count(line.number), "command": .string(name(line)),
            "exit": .integer(Int64(exit.rawValue)),
            "apdus": .count(desk.link.commandCount - before.0),
            "roundTrips": .count(desk.link.roundTripCount - before.1), "results": .array(results),
        ])
        return exit
    }

    /// The verb without its arguments, which may hold keys or personal data.
    private func name(_ line: ScriptLine) -> String {
        line.words.prefix(2).prefix { $0.allSatisfy { $0.isLowercase || $0 == "-" } && !$0.hasPrefix("-") }
            .joined(separator: " ")
    }

    private func report(_ failed: [(line: ScriptLine, exit: ExitCode)]) throws(Problem) {
        guard let first = failed.first else { return }
        let numbers = failed.map { "\($0.line.number)" }.joined(separator: ", ")
        let stopped = isStopping ? "; what follows it was not carried out" : ""
        throw Problem(
            "script-failed", exit: first.exit,
            failed.count == 1
                ? "line \(numbers) of the script failed" + stopped : "lines \(numbers) of the script failed",
            advice: ["mend the line and run the rest"],
            details: ["lines": .array(failed.map { .count($0.line.number) })])
    }
}
