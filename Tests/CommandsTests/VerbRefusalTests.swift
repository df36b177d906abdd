import Arguments
import GlobalPlatform
import JSON
import SmartCard
import TestSupport
import Testing
import VirtualCard

/// A command line that must be refused, and how.
struct RefusedLine: Sendable, CustomTestStringConvertible {
    let line: String
    let exit: ExitCode
    let code: String
    /// Lines that come first and must succeed.
    let before: [String]
    var testDescription: String { line }

    init(_ line: String, _ exit: ExitCode, _ code: String, after before: String...) {
        self.line = line
        self.exit = exit
        self.code = code
        self.before = before
    }
}

@Suite("Verbs refuse with a reason, and change nothing", .mission(.point6))
struct VerbRefusalTests {
    private static let applet = CommandBench.applet
    private static let package = CommandBench.package
    private static let issuer = CommandBench.issuer
    private static let domain = "A0000001515344"
    private static let make = "gp domain create \(domain)"
    private static let absent = "A0000000990099"

    static let domains: [RefusedLine] = [
        .init("gp domain create \(applet)", .alreadyExists, "name-taken"),
        .init("gp domain create \(package)", .alreadyExists, "name-taken"),
        .init("gp domain create \(issuer)", .alreadyExists, "name-taken"),
        .init("\(make) --parent \(absent)", .notFound, "not-on-card"),
        .init("\(make) --parent \(applet)", .usage, "not-a-domain"),
        .init("\(make) --package \(absent)", .notFound, "not-on-card"),
        .init("\(make) --package \(absent) --module \(absent)", .notFound, "card-refused"),
        .init("\(make) --reserve-nonvolatile 5000 --quota-nonvolatile 4000", .usage, "usage"),
        .init("\(make) --reserve-nonvolatile 10000000", .noRoom, "card-refused"),
        .init("\(make) --privileges Everything", .usage, "invalid-option"),
        .init("\(make) --privileges CardReset --privileges CardLock", .usage, "option-given-twice"),
        .init("gp domain extradite \(absent) --to \(issuer)", .notFound, "not-on-card"),
        .init("gp domain extradite \(applet) --to \(absent)", .notFound, "not-on-card"),
        .init("gp domain extradite \(applet) --to \(applet)", .usage, "not-a-domain"),
        .init("gp domain extradite \(applet)", .usage, "missing-option"),
        // A domain without keys of its own offers no service yet (GPCS 2.3.1 §5.3.2).
        .init("gp domain extradite \(applet) --to \(domain)", .refused, "card-refused", after: make),
        .init("gp domain delete \(absent) --yes", .notFound, "not-on-card"),
        .init("gp domain delete \(applet) --yes", .usage, "not-a-domain"),
        .init("gp domain delete \(issuer) --yes", .refused, "issuer-domain"),
        .init("gp domain delete \(domain)", .usage, "confirmation-needed", after: make),
    ]

    static let lifeCycles: [RefusedLine] = [
        .init("gp lock \(absent)", .notFound, "not-on-card"),
        .init("gp lock \(issuer)", .usage, "usage"),
        .init("gp lock \(applet) --with-applications", .usage, "usage"),
        .init("gp lock card", .refused, "state-unreachable"),
        .init("gp unlock card", .refused, "state-unreachable"),
        .init("gp lock nonsense", .usage, "invalid-argument"),
        .init("gp set-state secured", .usage, "confirmation-needed"),
        .init(
            "gp set-state initialized --yes", .refused, "state-unreachable",
            after: "gp set-state secured --yes"),
        .init("gp set-state terminated --yes", .usage, "confirmation-needed"),
        .init("gp set-state terminated --confirm 1234", .mismatch, "other-card"),
        .init("gp set-state selectable", .usage, "usage"),
        .init("gp set-state secured --of \(applet)", .usage, "usage"),
        .init("gp set-state nonsense", .usage, "invalid-argument"),
        .init("gp privileges \(absent)", .notFound, "not-on-card"),
        .init("gp privileges \(applet) --set CardLock --add CardReset", .usage, "usage"),
        .init("gp privileges \(applet) --add DelegatedManagement", .refused, "card-refused"),
    ]

