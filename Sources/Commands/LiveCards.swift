internal import Arguments
internal import Readers
internal import SmartCard

extension CardOpener {
    /// Readers of this machine; card files come with the virtual card.
    package static let live = CardOpener(
        openFile: { path in
            throw Problem("card-file", exit: .unsupported, "the card file \(path) cannot be opened")
        }, openReader: CardOpener.reader)
}
