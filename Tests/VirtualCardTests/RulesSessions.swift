import CardCrypto
import SmartCard

/// Keys of one version, as the off-card side of these tests knows them: ENC, MAC and DEK.
struct RulesKeys: Sendable {
    let version: UInt8
    let isAES: Bool
    let enc: [UInt8]
    let mac: [UInt8]
    let dek: [UInt8]

    /// The published test key 40…4F in all three places.
    static let factory = RulesKeys(version: 0, isAES: true, same: [UInt8](0x40...0x4F))
    static let factoryDES = RulesKeys(version: 0, isAES: false, same: [UInt8](0x40...0x4F))

    init(version: UInt8, isAES: Bool, same key: [UInt8]) {
        (self.version, self.isAES, enc, mac, dek) = (version, isAES, key, key, key)
    }

    /// Three different keys that a byte decides.
    init(version: UInt8, isAES: Bool = true, fill: UInt8, count: Int = 16) {
        func key(_ first: UInt8) -> [UInt8] { (0..<count).map { first &+ UInt8($0) } }
        (self.version, self.isAES) = (version, isAES)
        (enc, mac, dek) = (key(fill), key(fill &+ 0x21), key(fill &+ 0x42))
    }
}

/// One secured command before it is sent: a header without secure messaging, and its data.
struct RulesCommand: Sendable {
    var cla: UInt8
    let ins: UInt8
    var p1: UInt8
    let p2: UInt8
    var data: [UInt8]

    var channel: UInt8 { cla & 0x03 }
    /// The header that a C-MAC covers: basic channel, GlobalPlatform's secure messaging.
    var macHeader: [UInt8] { [(cla & 0xFC) | 0x04, ins, p1, p2] }
    var plain: [UInt8] { [cla, ins, p1, p2] + (data.isEmpty ? [] : [UInt8(data.count)] + data) + [0x00] }

    func length(_ count: Int) -> [UInt8] {
        count > 255 ? [0x00, UInt8(count >> 8), UInt8(count & 0xFF)] : [UInt8(count)]
    }
}

/// The off-card end of a session; written from the annexes, it shares nothing with the card's end.
protocol RulesSession {
    var level: UInt8 { get }
    /// The data of the secured command, MAC and all.
    mutating func protect(_ command: RulesCommand) -> [UInt8]
    /// `nil` when the R-MAC is wrong.
    mutating func open(_ data: [UInt8], status: [UInt8]) -> [UInt8]?
    func encryptKey(_ key: [UInt8]) -> [UInt8]
}

/// SCP03 (Amendment D 1.1.1): chapters 4.1.5 and 6.2.
struct RulesSCP03: RulesSession {
    let level: UInt8
    private let encryption: Cipher
    private let commandMAC: CMAC
    private let responseMAC: CMAC
    private let dataEncryption: Cipher
    private let macCount: Int
    private var chaining = [UInt8](repeating: 0, count: 16)
    private var counter: UInt64 = 0
    let cardCryptogram: [UInt8]
    let hostCryptogram: [UInt8]

    init(
        _ keys: RulesKeys, hostChallenge: [UInt8], cardChallenge: [UInt8], level: UInt8
    ) throws {
        self.level = level
        macCount = hostChallenge.count
        let context = hostChallenge + cardChallenge
        let size = keys.enc.count
        encryption = try Cipher(
            .aes, key: Secret(try Self.derive(keys.enc, 0x04, context, count: size)))
        let mac = try Self.derive(keys.mac, 0x06, context, count: size)
        commandMAC = try CMAC(aes: Secret(mac))
        responseMAC = try CMAC(aes: Secret(try Self.derive(keys.mac, 0x07, context, count: size)))
        dataEncryption = try Cipher(.aes, key: Secret(keys.dek))
        cardCryptogram = try Self.derive(mac, 0x00, context, count: macCount)
        hostCryptogram = try Self.derive(mac, 0x01, context, count: macCount)
    }

    static func derive(_ key: [UInt8], _ constant: UInt8, _ context: [UInt8], count: Int) throws -> [UInt8] {
        let prf = try CMAC(aes: Secret(key))
        let bits = count * 8
        var output: [UInt8] = []
        for index in UInt8(1)...2 where output.count < count {
            let head = [UInt8](repeating: 0, count: 11) + [constant, 0, UInt8(bits >> 8), UInt8(bits & 0xFF)]
            output += prf.mac(head + [index] + context)
        }
        return Array(output.prefix(count))
    }

