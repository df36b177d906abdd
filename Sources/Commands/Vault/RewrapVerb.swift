internal import Arguments
internal import Centre
internal import JSON
internal import Storage

/// `berth store rewrap`: another wrapping key for everything that is sealed, while the centre works.
enum RewrapVerb {
    private static let records = Option<Bool>.flag(
        "records", help: "Also seal every record anew under fresh data keys")
    private static let dropOld = Option<Bool>.flag(
        "drop-old", help: "Forget the old wrapping keys afterwards: backups made before open no more")

    static func verb(_ clock: any WallClock) -> Command {
        Command(
            "rewrap", "Bring everything that is sealed under a new wrapping key of the vault",
            discussion: """
                It works in small steps beside a running centre. Interrupted at any point and run again, it goes on \
                where it stopped. Give the changed vault file to every machine of the centre; one that has an old copy \
                seals nothing, and says so.

                The old wrapping key stays in the vault for the sake of backups, until --drop-old.
                """,
            examples: [
                .init("once a year", "berth store rewrap"),
                .init(
                    "after somebody saw the vault and its passphrase",
                    "berth store rewrap --records --drop-old"),
            ],
            options: [OptionGroup("Options", [StoreCommands.store, records, dropOld]), VaultOptions.group]
        ) { parsed, terminal in
            let vault = try VaultOptions.open(parsed, terminal)
            let store = try StoreCommands.address(parsed, on: terminal).open()
            try store.migrate(to: .current)
            var rewrap = VaultRewrap(
                store, vault, clock: clock, depth: parsed[records] ? .records : .keys)
            try run(&rewrap, dropsOld: parsed[dropOld], terminal)
        }
    }

    private static func run(_ rewrap: inout VaultRewrap, dropsOld: Bool, _ terminal: Terminal) throws {
        terminal.interrupts.begin()
        let start = try rewrap.start()
        if !terminal.isJSON, start.isContinued {
            terminal.note("going on with wrapping key \(start.current)")
        }
        var bar = ProgressBar("wrapping anew", total: start.dataKeys, on: terminal)
        do {
            while !rewrap.progress.isFinished {
                try terminal.checkInterrupted()
                try rewrap.step()
                bar.advance(to: rewrap.progress.done)
            }
        } catch {
            bar.stop("run the same command again to go on")
            throw error
        }
        bar.finish()
        let dropped = dropsOld ? try rewrap.dropOldWrappingKeys() : []
        if terminal.isJSON {
            terminal.print(json: [
                "wrappingKey": .count(start.current), "continued": .bool(start.isContinued),
                "dataKeys": .count(rewrap.progress.done),
                "records": .count(rewrap.progress.recordsSealed),
                "dropped": .array(dropped.map { .count($0) }),
            ])
        } else {
            terminal.print(
                "wrapping key \(start.current) protects everything now: \(rewrap.progress.done) data keys"
                    + (rewrap.progress.recordsSealed > 0
                        ? ", \(rewrap.progress.recordsSealed) records sealed anew" : ""))
            if !dropped.isEmpty {
                terminal.print("forgotten: \(dropped.map { "\($0)" }.joined(separator: ", "))")
            }
        }
    }
}
