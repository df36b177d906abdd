internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// What shows that a step is done: the card's own words, never that something was sent.

extension Operation {
    package var remainingSteps: [PlanStep] { remaining.map { steps[$0] } }
}

extension Operation {
    /// What this plan parked can come back once it is parked; an earlier stay of the same instance says nothing.
    func hasParked(for task: PlanStep.Restoration) -> Bool {
        guard case .parkedByThisPlan(let instance) = task.source else { return true }
        return done.contains { index in
            if case .park(let parking) = steps[index] { parking.instance == instance } else { false }
        }
    }
}

extension PlanStep {
    /// What a receipt of the card would be about.
    func receiptSubject(_ file: CaseFile) -> ReceiptSubject? {
        switch self {
        case .removeInstance(let removal): .delete(removal.instance)
        case .removeLoadFile(let aid), .dropDomain(let aid): .delete(aid)
        case .load(let load): .load(loadFile: load.aid, domain: load.domain ?? file.card.issuerDomain)
        case .install(let install): .install(loadFile: install.loadFile, instance: install.aid)
        case .extradite(let move): .extradition(from: move.from, move.object, to: move.to)
        case .upgrade(let task): .load(loadFile: task.loadFile, domain: file.card.issuerDomain)
        case .makeDomain, .park, .snapshot, .reserveInLedger, .releaseInLedger, .personalise, .identify,
            .restore, .putKeys:
            nil
        }
    }
}

extension Visit {
    /// Whether the registry, read after everything that was sent, has this application; `nil` where nobody knows.
    func isOnCard(_ aid: AID) -> Bool? {
        guard let contents = sight.contents else { return nil }
        if contents.application(aid) != nil { return true }
        return sight.isListProven || sight.deleted.contains(aid) ? false : nil
    }

    func isLoaded(_ aid: AID) -> Bool? {
        guard let contents = sight.contents else { return nil }
        if contents.loadFile(aid) != nil { return true }
        return sight.isFileListCredible || sight.deleted.contains(aid) ? false : nil
    }

    func evidence(of stay: Custody) -> InstanceEvidence? {
        // Where no answer carries a MAC, only the instance's own sealed word decides about data.
        if isOnCard(stay.aid) == false { return isAnswerProven || !stay.hasImage ? .absent : nil }
        if stay.hasImage { return sight.parking[stay.aid].map { .status($0) } }
        return isOnCard(stay.aid) == true ? .installed : nil
    }

    /// Older data of this instance are in the vault, or on their way from there, and what has its name now is another:
    /// that was not brought into custody, and cannot be, since only one of both can.
    func standsBesideOlder(_ aid: AID, _ file: CaseFile, _ around: Surroundings) -> Bool {
        guard !around.flaws.contains(.takesNewForOlder), let stay = file.stay(of: aid),
            stay.isHeldOrReturning, isOnCard(aid) != false
        else { return false }
        guard stay.hasImage, let status = sight.parking[aid] else { return true }
        return !stay.showsSurrender(.status(status))
    }

    /// Marks every step whose evidence is there, and moves the stays in custody along with it.
    mutating func judge(_ file: inout CaseFile, _ around: Surroundings) {
        seeStays(&file)
        settleStays(&file, around)
        learnCodeVersions(file, around)
        guard var operation = file.operation else { return }
        // What an earlier step has yet to delete cannot be the same thing made anew.
        var doomed: Set<AID> = []
        for index in operation.remaining {
            let step = operation.steps[index]
            if step.madeAID.map(doomed.contains) != true, isDone(index, operation, file, around) {
                operation.done.insert(index)
                file.note(.result, index, "done: \(step.words)")
            } else if let aid = step.deletedAID {
                doomed.insert(aid)
            }
        }
        for (index, reason) in sight.refused.sorted(by: { $0.key < $1.key })
        where !operation.done.contains(index) {
            operation.lastRefusal = reason
            file.note(.result, index, reason.text)
            break
        }
        file.operation = operation
    }

