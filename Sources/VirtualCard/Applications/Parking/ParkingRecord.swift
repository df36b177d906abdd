internal import GlobalPlatform
internal import SmartCard

/// What an instance remembers about its parking: one object of the card's memory.
struct ParkingRecord: Equatable {
    static let object: ObjectNumber = 0xFF00
    static let byteCount = 117
    /// The bytes of an image that is coming in.
    static let stagingObject: ObjectNumber = 0xFF01

    var state: ParkingState
    /// Odd while active, even while frozen; of a vacant instance, the oldest image that it takes.
    var generation: UInt32
    /// Zeros for a vacant instance that takes any.
    var lineage: [UInt8]
    /// Of the image that was frozen, surrendered or committed last; zeros before.
    var digest: [UInt8]
    var incoming: ParkingImageHeader
    var receivedCount: UInt32

    static let noLineage = [UInt8](repeating: 0, count: ParkingContract.lineageBytes)
    static let noDigest = [UInt8](repeating: 0, count: ParkingContract.digestBytes)
    static let nothingIncoming = ParkingImageHeader(
        generation: 0, lineage: noLineage, format: 0, length: 0, digest: noDigest)

    init(state: ParkingState, generation: UInt32, lineage: [UInt8]) {
        self.state = state
        self.generation = generation
        self.lineage = lineage
        digest = Self.noDigest
        incoming = Self.nothingIncoming
        receivedCount = 0
    }

    init(in context: ApplicationContext) throws(Refusal) {
        guard let bytes = context.read(Self.object) else { throw .noSpecificDiagnosis }
        var reader = RecordReader(bytes)
        guard let state = ParkingState(rawValue: reader.number()) else { throw .noSpecificDiagnosis }
        self.state = state
        generation = reader.number()
        lineage = reader.bytes(ParkingContract.lineageBytes)
        digest = reader.bytes(ParkingContract.digestBytes)
        incoming = ParkingImageHeader(
            generation: reader.number(), lineage: reader.bytes(ParkingContract.lineageBytes),
            format: reader.number(), length: reader.number(),
            digest: reader.bytes(ParkingContract.digestBytes))
        receivedCount = reader.number()
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = [state.rawValue]
        bytes += generation.bigEndianBytes + lineage + digest
        bytes += incoming.generation.bigEndianBytes + incoming.lineage
        bytes += incoming.format.bigEndianBytes + incoming.length.bigEndianBytes + incoming.digest
        return bytes + receivedCount.bigEndianBytes
    }

    func write(in context: ApplicationContext) throws(Refusal) { try context.write(bytes, to: Self.object) }

    mutating func forgetIncoming() {
        incoming = Self.nothingIncoming
        receivedCount = 0
    }
}

/// Reads fields of fixed size from an object whose size the program itself declared.
struct RecordReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func bytes(_ count: Int) -> [UInt8] {
        precondition(count <= rest.count, "a record is as long as its program declared it")
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func number<Number: FixedWidthInteger>() -> Number {
        Number(bigEndianBytes: bytes(Number.bitWidth / 8))
    }
}
