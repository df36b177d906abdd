internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// The first thing of every visit: ask the card what is true.

extension Visit {
    /// The registry, the free memory, and the word of every instance that is on its way in or out.
    mutating func surveyDraft(_ file: inout CaseFile) -> OrderDraft {
        var draft = OrderDraft()
        surveyed = file.operation?.id
        for tag in Self.identityTags { draft.add(.identity(tag), .getData(tag)) }
        bringUnderIssuer(&file, &draft)
        // Before the registry: what an upgrade took out of it is not gone.
        if file.model.upgradesLoadFiles { draft.add(.upgrade(step: nil), .manageELFUpgrade(.status)) }
        draft.readRegistry()
        // Others may have done something here, and the receipt for it may have been lost.
        if file.installed.contains(where: { $0.privileges.has(.delegatedManagement) }) {
            draft.add(.confirmationCounter, .getData(.confirmationCounter))
        }
        if file.operation?.replacedKeyVersion != nil {
            draft.add(.keyList, .getData(.keyInformationTemplate))
        }
        for aid in Self.speakers(file) {
            draft.park(aid, .query, keys: sealKeys)
            readAhead(aid, &file, &draft)
        }
        return draft
    }

    /// What is to leave with its data speaks through its own domain only: it is put under the issuer's first
    /// (docs/decisions/0008-parking-goes-through-the-issuer-domain.md). Sent again it changes nothing.
    private func bringUnderIssuer(_ file: inout CaseFile, _ draft: inout OrderDraft) {
        guard let operation = file.operationToBegin else { return }
        for index in operation.remaining {
            guard case .extradite(let move) = operation.steps[index], move.to == file.card.issuerDomain else {
                continue
            }
            begin(index, &file)
            draft.add(.step(index), InstallCommand.extradite(move.object, to: move.to).command())
        }
    }

    /// Instances whose word counts in this visit: those that are to be parked, and those with an open stay.
    static func speakers(_ file: CaseFile) -> [AID] {
        var speakers: [AID] = []
        func add(_ aid: AID) { if !speakers.contains(aid) { speakers.append(aid) } }
        for stay in file.stays where stay.isOpen && stay.hasImage {
            switch stay.state {
            case .frozen, .provisional, .surrendering, .held:
                if stay.card == file.card.id { add(stay.aid) }
            case .returning(let card, _): if card == file.card.id { add(stay.aid) }
            case .returned, .discarded: break
            }
        }
        for step in file.operation?.remainingSteps ?? [] {
            switch step {
            case .park(let parking) where parking.way == .contract: add(parking.instance)
            case .snapshot(let parking): add(parking.instance)
            case .restore(let task) where task.way == .contract: add(task.instance)
            case .park, .removeInstance, .removeLoadFile, .dropDomain, .makeDomain, .reserveInLedger,
                .releaseInLedger, .load, .extradite, .install, .personalise, .identify, .restore, .putKeys,
                .upgrade:
                break
            }
        }
        return speakers
    }

    mutating func takeSurvey(
        _ answers: [ResponseAPDU], _ file: inout CaseFile, _ around: Surroundings
    ) -> Reply {
        do {
            var rest = answers[...]
            let computed = asked.first == .select
            if computed {
                guard let first = rest.first, first.status.isSuccess || first.status == 0x6283 else {
                    return end(
                        .interrupted(
                            Reason(
                                .cardGone, text: "The card was gone, or does not know its issuer domain.")))
                }
                rest = rest.dropFirst()
                asked.removeFirst()
            }
            let opening = dialogue.openingAnswers
            try dialogue.accept(Array(rest.prefix(opening)))
            rest = rest.dropFirst(opening)
            acceptPendingKeys(&file)
            learnDerivationData(&file, around)
            try take(rest, &file, around)
            // Not before the card has named itself: another one with the same keys could have been at this counter.
            if let counter = dialogue.provenCounter { keepCounter(counter + 1, &file) }
        } catch {
            if case .handshake(.unexpectedAnswer) = error {
                return counterDiffers(answers.count > 1 ? answers[1] : nil, &file, around)
            }
            return end(Self.ending(of: error))
        }
        return goOn(&file, around, afterWork: false)
    }

    /// A card that was registered without what its keys are derived from shows it, and the keys that were made from it
    /// opened a session: without it no session could be computed ahead.
    private func learnDerivationData(_ file: inout CaseFile, _ around: Surroundings) {
        guard file.card.keySet.diversificationData.isEmpty, let peer = dialogue.session?.peer else { return }
        var keySet = file.card.keySet
        keySet.diversificationData = peer.diversificationData
        guard let taken = try? around.vault.derivationData(of: keySet), !taken.isEmpty else { return }
        file.card.keySet = keySet
    }

