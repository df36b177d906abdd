internal import SmartCard

/// One thing that happens in a simulated world. Everything it decides comes from its own number, so that leaving out
/// one event changes none of the others.
package struct Event: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case wish
        case repeatedWish
        case cancel
        case visit
        case use
        case time
        case service
        case clone
        case cloneVisit
        case lateReport
        case outsider
    }

    package var kind: Kind
    /// Which card, by its number.
    package var card: Int
    package var number: UInt64
}

/// How hard a world is on its centre.
package enum Mood: String, Hashable, Sendable, CaseIterable {
    /// Nothing but interruptions: every operation must reach its end.
    case interruptions
    /// Everything that there is.
    case malice

    private var weights: [(Event.Kind, Int)] {
        switch self {
        case .interruptions:
            [(.wish, 24), (.repeatedWish, 4), (.visit, 46), (.use, 16), (.time, 6), (.lateReport, 4)]
        case .malice:
            [
                (.wish, 22), (.repeatedWish, 4), (.cancel, 4), (.visit, 40), (.use, 12), (.time, 6),
                (.service, 4), (.clone, 1), (.cloneVisit, 2), (.lateReport, 3), (.outsider, 2),
            ]
        }
    }

    package func events(_ chance: inout Chance, cards: Int, steps: Int) -> [Event] {
        let weights = weights
        let total = weights.reduce(0) { $0 + $1.1 }
        return (0..<steps).map { _ in
            var draw = chance.below(total)
            let kind =
                weights.first { weight in
                    draw -= weight.1
                    return draw < 0
                }?.0 ?? .visit
            return Event(kind: kind, card: chance.below(cards), number: chance.next())
        }
    }
}

/// What goes wrong in one visit.
package enum Fault: Hashable, Sendable, CustomStringConvertible {
    /// At this command of the visit, the card is taken out before or after it did the work.
    case tear(command: Int, isCarriedOut: Bool)
    /// The power goes at this persistent write of the card.
    case tearWrite(Int)
    /// The command never reaches the card; a status comes instead of an answer.
    case refuse(command: Int, status: UInt16)
    case garble(command: Int)
    /// Somebody on the way answers that all is well, and the card never sees the command.
    case forge(command: Int)
    case loseReport(order: Int)
    case doubleReport(order: Int)
    /// The report to the order before comes again in front of this one.
    case oldReport(order: Int)
    case holdReport(order: Int)
    case die(order: Int, isKept: Bool)
    case diskFull(order: Int)
    case diskFails(order: Int, isSync: Bool, number: Int)
    case diskDies(order: Int, number: Int)
    case swap(order: Int, card: Int)
    /// The chip reads its own memory wrong once, and says so with a good MAC.
    case flake
    /// The card is seen in another reader, which also begins a visit.
    case secondReader(order: Int)

    package var description: String {
        switch self {
        case .tear(let command, let done):
            "it is taken out at command \(command), \(done ? "which it had carried out" : "which it never saw")"
        case .tearWrite(let number): "the power goes at its write \(number)"
        case .refuse(let command, let status): "command \(command) is answered \(StatusWord(status))"
        case .garble(let command): "the answer to command \(command) arrives garbled"
        case .forge(let command):
            "somebody answers command \(command) with a success that the card never gave"
        case .loseReport(let order): "the report to order \(order) is lost"
        case .doubleReport(let order): "the report to order \(order) arrives twice"
        case .oldReport(let order): "an old report arrives before that to order \(order)"
        case .holdReport(let order): "the report to order \(order) is held back"
        case .die(let order, let kept):
            "the node dies \(kept ? "after" : "before") it kept the report to order \(order)"
        case .diskFull(let order): "the disk is full at the report to order \(order)"
        case .diskFails(let order, let isSync, let number):
            "\(isSync ? "fsync" : "write") \(number) fails at the report to order \(order)"
        case .diskDies(let order, let number):
            "the machine loses power at write \(number) of the report to order \(order)"
        case .swap(let order, let card): "the card is swapped for card \(card) before order \(order)"
        case .flake: "its memory gives one byte wrong"
        case .secondReader(let order): "it is seen in another reader too, before order \(order)"
        }
    }

    /// No answer can have been changed, and no other card answered.
    var isInterruption: Bool {
        switch self {
        case .tear, .tearWrite, .loseReport, .doubleReport, .oldReport, .holdReport, .die, .diskFull,
            .diskFails,
            .diskDies:
            true
        case .refuse, .garble, .forge, .swap, .secondReader, .flake: false
        }
    }
}

extension Fault {
    static func draw(_ chance: inout Chance, _ mood: Mood, cards: Int) -> [Fault] {
        guard chance.percent(60) else { return [] }
        let count = chance.percent(20) ? 2 : 1
        return (0..<count).map { _ in one(&chance, mood, cards: cards) }
    }

    private static func one(_ chance: inout Chance, _ mood: Mood, cards: Int) -> Fault {
        let order = 1 + chance.below(6)
        let command = chance.percent(30) ? chance.below(24) : chance.below(140)
        switch chance.below(mood == .interruptions ? 11 : 18) {
        case 0...2: return .tear(command: command, isCarriedOut: chance.percent(50))
        case 3: return .tearWrite(1 + chance.below(80))
        case 4: return .loseReport(order: order)
        case 5: return .doubleReport(order: order)
        case 6: return .oldReport(order: 1 + order)
        case 7: return .die(order: order, isKept: chance.percent(50))
        case 8: return .diskDies(order: order, number: 1 + chance.below(12))
        case 9:
            return chance.percent(50)
                ? .diskFull(order: order)
                : .diskFails(order: order, isSync: chance.percent(50), number: 1 + chance.below(3))
        case 10: return .holdReport(order: order)
        case 11, 12:
            let statuses: [UInt16] = [0x6A84, 0x6581, 0x6985, 0x6A80, 0x6982, 0x6A88, 0x6F00]
            return .refuse(command: command, status: chance.pick(statuses) ?? 0x6F00)
        case 13: return .garble(command: command)
        case 14: return .forge(command: command)
        case 15: return .swap(order: order, card: chance.below(cards))
        case 16: return .flake
        default: return .secondReader(order: order)
        }
    }
}
