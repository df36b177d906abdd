internal import Arguments
internal import JSON
internal import SmartCard
internal import VirtualCard

/// `berth card info`: everything that is on a card, and what it takes.
enum CardInfoCommand {
    static func verb(_ workshop: CardWorkshop) -> Command {
        Command(
            "info", "Show what a virtual card is, holds, and has free",
            discussion: """
                Looks into the file, so it needs no keys, and tells the truth about the memory whatever the card says. A \
                card that runs can be looked at too. Values of keys are never shown.
                """,
            examples: [.init("a card", "berth card info my.card")], arguments: [CardCommands.file]
        ) { parsed, terminal in
            let path = parsed[CardCommands.file]
            let card = try VirtualCard(
                viewing: path, environment: workshop.environment, entropy: workshop.entropy())
            let view = CardView(card, path: path, settings: try card.settings())
            if terminal.isJSON {
                terminal.print(json: view.json)
            } else {
                view.show(on: terminal)
            }
        }
    }
}
