internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

// Wishes that the planner turns into plans, from what the registers know.

extension World {
    func feasiblePlan(_ draft: Draft, _ card: SimulatedCard) throws -> Plan? {
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
    func isDoubtful(_ plan: Plan) throws -> Bool {
        try isRoomGuessed(plan) || plan.objections.contains { $0.kind == .roomDoubtful }
            || plan.steps.contains { planned in
                guard case .park(let parking) = planned.step else { return false }
                return ExampleApplication.withData.contains {
                    $0.mayRefuse && $0.module == parking.instance
                }
            }
    }

    /// It brings what was never measured on such a card, and leaves less than a quarter of what was declared for it: no
    /// plan can know that declarations fall short, and a card that then refuses loses nothing. What was measured once
    /// must fit.
    private func isRoomGuessed(_ plan: Plan) throws -> Bool {
        let parts = plan.steps.compactMap { planned -> (part: Footprint.Part, bytes: Int)? in
            switch planned.step {
            case .load(let load): (.loadFile(digest: load.digest.bytes), load.byteCount)
            case .install(let install): (.instance(install.release, install.aid), Shelf.declaredInstanceBytes)
            default: nil
            }
        }
        // Steps that somebody worked out come without figures, and only to cards with room for everything.
        guard shape.isPlanned, let profile = watch.books.cards[plan.ground.card]?.profile else {
            return false
        }
        let guessed = try centre.unmeasured(parts.map(\.part), on: profile)
        let declared = parts.filter { guessed.contains($0.part) }.reduce(0) { $0 + $1.bytes }
        return plan.freeAfter.nonVolatile < declared / 4
    }

    func plannedDraft(_ kind: WishKind, _ card: SimulatedCard, _ chance: inout Chance) throws -> Draft? {
        let absent = absent(on: card)
        let present = present(on: card)
        func one(_ words: String, _ wish: Wish) -> Draft { Draft(words: words, wishes: [wish]) }
        switch kind {
        case .add: return chance.pick(absent).map { one($0.rawValue, .add(application: name($0))) }
        case .park, .parkTwo:
            return chance.pick(present).map {
                one("custody for \($0.rawValue)", .park(application: name($0)))
            }
        case .swap:
            guard let leaving = chance.pick(present), let coming = chance.pick(absent) else { return nil }
            return Draft(
                words: "\(leaving.rawValue) out and \(coming.rawValue) in",
                wishes: [.park(application: name(leaving)), .add(application: name(coming))])
        case .restore:
            let held = watch.books.stays.filter { $0.isHeld && isAtHome($0, on: card) }
            return chance.pick(held).map { one("\($0.release.application) back", .restore($0.key)) }
        case .remove:
            return chance.pick(removable(on: card)).map {
                one("\($0.rawValue) gone for good", .remove(application: name($0)))
            }
        case .rotateKeys: return rotating(card)
        case .update: return chance.pick(present).map { exchanging($0, card, &chance) }
        case .snapshot:
            return chance.pick(present.filter(shelf.isCopyable)).map {
                one("a copy of \($0.rawValue)", .snapshot(application: name($0)))
            }
        case .reserve: return try reserving(card, &chance)
        case .release: return releasing(card, &chance)
        }
    }

    /// Another release, newer or older, that the card can have; the same where there is no other.
    private func exchanging(
        _ example: ExampleApplication, _ card: SimulatedCard, _ chance: inout Chance
    ) -> Draft {
        let present = watch.books.releases[card.id]?[example.module]
        let others = shelf.editions(of: example).filter {
            (!$0.needsUpgrades || card.chip.profile.upgradesLoadFiles)
                && Shelf.releaseID(example, $0) != present
        }
        let release = Shelf.releaseID(example, chance.pick(others) ?? .first)
        return Draft(words: "\(example.rawValue) as \(release.version)", wishes: [.update(to: release)])
    }

    // MARK: Two who want the same room

    /// Two people make plans for the same card at the same moment; one asks first.
    func rival(_ card: SimulatedCard, _ chance: inout Chance) throws {
        watch.books = try centre.books()
        guard let row = watch.books.cards[card.id], row.life == .active,
            watch.books.openOperation(on: card.id) == nil
        else { return }
        let drafts = try rivalDrafts(card, &chance)
        guard drafts.count == 2 else { return }
        tell(
            "card \(card.number): one wants \(drafts[0].words), another \(drafts[1].words), at the same moment"
        )
        let plans = try drafts.compactMap { try plan($0, row, card) }
        guard plans.count == 2 else { return }
        try request(
            plans[0], hours: hours(&chance), isExcused: try mood == .malice || isDoubtful(plans[0]))
        do {
            try request(plans[1], isExcused: true)
            throw Violation(
                invariant: .plans, words: "two operations are open on card \(card.number)")
        } catch is OperationRefusal {
            idlePlans.append((plans[1], card.id))
        }
    }

    private func rivalDrafts(_ card: SimulatedCard, _ chance: inout Chance) throws -> [Draft] {
        if shape.hasBerths, chance.percent(60) { return try rivalReservations(card) }
        let wanted = absent(on: card)
        guard let one = chance.pick(wanted), let other = chance.pick(wanted.filter { $0 != one }) else {
            return []
        }
        return [one, other].map { example in
            Draft(
                words: example.rawValue, wishes: [.add(application: name(example))],
                steps: shape.isPlanned ? [] : shelf.adding(example))
        }
    }

    /// The steps that somebody worked out, or those that the planner finds.
    func plan(_ draft: Draft, _ row: Card, _ card: SimulatedCard) throws -> Plan? {
        guard draft.steps.isEmpty else { return Plan(carryingOut: draft.steps, draft.wishes, on: row) }
        return try feasiblePlan(draft, card)
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
