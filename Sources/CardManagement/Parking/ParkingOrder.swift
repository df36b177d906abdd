package import CardCrypto
package import GlobalPlatform
package import SmartCard

/// An application's data on their way, as both sides name them (docs/parking-contract.md, "The digest").
package struct ParkingImage: Hashable, Sendable {
    package var generation: UInt32
    package var lineage: [UInt8]
    package var format: UInt32
    package var byteCount: Int
    package var digest: [UInt8]

    package init(generation: UInt32, lineage: [UInt8], format: UInt32, byteCount: Int, digest: [UInt8]) {
        self.generation = generation
        self.lineage = lineage
        self.format = format
        self.byteCount = byteCount
        self.digest = digest
    }

    /// What the digest of these bytes is; the card computes the same.
    package func digest(of image: Secret) -> [UInt8] {
        let header = ParkingContract.digestHeader(
            generation: generation, lineage: lineage, format: format, length: image.count)
        var covered = header + image.withBytes { Array($0) }
        defer { _ = Secret(erasing: &covered) }
        return Digest.sha256.hash(covered)
    }
}

/// A command of the parking contract as the centre sends it.
package enum ParkingOrder: Hashable, Sendable {
    case status
    case query
    case freeze(generation: UInt32)
    case read(generation: UInt32, offset: Int, wanted: Int)
    case thaw(generation: UInt32)
    case surrender(generation: UInt32, digest: [UInt8])
    case begin(ParkingImage)
    case write(generation: UInt32, offset: Int, chunk: [UInt8])
    case verify(generation: UInt32, digest: [UInt8])
    case commit(generation: UInt32, digest: [UInt8])

    package var instruction: ParkingInstruction {
        switch self {
        case .status: .status
        case .query: .query
        case .freeze: .freeze
        case .read: .read
        case .thaw: .thaw
        case .surrender: .surrender
        case .begin: .begin
        case .write: .write
        case .verify: .verify
        case .commit: .commit
        }
    }

    /// The data of one STORE DATA, from `FF70` on.
    package func encoded(sealedBy keys: ParkingSealKeys? = nil) -> [UInt8] {
        var objects = BERTLV.encode(
            .parkingInstruction, [ParkingContract.version, instruction.rawValue])
        switch self {
        case .status, .query: break
        case .freeze(let generation), .thaw(let generation):
            objects += number(.parkingGeneration, generation)
        case .read(let generation, let offset, let wanted):
            objects += number(.parkingGeneration, generation) + number(.parkingOffset, UInt32(offset))
            objects += BERTLV.encode(.parkingWanted, UInt16(wanted).bigEndianBytes)
        case .surrender(let generation, let digest), .verify(let generation, let digest),
            .commit(let generation, let digest):
            objects += number(.parkingGeneration, generation) + BERTLV.encode(.parkingDigest, digest)
        case .begin(let image):
            objects += number(.parkingGeneration, image.generation)
            objects += BERTLV.encode(.parkingLineage, image.lineage) + number(.parkingFormat, image.format)
            objects += number(.parkingLength, UInt32(image.byteCount))
            objects += BERTLV.encode(.parkingDigest, image.digest)
        case .write(let generation, let offset, let chunk):
            objects += number(.parkingGeneration, generation) + number(.parkingOffset, UInt32(offset))
            objects += BERTLV.encode(.parkingChunk, chunk)
        }
        if let keys { objects += BERTLV.encode(.parkingAnswerKeys, keys.bytes) }
        return BERTLV.encode(.parkingCommand, objects)
    }

    private func number(_ tag: BERTag, _ value: UInt32) -> [UInt8] {
        BERTLV.encode(tag, value.bigEndianBytes)
    }
}

extension CommandAPDU {
    /// STORE DATA with one command of the parking contract; `index` counts from the INSTALL [for personalization]
    /// before it.
    ///
    /// Always "more follows": after a last block the next one would be for the domain.
    package static func parking(_ data: [UInt8], index: Int) -> CommandAPDU {
        precondition((0...255).contains(index), "P2 counts to FF; begin anew after that")
        return CommandAPDU(0x80, Instruction.storeData, 0x11, UInt8(index), data: data, expecting: 256)
    }
}

/// Random keys for sealed answers, where the channel does not encrypt answers; for one session.
package struct ParkingSealKeys: Hashable, Sendable {
    let bytes: [UInt8]

    package init(entropy: any EntropySource) { bytes = entropy.bytes(ParkingContract.answerKeyBytes) }
    package init?(bytes: [UInt8]) {
        guard bytes.count == ParkingContract.answerKeyBytes else { return nil }
        self.bytes = bytes
    }

    /// Takes the seal off an answer to this command; fails when either was changed.
    package func open(_ answer: ArraySlice<UInt8>, command: [UInt8]) throws(ParkingAnswerError) -> [UInt8] {
        guard answer.count > 16 else { throw .malformed("a sealed answer of \(answer.count) bytes") }
        let (authenticator, hidden) = (Array(answer.prefix(16)), Array(answer.dropFirst(16)))
        do {
            let cipher = try Cipher(.aes, key: Secret(bytes.suffix(16)))
            var clear: [UInt8] = []
            for (index, block) in hidden.chunks(of: 16).enumerated() {
                guard index <= 255 else { throw ParkingAnswerError.malformed("a sealed answer too long") }
                let stream = cipher.encryptECB(authenticator.prefix(15) + [UInt8(index)])
                clear += zip(block, stream).map { $0 ^ $1 }
            }
            let expected = try CMAC(aes: Secret(bytes.prefix(16))).mac(command, clear)
            guard isEqualInConstantTime(expected, authenticator) else {
                throw ParkingAnswerError.notAuthentic
            }
            return clear
        } catch let error as ParkingAnswerError {
            throw error
        } catch {
            throw .notAuthentic
        }
    }
}
