package import CardCrypto
internal import CardManagement
package import Centre
internal import SmartCard
internal import Synchronization

/// The key vault in an encrypted file, or in memory only.
///
/// What another program changed in the file is seen: before a key is wrapped or a wrapping key is looked for, the file
/// is looked at, and read again when it is another one.
package final class SoftwareVault: KeyVault {
    private struct State: Sendable {
        var header: VaultFormat.Header
        var contents: VaultContents
        var stamp: VaultFile.Stamp?
        /// Of the file; made anew when the file has another salt.
        var key: Secret?
    }

    private let state: Mutex<State>
    private let entropy: Mutex<any EntropySource>
    private let file: (VaultFile, VaultSecret)?

    private init(
        _ state: sending State, _ file: (VaultFile, VaultSecret)?, entropy: sending any EntropySource
    ) {
        self.state = Mutex(state)
        self.entropy = Mutex(entropy)
        self.file = file
    }

    // MARK: Opening

    /// A vault in memory: for tests and simulated worlds.
    package convenience init(
        inMemory contents: VaultContents, vault: [UInt8] = Array(1...8),
        entropy: sending any EntropySource
    ) {
        let header = VaultFormat.Header(vault: vault, protection: .keyFile, salt: [])
        self.init(State(header: header, contents: contents), nil, entropy: entropy)
    }

    /// A new file; one that is there already stays as it is.
    package static func create(
        _ file: VaultFile, _ secret: VaultSecret, cost: KeyDerivation.ScryptCost,
        entropy: sending any EntropySource, at now: Instant
    ) throws(VaultFileError) -> SoftwareVault {
        try secret.checkStrength()
        let header = VaultFormat.Header(
            vault: entropy.bytes(VaultFormat.vaultIDBytes),
            protection: secret.kind == .keyFile ? .keyFile : .passphrase(cost),
            salt: entropy.bytes(VaultFormat.saltBytes))
        let contents = VaultContents(
            wrappingKey: Secret(count: SealedBox.keyBytes, drawnFrom: entropy), at: now)
        let key = try secret.key(for: header)
        let nonce = entropy.bytes(SealedBox.nonceBytes)
        let bytes = try Self.encoded(contents, header, key: key, nonce: nonce)
        let stamp = try file.locked { () throws(VaultFileError) in
            guard file.stamp() == nil else { throw .exists }
            try file.write(bytes, isNew: true)
            return file.stamp()
        }
        return SoftwareVault(
            State(header: header, contents: contents, stamp: stamp, key: key), (file, secret),
            entropy: entropy)
    }

    package static func open(
        _ file: VaultFile, _ secret: VaultSecret, entropy: sending any EntropySource
    ) throws(VaultFileError) -> SoftwareVault {
        SoftwareVault(try load(file, secret, knowing: nil), (file, secret), entropy: entropy)
    }

    /// What protects a file, without opening it.
    package static func protection(of file: VaultFile) throws(VaultFileError) -> VaultSecret.Kind {
        switch try parse(try file.read().bytes).header.protection {
        case .passphrase: .passphrase
        case .keyFile: .keyFile
        }
    }

    private static func load(
        _ file: VaultFile, _ secret: VaultSecret, knowing known: State?
    ) throws(VaultFileError) -> State {
        let (bytes, stamp) = try file.read()
        let format = try parse(bytes)
        let key: Secret
        if let known, let old = known.key, known.header == format.header {
            key = old
        } else {
            key = try secret.key(for: format.header)
        }
        do {
            return State(
                header: format.header, contents: try format.open(key), stamp: stamp, key: key)
        } catch {
            throw .format(error)
        }
    }

    private static func parse(_ bytes: [UInt8]) throws(VaultFileError) -> VaultFormat {
        do { return try VaultFormat(parsing: bytes) } catch { throw .format(error) }
    }

    /// What is written was opened again first: a vault that does not open is worse than one that was not written.
    private static func encoded(
        _ contents: VaultContents, _ header: VaultFormat.Header, key: Secret, nonce: [UInt8]
    ) throws(VaultFileError) -> [UInt8] {
        do {
            let bytes = try VaultFormat.encode(contents, header, key: key, nonce: nonce)
            _ = try VaultFormat(parsing: bytes).open(key)
            return bytes
        } catch {
            throw .format(error)
        }
    }

    // MARK: Changing

    /// Changes what the vault holds: in the file as it is at this moment, then here.
    package func update<Result: Sendable>(
        _ change: (inout VaultContents) throws(VaultContentsError) -> Result
    ) throws(VaultFileError) -> Result {
        guard let (file, secret) = file else {
            return try state.withLock { state throws(VaultFileError) in
                try Self.change(&state.contents, change)
            }
        }
        return try file.locked { () throws(VaultFileError) in
            var next = try Self.load(file, secret, knowing: state.withLock { $0 })
            let result = try Self.change(&next.contents, change)
            next.stamp = try write(next, to: file)
            state.withLock { $0 = next }
            return result
        }
    }

    /// The same contents behind another passphrase or key file.
    package func protect(
        with secret: VaultSecret, cost: KeyDerivation.ScryptCost
    ) throws(VaultFileError) {
        guard let (file, old) = file else { return }
        try secret.checkStrength()
        try file.locked { () throws(VaultFileError) in
            var next = try Self.load(file, old, knowing: state.withLock { $0 })
            next.header = VaultFormat.Header(
                vault: next.header.vault,
                protection: secret.kind == .keyFile ? .keyFile : .passphrase(cost),
                salt: random(VaultFormat.saltBytes))
            next.key = try secret.key(for: next.header)
            _ = try write(next, to: file)
        }
    }

    private static func change<Result>(
        _ contents: inout VaultContents,
        _ change: (inout VaultContents) throws(VaultContentsError) -> Result
    ) throws(VaultFileError) -> Result {
        do {
            return try change(&contents)
        } catch {
            throw .contents(error)
        }
    }

    private func write(_ next: State, to file: VaultFile) throws(VaultFileError) -> VaultFile.Stamp? {
        guard let key = next.key else { preconditionFailure("a file that was opened has a key") }
        let bytes = try Self.encoded(
            next.contents, next.header, key: key, nonce: random(SealedBox.nonceBytes))
        try file.write(bytes, isNew: false)
        return file.stamp()
    }

    // MARK: Looking

    package var contents: VaultContents { state.withLock { $0.contents } }
    package var vaultID: [UInt8] { state.withLock { $0.header.vault } }

    /// Reads the file again if it is another one than was read last.
    package func refresh() throws(KeyVaultFailure) {
        guard let (file, secret) = file else { return }
        let known = state.withLock { $0 }
        guard let stamp = file.stamp(), stamp != known.stamp else { return }
        do {
            let next = try Self.load(file, secret, knowing: known)
            state.withLock { $0 = next }
        } catch {
            throw .unavailable(code: "vault-unreadable", reason: "the vault's file was changed: \(error)")
        }
    }

    /// A key that nobody has seen.
    package func freshKey() -> Secret {
        entropy.withLock { Secret(count: SealedBox.keyBytes, drawnFrom: $0) }
    }

    func random(_ count: Int) -> [UInt8] { entropy.withLock { $0.bytes(count) } }

    /// The wrapping key of this number, also one that another program added since.
    func wrappingKey(_ number: Int) throws(KeyVaultFailure) -> Secret {
        if let key = contents.wrappingKey(number) { return key.key }
        try refresh()
        guard let key = contents.wrappingKey(number) else { throw .wrappingKeyUnknown(number) }
        return key.key
    }

    func master(_ name: MasterKeyName) throws(KeyVaultFailure) -> VaultContents.Master {
        if let master = contents.master(name) { return master }
        try refresh()
        guard let master = contents.master(name) else { throw .masterKeyUnknown(name) }
        return master
    }
}

extension Secret {
    /// Random bytes; the place where they stood before is erased.
    package convenience init(count: Int, drawnFrom entropy: any EntropySource) {
        var bytes = entropy.bytes(count)
        defer { bytes.withUnsafeMutableBytes { Secret.erase($0) } }
        self.init(bytes)
    }
}

extension SoftwareVault: CustomStringConvertible {
    package var description: String { "SoftwareVault(\(vaultID.hex))" }
}
