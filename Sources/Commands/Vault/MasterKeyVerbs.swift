internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import Centre
internal import JSON
internal import SmartCard
internal import Storage

/// `berth vault add-master-key` and `remove-master-key`.
enum MasterKeyVerbs {
    private static let name = Positional<MasterKeyName>.required(
        .masterKeyName, help: "What cards call the key by")
    private static let type = Option<CardKeys.Algorithm>.required(
        "type", .keyType, help: "What the key is for: aes (SCP03) or des (SCP02)")
    private static let key = Option<SecretSource?>.optional(
        "key", .secret("KEY"), .environment("BERTH_NEW_MASTER_KEY"),
        help: "The key for all three, or three one after the other: env:NAME, file:PATH, fd:N or prompt")
    private static let generate = Option<Bool>.flag("generate", help: "Make a new random key")
    private static let bytes = Option<Int?>.optional(
        "bytes", .choice("N", [("16", 16, ""), ("24", 24, "AES only"), ("32", 32, "AES only")]),
        help: "The length of the key to make; 16 by default")
    private static let kdf = Option<String>.value(
        "kdf", .derivation, default: "none", help: "How the keys of one card are derived from it")
    private static let note = Option<String>.value(
        "note", .text("TEXT"), default: "", help: "What people should know of it; not a secret")

    static func add(_ clock: any WallClock) -> Command {
        Command(
            "add-master-key", "Put a master key into the vault; it never comes out again", aliases: ["add"],
            examples: [
                .init(
                    "an issuer's key",
                    "berth vault add-master-key issuer --type aes --kdf kdf3 --key file:issuer.key"),
                .init(
                    "a new one", "berth vault add-master-key issuer-2 --type aes --kdf kdf3 --generate"),
            ],
            arguments: [name],
            options: [OptionGroup("Options", [type, key, generate, bytes, kdf, note]), VaultOptions.group]
        ) { parsed, terminal in
            let vault = try VaultOptions.open(parsed, terminal)
            let master = try VaultContents.Master(
                parsed[name], parsed[type], material: try material(parsed, terminal),
                diversification: try scheme(parsed), note: parsed[note], createdAt: clock.now)
            try vault.update { contents throws(VaultContentsError) in try contents.add(master) }
            let shown = try master.described()
            if terminal.isJSON {
                terminal.print(json: shown.json)
            } else {
                let values = shown.checkValues.map(\.hex).joined(separator: " ")
                terminal.print("\(shown.name): \(shown.kind), check value \(values)")
            }
        }
    }

    private static func material(_ parsed: ParsedCommand, _ terminal: Terminal) throws -> [Secret] {
        guard parsed[generate] != (parsed[key] != nil) else {
            throw Problem.usage(
                "a key is given or made", advice: "give --key SOURCE, or --generate to make one")
        }
        guard let source = parsed[key] else {
            return [Secret(count: parsed[bytes] ?? 16, drawnFrom: SystemEntropy())]
        }
        guard parsed[bytes] == nil else {
            throw Problem.usage("--bytes is for --generate", advice: "leave it out: the key has its length")
        }
        if source.isLiteral, source != .literal("default") {
            terminal.warn(
                "a key on the command line can be seen by every program of this machine; "
                    + "use env:NAME, file:PATH or prompt")
        }
        switch try KeyReading.material(from: source, label: "master key", on: terminal) {
        case .one(let key): return [key]
        case .three(let encryption, let mac, let dataEncryption): return [encryption, mac, dataEncryption]
        }
    }

    private static func scheme(_ parsed: ParsedCommand) throws -> String {
        guard parsed[kdf] != "auto" else {
            throw Problem.usage(
                "--kdf cannot be auto", why: "a vault serves cards that are not there",
                advice: "name the scheme")
        }
        return parsed[kdf]
    }

    // MARK: remove

    private static let yes = Option<Bool>.flag("yes", OptionTraits(short: "y"), help: "Do not ask")

    static let remove = Command(
        "remove-master-key", "Forget a master key: cards whose keys come from it can be opened no more",
        aliases: ["remove"],
        examples: [.init("after every card was given other keys", "berth vault remove-master-key issuer")],
        arguments: [name], options: [OptionGroup("Options", [yes]), VaultOptions.group]
    ) { parsed, terminal in
        let vault = try VaultOptions.open(parsed, terminal)
        guard vault.contents.master(parsed[name]) != nil else {
            throw VaultContentsError.masterKeyUnknown(parsed[name])
        }
        if !parsed[yes] {
            let question = "Forget \(parsed[name]) for good, and with it every card that it opens?"
            guard try terminal.confirm(question, default: false, override: "--yes") else { return }
        }
        let name = parsed[name]
        try vault.update { contents throws(VaultContentsError) in try contents.removeMaster(name) }
        if terminal.isJSON {
            terminal.print(json: ["name": .string(name.text), "removed": .bool(true)])
        } else {
            terminal.print("\(name) is no longer in the vault")
        }
    }
}

extension ArgumentValue where Value == MasterKeyName {
    fileprivate static let masterKeyName = Self("NAME") { (text) throws(ValueRefusal) in
        do { return try MasterKeyName(text) } catch {
            throw ValueRefusal("a name has up to \(MasterKeyKind.lengthMax) \(MasterKeyKind.rule)")
        }
    }
}
