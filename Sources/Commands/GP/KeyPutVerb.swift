internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// `berth gp key put`: keys beside those that are there, or in the place of some that do not open this session.
enum KeyPutVerb {
    private static let publicKey = Option<String?>.optional(
        "new-public-key", .file("PEM", extensions: "pem", "der"),
        help: "An RSA or EC public key, for tokens or DAP, from a PEM file")
    private static let single = Option<Bool>.flag(
        "single", help: "One key, and not a set of three for a secure channel")
    private static let identifier = Option<UInt8?>.optional(
        "id", .integer("N", in: 1...127), help: "The identifier of the first key; 1 by default")
    private static let replacing = Option<UInt8?>.optional(
        "replace", .integer("VERSION", in: 1...127), help: "The version whose keys these are to replace")
    private static let usage = Option<[UInt8]>.value(
        "usage", .hex(bytes: 0...2), default: [], help: "The key usage qualifier (GPCS 2.3.1 table 11-17)")
    private static let access = Option<[UInt8]>.value(
        "access", .hex(bytes: 0...1), default: [], help: "Who may use the key (GPCS 2.3.1 table 11-18)")

    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "put", "Put keys on the card, and check that they arrived",
            discussion: """
                The card's check values are compared with those of the keys. To change the keys that open the session \
                use rotate, which verifies them with a new session before the old ones go.
                """,
            examples: [
                .init("a second set", "berth gp key put --new-key-version 0x31 --new-key file:second.key"),
                .init(
                    "a key that verifies tokens",
                    "berth gp key put --new-key-version 0x70 --new-public-key token.pem"),
            ],
            options: [
                OptionGroup(
                    "Options", NewKeys.values + [publicKey, single, identifier, replacing, usage, access])
            ]
                + ConnectionOptions.session + [ConnectionOptions.confirmedGroup]
        ) { parsed, terminal in
            guard let version = parsed[NewKeys.version] else {
                throw Problem.usage(
                    "the version of the new keys is missing", advice: "give --new-key-version")
            }
            let publicKey = try readPublicKey(parsed)
            let source = publicKey == nil ? try NewKeys.read(parsed, on: terminal) : nil
            let desk = try desks.desk(parsed, terminal)
            try desk.authenticate()
            guard let peer = desk.link.peer else { return }
            if parsed[replacing] == peer.keyVersion { throw Problem.keysInUse(peer.keyVersion) }
            let keys = try newKeys(parsed, publicKey, source, version: version, peer)
            let put = try PutKey(
                keys, version: version, firstIdentifier: parsed[identifier] ?? 1, replacing: parsed[replacing]
            )
            try check(put, against: try desk.keyTemplate())
            try carryOut(put, desk)
        }
    }

    private static func readPublicKey(_ parsed: ParsedCommand) throws -> PublicKey? {
        guard let path = parsed[publicKey] else { return nil }
        guard !NewKeys.areGiven(parsed) else {
            throw Problem.usage("--new-public-key and --new-key name two keys", advice: "put them one by one")
        }
        let bytes = try InputFile.read(path, bytesMax: 65_536)
        do {
            let isPEM = bytes.starts(with: Array("-----".utf8)) || bytes.first != 0x30
            return try isPEM
                ? PublicKey(pem: String(decoding: bytes, as: UTF8.self)) : PublicKey(der: bytes)
        } catch {
            throw Problem(
                "key-malformed", exit: .badData, "\(path) holds no public key that a card can use",
                why: "\(error)",
                advice: ["an RSA or EC public key as PEM is needed: openssl pkey -pubout makes one"])
        }
    }

    private static func newKeys(
        _ parsed: ParsedCommand, _ publicKey: PublicKey?, _ source: KeySource?, version: UInt8,
        _ peer: ChannelPeer
    ) throws -> [NewKey] {
        let hasAttributes = !parsed[usage].isEmpty || !parsed[access].isEmpty
        let attributes =
            hasAttributes
            ? NewKey.Attributes(usageQualifier: parsed[usage], access: parsed[access]) : nil
        switch publicKey {
        case .rsa(let key): return [NewKey(.rsaPublic(key), attributes: attributes)]
        case .ec(let key): return [NewKey(.ecPublic(key), attributes: attributes)]
        case nil: break
        }
        guard let source else { return [] }
        let algorithm = parsed[NewKeys.type] ?? CardKeys.Algorithm(peer)
        let set = try source.keys(
            for: KeyRequest(
                algorithm: algorithm, version: version, diversificationData: peer.diversificationData))
        let secrets = parsed[single] ? [set.encryption] : [set.encryption, set.mac, set.dataEncryption]
        return secrets.map { NewKey(algorithm == .aes ? .aes($0) : .tripleDES($0), attributes: attributes) }
    }

    /// What the card would refuse, said before anything is sent.
    private static func check(_ put: PutKey, against keys: [KeyInformation]) throws(Problem) {
        let identifiers = (0..<put.keys.count).map { put.firstIdentifier + UInt8($0) }
        if let replaced = put.replacing {
            guard keys.contains(where: { $0.version == replaced }) else {
                throw Problem(
                    "no-such-keys", exit: .notFound,
                    "there are no keys of version \(replaced.versionText) to replace",
                    advice: ["see what is there with: berth gp key list", "leave --replace out to add keys"])
            }
            return
        }
        guard keys.contains(where: { $0.version == put.version && identifiers.contains($0.identifier) })
        else {
            return
        }
        throw Problem(
            "keys-exist", exit: .alreadyExists,
            "there are keys of version \(put.version.versionText) already",
            advice: ["choose another --new-key-version", "replace them with --replace \(put.version)"])
    }

    private static func carryOut(_ put: PutKey, _ desk: CardDesk) throws {
        let command = try desk.putKeyCommand(put)
        let result: JSONObject = [
            "version": .count(Int(put.version)), "firstId": .count(Int(put.firstIdentifier)),
            "keys": .count(put.keys.count),
        ]
        guard !desk.isDryRun else {
            try desk.carryOut([command], done: "", result)
            return
        }
        if let replaced = put.replacing {
            try desk.confirm("Replace the keys of version \(replaced.versionText)?")
        }
        let confirmation = try put.check(try desk.require(command))
        let count = put.keys.count == 1 ? "1 key" : "\(put.keys.count) keys"
        let checked =
            confirmation == .confirmed && put.keys.contains { (try? $0.checkValue())?.isEmpty == false }
        desk.show(
            "put \(count) of version \(put.version.versionText)" + (checked ? ", check values agree" : ""),
            .object(result.adding("checkValuesAgree", .bool(checked)).adding("changed", true)))
    }
}

extension JSONObject {
    func adding(_ name: String, _ value: JSONValue) -> JSONObject {
        var object = self
        object[name] = value
        return object
    }
}

extension CardDesk {
    /// The command with its keys encrypted for this session.
    func putKeyCommand(_ put: PutKey) throws -> CommandAPDU {
        var command: CommandAPDU?
        var failure: PutKeyError?
        try link.withSession { session throws(LinkError) in
            do throws(PutKeyError) { command = try put.command(for: session) } catch { failure = error }
        }
        if let failure { throw failure }
        guard let command else { throw SecureMessagingError.ended }
        return command
    }
}
