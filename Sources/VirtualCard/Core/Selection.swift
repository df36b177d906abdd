internal import GlobalPlatform
internal import SmartCard

/// SELECT by name and implicit selection (GPCS 2.3.1 §6.4).
extension VirtualCard {
    func select(_ command: CommandAPDU) throws(Refusal) -> ResponseAPDU {
        var answer = try choose(command)
        // "No response data" (ISO 7816-4 §11.1.1); what an application answers is its own business.
        let isSilent = command.p2 & 0x0C == 0x0C
        if isSilent, selectedEntry(command.cla.logicalChannel)?.isSecurityDomain == true { answer.data = [] }
        return answer
    }

    private func choose(_ command: CommandAPDU) throws(Refusal) -> ResponseAPDU {
        let channel = command.cla.logicalChannel
        guard command.cla & 0x0C == 0 else { throw .secureMessagingNotSupported }
        guard state.card.lifeCycle != .terminated else {
            if channel != 0 { close(channel) }
            throw .conditionsNotSatisfied
        }
        // What ISO 7816-4 adds is which file information comes back (§11.9.2.2 allows it); UICC tools ask for it.
        let isNext = command.p2 & 0x03 == 0x02
        guard command.p2 & 0xF0 == 0, isNext || command.p2 & 0x03 == 0 else { throw .incorrectParameters }
        guard command.data.count <= 16 else { throw .wrongLength }
        if state.card.lifeCycle == .cardLocked { return try selectOnLockedCard(command, channel) }
        let hasPredecessor = session?.channels[channel]?.hasSelectedByName == true
        guard !isNext || hasPredecessor || command.data.isEmpty else { throw .conditionsNotSatisfied }
        if command.data.isEmpty {
            if let status = profile.selectWithoutNameStatus { throw Refusal(status) }
            return try enter(state.issuerDomain, channel, isByName: true)
        }
        return try search(command, channel, isNext: isNext)
    }

    private func search(
        _ command: CommandAPDU, _ channel: Int, isNext: Bool
    ) throws(Refusal) -> ResponseAPDU {
        let current = session?.channels[channel]?.selected
        var first = 0
        if isNext, let current, let index = state.index(of: current) { first = index + 1 }
        let matches = state.applications[first...].filter { $0.aid.matches(partial: command.data) }
        var wasRefused = false
        for entry in matches where isSelectable(entry) {
            guard !isTakenElsewhere(entry, channel) else {
                wasRefused = true
                continue
            }
            do throws(Refusal) { return try enter(entry, channel, isByName: true) } catch {
                wasRefused = true
            }
        }
        if wasRefused { throw Refusal(0x6999) }
        if let locked = matches.first(where: { $0.aid == current }), locked.lifeCycle.isLocked {
            leave(channel)
            _ = try? enter(entryImplicitlySelected(onChannel: channel), channel, isByName: false)
        }
        guard matches.isEmpty, !isNext else { throw .applicationNotFound }
        return try offerToSelected(command, channel)
    }

    /// Nothing matches: the selected application may know a file of that name (GPCS 2.3.1 §6.4.2.1.2).
    private func offerToSelected(_ command: CommandAPDU, _ channel: Int) throws(Refusal) -> ResponseAPDU {
        guard let entry = selectedEntry(channel), !entry.isSecurityDomain, let program = program(of: entry)
        else { throw .applicationNotFound }
        return try program.process(command, in: context(entry.aid, channel: channel))
    }

    private func selectOnLockedCard(
        _ command: CommandAPDU, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        guard channel == 0 else {
            close(channel)
            throw .functionNotSupported
        }
        let final = finalApplication
        let isNamed =
            command.data.isEmpty ? final.isIssuerDomain : final.aid.matches(partial: command.data)
        guard isNamed else { throw .functionNotSupported }
        var answer = try enter(final, channel, isByName: true)
        answer.status = 0x6283
        return answer
    }

