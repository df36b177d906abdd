import CardCrypto
import CardManagement
import Centre
import FoundationEssentials
import SmartCard
import Storage
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Vault file")
struct VaultFormatTests {
    /// The whole file for fixed inputs: it changes only when the format does, and then the version must. It was also
    /// opened by another implementation (scrypt and AES-GCM of Python), which found the same keys in it.
    private static let known = [
        "4245525448564C540001000000C1F0F1F2F3F4F5F6F701040101505152535455565758595A5B5C5D",
        "5E5FC0C1C2C3C4C5C6C7C8C9CACBD8009638303E630A811FA41D573A84BA6A2002D79DF77FB0406B",
        "EEE7E8BC55715ADD72C544276D57C5C0F7A566E9AB18CD2FADDADF497854957B17F16485BB8197D3",
        "9DF6432978D02C7FE62341132B7098CBE30717C12B455B2E321D50047DD60ABDC0D5ADA1D2F08479",
        "9F42FF89183604B17E8E423C90F8FB23D2587390B7491DDDDD1C8CFB9E1685BA67",
    ].joined()

    private static func fixed() throws -> (bytes: [UInt8], key: Secret) {
        var contents = VaultContents(
            wrappingKey: Secret([UInt8](repeating: 0x11, count: 32)), at: VaultBench.now)
        try contents.add(
            VaultContents.Master(
                try MasterKeyName("issuer"), .aes, material: [Secret(VaultBench.masterBytes)],
                diversification: "kdf3", note: "n", createdAt: VaultBench.now))
        let cost = try VaultBench.cost()
        let salt = [UInt8](0x50...0x5F)
        let key = try KeyDerivation.scrypt(
            Secret(Array(VaultBench.passphrase.utf8)), salt: salt, cost: cost, count: 32)
        let header = VaultFormat.Header(
            vault: [UInt8](0xF0...0xF7), protection: .passphrase(cost), salt: salt)
        return (try VaultFormat.encode(contents, header, key: key, nonce: [UInt8](0xC0...0xCB)), key)
    }

    @Test("the bytes of a file are the known ones, and say the same when they are read")
    func knownAnswer() throws {
        let (bytes, key) = try Self.fixed()
        #expect(bytes.hex == Self.known)
        let format = try VaultFormat(parsing: try Hex.decode(Self.known))
        let contents = try format.open(key)
        #expect(contents.currentWrappingKey == 1)
        #expect(try contents.masters.map { try $0.described() }.map(\.checkValues) == [[[0xEE, 0x72, 0xCB]]])
        #expect(contents.masters.map(\.note) == ["n"])
    }

    @Test("every proper prefix is a truncated file, whatever the passphrase")
    func prefixes() throws {
        let (bytes, _) = try Self.fixed()
        for count in 0..<bytes.count {
            #expect(throws: VaultFormatError.self) { try VaultFormat(parsing: Array(bytes.prefix(count))) }
            do throws(VaultFormatError) {
                _ = try VaultFormat(parsing: Array(bytes.prefix(count)))
            } catch {
                guard case .truncated(count, _) = error else {
                    Issue.record("\(count) bytes: \(error)")
                    continue
                }
            }
        }
    }

    @Test("every bit that flipped is found before anything is opened")
    func bitFlips() throws {
        let (bytes, _) = try Self.fixed()
        for index in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[index] ^= 1 << UInt8(bit)
                #expect(throws: VaultFormatError.self, "byte \(index), bit \(bit)") {
                    try VaultFormat(parsing: flipped)
                }
            }
        }
    }

    @Test("every bit that somebody flipped and summed anew is found with the key")
    func forgeries() throws {
        let (bytes, key) = try Self.fixed()
        for index in 0..<bytes.count - 32 {
            for bit in 0..<8 {
                var forged = Array(bytes.dropLast(32))
                forged[index] ^= 1 << UInt8(bit)
                forged += Digest.sha256.hash(forged)
                #expect(throws: VaultFormatError.self, "byte \(index), bit \(bit)") {
                    try VaultFormat(parsing: forged).open(key)
                }
            }
        }
    }

    @Test("a newer version, something else, and bytes behind the end are told apart")
    func otherFiles() throws {
        let (bytes, _) = try Self.fixed()
        var newer = Array(bytes.dropLast(32))
        newer[9] = 2
        newer += Digest.sha256.hash(newer)
        #expect(throws: VaultFormatError.newerVersion(found: 2)) { try VaultFormat(parsing: newer) }
        #expect(throws: VaultFormatError.notAVault) {
            try VaultFormat(parsing: Array("-----BEGIN PGP".utf8))
        }
        #expect(throws: VaultFormatError.damaged) { try VaultFormat(parsing: bytes + [0]) }
        #expect(throws: VaultFormatError.truncated(have: 0, announced: nil)) {
            try VaultFormat(parsing: [])
        }
    }

    @Test("random bytes are never a vault, and never end the program")
    func garbage() {
        for seed in UInt64(1)...200 {
            var random = SeededGenerator(seed: seed)
            let bytes = Array("BERTHVLT".utf8) + random.bytes(Int.random(in: 0...200, using: &random))
            #expect(throws: VaultFormatError.self, "seed \(seed)") { try VaultFormat(parsing: bytes) }
        }
    }
}

