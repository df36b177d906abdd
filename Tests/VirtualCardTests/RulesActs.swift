import CardCrypto
import GlobalPlatform
import SmartCard

@testable import VirtualCard

/// Something that the off-card side does; the answer in hex, protection taken off.
struct Act: Sendable {
    let text: String
    let run: @Sendable (RulesHost) throws -> String

    init(_ text: String, _ run: @escaping @Sendable (RulesHost) throws -> String) {
        (self.text, self.run) = (text, run)
    }

    // MARK: The wire

    /// Exactly these bytes.
    static func raw(_ hex: String) -> Act { Act(hex) { $0.raw(RulesBytes.decode(hex)).hex } }
    static let reset = Act("reset") { host in
        host.reset()
        return "9000"
    }
    static func select(_ aid: String, _ channel: UInt8 = 0, next: Bool = false) -> Act {
        Act("select \(aid)") { $0.select(aid, channel: channel, p2: next ? 0x02 : 0x00).hex }
    }
    static func open(
        _ keys: RulesKeys = .factory, level: UInt8 = 0x01, _ channel: UInt8 = 0, alter: Bool = false
    ) -> Act {
        Act("open at \(level.hex)") {
            try $0.open(keys, level: level, channel: channel, alter: alter).hex
        }
    }
    static let openChannel = raw("0070000001")

    /// A header without secure messaging, and data; protected as the session on its channel asks.
    static func send(_ header: String, _ data: String = "", altered: Bool = false) -> Act {
        Act(header + data) { host in
            host.send(command(header, data), alteringMAC: altered).hex
        }
    }

    /// In clear, whatever the session asks for.
    func inClear() -> Act {
        Act("in clear " + text) { host in
            let sessions = host.sessions
            host.sessions = [:]
            defer { host.sessions = sessions }
            return try run(host)
        }
    }

    /// The bytes of the last command once more.
    static let replay = Act("the same bytes") { $0.exchange($0.lastSent).hex }

    /// With the last bit of its MAC changed.
    func altered() -> Act {
        let header = String(text.prefix(8))
        return .send(header, String(text.dropFirst(8)), altered: true)
    }

    static func command(_ header: String, _ data: String) -> RulesCommand {
        let bytes = RulesBytes.decode(header)
        return RulesCommand(
            cla: bytes[0], ins: bytes[1], p1: bytes[2], p2: bytes[3], data: RulesBytes.decode(data))
    }

    // MARK: Content

    static func install(_ p1: String, _ fields: [String], p2: String = "00", _ channel: UInt8 = 0) -> Act {
        send((0x80 | channel).hex + "E6" + p1 + p2, fields.map { RulesBytes.counted($0) }.joined())
    }
    static func forLoad(
        _ aid: String, domain: String = "", hash: String = "", parameters: String = "", token: String = "",
        _ channel: UInt8 = 0
    ) -> Act {
        let head = [aid, domain, hash].map { RulesBytes.counted($0) }.joined()
        return send(
            (0x80 | channel).hex + "E60200",
            head + RulesBytes.measured(parameters) + RulesBytes.measured(token))
    }

    static func forInstall(
        _ instance: String, package: String = RulesNames.package, module: String = RulesNames.module,
        privileges: String = "00", parameters: String = "C900", token: String = "", p1: String = "0C",
        _ channel: UInt8 = 0
    ) -> Act { install(p1, [package, module, instance, privileges, parameters, token], channel) }

    static func domain(_ aid: String, privileges: String = "800000", parameters: String = "C900") -> Act {
        forInstall(
            aid, package: RulesNames.domainPackage, module: RulesNames.domainModule, privileges: privileges,
            parameters: parameters)
    }
    static func makeSelectable(_ aid: String, privileges: String = "00", parameters: String = "") -> Act {
        install("08", ["", "", aid, privileges, parameters, ""])
    }
    static func extradite(_ aid: String, to domain: String, token: String = "") -> Act {
        install("10", [domain, "", aid, "", "", token])
    }
    static func update(
        _ aid: String, privileges: String = "", parameters: String = "", to domain: String = "",
        token: String = ""
    ) -> Act { install("40", [domain, "", aid, privileges, parameters, token]) }
    static func personalize(_ aid: String) -> Act { install("20", ["", "", aid, "", "", ""]) }
    static func delete(_ aid: String, related: Bool = false, _ channel: UInt8 = 0) -> Act {
        send((0x80 | channel).hex + "E400" + (related ? "80" : "00"), RulesBytes.tlv("4F", aid))
    }
    static func deleteKey(_ fields: String) -> Act { send("80E40000", fields) }

    /// One LOAD.
    static func load(_ number: Int, _ bytes: [UInt8], last: Bool, _ channel: UInt8 = 0) -> Act {
        send(
            (0x80 | channel).hex + "E8" + (last ? "80" : "00")
                + UInt8(truncatingIfNeeded: number).hex, bytes.hex)
    }

    /// A whole load file in blocks; the answer is the first that is not 9000, or the last.
    static func load(_ file: [UInt8], size: Int = 220, _ channel: UInt8 = 0) -> Act {
        Act("load \(file.count) bytes") { host in
            var answer = ""
            for (number, block) in RulesFiles.blocks(file, size: size).enumerated() {
                let isLast = (number + 1) * size >= file.count
                answer = try Act.load(number, block, last: isLast, channel).run(host)
                guard answer.hasSuffix("9000") else { return answer }
            }
            return answer
        }
    }

