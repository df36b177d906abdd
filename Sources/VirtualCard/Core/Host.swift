internal import CardCrypto
package import GlobalPlatform
package import SmartCard

/// What programs reach through their `ApplicationContext`.
extension VirtualCard: ApplicationHost {
    /// Programs that call one another do so at most this deep.
    private static let invocationDepthMax = 16

    package var cardLifeCycle: CardLifeCycle { state.card.lifeCycle }
    package var memory: MemoryReport { freeMemory }

    package func entry(of aid: AID) -> ApplicationEntry {
        guard let entry = state.application(aid) else {
            preconditionFailure("a program runs only for an instance in the registry")
        }
        return entry
    }

    package func setLifeCycle(_ lifeCycle: ApplicationLifeCycle, of aid: AID) throws(Refusal) {
        guard let index = state.index(of: aid) else { throw .referencedDataNotFound }
        let now = state.applications[index].lifeCycle
        // Locking itself is allowed too; only others unlock (GPCS 2.3.1 figure 5-2).
        guard now.isSelectable, lifeCycle.rawValue & 0x07 == 0x07 else { throw .conditionsNotSatisfied }
        guard !lifeCycle.isLocked || lifeCycle == now.locked else { throw .conditionsNotSatisfied }
        state.applications[index].lifeCycle = lifeCycle
    }

    package func setCardLifeCycle(_ lifeCycle: CardLifeCycle, by aid: AID) throws(Refusal) {
        try setCardStatus(lifeCycle.rawValue, entry(of: aid))
    }

    package func loadFile(_ aid: AID) -> LoadFileCode? { state.loadFile(aid)?.code }

    package func mayUse(_ loadFile: AID, by aid: AID) -> Bool {
        guard state.loadFile(loadFile)?.code != nil, let own = state.application(aid)?.loadFile else {
            return false
        }
        return own == loadFile || state.loadFile(own)?.imports.contains { $0.aid == loadFile } == true
    }

    // MARK: Persistent memory

    package func create(_ object: ObjectNumber, byteCount: Int, of aid: AID) throws(Refusal) {
        try insert(
            InstanceMemory.Object(
                number: object, contents: .persistent([UInt8](repeating: 0, count: byteCount))), of: aid)
    }

    package func createTransient(
        _ object: ObjectNumber, byteCount: Int, clearing: TransientClearing, of aid: AID
    ) throws(Refusal) {
        try insert(
            InstanceMemory.Object(
                number: object, contents: .transient(byteCount: byteCount, clearing)), of: aid)
    }

    private func insert(_ object: InstanceMemory.Object, of aid: AID) throws(Refusal) {
        var memory = state.memories[aid] ?? InstanceMemory()
        guard memory.index(of: object.number, isTransient: object.isTransient) == nil else {
            throw .conditionsNotSatisfied
        }
        memory.insert(object)
        let before = state.memories[aid]
        state.memories[aid] = memory
        guard ledger.holds(state, loadingBytes: session?.load?.loadingBytes ?? 0) else {
            state.memories[aid] = before
            throw Refusal(profile.memory.exhaustedStatus)
        }
    }

    package func delete(_ object: ObjectNumber, of aid: AID) {
        guard let index = state.memories[aid]?.index(of: object, isTransient: false) else { return }
        state.memories[aid]?.objects.remove(at: index)
        if state.memories[aid]?.objects.isEmpty == true { state.memories[aid] = nil }
    }

    package func read(_ object: ObjectNumber, of aid: AID) -> [UInt8]? {
        guard let memory = state.memories[aid], let index = memory.index(of: object, isTransient: false),
            case .persistent(let bytes) = memory.objects[index].contents
        else { return nil }
        return bytes
    }

    package func write(
        _ bytes: [UInt8], to object: ObjectNumber, at offset: Int, of aid: AID
    ) throws(Refusal) {
        guard var contents = read(object, of: aid),
            let index = state.memories[aid]?.index(of: object, isTransient: false)
        else { throw .referencedDataNotFound }
        guard offset >= 0, offset + bytes.count <= contents.count else { throw .wrongLength }
        contents.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        state.memories[aid]?.objects[index].contents = .persistent(contents)
    }

