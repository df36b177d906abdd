import Arguments
import FoundationEssentials
import GlobalPlatform
import JSON
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Delegated management and DAP from the command line", .mission(.a10))
struct DelegationVerbTests {
    /// Made for this test with: openssl ecparam -name prime256v1 -genkey
    private static let privateKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkpaBivD2rCLubw9S
        06i5ykrwpD9V0JvqpnIG1PtS+umhRANCAAQtClx+WIVjspyh2v9Ey48a9n6+5+Is
        saCbvIHVQV3Oaz7XcqvUCO11fnkPj4lT2got8ZpETY47oNNKy4OE5JXo
        -----END PRIVATE KEY-----
        """
    private static let publicKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELQpcfliFY7Kcodr/RMuPGvZ+vufi
        LLGgm7yB1UFdzms+13Kr1AjtdX55D4+JU9oKLfGaRE2OO6DTSsuDhOSV6A==
        -----END PUBLIC KEY-----
        """
    private static let domain = "A0000001515344"
    private static let own = " --domain \(domain) --key file:@provider.key"

    /// A card with a provider's domain of these privileges, which has keys of its own.
    private static func bench(_ privilege: String) async throws -> CommandBench {
        let bench = try CommandBench("javacard-80k-predictable")
        try bench.write("signing.pem", privateKey)
        try bench.write("verifying.pem", publicKey)
        try bench.write("provider.key", "33333333333333333333333333333333")
        try bench.write("receipt.key", "55555555555555555555555555555555")
        try bench.write("other.key", "66666666666666666666666666666666")
        try bench.writeSuite("suite.cap")
        try bench.writeSuite("newer.cap", version: CAPVersion(1, 1))
        for line in [
            "gp domain create \(domain) --privileges \(privilege)",
            "gp key put --domain \(domain) --new-key file:@provider.key --new-key-version 0x31 --yes",
            "gp key put --new-public-key @verifying.pem --new-key-version 0x70 --yes",
            "gp key put --single --new-key file:@receipt.key --new-key-version 0x71 --yes",
        ] {
            let outcome = await bench.run(line)
            try #require(outcome.exit == .success, "\(line): \(outcome.errors)")
        }
        return bench
    }

    @Test("a provider installs, replaces and deletes with tokens, and the receipts are verified and counted")
    func delegated() async throws {
        let bench = try await Self.bench("DelegatedManagement")
        let verified =
            Self.own + " --token-key file:@signing.pem --receipt-key file:@receipt.key --json"
        let bare = await bench.run("gp install @suite.cap --applet \(CommandBench.first) --json" + Self.own)
        #expect(bare.exit == .refused && bare.problemCode == "card-refused", "\(bare.output)")
        #expect(bench.card.contents.loadFile(try AID(hex: CommandBench.suite)) == nil)

        let installed = await bench.run("gp install @suite.cap --all" + verified)
        #expect(installed.exit == .success, "\(installed.output)\(installed.errors)")
        let receipts = try #require(installed.json?["receipts"]?.arrayValue)
        #expect(receipts.map { $0["counter"]?.integerValue } == [0, 1, 2])
        #expect(receipts.allSatisfy { $0["verified"] == true })
        #expect(receipts.map { $0["counterStatus"] } == ["first", "next", "next"])
        #expect(bench.entry(CommandBench.second)?.domain.description == Self.domain)

        // DELETE needs its token too.
        let replaced = await bench.run("gp install @newer.cap --all --replace" + verified)
        #expect(replaced.exit == .success, "\(replaced.output)")
        let unsigned = await bench.run("gp delete @newer.cap --related --json" + Self.own)
        #expect(unsigned.exit == .inUse || unsigned.exit == .refused, "\(unsigned.output)")
        #expect(bench.entry(CommandBench.first) != nil)
        let deleted = await bench.run("gp delete @newer.cap --related" + verified)
        #expect(deleted.json?["receipts"]?.arrayValue?.map { $0["verified"] } == [true], "\(deleted.output)")
        #expect(deleted.exit == .success && bench.entry(CommandBench.first) == nil, "\(deleted.output)")
    }

    @Test("a receipt that another key made is told, and a counter that jumped")
    func receipts() async throws {
        let bench = try await Self.bench("DelegatedManagement")
        let signed = Self.own + " --token-key file:@signing.pem --json"
        let install = "gp install @suite.cap --applet "
        let forged = await bench.run(
            install + CommandBench.first + signed + " --receipt-key file:@other.key")
        #expect(forged.exit == .mismatch && forged.problemCode == "receipt-not-authentic", "\(forged.output)")
        // The card did it all the same.
        #expect(bench.entry(CommandBench.first) != nil)
        let shown = await bench.run("gp delete \(CommandBench.first)" + signed)
        #expect(shown.exit == .success, "\(shown.errors)")
        #expect(shown.json?["receipts"]?.arrayValue?.map { $0["verified"] } == [false], "\(shown.output)")
        let verified = signed + " --receipt-key file:@receipt.key"
        let next = await bench.run(install + CommandBench.first + verified)
        #expect(next.json?["receipts"]?.arrayValue?.first?["counterStatus"] == "first", "\(next.output)")
        // One operation that this machine does not see.
        _ = await bench.run("gp delete \(CommandBench.first)" + signed)
        let later = await bench.run(install + CommandBench.first + verified)
        #expect(later.json?["receipts"]?.arrayValue?.first?["counterStatus"] == "gap", "\(later.output)")
    }

