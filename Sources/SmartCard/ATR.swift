/// What a card says of itself when it is powered (ISO/IEC 7816-3:2006 §8).
///
/// A value of this type kept every rule of the standard. Real cards break them now and then and work all the
/// same: a failure to parse is worth a word to the user, never a reason to turn the card away.
package struct ATR: Hashable, Sendable {
    /// TS, and at most 32 characters after it (§8.2.1).
    package static let bytesMax = 33

    package enum Convention: Hashable, Sendable {
        case direct
        case inverse
    }

    /// TAi, TBi, TCi and TDi of one i, each where the byte before announced it.
    package struct InterfaceBytes: Hashable, Sendable {
        package var ta: UInt8?
        package var tb: UInt8?
        package var tc: UInt8?
        package var td: UInt8?
        /// The T that the TD before this group named; `nil` for TA1...TD1, which are global.
        package var transmissionProtocol: Int?
    }

    package let bytes: [UInt8]
    package let convention: Convention
    /// At index 0 TA1, TB1, TC1, TD1, and so on.
    package let interfaceBytes: [InterfaceBytes]
    package let historicalBytes: [UInt8]
    /// TCK, which a card that offers T=0 alone does not send.
    package let checkByte: UInt8?

    package init(parsing input: some Collection<UInt8>) throws(ATRError) {
        guard input.count <= Self.bytesMax else { throw .tooLong(input.count) }
        bytes = Array(input)
        var reader = Reader(bytes: bytes)
        convention = try Self.convention(reader.next())
        let format = try reader.next()
        interfaceBytes = try Self.readInterfaceBytes(&reader, first: format)
        historicalBytes = try reader.next(count: Int(format & 0x0F))
        let indicated = interfaceBytes.compactMap { $0.td.map { $0 & 0x0F } }
        if indicated.allSatisfy({ $0 == 0 }) {
            checkByte = nil
        } else {
            let check = try reader.next()
            // The exclusive or of T0 to TCK is zero (§8.2.5).
            let expected = bytes[1..<reader.offset - 1].reduce(0, ^)
            guard check == expected else { throw .wrongCheckByte(expected: expected, found: check) }
            checkByte = check
        }
        guard reader.offset == bytes.count else { throw .surplus(at: reader.offset) }
    }

    private static func convention(_ ts: UInt8) throws(ATRError) -> Convention {
        switch ts {
        case 0x3B: return .direct
        case 0x3F: return .inverse
        default: throw .unknownConvention(ts)
        }
    }

    /// Ends by itself: every group takes at least its TD from at most 33 bytes.
    private static func readInterfaceBytes(
        _ reader: inout Reader, first format: UInt8
    ) throws(ATRError) -> [InterfaceBytes] {
        var groups: [InterfaceBytes] = []
        var indicator = format
        var transmissionProtocol: Int?
        while true {
            var group = InterfaceBytes(transmissionProtocol: transmissionProtocol)
            if indicator & 0x10 != 0 { group.ta = try reader.next() }
            if indicator & 0x20 != 0 { group.tb = try reader.next() }
            if indicator & 0x40 != 0 { group.tc = try reader.next() }
            if indicator & 0x80 != 0 { group.td = try reader.next() }
            groups.append(group)
            guard let next = group.td else { return groups }
            indicator = next
            transmissionProtocol = Int(next & 0x0F)
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        private(set) var offset = 0

        mutating func next() throws(ATRError) -> UInt8 {
            guard offset < bytes.count else { throw .truncated(at: offset) }
            defer { offset += 1 }
            return bytes[offset]
        }

        mutating func next(count: Int) throws(ATRError) -> [UInt8] {
            guard count <= bytes.count - offset else { throw .truncated(at: bytes.count) }
            defer { offset += count }
            return Array(bytes[offset..<offset + count])
        }
    }
}

/// Why bytes are not an answer to reset.
package enum ATRError: Error, Hashable {
    case truncated(at: Int)
    case tooLong(Int)
    /// TS is neither `3B` nor `3F`.
    case unknownConvention(UInt8)
    case wrongCheckByte(expected: UInt8, found: UInt8)
    /// More bytes than T0 and the TDs announce.
    case surplus(at: Int)
}

// MARK: - Transmission

extension ATR {
    /// The protocols that the card offers, the default one first; T=0 when it names none (§8.2.3).
    package var protocols: [Int] {
        var offered: [Int] = []
        // T=15 is no protocol: it marks global interface bytes.
        for number in interfaceBytes.compactMap({ $0.td.map { Int($0 & 0x0F) } })
        where number != 15 && !offered.contains(number) {
            offered.append(number)
        }
        return offered.isEmpty ? [0] : offered
    }

    /// Fi, Di and the highest clock (TA1, §8.3, tables 7 and 8).
    package struct Speed: Hashable, Sendable {
        package let clockRateConversion: Int
        package let baudRateAdjustment: Int
        package let clockKilohertzMax: Int

        /// Bits per second at the highest clock.
        package var baudMax: Int { clockKilohertzMax * 1_000 * baudRateAdjustment / clockRateConversion }
    }

    /// What TA1 promises, or what holds without it; `nil` when TA1 has a value that is reserved.
    package var speed: Speed? {
        let ta1 = interfaceBytes.first?.ta ?? 0x11
        guard let (conversion, kilohertz) = Self.clockRates[Int(ta1 >> 4)],
            let adjustment = Self.baudRates[Int(ta1 & 0x0F)]
        else { return nil }
        return Speed(
            clockRateConversion: conversion, baudRateAdjustment: adjustment, clockKilohertzMax: kilohertz)
    }

    // §8.3 table 7: Fi and f(max) in kHz; the gaps are reserved.
    private static let clockRates: [(Int, Int)?] = [
        (372, 4_000), (372, 5_000), (558, 6_000), (744, 8_000), (1_116, 12_000), (1_488, 16_000),
        (1_860, 20_000), nil, nil, (512, 5_000), (768, 7_500), (1_024, 10_000), (1_536, 15_000),
        (2_048, 20_000), nil, nil,
    ]

    // §8.3 table 8: Di; the gaps are reserved.
    private static let baudRates: [Int?] = [
        nil, 1, 2, 4, 8, 16, 32, 64, 12, 20, nil, nil, nil, nil, nil, nil,
    ]

    /// TA2 (§8.3): the card speaks this protocol at once, and does not negotiate.
    package struct SpecificMode: Hashable, Sendable {
        package let transmissionProtocol: Int
        package let canChangeToNegotiable: Bool
        /// The speed is the one TA1 says, not one the reader knows by itself.
        package let usesTA1: Bool
    }

    package var specificMode: SpecificMode? {
        guard interfaceBytes.count > 1, let ta2 = interfaceBytes[1].ta else { return nil }
        return SpecificMode(
            transmissionProtocol: Int(ta2 & 0x0F), canChangeToNegotiable: ta2 & 0x80 == 0,
            usesTA1: ta2 & 0x10 == 0)
    }

    /// TC1: N, in elementary time units; 255 has a meaning of its own in each protocol.
    package var extraGuardTime: Int { Int(interfaceBytes.first?.tc ?? 0) }

    /// TC2: WI, from which the waiting time of T=0 follows (§10.2).
    package var waitingTimeInteger: Int {
        guard interfaceBytes.count > 1, let tc2 = interfaceBytes[1].tc else { return 10 }
        return Int(tc2)
    }

    /// The first group after TD2 that belongs to T=1; it holds what the block protocol needs (§11.4).
    private var blockProtocolBytes: InterfaceBytes? {
        interfaceBytes.dropFirst(2).first { $0.transmissionProtocol == 1 }
    }

    /// IFSC: the longest information field that the card takes in a T=1 block.
    package var informationFieldMax: Int { Int(blockProtocolBytes?.ta ?? 32) }

    /// Whether T=1 blocks end with a CRC and not with an LRC.
    package var usesCRC: Bool { (blockProtocolBytes?.tc ?? 0) & 1 == 1 }
}

extension ATR: CustomStringConvertible {
    package var description: String { bytes.hex }
}
