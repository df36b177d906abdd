import CardCrypto
import GlobalPlatform
import SmartCard

@testable import VirtualCard

/// Commands by name, in hex: what tables of rules are written with.
enum Step {
    static let initialize = "8050000008" + "0102030405060708" + "00"
    static let authenticate = "8482000008" + "AAAAAAAAAAAAAAAA"
    static let session = [initialize, authenticate]

    static func select(_ aid: String) -> String { "00A40400" + aid.counted + "00" }
    /// On the issuer domain, authenticated.
    static let issuer = [select(Bench.issuer)] + session

    static func install(_ p1: String, p2: String = "00", _ fields: String) -> String {
        "80E6" + p1 + p2 + fields.counted + "00"
    }

    static func forLoad(
        _ aid: String, domain: String = "", hash: String = "", parameters: String = "", token: String = ""
    ) -> String {
        install("02", forLoadFields(aid, domain: domain, hash: hash, parameters: parameters) + token.counted)
    }

    static func forLoadFields(
        _ aid: String, domain: String = "", hash: String = "", parameters: String = ""
    ) -> String { aid.counted + domain.counted + hash.counted + parameters.counted }

    static func forInstall(
        _ loadFile: String, _ module: String, _ instance: String,
        privileges: String = "00", parameters: String = "C900", token: String = "", p1: String = "0C"
    ) -> String {
        install(
            p1,
            loadFile.counted + module.counted + instance.counted + privileges.counted + parameters.counted
                + token.counted)
    }

    /// The first module of the sample package.
    static func forInstall(
        _ instance: String, privileges: String = "00", parameters: String = "C900", token: String = "",
        p1: String = "0C"
    ) -> String {
        forInstall(
            Bench.packageAID, Bench.appletAID, instance, privileges: privileges, parameters: parameters,
            token: token, p1: p1)
    }

    static func domain(_ aid: String, privileges: String = "80") -> String {
        forInstall(Bench.domainPackage, Bench.domainModule, aid, privileges: privileges)
    }

    static func extradite(_ aid: String, to domain: String, token: String = "") -> String {
        install("10", domain.counted + "00" + aid.counted + "00" + "00" + token.counted)
    }

    static func registryUpdate(
        _ aid: String, to domain: String = "", privileges: String = "", parameters: String = "",
        token: String = ""
    ) -> String {
        install(
            "40",
            domain.counted + "00" + aid.counted + privileges.counted + parameters.counted + token.counted)
    }

    static func personalize(_ aid: String) -> String { install("20", "0000" + aid.counted + "000000") }
    static func makeSelectable(_ aid: String, privileges: String = "00") -> String {
        install("08", "0000" + aid.counted + privileges.counted + "0000")
    }

    static func delete(_ aid: String, related: Bool = false) -> String {
        "80E400" + (related ? "80" : "00") + ("4F" + aid.counted).counted + "00"
    }

    /// LOAD in blocks of at most 239 bytes.
    static func loads(_ file: [UInt8]) -> [String] {
        let size = 239
        let count = (file.count + size - 1) / size
        return (0..<count).map { index in
            let block = file[(index * size)..<min(file.count, (index + 1) * size)]
            let p1 = index == count - 1 ? "80" : "00"
            return "80E8" + p1 + index.byteHex + Array(block).hex.counted + "00"
        }
    }

    /// A load file around a data block.
    static func loadFile(_ block: [UInt8], tag: BERTag = 0xC4) -> [UInt8] { BERTLV.encode(tag, block) }

    static func load(_ aid: String, _ block: [UInt8], domain: String = "") -> [String] {
        [forLoad(aid, domain: domain)] + loads(loadFile(block))
    }

    static let loadApplets = load(Bench.packageAID, SampleCAP.applets)
    static let loadLibrary = load(Bench.libraryAID, SampleCAP.library)

    /// PUT KEY of three AES keys made of one byte each.
    static func putKeys(
        version: UInt8, replacing: UInt8 = 0, fill: UInt8 = 0x11, type: KeyType = .aes
    ) -> String {
        let keys = (UInt8(0)..<3).map { keyField(type, [UInt8](repeating: fill &+ $0, count: 16)) }.joined()
        return "80D8" + replacing.hex + "81" + (version.hex + keys).counted + "00"
    }

    static func keyField(_ type: KeyType, _ key: [UInt8], check: [UInt8]? = nil) -> String {
        let value = key.map { ~$0 }.hex
        let check = check ?? KeyCheck.value(type, key) ?? []
        let block = type == .aes ? key.count.byteHex + value : value
        return type.rawValue.hex + block.counted + check.hex.counted
    }

    static func setStatus(_ p1: String, _ p2: String, _ aid: String = "") -> String {
        "80F0" + p1 + p2 + (aid.isEmpty ? "" : aid.counted)
    }

    static func storeData(_ p1: String, _ block: Int, _ data: String) -> String {
        "80E2" + p1 + block.byteHex + data.counted
    }

    static func getStatus(_ p1: String, _ p2: String = "02", _ criteria: String = "4F00") -> String {
        "80F2" + p1 + p2 + criteria.counted + "00"
    }

    /// A domain of its own keys, PERSONALIZED, selected with a session of its own at the end.
    static func ownDomain(_ aid: String, privileges: String) -> [String] {
        [domain(aid, privileges: privileges), select(aid)] + session + [putKeys(version: 0x31), select(aid)]
            + session
    }
}

/// Load file data blocks of this table's own making (JCVM 3.0.5 §6).
enum SampleCAP {
    static let framework = package("A0000000620101", major: 1, minor: 0)

    static let applets = block(
        Bench.packageAID, applets: [Bench.appletAID, Bench.secondAppletAID], imports: [framework],
        methodBytes: 400)
    static let library = block(Bench.libraryAID, applets: [], imports: [framework], methodBytes: 300)

    static func package(_ aid: String, major: UInt8, minor: UInt8) -> [UInt8] {
        [minor, major] + bytes(aid.counted)
    }

    static func block(
        _ aid: String, major: UInt8 = 1, minor: UInt8 = 0, applets: [String], imports: [[UInt8]],
        methodBytes: Int
    ) -> [UInt8] {
        var header: [UInt8] = [0xDE, 0xCA, 0xFF, 0xED, 0x01, 0x02, applets.isEmpty ? 0x00 : 0x04]
        header += package(aid, major: major, minor: minor)
        var block = component(1, header) + component(2, [UInt8](repeating: 0, count: 31))
        block += component(4, [UInt8(imports.count)] + imports.flatMap { $0 })
        if !applets.isEmpty {
            block += component(3, [UInt8(applets.count)] + applets.flatMap { bytes($0.counted) + [0, 8] })
        }
        return block + component(7, (0..<methodBytes).map { UInt8(truncatingIfNeeded: $0) })
    }

    static func component(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
        [tag] + UInt16(contents.count).bigEndianBytes + contents
    }

    static func bytes(_ hex: String) -> [UInt8] { (try? Hex.decode(hex)) ?? [] }
}
