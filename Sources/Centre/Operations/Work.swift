internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// What an order carries: as much as can be sent blind, never a deletion with the reading that must come first.

extension Visit {
    /// How many orders may bring nothing before the operation is given up.
    static let idleOrdersMax = 3

    mutating func takeWork(
        _ answers: [ResponseAPDU], _ file: inout CaseFile, _ around: Surroundings
    ) -> Reply {
        do {
            try take(answers[...], &file, around)
        } catch {
            return end(Self.ending(of: error))
        }
        return goOn(&file, around, afterWork: !asked.contains(where: \.isWitness))
    }

    /// Judges what was seen, and composes the next order; nothing left to send ends the visit.
    mutating func goOn(_ file: inout CaseFile, _ around: Surroundings, afterWork: Bool) -> Reply {
        asked = []
        phase = .working
        guard pages.isEmpty else {
            var draft = OrderDraft()
            for command in pages { draft.add(.registry, command) }
            pages = []
            return send([], draft)
        }
        if !afterWork, needsWitness(file) { return callWitness() }
        let before = (file.operation?.done, file.stays.map(\.settled))
        judge(&file, around)
        keepImages(&file, around)
        judge(&file, around)
        if let found = sight.contradiction { return stop(found, &file, around) }
        let hasMoved = before.0 != file.operation?.done || before.1 != file.stays.map(\.settled)
        if var operation = file.operation, operation.isOpen {
            if hasMoved { operation.idleOrders = 0 } else if afterWork { operation.idleOrders += 1 }
            file.operation = operation
        }
        if let reply = reopen(&file, around) { return reply }
        turn(&file, around)
        // One that was asked for while answers were on their way: what it needs to know, nobody has asked the card.
        if let operation = file.operation, operation.isOpen, operation.id != surveyed { isSurveyDue = true }
        if isSurveyDue {
            isSurveyDue = false
            return send([], surveyDraft(&file))
        }
        // Once for the plan, once more where that turned it round, and once to see that nothing is left.
        for _ in 0..<3 {
            do {
                let draft = try compose(&file, around)
                guard draft.isEmpty else { return sendWork(draft, &file) }
            } catch {
                let reason = Reason(
                    .materialMissing, text: "What the next step needs is not at hand: \(error).")
                giveUp(reason, &file, around)
                continue
            }
            judge(&file, around)
            guard conclude(&file, around) else { break }
        }
        return end(.finished)
    }

    /// Nothing more is done with a card that has a second copy of something, until a person looked at it.
    private mutating func stop(
        _ found: Contradiction, _ file: inout CaseFile, _ around: Surroundings
    ) -> Reply {
        let reason = Reason(.contradiction, about: found.code, text: found.reason)
        file.card.life = .blocked(reason: found.reason)
        if file.operation?.isOpen == true {
            keepUnseen(&file, around)
            file.operation?.state = .ended(.needsPerson(reason: reason, nextStep: found.remedy))
        }
        return end(.stopped(reason))
    }

    private mutating func sendWork(_ draft: OrderDraft, _ file: inout CaseFile) -> Reply {
        var draft = draft
        if file.model.upgradesLoadFiles, sight.upgrade?.state.isOpen == true || draft.isUpgrading {
            draft.add(.upgrade(step: nil), .manageELFUpgrade(.status))
        }
        draft.readRegistry()
        if draft.items.contains(where: \.ask.isWitness) { hasCalledWitness = true }
        file.operation?.orderCount += 1
        return send([], draft)
    }

    /// Deadlines, cancellations and standstill turn an operation round, or end it.
    private mutating func turn(_ file: inout CaseFile, _ around: Surroundings) {
        guard let operation = file.operation, operation.isOpen else { return }
        // What was carried out meanwhile is done, however late that is seen.
        let isLate = file.now > operation.deadline && !operation.remaining.isEmpty
        if isLate, !around.flaws.contains(.ignoresDeadline) {
            keepUnseen(&file, around)
            dismissReplaced(&file)
            file.operation?.state = .ended(.overdue(operation))
        } else if operation.isCancelRequested, !operation.isPastReturn, !operation.isUndoing {
            giveUp(.cancelled, &file, around)
        } else if let reason = refusedUpgrade(operation) {
            turnFromUpgrade(reason, &file, around)
        } else if operation.idleOrders >= Self.idleOrdersMax {
            let reason =
                operation.lastRefusal
                ?? Reason(.cardSilent, text: "The card did not do what was asked, and did not say why.")
            if operation.isUndoing {
                file.operation?.state = .ended(.stuck(reason))
            } else {
                giveUp(reason, &file, around)
            }
        } else if operation.state == .waiting {
            file.operation?.state = .running
        }
    }