    /// INSTALL [for load] and every LOAD.
    static func loading(
        _ aid: String, _ block: [UInt8], domain: String = "", hash: String = "", parameters: String = ""
    ) -> [Act] {
        [
            forLoad(aid, domain: domain, hash: hash, parameters: parameters),
            load(RulesFiles.file(block)),
        ]
    }

    // MARK: Keys, data, life cycles

    /// Keys from identifier 1 on, encrypted under the session's data encryption key.
    static func putKeys(
        _ keys: RulesKeys, replacing: UInt8 = 0, identifier: UInt8 = 1, wrongCheck: Bool = false
    ) -> Act {
        putKeys(
            version: keys.version, replacing: replacing, identifier: identifier,
            values: [keys.enc, keys.mac, keys.dek], isAES: keys.isAES, wrongCheck: wrongCheck)
    }

    static func putKeys(
        version: UInt8, replacing: UInt8 = 0, identifier: UInt8, values: [[UInt8]], isAES: Bool = true,
        wrongCheck: Bool = false
    ) -> Act {
        Act("put keys of version \(version.hex)") { host in
            var data = version.hex
            for value in values {
                let encrypted = host.sessions[0]?.encryptKey(value) ?? value
                let block = (isAES ? UInt8(value.count).hex : "") + encrypted.hex
                var check = try Self.checkValue(value, isAES: isAES)
                if wrongCheck { check[0] ^= 0x01 }
                data += (isAES ? "88" : "80") + RulesBytes.counted(block) + RulesBytes.counted(check.hex)
            }
            let p2 = values.count > 1 ? identifier | 0x80 : identifier
            return try Act.send("80D8" + replacing.hex + p2.hex, data).run(host)
        }
    }

    /// GPCS 2.3.1 §B.6.
    static func checkValue(_ key: [UInt8], isAES: Bool) throws -> [UInt8] {
        let cipher = try Cipher(isAES ? .aes : .tripleDES, key: Secret(key))
        let block = [UInt8](repeating: isAES ? 1 : 0, count: isAES ? 16 : 8)
        return Array(cipher.encryptECB(block).prefix(3))
    }

    static func getStatus(_ p1: String, _ p2: String = "02", _ data: String = "4F00", _ channel: UInt8 = 0)
        -> Act
    { send((0x80 | channel).hex + "F2" + p1 + p2, data) }
    static func setStatus(_ p1: String, _ p2: String, _ aid: String = "") -> Act {
        send("80F0" + p1 + p2, aid)
    }
    static func lock(_ aid: String) -> Act { setStatus("40", "80", aid) }
    static func unlock(_ aid: String) -> Act { setStatus("40", "00", aid) }
    static func card(_ state: String) -> Act { setStatus("80", state) }
    static func storeData(_ p1: String, _ number: UInt8, _ data: String) -> Act {
        send("80E2" + p1 + number.hex, data)
    }
    static func getData(_ tag: String, _ channel: UInt8 = 0) -> Act {
        send((0x80 | channel).hex + "CA" + tag)
    }

    // MARK: Situations

    /// The issuer domain with a session.
    static let issuer: [Act] = [.select(RulesNames.issuer), .open()]
    static func issuer(_ level: UInt8) -> [Act] { [.select(RulesNames.issuer), .open(level: level)] }

    static let domainKeys = RulesKeys(version: 0x31, fill: 0x10)
    static let otherKeys = RulesKeys(version: 0x32, fill: 0x80)

    /// From the issuer domain: a domain that has its own keys and is PERSONALIZED; it stays selected, with a session.
    static func ownDomain(
        _ aid: String = RulesNames.domain, privileges: String, keys: RulesKeys = domainKeys
    ) -> [Act] {
        [
            .domain(aid, privileges: privileges), .select(aid), .open(), .putKeys(keys), .select(aid),
            .open(keys),
        ]
    }
    static func on(_ aid: String = RulesNames.domain, _ keys: RulesKeys = domainKeys) -> [Act] {
        [.select(aid), .open(keys)]
    }
    static let loaded = issuer + loading(RulesNames.package, RulesFiles.applets)
    static let installed = loaded + [.forInstall(RulesNames.first)]
    static let withLibrary =
        issuer + loading(RulesNames.library, RulesFiles.library) + loading(RulesNames.user, RulesFiles.user)
}

/// Load files of this table's own making (JCVM 3.0.5 §6).
enum RulesFiles {
    static let framework = SampleCAP.package("A0000000620101", major: 1, minor: 0)
    static let applets = SampleCAP.block(
        RulesNames.package, applets: [RulesNames.module, RulesNames.silentModule], imports: [framework],
        methodBytes: 300)
    static let library = SampleCAP.block(
        RulesNames.library, applets: [], imports: [framework], methodBytes: 120)
    static let user = SampleCAP.block(
        RulesNames.user, applets: [RulesNames.userModule],
        imports: [framework, SampleCAP.package(RulesNames.library, major: 1, minor: 0)], methodBytes: 90)

    static func file(_ block: [UInt8]) -> [UInt8] { BERTLV.encode(0xC4, block) }
    static func blocks(_ file: [UInt8], size: Int) -> [[UInt8]] {
        stride(from: 0, to: file.count, by: size).map { Array(file[$0..<min($0 + size, file.count)]) }
    }
    static func hash(_ block: [UInt8]) -> String { Digest.sha256.hash(block).hex }
}
