internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// INSTALL [for load] and LOAD (GPCS 2.3.1 §9.3.5, §9.3.8, §11.5.2.3.1, §11.6).
extension VirtualCard {
    func installForLoad(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int, isCombined: Bool
    ) throws(Refusal) -> [UInt8] {
        try checkMayManage(domain, isCombined ? [.load, .install, .makeSelectable] : [.load])
        var reader = FieldReader(command.data)
        let loadFile = try reader.aid()
        var target = try reader.optionalAID() ?? domain.aid
        let hash = try reader.short()
        let parameters = try InstallParameterFields(try reader.long())
        let message = command.tokenMessage(fieldsUpTo: reader.offset)
        let token = try reader.long()
        try reader.end()
        // Loading on another logical channel goes on; here a new request takes the place of an unfinished
        // one.
        guard session?.load.map({ $0.channel == channel }) ?? true else { throw .conditionsNotSatisfied }
        session?.load = nil
        guard state.loadFile(loadFile) == nil, state.application(loadFile) == nil else {
            throw .conditionsNotSatisfied
        }
        try checkReceiver(target, of: domain)
        if let upgrade = state.openUpgrade {
            // The one file that the upgrade waits for, where the old one was.
            guard upgrade.state == .waitingForLoadFile, upgrade.loadFile == loadFile, !isCombined,
                target == domain.aid || target == upgrade.domain
            else { throw .conditionsNotSatisfied }
            target = upgrade.domain
        }
        guard hash.isEmpty || Digest.ofLength(hash.count) != nil else { throw .incorrectData }
        if isCombined {
            // The token comes with the last command and covers both.
            guard token.isEmpty else { throw .incorrectData }
        } else {
            if domain.isDelegated, hash.isEmpty { throw .conditionsNotSatisfied }
            try checkToken(token, over: message, by: domain)
        }
        try checkMinimumMemory(parameters)
        session?.load = LoadProcess(
            channel: channel, performer: domain.aid, loadFile: loadFile, domain: target, hash: hash,
            provider: parameters.provider, tokenIdentifier: parameters.tokenIdentifier,
            combinedMessage: isCombined ? message : nil)
        return [0x00]
    }

    private func checkReceiver(_ target: AID, of domain: ApplicationEntry) throws(Refusal) {
        guard target != domain.aid else { return }
        guard let receiver = state.application(target) else { throw .referencedDataNotFound }
        guard receiver.isSecurityDomain, isOperational(receiver), state.areRelated(target, domain.aid) else {
            throw .conditionsNotSatisfied
        }
    }

    /// GPCS 2.3.1 §9.7: minimum memory must be there now, and nothing is kept for it.
    private func checkMinimumMemory(_ parameters: InstallParameterFields) throws(Refusal) {
        let code = try parameters.amount(0xC6) ?? 0
        let data = try parameters.amount(0xC8) ?? 0
        let volatile = try parameters.amount(0xC7) ?? 0
        guard profile.memory.hasQuotas else { return }
        let free = freeMemory
        // One kind of persistent memory holds code and data: the sum counts (§11.5.2.3.7).
        guard code + data <= free.nonVolatile, volatile <= free.volatile else {
            throw Refusal(profile.memory.exhaustedStatus)
        }
    }

    // MARK: LOAD

    func load(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        guard var process = session?.load, process.channel == channel, process.performer == domain.aid,
            !process.isComplete
        else { throw .conditionsNotSatisfied }
        // Any refusal from here on ends the process and gives its memory back.
        session?.load = nil
        guard Int(command.p2) == process.nextBlock else { throw .incorrectParameters }
        guard !command.data.isEmpty else { throw .wrongLength }
        process.nextBlock += 1
        process.received += command.data
        guard ledger.holds(state, loadingBytes: process.loadingBytes) else {
            throw Refusal(profile.memory.exhaustedStatus)
        }
        guard command.p1 & 0x80 != 0 else {
            session?.load = process
            return ResponseAPDU(data: [0x00])
        }
        let code = try verifiedCode(process)
        if process.combinedMessage != nil {
            // The load file itself is made by the last INSTALL.
            process.isComplete = true
            process.received = code
            session?.load = process
            return ResponseAPDU(data: [0x00])
        }
        try createLoadFile(process, code)
        return ResponseAPDU(
            data: try confirmation(
                for: domain, tokenIdentifier: process.tokenIdentifier,
                process.loadFile.counted + process.domain.counted))
    }

