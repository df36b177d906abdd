internal import Arguments
internal import Centre
internal import Storage

/// The noun `store`: the registers on disk.
enum StoreCommands {
    static func noun(_ clock: any WallClock) -> Command {
        Command(
            "store", "Look after the registers on disk",
            commands: [
                RewrapVerb.verb(clock, options: [RewrapVerb.store]) { parsed, _ in
                    let store = try SQLiteStore(.file(parsed[RewrapVerb.store]))
                    try store.migrate(to: .current)
                    return store
                }
            ])
    }
}
