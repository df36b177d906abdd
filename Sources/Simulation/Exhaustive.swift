package import Centre
internal import SmartCard
internal import VirtualCard

/// Every operation, torn at every point where it can be torn.
package struct Exhaustive: Sendable {
    /// What is carried out, and what the card holds before.
    package enum Case: String, Hashable, Sendable, CaseIterable {
        case add
        case park
        case parkAndAdd = "park-and-add"
        case restore
        case update
        case updateInPlace = "update-in-place"
        case updateWithoutData = "update-without-data"
        case restoreByScript = "restore-by-script"
        case remove
        case rotateKeys = "rotate-keys"
        case snapshot
        case reserve
        case release
        case renew

        /// Cards on which it is carried out.
        package var profiles: [String] {
            switch self {
            case .updateInPlace: [WorldProfiles.upgrading]
            case .add, .park, .parkAndAdd, .restore, .update, .updateWithoutData, .restoreByScript, .remove,
                .rotateKeys, .snapshot, .reserve, .release, .renew:
                Exhaustive.profiles
            }
        }

        fileprivate var assortment: Assortment {
            switch self {
            case .updateInPlace, .updateWithoutData, .restoreByScript: .varied
            case .add, .park, .parkAndAdd, .restore, .update, .remove, .rotateKeys, .snapshot, .reserve,
                .release, .renew:
                .plain
            }
        }
    }

    /// Where it is torn.
    package enum Cut: String, Hashable, Sendable, CaseIterable {
        case beforeCommand = "before a command"
        case afterCommand = "after a command"
        case cardWrite = "at a write of the card"
        case nodeBefore = "node dies before a message"
        case nodeAfter = "node dies after a message"
        case storeWrite = "at a write of the store"
    }

    package struct Loss: Error, Sendable {
        package let profile: String
        package let operation: Case
        package let faults: [Fault]
        package let words: String
    }

    private let ground: Ground
    private let flaws: Flaws
    package static let profiles = ["javacard-80k", "javacard-80k-predictable", "javacard-80k-scp02"]
    /// Beyond what any operation needs; a sweep ends where its point no longer happens.
    private static let pointsMax = 2_000
    /// Reports of one operation, and writes of one report, at most.
    private static let ordersMax = 10
    private static let writesMax = 24

    package init(_ ground: Ground, flaws: Flaws = []) {
        self.ground = ground
        self.flaws = flaws
    }

    /// Every single cut of one kind, one after the other.
    /// - Parameter sample: 1 for all, or of so many points only the first.
    /// - Returns: those that happened.
    package func singles(
        _ operation: Case, profile: String, _ cut: Cut, sample: Int = 1
    ) throws -> [Fault] {
        let beginning = Beginning(operation, profile, try start(operation, profile))
        var points: [Fault] = []
        sweep: for point in stride(from: 0, to: Self.pointsMax, by: sample) {
            switch cut {
            case .storeWrite:
                // Each transaction has few writes; those that never happen cover nothing.
                guard point < Self.ordersMax else { break sweep }
                for write in 1...Self.writesMax {
                    let fault = Fault.diskDies(order: point, number: write)
                    guard try tear([fault], beginning) else { break }
                    points.append(fault)
                }
            case .beforeCommand, .afterCommand, .cardWrite, .nodeBefore, .nodeAfter:
                let fault = fault(cut, point)
                guard try tear([fault], beginning) else { break sweep }
                points.append(fault)
            }
        }
        return points
    }

    /// Two visits cut one after the other, anywhere: of all pairs of the points every `stride`-th.
    /// - Returns: how many happened.
    package func pairs(_ operation: Case, profile: String, of points: [Fault], stride: Int) throws -> Int {
        let beginning = Beginning(operation, profile, try start(operation, profile))
        var count = 0
        for (row, first) in points.enumerated() {
            let chosen = points.indices.filter { (row * points.count + $0 + 1).isMultiple(of: stride) }
            guard !chosen.isEmpty, let torn = try resting(after: first, beginning) else { continue }
            for column in chosen where try tear([points[column]], torn) { count += 1 }
        }
        return count
    }

    private func fault(_ cut: Cut, _ point: Int) -> Fault {
        switch cut {
        case .beforeCommand: .tear(.command(point), isCarriedOut: false)
        case .afterCommand: .tear(.command(point), isCarriedOut: true)
        case .cardWrite: .tearWrite(point + 1)
        case .nodeBefore, .storeWrite: .die(order: point, isKept: false)
        case .nodeAfter: .die(order: point, isKept: true)
        }
    }

    /// One world: the operation, each fault in a visit of its own, and then peace. Tells whether every fault happened.
    package func tear(_ faults: [Fault], _ operation: Case, _ profile: String) throws -> Bool {
        try tear(faults, Beginning(operation, profile, try start(operation, profile)))
    }

    /// A world where the operation has been asked for, and nothing has happened since.
    private func start(_ operation: Case, _ profile: String) throws -> World {
        let world = try World(ground, seed: 1, Shape(plain: [profile], operation.assortment), flaws: flaws)
        try world.prepare(operation, world.cards[0])
        return world
    }

    private func tear(_ faults: [Fault], _ beginning: Beginning) throws -> Bool {
        try beginning.naming(faults) {
            guard let world = try cut(faults, beginning) else { return false }
            try world.calmDown()
            return true
        }
    }

    /// Where a second cut begins: the first was made, once for all that follow it. Nodes forget what they remembered.
    private func resting(after first: Fault, _ beginning: Beginning) throws -> Beginning? {
        try beginning.naming([first]) {
            try cut([first], beginning).map { world in
                var torn = beginning
                torn.world = world
                torn.faults = [first]
                return torn
            }
        }
    }

    private func cut(_ faults: [Fault], _ beginning: Beginning) throws -> World? {
        guard let disk = beginning.world.centre.disk else { return nil }
        let world = try World(branchingOff: beginning.world, at: disk)
        for fault in faults {
            var chance = Chance(seed: 7)
            world.faultCount = 0
            try world.visit(world.cards[world.cards.count - 1], faults: [fault], &chance)
            try world.check()
            // What does not happen covers nothing.
            guard world.faultCount > 0 else { return nil }
        }
        return world
    }
}

