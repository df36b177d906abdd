internal import GlobalPlatform
internal import SmartCard

/// GET STATUS (GPCS 2.3.1 §11.4).
extension VirtualCard {
    private enum Scope: UInt8 {
        case issuerDomain = 0x80
        case applications = 0x40
        case loadFiles = 0x20
        case loadFilesAndModules = 0x10
    }

    func getStatus(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        // The other bits of P1 and P2 are RFU, and ignored (§11.1).
        guard let scope = Scope(rawValue: command.p1 & 0xF0) else { throw .incorrectParameters }
        let isTLV = command.p2 & 0x02 != 0
        guard isTLV || profile.hasLegacyStatus else { throw .incorrectParameters }
        let isNext = command.p2 & 0x01 != 0
        guard !isNext || scope != .issuerDomain else { throw .incorrectParameters }
        let key = command.p1 & 0xF0 | command.p2 & 0x02
        if isNext {
            guard let cursor = session?.channels[channel]?.statusCursor, cursor.scope == key else {
                throw .conditionsNotSatisfied
            }
            return page(cursor, channel)
        }
        session?.channels[channel]?.statusCursor = nil
        let criteria = try StatusCriteria(command.data, isIssuerDomain: scope == .issuerDomain)
        let records = try records(scope, criteria, domain, isTLV: isTLV)
        guard !records.isEmpty else { throw .referencedDataNotFound }
        return page(StatusCursor(scope: key, remaining: records[...]), channel)
    }

    /// As many whole records as one answer holds; 6310 says that there are more.
    private func page(_ cursor: StatusCursor, _ channel: Int) -> ResponseAPDU {
        var cursor = cursor
        // A protected answer must leave room for its padding and MAC.
        let level = securityLevel(channel: channel) ?? []
        let room = level.intersection([.responseMAC, .responseEncryption]).isEmpty ? 256 : 223
        var data: [UInt8] = []
        while let record = cursor.remaining.first, data.isEmpty || data.count + record.count <= room {
            data += record
            cursor.remaining.removeFirst()
        }
        let isDone = cursor.remaining.isEmpty
        session?.channels[channel]?.statusCursor = isDone ? nil : cursor
        return ResponseAPDU(data: data, status: isDone ? .success : 0x6310)
    }

    private func records(
        _ scope: Scope, _ criteria: StatusCriteria, _ domain: ApplicationEntry, isTLV: Bool
    ) throws(Refusal) -> [[UInt8]] {
        let seesAll = domain.privileges.has(.globalRegistry)
        switch scope {
        case .issuerDomain:
            guard domain.isIssuerDomain || seesAll else { throw .conditionsNotSatisfied }
            return [record(of: state.issuerDomain, criteria, isTLV: isTLV)]
        case .applications:
            return state.applications.dropFirst().filter {
                $0.aid.matches(partial: criteria.name)
                    && (seesAll || $0.aid == domain.aid
                        || state.isAssociated(domain.aid, withContentOf: $0.domain))
            }.map { record(of: $0, criteria, isTLV: isTLV) }
        case .loadFiles, .loadFilesAndModules:
            return state.loadFiles.filter {
                // A library in read-only memory is part of the platform, not of the content.
                ($0.code != nil || !$0.modules.isEmpty) && $0.aid.matches(partial: criteria.name)
                    && (seesAll || state.isAssociated(domain.aid, withContentOf: $0.domain))
            }.map { record(of: $0, criteria, withModules: scope == .loadFilesAndModules, isTLV: isTLV) }
        }
    }

    private func record(
        of entry: ApplicationEntry, _ criteria: StatusCriteria, isTLV: Bool
    ) -> [UInt8] {
        let lifeCycle = entry.isIssuerDomain ? state.card.lifeCycle.rawValue : entry.lifeCycle.rawValue
        if !isTLV { return entry.aid.counted + [lifeCycle, entry.privileges.bytes[0]] }
        var fields: [(BERTag, [UInt8])] = [
            (.aid, entry.aid.bytes), (.lifeCycle, [lifeCycle]), (.privileges, entry.privileges.bytes),
        ]
        fields += entry.implicitSelection.map { (.implicitSelection, [$0]) }
        if let loadFile = entry.loadFile { fields.append((.executableLoadFile, loadFile.bytes)) }
        fields.append((.associatedSecurityDomain, entry.domain.bytes))
        return criteria.template(fields)
    }

    private func record(
        of entry: LoadFileEntry, _ criteria: StatusCriteria, withModules: Bool, isTLV: Bool
    ) -> [UInt8] {
        let lifeCycle = LoadFileLifeCycle.loaded.rawValue
        if !isTLV {
            let head = entry.aid.counted + [lifeCycle, 0x00]
            guard withModules else { return head }
            return head + [UInt8(entry.modules.count)] + entry.modules.flatMap(\.counted)
        }
        var fields: [(BERTag, [UInt8])] = [
            (.aid, entry.aid.bytes), (.lifeCycle, [lifeCycle]), (.loadFileVersion, entry.version),
        ]
        if withModules { fields += entry.modules.map { (.executableModule, $0.bytes) } }
        fields.append((.associatedSecurityDomain, entry.domain.bytes))
        return criteria.template(fields)
    }
}

/// The search criteria of GET STATUS (GPCS 2.3.1 table 11-35).
private struct StatusCriteria {
    /// The AID, or the bytes that it begins with.
    let name: [UInt8]
    /// The tags wanted; `nil` for all.
    let tags: Set<BERTag>?

    init(_ data: [UInt8], isIssuerDomain: Bool) throws(Refusal) {
        let objects: [BERTLV]
        do { objects = try BERTLV.readAll(data) } catch { throw .incorrectData }
        if isIssuerDomain, objects.isEmpty {
            (name, tags) = ([], nil)
            return
        }
        guard let first = objects.first, first.tag == .aid, first.value.count <= 16 else {
            throw .incorrectData
        }
        name = Array(first.value)
        guard var list = objects.first(0x5C)?.value, !list.isEmpty else {
            tags = nil
            return
        }
        var wanted: Set<BERTag> = []
        while !list.isEmpty {
            guard let tag = try? BERTLV.readTag(&list) else { throw .incorrectData }
            wanted.insert(tag)
        }
        tags = wanted
    }

    func template(_ fields: [(BERTag, [UInt8])]) -> [UInt8] {
        let chosen = fields.filter { tags?.contains($0.0) ?? true }
        return BERTLV.encode(.registryEntry, chosen.flatMap { BERTLV.encode($0.0, $0.1) })
    }
}
