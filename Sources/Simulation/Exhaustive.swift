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
        case remove
        case rotateKeys = "rotate-keys"
    }

    /// Where it is torn.
    package enum Cut: String, Hashable, Sendable, CaseIterable {
        case beforeCommand = "before a command"
        case afterCommand = "after a command"
        case cardWrite = "at a write of the card"
        case nodeBefore = "node dies before a report"
        case nodeAfter = "node dies after a report"
        case storeWrite = "at a write of the store"
    }

    package struct Count: Hashable, Sendable {
        package let profile: String
        package let operation: Case
        package let cut: String
        package let points: Int
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

    package init(_ ground: Ground, flaws: Flaws = []) {
        self.ground = ground
        self.flaws = flaws
    }

    /// Every single cut, one after the other.
    package func singles(_ operation: Case, profile: String, _ cut: Cut) throws -> Count {
        var points = 0
        sweep: for point in 0..<Self.pointsMax {
            switch cut {
            case .storeWrite:
                // Each report has few writes; those that never happen cover nothing.
                guard point < 8 else { break sweep }
                for write in 1...24 {
                    guard try tear([fault(cut, point, write)], operation, profile) else { break }
                    points += 1
                }
            case .beforeCommand, .afterCommand, .cardWrite, .nodeBefore, .nodeAfter:
                guard try tear([fault(cut, point, 1)], operation, profile) else { break sweep }
                points += 1
            }
        }
        return Count(profile: profile, operation: operation, cut: cut.rawValue, points: points)
    }

    /// Two visits torn one after the other; every `stride`-th point of each.
    package func pairs(_ operation: Case, profile: String, stride: Int) throws -> Count {
        var points = 0
        for first in Swift.stride(from: 0, to: Self.pointsMax, by: stride) {
            var hasFirst = false
            for second in Swift.stride(from: 0, to: Self.pointsMax, by: stride) {
                let faults: [Fault] = [
                    .tear(command: first, isCarriedOut: first.isMultiple(of: 2)),
                    .tear(command: second, isCarriedOut: !second.isMultiple(of: 2)),
                ]
                guard try tear(faults, operation, profile) else { break }
                hasFirst = true
                points += 1
            }
            guard hasFirst else { break }
        }
        return Count(profile: profile, operation: operation, cut: "pairs of tears", points: points)
    }

    private func fault(_ cut: Cut, _ point: Int, _ write: Int) -> Fault {
        switch cut {
        case .beforeCommand: .tear(command: point, isCarriedOut: false)
        case .afterCommand: .tear(command: point, isCarriedOut: true)
        case .cardWrite: .tearWrite(point + 1)
        case .nodeBefore: .die(order: point + 1, isKept: false)
        case .nodeAfter: .die(order: point + 1, isKept: true)
        case .storeWrite: .diskDies(order: point + 1, number: write)
        }
    }

    /// One world: the operation, each fault in a visit of its own, and then peace. Tells whether every fault happened.
    private func tear(_ faults: [Fault], _ operation: Case, _ profile: String) throws -> Bool {
        let world = try World(ground, seed: 1, profiles: [profile], mood: .interruptions, flaws: flaws)
        let card = world.cards[0]
        do {
            try world.prepare(operation, card)
            var hasAll = true
            for fault in faults {
                var chance = Chance(seed: 7)
                world.faultCount = 0
                try world.visit(card, faults: [fault], &chance)
                try world.check()
                if world.faultCount == 0 { hasAll = false }
            }
            try world.calmDown()
            return hasAll
        } catch let violation as Violation {
            throw Loss(
                profile: profile, operation: operation, faults: faults,
                words: "\(violation.invariant.rawValue): \(violation.words)")
        } catch {
            throw Loss(profile: profile, operation: operation, faults: faults, words: "\(error)")
        }
    }
}

extension World {
    /// Brings the card to where the operation begins, and asks for it.
    func prepare(_ operation: Exhaustive.Case, _ card: SimulatedCard) throws {
        let shelf = ground.shelf
        let purse = Shelf.releaseID(.purse)
        if operation != .add {
            try carryOut(shelf.adding(.purse), .add(application: purse.application), card)
            _ = spend(card)
        }
        switch operation {
        case .add: try ask(shelf.adding(.pass), .add(application: Shelf.releaseID(.pass).application), card)
        case .park: try ask(shelf.parking(.purse), .park(application: purse.application), card)
        case .parkAndAdd:
            try ask(
                shelf.parking(.purse) + shelf.adding(.loyalty),
                .add(application: Shelf.releaseID(.loyalty).application), card)
        case .restore:
            try carryOut(shelf.parking(.purse), .park(application: purse.application), card)
            guard let stay = watch.books.stays.last else { return }
            try ask(
                shelf.restoring(.purse, .held(stay.key), imageBytes: stay.imageBytes), .restore(stay.key),
                card)
        case .update:
            try ask(
                shelf.parking(.purse)
                    + shelf.restoring(.purse, .parkedByThisPlan(instance: ExampleApplication.purse.module)),
                .update(to: purse), card)
        case .remove:
            for lineage in treasures.keys { treasures[lineage]?.mayVanish = true }
            try ask(shelf.removing(.purse), .remove(application: purse.application), card)
        case .rotateKeys:
            let master = SimulatedCentre.masterKey(isAES: card.isAES, isFresh: true)
            try ask(
                [.putKeys(masterKey: master, version: 0x21)], .rotateKeys(to: master, version: 0x21), card)
        }
    }

    private func carryOut(_ steps: [PlanStep], _ wish: Wish, _ card: SimulatedCard) throws {
        try ask(steps, wish, card)
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
