internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// What becomes of an operation that cannot go on, and of stays in custody that no operation wants any more.

extension Visit {
    /// How often one stay is set right in one visit; the next visit tries again.
    private static let houseAttemptsMax = 2

    /// Turns the operation round: what it made is removed, and what had left comes back.
    mutating func giveUp(_ reason: Reason, _ file: inout CaseFile, _ around: Surroundings) {
        guard var operation = file.operation, operation.isOpen, !operation.isUndoing else {
            if file.operation?.isOpen == true { file.operation?.state = .ended(.stuck(reason)) }
            return
        }
        keepUnseen(&file, around)
        let steps = undoing(operation, file, around)
        file.turned = operation
        file.note(.intent, -1, "undo: \(reason)")
        operation.state = .undoing(because: reason)
        operation.steps = steps
        operation.done = []
        operation.begun = []
        operation.idleOrders = 0
        operation.lastRefusal = nil
        file.operation = operation
        // What the card did was said of other steps.
        sight.succeeded = []
        judge(&file, around)
    }

    private func undoing(
        _ operation: Operation, _ file: CaseFile, _ around: Surroundings
    ) -> [PlanStep] {
        let kept = restored(operation, around)
        var steps: [PlanStep] = []
        for index in operation.steps.indices.reversed() where operation.begun.contains(index) {
            switch operation.steps[index] {
            case .install(let install) where !kept.instances.contains(install.aid):
                steps.append(.removeInstance(.init(instance: install.aid, purpose: .forGood)))
            case .load(let load) where !kept.loadFiles.contains(load.aid):
                steps.append(.removeLoadFile(aid: load.aid))
            case .makeDomain(let domain): steps.append(.dropDomain(aid: domain.aid))
            case .upgrade(let task):
                let isOpen = sight.upgrade?.state.isOpen == true && sight.upgrade?.loadFile == task.loadFile
                if isOpen || operation.done.contains(index) { steps.append(.upgrade(task.reversed)) }
            case .install, .load, .extradite, .park, .snapshot, .removeInstance, .removeLoadFile, .dropDomain,
                .reserveInLedger, .releaseInLedger, .personalise, .identify, .restore, .putKeys:
                break
            }
        }
        var data: [PlanStep] = []
        for (index, step) in operation.steps.enumerated() {
            // Without data of its own it is parked without a command.
            guard case .park(let parking) = step, let stay = file.stay(of: parking.instance),
                operation.begun.contains(index) || operation.done.contains(index)
                    || !standsBesideOlder(parking.instance, file, around)
            else { continue }
            switch stay.state {
            // Half of it may stand on the card: that goes first, by a step above.
            case .held, .returning(file.card.id, _): break
            case .frozen, .provisional, .surrendering, .returning, .returned, .discarded: continue
            }
            let comeback = comeback(stay, parking.way, around)
            steps += comeback.code
            data += comeback.data
        }
        steps += data
        // What was put under the issuer's domain goes back to its own, with the code that was made anew for it.
        for index in operation.begun.sorted() {
            guard case .extradite(let move) = operation.steps[index], move.to == file.card.issuerDomain else {
                continue
            }
            let code = steps.compactMap { step in
                if case .install(let install) = step, install.aid == move.object {
                    install.loadFile
                } else {
                    nil
                }
            }
            for object in code + [move.object] {
                steps.append(.extradite(.init(object: object, from: move.to, to: move.from)))
            }
        }
        return steps
    }

    /// What was brought back to life by this operation stays, with the code it needs.
    private func restored(
        _ operation: Operation, _ around: Surroundings
    ) -> (instances: Set<AID>, loadFiles: Set<AID>) {
        var instances: Set<AID> = []
        for index in operation.done {
            if case .restore(let task) = operation.steps[index] { instances.insert(task.instance) }
        }
        var loadFiles: Set<AID> = []
        for case .install(let install) in operation.steps where instances.contains(install.aid) {
            loadFiles.insert(install.loadFile)
            guard let release = try? around.materials.release(install.release) else { continue }
            let libraries = (try? around.materials.libraries(of: release)) ?? []
            loadFiles.formUnion(libraries.map(\.loadFile.aid) + release.loadFiles.flatMap(\.imports))
        }
        return (instances, loadFiles)
    }

    /// Everything that brings a held application back to the card it left. Data come after all instances stand, and by
    /// the rules of a plan: a release's script is for its first instance.
    private func comeback(
        _ stay: Custody, _ way: PlanStep.Way, _ around: Surroundings
    ) -> (code: [PlanStep], data: [PlanStep]) {
        guard let release = try? around.materials.release(stay.release), let first = release.instances.first
        else { return ([], []) }
        let recipe = release.instances.first { $0.aid == stay.aid } ?? first
        let isFirst = recipe.aid == first.aid
        let libraries = (try? around.materials.libraries(of: release)) ?? []
        let own = release.loadFiles.map { NeededLoadFile(loadFile: $0, release: release.id) }
        var steps = (libraries + own).map { needed in
            PlanStep.load(
                .init(
                    release: needed.release, aid: needed.loadFile.aid,
                    digest: HexBytes(needed.loadFile.digest), byteCount: needed.loadFile.byteCount,
                    domain: nil))
        }
        steps.append(
            .install(
                .init(
                    release: release.id, aid: stay.aid, module: recipe.module, loadFile: recipe.loadFile,
                    privileges: recipe.privileges.rawValue, parameters: HexBytes(recipe.parameters),
                    domain: nil, isVacant: way == .contract)))
        var data: [PlanStep] = []
        if way == .stateless, isFirst, !release.personalisation.isEmpty {
            data.append(
                .personalise(
                    .init(
                        release: release.id, instance: stay.aid, commandCount: release.personalisation.count,
                        byteCount: release.personalisation.reduce(0) { $0 + $1.count })))
        }
        data.append(
            .restore(
                .init(
                    instance: stay.aid, release: release.id, imageBytes: stay.imageBytes,
                    way: way == .script && !isFirst ? .stateless : way, source: .held(stay.key))))
        return (steps, data)
    }
}

