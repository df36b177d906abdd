package import CardManagement
package import SmartCard

/// What one command of an order is for: how its answer is read when it comes back.
package enum Ask: Hashable, Sendable {
    /// SELECT of the domain: nothing is read from it but that it worked.
    case select
    /// A datum in clear, only to notice early that another card is in the reader.
    case identity(BERTag)
    case initializeUpdate
    /// What `ReadContents` asked for; all of them together are one reading.
    case registry
    /// Free memory after a step, or before the first (`nil`).
    case measure(after: Int?)
    case personalize(AID)
    case parking(AID, ParkingOrder)
    /// A command of a step whose success alone is no evidence, and whose refusal is the step's.
    case step(Int)
    /// DELETE of half a copy, which belongs to no step.
    case clear(AID)
    /// What makes a list of applications that proves something, and what removes it again.
    case witness(ReceiptSubject)
    /// Which number the next receipt will have.
    case confirmationCounter
    /// Which keys the card says it has.
    case keyList
    /// MANAGE ELF UPGRADE, for a step or only to know.
    case upgrade(step: Int?)
    /// PUT KEY, whose answer has the check values.
    case keys(Int)
}

/// What goes to a terminal: commands to be sent one after the other, and nothing to think about.
package struct Order: Hashable, Sendable {
    /// Random, the same for the whole visit.
    package var visit: [UInt8]
    /// Counts the orders of the visit; the report names it.
    package var number: Int
    package var commands: [CommandAPDU]
    /// What the commands are for, in their order; for people who wait, and for nothing else.
    package var stretches: [Stretch]

    /// Commands that follow each other and carry out the same step.
    package struct Stretch: Hashable, Sendable {
        /// `nil` for what belongs to none: the opening, questions about what is true.
        package var step: Int?
        package var bytes: Int

        package init(step: Int?, bytes: Int) {
            self.step = step
            self.bytes = bytes
        }
    }

    package init(visit: [UInt8], number: Int, commands: [CommandAPDU], stretches: [Stretch] = []) {
        self.visit = visit
        self.number = number
        self.commands = commands
        self.stretches = stretches
    }
}

/// What comes back: answers in the order of the commands, fewer where it ended early.
package struct Report: Hashable, Sendable {
    package var visit: [UInt8]
    package var number: Int
    package var answers: [ResponseAPDU]

    package init(visit: [UInt8], number: Int, answers: [ResponseAPDU]) {
        self.visit = visit
        self.number = number
        self.answers = answers
    }
}
