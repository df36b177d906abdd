internal import GlobalPlatform
internal import SmartCard

/// Command dispatch (GPCS 2.3.1 §6.3): what the card itself answers, and what goes to the selected
/// application.
extension VirtualCard {
    /// One command, all or nothing: a refusal leaves everything as the last commit left it.
    func respond(to command: CommandAPDU) -> ResponseAPDU {
        let answer: ResponseAPDU
        do throws(Refusal) {
            answer = try dispatch(command)
        } catch {
            rollBack()
            return ResponseAPDU(status: error.status)
        }
        if transactionStart != nil { rollBack() }
        guard commit() else { return ResponseAPDU(status: Refusal.memoryFailure.status) }
        return answer
    }

    /// Undoes what the running command changed since the last commit.
    func rollBack() {
        transactionStart = nil
        let name = state.issuerDomain.aid
        state = journal.durable
        renameInSession(name, state.issuerDomain.aid)
    }

    /// Makes the changes so far durable. `false`: they were undone, because the medium failed or the power
    /// went.
    func commit() -> Bool {
        guard isPowered else { return false }
        switch journal.commit(state) {
        case .done: return true
        case .failed:
            rollBack()
            return false
        case .powerLost:
            powerOff()
            return false
        }
    }

    private func dispatch(_ command: CommandAPDU) throws(Refusal) -> ResponseAPDU {
        // FF is no class: it is what a card reader sends to choose a protocol (ISO/IEC 7816-4 §5.4.1).
        guard command.cla != 0xFF else { throw .classNotSupported }
        let number = command.cla.logicalChannel
        let isOpen = number < profile.logicalChannelCount && session?.channels[number] != nil
        guard isOpen else { throw .logicalChannelNotSupported }
        if command.cla & 0x80 == 0 {
            if command.ins == Instruction.manageChannel { return try manageChannel(command) }
            if command.ins == Instruction.select, command.p1 == 0x04 { return try select(command) }
        }
        guard let entry = selectedEntry(number) else { throw .instructionNotSupported }
        if entry.isSecurityDomain {
            return try domainCommand(command, domain: entry, channel: number)
        }
        return try applicationCommand(command, entry: entry, channel: number)
    }

    /// The entry that is selected on a channel; `nil` after it was deleted or on a closed channel.
    func selectedEntry(_ channel: Int) -> ApplicationEntry? {
        guard let aid = session?.channels[channel]?.selected else { return nil }
        return state.application(aid)
    }

    private func applicationCommand(
        _ command: CommandAPDU, entry: ApplicationEntry, channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        guard let program = program(of: entry) else {
            throw command.ins == Instruction.select ? .applicationNotFound : .instructionNotSupported
        }
        let answer: ResponseAPDU
        do throws(Refusal) {
            answer = try program.process(command, in: context(entry.aid, channel: channel))
        } catch {
            rollBack()
            return wrap(ResponseAPDU(status: error.status), channel: channel)
        }
        return wrap(answer, channel: channel)
    }

    /// Protects an answer when a session is open on the channel.
    func wrap(_ answer: ResponseAPDU, channel: Int) -> ResponseAPDU {
        guard session?.channels[channel]?.secure?.channel.securityLevel != nil else { return answer }
        plainExchange?.answer = answer
        return session?.channels[channel]?.secure?.channel.wrap(answer) ?? answer
    }

    // MARK: Programs

    /// `nil` also while an upgrade keeps the data of the instance: whatever it did now would be lost.
    func program(of entry: ApplicationEntry) -> (any CardProgram)? {
        if let upgrade = state.openUpgrade, entry.loadFile == upgrade.loadFile { return nil }
        return code(of: entry)
    }

    func code(of entry: ApplicationEntry) -> (any CardProgram)? {
        guard let loadFile = entry.loadFile.flatMap({ state.loadFile($0) }), let module = entry.module,
            let code = loadFile.code
        else { return nil }
        return environment.program(
            for: ExecutableModule(
                loadFile: loadFile.aid, loadFileVersion: loadFile.version, module: module, code: code))
    }

    func context(_ aid: AID, channel: Int) -> ApplicationContext {
        ApplicationContext(aid: aid, channel: channel, host: self)
    }
}