    mutating func mac(_ command: RulesCommand, _ data: [UInt8]) -> [UInt8] {
        let header = command.macHeader + command.length(data.count + macCount)
        chaining = commandMAC.mac(chaining + header + data)
        return Array(chaining.prefix(macCount))
    }

    mutating func protect(_ command: RulesCommand) -> [UInt8] {
        var data = command.data
        if level & 0x02 != 0 {
            counter += 1
            if !data.isEmpty {
                data = encryption.encryptCBC(
                    Padding.method2(data, blockSize: 16), iv: encryption.encryptECB(counterBlock()))
            }
        }
        return data + mac(command, data)
    }

    private func counterBlock(_ first: UInt8 = 0) -> [UInt8] {
        [first] + [UInt8](repeating: 0, count: 7) + (0..<8).map { UInt8((counter >> (56 - 8 * $0)) & 0xFF) }
    }

    mutating func open(_ data: [UInt8], status: [UInt8]) -> [UInt8]? {
        guard level & 0x10 != 0, status == [0x90, 0x00] || status[0] == 0x62 || status[0] == 0x63 else {
            return data
        }
        guard data.count >= macCount else { return nil }
        let body = Array(data.dropLast(macCount))
        let expected = responseMAC.mac(chaining + body + status).prefix(macCount)
        guard expected.elementsEqual(data.suffix(macCount)) else { return nil }
        guard level & 0x20 != 0, !body.isEmpty else { return body }
        return Padding.removeMethod2(
            encryption.decryptCBC(body, iv: encryption.encryptECB(counterBlock(0x80))))
    }

    func encryptKey(_ key: [UInt8]) -> [UInt8] {
        dataEncryption.encryptCBC(key + [UInt8](repeating: 0, count: (16 - key.count % 16) % 16))
    }
}

/// SCP02 with i = 15 and 55 (GPCS 2.3.1 annex E): C-MAC on the modified APDU, encrypted ICV.
struct RulesSCP02: RulesSession {
    let level: UInt8
    private let encryption: Cipher
    private let commandMAC: DESMAC
    private let dataEncryption: Cipher
    private var lastMAC: [UInt8]?
    let cardCryptogram: [UInt8]
    let hostCryptogram: [UInt8]

    /// `cardChallenge` begins with the sequence counter.
    init(_ keys: RulesKeys, hostChallenge: [UInt8], cardChallenge: [UInt8], level: UInt8) throws {
        self.level = level
        let counter = Array(cardChallenge.prefix(2))
        func session(_ key: [UInt8], _ constant: [UInt8]) throws -> Secret {
            let cipher = try Cipher(.tripleDES, key: Secret(key))
            return Secret(cipher.encryptCBC(constant + counter + [UInt8](repeating: 0, count: 12)))
        }
        let enc = try session(keys.enc, [0x01, 0x82])
        encryption = try Cipher(.tripleDES, key: enc)
        commandMAC = try DESMAC(key: session(keys.mac, [0x01, 0x01]))
        dataEncryption = try Cipher(.tripleDES, key: session(keys.dek, [0x01, 0x81]))
        let full = try DESMAC(key: enc)
        cardCryptogram = full.full(hostChallenge + cardChallenge)
        hostCryptogram = full.full(cardChallenge + hostChallenge)
    }

    mutating func mac(_ command: RulesCommand, _ data: [UInt8]) -> [UInt8] {
        let icv = lastMAC.map { commandMAC.encryptICV($0) }
        let mac = commandMAC.retail(
            command.macHeader + command.length(data.count + 8) + data, iv: icv)
        lastMAC = mac
        return mac
    }

    mutating func protect(_ command: RulesCommand) -> [UInt8] {
        let mac = mac(command, command.data)
        guard level & 0x02 != 0, !command.data.isEmpty else { return command.data + mac }
        return encryption.encryptCBC(Padding.method2(command.data, blockSize: 8)) + mac
    }

    mutating func open(_ data: [UInt8], status: [UInt8]) -> [UInt8]? { data }

    func encryptKey(_ key: [UInt8]) -> [UInt8] { dataEncryption.encryptECB(key) }
}
