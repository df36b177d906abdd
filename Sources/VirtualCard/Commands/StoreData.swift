internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// STORE DATA, to the domain itself or to an application that it personalises (GPCS 2.3.1 §7.3.2, §11.11).
extension VirtualCard {
    /// A data structure that is longer than this is refused.
    private static let structureBytesMax = 8192

    func storeData(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        guard var process = session?.channels[channel]?.storing else { throw .conditionsNotSatisfied }
        // A refused command resets the block counter (§11.11.2.2); the session itself goes on.
        session?.channels[channel]?.storing = StoreProcess(target: process.target)
        guard command.p2 == process.nextBlock, command.p1 & 0x18 != 0x18, command.p1 & 0x60 != 0x40 else {
            throw .incorrectParameters
        }
        let isLast = command.p1 & 0x80 != 0
        process.nextBlock &+= 1
        var answer: [UInt8] = []
        if let target = process.target {
            answer = try forward(command, to: target, domain, channel)
        } else {
            try storeOwn(command, domain, &process, channel)
            guard !isLast || (process.partial.isEmpty && process.announcedKeys.isEmpty) else {
                throw .incorrectData
            }
        }
        session?.channels[channel]?.storing = isLast ? StoreProcess() : process
        return ResponseAPDU(data: answer)
    }

