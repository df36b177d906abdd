internal import GlobalPlatform
internal import SmartCard

/// MANAGE ELF UPGRADE (Amendment H 1.1): a load file is replaced, and its applications keep their data.
///
/// Every phase ends with a commit, so that a card which lost its power says in which phase it is, and resumes there.
/// From saving until the new code has taken the data over the card keeps them, whatever happens.
extension VirtualCard {
    func manageELFUpgrade(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        guard profile.upgradesLoadFiles else { throw .instructionNotSupported }
        guard command.p2 == 0, let action = ELFUpgradeAction(rawValue: command.p1) else {
            throw .incorrectParameters
        }
        guard action == .start || command.data.isEmpty else { throw .wrongLength }
        if action != .status {
            try checkMayManage(domain, [.load, .install, .makeSelectable, .delete])
            // Who only has tokens cannot show one here.
            guard !domain.isDelegated, session?.load == nil else { throw .conditionsNotSatisfied }
            if let upgrade = state.openUpgrade, !mayDelete(contentOf: upgrade.domain, domain) {
                throw .conditionsNotSatisfied
            }
        }
        switch action {
        case .status: break
        case .start: try startUpgrade(command, domain, channel)
        case .resume: try goOnUpgrading()
        case .recovery: try recoverUpgrade()
        case .abort:
            // Later the data would go with it.
            guard state.openUpgrade?.state == .interruptedSaving else { throw .conditionsNotSatisfied }
            state.upgrade = nil
        }
        let status = state.upgrade.map { ELFUpgradeStatus($0.state, loadFile: $0.loadFile) }
        return ResponseAPDU(data: (status ?? ELFUpgradeStatus(.none)).answer)
    }

    /// Other content does not change while the registry waits for what was taken out of it.
    func checkNoUpgrade() throws(Refusal) {
        guard state.openUpgrade == nil else { throw .conditionsNotSatisfied }
    }

    private func startUpgrade(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) {
        try checkNoUpgrade()
        guard let request = ELFUpgradeRequest(command.data) else { throw .incorrectData }
        // One file in the usual order is all that this card knows.
        guard request.options == 0 else { throw .incorrectData }
        guard let file = state.loadFile(request.loadFile), file.code != nil else {
            throw .referencedDataNotFound
        }
        guard mayDelete(contentOf: file.domain, domain), isUpgradable(file) else {
            throw .conditionsNotSatisfied
        }
        let isImported = state.loadFiles.contains { $0.imports.contains { $0.aid == file.aid } }
        let instances = state.applications.filter { $0.loadFile == file.aid }
        guard !isImported, instances.allSatisfy({ !isSelected($0.aid, except: channel) }) else {
            throw .conditionsNotSatisfied
        }
        state.upgrade = UpgradeRecord(
            state: .interruptedSaving, loadFile: file.aid, version: file.version, domain: file.domain)
        guard commit() else { throw .memoryFailure }
        try goOnUpgrading()
    }

    /// Whoever has data must know how to hand them over.
    private func isUpgradable(_ file: LoadFileEntry) -> Bool {
        file.imports.contains { $0.aid == WellKnownAID.upgradeInterface }
            && state.applications.allSatisfy {
                $0.loadFile != file.aid || code(of: $0) is any UpgradableProgram
            }
    }

    // MARK: The phases

    /// Goes from phase to phase until the card waits for somebody else.
    private func goOnUpgrading() throws(Refusal) {
        // Bounded: every round leads to a later phase, or ends.
        while let record = state.openUpgrade {
            switch record.state {
            case .interruptedSaving: try save(record)
            case .interruptedCleanup: cleanUp(record)
            case .interruptedDeletion: deleteOldCode(record)
            case .waitingForRestoration: state.upgrade?.state = .interruptedInstallation
            case .interruptedInstallation: try orFail { () throws(Refusal) in try installAgain(record) }
            case .interruptedRestoration: try orFail { () throws(Refusal) in try restore(record) }
            case .interruptedConsolidation: consolidate(record)
            case .none, .completed, .waitingForLoadFile, .restorationFailed: return
            }
            guard commit() else { throw .memoryFailure }
        }
    }

    /// An application that refuses ends it: nothing has happened.
    private func save(_ record: UpgradeRecord) throws(Refusal) {
        var next = record
        do throws(Refusal) {
            for entry in state.applications where entry.loadFile == record.loadFile {
                guard let program = code(of: entry) as? any UpgradableProgram else {
                    throw .conditionsNotSatisfied
                }
                let element = try program.save(in: context(entry.aid, channel: 0))
                next.saved.append(UpgradeRecord.Saved(entry: entry, element: element))
            }
            next.state = .interruptedCleanup
            state.upgrade = next
            guard ledger.holds(state) else { throw Refusal(profile.memory.exhaustedStatus) }
        } catch {
            rollBack()
            state.upgrade = nil
            guard commit() else { throw .memoryFailure }
            throw error
        }
    }