/// Where cuts of one operation begin.
private struct Beginning {
    let operation: Exhaustive.Case
    let profile: String
    var world: World
    /// What happened in it already.
    var faults: [Fault] = []

    init(_ operation: Exhaustive.Case, _ profile: String, _ world: World) {
        self.operation = operation
        self.profile = profile
        self.world = world
    }

    /// What breaks in a world is told with the cuts that led to it.
    func naming<Result>(_ more: [Fault], _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch {
            let violation = error as? Violation
            throw Exhaustive.Loss(
                profile: profile, operation: operation, faults: faults + more,
                words: violation.map { "\($0.invariant.rawValue): \($0.words)" } ?? "\(error)")
        }
    }
}

extension World {
    /// Brings the card to where the operation begins, and asks for it.
    func prepare(_ operation: Exhaustive.Case, _ card: SimulatedCard) throws {
        switch operation {
        case .add:
            try ask(shelf.adding(.pass), .add(application: name(.pass)), card)
        case .updateInPlace:
            try carryOut(shelf.adding(.purse, .upgradable), .add(application: name(.purse)), card)
            _ = spend(card)
            try ask(.update(to: Shelf.releaseID(.purse, .upgraded)), card)
        case .updateWithoutData:
            try carryOut(shelf.adding(.loans), .add(application: name(.loans)), card)
            try ask(.update(to: Shelf.releaseID(.loans, .second)), card)
        case .restoreByScript:
            try carryOut(shelf.adding(.loyalty), .add(application: name(.loyalty)), card)
            try carryOut(shelf.parking(.loyalty), .park(application: name(.loyalty)), card)
            guard let stay = watch.books.stays.last else { return }
            try ask(shelf.restoring(.loyalty, .held(stay.key)), .restore(stay.key), card)
        case .park, .parkAndAdd, .restore, .update, .remove, .rotateKeys, .snapshot, .reserve, .release,
            .renew:
            try carryOut(shelf.adding(.purse), .add(application: name(.purse)), card)
            _ = spend(card)
            try prepareWithPurse(operation, card)
        }
    }

