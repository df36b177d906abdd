package import CardCrypto
package import GlobalPlatform
package import SmartCard

/// What an instance remembers about its parking and what it keeps, as somebody sees it who can look into the card:
/// for tests and simulated worlds, never for a centre.
package struct ParkingSight: Hashable, Sendable {
    package let state: ParkingState
    package let generation: UInt32
    package let lineage: [UInt8]
    /// Of the import in progress; zeros without one.
    package let incomingLineage: [UInt8]
    /// The objects of its state, in the order of an image.
    package let data: [UInt8]
}

extension VirtualCard {
    /// `nil` for what is not on the card, or does not know the contract.
    package func parking(of aid: AID) -> ParkingSight? {
        // While its code is exchanged, the card keeps its data outside of any instance.
        if let saved = contents.openUpgrade?.saved.first(where: { $0.entry.aid == aid }) {
            let head = 4 + ParkingRecord.byteCount
            guard saved.element.count >= head else { return nil }
            return Self.sight(record: Array(saved.element[4..<head]), data: Array(saved.element[head...]))
        }
        var record: [UInt8]?
        var data: [UInt8] = []
        for object in contents.memories[aid]?.objects ?? [] {
            guard case .persistent(let bytes) = object.contents else { continue }
            switch object.number {
            case ParkingRecord.object: record = bytes
            case ParkingRecord.stagingObject: continue
            default: data += bytes
            }
        }
        return record.flatMap { Self.sight(record: $0, data: data) }
    }

    private static func sight(record: [UInt8], data: [UInt8]) -> ParkingSight? {
        guard record.count == ParkingRecord.byteCount,
            let state = ParkingState(rawValue: record[0])
        else { return nil }
        let lineageEnd = 5 + ParkingContract.lineageBytes
        let incoming = lineageEnd + ParkingContract.digestBytes + 4
        return ParkingSight(
            state: state, generation: UInt32(bigEndianBytes: record[1..<5]),
            lineage: Array(record[5..<lineageEnd]),
            incomingLineage: Array(record[incoming..<incoming + ParkingContract.lineageBytes]), data: data)
    }

    /// A card with the same profile and the same contents, as a cloner would make it; in memory.
    package func clone(entropy: any EntropySource) -> VirtualCard {
        VirtualCard(
            profile: profile, environment: environment, entropy: entropy,
            journal: Journal(durable: journal.durable, file: nil))
    }
}
