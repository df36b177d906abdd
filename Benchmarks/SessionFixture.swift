internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

struct SessionKeys {
    let encryption: [UInt8]
    let commandMAC: [UInt8]
    let responseMAC: [UInt8]
}

/// An open session of the host's side, and the command that opened it.
struct OpenedSession {
    let session: SecureSession
    let authenticate: CommandAPDU

    init(keys: CardKeys, wish: Handshake.Wish, answer: [UInt8]) throws {
        var handshake = Handshake(wish, keys: { (_) throws(KeySourceError) -> CardKeys in keys })
        _ = handshake.start()
        let action = handshake.received(ResponseAPDU(data: answer))
        guard case .send(let command) = action,
            case .established(let session) = handshake.received(ResponseAPDU())
        else { throw BenchmarkError("the session was not opened: \(action)") }
        self.session = session
        authenticate = command
    }
}

/// A measurement that would measure something else than it says.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Bytes that are no pattern.
func filler(_ count: Int, seed: UInt8) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 167) ^ ($0 >> 3) &+ Int(seed) &* 29) }
}

enum SCP03Fixture {
    static let hostChallenge = filler(8, seed: 1)
    static let cardChallenge = filler(8, seed: 2)
    static let level: SecurityLevel = [
        .commandMAC, .commandEncryption, .responseMAC, .responseEncryption,
    ]

    static func staticKeys(byteCount: Int) throws -> CardKeys {
        try CardKeys(
            .aes, version: 1, encryption: Secret(filler(byteCount, seed: 3)),
            mac: Secret(filler(byteCount, seed: 4)), dataEncryption: Secret(filler(byteCount, seed: 5)))
    }

    /// SCP03 §6.2.1.
    static func sessionKeys(byteCount: Int) throws -> SessionKeys {
        let (encryption, mac) = (filler(byteCount, seed: 3), filler(byteCount, seed: 4))
        return SessionKeys(
            encryption: try derive(encryption, 0x04, byteCount), commandMAC: try derive(mac, 0x06, byteCount),
            responseMAC: try derive(mac, 0x07, byteCount))
    }

    static func open(_ keys: SessionKeys) throws -> OpenedSession {
        let cryptogram = try derive(keys.commandMAC, 0x00, 8)
        let answer = filler(10, seed: 6) + [0x01, 0x03, 0x60] + cardChallenge + cryptogram
        return try OpenedSession(
            keys: try staticKeys(byteCount: keys.encryption.count),
            wish: Handshake.Wish(hostChallenge: hostChallenge, level: level), answer: answer)
    }

    /// The MAC of EXTERNAL AUTHENTICATE, from which the chain goes on.
    static func chainingValue(_ keys: SessionKeys, _ authenticate: CommandAPDU) throws -> [UInt8] {
        let header = [0x84, authenticate.ins, authenticate.p1, authenticate.p2, 0x10]
        return try CMAC(aes: Secret(keys.commandMAC)).mac(
            [UInt8](repeating: 0, count: 16), header, Array(authenticate.data[..<8]))
    }

    /// SCP03 §4.1.5.
    private static func derive(_ key: [UInt8], _ constant: UInt8, _ byteCount: Int) throws -> [UInt8] {
        let prf = try CMAC(aes: Secret(key))
        let label =
            [UInt8](repeating: 0, count: 11) + [constant, 0] + UInt16(8 * byteCount).bigEndianBytes
        let blocks = (UInt8(1)...2).flatMap { prf.mac(label, [$0], hostChallenge + cardChallenge) }
        return Array(blocks[..<byteCount])
    }
}

enum SCP02Fixture {
    static let hostChallenge = filler(8, seed: 1)
    static let cardChallenge = filler(6, seed: 2)
    static let sequenceCounter: [UInt8] = [0x00, 0x2A]
    /// C-MAC on the modified command with an encrypted ICV, R-MAC, three keys.
    static let options = SCP02Options(rawValue: 0x35)
    static let level: SecurityLevel = [.commandMAC, .commandEncryption, .responseMAC]

    /// GPCS 2.3.1 §E.4.1.
    static func sessionKeys() throws -> SessionKeys {
        SessionKeys(
            encryption: try derive(filler(16, seed: 3), 0x82),
            commandMAC: try derive(filler(16, seed: 4), 0x01),
            responseMAC: try derive(filler(16, seed: 4), 0x02))
    }

    static func open(_ keys: SessionKeys) throws -> OpenedSession {
        let cryptogram = try DESMAC(key: Secret(keys.encryption)).full(
            hostChallenge + sequenceCounter + cardChallenge)
        let answer = filler(10, seed: 6) + [0x01, 0x02] + sequenceCounter + cardChallenge + cryptogram
        let staticKeys = try CardKeys(
            .tripleDES, version: 1, encryption: Secret(filler(16, seed: 3)),
            mac: Secret(filler(16, seed: 4)), dataEncryption: Secret(filler(16, seed: 5)))
        return try OpenedSession(
            keys: staticKeys,
            wish: Handshake.Wish(hostChallenge: hostChallenge, level: level, scp02Options: options),
            answer: answer)
    }

    private static func derive(_ key: [UInt8], _ constant: UInt8) throws -> [UInt8] {
        let kind: [UInt8] = [0x01, constant]
        return try Cipher(.tripleDES, key: Secret(key)).encryptCBC(
            kind + sequenceCounter + [UInt8](repeating: 0, count: 12))
    }
}
