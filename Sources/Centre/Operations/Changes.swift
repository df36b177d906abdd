internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
package import SmartCard

// Steps that change the card, sent blind behind each other: each is harmless if an earlier one was refused.

/// Why an order ends before the plan does: what follows must know what became of this.
struct Barrier: Error {}

extension Visit {
    mutating func addChanges(
        _ file: inout CaseFile, _ draft: inout OrderDraft, _ around: Surroundings
    ) throws {
        if !isAnswerProven, surrenderFirst(&file, &draft, around) { return }
        // What is deleted in this order cannot be told from what would take its place.
        var deleted: Set<AID> = []
        do {
            for index in file.operation?.remaining ?? [] where !draft.isFull {
                guard let step = file.operation?.steps[index] else { break }
                if step.isReading { continue }
                if let aid = step.madeAID, deleted.contains(aid) { break }
                try add(step, index, &file, &draft, around)
                if let aid = step.deletedAID { deleted.insert(aid) }
                if step.changesMemory { draft.measure(after: index) }
            }
        } catch is Barrier {
            return
        }
    }

    /// Without MACs on answers an absent instance proves nothing: the card gives its copies up, and says so in a sealed
    /// answer, before anything is deleted.
    private func surrenderFirst(
        _ file: inout CaseFile, _ draft: inout OrderDraft, _ around: Surroundings
    ) -> Bool {
        for case .removeInstance(let removal) in file.operation?.remainingSteps ?? []
        where removal.purpose == .parked {
            guard let place = file.stayIndex(of: removal.instance), file.stays[place].hasImage else {
                continue
            }
            if case .held = file.stays[place].state { continue }
            guard let next = try? file.stays[place].after(.surrenderIntended, at: file.now) else { continue }
            if !around.flaws.contains(.forgetsSurrenderIntent) { file.stays[place] = next }
            file.operation?.isPastReturn = true
            draft.park(
                removal.instance, .surrender(generation: next.generation, digest: next.digest), keys: sealKeys
            )
        }
        return !draft.isEmpty
    }

    private mutating func add(
        _ step: PlanStep, _ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft,
        _ around: Surroundings
    ) throws {
        switch step {
        case .park, .snapshot: return
        case .removeInstance(let removal): try remove(removal, index, &file, &draft, around)
        case .removeLoadFile(let aid), .dropDomain(let aid):
            begin(index, &file)
            draft.add(.step(index), .delete(aid, withRelated: false))
        case .makeDomain(let domain): make(domain, index, &file, &draft)
        case .reserveInLedger, .releaseInLedger:
            begin(index, &file)
            file.operation?.done.insert(index)
        case .load(let load): try add(load, index, &file, &draft, around)
        case .install(let install): try add(install, index, &file, &draft, around)
        case .extradite(let move): try extradite(move, index, &file, &draft)
        case .personalise(let task): try personalise(task, index, &file, &draft, around)
        case .identify(let instance): try identify(instance, index, &file, &draft, around)
        case .restore(let task): try restore(task, index, &file, &draft, around)
        case .putKeys(let masterKey, let version):
            guard draft.isEmpty else { throw Barrier() }
            try putKeys(masterKey, version, index, &file, &draft, around)
            throw Barrier()
        case .upgrade(let task): try upgrade(task, index, &file, &draft, around)
        }
    }

    private func remove(
        _ removal: PlanStep.Removal, _ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft,
        _ around: Surroundings
    ) throws {
        switch removal.purpose {
        case .forGood: file.operation?.isPastReturn = true
        case .parked:
            guard let place = file.stayIndex(of: removal.instance) else { throw Barrier() }
            let stay = file.stays[place]
            if case .held = stay.state {
            } else {
                if !around.flaws.contains(.forgetsSurrenderIntent) {
                    guard let next = try? stay.after(.surrenderIntended, at: file.now) else {
                        guard around.flaws.contains(.deletesBeforeDurable) else { throw Barrier() }
                        break
                    }
                    file.stays[place] = next
                }
                file.operation?.isPastReturn = true
                if stay.hasImage {
                    draft.park(
                        removal.instance,
                        .surrender(generation: stay.generation, digest: stay.digest), keys: sealKeys)
                }
            }
        }
        begin(index, &file)
        draft.add(.step(index), .delete(removal.instance, withRelated: false))
    }

    /// Back under its owner's domain goes only what is known to be alive: from there it could not be asked.
    private func extradite(
        _ move: PlanStep.Extradition, _ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft
    ) throws {
        if move.to != file.card.issuerDomain {
            let isAlone = draft.items.allSatisfy { item in
                guard case .step(let other) = item.ask, case .extradite? = file.operation?.steps[other] else {
                    return false
                }
                return true
            }
            guard isAlone else { throw Barrier() }
        }
        begin(index, &file)
        draft.add(.step(index), InstallCommand.extradite(move.object, to: move.to).command())
    }