    static func counterWentBack(from expected: UInt32, to counter: UInt32) -> String {
        "The card's sequence counter went back from \(expected) to \(counter): "
            + "this is a copy of the card, or the card was put back to an older state."
    }
}

// MARK: - Reading answers

extension Visit {
    /// Reads the answers of the outstanding order into what is seen of the card.
    mutating func take(
        _ answers: ArraySlice<ResponseAPDU>, _ file: inout CaseFile, _ around: Surroundings
    ) throws(DialogueFailure) {
        var rest = answers
        var identity: [(Ask, ResponseAPDU)] = []
        var registry: [ResponseAPDU] = []
        // A further page of the registry belongs to the order before it.
        if reading == nil {
            sight.succeeded = []
            sight.refused = [:]
        }
        var failed: Set<Int> = []
        var lastFree = sight.free
        for (ask, data) in zip(asked, askedData) {
            let answer = try dialogue.receive(&rest)
            switch ask {
            case .identity: identity.append((ask, answer))
            case .registry: registry.append(answer)
            case .measure(let step):
                let before = lastFree
                lastFree = Self.room(answer)
                if let step, let before, let after = lastFree {
                    file.measurements.append(.init(step: step, before: before, after: after))
                }
                sight.free = lastFree
            case .personalize(let aid):
                if !answer.status.isSuccess { sight.silent.insert(aid) } else { sight.silent.remove(aid) }
            case .parking(let aid, let order): takeParking(aid, order, answer, command: data)
            case .confirmationCounter:
                guard isAnswerProven, answer.status.isSuccess, let object = try? BERTLV.readOne(answer.data),
                    object.value.count == 2
                else { break }
                file.confirmationCounter = UInt16(bigEndianBytes: object.value)
            case .keyList:
                guard answer.status.isSuccess, let keys = try? KeyTemplate.read(answer.data) else { break }
                sight.keyVersions = Set(keys.map(\.version))
            case .keys(let step): takeKeys(step, answer)
            case .clear(let aid):
                takeConfirmation(.delete(aid), answer, &file, around)
                if answer.status.isSuccess, isRegistryCredible { sight.deleted.insert(aid) }
                sight.notCleared[aid] =
                    answer.status.isSuccess ? nil : Self.refusal("delete the instance \(aid)", answer.status)
            case .step(let step):
                takeConfirmation(subject(of: step, file), answer, &file, around)
                guard !answer.status.isSuccess else {
                    sight.succeeded.insert(step)
                    if isRegistryCredible { noteDeletion(step, file) }
                    // What was said under this name was another's word.
                    if let made = file.operation?.steps[step].madeAID { sight.parking[made] = nil }
                    continue
                }
                failed.insert(step)
                if sight.refused[step] == nil { sight.refused[step] = Self.words(answer.status, step, file) }
            case .upgrade(let step):
                guard let words = takeUpgrade(step, answer, file), let step else { break }
                failed.insert(step)
                if sight.refused[step] == nil { sight.refused[step] = words }
            case .witness(let subject): takeConfirmation(subject, answer, &file, around)
            case .select, .initializeUpdate: break
            }
        }
        sight.succeeded.subtract(failed)
        if let seen = Self.identity(identity.map(\.0), identity.map(\.1)), seen != cardID,
            !around.flaws.contains(.ignoresIdentity)
        {
            throw .handshake(.outOfOrder)
        }
        takeRegistry(registry, &file, around)
    }

    private mutating func noteDeletion(_ step: Int, _ file: CaseFile) {
        guard let steps = file.operation?.steps, steps.indices.contains(step) else { return }
        switch steps[step] {
        case .removeInstance(let removal): sight.deleted.insert(removal.instance)
        case .removeLoadFile(let aid), .dropDomain(let aid): sight.deleted.insert(aid)
        case .install(let install): sight.deleted.remove(install.aid)
        case .load(let load): sight.deleted.remove(load.aid)
        case .park, .snapshot, .makeDomain, .reserveInLedger, .releaseInLedger, .extradite, .personalise,
            .identify, .restore, .putKeys, .upgrade:
            break
        }
    }

    static func room(_ answer: ResponseAPDU) -> Room? {
        guard answer.status.isSuccess, let object = try? BERTLV.readOne(answer.data),
            let resources = try? CardResources(value: object.value)
        else { return nil }
        return Room(nonVolatile: resources.freeNonVolatile, volatile: resources.freeVolatile)
    }

    static func words(_ status: StatusWord, _ step: Int, _ file: CaseFile) -> Reason {
        let what =
            file.operation?.steps.indices.contains(step) == true
            ? file.operation?.steps[step].words ?? "a step" : "a step"
        return refusal(what, status)
    }

    private static func refusal(_ what: String, _ status: StatusWord) -> Reason {
        Reason(.cardRefused, about: "\(status)", text: "The card refused to \(what): \(status).")
    }

