internal import CardCrypto
internal import Centre
internal import SmartCard
internal import Storage

/// What a node stands on: its store, its vault and its certificate, made where nothing is there yet.
struct ServingGround: Sendable {
    let store: any Database
    let vault: SoftwareVault
    let identity: TLSIdentity?
    let clientAuthorities: [UInt8]?
    /// What was made, for the person who started it.
    let made: [String]

    private static let certificateDays = 825

    init(
        _ settings: ServeSettings, clock: any WallClock, entropy: any EntropySource & Sendable,
        _ pause: StorePause
    ) throws {
        try ServingFiles.makeFolder(settings.folder)
        var made: [String] = []
        let address = try StoreAddress(settings.store)
        if case .file(let path) = address, !ServingFiles.exists(path) { made.append("the store \(path)") }
        try pause.await(address)
        store = try address.openForWork()
        try Self.requireVault(settings, of: store)
        vault = try Self.vault(settings, clock, entropy, &made)
        // A vault that is not this store's must be found out before anything is sealed in it.
        let (keys, now) = (try vault.wrappingKeys(), clock.now)
        try store.write { try $0.admit(keys, now: now) }
        identity =
            settings.listen.isEmpty
            ? nil : try Self.identity(settings, now: now, entropy: entropy, makes: true, &made)
        clientAuthorities = try Self.clientAuthorities(settings)
        self.made = made
    }

    /// What is in the file now.
    static func clientAuthorities(_ settings: ServeSettings) throws(ServeFailure) -> [UInt8]? {
        try settings.clientAuthorities.map { path throws(ServeFailure) in
            try ServingFiles.read(path).withBytes { Array($0) }
        }
    }

    /// A new vault opens nothing of a store that had one: none is made, so that nobody takes it for the right one.
    private static func requireVault(_ settings: ServeSettings, of store: any Database) throws {
        guard !ServingFiles.exists(settings.vault) else { return }
        let hadOne = try store.read { try $0.count(Query(WrappingKeyRow.table)) > 0 }
        guard hadOne else { return }
        throw ServeFailure(
            "vault-missing", "the vault \(settings.vault) is not there",
            why: "the store \(store.place) has had one, and no other opens what that one sealed",
            advice: [
                "restore \(settings.vault) from a backup, and what opens it, then start again",
                "if the vault is elsewhere, say where with --\(ServeSetting.vault.name)",
            ])
    }

    private static func vault(
        _ settings: ServeSettings, _ clock: any WallClock, _ entropy: any EntropySource & Sendable,
        _ made: inout [String]
    ) throws -> SoftwareVault {
        let file = VaultFile(settings.vault)
        let isNew = !ServingFiles.exists(settings.vault)
        switch settings.vaultOpener {
        case .passphraseFile(let path):
            let secret = VaultSecret.passphrase(try ServingFiles.readLine(path))
            guard isNew else { return try SoftwareVault.open(file, secret, entropy: SystemEntropy()) }
            made.append("the vault \(settings.vault), which opens with the passphrase in \(path)")
            return try SoftwareVault.create(
                file, secret, cost: VaultSecret.usualCost(), entropy: SystemEntropy(), at: clock.now)
        case .keyFile(let path, _):
            if isNew, !ServingFiles.exists(path) {
                // In hex, as `berth vault init --make-key-file` writes it.
                try ServingFiles.make(path, mode: 0o600, Secret(Array((entropy.bytes(32).hex + "\n").utf8)))
                made.append(
                    "the key \(path), which opens the vault: keep a copy of both, apart from each other")
            }
            let secret = VaultSecret.keyFile(try ServingFiles.readLine(path))
            guard isNew else { return try SoftwareVault.open(file, secret, entropy: SystemEntropy()) }
            made.append("the vault \(settings.vault)")
            return try SoftwareVault.create(
                file, secret, cost: VaultSecret.usualCost(), entropy: SystemEntropy(), at: clock.now)
        }
    }

    /// What is in the files now.
    static func identity(_ settings: ServeSettings, now: Instant) throws(ServeFailure) -> TLSIdentity {
        var nothing: [String] = []
        return try identity(settings, now: now, entropy: SystemEntropy(), makes: false, &nothing)
    }

    private static func identity(
        _ settings: ServeSettings, now: Instant, entropy: any EntropySource, makes: Bool,
        _ made: inout [String]
    ) throws(ServeFailure) -> TLSIdentity {
        let (certificate, key): (String, String)
        switch settings.certificate {
        case .given(let givenCertificate, let givenKey): (certificate, key) = (givenCertificate, givenKey)
        case .ours(let ownCertificate, let ownKey):
            (certificate, key) = (ownCertificate, ownKey)
            if makes, !ServingFiles.exists(certificate) {
                let (pem, secret): ([UInt8], Secret)
                do throws(CryptoError) {
                    (pem, secret) = try make(settings, now, entropy)
                } catch {
                    throw ServeFailure("certificate", "no certificate can be made", why: "\(error)")
                }
                try ServingFiles.make(key, mode: 0o600, secret)
                try ServingFiles.make(certificate, mode: 0o644, Secret(pem))
                made.append("the certificate \(certificate), which nobody vouches for but its fingerprint")
            }
        }
        let chain = try ServingFiles.read(certificate).withBytes { Array($0) }
        return TLSIdentity(certificates: chain, key: try ServingFiles.read(key))
    }

    private static func make(
        _ settings: ServeSettings, _ now: Instant, _ entropy: any EntropySource
    ) throws(CryptoError) -> ([UInt8], Secret) {
        let key = try ECPrivateKey.generate(.p256)
        let pem = try SelfSignedCertificate.make(
            names: names(settings), key: key, now: now.milliseconds / 1_000, days: certificateDays,
            entropy: entropy)
        return (pem, try PrivateKey.ec(key).pem(passphrase: nil))
    }

    private static func names(_ settings: ServeSettings) -> [String] {
        let listened = settings.listen.filter { !$0.isEverywhere }.map(\.host.description)
        var names = settings.names
        for name in ["localhost", settings.node] + listened + ["127.0.0.1", "::1"] where !names.contains(name)
        {
            names.append(name)
        }
        return names
    }
}
