internal import GlobalPlatform
internal import SmartCard

/// Where in a visit something goes wrong.
package enum Point: Hashable, Sendable, CustomStringConvertible {
    /// At this command of the visit.
    case command(Int)
    /// At the command with this instruction, the first, the second, …; secure channels do not hide it.
    case instruction(UInt8, Int)

    package var description: String {
        switch self {
        case .command(let number): "command \(number)"
        case .instruction(let instruction, let number): "\(Self.name(instruction)) \(number)"
        }
    }

    /// What a centre sends, and how often in one visit at most, as far as it matters where.
    static let aims: [(instruction: UInt8, count: Int)] = [
        (Instruction.initializeUpdate, 2), (Instruction.externalAuthenticate, 1),
        (Instruction.getStatus, 6), (Instruction.storeData, 12), (Instruction.storeData, 4),
        (Instruction.delete, 4), (Instruction.install, 6), (Instruction.load, 30), (Instruction.putKey, 1),
    ]

    fileprivate var isRegistry: Bool {
        if case .instruction(Instruction.getStatus, _) = self { true } else { false }
    }

    private static func name(_ instruction: UInt8) -> String {
        switch instruction {
        case Instruction.initializeUpdate: "INITIALIZE UPDATE"
        case Instruction.externalAuthenticate: "EXTERNAL AUTHENTICATE"
        case Instruction.getStatus: "GET STATUS"
        case Instruction.storeData: "STORE DATA"
        case Instruction.delete: "DELETE"
        case Instruction.install: "INSTALL"
        case Instruction.load: "LOAD"
        case Instruction.putKey: "PUT KEY"
        default: "instruction \([instruction].hex)"
        }
    }
}

/// What goes wrong in one visit.
package enum Fault: Hashable, Sendable, CustomStringConvertible {
    /// The card is taken out before or after it did the work.
    case tear(Point, isCarriedOut: Bool)
    /// The power goes at this persistent write of the card.
    case tearWrite(Int)
    /// The command never reaches the card; a status comes instead of an answer, for this one or for all from here on.
    case refuse(Point, status: UInt16, goesOn: Bool)
    case garble(Point)
    /// Somebody on the way answers that all is well, and the card never sees the command.
    case forge(Point, goesOn: Bool)
    /// From here on the card sees nothing, and gets answered what a card answered to such commands before.
    case replayAnswers(Point)
    /// The card does it, and somebody puts this status in the place of its answer.
    case deny(Point, status: UInt16)
    /// The card does it, and somebody puts an old answer to such a command in the place of its own.
    case passOff(Point)
    /// The answers to this order are those of another visit.
    case foreignReport(order: Int)
    case loseReport(order: Int)
    case doubleReport(order: Int)
    /// The report to the order before comes again in front of this one.
    case oldReport(order: Int)
    case holdReport(order: Int)
    /// The report reaches another node of the centre.
    case otherNode(order: Int)
    case die(order: Int, isKept: Bool)
    case diskFull(order: Int)
    case diskFails(order: Int, isSync: Bool, number: Int)
    case diskDies(order: Int, number: Int)
    /// Another one is put in its place: of all the others, so manieth.
    case swap(order: Int, number: Int)
    /// The chip reads its own memory wrong once, and says so with a good MAC.
    case flake
    /// The card is seen in another reader, which also begins a visit.
    case secondReader(order: Int)
    /// The order that has the card give its data up is lost on its way.
    case loseSurrender

    package var description: String {
        switch self {
        case .tear(let point, let done):
            "it is taken out at \(point), \(done ? "which it had carried out" : "which it never saw")"
        case .tearWrite(let number): "the power goes at its write \(number)"
        case .refuse(let point, let status, let goesOn):
            "\(point)\(goesOn ? " and all after it" : "") is answered \(StatusWord(status))"
        case .garble(let point): "the answer to \(point) arrives garbled"
        case .forge(let point, let goesOn):
            "somebody answers \(point)\(goesOn ? " and all after it" : "") with a success the card never gave"
        case .replayAnswers(let point): "from \(point) on somebody gives old answers"
        case .deny(let point, let status): "it does \(point), and somebody answers \(StatusWord(status))"
        case .passOff(let point): "it does \(point), and somebody gives an old answer to it"
        case .foreignReport(let order): "order \(order) is answered with the answers of another visit"
        case .loseReport(let order): "the report to order \(order) is lost"
        case .doubleReport(let order): "the report to order \(order) arrives twice"
        case .oldReport(let order): "an old report arrives before that to order \(order)"
        case .holdReport(let order): "the report to order \(order) is held back"
        case .otherNode(let order): "the report to order \(order) reaches another node"
        case .die(0, let kept): "the node dies \(kept ? "after" : "before") it began the visit"
        case .die(let order, let kept):
            "the node dies \(kept ? "after" : "before") it kept the report to order \(order)"
        case .diskFull(let order): "the disk is full at \(Self.report(order))"
        case .diskFails(let order, let isSync, let number):
            "\(isSync ? "fsync" : "write") \(number) fails at \(Self.report(order))"
        case .diskDies(let order, let number):
            "the machine loses power at write \(number) of \(Self.report(order))"
        case .swap(let order, _): "another card takes its place before order \(order)"
        case .flake: "its memory gives one byte wrong"
        case .secondReader(let order): "it is seen in another reader too, before order \(order)"
        case .loseSurrender: "the order to give its data up is lost on its way"
        }
    }

    private static func report(_ order: Int) -> String {
        order == 0 ? "the beginning of the visit" : "the report to order \(order)"
    }

    /// At which order it happens; `nil` for what happens at a command.
    var order: Int? {
        switch self {
        case .tear, .tearWrite, .refuse, .garble, .forge, .replayAnswers, .deny, .passOff, .flake,
            .loseSurrender:
            nil
        case .foreignReport(let order), .loseReport(let order), .doubleReport(let order),
            .oldReport(let order), .holdReport(let order), .otherNode(let order), .die(let order, _),
            .diskFull(let order), .diskFails(let order, _, _), .diskDies(let order, _), .swap(let order, _),
            .secondReader(let order):
            order
        }
    }

    /// No answer can have been changed, and no other card answered.
    var isInterruption: Bool {
        switch self {
        case .tear, .tearWrite, .loseReport, .doubleReport, .oldReport, .holdReport, .otherNode, .die,
            .diskFull, .diskFails, .diskDies, .loseSurrender:
            true
        case .refuse, .garble, .forge, .replayAnswers, .deny, .passOff, .foreignReport, .swap, .secondReader,
            .flake:
            false
        }
    }
}

