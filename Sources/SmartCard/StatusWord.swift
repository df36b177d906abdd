/// SW1-SW2 (ISO/IEC 7816-4 §5.1.3): any of the 65,536 values, held without loss.
package struct StatusWord: Hashable, Sendable, RawRepresentable, ExpressibleByIntegerLiteral {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package init(_ rawValue: UInt16) { self.rawValue = rawValue }
    package init(integerLiteral value: UInt16) { rawValue = value }

    package static let success: StatusWord = 0x9000

    package var sw1: UInt8 { UInt8(rawValue >> 8) }
    package var sw2: UInt8 { UInt8(rawValue & 0xFF) }

    package var isSuccess: Bool { self == .success }

    /// What the card means in general; `explanation(after:)` says what it means after one command.
    package var classification: Classification {
        switch rawValue {
        case 0x9000: .success
        // A zero low byte means 256: the count does not fit, so the card wraps it.
        case 0x6100...0x61FF: .moreData(count: sw2 == 0 ? 256 : Int(sw2))
        case 0x6200...0x62FF: .warning(memoryChanged: false)
        case 0x63C0...0x63CF: .triesLeft(Int(sw2 & 0x0F))
        case 0x6300...0x63FF: .warning(memoryChanged: true)
        case 0x6400...0x64FF: .executionError(memoryChanged: false)
        case 0x6500...0x65FF: .executionError(memoryChanged: true)
        case 0x6600...0x66FF: .securityError
        case 0x6C00...0x6CFF: .wrongLength(expected: sw2 == 0 ? 256 : Int(sw2))
        case 0x6700...0x6FFF: .checkingError
        // SIM cards (TS 102 221, TS 51.011) use 9xxx for answers of their own.
        case 0x9001...0x9FFF: .proprietary
        default: .invalid
        }
    }

    package enum Classification: Hashable, Sendable {
        case success
        case moreData(count: Int)
        case warning(memoryChanged: Bool)
        case triesLeft(Int)
        case executionError(memoryChanged: Bool)
        case securityError
        case checkingError
        case wrongLength(expected: Int)
        case proprietary
        /// Outside 6xxx and 9xxx: no card may answer this; the answer was damaged.
        case invalid
    }
}

extension StatusWord: CustomStringConvertible {
    package var description: String { rawValue.hex }
}
