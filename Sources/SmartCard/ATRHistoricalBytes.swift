/// What the historical bytes tell (ISO/IEC 7816-4:2013 §12.1.1).
package enum HistoricalBytes: Hashable, Sendable {
    case none
    /// Category indicator `00` or `80`.
    case compactTLV(CompactTLVs)
    /// Category indicator `10`: where EF.DIR's data are.
    case directoryReference(UInt8)
    /// Any other category: the maker's own, often readable text.
    case proprietary([UInt8])
    /// The category promises compact TLVs, but what follows is none; the index is into the historical bytes.
    case malformed(at: Int)

    package init(_ bytes: [UInt8]) {
        guard let category = bytes.first else {
            self = .none
            return
        }
        switch category {
        case 0x00:
            // The last three bytes are the status indicator, without a tag.
            guard bytes.count >= 4 else {
                self = .malformed(at: bytes.count)
                return
            }
            self = Self.compact(bytes, 1..<bytes.count - 3, status: bytes.suffix(3))
        case 0x10:
            self = bytes.count == 2 ? .directoryReference(bytes[1]) : .malformed(at: min(bytes.count, 2))
        case 0x80: self = Self.compact(bytes, 1..<bytes.count, status: nil)
        default: self = .proprietary(bytes)
        }
    }

    private static func compact(_ bytes: [UInt8], _ range: Range<Int>, status: ArraySlice<UInt8>?) -> Self {
        var objects: [CompactTLV] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let count = Int(bytes[index] & 0x0F)
            guard index + 1 + count <= range.upperBound else { return .malformed(at: index) }
            objects.append(
                CompactTLV(tag: bytes[index] >> 4, value: Array(bytes[(index + 1)...].prefix(count))))
            index += 1 + count
        }
        if let status { objects.append(CompactTLV(tag: 0x8, value: Array(status))) }
        return .compactTLV(CompactTLVs(objects: objects))
    }
}

/// Tag and length in one byte: the tag is what stands before `X` where the standard prints `4X`.
package struct CompactTLV: Hashable, Sendable {
    package let tag: UInt8
    package let value: [UInt8]
}

/// The data objects of the historical bytes, and what the standard makes of them.
package struct CompactTLVs: Hashable, Sendable {
    package let objects: [CompactTLV]

    private func value(_ tag: UInt8) -> [UInt8]? { objects.first { $0.tag == tag }?.value }

    /// ISO 3166-1 numeric, with national data after it.
    package var countryAndNationalData: [UInt8]? { value(0x1) }
    /// IIN, the first digits of a card number.
    package var issuerIdentification: [UInt8]? { value(0x2) }
    package var cardServiceData: CardServiceData? {
        value(0x3).flatMap { $0.count == 1 ? CardServiceData(rawValue: $0[0]) : nil }
    }
    package var initialAccessData: [UInt8]? { value(0x4) }
    package var cardIssuerData: [UInt8]? { value(0x5) }
    /// What the maker wrote: often the chip and the operating system.
    package var preIssuingData: [UInt8]? { value(0x6) }
    package var capabilities: CardCapabilities? {
        value(0x7).flatMap { CardCapabilities(bytes: $0) }
    }
    package var lifeCycleStatus: UInt8? {
        value(0x8).flatMap { $0.count == 1 || $0.count == 3 ? $0.first : nil }
    }
    package var statusWord: StatusWord? {
        value(0x8).flatMap { $0.count >= 2 ? StatusWord(UInt16(bigEndianBytes: $0.suffix(2))) : nil }
    }
    package var aid: AID? { value(0xF).flatMap { try? AID($0) } }
}

/// How applications and data are found (§12.1.1.7).
package struct CardServiceData: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let selectsByFullName = CardServiceData(rawValue: 0x80)
    package static let selectsByPartialName = CardServiceData(rawValue: 0x40)
    package static let hasDataInDirectoryFile = CardServiceData(rawValue: 0x20)
    package static let hasDataInATRFile = CardServiceData(rawValue: 0x10)
    package static let hasNoMasterFile = CardServiceData(rawValue: 0x01)
}

/// Three tables of what the card's software can do (§12.1.1.9, tables 117 to 119); a card may send fewer.
package struct CardCapabilities: Hashable, Sendable {
    package let bytes: [UInt8]

    package init?(bytes: [UInt8]) {
        guard (1...3).contains(bytes.count) else { return nil }
        self.bytes = bytes
    }

    private var selection: UInt8 { bytes[0] }
    private var software: UInt8? { bytes.count == 3 ? bytes[2] : nil }

    package var selectsByFullName: Bool { selection & 0x80 != 0 }
    package var selectsByPartialName: Bool { selection & 0x40 != 0 }
    package var selectsByPath: Bool { selection & 0x20 != 0 }
    package var selectsByFileIdentifier: Bool { selection & 0x10 != 0 }
    package var selectsImplicitly: Bool { selection & 0x08 != 0 }
    package var hasShortFileIdentifiers: Bool { selection & 0x04 != 0 }
    package var hasRecordNumbers: Bool { selection & 0x02 != 0 }
    package var hasRecordIdentifiers: Bool { selection & 0x01 != 0 }

    /// `nil` where the card does not say.
    package var supportsChaining: Bool? { software.map { $0 & 0x80 != 0 } }
    package var supportsExtendedLength: Bool? { software.map { $0 & 0x40 != 0 } }
    package var assignsLogicalChannels: Bool? { software.map { $0 & 0x10 != 0 } }
    package var letsReaderAssignLogicalChannels: Bool? { software.map { $0 & 0x08 != 0 } }
    /// How many logical channels, the basic one included; 8 means eight or more.
    package var logicalChannelCount: Int? {
        software.map { $0 & 0x18 == 0 ? 1 : Int($0 & 0x07) + 1 }
    }
}

extension ATR {
    package var historical: HistoricalBytes { HistoricalBytes(historicalBytes) }
}
