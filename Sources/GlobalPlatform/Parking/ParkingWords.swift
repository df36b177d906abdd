package import SmartCard

// The words of the parking contract, version 1 (docs/parking-contract.md), which card and centre share.

/// What a command of the contract asks for.
package enum ParkingInstruction: UInt8, CaseIterable, Hashable, Sendable {
    case status = 0x01
    case query = 0x02
    case freeze = 0x03
    case read = 0x04
    case thaw = 0x05
    case surrender = 0x06
    case begin = 0x07
    case write = 0x08
    case verify = 0x09
    case commit = 0x0A
}

/// Where an instance stands; only an active one does business.
package enum ParkingState: UInt8, CaseIterable, Hashable, Sendable {
    case active = 0x01
    case frozen = 0x02
    case vacant = 0x03
    case importing = 0x04
    case verified = 0x05
}

/// What an application says to a command that it understood.
package struct ParkingResult: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let done = ParkingResult(rawValue: 0x00)
    /// The command had been carried out before; nothing changed.
    package static let already = ParkingResult(rawValue: 0x01)

    package static let busy = ParkingResult(rawValue: 0x10)
    package static let later = ParkingResult(rawValue: 0x11)
    package static let never = ParkingResult(rawValue: 0x12)
    package static let nothingToPark = ParkingResult(rawValue: 0x13)
    package static let blocked = ParkingResult(rawValue: 0x14)

    package static let wrongState = ParkingResult(rawValue: 0x20)
    package static let wrongGeneration = ParkingResult(rawValue: 0x21)
    package static let wrongLineage = ParkingResult(rawValue: 0x22)
    package static let wrongDigest = ParkingResult(rawValue: 0x23)
    package static let notUnderstood = ParkingResult(rawValue: 0x24)
    package static let incomplete = ParkingResult(rawValue: 0x25)
    package static let outdated = ParkingResult(rawValue: 0x26)
    package static let wrongOffset = ParkingResult(rawValue: 0x27)
    package static let wrongSize = ParkingResult(rawValue: 0x28)

    package var isSuccess: Bool { self == .done || self == .already }
}

/// The fixed numbers of the contract.
package enum ParkingContract {
    package static let version: UInt8 = 0x01
    package static let chunkBytesMax = 200
    package static let lineageBytes = 16
    package static let digestBytes = 32
    package static let answerKeyBytes = 32
    package static let textBytesMax = 80

    /// What the digest covers before the image itself.
    package static func digestHeader(
        generation: UInt32, lineage: [UInt8], format: UInt32, length: Int
    ) -> [UInt8] {
        [version] + generation.bigEndianBytes + lineage + format.bigEndianBytes
            + UInt32(length).bigEndianBytes
    }
}

extension BERTag {
    package static let parkingCommand: BERTag = 0xFF70
    package static let parkingAnswer: BERTag = 0xFF71
    /// In the `C9` of INSTALL [for install].
    package static let parkingParameters: BERTag = 0xFF72
    /// In the answer to SELECT.
    package static let parkingState: BERTag = 0xDF70

    package static let parkingInstruction: BERTag = 0x80
    package static let parkingStateCode: BERTag = 0x81
    package static let parkingGeneration: BERTag = 0x82
    package static let parkingLineage: BERTag = 0x83
    package static let parkingFormat: BERTag = 0x84
    package static let parkingLength: BERTag = 0x85
    package static let parkingOffset: BERTag = 0x86
    package static let parkingChunk: BERTag = 0x87
    package static let parkingDigest: BERTag = 0x88
    package static let parkingResult: BERTag = 0x89
    package static let parkingAnswerKeys: BERTag = 0x8A
    package static let parkingText: BERTag = 0x8B
    package static let parkingSealed: BERTag = 0x8C
    package static let parkingWanted: BERTag = 0x8D
    package static let parkingReceived: BERTag = 0x8E
}
