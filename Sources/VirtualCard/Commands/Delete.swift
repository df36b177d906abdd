internal import GlobalPlatform
internal import SmartCard

/// DELETE of content and of keys (GPCS 2.3.1 §9.5, §11.2).
extension VirtualCard {
    func delete(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        let objects: [BERTLV]
        do { objects = try BERTLV.readAll(command.data) } catch { throw .incorrectData }
        guard let first = objects.first else { throw .incorrectData }
        switch first.tag {
        case .aid:
            return ResponseAPDU(data: try deleteContent(command, objects, domain, channel))
        case 0xD0, 0xD2:
            try deleteKeys(objects, domain)
            return ResponseAPDU(data: [0x00])
        default: throw .incorrectData
        }
    }

    // MARK: Content

    private func deleteContent(
        _ command: CommandAPDU, _ objects: [BERTLV], _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> [UInt8] {
        guard let aid = try? AID(objects[0].value) else { throw .incorrectData }
        var rest = objects.dropFirst()
        var tokenIdentifier: [UInt8] = []
        var signedBytes = objects[0].encoded.count
        if let control = rest.first, control.tag == 0xB6 {
            guard let fields = try? control.children() else { throw .incorrectData }
            tokenIdentifier = fields.first(0x93).map { Array($0.value) } ?? []
            signedBytes += control.encoded.count
            rest = rest.dropFirst()
        }
        var token: [UInt8] = []
        if let last = rest.first, last.tag == 0x9E {
            token = Array(last.value)
            rest = rest.dropFirst()
        }
        guard rest.isEmpty else { throw .incorrectData }
        try checkNoUpgrade()
        try checkMayManage(domain, [.delete])
        try checkToken(token, over: command.tokenMessage(fieldsUpTo: signedBytes), by: domain)
        let withRelated = command.p2 & 0x80 != 0
        if state.application(aid) != nil {
            try deleteApplication(aid, by: domain, channel, related: [])
        } else if state.loadFile(aid) != nil {
            try deleteLoadFile(aid, by: domain, channel, withRelated: withRelated)
        } else {
            throw .referencedDataNotFound
        }
        return try confirmation(for: domain, tokenIdentifier: tokenIdentifier, aid.counted)
    }

    /// `related`: what goes in the same command and therefore does not stand in the way.
    private func deleteApplication(
        _ aid: AID, by domain: ApplicationEntry, _ channel: Int, related: Set<AID>
    ) throws(Refusal) {
        guard let entry = state.application(aid) else { throw .referencedDataNotFound }
        guard !entry.isIssuerDomain, aid != domain.aid, mayDelete(contentOf: entry.domain, domain) else {
            throw .conditionsNotSatisfied
        }
        guard !isSelected(aid, except: channel) else { throw .conditionsNotSatisfied }
        if entry.isSecurityDomain {
            let hasContent =
                state.applications.contains { $0.domain == aid && $0.aid != aid && !related.contains($0.aid) }
                || state.loadFiles.contains { $0.domain == aid && !related.contains($0.aid) }
            guard !hasContent else { throw .conditionsNotSatisfied }
        } else if let program = program(of: entry) {
            try program.uninstall(in: context(aid, channel: 0))
        }
        giveBackUniquePrivileges(entry.privileges)
        state.applications.removeAll { $0.aid == aid }
        state.domains[aid] = nil
        state.memories[aid] = nil
        session?.transient[aid] = nil
    }

    private func deleteLoadFile(
        _ aid: AID, by domain: ApplicationEntry, _ channel: Int, withRelated: Bool
    ) throws(Refusal) {
        guard let entry = state.loadFile(aid), mayDelete(contentOf: entry.domain, domain) else {
            throw .conditionsNotSatisfied
        }
        let instances = state.applications.filter { $0.loadFile == aid }.map(\.aid)
        guard instances.isEmpty || withRelated else { throw .conditionsNotSatisfied }
        let isImported = state.loadFiles.contains { $0.aid != aid && $0.imports.contains { $0.aid == aid } }
        guard !isImported else { throw .conditionsNotSatisfied }
        for instance in instances {
            try deleteApplication(instance, by: domain, channel, related: Set(instances + [aid]))
        }
        state.loadFiles.removeAll { $0.aid == aid }
        state.memories[aid] = nil
    }

    /// Its own content, that below it, or anybody's with Global Delete (§9.5.1).
    func mayDelete(contentOf owner: AID, _ domain: ApplicationEntry) -> Bool {
        domain.privileges.has(.globalDelete) || state.isAssociated(domain.aid, withContentOf: owner)
    }

    // MARK: Keys

    private func deleteKeys(_ objects: [BERTLV], _ domain: ApplicationEntry) throws(Refusal) {
        var (identifier, version): (UInt8?, UInt8?) = (nil, nil)
        for object in objects {
            guard object.value.count == 1, let value = object.value.first else { throw .incorrectData }
            switch object.tag {
            case 0xD0 where identifier == nil: identifier = value
            case 0xD2 where version == nil: version = value
            default: throw .incorrectData
            }
        }
        guard var data = state.domains[domain.aid] else { throw .referencedDataNotFound }
        var deleted = 0
        for index in data.keySets.indices where version == nil || data.keySets[index].version == version {
            let before = data.keySets[index].keys.count
            data.keySets[index].keys.removeAll { identifier == nil || $0.identifier == identifier }
            deleted += before - data.keySets[index].keys.count
            if data.keySets[index].channelKey == nil { data.keySets[index].channelProtocol = nil }
        }
        guard deleted > 0 else { throw .referencedDataNotFound }
        data.keySets.removeAll(where: \.keys.isEmpty)
        // Nobody could ever open the domain again: no such deletion (§7.6 leaves the policy to the domain).
        guard data.defaultKeySet != nil || !isOperational(domain) else { throw .conditionsNotSatisfied }
        state.domains[domain.aid] = data
    }
}
