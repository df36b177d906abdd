import Arguments
import CardCrypto
import Centre
import Commands
import FoundationEssentials
import JSON
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("berth vault")
struct VaultVerbTests {
    private static let passphrase = "correct horse battery staple"
    private static let key = "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF"
    private static let variables = [
        "BERTH_VAULT_PASSPHRASE": "env:PASS", "PASS": passphrase, "KEY": key,
    ]

    private let bench: CommandBench

    init() throws { bench = try CommandBench() }

    private func run(_ line: String, input: [String] = [], _ more: [String: String] = [:]) async -> Outcome {
        await bench.run(
            line, input: input, variables: Self.variables.merging(more) { $1 })
    }

    private func made() async {
        let made = await run("vault init --vault @a.vault")
        #expect(made.exit == .success, "\(made.errors)")
    }

    @Test("a vault is made, filled and shown; its keys never are")
    func story() async throws {
        await made()
        var seen = ""
        for (line, code) in [
            (
                "vault add-master-key issuer --type aes --kdf kdf3 --key env:KEY --note of-2026",
                ExitCode.success
            ),
            ("vault add-master-key issuer --type aes --key env:KEY", .alreadyExists),
            ("vault add-master-key fresh --type aes --generate --bytes 32", .success),
            ("vault add-master-key old --type des --kdf visa2 --generate", .success),
            ("vault add-master-key wrong --type des --generate --bytes 32", .badData),
            ("vault add-master-key neither --type aes", .usage),
            ("vault add-master-key Upper --type aes --generate", .usage),
            ("vault add-master-key auto --type aes --kdf auto --generate", .usage),
            ("vault remove-master-key nobody --yes", .notFound),
            ("vault remove-master-key fresh --yes", .success),
            ("vault status", .success), ("vault status --json", .success),
        ] {
            let outcome = await run(line + " --vault @a.vault")
            #expect(outcome.exit == code, "\(line): \(outcome.errors)")
            seen += outcome.output + outcome.errors
        }
        let status = await run("vault status --json --vault @a.vault")
        let names = status.json?["masterKeys"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
        #expect(names == ["issuer", "old"])
        // The check value of the standard: three bytes of a block of 01 under the key (GPCS 2.3.1 §B.6).
        #expect(seen.contains("EE72CB") && seen.contains("of-2026"))
        let all = (seen + status.output).uppercased()
        #expect(!all.contains(Self.key) && !all.contains("A0A1A2A3") && !all.contains("CORRECT"))
        let file = try Data(contentsOf: URL(fileURLWithPath: bench.folder + "/a.vault"))
        #expect(!Array(file).hex.contains(Self.key))
    }

    @Test("a prompt asks twice for a new passphrase, and differing ones make no vault")
    func prompts() async {
        let differing = await bench.run(
            "vault init --vault @b.vault", input: [Self.passphrase, Self.passphrase + "!"])
        #expect(differing.exit == .badData && differing.errors.contains("not the same"))
        let weak = await bench.run("vault init --vault @b.vault", input: ["short", "short"])
        #expect(weak.exit == .badData && weak.errors.contains("too short"))
        let nothing = await bench.run("vault status --vault @b.vault", input: [Self.passphrase])
        #expect(nothing.exit == .noInput && nothing.problemCode == nil)
        let made = await bench.run(
            "vault init --vault @b.vault", input: [Self.passphrase, Self.passphrase])
        #expect(made.exit == .success, "\(made.errors)")
        let shown = await bench.run("vault status --vault @b.vault", input: [Self.passphrase])
        #expect(shown.exit == .success)
        #expect(!(made.output + made.errors + shown.output + shown.errors).contains(Self.passphrase))
    }

    @Test("a key file is made, and opens the vault alone")
    func keyFile() async {
        let made = await bench.run("vault init --vault @c.vault --key-file @c.key --make-key-file")
        #expect(made.exit == .success, "\(made.errors)")
        let again = await bench.run("vault init --vault @d.vault --key-file @c.key --make-key-file")
        #expect(again.exit == .cannotCreate)
        #expect(await bench.run("vault status --vault @c.vault --key-file @c.key").exit == .success)
        let without = await bench.run("vault status --vault @c.vault")
        #expect(without.exit == .usage && without.errors.contains("--key-file"))
    }

    @Test("what is wrong with a vault is told apart")
    func problems() async throws {
        await made()
        #expect(await run("vault init --vault @a.vault").exit == .alreadyExists)
        let locked = await run("vault status --vault @a.vault", ["PASS": "another passphrase"])
        #expect(locked.exit == .notAuthenticated)
        let path = bench.folder + "/a.vault"
        let whole = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        for (bytes, words) in [
            (Array(whole.dropLast(7)), "cut off"), (whole[..<50] + [whole[50] ^ 1] + whole[51...], "damaged"),
            ([1, 2, 3], "something else"), ([], "cut off"),
        ] as [([UInt8], String)] {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let outcome = await run("vault status --vault @a.vault")
            #expect(outcome.exit == .badData && outcome.errors.contains(words), "\(outcome.errors)")
            #expect(Array(try Data(contentsOf: URL(fileURLWithPath: path))) == bytes)
        }
    }

    @Test("another passphrase takes over")
    func change() async {
        await made()
        let changed = await run(
            "vault change-passphrase --vault @a.vault --new-passphrase env:NEXT",
            ["NEXT": "a second passphrase"])
        #expect(changed.exit == .success, "\(changed.errors)")
        #expect(await run("vault status --vault @a.vault").exit == .notAuthenticated)
        let next = await run("vault status --vault @a.vault", ["PASS": "a second passphrase"])
        #expect(next.exit == .success)
    }

    @Test("everything sealed comes under a new key; interrupted, the same command goes on")
    func rewrap() async throws {
        await made()
        let card = try CardID("45414D-01")
        let place = VaultPlace(card: card, aid: try AID(hex: "F042657274"), ordinal: 1, generation: 2)
        let file = VaultFile(bench.folder + "/a.vault")
        let secret = VaultSecret.passphrase(Secret(Array(Self.passphrase.utf8)))
        do {
            let vault = try SoftwareVault.open(file, secret, entropy: SystemEntropy())
            let store = try SQLiteStore(.file(bench.folder + "/a.db"))
            try store.migrate(to: .current)
            try store.write {
                try $0.seal(Secret([1, 2, 3]), at: place, in: vault, now: Instant(milliseconds: 0))
            }
        }
        let first = await run("store rewrap --json --store @a.db --vault @a.vault")
        #expect(first.exit == .success, "\(first.errors)")
        #expect(first.json?["wrappingKey"] == .count(2) && first.json?["dataKeys"] == .count(1))
        let second = await run("store rewrap --records --drop-old --store @a.db --vault @a.vault")
        #expect(second.exit == .success && second.output.contains("forgotten: 1, 2"), "\(second.output)")
        let vault = try SoftwareVault.open(file, secret, entropy: SystemEntropy())
        #expect(vault.contents.wrappingKeys.map(\.number) == [3])
        let store = try SQLiteStore(.file(bench.folder + "/a.db"))
        let bytes = try store.read { transaction in
            try transaction.all(VaultRecord.self, Query(VaultRecord.table)).map {
                try transaction.open($0, in: vault).withBytes { Array($0) }
            }
        }
        #expect(bytes == [[1, 2, 3]])
        _ = await run("vault init --vault @other.vault")
        let stranger = await run("store rewrap --store @a.db --vault @other.vault")
        #expect(stranger.exit == .mismatch, "\(stranger.errors)")
    }
}
