internal import Arguments
internal import Centre
internal import JSON
internal import Storage

/// The noun `store`: where the centre keeps everything.
enum StoreCommands {
    static let store = Option<String?>.optional(
        "store", .text("URL"), .environment("BERTH_STORE"),
        help: "sqlite:PATH, a path, or postgresql://…; else store.db in the data folder")

    static func noun(_ clock: any WallClock) -> Command {
        Command(
            "store",
            "Look after what the centre keeps: check, back up, restore, bring up to date, seal anew, import, export",
            discussion: """
                A store is one file of SQLite, or a database of PostgreSQL. Without --store it is \
                $XDG_DATA_HOME/berth/store.db, or ~/.local/share/berth/store.db. An address with a password belongs into \
                the environment, as BERTH_STORE, where other users cannot see it.
                """,
            commands: [
                StoreCheckVerb.verb, BackupVerbs.backup, BackupVerbs.restore, StoreMigrateVerb.verb,
                RewrapVerb.verb(clock), StoreTidyVerb.verb(clock), ExchangeVerbs.importing(clock),
                ExchangeVerbs.exporting(clock),
            ])
    }

    static func address(_ parsed: ParsedCommand, on terminal: Terminal) throws -> StoreAddress {
        if let text = parsed[store] { return try StoreAddress(text) }
        guard
            let path = StoreAddress.defaultPath(
                terminal.environment["XDG_DATA_HOME"], terminal.environment["HOME"])
        else {
            throw Problem(
                "no-store", exit: .configuration, "there is no home folder to look for a store in",
                advice: ["say where it is with --store"])
        }
        return .file(path)
    }

    /// Opened, and as this program knows stores: it neither reads nor writes what another one has brought forward.
    static func current(_ parsed: ParsedCommand, on terminal: Terminal) throws -> any Database {
        try current(address(parsed, on: terminal))
    }

    static func current(_ address: StoreAddress) throws -> any Database {
        let store = try address.open()
        guard try store.pendingSteps(of: .current).isEmpty else {
            throw Problem(
                "store-older", exit: .configuration, "an older program made this store",
                advice: ["bring it up to date with: berth store migrate"])
        }
        return store
    }

    /// The same for those who may begin with an empty place: the data folder is made if it is not there yet.
    static func newAddress(_ parsed: ParsedCommand, on terminal: Terminal) throws -> StoreAddress {
        let address = try address(parsed, on: terminal)
        if parsed[store] == nil, case .file(let path) = address {
            let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
            guard FileSystem.makeFolder(folder) else {
                throw Problem(
                    "no-store", exit: .cannotCreate, "\(folder) cannot be made",
                    advice: ["make it, or say where the store is with --store"])
            }
        }
        return address
    }

    /// Shows how far a work is, once it is known how much there is.
    static func progress(_ label: String, on terminal: Terminal) -> (Int, Int) -> Void {
        var bar: ProgressBar?
        return { done, total in
            if bar == nil { bar = ProgressBar(label, total: total, on: terminal) }
            bar?.advance(to: done)
            if done >= total { bar?.finish() }
        }
    }
}

/// `berth store migrate`.
enum StoreMigrateVerb {
    private static let dryRun = Option<Bool>.flag("dry-run", help: "Only say what would be done")

    static var verb: Command {
        Command(
            "migrate", "Bring a store up to what this program needs, or make a new one",
            discussion: """
                The schema goes forward only, in numbered steps, all of them or none. Many nodes may do it at the same time.
                """,
            examples: [.init("a new store", "berth store migrate --store sqlite:store.db")],
            options: [OptionGroup("Options", [StoreCommands.store, dryRun])]
        ) { parsed, terminal in
            let isDry = parsed[dryRun]
            let store =
                try isDry
                ? StoreCommands.address(parsed, on: terminal).open()
                : StoreCommands.newAddress(parsed, on: terminal).make()
            let steps = try isDry ? store.pendingSteps(of: .current) : store.migrate(to: .current)
            if terminal.isJSON {
                terminal.print(json: [
                    "store": .string(store.place), "engine": .string(store.engine),
                    "schema": .count(Schema.current.version), "steps": .array(steps.map { .count($0) }),
                    "done": .bool(!isDry),
                ])
                return
            }
            let list = steps.map(String.init).joined(separator: ", ")
            let version = Schema.current.version
            terminal.print(
                (steps.isEmpty
                    ? "\(store.place) is up to date: step \(version) of the schema"
                    : isDry
                        ? "\(store.place) lacks these steps of the schema: \(list)"
                        : "\(store.place): did these steps of the schema: \(list)").printable)
        }
    }
}
