internal import GlobalPlatform
internal import SmartCard

/// What everything on a card takes. It keeps no counters that could go wrong: each figure is computed from
/// the state.
struct MemoryLedger {
    let model: CardProfile.Memory

    /// What a persistent object of so many bytes takes.
    func cost(_ byteCount: Int) -> Int {
        let whole = byteCount + model.objectOverheadBytes
        return (whole + model.blockBytes - 1) / model.blockBytes * model.blockBytes
    }

    /// What a load file data block of so many bytes takes once it is linked.
    func codeCost(_ byteCount: Int) -> Int { cost((byteCount * model.codePercent + 99) / 100) }

    func used(by loadFile: LoadFileEntry, in state: CardState) -> Int {
        guard let code = loadFile.code else { return 0 }
        // Every module has an entry with its AID; static fields are objects of the load file.
        return codeCost(code.bytes.count) + loadFile.modules.reduce(0) { $0 + cost($1.bytes.count) }
            + objects(of: loadFile.aid, in: state).nonVolatile
    }

    /// What an application really takes, without what is merely kept for it.
    func allocated(to entry: ApplicationEntry, in state: CardState) -> MemoryReport {
        var nonVolatile = 0
        if !entry.isIssuerDomain {
            nonVolatile += cost(entry.isSecurityDomain ? model.domainBytes : model.instanceBytes)
        }
        if let domain = state.domains[entry.aid] { nonVolatile += used(by: domain) }
        let objects = objects(of: entry.aid, in: state)
        return MemoryReport(
            nonVolatile: nonVolatile + objects.nonVolatile, volatile: objects.volatile)
    }

    private func objects(of aid: AID, in state: CardState) -> MemoryReport {
        var sum = MemoryReport(nonVolatile: 0, volatile: 0)
        for object in state.memories[aid]?.objects ?? [] {
            switch object.contents {
            case .persistent(let bytes): sum.nonVolatile += cost(bytes.count)
            case .transient(let byteCount, _): sum.volatile += byteCount
            }
        }
        return sum
    }

    /// What an application takes from the card: what is reserved for it counts whether it is used or not.
    func charged(to entry: ApplicationEntry, in state: CardState) -> MemoryReport {
        var charge = allocated(to: entry, in: state)
        if model.hasQuotas {
            charge.nonVolatile = max(charge.nonVolatile, Int(entry.limits.nonVolatileReserved ?? 0))
            charge.volatile = max(charge.volatile, Int(entry.limits.volatileReserved ?? 0))
        }
        return charge
    }

    /// What is free; below zero when the state does not fit on the card.
    func free(_ state: CardState, loadingBytes: Int = 0) -> MemoryReport {
        var free = MemoryReport(nonVolatile: model.nonVolatileBytes, volatile: model.volatileBytes)
        if loadingBytes > 0 { free.nonVolatile -= codeCost(loadingBytes) }
        for loadFile in state.loadFiles { free.nonVolatile -= used(by: loadFile, in: state) }
        for entry in state.applications {
            let charge = charged(to: entry, in: state)
            free.nonVolatile -= charge.nonVolatile
            free.volatile -= charge.volatile
        }
        if let upgrade = state.openUpgrade { free.nonVolatile -= kept(for: upgrade) }
        return free
    }

    /// What an upgrade keeps: the data that were handed out, and the room that is reserved for instances which are to
    /// stand again.
    private func kept(for upgrade: UpgradeRecord) -> Int {
        upgrade.saved.reduce(0) { sum, saved in
            let reserved =
                upgrade.isWithoutInstances && model.hasQuotas
                ? Int(saved.entry.limits.nonVolatileReserved ?? 0) : 0
            return sum + cost(saved.element.count) + reserved
        }
    }

    /// Whether everything fits on the card, and every application within its quota.
    func holds(_ state: CardState, loadingBytes: Int = 0) -> Bool {
        let free = free(state, loadingBytes: loadingBytes)
        guard free.nonVolatile >= 0, free.volatile >= 0 else { return false }
        return !model.hasQuotas
            || state.applications.allSatisfy { isWithinQuota($0, in: state) }
    }

    /// What FF21 says of the free memory (the profile may make it a lie).
    func reported(_ free: MemoryReport) -> MemoryReport {
        func reported(_ bytes: Int) -> Int {
            min(max(0, bytes) * model.reportPercent / 100, model.reportCeiling)
        }
        return MemoryReport(
            nonVolatile: reported(free.nonVolatile), volatile: reported(free.volatile))
    }

    private func isWithinQuota(_ entry: ApplicationEntry, in state: CardState) -> Bool {
        guard entry.limits.nonVolatileQuota != nil || entry.limits.volatileQuota != nil else { return true }
        let used = allocated(to: entry, in: state)
        return used.nonVolatile <= entry.limits.nonVolatileQuota.map(Int.init) ?? .max
            && used.volatile <= entry.limits.volatileQuota.map(Int.init) ?? .max
    }

    private func used(by domain: DomainData) -> Int {
        var bytes = 0
        for set in domain.keySets {
            for key in set.keys { bytes += cost(key.components.reduce(0) { $0 + $1.byteCount }) }
        }
        for object in domain.objects { bytes += cost(object.value.count) }
        return bytes
    }
}
