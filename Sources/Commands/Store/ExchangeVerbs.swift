internal import Arguments
internal import CardCrypto
internal import Centre
internal import Exchange
internal import JSON
internal import Storage

/// What goes into a store or comes out of it.
enum ExchangeSubject: String, CaseIterable {
    case cards
    case holders
    case tariffs
    case applications

    /// `nil` for what is a folder and not a file of rows.
    var rows: ExchangeKind? { ExchangeKind(rawValue: rawValue) }
}

/// `berth store import` and `berth store export`: registers from and to files.
enum ExchangeVerbs {
    private static let subject = Positional<ExchangeSubject>.required(
        .choice(
            "WHAT",
            [
                ("cards", .cards, "cards, and how their keys are derived"),
                ("holders", .holders, "holders, and what they use"),
                ("tariffs", .tariffs, "what custody costs"),
                ("applications", .applications, "a folder with manifest.json and CAP files"),
            ]), help: "What the file or folder has")
    private static let file = Positional<String>.required(
        .file("FILE"), help: "The file or folder; - is the standard input or output")
    private static let format = Option<ExchangeFormat?>.optional(
        "format",
        .choice(
            "FORMAT",
            [
                ("csv", .csv, "comma-separated, with a line of column names"),
                ("json", .json, "one object on each line, or in one array"),
            ]), help: "How rows are written; else the end of the file's name says it")
    private static let dryRun = Option<Bool>.flag("dry-run", help: "Check everything, and keep nothing")
    private static let verifiers = Option<Bool>.flag(
        "with-password-verifiers", help: "Holders with what their passwords are checked against")
    private static let provider = Option<String?>.optional(
        "provider", .text("NAME"), help: "Whose applications are written")

    // MARK: - In

    static func importing(_ clock: any WallClock) -> Command {
        Command(
            "import", "Take cards, holders, tariffs or applications into a store",
            discussion: """
                A file of rows is read once, as it comes: a million rows need no more memory than a thousand. Rows become \
                durable 500 at a time. A bad row is told with its line and its reason, and all others are taken. A row \
                that is there already, just so, changes nothing. If an import is broken off, the same command goes on \
                where it stopped: a note of that lies beside the file until the import is done.

                Keys and passwords are in no such file: a card names the master key of the vault that its keys are \
                derived from, and a holder without a password verifier gets a password later. Of a folder with \
                applications everything is taken or nothing.
                """,
            examples: [
                .init("what would happen", "berth store import cards cards.csv --dry-run"),
                .init(
                    "holders from another system", "berth store import holders - --format json < holders.json"
                ),
                .init("a provider's applications", "berth store import applications ./city"),
            ], arguments: [subject, file],
            options: [OptionGroup("Options", [StoreCommands.store, format, dryRun])]
        ) { parsed, terminal in
            let store = try StoreCommands.current(parsed, on: terminal)
            guard let kind = parsed[subject].rows else {
                return try takeApplications(
                    parsed[file], store, clock, isTrial: parsed[dryRun], on: terminal)
            }
            let format = try format(parsed)
            var job = try ImportJob(parsed[file], of: kind, into: store.place, isTrial: parsed[dryRun])
            try job.run(format, store, clock, on: terminal)
        }
    }

    /// Undoes a trial.
    private struct Tried: Error {
        let outcome: ApplicationFolder.Outcome
    }

