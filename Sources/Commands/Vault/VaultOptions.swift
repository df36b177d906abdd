internal import Arguments
internal import CardCrypto
internal import Centre
internal import SmartCard
internal import Storage

/// Which vault, and what opens it.
enum VaultOptions {
    static let vault = Option<String?>.optional(
        "vault", .file("FILE", extensions: "vault"), .environment("BERTH_VAULT"),
        help: "The vault's file; else keys.vault in the data folder, beside the store")
    static let passphrase = Option<SecretSource?>.optional(
        "passphrase", .secret("SOURCE"), .environment("BERTH_VAULT_PASSPHRASE"),
        help: "The vault's passphrase: env:NAME, file:PATH, fd:N or prompt; it is asked for by default")
    static let keyFile = Option<String?>.optional(
        "key-file", .file("FILE"), .environment("BERTH_VAULT_KEY_FILE"),
        help: "The file whose contents open the vault, instead of a passphrase")

    static let group = OptionGroup("Vault", [vault, passphrase, keyFile])

    static func file(_ parsed: ParsedCommand, _ terminal: Terminal) throws(Problem) -> VaultFile {
        if let path = parsed[vault] { return VaultFile(path) }
        guard let folder = dataFolder(terminal) else {
            throw Problem.usage("no vault is named", advice: "give --vault FILE")
        }
        return VaultFile(folder + "keys.vault")
    }

    /// Where the store is too; made where a new vault is to be.
    static func makeFolder(_ parsed: ParsedCommand, _ terminal: Terminal) throws(Problem) {
        guard parsed[vault] == nil, let folder = dataFolder(terminal) else { return }
        guard FileSystem.makeFolder(String(folder.dropLast())) else {
            throw Problem(
                "vault-not-written", exit: .cannotCreate, "\(folder) cannot be made",
                advice: ["make it, or say where the vault is to be with --vault"])
        }
    }

    private static func dataFolder(_ terminal: Terminal) -> String? {
        let store = StoreAddress.defaultPath(
            terminal.environment["XDG_DATA_HOME"], terminal.environment["HOME"])
        guard let store, let end = store.lastIndex(of: "/") else { return nil }
        return String(store[...end])
    }

    static func open(_ parsed: ParsedCommand, _ terminal: Terminal) throws -> SoftwareVault {
        let file = try file(parsed, terminal)
        let kind = try SoftwareVault.protection(of: file)
        if file.isReadableByOthers {
            terminal.warn("others can read \(file.path); chmod 600 closes it")
        }
        let secret = try secret(
            parsed, kind, passphrase: passphrase, keyFile: keyFile, on: terminal)
        return try SoftwareVault.open(file, secret, entropy: SystemEntropy())
    }

    /// What the options give; without them a passphrase is asked for where one is wanted.
    static func secret(
        _ parsed: ParsedCommand, _ kind: VaultSecret.Kind, passphrase: Option<SecretSource?>,
        keyFile: Option<String?>, on terminal: Terminal
    ) throws -> VaultSecret {
        if let path = parsed[keyFile], parsed[passphrase] == nil || kind == .keyFile {
            return .keyFile(try read(.file(path), "key file", on: terminal))
        }
        if let source = parsed[passphrase] {
            if source.isLiteral {
                terminal.warn(
                    "a passphrase on the command line can be seen by every program of this machine; "
                        + "use env:NAME, file:PATH or prompt")
            }
            return .passphrase(try read(source, "passphrase", on: terminal))
        }
        guard kind == .passphrase else {
            throw Problem.usage("the vault opens with a key file", advice: "give --key-file FILE")
        }
        return .passphrase(try read(.prompt, "passphrase", on: terminal))
    }

    /// A passphrase that nobody has typed before is asked for twice.
    static func newSecret(
        _ parsed: ParsedCommand, passphrase: Option<SecretSource?>, keyFile: Option<String?>,
        on terminal: Terminal
    ) throws -> VaultSecret {
        if parsed[keyFile] != nil || (parsed[passphrase].map { $0 != .prompt } ?? false) {
            return try secret(
                parsed, parsed[keyFile] == nil ? .passphrase : .keyFile, passphrase: passphrase,
                keyFile: keyFile, on: terminal)
        }
        let first = try read(.prompt, "new passphrase", on: terminal)
        let second = try read(.prompt, "new passphrase again", on: terminal)
        guard first.matches(second) else {
            throw Problem(
                "passphrases-differ", exit: .badData, "the two passphrases are not the same",
                advice: ["nothing was changed; run the command again"])
        }
        return .passphrase(first)
    }

    private static func read(
        _ source: SecretSource, _ label: String, on terminal: Terminal
    ) throws -> Secret {
        try terminal.withSecret(source, label: label) { Secret($0) }
    }
}