@Suite("Vault in a file")
struct VaultFileTests {
    @Test("what was written is read again, by others and after changes")
    func roundTrip() throws {
        let bench = try VaultBench()
        let vault = try bench.create()
        try vault.addMasters()
        let other = try bench.open()
        #expect(try other.masterKeys() == vault.masterKeys())
        #expect(try other.masterKeys().map(\.name.text) == ["issuer", "old", "plain"])
        try other.update { contents throws(VaultContentsError) in
            try contents.removeMaster(try! MasterKeyName("old"))
        }
        #expect(try vault.masterKeys().map(\.name.text) == ["issuer", "plain"])
    }

    @Test("only its owner may read it, and the file that it was written to first is gone")
    func modes() throws {
        let bench = try VaultBench()
        _ = try bench.create()
        #expect(!bench.file.isReadableByOthers)
        let mode = try FileManager.default.attributesOfItem(atPath: bench.file.path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(!FileManager.default.fileExists(atPath: bench.file.path + ".new"))
    }

    @Test("a vault that is there is never overwritten by a new one")
    func exists() throws {
        let bench = try VaultBench()
        _ = try bench.create()
        let before = try bench.bytes
        #expect(throws: VaultFileError.exists) { try bench.create(seed: 9) }
        #expect(try bench.bytes == before)
    }

    @Test("a wrong passphrase is told from a damaged file, and neither changes anything")
    func wrongPassphrase() throws {
        let bench = try VaultBench()
        _ = try bench.create()
        let before = try bench.bytes
        let wrong = VaultSecret.passphrase(Secret(Array("correct horse battery stable".utf8)))
        #expect(throws: VaultFileError.format(.wrongKey)) { try bench.open(wrong) }
        let keyFile = VaultSecret.keyFile(Secret([UInt8](repeating: 7, count: 64)))
        #expect(throws: VaultFileError.otherKind(wanted: .passphrase)) { try bench.open(keyFile) }
        #expect(try bench.bytes == before)
        try bench.write(Array(before.dropLast()))
        #expect(
            throws: VaultFileError.format(.truncated(have: before.count - 1, announced: before.count))
        ) { try bench.open() }
        var damaged = before
        damaged[60] ^= 1
        try bench.write(damaged)
        #expect(throws: VaultFileError.format(.damaged)) { try bench.open() }
        try FileManager.default.removeItem(atPath: bench.file.path)
        #expect(throws: VaultFileError.missing) { try bench.open() }
    }

    @Test("a key file opens what it closed, and no other does")
    func keyFile() throws {
        let bench = try VaultBench()
        let secret = VaultSecret.keyFile(Secret([UInt8](repeating: 7, count: 64)))
        _ = try SoftwareVault.create(
            bench.file, secret, cost: VaultBench.cost(), entropy: SeededEntropy(seed: [1]),
            at: VaultBench.now)
        #expect(try SoftwareVault.protection(of: bench.file) == .keyFile)
        #expect(throws: Never.self) { try bench.open(secret) }
        let other = VaultSecret.keyFile(Secret([UInt8](repeating: 8, count: 64)))
        #expect(throws: VaultFileError.format(.wrongKey)) { try bench.open(other) }
        #expect(throws: VaultFileError.otherKind(wanted: .keyFile)) { try bench.open() }
    }