    private static func takeApplications(
        _ folder: String, _ store: any Store, _ clock: any WallClock, isTrial: Bool, on terminal: Terminal
    ) throws {
        let now = clock.now
        let outcome: ApplicationFolder.Outcome
        do {
            outcome = try RefusalProblem.explaining {
                try store.write { transaction in
                    let act = Act(transaction, now: now, actor: .centre, entropy: SystemEntropy())
                    let outcome = try ApplicationFolder.take(act) { name in
                        try InputFile.read(folder + "/" + name, bytesMax: folderFileBytesMax)
                    }
                    if isTrial { throw Tried(outcome: outcome) }
                    return outcome
                }
            }
        } catch let tried as Tried {
            outcome = tried.outcome
        } catch let problem as ApplicationFolder.Problem {
            throw Problem(
                "folder-bad", exit: .badData, "\(folder) was not taken",
                why: RefusalProblem.clause(problem.reason))
        }
        if terminal.isJSON {
            terminal.print(json: [
                "applications": .count(outcome.applications), "releases": .count(outcome.releases),
                "unchanged": .count(outcome.unchanged), "kept": .bool(!isTrial),
            ])
        } else {
            terminal.print(
                "\(outcome.applications) applications and \(outcome.releases) releases are new; "
                    + "\(outcome.unchanged) releases were there." + (isTrial ? " Nothing was kept." : ""))
        }
    }

    /// Far above any CAP file that a card takes.
    private static let folderFileBytesMax = 16 << 20

    // MARK: - Out

    static func exporting(_ clock: any WallClock) -> Command {
        Command(
            "export", "Write cards, holders, tariffs or applications of a store to a file or folder",
            discussion: """
                What is written can be imported again. Cards carry the name of their master key and no key; holders \
                carry a password verifier only if that is asked for, because passwords can be guessed from it. Load \
                files are written as the components that a card gets (.ijc), which an import takes like CAP files.
                """,
            examples: [
                .init("all cards", "berth store export cards cards.csv"),
                .init("a provider's applications", "berth store export applications ./city --provider city"),
            ], arguments: [subject, file],
            options: [OptionGroup("Options", [StoreCommands.store, format, verifiers, provider])]
        ) { parsed, terminal in
            let store = try StoreCommands.current(parsed, on: terminal)
            guard let kind = parsed[subject].rows else {
                return try giveApplications(parsed, store, clock, on: terminal)
            }
            guard parsed[provider] == nil else {
                throw Problem.usage(
                    "--provider is only for applications",
                    why: "\(kind.rawValue) of everybody would be written")
            }
            let output = try OutputFile(parsed[file])
            let export = Export(
                of: kind, try format(parsed),
                ExportOptions(hasPasswordVerifiers: parsed[verifiers]))
            let count = try export.run(from: store) { try output.write($0) }
            try output.finish()
            guard !output.isStandard else { return }
            report(count, parsed[subject].rawValue, on: terminal)
        }
    }

    private static func giveApplications(
        _ parsed: ParsedCommand, _ store: any Store, _ clock: any WallClock, on terminal: Terminal
    ) throws {
        guard let text = parsed[provider], let id = try? ProviderID(text) else {
            throw Problem.usage("no provider is named", advice: "say whose applications with --provider NAME")
        }
        let folder = parsed[file]
        guard FileSystem.makeFolder(folder) else {
            throw Problem("folder-not-made", exit: .cannotCreate, "\(folder) cannot be made")
        }
        let now = clock.now
        let count = try RefusalProblem.explaining {
            try store.read { transaction in
                let act = Act(transaction, now: now, actor: .centre, entropy: SystemEntropy())
                return try ApplicationFolder.give(id, act) { name, bytes in
                    let output = try OutputFile(folder + "/" + name)
                    try output.write(bytes)
                    try output.finish()
                }
            }
        }
        report(count, "releases", on: terminal)
    }

    private static func report(_ count: Int, _ what: String, on terminal: Terminal) {
        if terminal.isJSON {
            terminal.print(json: ["written": .count(count)])
        } else {
            terminal.print("\(count) \(what) were written.")
        }
    }

    private static func format(_ parsed: ParsedCommand) throws(Problem) -> ExchangeFormat {
        if let format = parsed[format] { return format }
        let path = parsed[file]
        if path.hasSuffix(".csv") { return .csv }
        if path.hasSuffix(".json") || path.hasSuffix(".jsonl") { return .json }
        throw Problem.usage("the format of \(path) is not known", advice: "say it with --format csv or json")
    }
}
