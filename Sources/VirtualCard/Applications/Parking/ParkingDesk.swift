internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// The parking contract of one instance (docs/parking-contract.md). Every method changes the card once or not at all:
/// the core makes the writes of a command durable together.
struct ParkingDesk<Application: ParkableApplication> {
    let application: Application

    /// A STORE DATA command that carries a command of the contract.
    func answer(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> [UInt8] {
        guard let level = context.securityLevel,
            level.isSuperset(of: [.commandMAC, .commandEncryption])
        else { throw .securityStatusNotSatisfied }
        // Plain values, BER-TLV, case 4 (GPCS 2.3.1 table 11-89).
        guard command.p1 & 0x79 == 0x11 else { throw .incorrectParameters }
        let request = try ParkingRequest(command.data)
        let needed: SecurityLevel =
            request.command.instruction == .read ? [.responseMAC, .responseEncryption] : .responseMAC
        guard request.answerKeys != nil || level.isSuperset(of: needed) else {
            throw .securityStatusNotSatisfied
        }
        let answer = try perform(request.command, in: context)
        guard let keys = request.answerKeys else { return answer }
        return try ParkingSeal(keys: keys).seal(answer, to: command.data)
    }

    private func perform(
        _ command: ParkingCommand, in context: ApplicationContext
    ) throws(Refusal) -> [UInt8] {
        var record = try ParkingRecord(in: context)
        if case .read(let generation, let offset, let wanted) = command {
            return try read(generation, offset, wanted, record, in: context)
        }
        let before = record
        let verdict = try decide(command, &record, in: context)
        if record != before {
            try record.write(in: context)
            try announce(record.state, in: context)
        }
        return try status(command.instruction, verdict, record, in: context)
    }

    private func decide(
        _ command: ParkingCommand, _ record: inout ParkingRecord, in context: ApplicationContext
    ) throws(Refusal) -> ParkingVerdict {
        switch command {
        case .status, .read: return ParkingVerdict(.done)
        case .query: return try willingness(record, in: context)
        case .freeze(let generation): return try freeze(generation, &record, in: context)
        case .thaw(let generation): return thaw(generation, &record)
        case .surrender(let generation, let digest):
            return try surrender(generation, digest, &record, in: context)
        case .begin(let header): return try begin(header, &record, in: context)
        case .write(let generation, let offset, let chunk):
            return try write(generation, offset, chunk, &record, in: context)
        case .verify(let generation, let digest):
            return try verify(generation, digest, &record, in: context)
        case .commit(let generation, let digest):
            return try commit(generation, digest, &record, in: context)
        }
    }

    // MARK: Answers

    private func status(
        _ instruction: ParkingInstruction, _ verdict: ParkingVerdict, _ record: ParkingRecord,
        in context: ApplicationContext
    ) throws(Refusal) -> [UInt8] {
        var shown = ParkingImageHeader(
            generation: record.generation, lineage: record.lineage, format: application.imageFormat,
            length: 0, digest: record.digest)
        switch record.state {
        case .active, .frozen: shown.length = UInt32(try application.image(in: context).count)
        case .vacant: break
        case .importing, .verified: shown = record.incoming
        }
        var body = head(instruction, verdict.result)
        body += BERTLV.encode(.parkingStateCode, [record.state.rawValue])
        body += BERTLV.encode(.parkingGeneration, shown.generation.bigEndianBytes)
        body += BERTLV.encode(.parkingLineage, shown.lineage)
        body += BERTLV.encode(.parkingFormat, shown.format.bigEndianBytes)
        body += BERTLV.encode(.parkingLength, shown.length.bigEndianBytes)
        body += BERTLV.encode(.parkingReceived, record.receivedCount.bigEndianBytes)
        body += BERTLV.encode(.parkingDigest, shown.digest)
        if !verdict.text.isEmpty { body += BERTLV.encode(.parkingText, Array(verdict.text.utf8)) }
        return BERTLV.encode(.parkingAnswer, body)
    }

    private func head(_ instruction: ParkingInstruction, _ result: ParkingResult) -> [UInt8] {
        BERTLV.encode(.parkingInstruction, [ParkingContract.version, instruction.rawValue])
            + BERTLV.encode(.parkingResult, [result.rawValue])
    }

    /// Shows the state in the life cycle byte too, where GET STATUS sees it; a hint, never evidence.
    private func announce(_ state: ParkingState, in context: ApplicationContext) throws(Refusal) {
        let lifeCycle = context.entry.lifeCycle
        guard lifeCycle.isSelectable else { return }
        let wanted = lifeCycle.rawValue & 0x8F | (state.rawValue - 1) << 4
        guard wanted != lifeCycle.rawValue else { return }
        try context.setLifeCycle(ApplicationLifeCycle(rawValue: wanted))
    }

    // MARK: Leaving

    private func willingness(
        _ record: ParkingRecord, in context: ApplicationContext
    ) throws(Refusal) -> ParkingVerdict {
        guard record.state == .active else { return ParkingVerdict(.wrongState) }
        guard record.generation < .max else { return ParkingVerdict(.never) }
        return try application.objection(in: context) ?? ParkingVerdict(.done)
    }

    private func freeze(
        _ generation: UInt32, _ record: inout ParkingRecord, in context: ApplicationContext
    ) throws(Refusal) -> ParkingVerdict {
        if record.state == .frozen {
            return ParkingVerdict(record.generation == generation ? .already : .wrongGeneration)
        }
        let willing = try willingness(record, in: context)
        guard willing.result == .done else { return willing }
        guard generation == record.generation + 1 else { return ParkingVerdict(.wrongGeneration) }
        record.state = .frozen
        record.generation = generation
        record.digest = digest(
            of: try application.image(in: context), generation: generation, lineage: record.lineage,
            format: application.imageFormat)
        return ParkingVerdict(.done)
    }

    private func read(
        _ generation: UInt32, _ offset: UInt32, _ wanted: UInt16, _ record: ParkingRecord,
        in context: ApplicationContext
    ) throws(Refusal) -> [UInt8] {
        var verdict = ParkingVerdict(.done)
        var chunk: [UInt8] = []
        if record.state != .frozen {
            verdict = ParkingVerdict(.wrongState)
        } else if record.generation != generation {
            verdict = ParkingVerdict(.wrongGeneration)
        } else {
            // Beyond the end there is nothing, which is no error: a reader may not know the length yet.
            let image = try application.image(in: context)
            chunk = Array(image.dropFirst(Int(offset)).prefix(Int(wanted)))
        }
        let body =
            head(.read, verdict.result) + BERTLV.encode(.parkingGeneration, record.generation.bigEndianBytes)
            + BERTLV.encode(.parkingOffset, offset.bigEndianBytes) + BERTLV.encode(.parkingChunk, chunk)
        return BERTLV.encode(.parkingAnswer, body)
    }

    private func thaw(_ generation: UInt32, _ record: inout ParkingRecord) -> ParkingVerdict {
        switch record.state {
        case .active:
            // Compared from the small side: the generation in the command may be the greatest there is.
            return ParkingVerdict(record.generation - 1 == generation ? .already : .wrongGeneration)
        case .frozen:
            guard record.generation == generation else { return ParkingVerdict(.wrongGeneration) }
            record.state = .active
            record.generation += 1
            record.digest = ParkingRecord.noDigest
            return ParkingVerdict(.done)
        case .vacant, .importing, .verified: return ParkingVerdict(.wrongState)
        }
    }

    private func surrender(
        _ generation: UInt32, _ digest: [UInt8], _ record: inout ParkingRecord, in context: ApplicationContext
    ) throws(Refusal) -> ParkingVerdict {
        guard record.state == .frozen || record.state == .vacant else { return ParkingVerdict(.wrongState) }
        guard record.generation == generation else { return ParkingVerdict(.wrongGeneration) }
        guard isEqualInConstantTime(record.digest, digest) else { return ParkingVerdict(.wrongDigest) }
        guard record.state == .frozen else { return ParkingVerdict(.already) }
        try application.erase(in: context)
        record.state = .vacant
        return ParkingVerdict(.done)
    }

    // MARK: Coming back

    private func begin(
        _ header: ParkingImageHeader, _ record: inout ParkingRecord, in context: ApplicationContext
    ) throws(Refusal) -> ParkingVerdict {
        switch record.state {
        case .active, .frozen:
            let isOld = header.lineage == record.lineage && header.generation <= record.generation
            return ParkingVerdict(isOld ? .outdated : .wrongState)
        case .importing, .verified:
            if header == record.incoming { return ParkingVerdict(.already) }
        case .vacant: break
        }
        guard header.generation >= 2, header.generation.isMultiple(of: 2) else {
            return ParkingVerdict(.wrongGeneration)
        }
        guard record.lineage == ParkingRecord.noLineage || record.lineage == header.lineage,
            header.lineage != ParkingRecord.noLineage
        else { return ParkingVerdict(.wrongLineage) }
        guard header.generation >= record.generation else { return ParkingVerdict(.outdated) }
        // The same generation with other contents: one of the two was never frozen here.
        guard
            header.generation > record.generation || record.digest == ParkingRecord.noDigest
                || record.digest == header.digest
        else { return ParkingVerdict(.wrongDigest) }
        guard header.format == application.imageFormat else { return ParkingVerdict(.notUnderstood) }
        guard (1...application.imageBytesMax).contains(Int(header.length)) else {
            return ParkingVerdict(.wrongSize)
        }
        context.delete(ParkingRecord.stagingObject)
        try context.create(ParkingRecord.stagingObject, byteCount: Int(header.length))
        record.state = .importing
        record.incoming = header
        record.receivedCount = 0
        return ParkingVerdict(.done)
    }

    private func write(
        _ generation: UInt32, _ offset: UInt32, _ chunk: [UInt8], _ record: inout ParkingRecord,
        in context: ApplicationContext
    ) throws(Refusal) -> ParkingVerdict {
        guard record.state == .importing || record.state == .verified else {
            return ParkingVerdict(.wrongState)
        }
        guard record.incoming.generation == generation else { return ParkingVerdict(.wrongGeneration) }
        let (start, end) = (Int(offset), Int(offset) + chunk.count)
        guard end <= Int(record.incoming.length) else { return ParkingVerdict(.wrongSize) }
        if end <= Int(record.receivedCount) {
            let held = context.read(ParkingRecord.stagingObject) ?? []
            return ParkingVerdict(Array(held[start..<end]) == chunk ? .already : .wrongOffset)
        }
        guard offset == record.receivedCount else { return ParkingVerdict(.wrongOffset) }
        try context.write(chunk, to: ParkingRecord.stagingObject, at: start)
        record.receivedCount = UInt32(end)
        return ParkingVerdict(.done)
    }

    private func verify(
        _ generation: UInt32, _ expected: [UInt8], _ record: inout ParkingRecord,
        in context: ApplicationContext
    ) throws(Refusal) -> ParkingVerdict {
        if let objection = objection(to: generation, expected, record) { return objection }
        if record.state == .verified { return ParkingVerdict(.already) }
        guard record.receivedCount == record.incoming.length else { return ParkingVerdict(.incomplete) }
        let image = context.read(ParkingRecord.stagingObject) ?? []
        let header = record.incoming
        let computed = digest(
            of: image, generation: header.generation, lineage: header.lineage, format: header.format)
        guard isEqualInConstantTime(computed, header.digest) else {
            // What came is not what was announced: it is thrown away, and the sender starts again.
            record.receivedCount = 0
            return ParkingVerdict(.wrongDigest)
        }
        guard application.accepts(image) else { return ParkingVerdict(.notUnderstood) }
        record.state = .verified
        return ParkingVerdict(.done)
    }

    private func commit(
        _ generation: UInt32, _ expected: [UInt8], _ record: inout ParkingRecord,
        in context: ApplicationContext
    ) throws(Refusal) -> ParkingVerdict {
        if record.state == .active {
            guard record.generation - 1 == generation else { return ParkingVerdict(.wrongGeneration) }
            // After a thaw there is no digest: then this image was not what made the instance active.
            let isSame =
                record.digest != ParkingRecord.noDigest && isEqualInConstantTime(record.digest, expected)
            return ParkingVerdict(isSame ? .already : .wrongDigest)
        }
        if let objection = objection(to: generation, expected, record) { return objection }
        guard record.state == .verified else { return ParkingVerdict(.wrongState) }
        try application.adopt(context.read(ParkingRecord.stagingObject) ?? [], in: context)
        context.delete(ParkingRecord.stagingObject)
        record.state = .active
        record.generation = generation + 1
        record.lineage = record.incoming.lineage
        record.digest = record.incoming.digest
        record.forgetIncoming()
        return ParkingVerdict(.done)
    }

    private func objection(
        to generation: UInt32, _ digest: [UInt8], _ record: ParkingRecord
    ) -> ParkingVerdict? {
        guard record.state == .importing || record.state == .verified else {
            return ParkingVerdict(.wrongState)
        }
        guard record.incoming.generation == generation else { return ParkingVerdict(.wrongGeneration) }
        guard isEqualInConstantTime(record.incoming.digest, digest) else {
            return ParkingVerdict(.wrongDigest)
        }
        return nil
    }

    private func digest(
        of image: [UInt8], generation: UInt32, lineage: [UInt8], format: UInt32
    ) -> [UInt8] {
        let header = ParkingContract.digestHeader(
            generation: generation, lineage: lineage, format: format, length: image.count)
        return Digest.sha256.hash(header + image)
    }
}
