internal import CardManagement
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
        case .makeDomain, .park, .reserveInLedger, .releaseInLedger, .personalise, .restore, .putKeys: nil
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

    func isLoaded(_ aid: AID) -> Bool? { sight.contents.map { $0.loadFile(aid) != nil } }

    func evidence(of stay: Custody) -> InstanceEvidence? {
        // Where no answer carries a MAC, only the instance's own sealed word decides about data.
        if isOnCard(stay.aid) == false { return isAnswerProven || !stay.hasImage ? .absent : nil }
        if stay.hasImage { return sight.parking[stay.aid].map { .status($0) } }
        return isOnCard(stay.aid) == true ? .installed : nil
    }

    /// Marks every step whose evidence is there, and moves the stays in custody along with it.
    mutating func judge(_ file: inout CaseFile, _ around: Surroundings) {
        settleStays(&file, around)
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
        for (index, words) in sight.refused.sorted(by: { $0.key < $1.key })
        where !operation.done.contains(index) {
            operation.lastRefusal = words
            file.note(.result, index, words)
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
            case .provisional, .surrendering, .held, .returning: return true
            case .frozen, .returned, .discarded: return false
            }
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
        // Nothing on a card tells: only that every command was answered, with proof, counts.
        case .personalise: return sight.succeeded.contains(index)
        case .restore(let task):
            switch task.way {
            case .contract, .stateless:
                guard operation.hasParked(for: task) else { return false }
                guard let stay = file.stays.last(where: { isStay($0, of: task, file) }) else { return false }
                if case .returned(file.card.id, _) = stay.state { return true }
                return false
            case .script: return sight.succeeded.contains(index)
            }
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
            file.stays[index] = flawed(next, after: event, at: file.now, around)
            let step = file.operation.flatMap { stepIndex(of: stay, $0) } ?? -1
            file.note(.result, step, "\(stay.aid): \(next.state.words)")
        }
        if around.flaws.contains(.holdsWithoutProof) || around.flaws.contains(.returnsWithoutProof) {
            settleWithoutProof(&file, around)
        }
    }

    private func event(_ stay: Custody, _ evidence: InstanceEvidence, _ file: CaseFile) -> CustodyEvent? {
        switch stay.state {
        case .frozen, .provisional, .surrendering:
            guard stay.card == file.card.id else { return nil }
            if stay.showsThaw(evidence) {
                // Without data there is nothing to thaw: the stay ends only when nobody wants it to go on.
                return stay.hasImage || !isWanted(stay, file) ? .thawed(evidence) : nil
            }
            if stay.showsSurrender(evidence), stay.state == .surrendering || evidence != .absent {
                return .surrendered(evidence)
            }
            return nil
        case .returning(file.card.id, _):
            if stay.showsCommit(commitEvidence(stay, evidence, file)) {
                return .committed(commitEvidence(stay, evidence, file), on: file.card.id)
            }
            return evidence == .absent ? .returnAbandoned(evidence, on: file.card.id) : nil
        case .returning, .held, .returned, .discarded: return nil
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
            if case .restore(let task) = operation.steps[index] {
                return isStay(stay, of: task, file) && sight.succeeded.contains(index)
            }
            return false
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
            case .park(let parking): parking.instance == stay.aid
            case .removeInstance(let removal): removal.instance == stay.aid && removal.purpose == .parked
            case .restore(let task):
                switch task.source {
                case .held(let key): stay.key == key
                case .parkedByThisPlan(let instance): stay.aid == instance
                }
            case .removeLoadFile, .dropDomain, .makeDomain, .reserveInLedger, .releaseInLedger, .load,
                .install,
                .personalise, .putKeys:
                false
            }
        }
    }
}

// MARK: - Planted mistakes

extension Visit {
    private func flawed(
        _ next: Custody, after event: CustodyEvent, at now: Instant, _ around: Surroundings
    ) -> Custody {
        var next = next
        if around.flaws.contains(.restartsFee), case .returnAbandoned = event {
            next.state = .held(since: now)
            next.heldSince = now
        }
        if around.flaws.contains(.neverEndsFee), case .returned(let card, let at) = next.state {
            next.state = .returned(to: card, at: at.advanced(by: .seconds(3_650 * 86_400)))
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
        case .park, .removeInstance, .removeLoadFile, .dropDomain, .reserveInLedger, .releaseInLedger,
            .personalise, .restore, .putKeys:
            nil
        }
    }

    var deletedAID: AID? {
        switch self {
        case .removeInstance(let removal): removal.instance
        case .removeLoadFile(let aid), .dropDomain(let aid): aid
        case .park, .makeDomain, .reserveInLedger, .releaseInLedger, .load, .install, .personalise, .restore,
            .putKeys:
            nil
        }
    }

    var changesMemory: Bool {
        switch self {
        case .load, .install, .makeDomain, .removeInstance, .removeLoadFile, .dropDomain, .personalise,
            .restore:
            true
        case .park, .reserveInLedger, .releaseInLedger, .putKeys: false
        }
    }
}