    @Test("a new vault wants a passphrase or key file that is worth something")
    func tooWeak() throws {
        let bench = try VaultBench()
        for (secret, kind, count, least) in [
            (VaultSecret.passphrase(Secret([UInt8](repeating: 65, count: 11))), .passphrase, 11, 12),
            (VaultSecret.keyFile(Secret([UInt8](repeating: 65, count: 31))), .keyFile, 31, 32),
        ] as [(VaultSecret, VaultSecret.Kind, Int, Int)] {
            #expect(throws: VaultFileError.tooWeak(kind, byteCount: count, least: least)) {
                try SoftwareVault.create(
                    bench.file, secret, cost: VaultBench.cost(), entropy: SeededEntropy(seed: [1]),
                    at: VaultBench.now)
            }
        }
        #expect(throws: VaultFileError.missing) { try bench.open() }
    }

    @Test("another passphrase opens the same keys, and the old one nothing")
    func protect() throws {
        let bench = try VaultBench()
        let vault = try bench.create()
        try vault.addMasters()
        let next = VaultSecret.passphrase(Secret(Array("another passphrase".utf8)))
        try vault.protect(with: next, cost: VaultBench.cost())
        #expect(throws: VaultFileError.format(.wrongKey)) { try bench.open() }
        #expect(try bench.open(next).masterKeys() == vault.contents.masters.map { try $0.described() })
        // Whoever has it open with the old one is told, and goes on with what it knows only until it needs the file.
        #expect(throws: KeyVaultFailure.self) { try vault.wrappingKeys() }
    }

    @Test("two writers cannot change it at once: the second is turned away")
    func twoWriters() throws {
        let bench = try VaultBench()
        let vault = try bench.create()
        let other = try bench.open()
        try vault.update { contents throws(VaultContentsError) in
            let name = try! MasterKeyName("late")
            #expect(throws: VaultFileError.busy) {
                try other.update { inner throws(VaultContentsError) in try inner.removeMaster(name) }
            }
        }
    }

    @Test("the lock ends with the change, although a program that was just started still has a copy of it")
    func lockIsLetGo() throws {
        let bench = try VaultBench()
        let vault = try bench.create()
        var copies: [Int32] = []
        defer { for copy in copies { close(copy) } }
        // A vault without that key stays as it is; what counts is that the file is locked here.
        #expect(throws: VaultFileError.self) {
            try vault.update { contents throws(VaultContentsError) in
                copies = Self.copies(of: bench.file.path + ".lock")
                try contents.removeMaster(try! MasterKeyName("none"))
            }
        }
        try #require(copies.count == 1)
        #expect(throws: Never.self) { try vault.addMasters() }
    }

    private static func copies(of path: String) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.filter { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)
            return target == path
        }.compactMap { Int32($0).map { dup($0) } }
    }

    @Test("a folder that cannot be written to leaves the old file")
    func cannotWrite() throws {
        let bench = try VaultBench()
        let vault = try bench.create()
        let before = try bench.bytes
        // A folder in the place of the temporary file cannot be replaced.
        try FileManager.default.createDirectory(
            atPath: bench.file.path + ".new", withIntermediateDirectories: true)
        #expect(throws: VaultFileError.self) { try vault.addMasters() }
        #expect(try bench.bytes == before)
        #expect(vault.contents.masters.isEmpty)
        #expect(throws: VaultFileError.self) {
            try SoftwareVault.create(
                VaultFile("/nowhere/keys.vault"), VaultBench.secret, cost: VaultBench.cost(),
                entropy: SeededEntropy(seed: [1]), at: VaultBench.now)
        }
    }

    @Test(
        "what root changes still belongs to whom it belonged, and so does the lock",
        .enabled(if: geteuid() == 0, "only root may give files away"))
    func owner() throws {
        let bench = try VaultBench()
        let vault = try bench.create()
        let service: uid_t = 61_234
        #expect(chown(bench.file.path, service, service) == 0)
        _ = unlink(bench.file.path + ".lock")
        try vault.addMasters()
        for path in [bench.file.path, bench.file.path + ".lock"] {
            var status = stat()
            #expect(
                stat(path, &status) == 0 && status.st_uid == service && status.st_gid == service, "\(path)")
            #expect(status.st_mode & 0o777 == 0o600)
        }
    }

    @Test("what a writer that died left behind is no obstacle")
    func leftovers() throws {
        let bench = try VaultBench()
        let vault = try bench.create()
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: bench.file.path + ".new"))
        try vault.addMasters()
        #expect(try bench.open().masterKeys().count == 3)
    }
}
