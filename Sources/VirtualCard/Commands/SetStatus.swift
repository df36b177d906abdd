internal import GlobalPlatform
internal import SmartCard

/// SET STATUS (GPCS 2.3.1 §5, §9.6, §11.10).
extension VirtualCard {
    func setStatus(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        switch command.p1 & 0xE0 {
        case 0x80: try setCardStatus(command.p2, domain)
        case 0x40:
            try checkCardIsOpen()
            try setApplicationStatus(try target(command), command.p2, domain)
        case 0x60:
            try checkCardIsOpen()
            try setSubHierarchyStatus(try target(command), command.p2, domain)
        default: throw .incorrectParameters
        }
        return ResponseAPDU()
    }

    private func checkCardIsOpen() throws(Refusal) {
        guard state.card.lifeCycle != .cardLocked else { throw .conditionsNotSatisfied }
    }

    private func target(_ command: CommandAPDU) throws(Refusal) -> ApplicationEntry {
        guard let aid = try? AID(command.data) else { throw .incorrectData }
        guard let entry = state.application(aid) else { throw .referencedDataNotFound }
        return entry
    }

    // MARK: The card (figure 5-1)

    func setCardStatus(_ value: UInt8, _ domain: ApplicationEntry) throws(Refusal) {
        guard let wanted = CardLifeCycle(rawValue: value) else { throw .incorrectParameters }
        let isAllowed: Bool
        switch (state.card.lifeCycle, wanted) {
        case (.opReady, .initialized), (.initialized, .secured): isAllowed = domain.isIssuerDomain
        case (.secured, .cardLocked), (.cardLocked, .secured): isAllowed = domain.privileges.has(.cardLock)
        case (.opReady, .terminated), (.initialized, .terminated), (.secured, .terminated),
            (.cardLocked, .terminated):
            isAllowed = domain.privileges.has(.cardTerminate)
        case (.opReady, _), (.initialized, _), (.secured, _), (.cardLocked, _), (.terminated, _):
            isAllowed = false
        }
        guard isAllowed else { throw .conditionsNotSatisfied }
        state.card.lifeCycle = wanted
    }

    // MARK: Applications and domains (figures 5-2 and 5-3)

    private func setApplicationStatus(
        _ entry: ApplicationEntry, _ value: UInt8, _ domain: ApplicationEntry
    ) throws(Refusal) {
        if entry.aid == domain.aid { return try setOwnStatus(value, domain) }
        try checkMayLock(entry, domain)
        let isLocking = value & 0x80 != 0
        // Asking for the state that is already there is refused (§11.10.2.2).
        guard isLocking != entry.lifeCycle.isLocked else { throw .conditionsNotSatisfied }
        setLock(entry.aid, isLocking)
    }

    /// A domain takes itself to PERSONALIZED, or locks itself; others unlock it.
    private func setOwnStatus(_ value: UInt8, _ domain: ApplicationEntry) throws(Refusal) {
        guard !domain.isIssuerDomain, let index = state.index(of: domain.aid) else {
            throw .conditionsNotSatisfied
        }
        if value & 0x80 != 0 {
            guard !domain.privileges.has(.finalApplication) else { throw .conditionsNotSatisfied }
            state.applications[index].lifeCycle = domain.lifeCycle.locked
        } else {
            guard value == ApplicationLifeCycle.personalized.rawValue else { throw .incorrectParameters }
            guard domain.lifeCycle == .selectable else { throw .conditionsNotSatisfied }
            state.applications[index].lifeCycle = .personalized
        }
    }

    private func checkMayLock(_ entry: ApplicationEntry, _ domain: ApplicationEntry) throws(Refusal) {
        let isAbove = state.isAssociated(domain.aid, withContentOf: entry.domain)
        guard isAbove || domain.privileges.has(.globalLock) else { throw .conditionsNotSatisfied }
        // The application that a locked card falls back to must stay reachable (§9.6.2).
        guard !entry.isIssuerDomain, !entry.privileges.has(.finalApplication) else {
            throw .conditionsNotSatisfied
        }
    }

    /// What is locked already stays locked, and nothing is refused for it (§11.10.2.1).
    private func setSubHierarchyStatus(
        _ entry: ApplicationEntry, _ value: UInt8, _ domain: ApplicationEntry
    ) throws(Refusal) {
        guard entry.isSecurityDomain else { throw .incorrectData }
        guard entry.aid != domain.aid || value & 0x80 != 0 else { throw .conditionsNotSatisfied }
        if entry.aid != domain.aid { try checkMayLock(entry, domain) }
        let members = state.applications.filter {
            state.ancestors(domain: $0.domain).contains(entry.aid) || $0.aid == entry.aid
        }
        for member in members where !member.isIssuerDomain && !member.privileges.has(.finalApplication) {
            setLock(member.aid, value & 0x80 != 0)
        }
    }

    private func setLock(_ aid: AID, _ isLocked: Bool) {
        guard let index = state.index(of: aid) else { return }
        let now = state.applications[index].lifeCycle
        state.applications[index].lifeCycle = isLocked ? now.locked : now.unlocked
    }
}
