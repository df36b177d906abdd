internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import SmartCard

/// The keys of the command line, read from where they are kept.
struct KeyReading {
    /// GlobalPlatform's test key, which nearly every sample card has.
    private static let testKey: [UInt8] = Array(0x40...0x4F)

    private static let sources =
        "give it as file:PATH, env:NAME, fd:N, prompt or in hex; default is the test key"

    let material: KeySource.Material
    /// Nobody gave a key.
    let isTestKey: Bool

    private static let three = [
        ConnectionOptions.keyENC, ConnectionOptions.keyMAC, ConnectionOptions.keyDEK,
    ]

    static func isGiven(_ parsed: ParsedCommand) -> Bool {
        parsed[ConnectionOptions.key] != nil || three.contains { parsed[$0] != nil }
    }

    /// - Parameter isOwnCard: a virtual card in this process may be tried with the test key; every other card may count
    ///   the try, so that a key must be named.
    init(_ parsed: ParsedCommand, on terminal: Terminal, isOwnCard: Bool) throws {
        let single = parsed[ConnectionOptions.key]
        let given = Self.three.map { parsed[$0] }
        isTestKey = !Self.isGiven(parsed)
        guard !isTestKey else {
            guard isOwnCard else { throw Problem.keyMissing }
            material = .one(Secret(Self.testKey))
            return
        }
        if ([single] + given).contains(where: Self.isExposed) {
            terminal.warn(
                "a key on the command line can be seen by every program of this machine; "
                    + "use env:NAME, file:PATH or prompt")
        }
        if let single, given.allSatisfy({ $0 == nil }) {
            material = try Self.material(from: single, label: "key", on: terminal)
            return
        }
        let names = ["encryption key", "authentication key", "data encryption key"]
        var keys: [Secret] = []
        for (source, name) in zip(given, names) {
            guard let source = source ?? single else {
                throw Problem.usage(
                    "the \(name) is missing",
                    advice: "give all of --key-enc, --key-mac and --key-dek, or --key")
            }
            keys.append(try Self.read(source, label: name, on: terminal))
        }
        material = .three(encryption: keys[0], mac: keys[1], dataEncryption: keys[2])
    }

    /// The word for the test key is no secret.
    private static func isExposed(_ source: SecretSource?) -> Bool {
        source?.isLiteral == true && source != .literal("default")
    }

    /// One key for all three, or the three one after the other, as `key rotate --generate` writes them.
    static func material(
        from source: SecretSource, label: String, on terminal: Terminal
    ) throws -> KeySource.Material {
        let keys = try read(source, label: label, counts: [1, 3], on: terminal)
        return keys.count == 3
            ? .three(encryption: keys[0], mac: keys[1], dataEncryption: keys[2]) : .one(keys[0])
    }

    /// Hex of 16, 24 or 32 bytes; `default` names the test key.
    static func read(_ source: SecretSource, label: String, on terminal: Terminal) throws -> Secret {
        try read(source, label: label, counts: [1], on: terminal)[0]
    }

    /// - Parameter counts: how many keys there may be; no number of digits fits two of them.
    private static func read(
        _ source: SecretSource, label: String, counts: [Int], on terminal: Terminal
    ) throws -> [Secret] {
        try terminal.withSecret(source, label: label) { bytes in
            let trimmed = bytes.filter { ![0x20, 0x0A, 0x0D, 0x09, 0x3A].contains($0) }
            if trimmed.elementsEqual("default".utf8) { return [Secret(testKey)] }
            let fitting = counts.first { count in
                [32, 48, 64].contains { $0 * count == trimmed.count }
            }
            guard let count = fitting else {
                throw Problem(
                    "key-malformed", exit: .badData, "the \(label) is not a key",
                    why:
                        "\(source) gives \(trimmed.count) characters; 32, 48 or 64 hexadecimal digits are a key",
                    advice: [Self.sources])
            }
            var key: [UInt8] = []
            for index in stride(from: 0, to: trimmed.count, by: 2) {
                guard let high = digit(trimmed[index]), let low = digit(trimmed[index + 1]) else {
                    throw Problem(
                        "key-malformed", exit: .badData, "the \(label) is not a key",
                        why: "\(source) gives a character that is no hexadecimal digit",
                        advice: [Self.sources])
                }
                key.append(high << 4 | low)
            }
            defer { key.withUnsafeMutableBytes { Secret.erase($0) } }
            let size = key.count / count
            return (0..<count).map { Secret(key[$0 * size..<($0 + 1) * size]) }
        }
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension Problem {
    private static let waysToGiveKeys = [
        "give it with --key: file:PATH, env:NAME, fd:N or prompt",
        "if it is a sample card with the test key 404142...4F: --key default, or BERTH_KEY=default for all commands",
    ]

    static let keyMissing = Problem(
        "key-missing", exit: .usage, "no key is given, so nothing was tried",
        why: "cards lock for good after some wrong keys, so berth guesses none", advice: waysToGiveKeys)

    static func keyMissing(cardHasOthersOfVersion version: UInt8) -> Problem {
        Problem(
            "key-missing", exit: .notAuthenticated,
            "no key is given, and this card has other keys than the test key",
            why:
                "its keys of version \(version.versionText) are not the ones it was made with; no try was counted",
            advice: [waysToGiveKeys[0]])
    }
}