    static let keysAndData: [RefusedLine] = [
        .init("gp key put --new-key default", .usage, "usage"),
        .init("gp key put --new-key-version 0x31", .usage, "usage"),
        .init("gp key put --new-key-version 200 --new-key default", .usage, "invalid-option"),
        .init("gp key put --new-key-version 0x31 --new-key 12 --yes", .badData, "key-malformed"),
        .init("gp key put --new-key-version 0x30 --new-key default", .alreadyExists, "keys-exist"),
        .init(
            "gp key put --new-key-version 0x31 --new-key default --replace 0x32", .notFound, "no-such-keys"),
        .init("gp key put --new-key-version 0x30 --new-key default --replace 0x30", .inUse, "keys-in-use"),
        .init("gp key put --new-key-version 0x70 --new-public-key @none.pem", .noInput, "input-missing"),
        .init("gp key put --new-key-version 0x70 --new-public-key @text", .badData, "key-malformed"),
        .init(
            "gp key put --new-key-version 0x70 --new-public-key @text --new-key default", .usage, "usage"),
        .init("gp key delete 0x30 --yes", .inUse, "keys-in-use"),
        .init("gp key delete 0x31 --yes", .notFound, "no-such-keys"),
        .init("gp key delete 0", .usage, "invalid-argument"),
        .init("gp key list --key-version 0x44 --domain \(absent)", .notFound, "domain-not-on-card"),
        .init("gp list --domain \(absent)", .notFound, "domain-not-on-card"),
        .init("gp info --domain \(absent)", .notFound, "domain-not-on-card"),
        .init("gp list --domain \(absent) --computed-ahead", .notFound, "domain-not-on-card"),
        .init("gp store-data", .usage, "usage"),
        .init("gp store-data --data xyz", .badData, "data-malformed"),
        .init("gp store-data --data 1122 --format tlv", .badData, "data-malformed"),
        // The card says 6A88 (GPCS 2.3.1 §E.5.1.7): keys that are not there are no object that is not there.
        .init("gp delete \(applet) --key-version 1", .notAuthenticated, "card-refused"),
        .init("gp delete F04265", .usage, "usage"),
        .init("gp delete \(issuer)", .refused, "issuer-domain"),
        .init("gp delete \(issuer) --if-present", .refused, "issuer-domain"),
        .init("gp store-data --data 0070FF --format dgi", .badData, "data-malformed"),
        .init("gp store-data --data 1122 --encrypt", .usage, "usage"),
        .init("gp store-data --data file:@none", .noInput, "secret-unreadable"),
        .init("gp store-data --data 9F990100 --format tlv", .notFound, "card-refused"),
        .init("gp personalise \(absent) --data 11223344", .notFound, "not-on-card"),
        .init("gp personalise \(applet) --data 11", .refused, "card-refused"),
        .init(
            "gp personalise \(applet) --data 11223344", .refused, "application-locked",
            after: "gp lock \(applet)"),
        .init("gp apdu", .usage, "missing-argument"),
        .init("gp apdu 00", .usage, "invalid-argument"),
        .init("gp apdu 00A404000599", .usage, "invalid-argument"),
        .init("gp apdu 80FF0000", .unsupported, "card-refused"),
        .init("gp apdu --secure --plain 80CA9F7F00", .usage, "usage"),
        .init("gp apdu --aid \(absent) 00B0000000", .notFound, "card-refused"),
        .init("gp script @none", .noInput, "input-missing"),
    ]

