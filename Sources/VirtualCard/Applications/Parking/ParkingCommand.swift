internal import GlobalPlatform
internal import SmartCard

/// An image as BEGIN announces it.
struct ParkingImageHeader: Equatable {
    var generation: UInt32
    var lineage: [UInt8]
    var format: UInt32
    var length: UInt32
    var digest: [UInt8]
}

/// A command of the parking contract, read strictly: every object in its place, in the shortest coding, nothing else.
enum ParkingCommand: Equatable {
    case status
    case query
    case freeze(generation: UInt32)
    case read(generation: UInt32, offset: UInt32, wanted: UInt16)
    case thaw(generation: UInt32)
    case surrender(generation: UInt32, digest: [UInt8])
    case begin(ParkingImageHeader)
    case write(generation: UInt32, offset: UInt32, chunk: [UInt8])
    case verify(generation: UInt32, digest: [UInt8])
    case commit(generation: UInt32, digest: [UInt8])

    var instruction: ParkingInstruction {
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
}

/// A command with the keys for its answer, where it brought any.
struct ParkingRequest {
    let command: ParkingCommand
    let answerKeys: [UInt8]?

    /// Whether STORE DATA carries a command of the contract, right or wrong; other data are the application's own.
    static func isMeant(by data: [UInt8]) -> Bool { data.starts(with: BERTag.parkingCommand.bytes) }

    init(_ data: [UInt8]) throws(Refusal) {
        var objects: Objects
        do throws(TLVError) {
            let template = try BERTLV.readOne(data)
            let children = try template.children()
            // Only the shortest coding of lengths, so that one command has one form.
            guard BERTLV.encode(template.tag, children.flatMap(\.encoded)) == data else {
                throw .lengthTooLong(at: 0)
            }
            objects = Objects(rest: children[...])
        } catch { throw .incorrectData }
        let head = try objects.bytes(.parkingInstruction, 2)
        guard head[0] == ParkingContract.version else { throw .functionNotSupported }
        guard let instruction = ParkingInstruction(rawValue: head[1]) else { throw .functionNotSupported }
        command = try Self.command(instruction, &objects)
        answerKeys = try objects.optionalBytes(.parkingAnswerKeys, ParkingContract.answerKeyBytes)
        guard objects.rest.isEmpty else { throw .incorrectData }
    }

    private static func command(
        _ instruction: ParkingInstruction, _ objects: inout Objects
    ) throws(Refusal) -> ParkingCommand {
        switch instruction {
        case .status: return .status
        case .query: return .query
        case .begin: return .begin(try header(&objects))
        case .freeze, .read, .thaw, .surrender, .write, .verify, .commit: break
        }
        let generation = try objects.number(.parkingGeneration)
        switch instruction {
        case .read:
            let offset = try objects.number(.parkingOffset)
            let wanted = UInt16(bigEndianBytes: try objects.bytes(.parkingWanted, 2))
            guard (1...ParkingContract.chunkBytesMax).contains(Int(wanted)) else { throw .incorrectData }
            return .read(generation: generation, offset: offset, wanted: wanted)
        case .write:
            let offset = try objects.number(.parkingOffset)
            let chunk = try objects.bytes(.parkingChunk)
            guard (1...ParkingContract.chunkBytesMax).contains(chunk.count) else { throw .incorrectData }
            return .write(generation: generation, offset: offset, chunk: chunk)
        case .thaw: return .thaw(generation: generation)
        case .surrender: return .surrender(generation: generation, digest: try digest(&objects))
        case .verify: return .verify(generation: generation, digest: try digest(&objects))
        case .commit: return .commit(generation: generation, digest: try digest(&objects))
        case .status, .query, .begin, .freeze: return .freeze(generation: generation)
        }
    }

    private static func header(_ objects: inout Objects) throws(Refusal) -> ParkingImageHeader {
        ParkingImageHeader(
            generation: try objects.number(.parkingGeneration),
            lineage: try objects.bytes(.parkingLineage, ParkingContract.lineageBytes),
            format: try objects.number(.parkingFormat), length: try objects.number(.parkingLength),
            digest: try digest(&objects))
    }

    private static func digest(_ objects: inout Objects) throws(Refusal) -> [UInt8] {
        try objects.bytes(.parkingDigest, ParkingContract.digestBytes)
    }

    /// The objects that are still to be read, in order.
    private struct Objects {
        var rest: ArraySlice<BERTLV>

        mutating func bytes(_ tag: BERTag, _ count: Int? = nil) throws(Refusal) -> [UInt8] {
            guard let object = rest.popFirst(), object.tag == tag,
                count.map({ $0 == object.value.count }) ?? true
            else { throw .incorrectData }
            return Array(object.value)
        }

        mutating func optionalBytes(_ tag: BERTag, _ count: Int) throws(Refusal) -> [UInt8]? {
            rest.isEmpty ? nil : try bytes(tag, count)
        }

        mutating func number(_ tag: BERTag) throws(Refusal) -> UInt32 {
            UInt32(bigEndianBytes: try bytes(tag, 4))
        }
    }
}
