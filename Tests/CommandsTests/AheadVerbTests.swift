import Arguments
import GlobalPlatform
import JSON
import SmartCard
import TestSupport
import Testing

@Suite("Sessions that are computed ahead")
struct AheadVerbTests {
    private static let levels = ["clr", "mac", "enc", "rmac", "enc+rmac", "renc"]
    private static let wrong = "--key 11111111111111111111111111111111"

    private func bench(_ profile: String = "javacard-80k-predictable") throws -> CommandBench {
        let bench = try CommandBench(profile)
        try bench.writeSuite("suite.cap", codeBytes: 2_000)
        return bench
    }

    @Test("the opening and all questions of list are one message, at every level", arguments: levels)
    func list(level: String) async throws {
        let bench = try bench()
        let line = "gp list --json --mode \(level)"
        let stepwise = await bench.run(line)
        let outcome = await bench.run(line + " --computed-ahead")
        #expect(outcome.exit == .success, "\(outcome.output)\(outcome.errors)")
        // SELECT and five questions; INITIALIZE UPDATE, EXTERNAL AUTHENTICATE, FF21 and three GET STATUS.
        #expect(bench.messages == [6, 6])
        #expect(outcome.json?["roundTrips"] == 2 && outcome.json?["apdus"] == 12)
        #expect(outcome.json?["applications"] == stepwise.json?["applications"])
        #expect(outcome.json?["loadFiles"] == stepwise.json?["loadFiles"])
        #expect((stepwise.json?["roundTrips"]?.integerValue ?? 0) > 2)
        // The card has counted: the next one is computed for the next counter.
        #expect(await bench.run(line + " --ahead").json?["roundTrips"] == 2)
    }

    @Test("an installation is four messages, whatever the number of its blocks", arguments: levels)
    func install(level: String) async throws {
        let bench = try bench()
        let outcome = await bench.run("gp install @suite.cap --all --json --computed-ahead --mode \(level)")
        #expect(outcome.exit == .success, "\(outcome.output)\(outcome.errors)")
        #expect(bench.entry(CommandBench.first) != nil && bench.entry(CommandBench.second) != nil)
        // The questions; the opening and the registry; everything; what is free then.
        #expect(outcome.json?["roundTrips"] == 4 && bench.messages.count == 4)
        #expect((outcome.json?["apdus"]?.integerValue ?? 0) > 20)
        #expect(await bench.run("gp delete @suite.cap -f --computed-ahead").exit == .success)
        #expect(bench.entry(CommandBench.first) == nil)
    }

    @Test("a whole script of commands travels in one message with the opening of its session")
    func commands() async throws {
        let bench = try bench()
        let questions = Array(repeating: "80CA00E000", count: 20).joined(separator: " ")
        let outcome = await bench.run(
            "gp apdu --secure --keep-going --computed-ahead --mode renc --json " + questions)
        #expect(outcome.exit == .success, "\(outcome.output)\(outcome.errors)")
        #expect(bench.messages == [6, 22])
        let exchanges = outcome.json?["exchanges"]?.arrayValue ?? []
        #expect(exchanges.count == 20 && exchanges.allSatisfy { $0["statusWord"] == "9000" })
        #expect(Set(exchanges.compactMap { $0["data"]?.stringValue }).count == 1)
    }

