internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// An order while it is being put together: commands in clear, each with what it is for.
struct OrderDraft {
    /// Beyond this an order is cut between steps; a terminal need not take more.
    static let commandsMax = 600

    private(set) var items: [(ask: Ask, command: CommandAPDU)] = []
    /// The instance that STORE DATA reaches now, and the next block number.
    private var personalized: (aid: AID, nextIndex: Int)?

    var isEmpty: Bool { items.isEmpty }
    var isFull: Bool { items.count >= Self.commandsMax }

    mutating func add(_ ask: Ask, _ command: CommandAPDU) {
        personalized = nil
        items.append((ask, command))
    }

    /// One command of the parking contract, with INSTALL [for personalization] in front where it is needed.
    mutating func park(_ aid: AID, _ order: ParkingOrder, keys: ParkingSealKeys?) {
        if personalized?.aid != aid || (personalized?.nextIndex ?? 256) > 255 {
            items.append((.personalize(aid), InstallCommand.personalize(aid).command()))
            personalized = (aid, 0)
        }
        let index = personalized?.nextIndex ?? 0
        items.append((.parking(aid, order), .parking(order.encoded(sealedBy: keys), index: index)))
        personalized?.nextIndex = index + 1
    }

    /// The whole registry, as one reading.
    mutating func readRegistry() {
        var reading = ReadContents()
        guard case .send(let commands)? = try? reading.next(after: []) else { return }
        for command in commands { add(.registry, command) }
    }

    mutating func measure(after step: Int?) { add(.measure(after: step), .getData(.extendedCardResources)) }
}
