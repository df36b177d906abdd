internal import GlobalPlatform
internal import SmartCard

/// INSTALL in all its forms (GPCS 2.3.1 §11.5).
extension VirtualCard {
    func install(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        let data: [UInt8]
        if ![0x02, 0x20].contains(command.p1) { try checkNoUpgrade() }
        switch (command.p1, command.p2) {
        case (0x02, 0x00): data = try installForLoad(command, domain, channel, isCombined: false)
        case (0x0E, 0x01): data = try installForLoad(command, domain, channel, isCombined: true)
        case (0x0E, 0x03): data = try finishCombined(command, domain, channel)
        case (0x04, 0x00), (0x0C, 0x00): data = try installForInstall(command, domain, channel)
        case (0x08, 0x00): data = try installForMakeSelectable(command, domain)
        case (0x10, 0x00): data = try installForExtradition(command, domain)
        case (0x40, 0x00): data = try installForRegistryUpdate(command, domain)
        case (0x20, 0x00): data = try installForPersonalization(command, domain, channel)
        default: throw .incorrectParameters
        }
        return ResponseAPDU(data: data)
    }

    // MARK: [for install], [for install and make selectable]

    private func installForInstall(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> [UInt8] {
        let isSelectable = command.p1 & 0x08 != 0
        try checkMayManage(domain, isSelectable ? [.install, .makeSelectable] : [.install])
        let request = try ApplicationRequest(command)
        guard let loadFile = request.loadFile else { throw .incorrectData }
        try checkToken(request.token, over: request.message, by: domain)
        let entry = try createApplication(
            request, from: loadFile, domain, channel, isSelectable: isSelectable)
        return try confirmation(
            for: domain, tokenIdentifier: request.parameters.tokenIdentifier,
            loadFile.counted + entry.aid.counted)
    }

    /// Makes the instance and its entry; what it may not have is refused before anything runs.
    func createApplication(
        _ request: ApplicationRequest, from loadFileAID: AID, _ domain: ApplicationEntry, _ channel: Int,
        isSelectable: Bool
    ) throws(Refusal) -> ApplicationEntry {
        guard let loadFile = state.loadFile(loadFileAID), let module = request.module,
            loadFile.modules.contains(module)
        else { throw .referencedDataNotFound }
        guard state.application(request.instance) == nil, state.loadFile(request.instance) == nil else {
            throw .conditionsNotSatisfied
        }
        guard state.areRelated(domain.aid, loadFile.domain), let owner = state.application(loadFile.domain),
            isOperational(owner)
        else { throw .conditionsNotSatisfied }
        let privileges = try PrivilegeRules.granted(request.privileges)
        let isDomain = privileges.has(.securityDomain)
        // A domain comes from a module of the card's own; nothing that was loaded can be one.
        guard isDomain == (loadFile.code == nil) else { throw .incorrectData }
        try PrivilegeRules.check(privileges, isSelectable: isSelectable)
        try checkUniquePrivileges(privileges)

        var entry = ApplicationEntry(
            aid: request.instance, loadFile: loadFile.aid, module: module,
            lifeCycle: isSelectable ? .selectable : .installed, privileges: privileges,
            domain: isDomain ? domain.aid : loadFile.domain, serial: state.card.nextSerial)
        entry.provider = request.parameters.provider
        entry.globalServices = try request.parameters.globalServices() ?? []
        entry.limits = try limits(request.parameters)
        try checkSelection(try request.parameters.implicitSelection(), of: entry, isSelectable: isSelectable)
        entry.implicitSelection = try request.parameters.implicitSelection()
        state.card.nextSerial += 1
        takeUniquePrivileges(privileges)
        state.applications.append(entry)
        if isDomain { state.domains[entry.aid] = try newDomain(request.parameters.application ?? []) }
        guard ledger.holds(state, loadingBytes: session?.load?.loadingBytes ?? 0) else {
            throw Refusal(profile.memory.exhaustedStatus)
        }
        try runInstallation(of: entry, request)
        return entry
    }

    /// `C9` of a domain is BER-TLV; `81` names a secure channel and its options, as on UICCs and most Java
    /// Cards.
    private func newDomain(_ parameters: [UInt8]) throws(Refusal) -> DomainData {
        var data = DomainData()
        let objects: [BERTLV]
        do { objects = try BERTLV.readAll(parameters) } catch { throw .incorrectData }
        for object in objects where object.tag == 0x81 {
            guard object.value.count == 2, let first = object.value.first, let options = object.value.last,
                let version = SecureChannelProtocol.Version(rawValue: first),
                profile.supports(version)
            else { throw .incorrectData }
            data.channelProtocols.append(try channelProtocol(version, options: options))
        }
        return data
    }

    /// What no command could open is refused before there is a domain with it. Options of zero are none of SCP02's
    /// (GPCS 2.3.1 §E.1.1) and leave them to the card.
    private func channelProtocol(
        _ version: SecureChannelProtocol.Version, options: UInt8
    ) throws(Refusal) -> SecureChannelProtocol {
        guard version == .scp02 else { return SecureChannelProtocol(version, options: options) }
        let chosen = options == 0 ? profile.scp02Options ?? 0 : options
        guard chosen & Self.explicitInitiation != 0 else { throw .incorrectData }
        return SecureChannelProtocol(version, options: chosen)
    }

    /// Bit b3 of the options of SCP02 (GPCS 2.3.1 table E-1).
    private static let explicitInitiation: UInt8 = 0x04

    private func runInstallation(
        of entry: ApplicationEntry, _ request: ApplicationRequest
    ) throws(Refusal) {
        guard !entry.isSecurityDomain, let program = program(of: entry) else { return }
        try program.install(
            InstallationRequest(
                instance: entry.aid, privileges: entry.privileges.bytes,
                parameters: request.parameters.application ?? []),
            in: context(entry.aid, channel: 0))
    }

    /// GPCS 2.3.1 §9.7: a quota below the reserve makes no sense.
    private func limits(_ parameters: InstallParameterFields) throws(Refusal) -> ResourceLimits {
        var limits = ResourceLimits()
        limits.volatileQuota = try parameters.amount(0xC7).map(UInt32.init)
        limits.nonVolatileQuota = try parameters.amount(0xC8).map(UInt32.init)
        limits.volatileReserved = try parameters.amount(0xD7).map(UInt32.init)
        limits.nonVolatileReserved = try parameters.amount(0xD8).map(UInt32.init)
        guard profile.memory.hasQuotas else { return ResourceLimits() }
        for (quota, reserve) in [
            (limits.volatileQuota, limits.volatileReserved),
            (limits.nonVolatileQuota, limits.nonVolatileReserved),
        ] {
            if let quota, let reserve, quota < reserve { throw .incorrectData }
        }
        return limits
    }

    // MARK: [for make selectable]

    private func installForMakeSelectable(
        _ command: CommandAPDU, _ domain: ApplicationEntry
    ) throws(Refusal) -> [UInt8] {
        try checkMayManage(domain, [.makeSelectable])
        let request = try ApplicationRequest(command)
        guard request.loadFile == nil, request.module == nil else { throw .incorrectData }
        guard let index = state.index(of: request.instance) else { throw .referencedDataNotFound }
        let entry = state.applications[index]
        guard !entry.isIssuerDomain, state.areRelated(domain.aid, entry.domain),
            let owner = state.application(entry.domain), isOperational(owner)
        else { throw .conditionsNotSatisfied }
        try checkToken(request.token, over: request.message, by: domain)
        guard entry.lifeCycle == .installed else { throw .conditionsNotSatisfied }
        // Any privilege but Card Reset is ignored here (§11.5.2.3.3).
        let reset = try PrivilegeRules.granted(request.privileges).intersection(.cardReset)
        try checkUniquePrivileges(reset)
        let selection = try request.parameters.implicitSelection()
        try checkSelection(selection, of: entry, isSelectable: true)
        takeUniquePrivileges(reset)
        state.applications[index].privileges.formUnion(reset)
        state.applications[index].implicitSelection += selection
        state.applications[index].lifeCycle = .selectable
        if !request.parameters.provider.isEmpty {
            state.applications[index].provider = request.parameters.provider
        }
        return try confirmation(
            for: domain, tokenIdentifier: request.parameters.tokenIdentifier,
            (entry.loadFile?.counted ?? [0]) + entry.aid.counted)
    }

    // MARK: [for personalization]

    private func installForPersonalization(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> [UInt8] {
        try checkNotRestricted(domain, [.personalization])
        var reader = FieldReader(command.data)
        try reader.empty()
        try reader.empty()
        let target = try reader.aid()
        for _ in 0..<3 { try reader.empty() }
        try reader.end()
        guard let entry = state.application(target) else { throw .referencedDataNotFound }
        // Trusted Path, direct association, and a life cycle that can be reached (§6.7, §7.3.2).
        guard domain.privileges.has(.trustedPath), entry.domain == domain.aid, !entry.isSecurityDomain,
            entry.lifeCycle.isSelectable, !isTakenElsewhere(entry, channel)
        else { throw .conditionsNotSatisfied }
        session?.channels[channel]?.storing = StoreProcess(target: target)
        return [0x00]
    }

    // MARK: Privileges and implicit selection

    /// Card Reset and Final Application may be given away by the issuer domain only (§6.6.2).
    func checkUniquePrivileges(_ privileges: Privileges) throws(Refusal) {
        for unique in [Privileges.cardReset, .finalApplication] where privileges.has(unique) {
            guard state.issuerDomain.privileges.has(unique) else { throw .conditionsNotSatisfied }
        }
    }

    func takeUniquePrivileges(_ privileges: Privileges) {
        state.applications[0].privileges.subtract(
            privileges.intersection([.cardReset, .finalApplication]))
    }

    /// GPCS 2.3.1 §6.4.1: one application for each channel of the contact interface.
    func checkSelection(
        _ selection: [UInt8], of entry: ApplicationEntry, isSelectable: Bool
    ) throws(Refusal) {
        guard selection.isEmpty || isSelectable else { throw .incorrectData }
        for value in selection where value & 0x40 != 0 {
            let channel = Int(value & 0x1F)
            guard channel < profile.logicalChannelCount else { throw .incorrectData }
            let isTaken = state.applications.contains {
                $0.aid != entry.aid && $0.isImplicitlySelectable(onChannel: channel)
            }
            guard !isTaken else { throw .conditionsNotSatisfied }
        }
    }
}

/// The data of INSTALL [for install] and [for make selectable] (GPCS 2.3.1 tables 11-43 and 11-44).
struct ApplicationRequest {
    let loadFile: AID?
    let module: AID?
    let instance: AID
    let privileges: [UInt8]
    let parameters: InstallParameterFields
    let token: [UInt8]
    let message: [UInt8]

    init(_ command: CommandAPDU) throws(Refusal) {
        var reader = FieldReader(command.data)
        loadFile = try reader.optionalAID()
        module = try reader.optionalAID()
        instance = try reader.aid()
        privileges = try reader.short()
        parameters = try InstallParameterFields(try reader.long())
        message = command.tokenMessage(fieldsUpTo: reader.offset)
        token = try reader.long()
        try reader.end()
    }
}