    private func forward(
        _ command: CommandAPDU, to target: AID, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> [UInt8] {
        guard let entry = state.application(target), entry.domain == domain.aid,
            entry.lifeCycle.isSelectable, let program = program(of: entry)
        else { throw .conditionsNotSatisfied }
        try checkNotRestricted(domain, [.personalization])
        let answer = try program.storeData(command, in: context(target, channel: channel))
        // A case 3 command cannot carry an answer (§11.11.3.1).
        guard answer.isEmpty || command.p1 & 0x01 != 0 else { throw .incorrectParameters }
        return answer
    }

    // MARK: The domain's own data

    private func storeOwn(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ process: inout StoreProcess, _ channel: Int
    ) throws(Refusal) {
        process.partial += command.data
        guard process.partial.count <= Self.structureBytesMax else { throw .incorrectData }
        let isEncrypted = command.p1 & 0x60 == 0x60
        let isGrouped = command.p1 & 0x18 == 0x08
        while let (name, value, rest) = try Self.structure(process.partial, isGrouped: isGrouped) {
            process.partial = rest
            if isGrouped {
                let isSecret = isEncrypted || name == 0x8113
                let plain = isSecret ? try decryptData(value, channel: channel) : value
                try storeGroup(UInt16(name), plain, domain, &process)
            } else {
                let plain = isEncrypted ? try decrypted(value, channel) : value
                try storeObject(BERTag(name), plain, domain)
            }
        }
    }

    /// A value that was padded before encryption (GPCS 2.3.1 B.1.3, B.2.3), or one that filled its blocks.
    private func decrypted(_ value: [UInt8], _ channel: Int) throws(Refusal) -> [UInt8] {
        let plain = try decryptData(value, channel: channel)
        return Padding.removeMethod2(plain) ?? plain
    }

    /// The first whole structure, and what follows it; `nil` when it has not come yet.
    private static func structure(
        _ bytes: [UInt8], isGrouped: Bool
    ) throws(Refusal) -> (UInt32, [UInt8], rest: [UInt8])? {
        if bytes.isEmpty { return nil }
        var rest = bytes[...]
        let name: UInt32
        let count: Int
        if isGrouped {
            guard rest.count >= 3 else { return nil }
            name = UInt32(bigEndianBytes: rest.prefix(2))
            let first = rest[rest.startIndex + 2]
            rest = rest.dropFirst(3)
            if first == 0xFF {
                guard rest.count >= 2 else { return nil }
                count = Int(bigEndianBytes: rest.prefix(2))
                rest = rest.dropFirst(2)
            } else {
                count = Int(first)
            }
        } else {
            do throws(TLVError) {
                name = try BERTLV.readTag(&rest).rawValue
                count = try BERTLV.readLength(&rest)
            } catch .truncated {
                return nil
            } catch {
                throw .incorrectData
            }
        }
        guard count <= structureBytesMax else { throw .incorrectData }
        guard count <= rest.count else { return nil }
        return (name, Array(rest.prefix(count)), Array(rest.dropFirst(count)))
    }

    private func storeObject(_ tag: BERTag, _ value: [UInt8], _ domain: ApplicationEntry) throws(Refusal) {
        switch tag {
        case .issuerIdentificationNumber, .cardImageNumber, .cardRecognitionTemplate, 0x5F50:
            state.domains[domain.aid, default: DomainData()].set(tag, value)
        case .cardCapabilityInformation where domain.isIssuerDomain:
            state.domains[domain.aid, default: DomainData()].set(tag, value)
        case .aid where domain.isIssuerDomain: try renameIssuerDomain(value)
        // What the card makes itself cannot be stored (§11.11.2.3).
        case 0xD3, .extendedCardResources, .confirmationCounter, .sequenceCounter,
            .keyInformationTemplate:
            throw .incorrectData
        default: throw .referencedDataNotFound
        }
    }

    private func renameIssuerDomain(_ value: [UInt8]) throws(Refusal) {
        guard let aid = try? AID(value) else { throw .incorrectData }
        let old = state.issuerDomain.aid
        guard aid != old else { return }
        // What an upgrade keeps names it too.
        try checkNoUpgrade()
        guard state.application(aid) == nil, state.loadFile(aid) == nil else { throw .incorrectData }
        state.applications[0].aid = aid
        for index in state.applications.indices where state.applications[index].domain == old {
            state.applications[index].domain = aid
        }
        for index in state.loadFiles.indices where state.loadFiles[index].domain == old {
            state.loadFiles[index].domain = aid
        }
        state.domains[aid] = state.domains.removeValue(forKey: old)
        renameInSession(old, aid)
    }

    /// What the session knows of the issuer domain by its name.
    func renameInSession(_ old: AID, _ new: AID) {
        guard old != new else { return }
        for index in (session?.channels ?? []).indices {
            if session?.channels[index]?.selected == old { session?.channels[index]?.selected = new }
            if session?.channels[index]?.secure?.keyOwner == old {
                session?.channels[index]?.secure?.keyOwner = new
            }
        }
    }

    // MARK: Data groupings and keys (§11.11.4)

    private func storeGroup(
        _ group: UInt16, _ value: [UInt8], _ domain: ApplicationEntry, _ process: inout StoreProcess
    ) throws(Refusal) {
        guard group == 0x8113 || process.announcedKeys.isEmpty else { throw .incorrectData }
        switch group {
        case 0x0070:
            let objects: [BERTLV]
            do { objects = try BERTLV.readAll(value) } catch { throw .incorrectData }
            for object in objects { try storeObject(object.tag, Array(object.value), domain) }
        case 0x00B9:
            let objects: [BERTLV]
            do { objects = try BERTLV.readAll(value) } catch { throw .incorrectData }
            for object in objects { process.announcedKeys.append(try AnnouncedKey(object)) }
        case 0x8113:
            guard !process.announcedKeys.isEmpty else { throw .incorrectData }
            try storeKey(process.announcedKeys.removeFirst(), value, domain)
        default: throw .referencedDataNotFound
        }
    }

    private func storeKey(
        _ announced: AnnouncedKey, _ padded: [UInt8], _ domain: ApplicationEntry
    ) throws(Refusal) {
        let type = KeyType(rawValue: announced.type)
        guard padded.count >= announced.byteCount, KeyCheck.isLengthValid(type, announced.byteCount) else {
            throw .incorrectData
        }
        let value = Array(padded.prefix(announced.byteCount))
        guard KeyCheck.value(type, value) == announced.checkValue else { throw .securityStatusNotSatisfied }
        let key = CardKey(
            identifier: announced.identifier,
            components: [CardKey.Component(type: type, value: Secret(value))], usage: announced.usage,
            access: announced.access)
        try putOrReplace(key, version: announced.version, in: domain.aid)
    }
}

extension AnnouncedKey {
    /// GPCS 2.3.1 table 11-92.
    init(_ object: BERTLV) throws(Refusal) {
        guard object.tag == 0xB9, let fields = try? object.children() else { throw .incorrectData }
        func byte(_ tag: BERTag) throws(Refusal) -> UInt8 {
            guard let value = fields.first(tag)?.value, value.count == 1, let byte = value.first else {
                throw .incorrectData
            }
            return byte
        }
        guard let usage = fields.first(0x95)?.value, (1...2).contains(usage.count),
            let length = fields.first(0x81)?.value, (1...2).contains(length.count),
            let check = fields.first(0x84)?.value, check.count == 3
        else { throw .incorrectData }
        type = try byte(0x80)
        byteCount = Int(bigEndianBytes: length)
        identifier = try byte(0x82)
        version = try byte(0x83)
        self.usage = usage.first
        access = fields.first(0x96) == nil ? nil : try byte(0x96)
        checkValue = Array(check)
        guard (0x01...0x7F).contains(version), identifier <= 0x7F, KeyType(rawValue: type).isSecret else {
            throw .incorrectData
        }
    }
}
