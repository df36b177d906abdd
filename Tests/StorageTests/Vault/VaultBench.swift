import CardCrypto
import CardManagement
import Centre
import FoundationEssentials
import GlobalPlatform
import SmartCard
import Storage
import Testing

/// A vault in a folder of its own, a store in memory, and keys whose bytes nobody may ever see again.
final class VaultBench {
    static let now = Instant("2026-11-21T12:00:00Z") ?? Instant(milliseconds: 0)
    static let passphrase = "correct horse battery staple"
    static let masterBytes = [UInt8](0xA0...0xAF)
    static let cardData: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

    /// Quick, because tests open many vaults.
    static func cost() throws -> KeyDerivation.ScryptCost {
        try .init(workExponent: 4, blockSize: 1, parallelism: 1)
    }

    static var secret: VaultSecret { .passphrase(Secret(Array(passphrase.utf8))) }

    let folder: String
    var file: VaultFile { VaultFile(folder + "/keys.vault") }

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/berth-vault-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func create(seed: UInt8 = 1) throws -> SoftwareVault {
        try SoftwareVault.create(
            file, Self.secret, cost: Self.cost(), entropy: SeededEntropy(seed: [seed]), at: Self.now)
    }

    func open(_ secret: VaultSecret = secret, seed: UInt8 = 2) throws -> SoftwareVault {
        try SoftwareVault.open(file, secret, entropy: SeededEntropy(seed: [seed]))
    }

    var bytes: [UInt8] {
        get throws { Array(try Data(contentsOf: URL(fileURLWithPath: file.path))) }
    }

    func write(_ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: file.path))
    }

    static func inMemory(seed: UInt8 = 1) throws -> SoftwareVault {
        let entropy = SeededEntropy(seed: [seed])
        let contents = VaultContents(wrappingKey: Secret(entropy.bytes(32)), at: now)
        let vault = SoftwareVault(inMemory: contents, entropy: SeededEntropy(seed: [seed, 1]))
        try vault.addMasters()
        return vault
    }

    static func card(_ number: Int) throws -> CardID {
        try CardID("45414D-" + UInt32(number).bigEndianBytes.hex)
    }

    static func place(_ card: CardID, ordinal: Int = 1, part: Int = 0) throws -> VaultPlace {
        VaultPlace(
            card: card, aid: try AID(hex: "F042657274680201"), ordinal: ordinal, generation: 8, part: part)
    }
}

extension SoftwareVault {
    /// One of each kind: AES derived, AES three keys, 3DES derived.
    func addMasters() throws {
        let masters = [
            try VaultContents.Master(
                try MasterKeyName("issuer"), .aes, material: [Secret(VaultBench.masterBytes)],
                diversification: "kdf3", note: "made by the issuer", createdAt: VaultBench.now),
            try VaultContents.Master(
                try MasterKeyName("plain"), .aes,
                material: [1, 2, 3].map { Secret([UInt8](repeating: $0, count: 32)) },
                diversification: "none", createdAt: VaultBench.now),
            try VaultContents.Master(
                try MasterKeyName("old"), .tripleDES, material: [Secret([UInt8](0x40...0x4F))],
                diversification: "visa2", createdAt: VaultBench.now),
        ]
        try update { contents throws(VaultContentsError) in
            for master in masters { try contents.add(master) }
        }
    }
}

extension Card.KeySet {
    static func test(
        _ name: String = "issuer", _ channel: Channel = .scp03, version: UInt8 = 0x30,
        data: [UInt8] = VaultBench.cardData, counter: UInt32? = nil
    ) throws -> Card.KeySet {
        Card.KeySet(
            masterKey: try MasterKeyName(name), version: version, channel: channel,
            diversificationData: data, isChallengePredictable: counter != nil, nextSequenceCounter: counter)
    }
}
