internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

// What people ask of the centre.

extension World {
    private struct Draft {
        let words: String
        let wishes: [Wish]
        let steps: [PlanStep]
        /// It may fail for a reason of its own.
        var isDoubtful = false
    }

    func wish(_ card: SimulatedCard, _ chance: inout Chance) throws {
        watch.books = try centre.books()
        guard let row = watch.books.cards[card.id], row.life == .active,
            watch.books.openOperation(on: card.id) == nil, let draft = draft(card, &chance)
        else { return }
        tell("card \(card.number): \(draft.words) is wished")
        let hours = mood == .interruptions ? 1_000 : 2 + chance.below(100)
        try request(
            Plan(carryingOut: draft.steps, draft.wishes, on: row), hours: hours,
            isExcused: draft.isDoubtful || mood == .malice)
        for case .removeInstance(let removal) in draft.steps where removal.purpose == .forGood {
            forgive(removal.instance, on: card)
        }
    }

    func request(_ plan: Plan, hours: Int = 1_000, isExcused: Bool) throws {
        let id = try RequestID("wish-\(requests.count)")
        let deadline = clock.now.advanced(by: .seconds(hours * 3_600))
        let operation = try centre.desk.request(id, plan, deadline: deadline, by: .centre)
        requests.append(
            Request(id: id, plan: plan, deadline: deadline, operation: operation, isExcused: isExcused))
    }

    /// Data that somebody wished gone need not be anywhere any more.
    private func forgive(_ aid: AID, on card: SimulatedCard) {
        guard let sight = card.chip.parking(of: aid) else { return }
        treasures[sight.lineage]?.mayVanish = true
    }

    private func draft(_ card: SimulatedCard, _ chance: inout Chance) -> Draft? {
        let busy = Set(watch.books.stays.filter { $0.isOpen && $0.card == card.id }.map(\.aid))
        let all = ExampleApplication.withData
        let absent = all.filter { !card.instances.contains($0.module) && !busy.contains($0.module) }
        let present = all.filter {
            card.chip.parking(of: $0.module)?.state == .active && !busy.contains($0.module)
        }
        let kept = watch.books.stays.filter { $0.isOpen && !card.instances.contains($0.aid) }
        switch chance.below(20) {
        case 0...5: return chance.pick(absent).map(adding)
        case 6...9: return chance.pick(present).map { parking($0, card) }
        case 10...11:
            guard let leaving = chance.pick(present), let coming = chance.pick(absent) else { return nil }
            return Draft(
                words: "\(leaving.rawValue) out and \(coming.rawValue) in",
                wishes: [.park(application: name(leaving)), .add(application: name(coming))],
                steps: ground.shelf.parking(leaving) + ground.shelf.adding(coming),
                isDoubtful: isDoubtful(leaving, card))
        case 12...16: return chance.pick(kept).flatMap { restoring($0, card, &chance) }
        case 17:
            guard mood == .malice, let example = chance.pick(present) else { return nil }
            return Draft(
                words: "\(example.rawValue) gone for good", wishes: [.remove(application: name(example))],
                steps: ground.shelf.removing(example))
        case 18: return rotating(card)
        default: return chance.pick(present).map { updating($0, card) }
        }
    }

    private func name(_ example: ExampleApplication) -> ApplicationID {
        Shelf.releaseID(example).application
    }

    /// An application may refuse to leave.
    private func isDoubtful(_ example: ExampleApplication, _ card: SimulatedCard) -> Bool {
        example == .loans
    }

    private func adding(_ example: ExampleApplication) -> Draft {
        Draft(
            words: example.rawValue, wishes: [.add(application: name(example))],
            steps: ground.shelf.adding(example))
    }

    private func parking(_ example: ExampleApplication, _ card: SimulatedCard) -> Draft {
        Draft(
            words: "custody for \(example.rawValue)", wishes: [.park(application: name(example))],
            steps: ground.shelf.parking(example), isDoubtful: isDoubtful(example, card))
    }

    /// A new copy of the code, and the data kept.
    private func updating(_ example: ExampleApplication, _ card: SimulatedCard) -> Draft {
        Draft(
            words: "\(example.rawValue) anew with its data kept",
            wishes: [.update(to: Shelf.releaseID(example))],
            steps: ground.shelf.parking(example)
                + ground.shelf.restoring(example, .parkedByThisPlan(instance: example.module)),
            isDoubtful: isDoubtful(example, card))
    }

    private func restoring(
        _ stay: Custody, _ card: SimulatedCard, _ chance: inout Chance
    ) -> Draft? {
        // People ask at the wrong card, and while the data are still on their way.
        let isStrange = stay.card != card.id || !stay.isHeld
        guard !isStrange || mood == .malice && chance.percent(50) else { return nil }
        guard let example = ExampleApplication(rawValue: stay.release.application.text) else { return nil }
        return Draft(
            words: "\(example.rawValue) back from custody", wishes: [.restore(stay.key)],
            steps: ground.shelf.restoring(example, .held(stay.key), imageBytes: stay.imageBytes),
            isDoubtful: isStrange)
    }

    private func rotating(_ card: SimulatedCard) -> Draft? {
        guard let keySet = watch.books.cards[card.id]?.keySet else { return nil }
        let isFresh = keySet.masterKey == SimulatedCentre.masterKey(isAES: card.isAES, isFresh: true)
        let master = SimulatedCentre.masterKey(isAES: card.isAES, isFresh: !isFresh)
        let version: UInt8 = keySet.version == 0x21 ? 0x22 : 0x21
        watch.rotated.insert(card.id)
        return Draft(
            words: "new keys", wishes: [.rotateKeys(to: master, version: version)],
            steps: [.putKeys(masterKey: master, version: version)],
            // Torn right after PUT KEY, it fails: see docs/reference/reliability.md, "Open".
            isDoubtful: true)
    }

    // MARK: Asking again

    /// A client that heard nothing asks again, with the same id.
    func repeatWish(_ chance: inout Chance) throws {
        guard let request = chance.pick(requests) else { return }
        tell("\(request.id) is asked for again")
        let again: Operation
        do {
            again = try centre.desk.request(
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
