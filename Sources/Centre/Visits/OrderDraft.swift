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

    /// One of these is told to go on.
    func thaws(anyOf aids: [AID]) -> Bool {
        items.contains { item in
            guard case .parking(let aid, .thaw) = item.ask else { return false }
            return aids.contains(aid)
        }
    }

    /// The whole registry, as one reading.
    mutating func readRegistry() {
        var reading = ReadContents()
        guard case .send(let commands)? = try? reading.next(after: []) else { return }
        for command in commands { add(.registry, command) }
    }

    /// The step of each item: a command is for the step that is measured or sent next, or else for that of the command
    /// before it.
    var steps: [Int?] {
        var steps = [Int?](repeating: nil, count: items.count)
        var next: Int?
        for index in items.indices.reversed() {
            switch items[index].ask {
            case .step(let step), .measure(after: let step?), .keys(let step), .upgrade(let step?):
                next = step
            case .measure(after: nil), .upgrade(nil): next = nil
            case .select, .identity, .initializeUpdate, .registry, .personalize, .parking, .clear, .witness,
                .confirmationCounter, .keyList:
                break
            }
            steps[index] = next
        }
        for index in steps.indices.dropFirst() where steps[index] == nil { steps[index] = steps[index - 1] }
        return steps
    }

    mutating func measure(after step: Int?) { add(.measure(after: step), .getData(.extendedCardResources)) }
}
