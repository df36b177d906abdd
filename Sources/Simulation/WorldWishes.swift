internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

// What people ask of the centre, by steps that somebody knows; WorldPlans has those that the planner finds.

/// Something that somebody is about to ask for.
struct Draft {
    let words: String
    let wishes: [Wish]
    var steps: [PlanStep] = []
    /// It may fail for a reason of its own.
    var isDoubtful = false
}

extension World {
    func wish(_ card: SimulatedCard, _ chance: inout Chance) throws {
        watch.books = try centre.books()
        guard let row = watch.books.cards[card.id], row.life == .active,
            watch.books.openOperation(on: card.id) == nil
        else { return }
        let kind = wishKind(&chance)
        let draft =
            shape.isPlanned ? try plannedDraft(kind, card, &chance) : draft(kind, card, &chance)
        guard let draft else { return }
        tell("card \(card.number): \(draft.words) is wished")
        guard let plan = try plan(draft, row, card) else { return }
        try request(
            plan, hours: hours(&chance),
            isExcused: try draft.isDoubtful || mood == .malice || hasOlderData(card) || isDoubtful(plan))
    }

    /// What is on the card under the name of something in custody cannot leave before that is given up.
    private func hasOlderData(_ card: SimulatedCard) -> Bool {
        watch.books.stays.contains {
            $0.isHeld && $0.card == card.id && card.instances.contains($0.aid)
        }
    }

    private func wishKind(_ chance: inout Chance) -> WishKind {
        let wishes = shape.wishes
        var draw = chance.below(wishes.reduce(0) { $0 + $1.weight })
        return wishes.first { entry in
            draw -= entry.weight
            return draw < 0
        }?.kind ?? .add
    }

    /// Somebody wants at another card at once what is on its way from this one.
    func askElsewhere(_ card: SimulatedCard, _ chance: inout Chance) throws {
        guard !shape.isPlanned, chance.percent(shape.strangePercent) else { return }
        watch.books = try centre.books()
        let moving = watch.books.stays.filter { $0.isOpen && !$0.isHeld && $0.card == card.id }
        guard let stay = chance.pick(moving),
            let other = chance.pick(cards.filter { canTake(stay, $0) && $0.id != card.id }),
            let row = watch.books.cards[other.id], let draft = restoring(stay, other),
            let plan = try plan(draft, row, other)
        else { return }
        tell("card \(other.number): \(draft.words) is wished at the same moment")
        try request(plan, hours: hours(&chance), isExcused: true)
        try visit(other, faults: [], &chance)
    }

    private func canTake(_ stay: Custody, _ card: SimulatedCard) -> Bool {
        watch.books.cards[card.id]?.life == .active && watch.books.openOperation(on: card.id) == nil
            && !card.instances.contains(stay.aid)
    }

    func hours(_ chance: inout Chance) -> Int {
        mood == .interruptions ? shape.deadlineHours : 2 + chance.below(shape.deadlineHours)
    }

    func request(_ plan: Plan, hours: Int = 1_000, isExcused: Bool) throws {
        let id = try RequestID("wish-\(requests.count)")
        let deadline = clock.now.advanced(by: .seconds(hours * 3_600))
        let operation = try centre.desk.request(id, plan, deadline: deadline, by: .centre)
        requests.append(
            Request(id: id, plan: plan, deadline: deadline, operation: operation, isExcused: isExcused))
        guard let card = cards.first(where: { $0.id == plan.ground.card }) else { return }
        for case .removeInstance(let removal) in operation.steps
        where removal.purpose == .forGood || !shelf.keepsData(of: removal.instance) {
            forgive(removal.instance, on: card)
        }
        for case .install(let install) in operation.steps where shape.addsBeside {
            let older = watch.books.stays.filter {
                $0.isHeld && $0.card == card.id && $0.aid == install.aid
            }
            watch.besides.formUnion(older.map(\.key))
        }
        for case .putKeys in operation.steps { watch.rotated.insert(card.id) }
    }

    /// Data that somebody wished gone need not be anywhere any more.
    private func forgive(_ aid: AID, on card: SimulatedCard) {
        guard let sight = card.chip.parking(of: aid) else { return }
        treasures[sight.lineage]?.mayVanish = true
    }

    // MARK: What there is to wish for

    func absent(on card: SimulatedCard) -> [ExampleApplication] {
        let busy = busyInstances(of: card)
        return ExampleApplication.withData.filter {
            !card.instances.contains($0.module) && !busy.contains($0.module)
        }
    }