    private func make(
        _ domain: PlanStep.NewDomain, _ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft
    ) {
        begin(index, &file)
        let reservation = domain.reservation
        let parameters = InstallParameters(
            volatileQuota: reservation.quota.map(\.volatile),
            nonVolatileQuota: reservation.quota.map(\.nonVolatile),
            volatileReserved: reservation.room.volatile > 0 ? reservation.room.volatile : nil,
            nonVolatileReserved: reservation.room.nonVolatile)
        let install = InstallCommand.Install(
            loadFile: securityDomainOrigin,
            module: WellKnownAID.securityDomainModule, instance: domain.aid,
            privileges: Privileges(rawValue: reservation.privileges).union(.securityDomain),
            parameters: parameters)
        draft.add(.step(index), InstallCommand.install(install, makeSelectable: true).command())
    }

    private func add(
        _ load: PlanStep.Load, _ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft,
        _ around: Surroundings
    ) throws {
        let block = try around.materials.loadFile(load.digest.bytes)
        let whole = SignedLoadFile(dataBlock: block).encoded
        let size = LoadCommand.blockBytes(
            for: whole.count, short: dialogue.session?.maximumCommandData() ?? file.model.loadBlockBytesMax,
            extended: file.model.hasExtendedLength ? dialogue.session?.longestCommandData : nil)
        guard let blocks = size.flatMap({ LoadCommand.commands(loadFile: whole, blockBytesMax: $0) }) else {
            throw MaterialFailure.loadFileTooLong(load.aid)
        }
        begin(index, &file)
        let begin = InstallCommand.Load(
            loadFile: load.aid, securityDomain: load.domain ?? file.card.issuerDomain)
        draft.add(.step(index), InstallCommand.load(begin).command())
        for block in blocks { draft.add(.step(index), block) }
    }

    private func add(
        _ install: PlanStep.Install, _ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft,
        _ around: Surroundings
    ) throws {
        try checkService(of: install.release, file, around)
        var parameters = install.parameters.bytes
        if install.isVacant {
            guard let stay = returningStay(for: install.aid, file, around) else { throw Barrier() }
            parameters += BERTLV.encode(
                .parkingParameters,
                BERTLV.encode(.parkingStateCode, [ParkingState.vacant.rawValue])
                    + BERTLV.encode(.parkingGeneration, stay.generation.bigEndianBytes)
                    + BERTLV.encode(.parkingLineage, stay.lineage))
        }
        begin(index, &file)
        let command = InstallCommand.Install(
            loadFile: install.loadFile, module: install.module, instance: install.aid,
            privileges: Privileges(rawValue: install.privileges),
            parameters: InstallParameters(application: parameters))
        draft.add(.step(index), InstallCommand.install(command, makeSelectable: true).command())
    }

    /// Row C7: a service may have been stopped since the plan was made.
    func checkService(of release: ReleaseID, _ file: CaseFile, _ around: Surroundings) throws {
        guard file.operation?.isUndoing == false, !around.flaws.contains(.installsStopped) else { return }
        let application = try around.materials.application(release.application)
        if case .stopped(let reason) = application.service {
            throw MaterialFailure.serviceStopped(release.application, reason: reason)
        }
    }

    /// The held stay whose data the instance waits for; `nil` while nobody may have them.
    private func returningStay(
        for instance: AID, _ file: CaseFile, _ around: Surroundings
    ) -> Custody? {
        for case .restore(let task)? in file.operation?.steps.map(Optional.some) ?? []
        where task.instance == instance {
            guard let stay = file.stays.last(where: { isStay($0, of: task, file) }) else { continue }
            switch stay.state {
            case .held: return stay
            case .returning(let card, _) where card == file.card.id: return stay
            case .provisional where around.flaws.contains(.restoresProvisional): return stay
            case .frozen, .provisional, .surrendering, .returning, .returned, .discarded: continue
            }
        }
        return nil
    }

    private mutating func personalise(
        _ task: PlanStep.Personalisation, _ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft,
        _ around: Surroundings
    ) throws {
        if file.operation?.begun.contains(index) == true, !around.flaws.contains(.personalisesTwice),
            isOnCard(task.instance) == true
        {
            return try makeAnew(task.instance, index, &file, &draft)
        }
        begin(index, &file)
        let release = try around.materials.release(task.release)
        send(release.personalisation, to: task.instance, index, &draft)
    }

    /// So often an instance is to be made anew in one visit before its operation is given up.
    private static let anewMax = 2