    /// Ends what is done; an operation with steps left that cannot be sent is turned round, and is to be composed
    /// again.
    private mutating func conclude(_ file: inout CaseFile, _ around: Surroundings) -> Bool {
        guard let operation = file.operation, operation.isOpen else { return false }
        guard operation.remaining.isEmpty else {
            let reason = Reason(.stepImpossible, text: "The next step cannot be taken on this card.")
            giveUp(operation.lastRefusal ?? reason, &file, around)
            return true
        }
        switch operation.state {
        case .waiting, .running:
            dismissReplaced(&file)
            file.operation?.state = .ended(.done)
        case .undoing(let reason):
            file.operation?.state = .ended(
                operation.isCancelRequested ? .cancelled(reason: reason) : .undone(reason, operation))
        case .ended: break
        }
        return false
    }
}

extension Operation {
    /// Something that left the card, or may have, is not known to be back.
    fileprivate var hasLeft: Bool {
        isPastReturn
            && steps.indices.contains { index in
                switch steps[index] {
                case .removeInstance(let removal): removal.purpose == .parked
                case .restore: isUndoing && !done.contains(index)
                case .park, .snapshot, .removeLoadFile, .dropDomain, .makeDomain, .reserveInLedger,
                    .releaseInLedger, .load, .install, .extradite, .personalise, .identify, .putKeys,
                    .upgrade:
                    false
                }
            }
    }
}

extension Custody {
    /// On its way back and held again is the same: what is sent in vain over and over moves nothing.
    fileprivate var settled: Custody {
        guard case .returning = state else { return self }
        var stay = self
        stay.state = .held(since: heldSince ?? openedAt)
        return stay
    }
}

extension Operation.End {
    static func overdue(_ operation: Operation) -> Operation.End {
        .failed(
            reason: Reason(
                .overdue, about: "\(operation.deadline)",
                text: "The card was not seen again before the deadline of \(operation.deadline)."),
            nextStep: operation.hasLeft
                ? "What had left the card is in custody: ask for it back when the card is at a terminal."
                : operation.begun.isEmpty
                    ? "Nothing was changed on the card; ask again."
                    : "What of it was carried out shows when the card is at a terminal; ask again then.")
    }

    static func stuck(_ reason: Reason) -> Operation.End {
        .needsPerson(
            reason: reason,
            nextStep: "Look at the card and at what is in custody, then ask for what is missing.")
    }

    static func undone(_ reason: Reason, _ operation: Operation) -> Operation.End {
        let isRemoving = operation.wishes.contains { wish in
            switch wish {
            case .remove, .removeInstance: true
            case .add, .addRelease, .park, .snapshot, .update, .restore, .reserve, .release, .renew,
                .rotateKeys:
                false
            }
        }
        let isChangingKeys = operation.wishes.contains { if case .rotateKeys = $0 { true } else { false } }
        let state =
            if isRemoving && operation.isPastReturn {
                "What was to be removed for good may be gone; the rest of the card is as it was before."
            } else if isChangingKeys {
                "Its record says which keys the card has now."
            } else {
                "The card is as it was before."
            }
        return .failed(reason: reason, nextStep: "\(state) Mend what the reason says, and ask again.")
    }
}

// MARK: - Images

extension Visit {
    /// Data that have come whole and whose digest agrees are kept; what was begun is noted as frozen.
    private mutating func keepImages(_ file: inout CaseFile, _ around: Surroundings) {
        guard let operation = file.operation, operation.isOpen else { return }
        for step in operation.remainingSteps {
            guard let parking = step.parking, parking.way == .contract else { continue }
            guard let status = sight.parking[parking.instance], status.state == .frozen else { continue }
            do {
                try keep(parking, status, &file, around)
            } catch {
                sight.refused[operation.steps.firstIndex(of: step) ?? 0] = Reason(
                    .imageNotKept, about: parking.release.application.text, text: "\(error)")
            }
        }
    }