    private func cleanUp(_ record: UpgradeRecord) {
        for saved in record.saved {
            guard let program = code(of: saved.entry) as? any UpgradableProgram else { continue }
            let before = state
            do throws(Refusal) { try program.cleanUp(in: context(saved.entry.aid, channel: 0)) } catch {
                state = before
            }
        }
        state.upgrade?.state = .interruptedDeletion
    }

    /// `uninstall` is not for this: the instances come back.
    private func deleteOldCode(_ record: UpgradeRecord) {
        for index in record.saved.indices {
            guard let entry = state.application(record.saved[index].entry.aid) else { continue }
            state.upgrade?.saved[index].entry = entry
        }
        removeCode(record)
        state.upgrade?.state = .waitingForLoadFile
    }

    private func removeCode(_ record: UpgradeRecord) {
        for aid in state.applications.filter({ $0.loadFile == record.loadFile }).map(\.aid) + [
            record.loadFile
        ] {
            state.memories[aid] = nil
            session?.transient[aid] = nil
        }
        state.applications.removeAll { $0.loadFile == record.loadFile }
        state.loadFiles.removeAll { $0.aid == record.loadFile }
    }

    private func installAgain(_ record: UpgradeRecord) throws(Refusal) {
        // An installation may have made a part of itself durable before it was torn.
        removeInstances()
        for saved in record.saved {
            guard let file = state.loadFile(record.loadFile), let module = saved.entry.module,
                file.modules.contains(module)
            else { throw .referencedDataNotFound }
            let entry = ApplicationEntry(of: saved.entry, serial: state.card.nextSerial)
            state.card.nextSerial += 1
            state.applications.append(entry)
            guard let program = code(of: entry) as? any UpgradableProgram else {
                throw .conditionsNotSatisfied
            }
            try program.install(
                InstallationRequest(
                    instance: entry.aid, privileges: entry.privileges.bytes, parameters: []),
                in: context(entry.aid, channel: 0))
        }
        state.upgrade?.state = .interruptedRestoration
        guard ledger.holds(state) else { throw Refusal(profile.memory.exhaustedStatus) }
    }

    private func restore(_ record: UpgradeRecord) throws(Refusal) {
        for saved in record.saved {
            guard let entry = state.application(saved.entry.aid),
                let program = code(of: entry) as? any UpgradableProgram
            else { throw .conditionsNotSatisfied }
            try program.restore(
                saved.element, from: record.version, in: context(entry.aid, channel: 0))
        }
        state.upgrade?.state = .interruptedConsolidation
        guard ledger.holds(state) else { throw Refusal(profile.memory.exhaustedStatus) }
    }

    private func consolidate(_ record: UpgradeRecord) {
        for saved in record.saved {
            guard let entry = state.application(saved.entry.aid),
                let program = code(of: entry) as? any UpgradableProgram
            else { continue }
            let before = state
            do throws(Refusal) { try program.consolidate(in: context(entry.aid, channel: 0)) } catch {
                state = before
            }
        }
        state.upgrade?.saved = []
        state.upgrade?.state = .completed
    }

    /// The new code does not take the data: the card says so, and waits. Without power it says nothing.
    private func orFail(_ phase: () throws(Refusal) -> Void) throws(Refusal) {
        do throws(Refusal) { try phase() } catch {
            guard isPowered else { throw error }
            rollBack()
            removeInstances()
            state.upgrade?.state = .restorationFailed
        }
    }

    private func removeInstances() {
        guard let name = state.upgrade?.loadFile else { return }
        for aid in state.applications.filter({ $0.loadFile == name }).map(\.aid) {
            state.memories[aid] = nil
            session?.transient[aid] = nil
        }
        state.applications.removeAll { $0.loadFile == name }
    }

    /// Back to where a load file can come; what was saved stays saved.
    private func recoverUpgrade() throws(Refusal) {
        guard let record = state.openUpgrade else { throw .conditionsNotSatisfied }
        switch record.state {
        case .interruptedSaving: state.upgrade = nil
        case .interruptedCleanup, .interruptedDeletion, .waitingForLoadFile: try goOnUpgrading()
        case .waitingForRestoration, .restorationFailed, .interruptedInstallation, .interruptedRestoration,
            .interruptedConsolidation:
            removeCode(record)
            state.upgrade?.state = .waitingForLoadFile
        case .none, .completed: throw .conditionsNotSatisfied
        }
    }
}

extension ApplicationEntry {
    /// The same application, made again.
    fileprivate init(of old: ApplicationEntry, serial: UInt32) {
        self.init(
            aid: old.aid, loadFile: old.loadFile, module: old.module, lifeCycle: old.lifeCycle,
            privileges: old.privileges, domain: old.domain, serial: serial)
        implicitSelection = old.implicitSelection
        globalServices = old.globalServices
        provider = old.provider
        limits = old.limits
    }
}