    @Test("a script says for every line how many messages it took, and --trace shows them")
    func script() async throws {
        let bench = try bench()
        try bench.installApplet()
        try bench.write("script", "list\nlock \(CommandBench.applet)\nunlock \(CommandBench.applet)\nlist\n")
        let outcome = await bench.run("gp script @script --json --computed-ahead --trace")
        #expect(outcome.exit == .success, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.lines.first?["roundTrips"] == 2)
        #expect(
            outcome.lines.compactMap { $0["roundTrips"]?.integerValue }.reduce(0, +) == bench.messages.count)
        #expect(outcome.errors.contains("== message 2: 6 commands"), "\(outcome.errors)")
        #expect(outcome.errors.contains("EXTERNAL AUTHENTICATE"))
        let stepwise = try self.bench()
        try stepwise.installApplet()
        try stepwise.write("script", try bench.read("script"))
        let other = await stepwise.run("gp script @script --json")
        let trips = other.lines.compactMap { $0["roundTrips"]?.integerValue }.reduce(0, +)
        #expect(trips > bench.messages.count * 2, "\(trips) against \(bench.messages.count)")
    }

    @Test(
        "a refusal in a message is told as without it, and the session goes on",
        arguments: ["", " --computed-ahead"])
    func refusal(option: String) async throws {
        let bench = try bench()
        let refused = await bench.run(
            "gp apdu --secure --keep-going 80CA00E000 80CA123400 80CA00E000 --json --mode enc+rmac" + option)
        #expect(refused.exit == .notFound && refused.lines.count == 1, "\(refused.output)")
        let exchanges = refused.json?["problem"]?["details"]?["exchanges"]?.arrayValue ?? []
        #expect(exchanges.map { $0["statusWord"] } == ["9000", "6A88", "9000"])
        let full = await bench.run(
            "gp domain create A0000001515344 --reserve-nonvolatile 10000000 --json" + option)
        #expect(full.exit == .noRoom && full.problemCode == "card-refused", "\(full.output)")
    }

    @Test(
        "where nothing can be computed it says why and goes step by step",
        arguments: [
            ("javacard-80k", "", "the card's challenge is random"),
            ("small-16k", "", "the card's challenge is random"),
            ("javacard-80k-predictable", "--kdf kdf3", "what its keys are derived from"),
        ])
    func notComputable(profile: String, option: String, reason: String) async throws {
        let bench = try bench(profile)
        let outcome = await bench.run("gp list --computed-ahead " + option)
        #expect(outcome.errors.contains(reason), "\(outcome.errors)")
        #expect(outcome.exit == (option.isEmpty ? .success : .notAuthenticated), "\(outcome.errors)")
    }

    @Test("SCP02 with the pseudo-random challenge (i = 55) is computed too")
    func scp02() async throws {
        let bench = try bench("javacard-80k-scp02")
        for _ in 0..<3 {
            let outcome = await bench.run("gp list --json --computed-ahead --mode enc")
            #expect(
                outcome.exit == .success && outcome.json?["roundTrips"] == 2,
                "\(outcome.output)\(outcome.errors)")
        }
    }

    @Test("a wrong key is one failure of this card, on disk before it is sent; the next try is step by step")
    func wrongKey() async throws {
        let bench = try bench()
        var booked = ""
        bench.fault = { command, answer in
            if command.ins == Instruction.initializeUpdate {
                booked = (try? bench.read("berth/authentication-failures")) ?? ""
            }
            return answer
        }
        let failed = await bench.run("gp list --json --computed-ahead " + Self.wrong)
        #expect(
            failed.exit == .notAuthenticated && failed.problemCode == "unexpected-answer", "\(failed.output)")
        #expect(booked.hasSuffix(" 30 0 1\n"), "\(booked)")
        let next = await bench.run("gp list --json --computed-ahead")
        #expect(next.problemCode == "authentication-failed-before", "\(next.output)")
        #expect(next.lines.last?["problem"]?["details"]?["failures"] == 1)
        #expect(next.errors.contains("failed before"))
        #expect(await bench.run("gp list --allow-retry --computed-ahead").exit == .success)
        #expect(await bench.run("gp list --json --computed-ahead").json?["roundTrips"] == 2)
    }

    /// One after the other, on one card.
    static let verbs = [
        "gp list", "gp domain create A0000001515344", "gp domain list",
        "gp privileges \(CommandBench.applet)",
        "gp lock \(CommandBench.applet)", "gp unlock \(CommandBench.applet)",
        "gp store-data --format tlv --data 4501FF", "gp personalise \(CommandBench.applet) --data 11223344",
        "gp personalise \(CommandBench.applet) --format dgi --data 800110000102030405060708090A0B0C0D0E0F --encrypt",
        "gp key put --new-key default --new-key-version 0x31 --yes", "gp key list",
        "gp key delete 0x31 --yes",
        "gp apdu --secure 80CA00E000", "gp load @library.cap", "gp install @suite.cap --all",
        "gp delete @suite.cap @library.cap -f", "gp domain delete A0000001515344 --yes",
        "gp set-state secured --yes", "gp key rotate --new-key file:@new.key --yes",
        "gp list --key file:@new.key",
    ]

    @Test("every verb works so, at every level that may manage", arguments: levels.dropFirst())
    func everyVerb(level: String) async throws {
        let bench = try bench()
        try bench.installApplet()
        try bench.write("new.key", "00112233445566778899AABBCCDDEEFF")
        let library = CAPBlueprint(
            aid: try AID(hex: "F0426572746C"), version: CAPVersion(1, 0), packageName: "org.berth.library",
            libraryMethods: 2)
        try bench.write("library.cap", bytes: try library.build())
        for line in Self.verbs {
            let outcome = await bench.run(line + " --computed-ahead --mode \(level)")
            #expect(outcome.exit == .success, "\(line): \(outcome.output)\(outcome.errors)")
            #expect(!outcome.errors.contains("not computed ahead"), "\(line): \(outcome.errors)")
        }
        #expect(try bench.read("berth/authentication-failures") == "berth-authentication-failures 1\n")
    }

    @Test("a card pulled at any command of a message is a clear message, and the next run needs no flag")
    func pulled() async throws {
        let bench = try bench()
        _ = await bench.run("gp list --computed-ahead")
        let count = bench.commandCount
        for number in 1...count {
            for pull in [CommandBench.Pull.before(number), .after(number)] {
                bench.pull = pull
                let outcome = await bench.run("gp list --json --computed-ahead")
                #expect(outcome.exit == .inputOutput && outcome.problemCode == "card-removed", "\(pull)")
                bench.pull = nil
                #expect(await bench.run("gp list").exit == .success, "\(pull)")
            }
        }
    }
}
