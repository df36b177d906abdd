package import SmartCard

/// Which reader a person means.
package enum ReaderChoice: Hashable, Sendable {
    /// The one reader that holds a card.
    case automatic
    /// An exact name, a number as in the list (from 1), or a part of one name, whatever its case.
    case matching(String)

    package init(_ text: String?) {
        guard let text, !text.isEmpty else {
            self = .automatic
            return
        }
        self = .matching(text)
    }

    /// The reader that is named in full.
    package func exactName(among names: [String]) -> String? {
        guard case .matching(let text) = self else { return nil }
        return names.first { $0 == text }
    }

    package func choose(among readers: [ReaderState]) throws(CardChannelError) -> ReaderState {
        guard !readers.isEmpty else {
            throw CardChannelError(
                .noReader, "No card reader is connected. Plug one in, and look with: berth reader list")
        }
        switch self {
        case .automatic: return try Self.onlyCard(among: readers)
        case .matching(let text): return try Self.match(text, among: readers)
        }
    }

    private static func onlyCard(among readers: [ReaderState]) throws(CardChannelError) -> ReaderState {
        let candidates = readers.filter(\.isCardPresent)
        switch candidates.count {
        case 1: return candidates[0]
        case 0 where readers.count == 1:
            throw CardChannelError(.noCard, "There is no card in “\(readers[0].name)”. Put one in.")
        case 0:
            throw CardChannelError(
                .noCard, "No reader holds a card. Put one in:\n" + list(readers, of: readers))
        default:
            throw CardChannelError(
                .ambiguousReader,
                "Several readers hold a card. Say which one you mean with --reader and a name, a part of it or its "
                    + "number:\n" + list(candidates, of: readers))
        }
    }

    private static func match(_ text: String, among readers: [ReaderState]) throws(CardChannelError)
        -> ReaderState
    {
        if let exact = readers.first(where: { $0.name == text }) { return exact }
        if let number = Int(text), readers.indices.contains(number - 1) { return readers[number - 1] }
        let wanted = text.lowercased()
        let candidates = readers.filter { $0.name.lowercased().contains(wanted) }
        if candidates.count == 1 { return candidates[0] }
        // Of several that fit, only one with a card can be meant.
        let withCard = candidates.filter(\.isCardPresent)
        if withCard.count == 1 { return withCard[0] }
        guard candidates.isEmpty else {
            throw CardChannelError(
                .ambiguousReader,
                "“\(text)” fits several readers. Give more of the name, or the number:\n"
                    + list(candidates, of: readers))
        }
        throw CardChannelError(
            .noReader, "No reader is called “\(text)”. There are:\n" + list(readers, of: readers))
    }

    /// One line per reader with the number that it has in the whole list.
    private static func list(_ some: [ReaderState], of all: [ReaderState]) -> String {
        all.enumerated().filter { some.contains($0.element) }.map { offset, reader in
            let note =
                switch reader.card {
                case .absent: "empty"
                case .present: "card present"
                case .mute: "card does not answer"
                case .unknown: "not working"
                }
            return "  \(offset + 1)  \(reader.name)  (\(note))"
        }.joined(separator: "\n")
    }
}
