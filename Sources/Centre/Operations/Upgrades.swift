internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// Code that is exchanged under its instances (docs/reference/elf-upgrade.md). The data never leave the card: it keeps
// them from the first command to the last, so whatever was interrupted is asked for and goes on, forward or back.

extension Visit {
    /// How often one visit tries to end what no operation wants.
    private static let upgradeAttemptsMax = 2

    /// An upgrade and what may be sent blind behind it: where one command is refused, those after it are as well.
    func upgrade(
        _ task: PlanStep.Upgrade, _ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft,
        _ around: Surroundings
    ) throws {
        try checkService(of: task.new.release, file, around)
        guard let status = sight.upgrade else { throw UpgradeFailure.unknown(task.loadFile) }
        begin(index, &file)
        let block = try around.materials.loadFile(task.new.digest.bytes)
        switch status.state {
        case .none, .completed:
            draft.add(.upgrade(step: index), .startELFUpgrade(of: task.loadFile))
        case .interruptedSaving, .interruptedCleanup, .interruptedDeletion:
            draft.add(.upgrade(step: index), .manageELFUpgrade(.resume))
        case .waitingForLoadFile: break
        case .restorationFailed:
            draft.add(.upgrade(step: index), .manageELFUpgrade(.recovery))
        case .waitingForRestoration, .interruptedInstallation, .interruptedRestoration,
            .interruptedConsolidation:
            // The code that stands there may be what is wanted, or what is to go.
            if shows(task.new, of: task.loadFile), !shows(task.old, of: task.loadFile) {
                draft.add(.upgrade(step: index), .manageELFUpgrade(.resume))
                throw Barrier()
            }
            draft.add(.upgrade(step: index), .manageELFUpgrade(.recovery))
        }
        try load(block, as: task.loadFile, .step(index), file, &draft)
        draft.add(.upgrade(step: index), .manageELFUpgrade(.resume))
        throw Barrier()
    }

    private func load(
        _ block: [UInt8], as aid: AID, _ ask: Ask, _ file: CaseFile, _ draft: inout OrderDraft
    ) throws {
        let whole = SignedLoadFile(dataBlock: block).encoded
        let size = dialogue.session?.maximumCommandData() ?? 223
        guard let blocks = LoadCommand.commands(loadFile: whole, blockBytesMax: size) else {
            throw MaterialFailure.loadFileTooLong(aid)
        }
        let begin = InstallCommand.Load(loadFile: aid, securityDomain: file.card.issuerDomain)
        draft.add(ask, InstallCommand.load(begin).command())
        for block in blocks { draft.add(ask, block) }
    }

    // MARK: Evidence

    /// Takes the state that the card tells; words where it refused, or where the new code did.
    mutating func takeUpgrade(_ step: Int?, _ answer: ResponseAPDU, _ file: CaseFile) -> Reason? {
        guard answer.status.isSuccess else {
            return step.map { Self.words(answer.status, $0, file) }
        }
        guard let status = ELFUpgradeStatus(answer: answer.data) else {
            return Reason(
                .cardSilent, text: "The card tells nothing that makes sense of its upgrade.")
        }
        sight.upgrade = status
        guard let step else { return nil }
        sight.succeeded.insert(step)
        guard status.state == .restorationFailed else { return nil }
        return Reason(.dataNotTaken, text: "The new code did not take the data over.")
    }

    /// The card is not in the middle of anything, everything stands, and it is the new code: by its version, or, where
    /// both versions are called the same, because every command was carried out.
    func isUpgraded(_ task: PlanStep.Upgrade, _ index: Int) -> Bool {
        guard let status = sight.upgrade, !status.state.isOpen, isLoaded(task.loadFile) == true,
            task.instances.allSatisfy({ isOnCard($0) == true })
        else { return false }
        if sight.succeeded.contains(index), status == ELFUpgradeStatus(.completed, loadFile: task.loadFile) {
            return true
        }
        return shows(task.new, of: task.loadFile) && !shows(task.old, of: task.loadFile)
    }

    /// Whether the registry has a load file of this version.
    private func shows(_ code: PlanStep.Upgrade.Code, of aid: AID) -> Bool {
        guard let seen = sight.contents?.loadFile(aid)?.version, let version = codeVersions[code.digest]
        else {
            return false
        }
        return seen == version
    }

    mutating func learnCodeVersions(_ file: CaseFile, _ around: Surroundings) {
        for case .upgrade(let task) in file.operation?.remainingSteps ?? [] {
            for code in [task.old, task.new] where codeVersions[code.digest] == nil {
                guard let block = try? around.materials.loadFile(code.digest.bytes) else { continue }
                codeVersions[code.digest] = LoadFile.packageVersion(ofDataBlock: block)
            }
        }
    }

    // MARK: When it does not go on

    /// Why an upgrade cannot come to its end; `nil` while it may.
    func refusedUpgrade(_ operation: Operation) -> Reason? {
        guard !operation.isUndoing else { return nil }
        for index in operation.remaining {
            guard case .upgrade(let task) = operation.steps[index] else { continue }
            guard let status = sight.upgrade else {
                return Reason(.cardSilent, text: "\(UpgradeFailure.unknown(task.loadFile))")
            }
            guard operation.begun.contains(index) else { return nil }
            if status.state == .restorationFailed, status.loadFile == task.loadFile {
                return Reason(
                    .dataNotTaken, about: "\(task.new.release)",
                    text: "\(task.new.release) did not take over the data of \(task.old.release).")
            }
            // The first command was refused, and so nothing has happened.
            return status.state.isOpen ? nil : sight.refused[index]
        }
        return nil
    }