    private func isDone(
        _ index: Int, _ operation: Operation, _ file: CaseFile, _ around: Surroundings
    ) -> Bool {
        let isBegun = operation.begun.contains(index)
        if around.flaws.contains(.believesIntent), isBegun { return true }
        switch operation.steps[index] {
        case .park(let parking):
            guard let stay = file.stay(of: parking.instance) else { return false }
            switch stay.state {
            case .provisional, .surrendering: return true
            case .held, .returning: return isBegun || !standsBesideOlder(parking.instance, file, around)
            case .frozen, .returned, .discarded: return false
            }
        case .snapshot(let parking):
            return file.snapshots.contains { $0.card == file.card.id && $0.aid == parking.instance }
        case .removeInstance(let removal):
            switch removal.purpose {
            case .parked:
                if case .held? = file.stay(of: removal.instance)?.state {} else { return false }
            case .forGood: break
            }
            return isOnCard(removal.instance) == false
        case .removeLoadFile(let aid): return isLoaded(aid) == false
        case .dropDomain(let aid): return isOnCard(aid) == false
        case .makeDomain(let domain): return isOnCard(domain.aid) == true
        case .reserveInLedger, .releaseInLedger: return isBegun
        case .load(let load): return isLoaded(load.aid) == true
        case .install(let install): return isOnCard(install.aid) == true
        case .extradite(let move):
            let domain =
                sight.contents?.application(move.object)?.securityDomain
                ?? sight.contents?.loadFile(move.object)?.securityDomain
            // Older cards do not tell what belongs to what: there only the answer counts.
            return domain.map { $0 == move.to } ?? (isAnswerProven && sight.succeeded.contains(index))
        // Nothing on a card tells: only that every command was answered, with proof, counts.
        case .personalise, .identify: return sight.succeeded.contains(index)
        case .restore(let task):
            switch task.way {
            case .contract, .stateless:
                guard operation.hasParked(for: task) else { return false }
                guard let stay = file.stays.last(where: { isStay($0, of: task, file) }) else { return false }
                if case .returned(file.card.id, _) = stay.state { return true }
                return false
            case .script: return sight.succeeded.contains(index)
            }
        case .upgrade(let task): return isUpgraded(task, index)
        case .putKeys(_, let version):
            return isBegun && file.card.keySet.version == version && operation.pendingKeys == nil
                && (operation.replacedKeyVersion.map { old in
                    sight.succeeded.contains(index) || sight.keyVersions.map { !$0.contains(old) } == true
                } ?? true)
        }
    }

    /// The stay that a restoration brings back.
    func isStay(_ stay: Custody, of task: PlanStep.Restoration, _ file: CaseFile) -> Bool {
        switch task.source {
        case .held(let key): stay.key == key
        case .parkedByThisPlan(let instance): stay.card == file.card.id && stay.aid == instance
        }
    }

    /// Every open stay that this card can say something about.
    private mutating func settleStays(_ file: inout CaseFile, _ around: Surroundings) {
        for index in file.stays.indices where file.stays[index].isOpen {
            let stay = file.stays[index]
            guard let evidence = evidence(of: stay), let event = event(stay, evidence, file) else { continue }
            guard let next = try? stay.after(event, at: file.now), next != stay else { continue }
            noteSnapshot(of: stay, after: event, &file)
            file.stays[index] = flawed(
                next, after: event, at: file.now, around, isCopied: file.snapshots.contains(stay.key))
            let step = file.operation.flatMap { stepIndex(of: stay, $0) } ?? -1
            file.note(.result, step, "\(stay.aid): \(next.state.words)")
        }
        if around.flaws.contains(.holdsWithoutProof) || around.flaws.contains(.returnsWithoutProof) {
            settleWithoutProof(&file, around)
        }
    }