    private func prepareWithPurse(_ operation: Exhaustive.Case, _ card: SimulatedCard) throws {
        let park = Wish.park(application: name(.purse))
        switch operation {
        case .park: try ask(shelf.parking(.purse), park, card)
        case .parkAndAdd:
            try ask(shelf.parking(.purse) + shelf.adding(.loyalty), .add(application: name(.loyalty)), card)
        case .restore:
            try carryOut(shelf.parking(.purse), park, card)
            guard let stay = watch.books.stays.last else { return }
            try ask(
                shelf.restoring(.purse, .held(stay.key), imageBytes: stay.imageBytes), .restore(stay.key),
                card)
        case .update:
            try ask(
                shelf.parking(.purse)
                    + shelf.restoring(.purse, .parkedByThisPlan(instance: ExampleApplication.purse.module)),
                .update(to: Shelf.releaseID(.purse)), card)
        case .remove:
            for lineage in treasures.keys { treasures[lineage]?.mayVanish = true }
            try ask(shelf.removing(.purse), .remove(application: name(.purse)), card)
        case .rotateKeys:
            let master = SimulatedCentre.masterKey(isAES: card.isAES, isFresh: true)
            try ask(
                [.putKeys(masterKey: master, version: 0x21)], .rotateKeys(to: master, version: 0x21), card)
        case .snapshot: try ask(shelf.copying(.purse), .snapshot(application: name(.purse)), card)
        case .reserve: try ask(.reserve(try reservation()), card)
        case .release:
            try ask(.reserve(try reservation()), card)
            try visitOnce(card)
            try ask(.release(provider: try reservation().provider), card)
        case .renew:
            try carryOut(shelf.parking(.purse), park, card)
            let next = try issue(card.chip.profile.name, inPlaceOf: card)
            try visitOnce(next)
            try ask(.renew, next)
        case .add, .updateInPlace, .updateWithoutData, .restoreByScript:
            preconditionFailure("these do not begin with a purse")
        }
    }

    private func reservation() throws -> Reservation {
        Reservation(
            provider: try ProviderID(SimulatedCentre.providers[1]),
            room: Room(nonVolatile: 4_000, volatile: 64),
            domain: try Self.keeper(of: SimulatedCentre.providers[1]))
    }

    /// What the planner makes of it.
    private func ask(_ wish: Wish, _ card: SimulatedCard) throws {
        try request(try centre.plan([wish], on: card.id), isExcused: false)
    }

    private func carryOut(_ steps: [PlanStep], _ wish: Wish, _ card: SimulatedCard) throws {
        try ask(steps, wish, card)
        try visitOnce(card)
    }

    private func visitOnce(_ card: SimulatedCard) throws {
        var chance = Chance(seed: 7)
        try visit(card, faults: [], &chance)
        try check()
    }

    private func ask(_ steps: [PlanStep], _ wish: Wish, _ card: SimulatedCard) throws {
        watch.books = try centre.books()
        guard let row = watch.books.cards[card.id] else { return }
        try request(Plan(carryingOut: steps, [wish], on: row), isExcused: false)
    }

    /// The holder pays something into the purse: data that must not be lost.
    private func spend(_ card: SimulatedCard) -> StatusWord? {
        let status = card.use(.purse, [0x80, 0x32, 0, 0, 4, 0, 0, 0x27, 0x10])
        if let sight = card.chip.parking(of: ExampleApplication.purse.module) {
            treasures[sight.lineage] = Treasure(lineage: sight.lineage, example: .purse, data: sight.data)
        }
        return status
    }
}
