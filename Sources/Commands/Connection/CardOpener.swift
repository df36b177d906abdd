package import Arguments
package import Readers
package import SmartCard

/// Opens the way to a card. The program gives the one with readers and card files; tests give their own cards.
package struct CardOpener: Sendable {
    package typealias Open = @Sendable (ParsedCommand) throws -> any CardChannel

    /// Opens a virtual card from its file.
    package let openFile: @Sendable (String) throws -> any CardChannel
    /// Opens the card in a reader.
    package let openReader: @Sendable (ReaderChoice, ConnectOptions) throws -> any CardChannel

    package init(
        openFile: @escaping @Sendable (String) throws -> any CardChannel,
        openReader: @escaping @Sendable (ReaderChoice, ConnectOptions) throws -> any CardChannel
    ) {
        self.openFile = openFile
        self.openReader = openReader
    }

    func open(_ parsed: ParsedCommand) throws -> any CardChannel {
        let fileIsNamed = parsed.source(of: ConnectionOptions.card) == .commandLine
        let readerIsNamed = parsed.source(of: ConnectionOptions.reader) == .commandLine
        if fileIsNamed, readerIsNamed {
            throw Problem.usage("--reader and --card name two cards", advice: "give one of them")
        }
        // What is named on the command line is meant, whatever the environment says.
        if let path = parsed[ConnectionOptions.card], !readerIsNamed { return try openFile(path) }
        let options = ConnectOptions(
            sharing: parsed[ConnectionOptions.exclusive] ? .exclusive : .shared,
            transmission: parsed[ConnectionOptions.transmission])
        return try openReader(ReaderChoice(parsed[ConnectionOptions.reader]), options)
    }
}

extension CardOpener {
    /// The card in a PC/SC reader, held for the whole session so that no other program comes between.
    @Sendable package static func reader(
        _ choice: ReaderChoice, _ options: ConnectOptions
    ) throws -> any CardChannel {
        let context = try ReaderContext()
        // A name in full says all; otherwise it counts which readers hold a card, which takes two more questions.
        if let name = choice.exactName(among: try context.readerNames()) {
            return try PCSCChannel(reader: name, options: options, context: context)
        }
        let reader = try choice.choose(among: context.readers())
        return try PCSCChannel(reader: reader.name, options: options, context: context)
    }
}
