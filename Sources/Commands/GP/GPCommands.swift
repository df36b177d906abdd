internal import Arguments

/// The noun `gp`: GlobalPlatform, for one card on the desk.
enum GPCommands {
    static func noun(_ opener: CardOpener) -> Command {
        Command(
            "gp", "Manage a card with GlobalPlatform",
            discussion: """
                The commands work on the issuer domain of the card in the only reader that has one, unless told \
                otherwise. A key is never guessed: it comes from --key or BERTH_KEY, and the word default stands for the \
                test key of sample cards. Only a virtual card in a file needs none while it has that key.
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
