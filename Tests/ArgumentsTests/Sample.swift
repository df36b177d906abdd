import Arguments
import JSON

/// A small program with every form that the tree can declare.
enum Sample {
    enum Mode: String, CaseIterable, Sendable {
        case clear
        case mac
        case enc
    }

    static let reader = Option<String?>.optional(
        "reader", .reader(), OptionTraits(short: "r", environment: "SAMPLE_READER"),
        help: "Use the reader whose name contains NAME")
    static let card = Option<String?>.optional(
        "card", .file(extensions: "card"), .aliases("virtual-card"),
        help: "Use a card file instead of a reader")
    static let key = Option<[[UInt8]]>.repeated(
        "key", .hex(bytes: 16...32, isSecret: true), .short("k"), help: "A key of the card")
    static let keyVersion = Option<Int>.value(
        "key-version", .integer(in: 0...127), default: 0, help: "The version of the keys; 0 takes the first")
    static let mode = Option<Mode>.value(
        "mode", .cases("LEVEL"), default: .mac, .short("m"), help: "How much the secure channel protects")
    static let trace = Option<Bool>.flag("trace", .short("t"), help: "Show every command in words")
    static let dryRun = Option<Bool>.flag(
        "dry-run", .short("n"), help: "Show what would be sent, and send nothing")
    static let check = Option<Bool>.invertible(
        "check", default: true, help: "Check first whether there is room")
    static let verbose = Option<Int>.count("verbose", .short("v"), help: "Say more")
    static let debug = Option<Bool>.flag("debug-wire", .hidden, help: "For the developers")
    static let offset = Option<Int?>.optional(
        "offset", .integer(in: -100...100), .short("o"), help: "An offset")
    static let target = Option<String>.required("target", .text("AID"), help: "The domain to install into")
    static let connection = OptionGroup("Connection", [reader, card, key, keyVersion, mode, trace, dryRun])

    static let file = Positional<String>.required(
        .file("CAP", extensions: "cap"), help: "The file to install")
    static let applets = Positional<[String]>.repeated(
        .text("AID"), help: "The applets; all, if none is named")
    static let place = Positional<String?>.optional(.directory("DIR"), help: "Where to put it")

    static let program = Program(
        "sample", "Manage sample cards", version: "1.2.3", date: "2026-01-31",
        discussion: "A sample of everything.\n\nIt has two paragraphs.",
        examples: [Command.Example("Show a card", "sample gp list")],
        manual: [Program.ManualSection("FILES", [".sample holds nothing; 'quotes' and \\ are kept."])],
        commands: [gp, explain],
        readerNames: { ["Virtual PCD 00 00", "Virtual PCD 00 01"] })

    static let gp = Command(
        "gp", "Speak GlobalPlatform to a card", commands: [list, install, export, secret])

    static let list = Command(
        "list", "Show what the card holds", aliases: ["ls"],
        options: [OptionGroup("Options", [verbose, offset, debug]), connection],
        run: { parsed, terminal in
            terminal.print("reader=\(parsed[reader] ?? "nil") card=\(parsed[card] ?? "nil")")
            terminal.print("keys=\(parsed[key]) version=\(parsed[keyVersion]) mode=\(parsed[mode])")
            terminal.print("trace=\(parsed[trace]) dry=\(parsed[dryRun]) verbose=\(parsed[verbose])")
            terminal.print("offset=\(parsed[offset].map { "\($0)" } ?? "nil") debug=\(parsed[debug])")
            terminal.print("source=\(parsed.source(of: reader)) path=\(parsed.path.joined(separator: "/"))")
        })

    static let install = Command(
        "install", "Install the applets of a CAP file",
        discussion: "Checks first whether there is room.",
        examples: [
            Command.Example("Install all applets", "sample gp install hello.cap --target A000000151000000")
        ],
        arguments: [file, applets],
        options: [OptionGroup("Options", [target, check]), connection],
        run: { parsed, terminal in
            terminal.print("file=\(parsed[file]) applets=\(parsed[applets])")
            terminal.print("target=\(parsed[target]) check=\(parsed[check])")
        })

    static let export = Command(
        "export", "Write the registry to a directory", arguments: [place],
        run: { parsed, terminal in
            terminal.print(json: ["place": parsed[place].map { .string($0) } ?? .null])
        })

    static let secret = Command(
        "secret", "Not shown", isHidden: true, run: { _, terminal in terminal.print("hi") })

    struct Unexplained: Error { let key = "404142" }

    static let word = Positional<String>.required(.text("WORD"), help: "What to explain")
    static let explain = Command(
        "explain", "Explain a status word", arguments: [word],
        run: { parsed, terminal in
            switch parsed[word] {
            case "unexplained": throw Unexplained()
            case "cancelled": throw CancellationError()
            case "full":
                throw Problem(
                    "no-room", exit: .noRoom, "not enough room on the card",
                    why: "hello.cap needs 14.2 kB and 12 kB are free",
                    advice: ["delete something", "or else"],
                    details: ["need": 14_200, "free": 12_000])
            case let other: terminal.print(terminal.isJSON ? "json \(other)" : "text \(other)")
            }
        })
}

/// What a run of the sample left behind.
struct Outcome: Equatable {
    let exit: ExitCode
    let output: String
    let errors: String
}

func run(
    _ arguments: [String], environment: [String: String] = [:], output: MemorySink = MemorySink(),
    errors: MemorySink = MemorySink(), program: Program = Sample.program
) async -> Outcome {
    let terminal = Terminal(
        output: output, errors: errors, input: ScriptedInput(), environment: Environment(environment),
        clock: ManualClock(), interrupts: .none)
    let exit = await program.run(arguments, on: terminal)
    return Outcome(exit: exit, output: output.text, errors: errors.text)
}
