internal import GlobalPlatform
internal import SmartCard

/// GET DATA (GPCS 2.3.1 §11.3).
extension VirtualCard {
    func getData(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        let tag = BERTag(UInt32(command.p1) << 8 | UInt32(command.p2))
        let isInterindustry = command.cla & 0x80 == 0
        if tag == .applicationList {
            // With an ISO class the list is a file, read with the odd instruction (§11.3.2.1).
            guard isInterindustry == (command.ins == 0xCB) else { throw .referencedDataNotFound }
            guard command.data == [0x5C, 0x00] else { throw .incorrectData }
            return ResponseAPDU(data: applicationList(domain))
        }
        guard command.ins == Instruction.getData else { throw .referencedDataNotFound }
        guard command.data.isEmpty else { throw .incorrectData }
        guard let value = value(of: tag, domain, channel) else { throw .referencedDataNotFound }
        // ISO asks for the value, GlobalPlatform for the whole object (§11.3.3.1).
        return ResponseAPDU(data: isInterindustry ? value : BERTLV.encode(tag, value))
    }

    private func value(of tag: BERTag, _ domain: ApplicationEntry, _ channel: Int) -> [UInt8]? {
        let data = state.domains[domain.aid] ?? DomainData()
        switch tag {
        case .cardProductionLifeCycle:
            return domain.isIssuerDomain ? state.card.productionLifeCycle : nil
        case .cardRecognitionTemplate: return data.value(tag) ?? recognitionData
        case .cardCapabilityInformation:
            return domain.isIssuerDomain ? data.value(tag) ?? capabilityInformation : nil
        case .keyInformationTemplate: return keyInformation(data)
        case .sequenceCounter: return sequenceCounter(of: domain)
        case .confirmationCounter:
            return domain.privileges.has(.receiptGeneration)
                ? data.confirmationCounter.bigEndianBytes : nil
        case .extendedCardResources: return profile.memory.hasReport ? resources : nil
        case 0xD3: return [securityLevel(channel: channel).map { 0x80 | $0.rawValue } ?? 0x00]
        default: return data.value(tag)
        }
    }

    /// TS 102 226 §8.2.1.7.2: applications, free non-volatile and volatile memory.
    private var resources: [UInt8] {
        let free = ledger.reported(freeMemory)
        return CardResources(
            applicationCount: state.applications.count - 1, freeNonVolatile: free.nonVolatile,
            freeVolatile: free.volatile
        ).encoded
    }

    private func applicationList(_ domain: ApplicationEntry) -> [UInt8] {
        state.applications.filter {
            domain.privileges.has(.globalRegistry) || $0.aid == domain.aid
                || state.isAssociated(domain.aid, withContentOf: $0.domain)
        }.flatMap { BERTLV.encode(0x61, BERTLV.encode(.aid, $0.aid.bytes)) }
    }

    /// GPCS 2.3.1 table 11-28.
    private func keyInformation(_ data: DomainData) -> [UInt8] {
        data.keySets.flatMap { set in
            set.keys.flatMap { key in
                let parts = key.components.flatMap { component -> [UInt8] in
                    // 00 stands for 256 bytes and more.
                    [component.type.rawValue, component.byteCount > 255 ? 0 : UInt8(component.byteCount)]
                }
                return BERTLV.encode(.keyInformation, [key.identifier, set.version] + parts)
            }
        }
    }

    /// Of the default key version; SCP03 has one only with the pseudo-random challenge (§11.3.2.1).
    private func sequenceCounter(of domain: ApplicationEntry) -> [UInt8]? {
        guard let owner = state.keyOwner(for: domain), let set = state.domains[owner]?.defaultKeySet,
            let channel = set.channelProtocol
        else { return nil }
        switch channel.version {
        case .scp02: return Array(set.sequenceCounter.bigEndianBytes.suffix(2))
        case .scp03:
            return channel.options & 0x10 != 0 ? Array(set.sequenceCounter.bigEndianBytes.suffix(3)) : nil
        case .scp01, .scp10, .scp11, .scp21, .scp22, .scp80, .scp81: return nil
        }
    }

    // MARK: What the card says of itself (GPCS 2.3.1 H.2, H.4)

    private static let globalPlatformOID: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B]

    private var channelOptions: [(protocol: UInt8, options: UInt8)] {
        [(0x02, profile.scp02Options), (0x03, profile.scp03Options)].compactMap { version, options in
            options.map { (version, $0) }
        }
    }

    private var recognitionData: [UInt8] {
        func identifier(_ arcs: [UInt8]) -> [UInt8] {
            BERTLV.encode(0x06, Self.globalPlatformOID + arcs)
        }
        var content = identifier([1])
        content += BERTLV.encode(0x60, identifier([2, 2, 3, 1]))
        content += BERTLV.encode(0x63, identifier([3]))
        for (version, options) in channelOptions {
            content += BERTLV.encode(0x64, identifier([4, version, options]))
        }
        if profile.upgradesLoadFiles { content += BERTLV.encode(0x89, [0x01]) }
        return BERTLV.encode(.cardRecognitionData, content)
    }

    private var capabilityInformation: [UInt8] {
        var content: [UInt8] = []
        for (version, options) in channelOptions {
            var fields = BERTLV.encode(0x80, [version]) + BERTLV.encode(0x81, [options])
            // AES with 128, 192 and 256 bits (table H-7).
            if version == 0x03 { fields += BERTLV.encode(0x82, [0x07]) }
            content += BERTLV.encode(0xA0, fields)
        }
        // Privileges that a domain may have, and any application.
        content += BERTLV.encode(0x81, [0xFF, 0xFF, 0xF0]) + BERTLV.encode(0x82, [0x1E, 0x9F, 0x30])
        // Hash functions for load file data blocks: SHA-1, SHA-256, SHA-384, SHA-512.
        content += BERTLV.encode(0x83, [0x01, 0x02, 0x03, 0x04])
        // Triple DES and AES for load files; every signature scheme for tokens, receipts and DAP (tables H-8,
        // H-9).
        content += BERTLV.encode(0x84, [0x8F]) + BERTLV.encode(0x85, [0xFF])
        content += BERTLV.encode(0x86, [0xFF]) + BERTLV.encode(0x87, [0xFF])
        return content
    }
}
