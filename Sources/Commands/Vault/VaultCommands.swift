internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import Centre
internal import JSON
internal import SmartCard
internal import Storage

/// The noun `vault`: the file with the keys that open cards and seal what is in custody.
enum VaultCommands {
    static func noun(_ clock: any WallClock) -> Command {
        Command(
            "vault",
            "Keep the master keys of cards, and the keys of what is in custody, in an encrypted file",
            discussion: """
                The vault never shows a key. Whoever loses the file, or what opens it, loses every card whose keys are \
                derived from it and everything in custody: keep a copy of both, apart from each other.
                """,
            commands: [
                initialise(clock), status, MasterKeyVerbs.add(clock), MasterKeyVerbs.remove,
                changePassphrase,
            ])
    }

    // MARK: init

    private static let makeKeyFile = Option<Bool>.flag(
        "make-key-file", help: "Write a new random key into the file that --key-file names")

    private static func initialise(_ clock: any WallClock) -> Command {
        Command(
            "init", "Make a new vault", aliases: ["create", "new"],
            examples: [
                .init("with a passphrase that is asked for", "berth vault init"),
                .init(
                    "for a service that starts alone",
                    "berth vault init --vault berth.vault --key-file vault.key --make-key-file"),
            ],
            options: [OptionGroup("Options", [makeKeyFile]), VaultOptions.group]
        ) { parsed, terminal in
            let file = try VaultOptions.file(parsed, terminal)
            try VaultOptions.makeFolder(parsed, terminal)
            guard !SecretFile.exists(file.path) else { throw VaultFileError.exists }
            if parsed[makeKeyFile] {
                guard let path = parsed[VaultOptions.keyFile] else {
                    throw Problem.usage("--make-key-file needs --key-file", advice: "name the new file")
                }
                guard !SecretFile.exists(path) else { throw Problem.keyFileExists(path) }
                try SecretFile.write([Secret(count: 32, drawnFrom: SystemEntropy())], to: path)
            }
            let secret = try VaultOptions.newSecret(
                parsed, passphrase: VaultOptions.passphrase, keyFile: VaultOptions.keyFile, on: terminal)
            let vault = try SoftwareVault.create(
                file, secret, cost: VaultSecret.usualCost(), entropy: SystemEntropy(), at: clock.now)
            if terminal.isJSON {
                terminal.print(json: ["vault": .string(file.path), "id": .string(vault.vaultID.hex)])
            } else {
                terminal.print("\(file.path) is a new vault, without master keys yet")
                terminal.note("add one with: berth vault add-master-key NAME --type aes --key prompt")
            }
        }
    }

    // MARK: status

    private static let status = Command(
        "status", "Show what the vault holds: names and check values, never keys", aliases: ["list", "show"],
        examples: [.init("what is in it", "berth vault status")],
        options: [VaultOptions.group]
    ) { parsed, terminal in
        let file = try VaultOptions.file(parsed, terminal)
        let vault = try VaultOptions.open(parsed, terminal)
        let view = VaultView(vault, path: file.path, kind: try SoftwareVault.protection(of: file))
        if terminal.isJSON {
            terminal.print(json: try view.json())
        } else {
            terminal.print(lines: view.lines)
            let masters = try vault.masterKeys()
            guard !masters.isEmpty else {
                terminal.print("master keys:    none")
                return
            }
            terminal.print()
            terminal.print(view.table(masters))
        }
    }

    // MARK: change-passphrase

    private static let newPassphrase = Option<SecretSource?>.optional(
        "new-passphrase", .secret("SOURCE"), help: "The passphrase that is to open the vault from now on")
    private static let newKeyFile = Option<String?>.optional(
        "new-key-file", .file("FILE"), help: "The file that is to open the vault from now on")

    private static let changePassphrase = Command(
        "change-passphrase", "Let another passphrase or key file open the vault", aliases: ["protect"],
        discussion: """
            Copies of the file that were made before still open with what opened them. If that is known to others, \
            give the cards other keys and run: berth store rewrap --records --drop-old
            """,
        examples: [.init("another passphrase", "berth vault change-passphrase")],
        options: [OptionGroup("Options", [newPassphrase, newKeyFile]), VaultOptions.group]
    ) { parsed, terminal in
        let vault = try VaultOptions.open(parsed, terminal)
        let secret = try VaultOptions.newSecret(
            parsed, passphrase: newPassphrase, keyFile: newKeyFile, on: terminal)
        try vault.protect(with: secret, cost: VaultSecret.usualCost())
        let file = try VaultOptions.file(parsed, terminal)
        if terminal.isJSON {
            terminal.print(json: ["vault": .string(file.path), "changed": .bool(true)])
        } else {
            terminal.print("\(file.path) opens with the new \(secret.kind.words) from now on")
        }
    }
}

/// A vault in words and as JSON.
struct VaultView {
    private let contents: VaultContents
    private let id: String
    private let path: String
    private let kind: VaultSecret.Kind
    private let vault: SoftwareVault

    init(_ vault: SoftwareVault, path: String, kind: VaultSecret.Kind) {
        self.vault = vault
        contents = vault.contents
        id = vault.vaultID.hex
        self.path = path
        self.kind = kind
    }

    var lines: [String] {
        let keys = contents.wrappingKeys.map { key in
            "\(key.number)\(key.number == contents.currentWrappingKey ? " (current)" : "") of \(key.createdAt)"
        }
        return [
            "vault:          \(path)", "id:             \(id)", "opens with:     a \(kind.words)",
            "wrapping keys:  \(keys.joined(separator: ", "))",
        ]
    }

    func table(_ masters: [MasterKey]) -> Arguments.Table {
        var table = Arguments.Table([
            .init("Master key"), .init("Type"), .init("Derivation"), .init("Check values"), .init("Since"),
            .init("Note"),
        ])
        for master in masters {
            table.add([
                .init(master.name.text), .init(master.kind), .init(master.diversification),
                .init(master.checkValues.map(\.hex).joined(separator: " ")),
                .init("\(master.createdAt.day)"), .init(master.note),
            ])
        }
        return table
    }

    func json() throws -> JSONValue {
        [
            "vault": .string(path), "id": .string(id), "protection": .string(kind.code),
            "wrappingKeys": .array(
                contents.wrappingKeys.map { key in
                    [
                        "number": .count(key.number), "createdAt": .string("\(key.createdAt)"),
                        "isCurrent": .bool(key.number == contents.currentWrappingKey),
                    ]
                }),
            "masterKeys": .array(try vault.masterKeys().map(\.json)),
        ]
    }
}

extension MasterKey {
    var kind: String { algorithm == .aes ? "AES-\(byteCount * 8)" : "3DES" }

    var json: JSONValue {
        [
            "name": .string(name.text), "type": .string(algorithm == .aes ? "aes" : "des"),
            "bytes": .count(byteCount), "derivation": .string(diversification),
            "checkValues": .array(checkValues.map { .string($0.hex) }), "note": .string(note),
            "createdAt": .string("\(createdAt)"),
        ]
    }
}

extension VaultSecret.Kind {
    var words: String {
        switch self {
        case .passphrase: "passphrase"
        case .keyFile: "key file"
        }
    }
    var code: String {
        switch self {
        case .passphrase: "passphrase"
        case .keyFile: "key-file"
        }
    }
}