    func present(on card: SimulatedCard) -> [ExampleApplication] {
        let busy = busyInstances(of: card)
        return ExampleApplication.withData.filter {
            card.chip.parking(of: $0.module)?.state == .active && !busy.contains($0.module)
        }
    }

    /// What can be removed for good: where people add beside custody, also what froze, or may have given its data up.
    func removable(on card: SimulatedCard) -> [ExampleApplication] {
        guard shape.addsBeside else { return present(on: card) }
        let leaving = watch.books.stays.filter { stay in
            switch stay.state {
            case .frozen, .provisional, .surrendering: stay.card == card.id
            case .held, .returning, .returned, .discarded: false
            }
        }.map(\.aid)
        return ExampleApplication.withData.filter {
            leaving.contains($0.module) && card.instances.contains($0.module)
        } + present(on: card)
    }

    private func busyInstances(of card: SimulatedCard) -> Set<AID> {
        let busy = watch.books.stays.filter {
            $0.isOpen && $0.card == card.id && !(shape.addsBeside && $0.isHeld)
        }
        return Set(busy.map(\.aid))
    }

    /// It left this card, or one that was its holder's before.
    func isAtHome(_ stay: Custody, on card: SimulatedCard) -> Bool {
        stay.card == card.id || card.id == holdersCard && isRetired(stay.card)
    }

    private func draft(_ kind: WishKind, _ card: SimulatedCard, _ chance: inout Chance) -> Draft? {
        let absent = absent(on: card)
        let present = present(on: card)
        let kept = watch.books.stays.filter { $0.isOpen && !card.instances.contains($0.aid) }
        // What is on its way somewhere is what people must not get.
        if chance.percent(shape.strangePercent), let stay = chance.pick(kept.filter { !$0.isHeld }) {
            return restoring(stay, card)
        }
        if chance.percent(shape.strangePercent), present.contains(where: \.mayRefuse), present.count > 1 {
            return parkingTwo(present, card, &chance)
        }
        switch kind {
        case .add: return chance.pick(absent).map { adding($0, card) }
        case .park: return chance.pick(present).map { parking($0, card) }
        case .parkTwo: return parkingTwo(present, card, &chance)
        case .swap:
            guard let leaving = chance.pick(present), let coming = chance.pick(absent) else { return nil }
            return Draft(
                words: "\(leaving.rawValue) out and \(coming.rawValue) in",
                wishes: [.park(application: name(leaving)), .add(application: name(coming))],
                steps: shelf.parking(leaving, edition(of: leaving, on: card)) + shelf.adding(coming),
                isDoubtful: leaving.mayRefuse)
        case .restore:
            guard let stay = chance.pick(kept) else { return nil }
            // People ask at the wrong card, and while the data are still on their way.
            let isStrange = !isAtHome(stay, on: card) || !stay.isHeld
            guard !isStrange || mood == .malice && chance.percent(50) else { return nil }
            return restoring(stay, card)
        case .remove:
            return chance.pick(removable(on: card)).map { example in
                Draft(
                    words: "\(example.rawValue) gone for good", wishes: [.remove(application: name(example))],
                    steps: shelf.removing(example))
            }
        case .rotateKeys: return rotating(card)
        case .update: return chance.pick(present).map { updating($0, card) }
        case .snapshot: return chance.pick(present.filter(shelf.isCopyable)).map { copying($0, card) }
        case .reserve, .release: return nil
        }
    }

    private func copying(_ example: ExampleApplication, _ card: SimulatedCard) -> Draft {
        Draft(
            words: "a copy of \(example.rawValue)", wishes: [.snapshot(application: name(example))],
            steps: shelf.copying(example, edition(of: example, on: card)), isDoubtful: example.mayRefuse)
    }

    func name(_ example: ExampleApplication) -> ApplicationID { Shelf.releaseID(example).application }

    private func adding(_ example: ExampleApplication, _ card: SimulatedCard) -> Draft {
        Draft(
            words: example.rawValue, wishes: [.add(application: name(example))],
            steps: shelf.adding(example, firstEdition(on: card)))
    }

    /// What of it is on the card, as far as anybody knows.
    private func edition(of example: ExampleApplication, on card: SimulatedCard) -> Edition {
        watch.books.releases[card.id]?[example.module].map(Shelf.edition) ?? .first
    }

    func parking(_ example: ExampleApplication, _ card: SimulatedCard) -> Draft {
        Draft(
            words: "custody for \(example.rawValue)", wishes: [.park(application: name(example))],
            steps: shelf.parking(example, edition(of: example, on: card)), isDoubtful: example.mayRefuse)
    }

