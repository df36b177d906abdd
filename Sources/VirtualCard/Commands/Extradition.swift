internal import GlobalPlatform
internal import SmartCard

/// INSTALL [for extradition] and [for registry update] (GPCS 2.3.1 §9.4, §11.5.2.3.4, §11.5.2.3.5).
extension VirtualCard {
    func installForExtradition(
        _ command: CommandAPDU, _ domain: ApplicationEntry
    ) throws(Refusal) -> [UInt8] {
        try checkMayManage(domain, [.extradition])
        var reader = FieldReader(command.data)
        let target = try reader.aid()
        try reader.empty()
        let subject = try reader.aid()
        try reader.empty()
        let parameters = try InstallParameterFields(try reader.long())
        let message = command.tokenMessage(fieldsUpTo: reader.offset)
        let token = try reader.long()
        try reader.end()
        guard state.application(subject) != nil || state.loadFile(subject) != nil else {
            throw .referencedDataNotFound
        }
        try checkToken(token, over: message, by: domain)
        let old = try extradite(subject, to: target, by: domain)
        return try confirmation(
            for: domain, tokenIdentifier: parameters.tokenIdentifier,
            old.counted + subject.counted + target.counted)
    }

    /// Returns the domain that held it before.
    private func extradite(
        _ subject: AID, to target: AID, by domain: ApplicationEntry
    ) throws(Refusal) -> AID {
        guard let receiver = state.application(target) else { throw .referencedDataNotFound }
        if let index = state.index(of: subject) {
            let entry = state.applications[index]
            let old = entry.domain
            // A domain may be extradited to itself and so become a root (§7.2); into its own sub-hierarchy it
            // would become a ring.
            let isOwn = target == subject
            guard !entry.isIssuerDomain, isOwn || !state.ancestors(domain: target).contains(subject) else {
                throw .conditionsNotSatisfied
            }
            try checkExtradition(from: old, to: receiver, by: domain)
            state.applications[index].domain = target
            return old
        }
        guard let index = state.loadFiles.firstIndex(where: { $0.aid == subject }) else {
            throw .referencedDataNotFound
        }
        guard !receiver.privileges.has(.dapVerification) else { throw .conditionsNotSatisfied }
        let old = state.loadFiles[index].domain
        try checkExtradition(from: old, to: receiver, by: domain)
        state.loadFiles[index].domain = target
        return old
    }

    private func checkExtradition(
        from old: AID, to receiver: ApplicationEntry, by domain: ApplicationEntry
    ) throws(Refusal) {
        guard receiver.isSecurityDomain, isOperational(receiver) else { throw .conditionsNotSatisfied }
        guard let holder = state.application(old), isOperational(holder),
            state.isAssociated(domain.aid, withContentOf: old)
        else { throw .conditionsNotSatisfied }
    }

    func installForRegistryUpdate(
        _ command: CommandAPDU, _ domain: ApplicationEntry
    ) throws(Refusal) -> [UInt8] {
        try checkMayManage(domain, [.registryUpdate])
        var reader = FieldReader(command.data)
        let target = try reader.optionalAID()
        try reader.empty()
        let subject = try reader.optionalAID()
        let privileges = try reader.short()
        let field = try reader.long()
        let parameters = try InstallParameterFields(field)
        let message = command.tokenMessage(fieldsUpTo: reader.offset)
        let token = try reader.long()
        try reader.end()
        try checkToken(token, over: message, by: domain)
        var old: AID?
        if let subject {
            old = try update(subject, privileges, parameters, target: target, by: domain)
        } else {
            try restrictCard(domain, parameters, hasOthers: target != nil || !privileges.isEmpty)
        }
        return try confirmation(
            for: domain, tokenIdentifier: parameters.tokenIdentifier,
            (old?.counted ?? [0]) + (subject?.counted ?? [0]) + (target?.counted ?? [0])
                + [UInt8(privileges.count)] + privileges + BERTLV.encodeLength(field.count) + field)
    }

    private func update(
        _ subject: AID, _ privileges: [UInt8], _ parameters: InstallParameterFields, target: AID?,
        by domain: ApplicationEntry
    ) throws(Refusal) -> AID? {
        guard let index = state.index(of: subject) else { throw .referencedDataNotFound }
        let entry = state.applications[index]
        guard state.isAssociated(domain.aid, withContentOf: entry.domain),
            let holder = state.application(entry.domain),
            isOperational(holder)
        else { throw .conditionsNotSatisfied }
        if !privileges.isEmpty { try changePrivileges(at: index, to: privileges) }
        let selection = try parameters.implicitSelection()
        try checkSelection(selection, of: entry, isSelectable: true)
        // CF only ever adds (§11.5.2.3.7, note).
        state.applications[index].implicitSelection += selection
        if let services = try parameters.globalServices() {
            state.applications[index].globalServices = services
        }
        if let restriction = try parameters.restriction() {
            guard entry.isSecurityDomain else { throw .incorrectData }
            state.domains[subject]?.restrictions |= restriction & 0x7F
        }
        guard let target else { return nil }
        return try extradite(subject, to: target, by: domain)
    }

    private func changePrivileges(at index: Int, to bytes: [UInt8]) throws(Refusal) {
        let entry = state.applications[index]
        let wanted = try PrivilegeRules.granted(bytes)
        try PrivilegeRules.checkCombination(wanted)
        // What an application is cannot be changed by a privilege.
        guard wanted.has(.securityDomain) == entry.isSecurityDomain else { throw .incorrectData }
        guard !entry.isIssuerDomain else {
            // The issuer domain's two unique privileges move with the applications that get them.
            let unique: Privileges = [.cardReset, .finalApplication]
            guard wanted.intersection(unique) == entry.privileges.intersection(unique) else {
                throw .conditionsNotSatisfied
            }
            state.applications[index].privileges = wanted
            return
        }
        let new = wanted.subtracting(entry.privileges)
        try checkUniquePrivileges(new)
        takeUniquePrivileges(new)
        giveBackUniquePrivileges(entry.privileges.subtracting(wanted))
        state.applications[index].privileges = wanted
    }

    /// Card Reset and Final Application return to the issuer domain (§6.6.2).
    func giveBackUniquePrivileges(_ privileges: Privileges) {
        state.applications[0].privileges.formUnion(
            privileges.intersection([.cardReset, .finalApplication]))
    }

    /// Disables functions of the whole card, for good (§9.4.2.1, table 11-53).
    private func restrictCard(
        _ domain: ApplicationEntry, _ parameters: InstallParameterFields, hasOthers: Bool
    ) throws(Refusal) {
        guard let restriction = try parameters.restriction(), !hasOthers else { throw .incorrectData }
        guard domain.privileges.has(.globalLock) else { throw .conditionsNotSatisfied }
        state.card.restrictions |= restriction & 0x7F
    }
}
