internal import Arguments
internal import Centre
internal import SmartCard

/// A plan as a person wants to read it.
struct PlanView {
    private let plan: Plan
    private let picture: Picture

    init(_ plan: Plan, _ picture: Picture) {
        self.plan = plan
        self.picture = picture
    }

    func show(on terminal: Terminal) {
        terminal.print("Memory now:")
        terminal.print(bar(free: plan.freeBefore, reserved: reservedBefore))
        if plan.isFeasible, !plan.steps.isEmpty {
            terminal.print("Memory afterwards:")
            terminal.print(bar(free: plan.freeAfter, reserved: reservedAfter))
        }
        if picture.model.total.volatile > 0 { showVolatile(on: terminal) }
        terminal.print()
        showRoom(on: terminal)
        showSteps(on: terminal)
        showObjections(on: terminal)
    }

    /// What is kept for somebody and not used yet is shown apart: it is nobody else's.
    private func bar(free: Room, reserved: Room) -> MemoryBar {
        let kept = min(max(0, free.nonVolatile), reserved.nonVolatile)
        let used = max(0, picture.model.total.nonVolatile - free.nonVolatile)
        var segments = [MemoryBar.Segment("used", bytes: used)]
        if kept > 0 { segments.append(.init("reserved", bytes: kept, mark: "=", style: .yellow)) }
        return MemoryBar(segments, .total(used + max(0, free.nonVolatile)))
    }

    /// What the ledger keeps for providers before the plan.
    private var reservedBefore: Room {
        picture.berths.reduce(Room.none) { sum, held in
            switch held.berth.means {
            case .ledger: sum + held.remainder
            case .domain: sum
            }
        }
    }

    /// And after it.
    private var reservedAfter: Room {
        plan.steps.reduce(reservedBefore) { sum, planned in
            switch planned.step {
            case .reserveInLedger(let reservation): sum + picture.model.rounded(reservation.room)
            case .releaseInLedger(let provider):
                sum - (picture.berths.first { $0.berth.provider == provider }?.remainder ?? .none)
            default: sum
            }
        }
    }

    private func showVolatile(on terminal: Terminal) {
        var line = "Volatile memory free: \(ByteCount(plan.freeBefore.volatile))"
        if plan.isFeasible, plan.freeAfter.volatile != plan.freeBefore.volatile {
            line += ", afterwards \(ByteCount(plan.freeAfter.volatile))"
        }
        terminal.print(line)
    }

    private func showRoom(on terminal: Terminal) {
        if plan.shortage.isNone {
            if plan.isFeasible { terminal.print("There is room enough: nothing has to leave for it.") }
        } else {
            terminal.print("Missing: " + amount(plan.shortage))
        }
        for item in plan.leaving {
            let name = item.release?.description ?? item.instances.first.map { "\($0)" } ?? "unused code"
            terminal.print()
            terminal.print("\(name) leaves, \(amount(item.freed)).")
            for reason in item.reasons { terminal.print("  \(reason)") }
        }
        guard plan.leaving.contains(where: { $0.cause == .makesRoom }) else { return }
        terminal.print()
        switch plan.optimality {
        case .proven: terminal.print("No other choice is cheaper.")
        case .within(let points):
            terminal.print("Not proven to be the cheapest: another may save at most \(points) points.")
        }
    }

    private func showSteps(on terminal: Terminal) {
        guard plan.isFeasible else { return }
        terminal.print()
        guard !plan.steps.isEmpty else { return terminal.print("There is nothing to do.") }
        var table = Table([
            .init("Step", .right), .init("What"), .init("Commands", .right), .init("Free then", .right),
        ])
        for (index, planned) in plan.steps.enumerated() {
            table.add([
                .init("\(index + 1)"), .init(words(planned.step)), .init("\(planned.effort.commandCount)"),
                .init("\(ByteCount(planned.freeAfter.nonVolatile))"),
            ])
        }
        terminal.print(table)
        terminal.print()
        let tenths = (plan.effort.milliseconds + 50) / 100
        terminal.print(
            "About \(tenths / 10).\(tenths % 10) s: \(plan.effort.commandCount) commands in \(plan.roundTrips) round trips."
        )
        for fee in plan.custodyPerDay {
            terminal.print("Custody costs \(fee) a day.")
        }
        if plan.custodyPerDay.isEmpty, plan.leaving.contains(where: { $0.cause == .makesRoom }) {
            terminal.print("Custody costs nothing: no tariff is known.")
        }
    }

    private func showObjections(on terminal: Terminal) {
        let notes = plan.objections.filter { !$0.isObstacle }
        for note in notes { terminal.print("Note: \(note.reason) \(note.remedy)") }
        let obstacles = plan.objections.filter(\.isObstacle)
        guard !obstacles.isEmpty else { return }
        terminal.print("This cannot be done:")
        for obstacle in obstacles {
            terminal.print("  \(obstacle.reason)")
            terminal.print("  What helps: \(obstacle.remedy)")
        }
    }

    private func amount(_ room: Room) -> String {
        var parts: [String] = []
        if room.nonVolatile != 0 || room.volatile == 0 {
            parts.append("\(ByteCount(room.nonVolatile)) non-volatile")
        }
        if room.volatile != 0 { parts.append("\(ByteCount(room.volatile)) volatile") }
        return parts.joined(separator: ", ")
    }

    private func words(_ step: PlanStep) -> String {
        switch step {
        case .park(let parking): "park \(parking.instance) of \(parking.release)"
        case .snapshot(let parking): "copy the data of \(parking.instance) of \(parking.release)"
        case .removeInstance(let removal): "delete instance \(removal.instance)"
        case .removeLoadFile(let aid): "delete load file \(aid)"
        case .dropDomain(let aid): "delete domain \(aid)"
        case .makeDomain(let domain): "make domain \(domain.aid) for \(domain.reservation.provider)"
        case .reserveInLedger(let reservation): "reserve room for \(reservation.provider) in the ledger"
        case .releaseInLedger(let provider): "release the room of \(provider) in the ledger"
        case .load(let load): "load \(load.aid) of \(load.release), \(ByteCount(load.byteCount))"
        case .extradite(let move): "put \(move.object) under the domain \(move.to)"
        case .install(let install): "install \(install.aid) of \(install.release)"
        case .personalise(let personalisation): "personalise \(personalisation.instance)"
        case .identify(let instance): "write the holder into \(instance)"
        case .restore(let restoration): "bring the data of \(restoration.instance) back"
        case .upgrade(let task):
            "upgrade \(task.old.release) to \(task.new.release) in place; the data stay on the card"
        case .putKeys(let masterKey, let version): "put keys of \(masterKey), version \(version)"
        }
    }
}
