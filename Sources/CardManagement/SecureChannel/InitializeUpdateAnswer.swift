internal import SmartCard

/// The answer to INITIALIZE UPDATE (GPCS 2.3.1 table E-8, SCP03 table 7-2).
package struct InitializeUpdateAnswer: Hashable, Sendable {
    package enum Body: Hashable, Sendable {
        case scp02(sequenceCounter: UInt16, challenge: [UInt8])
        case scp03(options: SCP03Options, challenge: [UInt8], sequenceCounter: UInt32?)
    }

    package let diversificationData: [UInt8]
    package let keyVersion: UInt8
    package let body: Body
    package let cryptogram: [UInt8]

    package var sequenceCounter: UInt32? {
        switch body {
        case .scp02(let counter, _): UInt32(counter)
        case .scp03(_, _, let counter): counter
        }
    }

    /// What a card that can be computed ahead will answer, but for its cryptogram.
    init(expecting body: Body, keyVersion: UInt8, diversificationData: [UInt8]) {
        self.diversificationData = diversificationData
        self.keyVersion = keyVersion
        self.body = body
        cryptogram = []
    }

    package init(parsing data: [UInt8]) throws(HandshakeFailure) {
        guard data.count >= 12 else { throw .malformedAnswer(byteCount: data.count) }
        diversificationData = Array(data[..<10])
        keyVersion = data[10]
        switch data[11] {
        case 0x02: (body, cryptogram) = try Self.parseSCP02(data)
        case 0x03: (body, cryptogram) = try Self.parseSCP03(data)
        default: throw .unsupportedProtocol(version: data[11], options: nil)
        }
    }

    private static func parseSCP02(_ data: [UInt8]) throws(HandshakeFailure) -> (Body, [UInt8]) {
        guard data.count == 28 else { throw .malformedAnswer(byteCount: data.count) }
        let counter = UInt16(bigEndianBytes: data[12..<14])
        return (.scp02(sequenceCounter: counter, challenge: Array(data[14..<20])), Array(data[20...]))
    }

    private static func parseSCP03(_ data: [UInt8]) throws(HandshakeFailure) -> (Body, [UInt8]) {
        guard data.count >= 13 else { throw .malformedAnswer(byteCount: data.count) }
        let options = SCP03Options(rawValue: data[12])
        let size = options.macBytes
        let rest = data[(13 + min(2 * size, data.count - 13))...]
        // Some cards with a pseudo-random challenge leave the counter out, so "i" does not decide.
        guard data.count >= 13 + 2 * size, rest.isEmpty || rest.count == 3 else {
            throw .malformedAnswer(byteCount: data.count)
        }
        let counter = rest.isEmpty ? nil : UInt32(bigEndianBytes: rest)
        let challenge = Array(data[13..<13 + size])
        return (
            .scp03(options: options, challenge: challenge, sequenceCounter: counter),
            Array(data[13 + size..<13 + 2 * size])
        )
    }
}
