internal import Arguments
internal import JSON
internal import VirtualCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// `berth card delete`: removes a card's file and what stands beside it.
enum DeleteCardCommand {
    static func verb(_ workshop: CardWorkshop) -> Command {
        Command(
            "delete", "Remove a virtual card with its log", aliases: ["rm"],
            discussion: """
                Removes the card's file and its log, also when the card is damaged. A card that is in use is not removed, \
                and neither is a file that is no card.
                """,
            examples: [.init("without a question", "berth card delete my.card --yes")],
            arguments: [CardCommands.file], options: [OptionGroup("Question", [ConnectionOptions.yes])]
        ) { parsed, terminal in
            let path = parsed[CardCommands.file]
            // Held until it is gone, so that nobody begins to use it meanwhile.
            let card = try hold(path, workshop)
            if !parsed[ConnectionOptions.yes] {
                let name = card.map { "card \($0.identity)" } ?? "the damaged card"
                guard
                    try terminal.confirm(
                        "Remove \(name) in \(path) for good?", default: false, override: "--yes")
                else { throw Problem.declined }
            }
            guard unlink(path) == 0 else { throw CardFileError.system("remove", errno, path) }
            CardLog.remove(beside: path)
            _ = unlink(ControlSocket.path(beside: path))
            if terminal.isJSON {
                terminal.print(json: ["file": .string(path), "deleted": true])
            } else {
                terminal.print("\(path) is removed")
            }
        }
    }

    private static func hold(_ path: String, _ workshop: CardWorkshop) throws -> VirtualCard? {
        do throws(CardFileError) {
            return try VirtualCard(
                opening: path, environment: workshop.environment, entropy: workshop.entropy())
        } catch {
            switch error {
            case .damaged, .profile: return nil
            case .exists, .inUse, .notACardFile, .newer, .system: throw error
            }
        }
    }
}
