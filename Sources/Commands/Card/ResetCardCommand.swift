internal import Arguments
internal import JSON
internal import VirtualCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// `berth card reset`: the card as it left the factory.
enum ResetCardCommand {
    private static let newSerial = Option<Bool>.flag(
        "new-serial", help: "Give it a new serial number: it is another card then")

    static func verb(_ workshop: CardWorkshop) -> Command {
        Command(
            "reset", "Make a virtual card as new: everything on it is lost",
            discussion: """
                The card has its factory keys again and holds nothing; profile and serial number stay. A card with a \
                seed begins its random bytes anew. An armed tear and the log are gone. (To reset a card in a reader \
                without losing anything, take it out and put it in again: 'berth card remove', 'berth card insert'.)
                """,
            examples: [.init("as it left the factory", "berth card reset my.card")],
            arguments: [CardCommands.file],
            options: [OptionGroup("Options", [newSerial]), OptionGroup("Question", [ConnectionOptions.yes])]
        ) { parsed, terminal in
            let path = parsed[CardCommands.file]
            let old = try VirtualCard(
                opening: path, environment: workshop.environment, entropy: workshop.entropy())
            var settings = try old.settings()
            if !parsed[ConnectionOptions.yes] {
                let question = "Everything on card \(old.identity) will be lost. Make it as new?"
                guard try terminal.confirm(question, default: false, override: "--yes") else {
                    throw Problem.declined
                }
            }
            settings.openings = 0
            settings.tear = nil
            let card = try replace(
                old, at: path, settings, keepsSerial: !parsed[newSerial], workshop)
            CardLog.remove(beside: path)
            if terminal.isJSON {
                terminal.print(json: CardView(card, path: path, settings: settings).json)
            } else {
                terminal.print("\(path) is as new: card \(card.identity)")
            }
        }
    }

    /// Makes the new card beside the old one and puts it in its place in one step, while the old one is still held.
    private static func replace(
        _ old: VirtualCard, at path: String, _ settings: CardSettings, keepsSerial: Bool,
        _ workshop: CardWorkshop
    ) throws -> VirtualCard {
        let next = path + ".reset"
        // Left by a reset that was killed; the card itself was not touched then.
        _ = unlink(next)
        let source = keepsSerial ? workshop.entropy(for: settings) : workshop.entropy()
        let card = try VirtualCard(
            creating: next, profile: old.profile, environment: workshop.environment,
            entropy: keepsSerial ? SerialEntropy(serial: old.serial, then: source) : source)
        do {
            try card.keep(settings)
            guard rename(next, path) == 0 else { throw CardFileError.system("replace", errno, path) }
        } catch {
            _ = unlink(next)
            throw error
        }
        return card
    }
}

extension Problem {
    static let declined = Problem(
        "declined", exit: .interrupted, "nothing was changed", why: "the answer was no")
}
