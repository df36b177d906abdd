internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

/// What a virtual card does in this process; the times are those of host and card together.
enum CardFigures {
    static let bytesPerCardMax = 8_192.0

    static func all(_ effort: Effort) throws -> [Figure] {
        let factory = try CardFactory()
        return try commands(factory, effort) + installation(factory, effort) + memory(factory, effort)
    }

    // MARK: Commands

    private static func commands(_ factory: CardFactory, _ effort: Effort) throws -> [Figure] {
        let link = CardLink(InProcessCard(factory.card()))
        let select = CommandAPDU.select(factory.profile.issuerDomain)
        let selections = try rate(select, link, effort)
        let plain = try rate(.getData(.cardProductionLifeCycle), link, effort)
        let sessions = try effort.time { try factory.authenticate(link) }
        let secured = try rate(.getData(.cardProductionLifeCycle), link, effort)
        let statuses = try rate(.getStatus(.issuerDomain), link, effort)
        return [
            Figure("card-select", selections, "commands/s"),
            Figure("card-get-data", plain, "commands/s"),
            Figure("card-get-data-scp03-level33", secured, "commands/s"),
            Figure("card-get-status-scp03-level33", statuses, "commands/s"),
            Figure("card-open-scp03", 1e9 / sessions, "sessions/s"),
        ]
    }

    private static func rate(_ command: CommandAPDU, _ link: CardLink, _ effort: Effort) throws -> Double {
        try CardFactory.expectSuccess(link.send(command))
        return 1e9 / (try effort.time { consume(try link.send(command)) })
    }

    // MARK: Installation

    private static func installation(_ factory: CardFactory, _ effort: Effort) throws -> [Figure] {
        let application = try LoadedApplication(archive: ParsingFigures.cap(codeBytes: 36_000))
        var times: [Double] = []
        var commandCount = 0
        for _ in 0..<effort.installCount {
            let card = factory.card()
            times.append(
                try nanoseconds {
                    let link = try factory.select(card)
                    try factory.install(application, on: link)
                    commandCount = link.commandCount
                } / 1e6)
        }
        return [
            Figure("card-install-36k", median(times), "ms"),
            Figure("card-install-36k-apdus", Double(commandCount), "APDUs"),
        ]
    }

    // MARK: Memory

    private static func memory(_ factory: CardFactory, _ effort: Effort) throws -> [Figure] {
        let application = try LoadedApplication(archive: ParsingFigures.cap(codeBytes: 1_000))
        // What the first card brings for all of them is not counted.
        let first = factory.card()
        try factory.install(application, on: factory.select(first))
        var cards: [VirtualCard] = []
        cards.reserveCapacity(effort.cardCount)
        let before = try residentBytes()
        for _ in 0..<effort.cardCount { cards.append(factory.card()) }
        let new = try residentBytes() - before
        for card in cards {
            try factory.install(application, on: factory.select(card))
            card.powerOff()
        }
        let installed = try residentBytes() - before
        for card in cards { card.powerOn() }
        let powered = try residentBytes() - before
        guard cards.allSatisfy(\.isPowered) else { throw BenchmarkError("the cards are gone") }
        // The host's ends of the sessions are let go: they are not the cards'.
        for card in cards { _ = try factory.select(card) }
        let session = try residentBytes() - before
        return [
            ("card-memory-new", new), ("card-memory-installed", installed), ("card-memory-powered", powered),
            ("card-memory-session", session),
        ]
        .map { name, bytes in
            Figure(name, Double(bytes) / Double(effort.cardCount), "bytes/card", target: bytesPerCardMax)
        }
    }
}
