internal import Arguments

/// The noun `gp`: GlobalPlatform, for one card on the desk.
enum GPCommands {
    static func noun(_ opener: CardOpener) -> Command {
        Command(
            "gp", "Manage a card with GlobalPlatform",
            discussion: """
                The commands work on the issuer domain of the card in the only reader that has one, with the test key, \
                unless told otherwise.
                """, commands: verbs(DeskProvider(opener)) + [ScriptVerb.verb(DeskProvider(opener))])
    }

    /// The verbs that a script may use too.
    static func verbs(_ desks: DeskProvider) -> [Command] {
        [
            InfoCommand.verb(desks), ListCommand.verb(desks), InstallVerb.verb(desks), LoadVerb.verb(desks),
            DeleteVerb.verb(desks),
        ] + managementVerbs(desks)
    }

    private static func managementVerbs(_ desks: DeskProvider) -> [Command] {
        [
            DomainVerbs.noun(desks), KeyVerbs.noun(desks), LockVerbs.lock(desks), LockVerbs.unlock(desks),
            SetStateVerb.verb(desks), PrivilegesVerb.verb(desks), StoreDataVerbs.storeData(desks),
            StoreDataVerbs.personalise(desks), APDUVerb.verb(desks),
        ]
    }
}
