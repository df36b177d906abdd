import Arguments
import GlobalPlatform
import JSON
import SmartCard
import TestSupport
import Testing
import VirtualCard

/// One kind of card, and one way to protect its sessions.
struct Way: Sendable, CustomTestStringConvertible {
    let profile: String
    let mode: String
    var testDescription: String { "\(profile) with --mode \(mode)" }

    static let all: [Way] =
        ["clr", "mac", "enc", "rmac", "enc+rmac", "renc"].map { Way(profile: "javacard-80k", mode: $0) }
        + ["clr", "mac", "enc", "enc+rmac"].map { Way(profile: "javacard-80k-predictable", mode: $0) }
        + ["clr", "mac", "enc"].map { Way(profile: "javacard-80k-scp02", mode: $0) }
        + ["mac", "enc"].map { Way(profile: "small-16k", mode: $0) }
        + ["mac", "enc"].map { Way(profile: "uicc-64k", mode: $0) }
}

@Suite("Every verb, with every protocol, in every mode", .mission(.a10))
struct VerbStoryTests {
    private static let domain = "A0000001515344"

    /// Runs a line that must succeed.
    private func must(
        _ bench: CommandBench, _ line: String, _ way: Way, _ location: SourceLocation = #_sourceLocation
    )
        async -> Outcome
    {
        let outcome = await bench.run(line + " --yes --json --mode " + way.mode)
        #expect(
            outcome.exit == .success, "\(line): \(outcome.output)\(outcome.errors)", sourceLocation: location)
        return outcome
    }

    private func read(_ bench: CommandBench, _ line: String, _ way: Way) async -> Outcome {
        let outcome = await bench.run(line + " --json --mode " + way.mode)
        #expect(outcome.exit == .success, "\(line): \(outcome.output)\(outcome.errors)")
        return outcome
    }

    @Test("domains are made, filled, shown and deleted", arguments: Way.all)
    func domains(_ way: Way) async throws {
        let bench = try CommandBench(way.profile)
        try bench.installApplet()
        _ = await read(bench, "gp domain create \(Self.domain)", way)
        let made = try #require(bench.entry(Self.domain))
        #expect(made.isSecurityDomain && made.lifeCycle == .selectable)
        let again = await read(bench, "gp domain create \(Self.domain)", way)
        #expect(again.json?["changed"] == false)
        let listed = await read(bench, "gp domain list", way)
        #expect(listed.json?["domains"]?.arrayValue?.count == 2)
        _ = await must(bench, "gp domain delete \(Self.domain)", way)
        #expect(bench.entry(Self.domain) == nil)
    }

    @Test("applications are locked, unlocked and changed, and so is the card", arguments: Way.all)
    func lifeCycles(_ way: Way) async throws {
        let bench = try CommandBench(way.profile)
        try bench.installApplet()
        _ = await must(bench, "gp lock \(CommandBench.applet)", way)
        #expect(bench.entry(CommandBench.applet)?.lifeCycle.isLocked == true)
        _ = await must(bench, "gp unlock \(CommandBench.applet)", way)
        #expect(bench.entry(CommandBench.applet)?.lifeCycle == .selectable)
        _ = await must(bench, "gp privileges \(CommandBench.applet) --add GlobalLock,CardLock", way)
        #expect(bench.entry(CommandBench.applet)?.privileges == [.globalLock, .cardLock])
        _ = await must(bench, "gp privileges \(CommandBench.applet) --remove CardLock", way)
        #expect(bench.entry(CommandBench.applet)?.privileges == .globalLock)
        _ = await must(bench, "gp set-state secured", way)
        #expect(bench.card.contents.card.lifeCycle == .secured)
        _ = await must(bench, "gp lock card", way)
        #expect(bench.card.contents.card.lifeCycle == .cardLocked)
        _ = await must(bench, "gp unlock card", way)
        #expect(bench.card.contents.card.lifeCycle == .secured)
    }

    @Test("data reach the domain and the application", arguments: Way.all)
    func data(_ way: Way) async throws {
        let bench = try CommandBench(way.profile)
        try bench.installApplet()
        _ = await read(bench, "gp store-data --format tlv --data 45060102030405FF", way)
        let info = await bench.run("gp info --json")
        #expect(info.json?["cin"]?.stringValue == "0102030405FF")
        let stored = await read(bench, "gp personalise \(CommandBench.applet) --data 11223344 --answer", way)
        #expect(stored.json?["answers"] == ["44332211"])
        let asked = await bench.run("gp apdu --aid \(CommandBench.applet) 00B0000000 --json")
        #expect(asked.json?["exchanges"]?.arrayValue?.first?["data"] == "11223344")
        let secured = await read(bench, "gp apdu --secure 80F28002024F0000", way)
        #expect(secured.json?["exchanges"]?.arrayValue?.first?["statusWord"] == "9000")
    }

    @Test("keys are put, shown, replaced, deleted and rotated", arguments: Way.all)
    func keys(_ way: Way) async throws {
        let bench = try CommandBench(way.profile)
        try bench.write("new.key", "11111111111111111111111111111111")
        try bench.write("second.key", "22222222222222222222222222222222")
        let rotated = await must(bench, "gp key rotate --new-key file:@new.key --new-key-version 0x21", way)
        #expect(rotated.json?["changed"] == true)
        #expect(bench.keyVersions == [0x21])
        let key = " --key file:@new.key"
        _ = await must(bench, "gp key put --new-key file:@second.key --new-key-version 0x22" + key, way)
        #expect(bench.keyVersions == [0x21, 0x22])
        _ = await must(
            bench,
            "gp key put --new-key file:@new.key --new-key-version 0x22 --replace 0x22 --key-version 0x21"
                + key, way)
        let listed = await read(bench, "gp key list" + key, way)
        #expect(listed.json?["keys"]?.arrayValue?.count == 6)
        _ = await must(bench, "gp key delete 0x22 --key-version 0x21" + key, way)
        #expect(bench.keyVersions == [0x21])
    }

    @Test("a provider's domain gets keys, content and privileges of its own", arguments: Way.all)
    func provider(_ way: Way) async throws {
        let bench = try CommandBench(way.profile)
        try bench.installApplet()
        try bench.write("provider.key", "33333333333333333333333333333333")
        _ = await read(bench, "gp domain create \(Self.domain) --reserve-nonvolatile 2048", way)
        let version =
            way.profile.contains("scp02") || way.profile.hasPrefix("javacard") == false ? 0x21 : 0x31
        let domain = " --domain \(Self.domain)"
        let put = "gp key put --new-key file:@provider.key --new-key-version \(version)"
        _ = await must(bench, put + domain, way)
        #expect(bench.entry(Self.domain)?.lifeCycle == .personalized)
        let listed = await read(bench, "gp key list" + domain, way)
        #expect(listed.json?["keys"]?.arrayValue?.count == 3)
        _ = await read(bench, "gp domain extradite \(CommandBench.applet) --to \(Self.domain)", way)
        #expect(bench.entry(CommandBench.applet)?.domain.description == Self.domain)
        let refused = await bench.run("gp domain delete \(Self.domain) --yes --json --mode " + way.mode)
        #expect(refused.exit == .inUse && refused.problemCode == "domain-not-empty")
        let other = await bench.run(
            "gp personalise \(CommandBench.applet) --data 11223344 --json --mode " + way.mode)
        #expect(other.problemCode == "other-domain")
        let own = domain + " --key file:@provider.key"
        let stored = await read(
            bench, "gp personalise \(CommandBench.applet) --data 11223344 --answer" + own, way)
        #expect(stored.json?["answers"] == ["44332211"])
        _ = await must(bench, "gp lock \(Self.domain) --with-applications", way)
        #expect(bench.entry(CommandBench.applet)?.lifeCycle.isLocked == true)
        _ = await must(bench, "gp unlock \(Self.domain) --with-applications", way)
        #expect(bench.entry(Self.domain)?.lifeCycle == .personalized)
    }

    private static let publicKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
        6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
        -----END PUBLIC KEY-----
        """

    @Test("a public key for tokens is put, and one key of a set deleted", arguments: Way.all)
    func publicKeys(_ way: Way) async throws {
        let bench = try CommandBench(way.profile)
        try bench.write("token.pem", Self.publicKey)
        let put = await must(
            bench, "gp key put --new-public-key @token.pem --new-key-version 0x70 --id 1", way)
        #expect(put.json?["keys"] == 1 && put.json?["checkValuesAgree"] == false)
        let second =
            "gp key put --new-public-key @token.pem --new-key-version 0x70 --id 2 --usage 82 --access 00"
        _ = await must(bench, second, way)
        let listed = await read(bench, "gp key list", way)
        let tokens = (listed.json?["keys"]?.arrayValue ?? []).filter { $0["use"] == "token" }
        #expect(tokens.count == 2)
        _ = await must(bench, "gp key delete 0x70 --id 2", way)
        let keys = bench.card.contents.domains[bench.issuer.aid]?.keySets.first { $0.version == 0x70 }?.keys
        #expect(keys?.map(\.identifier) == [1])
    }
}