/// The kinds of faults: a world has some of them, over and over.
enum FaultKind: String, Hashable, Sendable, CaseIterable {
    case tear
    case tearWrite
    case loseReport
    case doubleReport
    case oldReport
    case holdReport
    case otherNode
    case die
    case diskDies
    case diskFails
    case refuse
    case garble
    case forge
    case replayAnswers
    case deny
    case passOff
    case foreignReport
    case swap
    case flake
    case secondReader

    static let interruptions: [FaultKind] = [
        .tear, .tearWrite, .loseReport, .doubleReport, .oldReport, .holdReport, .otherNode, .die, .diskDies,
        .diskFails,
    ]

    private static let statuses: [UInt16] = [0x6A84, 0x6581, 0x6985, 0x6A80, 0x6982, 0x6A88, 0x6A88, 0x6F00]

    func fault(_ chance: inout Chance, _ shape: Shape) -> Fault {
        let order = 1 + chance.below(chance.percent(60) ? 3 : 6)
        switch self {
        case .tear: return .tear(point(&chance, shape), isCarriedOut: chance.percent(50))
        case .tearWrite: return .tearWrite(1 + chance.below(chance.percent(50) ? 12 : 80))
        case .loseReport: return .loseReport(order: order)
        case .doubleReport: return .doubleReport(order: order)
        case .oldReport: return .oldReport(order: 1 + order)
        case .holdReport: return .holdReport(order: order)
        case .otherNode: return .otherNode(order: order)
        case .die: return .die(order: order - chance.below(2), isKept: chance.percent(50))
        case .diskDies: return .diskDies(order: order - chance.below(2), number: 1 + chance.below(12))
        case .diskFails:
            return chance.percent(50)
                ? .diskFull(order: order - chance.below(2))
                : .diskFails(
                    order: order - chance.below(2), isSync: chance.percent(50), number: 1 + chance.below(3))
        case .refuse:
            let point = point(&chance, shape)
            return .refuse(
                point, status: status(at: point, &chance),
                goesOn: !point.isRegistry && chance.percent(30))
        case .deny where chance.percent(50):
            // That no application is there, when the card is asked first.
            return .deny(.instruction(Instruction.getStatus, 2), status: 0x6A88)
        case .deny:
            let point = point(&chance, shape)
            return .deny(point, status: status(at: point, &chance))
        case .passOff: return .passOff(point(&chance, shape))
        case .garble: return .garble(point(&chance, shape))
        case .forge: return .forge(point(&chance, shape), goesOn: chance.percent(50))
        case .replayAnswers: return .replayAnswers(point(&chance, shape))
        case .foreignReport: return .foreignReport(order: order)
        case .swap:
            return .swap(order: chance.percent(60) ? 1 : order, number: chance.below(64))
        case .flake: return .flake
        case .secondReader: return .secondReader(order: order)
        }
    }

    /// That nothing is there is the lie about a registry that hurts most.
    private func status(at point: Point, _ chance: inout Chance) -> UInt16 {
        point.isRegistry && chance.percent(60) ? 0x6A88 : chance.pick(Self.statuses) ?? 0x6F00
    }

    private func point(_ chance: inout Chance, _ shape: Shape) -> Point {
        if chance.percent(shape.aimPercent), let aim = chance.pick(Point.aims) {
            return .instruction(aim.instruction, 1 + chance.below(aim.count))
        }
        return .command(chance.percent(30) ? chance.below(24) : chance.below(140))
    }
}