    /// All are read before the first is deleted: one that refuses keeps the others waiting.
    private func parkingTwo(
        _ present: [ExampleApplication], _ card: SimulatedCard, _ chance: inout Chance
    ) -> Draft? {
        let stubborn = present.filter { $0.mayRefuse && chance.percent(70) }.first
        guard let one = stubborn ?? chance.pick(present),
            let other = chance.pick(present.filter { $0 != one })
        else { return nil }
        let steps = [one, other].map { shelf.parking($0, edition(of: $0, on: card)) }
        return Draft(
            words: "custody for \(one.rawValue) and \(other.rawValue)",
            wishes: [.park(application: name(one)), .park(application: name(other))],
            steps: steps.map { $0[0] } + steps.flatMap { $0.dropFirst() },
            isDoubtful: one.mayRefuse || other.mayRefuse)
    }

    /// Other code where there is some, else a new copy, and the data kept.
    private func updating(_ example: ExampleApplication, _ card: SimulatedCard) -> Draft {
        let old = edition(of: example, on: card)
        guard !old.needsUpgrades || !card.chip.profile.upgradesLoadFiles else {
            let new: Edition = old == .upgraded ? .upgradable : .upgraded
            return Draft(
                words: "\(example.rawValue) as \(new.rawValue) in place",
                wishes: [.update(to: Shelf.releaseID(example, new))],
                steps: [shelf.upgrading(example, from: old, to: new)])
        }
        let new: Edition = old == .first && shelf.editions(of: example).contains(.second) ? .second : .first
        return Draft(
            words: "\(example.rawValue) anew with its data kept",
            wishes: [.update(to: Shelf.releaseID(example, new))],
            steps: shelf.parking(example, old)
                + shelf.restoring(example, .parkedByThisPlan(instance: example.module), new),
            isDoubtful: example.mayRefuse)
    }

    private func restoring(_ stay: Custody, _ card: SimulatedCard) -> Draft? {
        guard let example = ExampleApplication(rawValue: stay.release.application.text) else { return nil }
        let edition = Shelf.edition(of: stay.release)
        let isLoadable = !edition.needsUpgrades || card.chip.profile.upgradesLoadFiles
        return Draft(
            words: "\(example.rawValue) back from custody", wishes: [.restore(stay.key)],
            steps: shelf.restoring(example, .held(stay.key), imageBytes: stay.imageBytes, edition),
            isDoubtful: !isAtHome(stay, on: card) || !stay.isHeld || !isLoadable)
    }

    func rotating(_ card: SimulatedCard) -> Draft? {
        guard let keySet = watch.books.cards[card.id]?.keySet else { return nil }
        let isFresh = keySet.masterKey == SimulatedCentre.masterKey(isAES: card.isAES, isFresh: true)
        let master = SimulatedCentre.masterKey(isAES: card.isAES, isFresh: !isFresh)
        let version: UInt8 = keySet.version == 0x21 ? 0x22 : 0x21
        return Draft(
            words: "new keys", wishes: [.rotateKeys(to: master, version: version)],
            steps: [.putKeys(masterKey: master, version: version)])
    }

    // MARK: Asking again

    /// A client that heard nothing asks again, with the same id.
    func repeatWish(_ chance: inout Chance) throws {
        guard let request = chance.pick(requests) else { return }
        tell("\(request.id) is asked for again")
        let again: Operation
        do {
            again = try centre.desks[chance.below(shape.nodeCount)].request(
                request.id, request.plan, deadline: request.deadline, by: .centre)
        } catch {
            throw Violation(
                invariant: .oneEffect, words: "\(request.id) asked for again was not the same: \(error)")
        }
        guard again.requestedAt == request.operation.requestedAt, again.id == request.id else {
            throw Violation(invariant: .oneEffect, words: "\(request.id) asked for again began again")
        }
    }

    func cancel(_ chance: inout Chance) throws {
        let open = watch.books.operations.filter(\.isOpen)
        guard let operation = chance.pick(open) else { return }
        tell("\(operation.id) is cancelled")
        // Too late is an answer too.
        do { _ = try centre.desk.cancel(operation.id, on: operation.card) } catch is OperationRefusal {}
    }
}

extension Custody {
    var isHeld: Bool { if case .held = state { true } else { false } }
}

extension ExampleApplication {
    /// It does not leave between check-in and check-out.
    var mayRefuse: Bool { self == .pass }
}