    /// Read whole, and at work again: that was the wish.
    private func noteSnapshot(of stay: Custody, after event: CustodyEvent, _ file: inout CaseFile) {
        guard case .thawed = event, case .provisional = stay.state, stay.hasImage,
            let operation = file.operation, operation.isOpen, !operation.isUndoing
        else { return }
        for case .snapshot(let parking) in operation.remainingSteps where parking.instance == stay.aid {
            file.snapshots.insert(stay.key)
        }
    }

    /// What the card's word proves of a stay (docs/parking-contract.md, "What the centre knows after anything").
    private mutating func event(
        _ stay: Custody, _ evidence: InstanceEvidence, _ file: CaseFile
    ) -> CustodyEvent? {
        guard evidence != .installed || isMade(stay, file) else { return nil }
        let evidence = commitEvidence(stay, evidence, file)
        let sighting = Sighting(card: file.card.id, aid: stay.aid, evidence: evidence)
        let judgement = Judgement(sighting, stay: stay)
        if let proved = judgement.proves { return proved }
        switch (stay.state, judgement.next) {
        // The live copy is in the vault or on its way: whatever works here with the same data is a second one.
        case (.held, .askPerson(let contradiction)) where stay.hasImage,
            (.returning, .askPerson(let contradiction)) where stay.hasImage:
            sight.contradiction = contradiction
            return nil
        case (.returning(file.card.id, _), _):
            return evidence == .absent ? .returnAbandoned(evidence, on: file.card.id) : nil
        // Other data have its name: the instance that this stay is about is gone. The next stay is about them.
        case (.frozen, .askPerson(.otherLineage)): return .removed
        // The vault's copy is whole, and the only one: it is kept, and no operation deletes the other for it.
        case (.provisional, .askPerson(.otherLineage)) where isWanted(stay, file):
            sight.contradiction = .otherLineage
            return nil
        case (.provisional, .askPerson(.otherLineage)):
            return .cardLost(file.card.id, reason: "other data have its name on the card")
        case (.surrendering, .askPerson(.otherLineage)): return .surrendered(.absent)
        case (.frozen, _) where evidence == .absent && isRemovedForGood(stay, file),
            (.provisional, _) where evidence == .absent && isRemovedForGood(stay, file):
            return .removed
        // Without data there is nothing to thaw: the stay ends only when nobody wants it to go on.
        case (.provisional, .surrenderOrThaw) where !stay.hasImage && !isWanted(stay, file),
            (.surrendering, .surrenderOrThaw) where !stay.hasImage && !isWanted(stay, file):
            return .thawed(evidence)
        case (.frozen, _), (.provisional, _), (.surrendering, _), (.held, _), (.returning, _), (.returned, _),
            (.discarded, _):
            return nil
        }
    }

    /// This operation may have deleted it, and not because the vault has its data.
    private func isRemovedForGood(_ stay: Custody, _ file: CaseFile) -> Bool {
        guard stay.card == file.card.id, let operation = file.operation, operation.isOpen else {
            return false
        }
        let removal = PlanStep.removeInstance(.init(instance: stay.aid, purpose: .forGood))
        return operation.begun.contains { operation.steps[$0] == removal }
    }

    /// Whether what stands there without data of its own is what the operation makes in the stay's place: not what it
    /// is yet to remove under this name, nor an instance without its script.
    private func isMade(_ stay: Custody, _ file: CaseFile) -> Bool {
        guard case .returning(file.card.id, _) = stay.state, let operation = file.operation, operation.isOpen
        else { return true }
        return !operation.remaining.contains { index in
            switch operation.steps[index] {
            case .removeInstance(let removal): removal.instance == stay.aid
            case .personalise(let task): task.instance == stay.aid && !sight.succeeded.contains(index)
            case .park, .snapshot, .removeLoadFile, .dropDomain, .makeDomain, .reserveInLedger,
                .releaseInLedger, .load, .install, .extradite, .identify, .restore, .putKeys, .upgrade:
                false
            }
        }
    }