    /// Nobody knows how far a personalisation came that broke off: the instance has no data of its own yet, so it is
    /// made again.
    private mutating func makeAnew(
        _ instance: AID, _ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft
    ) throws {
        // What the card refused once more on an instance just made, it will refuse always; so it is with one that it
        // does not delete.
        madeAnew[instance, default: 0] += 1
        guard madeAnew[instance, default: 0] < Self.anewMax else {
            if let refusal = sight.notCleared[instance] { file.operation?.lastRefusal = refusal }
            throw Barrier()
        }
        guard
            let made = file.operation?.steps.firstIndex(where: {
                if case .install(let install) = $0 { install.aid == instance } else { false }
            })
        else { throw Barrier() }
        // Both count as begun until the instance is seen to be gone: this deletion may never reach the card.
        file.operation?.done.remove(made)
        // The register is not to take it for an application that came and went; without it the room does not add up.
        file.contents?.applications.removeAll { $0.aid == instance }
        file.contents?.resources = nil
        file.note(.intent, index, "delete \(instance), whose personalisation broke off")
        // Not as an answer to the step, whose success would mean that the instance has its data.
        draft.add(.clear(instance), .delete(instance, withRelated: false))
        throw Barrier()
    }

    private func send(_ data: [[UInt8]], to instance: AID, _ index: Int, _ draft: inout OrderDraft) {
        guard !data.isEmpty else { return }
        draft.add(.step(index), InstallCommand.personalize(instance).command())
        for command in StoreData(format: .berTLV).commands(blocks: data) { draft.add(.step(index), command) }
    }

    private mutating func restore(
        _ task: PlanStep.Restoration, _ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft,
        _ around: Surroundings
    ) throws {
        guard let place = file.stays.lastIndex(where: { isStay($0, of: task, file) }) else { throw Barrier() }
        let stay = file.stays[place]
        if task.way == .script, file.operation?.begun.contains(index) == true,
            isOnCard(task.instance) == true
        {
            return try makeAnew(task.instance, index, &file, &draft)
        }
        if !around.flaws.contains(.restoresProvisional) || stay.isHeldOrReturning {
            guard let next = try? stay.after(.returnIntended(to: file.card.id), at: file.now) else {
                throw Barrier()
            }
            if !around.flaws.contains(.forgetsReturnIntent) { file.stays[place] = next }
        }
        begin(index, &file)
        switch task.way {
        case .stateless: return
        case .script:
            let release = try around.materials.release(task.release)
            send(release.personalisation, to: task.instance, index, &draft)
        case .contract:
            let image = try around.materials.image(of: stay)
            write(image, around.flaws.contains(.offersOldImage) ? stay.outdated : stay, task.instance, &draft)
            if around.flaws.contains(.discardsImageEarly) {
                file.stays[place].state = .discarded(at: file.now, reason: "it was sent")
            }
        }
    }

    private func write(_ image: Secret, _ stay: Custody, _ instance: AID, _ draft: inout OrderDraft) {
        let bytes = image.withBytes { Array($0) }
        let size = sealKeys == nil ? 200 : 166
        draft.park(instance, .begin(stay.image), keys: sealKeys)
        for (number, piece) in bytes.chunks(of: size).enumerated() {
            let order = ParkingOrder.write(generation: stay.generation, offset: number * size, chunk: piece)
            draft.park(instance, order, keys: sealKeys)
        }
        draft.park(instance, .verify(generation: stay.generation, digest: stay.digest), keys: sealKeys)
        draft.park(instance, .commit(generation: stay.generation, digest: stay.digest), keys: sealKeys)
    }
}

/// Why a step cannot be sent.
package enum MaterialFailure: Error, Hashable, CustomStringConvertible {
    case loadFileMissing(String)
    case loadFileTooLong(AID)
    case releaseUnknown(ReleaseID)
    case applicationUnknown(ApplicationID)
    case serviceStopped(ApplicationID, reason: String)
    case imageMissing(AID)
    case holderMissing(CardID)
    case keys(KeyVaultFailure)

    package var description: String {
        switch self {
        case .loadFileMissing(let digest): "the load file \(digest) is not in the catalogue"
        case .loadFileTooLong(let aid): "the load file \(aid) has more blocks than LOAD can number"
        case .releaseUnknown(let release): "the release \(release) is not in the catalogue"
        case .applicationUnknown(let id): "the application \(id) is not in the catalogue"
        case .serviceStopped(let id, let reason): "the service of \(id) was stopped: \(reason)"
        case .imageMissing(let aid): "the data of \(aid) are not in the vault"
        case .holderMissing(let card): "nobody is the holder of card \(card)"
        case .keys(.keySource(.diversification(.diversificationDataTooShort))):
            "the card was registered without the data that such keys are derived from (diversificationData)"
        case .keys(let failure): "the key vault refused: \(failure)"
        }
    }
}

extension Custody {
    /// A planted mistake: the image before this one.
    fileprivate var outdated: Custody {
        var stay = self
        stay.generation = max(2, generation) - 2
        return stay
    }

    /// The live copy is in the vault, or on its way from there.
    var isHeldOrReturning: Bool {
        switch state {
        case .held, .returning: true
        case .frozen, .provisional, .surrendering, .returned, .discarded: false
        }
    }
}
