internal import SmartCard

/// One persistent write: a record of the state, whole.
enum StateChange: Equatable {
    case card(CardWideData)
    case application(ApplicationEntry)
    case removeApplication(AID)
    case loadFile(LoadFileEntry)
    case removeLoadFile(AID)
    case domain(AID, DomainData)
    case removeDomain(AID)
    case object(AID, InstanceMemory.Object)
    case removeObject(AID, ObjectNumber, isTransient: Bool)
    case upgrade(UpgradeRecord?)
}

extension CardState {
    /// The writes that lead from an old state to this one. Computed, so that no command can forget one.
    func changes(from old: CardState) -> [StateChange] {
        var changes: [StateChange] = []
        if card != old.card { changes.append(.card(card)) }
        if upgrade != old.upgrade { changes.append(.upgrade(upgrade)) }
        // Arrays that were not touched share their storage, and compare equal at once.
        if loadFiles != old.loadFiles { changes += loadFileChanges(from: old) }
        if applications != old.applications { changes += applicationChanges(from: old) }
        if domains != old.domains {
            for (aid, data) in domains where old.domains[aid] != data { changes.append(.domain(aid, data)) }
            for aid in old.domains.keys where domains[aid] == nil { changes.append(.removeDomain(aid)) }
        }
        if memories != old.memories {
            for aid in Set(memories.keys).union(old.memories.keys).sorted() {
                changes += objectChanges(
                    of: aid, from: old.memories[aid]?.objects ?? [], to: memories[aid]?.objects ?? [])
            }
        }
        return changes
    }

    mutating func apply(_ change: StateChange) {
        switch change {
        case .card(let data): card = data
        case .application(let entry):
            applications.removeAll { $0.serial == entry.serial }
            applications.insert(
                entry,
                at: applications.firstIndex { $0.serial > entry.serial } ?? applications.endIndex)
        case .removeApplication(let aid): applications.removeAll { $0.aid == aid }
        case .loadFile(let entry):
            loadFiles.removeAll { $0.serial == entry.serial }
            loadFiles.insert(
                entry, at: loadFiles.firstIndex { $0.serial > entry.serial } ?? loadFiles.endIndex)
        case .removeLoadFile(let aid): loadFiles.removeAll { $0.aid == aid }
        case .domain(let aid, let data): domains[aid] = data
        case .removeDomain(let aid): domains[aid] = nil
        case .object(let aid, let object):
            var memory = memories[aid] ?? InstanceMemory()
            memory.objects.removeAll { $0.order == object.order }
            memory.insert(object)
            memories[aid] = memory
        case .removeObject(let aid, let number, let isTransient):
            memories[aid]?.objects.removeAll { $0.number == number && $0.isTransient == isTransient }
            if memories[aid]?.objects.isEmpty == true { memories[aid] = nil }
        case .upgrade(let record): upgrade = record
        }
    }

    private func loadFileChanges(from old: CardState) -> [StateChange] {
        let gone = old.loadFiles.filter { entry in !loadFiles.contains { $0.serial == entry.serial } }
        return gone.map { .removeLoadFile($0.aid) }
            + loadFiles.filter { !old.loadFiles.contains($0) }.map { .loadFile($0) }
    }

    private func applicationChanges(from old: CardState) -> [StateChange] {
        let gone = old.applications.filter { entry in !applications.contains { $0.serial == entry.serial } }
        return gone.map { .removeApplication($0.aid) }
            + applications.filter { !old.applications.contains($0) }.map { .application($0) }
    }

    private func objectChanges(
        of aid: AID, from old: [InstanceMemory.Object], to new: [InstanceMemory.Object]
    ) -> [StateChange] {
        if old == new { return [] }
        let kept = Set(new.map(\.order))
        let gone = old.filter { !kept.contains($0.order) }
        let before = Dictionary(old.map { ($0.order, $0) }, uniquingKeysWith: { first, _ in first })
        return gone.map { .removeObject(aid, $0.number, isTransient: $0.isTransient) }
            + new.filter { before[$0.order] != $0 }.map { .object(aid, $0) }
    }
}
