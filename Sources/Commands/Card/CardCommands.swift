internal import Arguments

/// The noun `card`: virtual cards in files.
enum CardCommands {
    static let file = Positional<String>.required(.file("FILE", extensions: "card"), help: "The card's file")

    static func noun(_ workshop: @autoclosure @escaping @Sendable () -> CardWorkshop) -> Command {
        Command(
            "card", "Make and use virtual cards in files",
            discussion: """
                A virtual card is a smart card in a file: it loads and installs applications, has memory that runs out, \
                and can be torn out at any moment. Give it to any verb with --card FILE, or run it in a virtual reader, \
                where every other program sees it too.
                """,
            examples: [
                .init("make a card", "berth card create my.card --profile javacard-80k"),
                .init("install an application on it", "berth gp install --card my.card purse.cap"),
                .init("put it into a virtual reader", "berth card run my.card"),
            ],
            commands: verbs(workshop()))
    }

    private static func verbs(_ workshop: CardWorkshop) -> [Command] {
        [
            CreateCardCommand.verb(workshop), ProfilesCommand.verb, ExamplesCommand.verb,
            RunCommand.verb(workshop),
            ControlCommands.insert, ControlCommands.remove, CardInfoCommand.verb(workshop),
            CardLogCommand.verb(workshop), TearCommand.verb(workshop), ResetCardCommand.verb(workshop),
            DeleteCardCommand.verb(workshop),
        ]
    }
}
