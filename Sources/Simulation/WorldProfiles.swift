internal import CardCrypto
internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

/// Card models of simulated worlds: those that come with Berth, and some that are worse.
enum WorldProfiles {
    /// Says nothing about its memory.
    static let silent = "javacard-80k-silent"
    /// Too small for all that there is.
    static let tight = "javacard-12k"

    /// Exchanges code while its applications keep their data.
    static let upgrading = "javacard-80k-upgrade"

    static func named(_ name: String) -> CardProfile? {
        switch name {
        case silent: changed("memory-report = yes", "memory-report = no", silent)
        case tight: changed("non-volatile = 81920", "non-volatile = 12288", tight)
        default: CardProfile.builtIn(name)
        }
    }

    private static func changed(_ line: String, _ other: String, _ name: String) -> CardProfile? {
        guard let base = CardProfile.builtInTexts.first(where: { $0.name == "javacard-80k" }) else {
            return nil
        }
        let lines = base.text.split(separator: "\n", omittingEmptySubsequences: false).map { text in
            switch text {
            case line[...]: other
            case "name = javacard-80k": "name = \(name)"
            default: String(text)
            }
        }
        return try? CardProfile(text: lines.joined(separator: "\n"))
    }
}

/// What the profiles of virtual cards say of themselves; read once.
struct ProfileModels: CardModels {
    let profiles: [String: CardProfile]

    init() {
        let names = CardProfile.builtInTexts.map(\.name) + [WorldProfiles.silent, WorldProfiles.tight]
        var profiles: [String: CardProfile] = [:]
        for name in names { profiles[name] = WorldProfiles.named(name) }
        self.profiles = profiles
    }

    func model(of name: ProfileName) -> CardModel? {
        profiles[name.text].map { profile in
            CardModel(
                profile: name,
                total: Room(
                    nonVolatile: profile.memory.nonVolatileBytes, volatile: profile.memory.volatileBytes),
                blockBytes: profile.memory.blockBytes,
                loadFileOverheadBytes: profile.memory.objectOverheadBytes,
                instanceBytes: profile.memory.instanceBytes, domainBytes: profile.memory.domainBytes,
                hasQuotas: profile.memory.hasQuotas, upgradesLoadFiles: profile.upgradesLoadFiles)
        }
    }

    func channelOptions(of name: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8? {
        profiles[name.text]?.channelProtocol(for: channel == .scp03 ? .aes : .des)?.options
    }
}

extension CardProfile {
    /// Whether sessions show a counter.
    var hasCounter: Bool {
        name.hasSuffix("predictable") || factoryKeys.type != .aes
    }
    /// Whether every answer carries a MAC that only the card can make.
    var hasResponseProof: Bool { factoryKeys.type == .aes }
}

/// Signs receipts with the key that proves the card's commands; and, where it is told to, also what its issuer does.
struct SigningAuthority: ContentAuthority {
    private let standard = StandardAuthority()
    let confirmsIssuer: Bool

    func hasTokenKey(_ keySets: [CardKeySet]) -> Bool { standard.hasTokenKey(keySets) }
    func verifyToken(_ token: [UInt8], over message: [UInt8], keySets: [CardKeySet]) -> Bool {
        standard.verifyToken(token, over: message, keySets: keySets)
    }
    func receipt(over message: [UInt8], keySets: [CardKeySet], entropy: any EntropySource) -> [UInt8]? {
        guard let key = keySets.last?.keys.first(where: { $0.identifier == 2 })?.components.first else {
            return nil
        }
        return key.type == .aes
            ? try? CMAC(aes: key.value).mac(message) : try? DESMAC(key: key.value).retail(message)
    }
    func verifyDAP(_ signature: [UInt8], overHash hash: [UInt8], keySets: [CardKeySet]) -> Bool {
        standard.verifyDAP(signature, overHash: hash, keySets: keySets)
    }
    func decipherLoadFile(_ block: [UInt8], icv: [UInt8]?, keySets: [CardKeySet]) -> [UInt8]? {
        standard.decipherLoadFile(block, icv: icv, keySets: keySets)
    }
}
