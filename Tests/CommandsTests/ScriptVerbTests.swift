import Arguments
import GlobalPlatform
import JSON
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Scripts")
struct ScriptVerbTests {
    private static let domain = "A0000001515344"

    private func bench(_ script: String) throws -> CommandBench {
        let bench = try CommandBench("javacard-80k-predictable")
        try bench.installApplet()
        try bench.write("script", script)
        return bench
    }

    @Test("runs its lines in one session, whatever stands around them")
    func runs() async throws {
        let bench = try bench(
            """
            # prepare a card
            domain create \(Self.domain)   # a provider's

            gp lock \(CommandBench.applet)
            berth gp 'unlock' "\(CommandBench.applet)"\r
            list
            """)
        var opened = 0
        bench.fault = { command, answer in
            if command.ins == Instruction.initializeUpdate { opened += 1 }
            return answer
        }
        let outcome = await bench.run("gp script @script --json --key default")
        #expect(outcome.exit == .success, "\(outcome.output)")
        #expect(outcome.lines.compactMap { $0["line"]?.integerValue } == [2, 4, 5, 6])
        #expect(outcome.lines.allSatisfy { $0["exit"] == 0 })
        #expect(opened == 1)
        #expect(bench.entry(Self.domain) != nil)
    }

    @Test("stops at the first line that fails, and says which; --keep-going goes on")
    func stops() async throws {
        let script = """
            lock A0000000990099
            lock \(CommandBench.applet)
            """
        let bench = try bench(script)
        let stopped = await bench.run("gp script @script")
        #expect(stopped.exit == .notFound)
        #expect(stopped.errors.contains("line 1 of the script failed"))
        #expect(bench.entry(CommandBench.applet)?.lifeCycle == .selectable)
        let whole = await bench.run("gp script @script --keep-going --json")
        #expect(whole.exit == .notFound)
        #expect(whole.problemCode == "script-failed")
        #expect(bench.entry(CommandBench.applet)?.lifeCycle.isLocked == true)
    }

    @Test(
        "every line is checked before the first is carried out",
        arguments: [
            ("lock \(CommandBench.applet)\nlokc \(CommandBench.applet)", "unknown-command"),
            ("lock \(CommandBench.applet)\nunlock", "missing-argument"),
            ("lock \(CommandBench.applet)\nunlock 'abc", "script-malformed"),
            ("lock \(CommandBench.applet)\nunlock abc\\", "script-malformed"),
            ("lock \(CommandBench.applet)\nscript other", "unknown-command"),
        ])
    func checksFirst(script: String, code: String) async throws {
        let bench = try bench(script)
        let outcome = await bench.run("gp script @script --json")
        #expect(outcome.problemCode == code, "\(outcome.output)")
        #expect(outcome.lines.last?["problem"]?["details"]?["line"] == 2)
        #expect(bench.entry(CommandBench.applet)?.lifeCycle == .selectable)
    }

    @Test(
        "a line cannot name another card or other keys",
        arguments: ["--key default", "--reader 1", "--mode enc"])
    func noOtherCard(option: String) async throws {
        let bench = try bench("lock \(CommandBench.applet) \(option)")
        let outcome = await bench.run("gp script @script --json")
        #expect(outcome.exit == .usage, "\(outcome.output)")
        #expect(bench.entry(CommandBench.applet)?.lifeCycle == .selectable)
    }

    @Test("--dry-run and --yes of the script hold for every line")
    func dryRun() async throws {
        let bench = try bench("lock \(CommandBench.applet)\nset-state secured")
        let dry = await bench.run("gp script @script --dry-run")
        #expect(dry.exit == .success, "\(dry.errors)")
        #expect(bench.entry(CommandBench.applet)?.lifeCycle == .selectable)
        #expect(bench.card.contents.card.lifeCycle == .opReady)
        let done = await bench.run("gp script @script --yes", isPerson: false)
        #expect(done.exit == .success, "\(done.errors)")
        #expect(bench.card.contents.card.lifeCycle == .secured)
    }

    @Test("after keys were rotated in a script, its next lines work with the new ones")
    func rotatesInside() async throws {
        let bench = try bench(
            "key rotate --new-key 00112233445566778899AABBCCDDEEFF --yes\nlock \(CommandBench.applet)")
        let outcome = await bench.run("gp script @script")
        #expect(outcome.exit == .success, "\(outcome.errors)")
        #expect(bench.entry(CommandBench.applet)?.lifeCycle.isLocked == true)
    }

    @Test("a session that commands in clear have ended is opened again")
    func reopens() async throws {
        let bench = try bench(
            "lock \(CommandBench.applet)\napdu 80CA9F7F00\nunlock \(CommandBench.applet)")
        let outcome = await bench.run("gp script @script --mode enc")
        #expect(outcome.exit == .success, "\(outcome.errors)")
        #expect(bench.entry(CommandBench.applet)?.lifeCycle == .selectable)
    }
}
