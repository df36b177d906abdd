internal import Arguments
internal import Readers
package import SmartCard

extension CardOpener {
    /// Readers of this machine, and virtual cards in files.
    package static let live = CardOpener(
        // The workshop is fitted out when a card goes there: most commands go to a reader.
        openFile: { path in try CardOpener.file(in: .live)(path) }, openReader: CardOpener.reader)

    /// Powers the virtual card in a file, in this process.
    package static func file(in workshop: CardWorkshop) -> @Sendable (String) throws -> any CardChannel {
        { path in VirtualCardChannel(try MountedCard(path, in: workshop)) }
    }
}