    @Test("whoever manages by delegation moves, updates, makes and deletes with tokens too")
    func everyOperation() async throws {
        let bench = try await Self.bench("DelegatedManagement")
        let inner = "A0000001515345"
        let signed = Self.own + " --token-key file:@signing.pem --receipt-key file:@receipt.key --json"
        let inside = " --domain \(inner) --key file:@provider.key"
        for line in [
            "gp install @suite.cap --applet \(CommandBench.first)" + signed,
            "gp domain create \(inner)" + signed,
            "gp key put --new-key file:@provider.key --new-key-version 0x31 --yes" + inside,
        ] {
            let outcome = await bench.run(line)
            try #require(outcome.exit == .success, "\(line): \(outcome.output)\(outcome.errors)")
        }
        for line in [
            "gp domain extradite \(CommandBench.first) --to \(inner)",
            "gp privileges \(CommandBench.first) --add CardReset",
            "gp domain extradite \(CommandBench.first) --to \(Self.domain)",
            "gp domain delete \(inner) --yes",
        ] {
            let refused = await bench.run(line + Self.own + " --json")
            #expect(
                refused.exit != .success && refused.problemCode == "card-refused",
                "\(line): \(refused.output)")
            let done = await bench.run(line + signed)
            #expect(done.exit == .success, "\(line): \(done.output)\(done.errors)")
            #expect(
                done.json?["receipts"]?.arrayValue?.map { $0["verified"] } == [true],
                "\(line): \(done.output)")
        }
        #expect(
            bench.entry(inner) == nil && bench.entry(CommandBench.first)?.domain.description == Self.domain)
    }

    @Test("a record of receipts that cannot be read is told before anything is done, and is left as it is")
    func damagedRecord() async throws {
        let bench = try await Self.bench("DelegatedManagement")
        let signed = Self.own + " --token-key file:@signing.pem --receipt-key file:@receipt.key --json"
        let good = "4250 7 3-5\n"
        for bad in [
            "4250\n", "42 70000\n", "nonsense 1\n", "42 7 5-3\n", "42 7 5\n", "42 7 5-9\n", good + good,
        ] {
            try FileManager.default.createDirectory(
                atPath: bench.folder + "/berth", withIntermediateDirectories: true)
            try bench.write("berth/receipts", good + bad)
            for line in ["gp install @suite.cap --all", "gp domain delete \(Self.domain) --yes"] {
                let outcome = await bench.run(line + signed)
                #expect(outcome.exit == .configuration && outcome.problemCode == "receipts-damaged", "\(bad)")
                #expect(try bench.read("berth/receipts") == good + bad)
            }
            #expect(bench.card.contents.loadFile(try AID(hex: CommandBench.suite)) == nil)
        }
        try bench.write("berth/receipts", good)
        let outcome = await bench.run("gp install @suite.cap --all" + signed)
        #expect(outcome.exit == .success, "\(outcome.output)")
        #expect(try bench.read("berth/receipts").contains(good))
    }

    @Test(
        "a load file for a domain without keys is refused by the check, and nothing is sent",
        .mission(.point6))
    func keylessDomain() async throws {
        let bench = try CommandBench("javacard-80k-predictable")
        try bench.writeSuite("suite.cap")
        #expect(await bench.run("gp domain create \(Self.domain)").exit == .success)
        let sent = SentCommands(bench)
        let line = "gp install @suite.cap --all --json --into \(Self.domain)"
        let refused = await bench.run(line)
        #expect(refused.exit == .refused && refused.problemCode == "domain-without-keys", "\(refused.output)")
        #expect(!sent.commands.contains { $0.ins == Instruction.install })
        let application = await bench.run(
            "gp install @suite.cap --all --json --into A0000000990099")
        #expect(application.exit == .notFound, "\(application.output)")
        let put = await bench.run(
            "gp key put --domain \(Self.domain) --new-key default --new-key-version 0x31 --yes")
        #expect(put.exit == .success, "\(put.errors)")
        #expect(await bench.run(line).exit == .success)
    }

    @Test("a domain that verifies load files takes signed ones and refuses others")
    func dap() async throws {
        let bench = try await Self.bench("DAPVerification")
        let put = await bench.run(
            "gp key put --new-public-key @verifying.pem --new-key-version 0x73 --yes" + Self.own)
        #expect(put.exit == .success, "\(put.errors)")
        let load = "gp load @suite.cap --json --into \(Self.domain)"
        let bare = await bench.run(load + " --hash sha256")
        #expect(bare.exit != .success, "\(bare.output)")
        let wrong = await bench.run(load + " --dap-key file:@other.key --dap-domain \(Self.domain)")
        #expect(wrong.exit != .success && wrong.problemCode == "card-refused", "\(wrong.output)")
        #expect(bench.card.contents.loadFile(try AID(hex: CommandBench.suite)) == nil)
        let signed = await bench.run(load + " --dap-key file:@signing.pem --dap-domain \(Self.domain)")
        #expect(signed.exit == .success, "\(signed.output)")
        #expect(bench.card.contents.loadFile(try AID(hex: CommandBench.suite)) != nil)
    }

    @Test("a token key that is no key is told before the card is asked")
    func malformed() async throws {
        let bench = try await Self.bench("DelegatedManagement")
        try bench.write("text.pem", "-----BEGIN NONSENSE-----\n")
        let outcome = await bench.run(
            "gp install @suite.cap --all --json --token-key file:@text.pem" + Self.own)
        #expect(outcome.exit == .badData && outcome.problemCode == "key-malformed", "\(outcome.output)")
        #expect(bench.commandCount == 0)
    }
}