    @Test(arguments: domains + lifeCycles + keysAndData)
    func refuses(_ refused: RefusedLine) async throws {
        let bench = try CommandBench("javacard-80k-predictable")
        try bench.installApplet()
        try bench.write("text", "this is no key\n")
        for line in refused.before {
            let outcome = await bench.run(line)
            #expect(outcome.exit == .success, "\(outcome.errors)")
        }
        let contents = bench.card.contents
        let outcome = await bench.run(refused.line + " --json")
        #expect(outcome.exit == refused.exit, "\(outcome.output)")
        #expect(outcome.problemCode == refused.code, "\(outcome.output)")
        #expect(outcome.lines.count == 1, "one value: \(outcome.output)")
        #expect(bench.card.contents.applications == contents.applications)
        #expect(bench.card.contents.card.lifeCycle == contents.card.lifeCycle)
        #expect(bench.keyVersions == [0x30])
        // As text it says the same, and what to do.
        let text = await bench.run(refused.line, isPerson: false)
        #expect(text.exit == refused.exit)
        #expect(text.errors.contains("berth: "))
    }

    @Test(
        "a dry run changes nothing",
        arguments: [
            make, "gp lock \(applet)", "gp set-state secured", "gp set-state terminated",
            "gp privileges \(applet) --set CardLock", "gp domain extradite \(applet) --to \(issuer)",
            "gp key put --new-key-version 0x31 --new-key default", "gp store-data --format tlv --data 4501FF",
            "gp personalise \(applet) --data 11223344", "gp apdu 80CA9F7F00",
        ])
    func dryRun(line: String) async throws {
        let bench = try CommandBench("javacard-80k-predictable")
        try bench.installApplet()
        let contents = bench.card.contents
        let outcome = await bench.run(line + " --dry-run --json")
        #expect(outcome.exit == .success, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.json?["dryRun"] == true || outcome.json?["changed"] == false, "\(outcome.output)")
        #expect(bench.card.contents.applications == contents.applications)
        #expect(bench.card.contents.card == contents.card)
        #expect(bench.keyVersions == [0x30])
    }

    @Test("a terminated card is terminated only after its id was typed")
    func termination() async throws {
        let bench = try CommandBench("javacard-80k-predictable")
        let declined = await bench.run("gp set-state terminated", input: ["yes"])
        #expect(declined.exit == .interrupted)
        let asked = await bench.run("gp info --json")
        let card = try #require(asked.json?["cardId"]?.stringValue)
        let done = await bench.run("gp set-state terminated", input: [card.lowercased()])
        #expect(done.exit == .success, "\(done.errors)")
        #expect(bench.card.contents.card.lifeCycle == .terminated)
    }

    @Test("a refusal among commands as they are written is one JSON value with all that was answered")
    func refusedAPDU() async throws {
        let bench = try CommandBench()
        let outcome = await bench.run("gp apdu 80CA9F7F00 80CA123400 80CA9F7F00 --json")
        #expect(outcome.exit == .notFound && outcome.lines.count == 1, "\(outcome.output)")
        let exchanges = outcome.json?["problem"]?["details"]?["exchanges"]?.arrayValue ?? []
        #expect(exchanges.map { $0["statusWord"] } == ["9000", "6A88"])
    }

    @Test("what no answer came to is in the trace")
    func tracedPull() async throws {
        let bench = try CommandBench("javacard-80k-predictable")
        bench.pull = .before(1)
        let outcome = await bench.run("gp list --trace")
        #expect(outcome.exit == .inputOutput)
        #expect(outcome.errors.contains("-> 1  SELECT"), "\(outcome.errors)")
        #expect(outcome.errors.contains("<- 1  no answer: The card was removed."), "\(outcome.errors)")
        bench.pull = .after(1)
        let ahead = await bench.run("gp list --trace --computed-ahead")
        #expect(ahead.exit == .inputOutput && ahead.errors.contains("no answer"), "\(ahead.errors)")
    }

    @Test("a card pulled at any command is a clear message and no hang")
    func pulled() async throws {
        for number in 1...8 {
            let bench = try CommandBench("javacard-80k-predictable")
            try bench.installApplet()
            bench.pull = .before(number)
            let outcome = await bench.run("gp lock \(Self.applet) --json")
            guard outcome.exit != .success else { continue }
            #expect(
                outcome.exit == .inputOutput && outcome.problemCode == "card-removed", "\(outcome.output)")
        }
    }
}
