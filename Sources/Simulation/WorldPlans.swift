internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

// Wishes that the planner turns into plans, from what the registers know.

extension World {
    func wishByPlan(_ card: SimulatedCard, _ chance: inout Chance) throws {
        guard let draft = plannedDraft(card, &chance) else { return }
        tell("card \(card.number): \(draft.words) is wished")
        guard let plan = try feasiblePlan(draft, card) else { return }
        try request(
            plan, hours: hours(&chance), isExcused: mood == .malice || isDoubtful(plan))
    }

    private func feasiblePlan(_ draft: Draft, _ card: SimulatedCard) throws -> Plan? {
        let plan = try centre.plan(draft.wishes, on: card.id)
        if let obstacle = plan.objections.first(where: \.isObstacle) {
            tell("    which cannot be: \(obstacle.reason)")
            return nil
        }
        guard !plan.steps.isEmpty else { return nil }
        for leaving in plan.leaving where leaving.cause == .makesRoom {
            tell("    for which \(leaving.application?.text ?? "something") makes room")
        }
        return plan
    }

    /// Somebody else has a say in whether it succeeds.
    private func isDoubtful(_ plan: Plan) -> Bool {
        plan.objections.contains { $0.kind == .roomDoubtful }
            || plan.steps.contains { planned in
                guard case .park(let parking) = planned.step else { return false }
                return ExampleApplication.withData.contains {
                    $0.mayRefuse && $0.module == parking.instance
                }
            }
    }

    private func plannedDraft(_ card: SimulatedCard, _ chance: inout Chance) -> Draft? {
        let absent = absent(on: card)
        let present = present(on: card)
        let held = watch.books.stays.filter { $0.card == card.id && $0.isHeld }
        func one(_ words: String, _ wish: Wish) -> Draft { Draft(words: words, wishes: [wish]) }
        switch chance.below(20) {
        case 0...6: return chance.pick(absent).map { one($0.rawValue, .add(application: name($0))) }
        case 7...9:
            return chance.pick(present).map {
                one("custody for \($0.rawValue)", .park(application: name($0)))
            }
        case 10...11:
            guard let leaving = chance.pick(present), let coming = chance.pick(absent) else { return nil }
            return Draft(
                words: "\(leaving.rawValue) out and \(coming.rawValue) in",
                wishes: [.park(application: name(leaving)), .add(application: name(coming))])
        case 12...16: return chance.pick(held).map { one("\($0.release.application) back", .restore($0.key)) }
        case 17:
            guard mood == .malice else { return nil }
            return chance.pick(present).map {
                one("\($0.rawValue) gone for good", .remove(application: name($0)))
            }
        case 18: return rotating(card)
        default:
            return chance.pick(present).map { one("\($0.rawValue) anew", .update(to: Shelf.releaseID($0))) }
        }
    }

    // MARK: Two who want the same room

    /// Two people make plans for the same card at the same moment; one asks first.
    func rival(_ card: SimulatedCard, _ chance: inout Chance) throws {
        watch.books = try centre.books()
        guard let row = watch.books.cards[card.id], row.life == .active,
            watch.books.openOperation(on: card.id) == nil
        else { return }
        let wanted = absent(on: card)
        guard let one = chance.pick(wanted), let other = chance.pick(wanted.filter { $0 != one }) else {
            return
        }
        tell("card \(card.number): one wants \(one.rawValue), another \(other.rawValue), at the same moment")
        let plans = try [one, other].compactMap { try rivalPlan($0, row, card) }
        guard plans.count == 2 else { return }
        try request(plans[0], hours: hours(&chance), isExcused: mood == .malice || isDoubtful(plans[0]))
        do {
            try request(plans[1], isExcused: true)
            throw Violation(
                invariant: .plans, words: "two operations are open on card \(card.number)")
        } catch is OperationRefusal {
            idlePlans.append((plans[1], card.id))
        }
    }

    private func rivalPlan(
        _ example: ExampleApplication, _ row: Card, _ card: SimulatedCard
    ) throws -> Plan? {
        let wishes: [Wish] = [.add(application: name(example))]
        guard shape.isPlanned else {
            return Plan(carryingOut: ground.shelf.adding(example), wishes, on: row)
        }
        return try feasiblePlan(Draft(words: "", wishes: wishes), card)
    }

    /// A plan that was made a while ago: for a card that has changed since, it is void.
    func askForOldPlan(_ chance: inout Chance) throws {
        guard let place = idlePlans.indices.last else { return }
        let (plan, id) = idlePlans.remove(at: place)
        watch.books = try centre.books()
        guard let row = watch.books.cards[id] else { return }
        tell("the plan that came too late is asked for again")
        do {
            try request(plan, hours: hours(&chance), isExcused: true)
        } catch is OperationRefusal {
            return
        }
        guard row.revision == plan.ground.revision else {
            throw Violation(
                invariant: .plans, words: "a plan is carried out on a card that has changed since it was made"
            )
        }
    }
}

extension Plan {
    /// Steps that somebody worked out, without a search for what leaves.
    init(carryingOut steps: [PlanStep], _ wishes: [Wish], on card: Card) {
        self.init(
            ground: .init(
                card: card.id, revision: card.revision,
                registryDigest: card.inventory.map { HexBytes($0.digest) }, madeAt: SimulatedCentre.start),
            wishes: wishes, shortage: .none, leaving: [],
            steps: steps.map { Planned($0, effort: Effort(), freeBefore: .none, freeAfter: .none) },
            freeBefore: .none, freeAfter: .none, effort: Effort(), roundTrips: 0, custodyPerDay: [],
            objections: [], optimality: .proven)
    }
}
