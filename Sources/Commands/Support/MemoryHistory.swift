internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// Cards tell what is free and not of how much: the most that was ever free on a card stands in for its size.
struct MemoryHistory {
    /// A desk sees fewer cards than this; the oldest are forgotten.
    private static let cardsMax = 10_000

    private let file: StateFile?
    private let card: String?

    /// Asks the card for its name.
    init(_ desk: CardDesk) throws {
        file = StateFile("memory-seen", desk.terminal.environment)
        let answer = try desk.link.send(.getData(.cardProductionLifeCycle))
        card = answer.status.isSuccess ? CardProductionLifeCycle(answer.data)?.serial.hex : nil
    }

    /// A memory bar of what the card now tells, against the most that was ever free.
    func view(_ resources: CardResources?) throws -> MemoryView {
        guard let resources, let file, let card else { return MemoryView(resources) }
        var most = resources.freeNonVolatile
        try file.update { text in
            var lines = (text ?? "").split(separator: "\n").map(String.init)
            if let index = lines.firstIndex(where: { $0.hasPrefix(card + " ") }) {
                most = max(most, Int(lines[index].dropFirst(card.count + 1)) ?? 0)
                lines.remove(at: index)
            }
            lines.append("\(card) \(most)")
            return lines.suffix(Self.cardsMax).joined(separator: "\n") + "\n"
        }
        // The first look at a card says nothing about its size.
        return MemoryView(resources, size: most > resources.freeNonVolatile ? most : nil)
    }
}
