package import Arguments
internal import CardCrypto
package import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// The options by which a command is told keys that are to go onto a card.
enum NewKeys {
    static let key = secret(
        "new-key", "BERTH_NEW_KEY", "The new key for all three, or three one after the other")
    static let keyENC = secret("new-key-enc", "BERTH_NEW_KEY_ENC", "The new encryption key")
    static let keyMAC = secret("new-key-mac", "BERTH_NEW_KEY_MAC", "The new authentication key")
    static let keyDEK = secret("new-key-dek", "BERTH_NEW_KEY_DEK", "The new data encryption key")
    static let kdf = Option<String>.value(
        "new-kdf", .derivation, default: "none", help: "How the card's own new keys are derived from these")
    static let type = Option<CardKeys.Algorithm?>.optional(
        "new-key-type", .keyType, help: "aes or des; what the session uses by default")
    static let version = Option<UInt8?>.optional(
        "new-key-version", .integer("N", in: 1...127), .aliases("new-key-ver", "new-version", "new-keyver"),
        help: "The version of the new keys")

    private static func secret(
        _ name: String, _ variable: String, _ help: String
    ) -> Option<SecretSource?> {
        .optional(name, .secret("KEY"), .environment(variable), help: help)
    }

    static let values: [any DeclaredOption] = [key, keyENC, keyMAC, keyDEK, kdf, type, version]

    static func areGiven(_ parsed: ParsedCommand) -> Bool {
        [key, keyENC, keyMAC, keyDEK].contains { parsed[$0] != nil }
    }

    /// Reads the keys from where they are kept.
    static func read(_ parsed: ParsedCommand, on terminal: Terminal) throws -> KeySource {
        let scheme = parsed[kdf]
        guard scheme != "auto" else {
            throw Problem.usage(
                "--new-kdf cannot be auto", why: "nothing on the card tells how its future keys are derived",
                advice: "name the scheme")
        }
        let sources = [key, keyENC, keyMAC, keyDEK].map { parsed[$0] }
        if sources.contains(where: { $0?.isLiteral == true }) {
            terminal.warn(
                "a key on the command line can be seen by every program of this machine; "
                    + "use env:NAME, file:PATH or prompt")
        }
        return KeySource(
            try material(sources, on: terminal), diversification: try Diversification(parsing: scheme))
    }

    private static func material(
        _ sources: [SecretSource?], on terminal: Terminal
    ) throws -> KeySource.Material {
        let parts = sources.dropFirst()
        if parts.allSatisfy({ $0 == nil }) {
            guard let single = sources[0] else {
                throw Problem.usage(
                    "no new key is given", advice: "give --new-key, or --new-key-enc, -mac and -dek")
            }
            return try KeyReading.material(from: single, label: "new key", on: terminal)
        }
        var keys: [Secret] = []
        for (source, name) in zip(parts, ["encryption", "authentication", "data encryption"]) {
            guard let source = source ?? sources[0] else {
                throw Problem.usage(
                    "the new \(name) key is missing",
                    advice: "give --new-key-enc, --new-key-mac and --new-key-dek")
            }
            keys.append(try KeyReading.read(source, label: "new \(name) key", on: terminal))
        }
        return .three(encryption: keys[0], mac: keys[1], dataEncryption: keys[2])
    }
}

extension ArgumentValue where Value == CardKeys.Algorithm {
    static let keyType: Self = .choice(
        "TYPE", [("aes", .aes, "AES, for SCP03"), ("des", .tripleDES, "triple DES, for SCP02")])
}

extension CardKeys {
    var shape: KeyRotation.Shape {
        .init(type: algorithm == .aes ? .aes : .des, byteCount: encryption.count)
    }
}

extension CardKeys.Algorithm {
    /// What the keys of the session's protocol are.
    init(_ peer: ChannelPeer) { self = peer.secureChannel.version == .scp03 ? .aes : .tripleDES }
}

extension PutKeyError: ExplainedError {
    package var problem: Problem {
        switch self {
        case .versionOutOfRange: .usage("a key version is from 1 to 127")
        case .identifierOutOfRange: .usage("key identifiers go up to 127, and one command carries 16 keys")
        case .keyLength(let count):
            Problem("key-malformed", exit: .badData, "a key of \(count) bytes is none")
        case .refused(let status): .refusal(of: CommandAPDU(0x80, Instruction.putKey, 0, 0), status)
        case .otherCheckValues:
            Problem(
                "other-check-values", exit: .mismatch, "the card reports check values of other keys",
                why: "the keys that arrived on the card are not those that were sent",
                advice: [
                    "do not end the session that works: put the old keys back", "run again with --trace",
                ])
        case .session(let error): error.problem
        case .crypto(let error):
            Problem("key-unusable", exit: .badData, "the key cannot be used", why: "\(error)")
        }
    }
}