    /// Where nothing has happened yet, the data can still leave and come back; else the old code gets them again.
    mutating func turnFromUpgrade(_ reason: Reason, _ file: inout CaseFile, _ around: Surroundings) {
        guard let operation = file.operation, sight.upgrade?.state.isOpen != true,
            let index = operation.remaining.first(where: { operation.steps[$0].isUpgrade }),
            case .upgrade(let task) = operation.steps[index], let steps = exchange(task, file, around)
        else { return giveUp(reason, &file, around) }
        file.turned = operation
        file.note(.intent, index, "park and restore instead: \(reason)")
        func moved(_ indices: Set<Int>) -> Set<Int> {
            Set(indices.subtracting([index]).map { $0 < index ? $0 : $0 + steps.count - 1 })
        }
        file.operation?.steps.replaceSubrange(index...index, with: steps)
        file.operation?.done = moved(operation.done)
        file.operation?.begun = moved(operation.begun)
        file.operation?.idleOrders = 0
        sight.refused = [:]
        sight.succeeded = []
        isSurveyDue = true
    }

    /// The same update by parking, where both releases leave and come back in the same way.
    private func exchange(
        _ task: PlanStep.Upgrade, _ file: CaseFile, _ around: Surroundings
    ) -> [PlanStep]? {
        guard let old = try? around.materials.release(task.old.release),
            let new = try? around.materials.release(task.new.release), old.parking == new.parking,
            old.parking == .contract,
            // From under a domain of its owner it could not be asked.
            task.instances.allSatisfy({ aid in
                sight.contents?.application(aid)?.securityDomain.map { $0 == file.card.issuerDomain } ?? true
            })
        else { return nil }
        var steps = task.instances.map {
            PlanStep.park(.init(instance: $0, release: old.id, imageBytes: 0, way: .contract))
        }
        steps += task.instances.map { .removeInstance(.init(instance: $0, purpose: .parked)) }
        steps += [
            .removeLoadFile(aid: task.loadFile),
            .load(
                .init(
                    release: new.id, aid: task.loadFile, digest: task.new.digest,
                    byteCount: task.new.byteCount, domain: nil)),
        ]
        for instance in new.instances {
            steps.append(
                .install(
                    .init(
                        release: new.id, aid: instance.aid, module: instance.module,
                        loadFile: instance.loadFile,
                        privileges: instance.privileges.rawValue, parameters: HexBytes(instance.parameters),
                        domain: nil, isVacant: true)))
        }
        return steps
            + new.instances.map {
                .restore(
                    .init(
                        instance: $0.aid, release: new.id, imageBytes: 0, way: .contract,
                        source: .parkedByThisPlan(instance: $0.aid)))
            }
    }

    // MARK: What nobody wants any more

    /// An operation that ended left the card in the middle of an upgrade: the code that the register knows comes back.
    mutating func endUpgrade(
        _ file: inout CaseFile, _ draft: inout OrderDraft, _ around: Surroundings
    ) -> Bool {
        guard let status = sight.upgrade, status.state.isOpen, let aid = status.loadFile,
            !isWanted(upgradeOf: aid, file), upgradeAttempts < Self.upgradeAttemptsMax
        else { return false }
        upgradeAttempts += 1
        file.note(.intent, -1, "end the upgrade of \(aid)")
        if status.state == .interruptedSaving {
            draft.add(.upgrade(step: nil), .manageELFUpgrade(.abort))
            return true
        }
        guard let release = file.installed.first(where: { $0.loadFile == aid })?.release,
            let code = try? around.materials.release(release).loadFiles.first(where: { $0.aid == aid }),
            let block = try? around.materials.loadFile(code.digest)
        else { return false }
        draft.add(.upgrade(step: nil), .manageELFUpgrade(.recovery))
        let receipt = ReceiptSubject.load(loadFile: aid, domain: file.card.issuerDomain)
        guard (try? load(block, as: aid, .witness(receipt), file, &draft)) != nil else { return false }
        draft.add(.upgrade(step: nil), .manageELFUpgrade(.resume))
        return true
    }

    private func isWanted(upgradeOf aid: AID, _ file: CaseFile) -> Bool {
        guard let operation = file.operation, operation.isOpen else { return false }
        return operation.remainingSteps.contains { step in
            if case .upgrade(let task) = step { task.loadFile == aid } else { false }
        }
    }
}

enum UpgradeFailure: Error, CustomStringConvertible {
    case unknown(AID)

    var description: String {
        switch self {
        case .unknown(let aid): "the card does not say how its upgrade of \(aid) stands"
        }
    }
}

extension PlanStep {
    var isUpgrade: Bool { if case .upgrade = self { true } else { false } }
}

extension OrderDraft {
    var isUpgrading: Bool {
        items.contains { if case .upgrade = $0.ask { true } else { false } }
    }
}