    private mutating func keep(
        _ parking: PlanStep.Parking, _ status: ParkingStatus, _ file: inout CaseFile, _ around: Surroundings
    ) throws {
        if file.stay(of: parking.instance) == nil {
            let opening = try opening(parking, file, around)
            file.stays.append(try Custody.open(opening, frozen: status, at: file.now))
        }
        guard let index = file.stayIndex(of: parking.instance) else { return }
        // Until it is kept, the image is whatever the frozen instance says it is.
        if file.stays[index].state == .frozen, file.stays[index].generation == status.generation {
            file.stays[index].digest = status.digest
            file.stays[index].imageBytes = status.byteCount
            file.stays[index].format = status.format
        }
        let stay = file.stays[index]
        guard stay.generation == status.generation, let bytes = sight.pieces[parking.instance],
            bytes.count == stay.imageBytes
        else { return }
        let secret = Secret(bytes)
        let computed = around.flaws.contains(.ignoresDigest) ? stay.digest : status.image.digest(of: secret)
        file.stays[index] = try stay.after(.imageKept(digest: computed, byteCount: bytes.count), at: file.now)
        file.images.append((stay.key, stay.generation, secret))
        if around.flaws.contains(.tellsImages) { file.note(.result, -1, "read \(bytes.hex)") }
        sight.pieces[parking.instance] = nil
    }

    func opening(
        _ parking: PlanStep.Parking, _ file: CaseFile, _ around: Surroundings
    ) throws -> CustodyOpening {
        let release = try around.materials.release(parking.release)
        let application = try around.materials.application(parking.release.application)
        let last = file.stays.filter { $0.card == file.card.id && $0.aid == parking.instance }
            .map(\.ordinal).max()
        let room =
            file.installed.first { $0.aid == parking.instance }?.measured
            ?? release.instances.first { $0.aid == parking.instance }?.declared ?? .none
        return CustodyOpening(
            card: file.card.id, aid: parking.instance, ordinal: (last ?? 0) + 1, release: parking.release,
            provider: application.provider, holder: file.card.holder, parking: release.parking, room: room)
    }
}

// MARK: - Composing

extension Visit {
    private mutating func compose(
        _ file: inout CaseFile, _ around: Surroundings
    ) throws -> OrderDraft {
        var draft = OrderDraft()
        dismissWitness(&draft)
        keepHouse(&file, &draft, around)
        // Nothing else changes on the card before the upgrade is over.
        if endUpgrade(&file, &draft, around) { return draft }
        guard let operation = file.operation, operation.isOpen else { return draft }
        // Once it is deleted nobody can tell that it was to go on: it would seem to have given its data up.
        if draft.thaws(anyOf: operation.remainingSteps.compactMap(\.deletedAID)) { return draft }
        try addReading(&file, &draft, around)
        let isReading =
            file.operation?.remainingSteps.contains(where: \.isReading) ?? false
        guard !isReading || around.flaws.contains(.deletesBeforeDurable) else { return draft }
        try addChanges(&file, &draft, around)
        return draft
    }

    /// FREEZE and READ for everything that leaves with its data; the rest of the plan waits for it.
    private mutating func addReading(
        _ file: inout CaseFile, _ draft: inout OrderDraft, _ around: Surroundings
    ) throws {
        for index in file.operation?.remaining ?? [] {
            guard let step = file.operation?.steps[index], let parking = step.parking else { continue }
            if file.operation?.begun.contains(index) == false,
                standsBesideOlder(parking.instance, file, around)
            {
                file.operation?.lastRefusal = Self.olderData(of: parking)
                continue
            }
            if case .snapshot = step, thawCopied(parking, file, &draft) { continue }
            switch parking.way {
            case .stateless, .script:
                if file.stay(of: parking.instance) == nil, isOnCard(parking.instance) == true {
                    let opening = try opening(parking, file, around)
                    file.stays.append(try Custody.open(withoutData: opening, at: file.now))
                }
                if file.stay(of: parking.instance) != nil { file.operation?.done.insert(index) }
            case .contract: try read(parking, index, &file, &draft, around)
            }
        }
    }

