package import SmartCard

/// The steps that would reach wishes on a card, with their price. A plan changes nothing.
package struct Plan: Hashable, Sendable, Codable {
    /// What the card was when the plan was made; on any other card the plan is void.
    package struct Ground: Hashable, Sendable, Codable {
        package var card: CardID
        package var revision: Int64
        /// SHA-256 over the registry as read; `nil` where it was never read.
        package var registryDigest: HexBytes?
        package var madeAt: Instant

        package init(card: CardID, revision: Int64, registryDigest: HexBytes?, madeAt: Instant) {
            self.card = card
            self.revision = revision
            self.registryDigest = registryDigest
            self.madeAt = madeAt
        }
    }

    /// An application that leaves, and why this one.
    package struct Leaving: Hashable, Sendable, Codable {
        package enum Cause: Hashable, Sendable, Codable {
            /// It makes room for what was wished.
            case makesRoom
            case wished
            /// A new release takes its place.
            case replaced
        }
        /// `nil` for what the centre cannot name.
        package var application: ApplicationID?
        package var release: ReleaseID?
        package var instances: [AID]
        /// Load files that leave with it, because nobody else needs them.
        package var loadFiles: [AID]
        package var freed: Room
        package var cause: Cause
        /// In points (docs/reference/planning.md); zero where it was wished.
        package var cost: LeavingCost
        package var feePerDay: DailyFee?
        /// Sentences for people.
        package var reasons: [String]

        package init(
            application: ApplicationID?, release: ReleaseID?, instances: [AID], loadFiles: [AID], freed: Room,
            cause: Cause, cost: LeavingCost, feePerDay: DailyFee?, reasons: [String]
        ) {
            self.application = application
            self.release = release
            self.instances = instances
            self.loadFiles = loadFiles
            self.freed = freed
            self.cause = cause
            self.cost = cost
            self.feePerDay = feePerDay
            self.reasons = reasons
        }
    }

    package struct Planned: Hashable, Sendable, Codable {
        package var step: PlanStep
        package var effort: Effort
        package var freeBefore: Room
        package var freeAfter: Room

        package init(_ step: PlanStep, effort: Effort, freeBefore: Room, freeAfter: Room) {
            self.step = step
            self.effort = effort
            self.freeBefore = freeBefore
            self.freeAfter = freeAfter
        }
    }

    /// What is sent and how long it takes.
    package struct Effort: Hashable, Sendable, Codable {
        package var commandCount: Int
        package var bytesSent: Int
        package var milliseconds: Int

        package init(commandCount: Int = 0, bytesSent: Int = 0, milliseconds: Int = 0) {
            self.commandCount = commandCount
            self.bytesSent = bytesSent
            self.milliseconds = milliseconds
        }

        package static func + (one: Effort, other: Effort) -> Effort {
            Effort(
                commandCount: one.commandCount + other.commandCount,
                bytesSent: one.bytesSent + other.bytesSent,
                milliseconds: one.milliseconds + other.milliseconds)
        }
    }

    /// How sure it is that no cheaper choice exists.
    package enum Optimality: Hashable, Sendable, Codable {
        case proven
        /// The search was cut short: a better choice saves at most so many points.
        case within(points: Int)
    }

    package var ground: Ground
    package var wishes: [Wish]
    /// What must be free for the wishes, and is not.
    package var shortage: Room
    package var leaving: [Leaving]
    package var steps: [Planned]
    package var freeBefore: Room
    package var freeAfter: Room
    /// All steps, with opening the session and verifying at the end.
    package var effort: Effort
    package var roundTrips: Int
    /// What all that is parked by this plan costs, one entry per currency.
    package var custodyPerDay: [DailyFee]
    package var objections: [Objection]
    package var optimality: Optimality

    package init(
        ground: Ground, wishes: [Wish], shortage: Room, leaving: [Leaving], steps: [Planned],
        freeBefore: Room, freeAfter: Room, effort: Effort, roundTrips: Int, custodyPerDay: [DailyFee],
        objections: [Objection], optimality: Optimality
    ) {
        self.ground = ground
        self.wishes = wishes
        self.shortage = shortage
        self.leaving = leaving
        self.steps = steps
        self.freeBefore = freeBefore
        self.freeAfter = freeAfter
        self.effort = effort
        self.roundTrips = roundTrips
        self.custodyPerDay = custodyPerDay
        self.objections = objections
        self.optimality = optimality
    }

    /// Nothing stands in the way of carrying it out.
    package var isFeasible: Bool { !objections.contains(where: \.isObstacle) }

    /// Whether the card is still as it was planned for.
    package func isStillValid(for card: Card) -> Bool {
        guard card.id == ground.card, card.revision == ground.revision else { return false }
        return card.inventory.map { HexBytes($0.digest) } == ground.registryDigest
    }
}

/// What it costs that something leaves to make room: first how many that the holder wants to keep, then points.
package struct LeavingCost: Hashable, Sendable, Codable, Comparable {
    package var preferredCount: Int
    package var points: Int

    package init(preferredCount: Int = 0, points: Int = 0) {
        self.preferredCount = preferredCount
        self.points = points
    }

    package static let none = LeavingCost()

    package static func < (one: LeavingCost, other: LeavingCost) -> Bool {
        (one.preferredCount, one.points) < (other.preferredCount, other.points)
    }

    package static func + (one: LeavingCost, other: LeavingCost) -> LeavingCost {
        LeavingCost(
            preferredCount: one.preferredCount + other.preferredCount, points: one.points + other.points)
    }
}