    /// A personalised instance shows it by its last answers only.
    private func commitEvidence(
        _ stay: Custody, _ evidence: InstanceEvidence, _ file: CaseFile
    ) -> InstanceEvidence {
        guard stay.parking == .rePersonalised, evidence == .installed, let operation = file.operation else {
            return evidence
        }
        let isPersonalised = operation.steps.indices.contains { index in
            guard case .restore(let task) = operation.steps[index], isStay(stay, of: task, file) else {
                return false
            }
            // A script is for the first instance of a release; the others have nothing of their own.
            return task.way == .stateless || sight.succeeded.contains(index)
        }
        return isPersonalised ? .personalised : evidence
    }

    /// A step of the operation still needs this stay to go on.
    func isWanted(_ stay: Custody, _ file: CaseFile) -> Bool {
        guard let operation = file.operation, operation.isOpen else { return false }
        return stepIndex(of: stay, operation) != nil
    }

    private func stepIndex(of stay: Custody, _ operation: Operation) -> Int? {
        operation.remaining.first { index in
            switch operation.steps[index] {
            case .park(let parking), .snapshot(let parking): parking.instance == stay.aid
            case .removeInstance(let removal): removal.instance == stay.aid && removal.purpose == .parked
            case .restore(let task):
                switch task.source {
                case .held(let key): stay.key == key
                case .parkedByThisPlan(let instance): stay.aid == instance
                }
            case .removeLoadFile, .dropDomain, .makeDomain, .reserveInLedger, .releaseInLedger, .load,
                .install, .extradite, .personalise, .identify, .putKeys, .upgrade:
                false
            }
        }
    }
}

// MARK: - Planted mistakes

extension Visit {
    private func flawed(
        _ next: Custody, after event: CustodyEvent, at now: Instant, _ around: Surroundings, isCopied: Bool
    ) -> Custody {
        var next = next
        if around.flaws.contains(.restartsFee), case .returnAbandoned = event {
            next.state = .held(since: now)
            next.heldSince = now
        }
        if around.flaws.contains(.neverEndsFee), case .returned(let card, let at) = next.state {
            next.state = .returned(to: card, at: at.advanced(by: .seconds(3_650 * 86_400)))
        }
        if around.flaws.contains(.revivesCopies), isCopied {
            next.state = .held(since: now)
        }
        return next
    }

    private func settleWithoutProof(_ file: inout CaseFile, _ around: Surroundings) {
        for index in file.stays.indices {
            switch file.stays[index].state {
            case .surrendering where around.flaws.contains(.holdsWithoutProof):
                file.stays[index].state = .held(since: file.now)
                file.stays[index].heldSince = file.now
            case .returning(let card, _) where around.flaws.contains(.returnsWithoutProof):
                file.stays[index].state = .returned(to: card, at: file.now)
            case .frozen, .provisional, .surrendering, .held, .returning, .returned, .discarded: break
            }
        }
    }
}

extension PlanStep {
    /// What it makes on the card, by name.
    var madeAID: AID? {
        switch self {
        case .load(let load): load.aid
        case .install(let install): install.aid
        case .makeDomain(let domain): domain.aid
        case .park, .snapshot, .removeInstance, .removeLoadFile, .dropDomain, .reserveInLedger,
            .releaseInLedger, .extradite, .personalise, .identify, .restore, .putKeys, .upgrade:
            nil
        }
    }

    var deletedAID: AID? {
        switch self {
        case .removeInstance(let removal): removal.instance
        case .removeLoadFile(let aid), .dropDomain(let aid): aid
        case .park, .snapshot, .makeDomain, .reserveInLedger, .releaseInLedger, .load, .install, .extradite,
            .personalise, .identify, .restore, .putKeys, .upgrade:
            nil
        }
    }

    var changesMemory: Bool {
        switch self {
        case .load, .install, .makeDomain, .removeInstance, .removeLoadFile, .dropDomain, .personalise,
            .identify, .restore:
            true
        case .park, .snapshot, .extradite, .reserveInLedger, .releaseInLedger, .putKeys, .upgrade: false
        }
    }
}
