internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// An order that was carried out and never answered, of an operation whose deadline passed before the card came back:
// what it did on the card was asked for here, and is no drift.

extension Act {
    /// The dossier with what operations that ended had begun on the card, and can be seen there now; `nil` where
    /// nothing of it shows.
    /// - Parameter stays: of the card, and those on their way to it.
    /// - Parameter present: the operation of this visit, whose steps were looked at.
    func followLateSteps(
        _ dossier: CardDossier, _ contents: CardContents, _ stays: [Custody], on model: CardModel,
        besides present: RequestID?
    ) throws -> CardDossier? {
        let query = Query(Operation.table, [.init("card", .word(dossier.card.id))])
        // A reading after the deadline has shown whatever was still under way: what comes later is not of it.
        let readAt = dossier.card.inventory?.readAt
        let ended = try transaction.all(Operation.self, query)
            .filter { !$0.isOpen && $0.id != present && !$0.begun.isSubset(of: $0.done) }
            .filter { operation in readAt.map { $0 <= operation.deadline } ?? true }
            .sorted { $0.requestedAt > $1.requestedAt }
        var next = dossier
        for operation in ended { try followLateSteps(of: operation, &next, contents, stays, on: model) }
        return next == dossier ? nil : next
    }

    private func followLateSteps(
        of ended: Operation, _ next: inout CardDossier, _ contents: CardContents, _ stays: [Custody],
        on model: CardModel
    ) throws {
        var operation = ended
        for index in operation.begun.subtracting(operation.done).sorted() {
            let step = operation.steps[index]
            guard try shows(step, contents, next), !operation.leavesHalf(step, stays) else { continue }
            _ = try follow(step, nil, in: &next, on: model)
            operation.done.insert(index)
            transaction.insert(
                JournalEntry(
                    card: operation.card, operation: operation.id, number: operation.journalCount, at: now,
                    kind: .result, step: index, text: "done before its end, and seen now: \(step.words)"))
            operation.journalCount += 1
        }
        if operation != ended { transaction.put(operation) }
    }

    /// The registry says of this step that it is done, and the register does not know.
    private func shows(
        _ step: PlanStep, _ contents: CardContents, _ dossier: CardDossier
    ) throws -> Bool {
        switch step {
        case .load(let load):
            return try dossier.loadFile(load.aid) == nil
                && has(contents, load.aid, version: packageVersion(load.digest))
        case .upgrade(let task):
            let versions = (try packageVersion(task.old.digest), try packageVersion(task.new.digest))
            return versions.0 != versions.1
                && dossier.loadFile(task.loadFile)?.digest == task.old.digest.bytes
                && has(contents, task.loadFile, version: versions.1)
                && task.instances.allSatisfy { contents.application($0) != nil }
        case .install(let install):
            return dossier.application(install.aid) == nil
                && contents.application(install.aid)?.loadFile.map { $0 == install.loadFile } == true
        case .makeDomain(let domain):
            // Who asked for the room was told that there is none: it is nobody's.
            guard case .ready? = dossier.berth(of: domain.reservation.provider)?.state else { return false }
            return dossier.application(domain.aid) == nil && contents.application(domain.aid) != nil
        case .removeInstance(let removal):
            return dossier.application(removal.instance) != nil
                && contents.application(removal.instance) == nil
        case .dropDomain(let aid):
            return dossier.application(aid) != nil && contents.application(aid) == nil
        case .removeLoadFile(let aid):
            return dossier.loadFile(aid) != nil && contents.loadFile(aid) == nil
        case .extradite(let move):
            let known = dossier.application(move.object)?.domain ?? dossier.loadFile(move.object)?.domain
            let seen =
                contents.application(move.object)?.securityDomain
                ?? contents.loadFile(move.object)?.securityDomain
            return seen == move.to && known != move.to
        case .park, .snapshot, .reserveInLedger, .releaseInLedger, .personalise, .identify, .restore,
            .putKeys:
            return false
        }
    }

    private func has(_ contents: CardContents, _ aid: AID, version: [UInt8]?) -> Bool {
        guard let version, let seen = contents.loadFile(aid) else { return false }
        // A card that tells no versions has at least something of that name.
        return seen.version.map { $0 == version } ?? true
    }

    private func packageVersion(_ digest: HexBytes) throws -> [UInt8]? {
        try transaction.find(LoadFileBlob.self, key: .bytes(digest.bytes)).flatMap {
            LoadFile.packageVersion(ofDataBlock: $0.dataBlock)
        }
    }
}

extension Operation {
    /// An instance that was made and has not its data is no application: nobody may take it for one.
    /// - Parameter stays: what is on its way back has one that says how far it is.
    func leavesHalf(_ step: PlanStep, _ stays: [Custody]) -> Bool {
        guard case .install(let install) = step else { return false }
        return remainingSteps.contains { other in
            switch other {
            case .personalise(let task): task.instance == install.aid
            case .identify(let instance): instance == install.aid
            case .restore(let task):
                task.instance == install.aid && task.way != .stateless
                    && !stays.contains { $0.aid == install.aid && $0.isReturning(to: card) }
            case .park, .snapshot, .removeInstance, .removeLoadFile, .dropDomain, .makeDomain,
                .reserveInLedger, .releaseInLedger, .extradite, .load, .install, .putKeys, .upgrade:
                false
            }
        }
    }
}