    /// Makes an entry the selected one. A program may refuse; then the implicitly selected one stands there.
    func enter(
        _ entry: ApplicationEntry, _ channel: Int, isByName: Bool
    ) throws(Refusal) -> ResponseAPDU {
        leave(channel)
        session?.channels[channel] = LogicalChannel(selected: entry.aid)
        session?.channels[channel]?.hasSelectedByName = isByName
        if entry.isSecurityDomain {
            endPersonalization(by: entry.aid)
            return ResponseAPDU(data: fileControlInformation(of: entry))
        }
        guard let program = program(of: entry) else { return ResponseAPDU() }
        do throws(Refusal) {
            return ResponseAPDU(data: try program.select(in: context(entry.aid, channel: channel)) ?? [])
        } catch {
            rollBack()
            let implicit = implicitlySelected(onChannel: channel)
            session?.channels[channel] = LogicalChannel(
                selected: implicit == entry.aid ? state.issuerDomain.aid : implicit)
            session?.channels[channel]?.hasSelectedByName = isByName
            throw error
        }
    }

    /// Ends the application session on a channel.
    func leave(_ channel: Int) {
        guard let selected = session?.channels[channel]?.selected else { return }
        if session?.load?.channel == channel { session?.load = nil }
        session?.channels[channel]?.secure = nil
        guard let entry = state.application(selected), !entry.isSecurityDomain else { return }
        program(of: entry)?.deselect(in: context(selected, channel: channel))
        let isStillSelected = (session?.channels ?? []).indices.contains {
            $0 != channel && session?.channels[$0]?.selected == selected
        }
        if !isStillSelected { clearTransient(of: selected, clearing: .onDeselect) }
    }

    func close(_ channel: Int) {
        leave(channel)
        session?.channels[channel] = nil
    }

    private func endPersonalization(by domain: AID) {
        for index in (session?.channels ?? []).indices where session?.channels[index]?.selected == domain {
            session?.channels[index]?.storing = StoreProcess()
        }
    }

    // MARK: Who can be selected

    func isSelectable(_ entry: ApplicationEntry) -> Bool {
        if let upgrade = state.openUpgrade, entry.loadFile == upgrade.loadFile { return false }
        return entry.isIssuerDomain || entry.lifeCycle.isSelectable
    }

    /// Domains may be selected on several channels at once; another application only when its program says
    /// so.
    func isTakenElsewhere(_ entry: ApplicationEntry, _ channel: Int) -> Bool {
        guard !entry.isSecurityDomain, program(of: entry)?.isMultiSelectable != true else { return false }
        return isSelected(entry.aid, except: channel)
    }

    func isSelected(_ aid: AID, except channel: Int) -> Bool {
        (session?.channels ?? []).indices.contains {
            $0 != channel && session?.channels[$0]?.selected == aid
        }
    }

    var finalApplication: ApplicationEntry {
        state.applications.first { $0.privileges.has(.finalApplication) } ?? state.issuerDomain
    }

    func implicitlySelected(onChannel channel: Int) -> AID { entryImplicitlySelected(onChannel: channel).aid }

    /// GPCS 2.3.1 §6.4.2.1.1 and §6.4.2.2.
    func entryImplicitlySelected(onChannel channel: Int) -> ApplicationEntry {
        switch state.card.lifeCycle {
        case .cardLocked, .terminated: return finalApplication
        case .opReady, .initialized, .secured: break
        }
        let registered =
            state.applications.first { $0.isImplicitlySelectable(onChannel: channel) }
            ?? state.applications.first { $0.isImplicitlySelectable(onChannel: 0) }
        guard let registered else { return state.issuerDomain }
        if registered.lifeCycle.isLocked { return finalApplication }
        return isSelectable(registered) ? registered : state.issuerDomain
    }

    /// GPCS 2.3.1 table 11-82.
    private func fileControlInformation(of entry: ApplicationEntry) -> [UInt8] {
        let name = entry.isIssuerDomain ? profile.wrongFCIName ?? entry.aid.bytes : entry.aid.bytes
        return BERTLV.encode(
            .fileControlInformation,
            BERTLV.encode(.dedicatedFileName, name)
                + BERTLV.encode(.proprietaryData, BERTLV.encode(0x9F65, [0xFF])))
    }
}

extension ApplicationEntry {
    /// Contact interface only: a virtual card has no other.
    func isImplicitlySelectable(onChannel channel: Int) -> Bool {
        guard !isIssuerDomain else { return false }
        if implicitSelection.contains(where: { $0 & 0x40 != 0 && Int($0 & 0x1F) == channel }) { return true }
        // The Card Reset privilege without a parameter means the basic channel (§6.4.1).
        return channel == 0 && implicitSelection.isEmpty && privileges.has(.cardReset)
    }
}