// MARK: - Stays that nobody wants

extension Visit {
    /// Thaws what was frozen in vain, and clears away half a copy.
    mutating func keepHouse(_ file: inout CaseFile, _ draft: inout OrderDraft, _ around: Surroundings) {
        for index in file.stays.indices where file.stays[index].isOpen {
            let stay = file.stays[index]
            guard !isWanted(stay, file), houseAttempts[stay.key, default: 0] < Self.houseAttemptsMax else {
                continue
            }
            switch stay.state {
            case .frozen, .provisional, .surrendering:
                guard stay.card == file.card.id, !around.flaws.contains(.forgetsThaw) else { continue }
                thaw(index, &file, &draft)
            case .returning(file.card.id, _):
                guard !around.flaws.contains(.keepsHalfCopy), isHalfCopy(stay) else { continue }
                clear(stay, "delete the half copy \(stay.aid)", &file, &draft)
            case .held:
                guard isLeftBehind(stay, on: file.card.id) else { continue }
                clear(stay, "delete what is left of \(stay.aid)", &file, &draft)
            case .returning, .returned, .discarded: continue
            }
        }
    }

    private mutating func clear(
        _ stay: Custody, _ words: String, _ file: inout CaseFile, _ draft: inout OrderDraft
    ) {
        houseAttempts[stay.key, default: 0] += 1
        file.note(.intent, -1, words)
        draft.add(.clear(stay.aid), .delete(stay.aid, withRelated: false))
    }

    private mutating func thaw(_ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft) {
        let stay = file.stays[index]
        guard stay.hasImage, let status = sight.parking[stay.aid] else { return }
        switch status.state {
        case .frozen where status.generation == stay.generation:
            houseAttempts[stay.key, default: 0] += 1
            file.note(.intent, -1, "thaw \(stay.aid)")
            draft.park(stay.aid, .thaw(generation: stay.generation), keys: sealKeys)
        // The command that was to freeze it never arrived, and in this session it cannot any more.
        case .active where status.generation < stay.generation:
            if let next = try? stay.after(.neverFrozen, at: file.now) { file.stays[index] = next }
        case .active, .frozen, .vacant, .importing, .verified: return
        }
    }

    /// What gave its data up still stands on the card: the operation that should delete it came to its end before.
    private func isLeftBehind(_ stay: Custody, on card: CardID) -> Bool {
        guard stay.card == card, isOnCard(stay.aid) == true, let status = sight.parking[stay.aid] else {
            return false
        }
        return stay.showsSurrender(.status(status))
    }

    /// Something of the application stands on the card, and it is not alive.
    private func isHalfCopy(_ stay: Custody) -> Bool {
        guard isOnCard(stay.aid) == true else { return false }
        guard stay.hasImage else { return stay.parking == .rePersonalised }
        switch sight.parking[stay.aid]?.state {
        case .vacant, .importing, .verified: return true
        case .active, .frozen, nil: return false
        }
    }
}

// MARK: - What a new release makes needless

extension Visit {
    /// What has no data of its own and was parked for a new release that stands now is not needed any more.
    func dismissReplaced(_ file: inout CaseFile) {
        guard let operation = file.operation else { return }
        for index in file.stays.indices where operation.hasReplaced(file.stays[index]) {
            let reason = "its new release took its place"
            if let next = try? file.stays[index].after(.dismissed(reason: reason), at: file.now) {
                file.stays[index] = next
            }
        }
    }
}

extension Operation {
    /// A stay without data that an update left behind, where everything of the new release stands.
    fileprivate func hasReplaced(_ stay: Custody) -> Bool {
        guard !isUndoing, stay.card == card, !stay.hasImage, case .held = stay.state else { return false }
        let isParkedHere = steps.indices.contains { index in
            guard case .park(let parking) = steps[index] else { return false }
            return parking.instance == stay.aid && done.contains(index)
        }
        let application = stay.release.application
        let releases = wishes.compactMap { wish in
            if case .update(let id) = wish, id.application == application { id } else { nil }
        }
        guard isParkedHere, let release = releases.first, release != stay.release else { return false }
        return steps.enumerated().allSatisfy { index, step in
            switch step {
            case .load(let load): load.release != release || done.contains(index)
            case .install(let install): install.release != release || done.contains(index)
            case .personalise(let task): task.release != release || done.contains(index)
            case .restore(let task): task.release != release
            case .park, .snapshot, .removeInstance, .removeLoadFile, .dropDomain, .makeDomain,
                .reserveInLedger, .releaseInLedger, .extradite, .identify, .putKeys, .upgrade:
                true
            }
        }
    }
}
