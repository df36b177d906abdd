internal import Arguments
internal import JSON
internal import Storage

/// `berth store backup` and `berth store restore`.
enum BackupVerbs {
    private static let file = Positional<String>.required(.file("FILE"), help: "The file of the backup")
    private static let force = Option<Bool>.flag(
        "force", .short("f"), help: "Replace what is there: the file of that name, or everything in the store"
    )

    static var backup: Command {
        Command(
            "backup", "Write everything in a store to a file, while others go on working",
            discussion: """
                The file holds the store as it was at one moment, whatever the engine: it can be restored into SQLite and \
                into PostgreSQL. Keys stay in the vault, which has a backup of its own.
                """,
            examples: [
                .init("the store in the data folder", "berth store backup today.backup"),
                .init(
                    "from a file to a server",
                    "berth store backup a.backup && berth store restore a.backup --store postgresql://db/berth"
                ),
            ], arguments: [file], options: [OptionGroup("Options", [StoreCommands.store, force])]
        ) { parsed, terminal in
            let store = try StoreCommands.address(parsed, on: terminal).open()
            let path = parsed[file]
            let summary = try Backup.write(
                store, to: path, replacing: parsed[force],
                progress: StoreCommands.progress("backing up", on: terminal))
            show(summary, "\(path): \(summary.rows) rows of \(store.place)", path, store, on: terminal)
        }
    }

    static var restore: Command {
        Command(
            "restore", "Take a backup into a store: all of it, or nothing",
            discussion: """
                The whole file is checked before anything is touched. A store that has something in it is refused, unless \
                --force says that it may be replaced. A backup of an older program is brought up to date.
                """,
            examples: [.init("into a new file", "berth store restore today.backup --store sqlite:new.db")],
            arguments: [file], options: [OptionGroup("Options", [StoreCommands.store, force])]
        ) { parsed, terminal in
            let path = parsed[file]
            let store = try StoreCommands.newAddress(parsed, on: terminal).make()
            let summary = try Backup.restore(
                path, into: store, replacing: parsed[force],
                progress: StoreCommands.progress("restoring", on: terminal))
            show(summary, "\(store.place): \(summary.rows) rows of \(path)", path, store, on: terminal)
        }
    }

    private static func show(
        _ summary: Backup.Summary, _ text: String, _ path: String, _ store: any Database,
        on terminal: Terminal
    ) {
        guard terminal.isJSON else { return terminal.print(text.printable) }
        terminal.print(json: [
            "file": .string(path), "store": .string(store.place), "engine": .string(store.engine),
            "schema": .count(summary.schemaVersion), "rows": .count(summary.rows),
            "tables": .array(summary.tables.map { ["name": .string($0.name), "rows": .count($0.rows)] }),
        ])
    }
}