    /// What was copied goes on working; where the card's answer is lost, the next visit sees what became of it.
    private func thawCopied(
        _ parking: PlanStep.Parking, _ file: CaseFile, _ draft: inout OrderDraft
    ) -> Bool {
        guard let stay = file.stay(of: parking.instance), case .provisional = stay.state,
            case .frozen? = sight.parking[parking.instance]?.state
        else { return false }
        draft.park(parking.instance, .thaw(generation: stay.generation), keys: sealKeys)
        return true
    }

    private mutating func read(
        _ parking: PlanStep.Parking, _ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft,
        _ around: Surroundings
    ) throws {
        guard let status = sight.parking[parking.instance] else {
            // What its domain said goes before.
            guard sight.refused.isEmpty else { return }
            file.operation?.lastRefusal = Reason(
                .appSilent, about: parking.release.application.text,
                text: "\(parking.release.application) does not answer as an application that can be parked.")
            return
        }
        let generation: UInt32
        switch status.state {
        case .active:
            guard status.result.isSuccess else {
                file.operation?.lastRefusal = Self.words(status, parking)
                return
            }
            generation = status.generation + 1
            try expectFrozen(parking, status, &file, around)
            draft.park(parking.instance, .freeze(generation: generation), keys: sealKeys)
        case .frozen: generation = status.generation
        case .vacant, .importing, .verified:
            file.operation?.lastRefusal = Reason(
                .nothingToPark, about: parking.release.application.text,
                text: "\(parking.release.application) has no data that could leave.")
            return
        }
        begin(index, &file)
        readPieces(of: parking.instance, generation: generation, byteCount: status.byteCount, &draft)
    }

    mutating func readPieces(of aid: AID, generation: UInt32, byteCount: Int, _ draft: inout OrderDraft) {
        sight.pieces[aid] = []
        for offset in stride(from: 0, to: max(1, byteCount), by: pieceBytes) {
            let order = ParkingOrder.read(generation: generation, offset: offset, wanted: pieceBytes)
            draft.park(aid, order, keys: sealKeys)
        }
    }

    /// The stay is written down before FREEZE is sent, so that whatever becomes of it is asked for ever after.
    private func expectFrozen(
        _ parking: PlanStep.Parking, _ status: ParkingStatus, _ file: inout CaseFile, _ around: Surroundings
    ) throws {
        var expected = status
        expected.state = .frozen
        expected.generation += 1
        guard file.stay(of: parking.instance)?.generation != expected.generation else { return }
        let opening = try opening(parking, file, around)
        file.stays.append(try Custody.open(opening, frozen: expected, at: file.now))
    }

    private static func olderData(of parking: PlanStep.Parking) -> Reason {
        Reason(
            .imageNotKept, about: parking.release.application.text,
            text:
                "Older data of \(parking.release.application) are in custody, and only one of both can be there."
        )
    }

    private static func words(_ status: ParkingStatus, _ parking: PlanStep.Parking) -> Reason {
        let said = status.text.map { ": \($0)" } ?? "."
        return Reason(
            .appRefusesToLeave, about: parking.release.application.text,
            text: "\(parking.release.application) refuses to leave now\(said)")
    }

    /// Sealed answers are longer by a tag and an authenticator.
    var pieceBytes: Int { sealKeys == nil ? 200 : 195 }

    func begin(_ index: Int, _ file: inout CaseFile) {
        guard let steps = file.operation?.steps, file.operation?.begun.contains(index) == false else {
            return
        }
        file.operation?.begun.insert(index)
        file.note(.intent, index, steps[index].words)
    }
}

extension PlanStep {
    /// What is read before anything changes.
    var parking: Parking? {
        switch self {
        case .park(let parking), .snapshot(let parking): parking
        case .removeInstance, .removeLoadFile, .dropDomain, .makeDomain, .reserveInLedger, .releaseInLedger,
            .load,
            .extradite, .install, .personalise, .identify, .restore, .putKeys, .upgrade:
            nil
        }
    }

    var isReading: Bool { parking != nil }
}