    package func objects(of aid: AID) -> [ObjectNumber] {
        (state.memories[aid]?.objects ?? []).filter { !$0.isTransient }.map(\.number)
    }

    // MARK: Transactions

    package func checkpoint() {
        guard transactionStart == nil else { return }
        // After a power cut the program runs on in a dead card: nothing it does can be seen any more.
        _ = commit()
    }

    package func beginTransaction() throws(Refusal) {
        guard transactionStart == nil else { throw .conditionsNotSatisfied }
        transactionStart = state
    }

    package func commitTransaction() throws(Refusal) {
        guard transactionStart != nil else { throw .conditionsNotSatisfied }
        transactionStart = nil
    }

    package func abortTransaction() throws(Refusal) {
        guard let start = transactionStart else { throw .conditionsNotSatisfied }
        state = start
        transactionStart = nil
    }

    // MARK: Transient memory

    package func readTransient(_ object: ObjectNumber, of aid: AID) -> [UInt8]? {
        guard let memory = state.memories[aid], let index = memory.index(of: object, isTransient: true),
            case .transient(let byteCount, _) = memory.objects[index].contents
        else { return nil }
        return session?.transient[aid]?[object] ?? [UInt8](repeating: 0, count: byteCount)
    }

    package func writeTransient(
        _ bytes: [UInt8], to object: ObjectNumber, at offset: Int, of aid: AID
    ) throws(Refusal) {
        guard var contents = readTransient(object, of: aid) else { throw .referencedDataNotFound }
        guard offset >= 0, offset + bytes.count <= contents.count else { throw .wrongLength }
        contents.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        session?.transient[aid, default: [:]][object] = contents
    }

    /// `onDeselect` memory goes at deselection; all of it goes with the power, with the session.
    func clearTransient(of aid: AID, clearing: TransientClearing) {
        for object in state.memories[aid]?.objects ?? [] {
            if case .transient(_, clearing) = object.contents {
                session?.transient[aid]?[object.number] = nil
            }
        }
    }

    package func randomBytes(_ count: Int) -> [UInt8] { entropy.bytes(count) }

    // MARK: Secure channel

    package func securityLevel(channel: Int) -> SecurityLevel? {
        session?.channels[channel]?.secure?.channel.securityLevel
    }

    package func processSecurity(
        _ command: CommandAPDU, channel: Int, of aid: AID
    ) throws(Refusal) -> ResponseAPDU {
        guard let entry = state.application(aid) else { throw .conditionsNotSatisfied }
        switch command.ins {
        case Instruction.initializeUpdate: return try initializeUpdate(command, entry, channel)
        case Instruction.externalAuthenticate: return try externalAuthenticate(command, channel)
        case Instruction.beginRMACSession, Instruction.endRMACSession:
            let plain = try unwrap(command, channel: channel)
            return try responseMACSession(plain, channel)
        default: throw .instructionNotSupported
        }
    }

    package func unwrap(_ command: CommandAPDU, channel: Int) throws(Refusal) -> CommandAPDU {
        guard session?.channels[channel]?.secure != nil else { return command }
        return try unwrapSecured(command, channel)
    }

    package func decryptData(_ data: [UInt8], channel: Int) throws(Refusal) -> [UInt8] {
        guard let secure = session?.channels[channel]?.secure, secure.channel.securityLevel != nil else {
            throw .conditionsNotSatisfied
        }
        return try secure.channel.decryptSensitiveData(data)
    }

    package func resetSecurity(channel: Int) { session?.channels[channel]?.secure = nil }

    // MARK: Other applications

    package func invoke(
        _ method: UInt16, _ arguments: [UInt8], on server: AID, parameter: UInt8, client: AID, channel: Int
    ) throws(Refusal) -> [UInt8] {
        guard let entry = state.application(server), isSelectable(entry), !entry.lifeCycle.isLocked,
            let program = program(of: entry)
        else { throw .conditionsNotSatisfied }
        guard invocationDepth < Self.invocationDepthMax else { throw .noSpecificDiagnosis }
        invocationDepth += 1
        defer { invocationDepth -= 1 }
        let own = context(server, channel: channel)
        guard let object = program.shareable(parameter, for: client, in: own) else {
            throw .conditionsNotSatisfied
        }
        return try object.invoke(method, arguments, in: own)
    }
}