    /// Checks what must be checked about a whole load file, and returns its plain data block.
    private func verifiedCode(_ process: LoadProcess) throws(Refusal) -> [UInt8] {
        let structure = try LoadFileStructure(process.received)
        let owner = state.application(process.domain)
        let needsCipher = owner?.privileges.has(.cipheredLoadFileDataBlock) == true
        guard !needsCipher || structure.isCiphered else { throw .conditionsNotSatisfied }
        var code = structure.dataBlock
        if structure.isCiphered {
            let keys = state.domains[process.domain]?.keySets ?? []
            guard !process.hash.isEmpty,
                let plain = environment.authority.decipherLoadFile(code, icv: structure.icv, keySets: keys)
            else { throw .conditionsNotSatisfied }
            code = plain
        }
        try checkDAPs(structure.dapBlocks, process)
        if let digest = Digest.ofLength(process.hash.count), digest.hash(code) != process.hash {
            throw .incorrectData
        }
        return code
    }

    /// Each DAP block is verified by the domain that it names; some must be there (§9.2.1, §9.3.5).
    private func checkDAPs(_ blocks: [LoadFileStructure.DAPBlock], _ process: LoadProcess) throws(Refusal) {
        guard blocks.isEmpty || !process.hash.isEmpty else { throw .conditionsNotSatisfied }
        var verified: Set<AID> = []
        for block in blocks {
            guard let verifier = state.application(block.domain), verifier.privileges.has(.dapVerification),
                isOperational(verifier)
            else { throw .conditionsNotSatisfied }
            let keys = state.domains[block.domain]?.keySets ?? []
            guard environment.authority.verifyDAP(block.signature, overHash: process.hash, keySets: keys)
            else {
                throw .securityStatusNotSatisfied
            }
            verified.insert(block.domain)
        }
        for entry in state.applications where entry.privileges.has(.dapVerification) {
            let isMandated = entry.privileges.has(.mandatedDAPVerification) && isOperational(entry)
            guard !isMandated && entry.aid != process.domain || verified.contains(entry.aid) else {
                throw .conditionsNotSatisfied
            }
        }
    }

    private func createLoadFile(_ process: LoadProcess, _ code: [UInt8]) throws(Refusal) {
        // Another channel may have taken the name, or locked or deleted the domain, since the load began (§9.3.5).
        guard state.loadFile(process.loadFile) == nil, state.application(process.loadFile) == nil,
            let receiver = state.application(process.domain), isOperational(receiver)
        else { throw .conditionsNotSatisfied }
        let shared = environment.library.code(code)
        guard let package = shared.package, package.aid == process.loadFile else {
            throw .incorrectData
        }
        for item in package.imports where !isResolved(item) { throw Refusal(profile.statusUnresolvedImport) }
        // Names of modules are unique on the card (§6.5.1.1), and none is that of its load file.
        let taken = Set(state.loadFiles.flatMap { [$0.aid] + $0.modules } + [package.aid])
        guard taken.isDisjoint(with: package.modules) else { throw .incorrectData }
        state.loadFiles.append(
            LoadFileEntry(
                aid: package.aid, major: package.major, minor: package.minor, modules: package.modules,
                imports: package.imports, domain: process.domain, code: shared,
                serial: state.card.nextSerial))
        state.card.nextSerial += 1
        if state.openUpgrade != nil { state.upgrade?.state = .waitingForRestoration }
    }

    /// The same major version, and at least the minor one (JCVM 3.0.5 §4.5.3).
    private func isResolved(_ item: LoadFileEntry.Import) -> Bool {
        let known =
            state.loadFile(item.aid).map { ($0.major, $0.minor) }
            ?? profile.romPackages.first { $0.aid == item.aid && $0.modules.isEmpty }.map {
                ($0.major, $0.minor)
            }
        guard let (major, minor) = known else { return false }
        return major == item.major && minor >= item.minor
    }

    // MARK: The combined process

    func finishCombined(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> [UInt8] {
        try checkMayManage(domain, [.load, .install, .makeSelectable])
        guard let process = session?.load, process.channel == channel, process.performer == domain.aid,
            process.isComplete, let first = process.combinedMessage
        else { throw .conditionsNotSatisfied }
        session?.load = nil
        let request = try ApplicationRequest(command)
        guard request.loadFile == nil || request.loadFile == process.loadFile else { throw .incorrectData }
        if domain.isDelegated, process.hash.isEmpty { throw .conditionsNotSatisfied }
        try checkToken(request.token, over: first + request.message, by: domain)
        try createLoadFile(process, process.received)
        let entry = try createApplication(
            request, from: process.loadFile, domain, channel, isSelectable: true)
        return try confirmation(
            for: domain, tokenIdentifier: request.parameters.tokenIdentifier,
            process.loadFile.counted + entry.aid.counted + process.domain.counted)
    }
}

extension Digest {
    /// The hash function whose value has this length (GPCS 2.3.1 C.2: known by the length).
    static func ofLength(_ count: Int) -> Digest? { allCases.first { $0.byteCount == count } }
}