    private mutating func takeParking(
        _ aid: AID, _ order: ParkingOrder, _ answer: ResponseAPDU, command: [UInt8]
    ) {
        guard answer.status.isSuccess else { return }
        guard
            let read = try? ParkingAnswer(answer.data, to: order, command: command, keys: sealKeys)
        else { return }
        switch read {
        case .status(var status):
            if case .freeze = order {
                sight.unheard.remove(aid)
                // A generation that was guessed wrong is no judgement of the application.
                if status.result == .wrongGeneration, let known = sight.parking[aid] {
                    status.result = known.result
                }
            }
            sight.parking[aid] = status
        case .piece(let result, let generation, let offset, let bytes):
            guard result.isSuccess, sight.parking[aid]?.generation == generation,
                sight.pieces[aid, default: []].count == offset
            else { return }
            sight.pieces[aid, default: []] += bytes
        }
    }

    /// The order of the questions in a reading that asks all at once.
    private static let applicationListIndex = 2

    private mutating func takeRegistry(
        _ answers: [ResponseAPDU], _ file: inout CaseFile, _ around: Surroundings
    ) {
        guard !answers.isEmpty else { return }
        var reading = ReadContents()
        if let unfinished = self.reading {
            reading = unfinished
        } else {
            guard (try? reading.next(after: [])) != nil else { return }
            // An error carries no MAC, so "nothing matches" proves nothing.
            let list =
                answers.indices.contains(Self.applicationListIndex)
                ? answers[Self.applicationListIndex].status : 0x6F00
            sight.isListProven =
                around.flaws.contains(.believesEmptyRegistry)
                || isRegistryCredible && (list.isSuccess || list == 0x6310)
        }
        self.reading = nil
        pages = []
        guard let step = try? reading.next(after: answers) else { return }
        switch step {
        case .done(var contents):
            // What cannot be true was changed on its way, or the card is broken: it is no reading.
            do { try contents.check() } catch {
                file.note(.result, -1, error.reason)
                return
            }
            sight.hasWitness = contents.application(Self.witness) != nil
            contents.applications.removeAll { $0.aid == Self.witness }
            // What is free beside it is not what is free.
            if sight.hasWitness { contents.resources = nil }
            // The number of applications is a datum: it comes with the MAC that an error does not have.
            if contents.resources?.applicationCount == 0, contents.applications.isEmpty, isRegistryCredible {
                sight.isListProven = true
            }
            sight.isFileListCredible = isFileListCredible(contents, file)
            sight.contents = contents
            sight.deleted = sight.deleted.filter {
                contents.application($0) == nil && contents.loadFile($0) == nil
            }
            if let resources = contents.resources {
                sight.free = Room(nonVolatile: resources.freeNonVolatile, volatile: resources.freeVolatile)
            }
            let missing = file.installed.filter { contents.application($0.aid) == nil }
            let isAccountedFor = missing.allSatisfy { sight.deleted.contains($0.aid) }
            // In the middle of an upgrade the registry is not what is true.
            let isWhole = sight.upgrade?.state.isOpen != true && sight.isFileListCredible
            if isWhole, sight.isListProven || isAccountedFor { file.contents = contents }
        case .send(let commands):
            self.reading = reading
            pages = commands
        }
    }

    /// That no code is there comes as an error too: it is not believed of a card that lists what its own domains are
    /// made from; nor where the card has just shown some that nobody deleted, or shows what was made from it, or may
    /// have some of that.
    private func isFileListCredible(_ contents: CardContents, _ file: CaseFile) -> Bool {
        guard contents.loadFiles.isEmpty else { return true }
        let known = sight.contents?.loadFiles.map(\.aid) ?? []
        let mayStand = file.installed.contains { $0.loadFile != nil && !sight.deleted.contains($0.aid) }
        return !file.listsOwnCode && known.allSatisfy(sight.deleted.contains)
            && contents.applications.allSatisfy { $0.loadFile == nil } && (sight.isListProven || !mayStand)
    }

    private func subject(of step: Int, _ file: CaseFile) -> ReceiptSubject? {
        guard let steps = file.operation?.steps, steps.indices.contains(step) else { return nil }
        if case .makeDomain(let domain) = steps[step] {
            return .install(loadFile: securityDomainOrigin, instance: domain.aid)
        }
        return steps[step].receiptSubject(file)
    }

    /// A card that signs what it did: the evidence is kept whatever else comes of it.
    private func takeConfirmation(
        _ subject: ReceiptSubject?, _ answer: ResponseAPDU, _ file: inout CaseFile, _ around: Surroundings
    ) {
        guard answer.status.isSuccess, answer.data.count > 1, let subject,
            !around.flaws.contains(.losesConfirmation)
        else { return }
        file.confirmations.append(ConfirmedOperation(subject: subject, data: answer.data))
    }
}
