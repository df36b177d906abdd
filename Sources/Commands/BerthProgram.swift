package import Arguments
package import Centre
internal import Readers

/// The whole tree of commands.
package enum BerthProgram {
    package static let version = "0.1.0"
    static let date = "2026-11-21"

    package static func make(
        _ opener: CardOpener, readers: ReaderSource, clock: any WallClock
    ) -> Program {
        Program(
            "berth", "Manage the applications on smart cards", version: version, date: date,
            discussion: """
                berth speaks GlobalPlatform to any card in a reader, and to virtual cards in files. It checks before it \
                changes anything, explains what a card refuses, and finishes what was interrupted.
                """,
            examples: [
                .init("what is this card", "berth gp info"),
                .init("what is on it", "berth gp list --key prompt"),
                .init("install an application", "berth gp install purse.cap --key file:issuer.key"),
            ],
            commands: [
                GPCommands.noun(opener), CardCommands.noun(.live), ReaderCommands.noun(readers),
                PlanCommand.verb(DeskProvider(opener), clock), StoreCommands.noun(clock),
                VaultCommands.noun(clock),
                ServeCommand.verb(clock, signals: .live), SimulateCommand.verb,
                TerminalCommands.noun(opener, readers: readers, clock: clock), ExplainCommand.verb,
                CentreCommands.noun,
            ] + AdminNouns.nouns() + ReferenceCommands.verbs,
            readerNames: { (try? ReaderContext().readerNames()) ?? [] })
    }
}
