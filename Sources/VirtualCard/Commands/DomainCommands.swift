internal import GlobalPlatform
internal import SmartCard

/// What a selected security domain answers (GPCS 2.3.1 chapter 11).
extension VirtualCard {
    /// More than this in one chain is refused (GPCS 2.3.1 §11.1.5.1 leaves the limit to the card).
    private static let chainBytesMax = 8192

    func domainCommand(
        _ command: CommandAPDU, domain: ApplicationEntry, channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        do throws(Refusal) { try checkClass(command) } catch {
            // The C-MACs of a session form a chain: a protected command counts in it, whatever becomes of it.
            let isProtected = command.hasSecureMessaging && securityLevel(channel: channel) != nil
            if error == .instructionNotSupported, isProtected { _ = try removeSecurity(command, channel) }
            throw error
        }
        switch command.ins {
        case Instruction.initializeUpdate:
            try checkLifeCycle(command, domain)
            session?.channels[channel]?.chain = nil
            return try initializeUpdate(command, domain, channel)
        case Instruction.externalAuthenticate:
            try checkLifeCycle(command, domain)
            return try externalAuthenticate(command, channel)
        default:
            do throws(Refusal) {
                guard let whole = try collect(command, channel) else { return ResponseAPDU() }
                try checkLifeCycle(whole, domain)
                let answer = try performAndCheckMemory(whole, domain, channel)
                return wrap(answer, channel: channel)
            } catch {
                rollBack()
                session?.channels[channel]?.chain = nil
                return wrap(ResponseAPDU(status: error.status), channel: channel)
            }
        }
    }

    private func performAndCheckMemory(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        let answer = try perform(command, domain, channel)
        guard ledger.holds(state, loadingBytes: session?.load?.loadingBytes ?? 0) else {
            if command.ins == Instruction.load { session?.load = nil }
            throw Refusal(profile.memory.exhaustedStatus)
        }
        return answer
    }

    private func perform(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        switch command.ins {
        case Instruction.getData, 0xCB: return try getData(command, domain, channel)
        case Instruction.select: throw .incorrectParameters
        default: break
        }
        guard securityLevel(channel: channel) != nil else { throw .securityStatusNotSatisfied }
        switch command.ins {
        case Instruction.getStatus: return try getStatus(command, domain, channel)
        case Instruction.setStatus: return try setStatus(command, domain, channel)
        case Instruction.install: return try install(command, domain, channel)
        case Instruction.load: return try load(command, domain, channel)
        case Instruction.delete: return try delete(command, domain, channel)
        case Instruction.putKey: return try putKey(command, domain, channel)
        case Instruction.storeData: return try storeData(command, domain, channel)
        case Instruction.manageELFUpgrade: return try manageELFUpgrade(command, domain, channel)
        case Instruction.beginRMACSession, Instruction.endRMACSession:
            return try responseMACSession(command, channel)
        default: throw .instructionNotSupported
        }
    }

    // MARK: Class and life cycle

    private static let proprietary: Set<UInt8> = [
        Instruction.getData, Instruction.getStatus, Instruction.setStatus, Instruction.install,
        Instruction.load, Instruction.delete, Instruction.putKey, Instruction.storeData,
        Instruction.initializeUpdate, Instruction.externalAuthenticate, Instruction.beginRMACSession,
        Instruction.endRMACSession, Instruction.manageELFUpgrade,
    ]
    private static let interindustry: Set<UInt8> = [Instruction.getData, 0xCB, Instruction.select]

    private func checkClass(_ command: CommandAPDU) throws(Refusal) {
        let isProprietary = command.cla & 0x80 != 0
        let known = isProprietary ? Self.proprietary : Self.interindustry
        guard known.contains(command.ins) else {
            // The instruction exists, in the other class.
            let other = isProprietary ? Self.interindustry : Self.proprietary
            throw other.contains(command.ins) || command.ins == Instruction.manageChannel
                ? .classNotSupported : .instructionNotSupported
        }
        guard command.cla & 0x60 == 0 else { throw .classNotSupported }
        // ISO command chaining is not GlobalPlatform's (table 11-11, note).
        guard command.cla & 0x10 == 0 else { throw .chainingNotSupported }
        guard command.cla & 0x08 == 0 else { throw .secureMessagingNotSupported }
    }

    /// GPCS 2.3.1 table 11-1, and §5.3.2.4 for a locked domain.
    private func checkLifeCycle(_ command: CommandAPDU, _ domain: ApplicationEntry) throws(Refusal) {
        if domain.lifeCycle.isLocked { throw .conditionsNotSatisfied }
        switch state.card.lifeCycle {
        case .opReady, .initialized, .secured: return
        case .terminated:
            guard command.ins == Instruction.getData else { throw .conditionsNotSatisfied }
        case .cardLocked:
            let allowed: Set<UInt8> = [
                Instruction.getData, Instruction.getStatus, Instruction.setStatus,
                Instruction.initializeUpdate, Instruction.externalAuthenticate,
                Instruction.beginRMACSession, Instruction.endRMACSession,
            ]
            guard allowed.contains(command.ins) else { throw .conditionsNotSatisfied }
        }
    }

    // MARK: Chaining and secure messaging

    /// Returns the whole command without secure messaging; `nil` while a chain is still growing.
    private func collect(_ command: CommandAPDU, _ channel: Int) throws(Refusal) -> CommandAPDU? {
        let pending = session?.channels[channel]?.chain
        let isChainable = [Instruction.install, Instruction.delete, Instruction.putKey].contains(command.ins)
        let hasMore = isChainable && command.p1 & 0x80 != 0
        if let pending, !pending.isContinued(by: command) {
            session?.channels[channel]?.chain = nil
            throw .conditionsNotSatisfied
        }
        guard hasMore || pending != nil else { return try removeSecurity(command, channel) }
        guard securityLevel(channel: channel) != nil else { throw .securityStatusNotSatisfied }
        var part = profile.isChainSecuredWhole ? command : try removeSecurity(command, channel)
        part.data = (pending?.data ?? []) + part.data
        guard part.data.count <= Self.chainBytesMax else { throw .incorrectParameters }
        session?.channels[channel]?.chain = hasMore ? part : nil
        if hasMore { return nil }
        return profile.isChainSecuredWhole ? try removeSecurity(part, channel) : part
    }

    private func removeSecurity(_ command: CommandAPDU, _ channel: Int) throws(Refusal) -> CommandAPDU {
        if session?.channels[channel]?.secure == nil {
            guard !command.hasSecureMessaging else { throw .securityStatusNotSatisfied }
            return command
        }
        return try unwrapSecured(command, channel)
    }
}

extension CommandAPDU {
    /// Whether a command goes on with the chain that this one is the last of, so far.
    fileprivate func isContinued(by next: CommandAPDU) -> Bool {
        next.cla & ~0x04 == cla & ~0x04 && next.ins == ins && next.p2 == p2 && next.p1 & 0x7F == p1 & 0x7F
    }
}
