import Arguments
import GlobalPlatform
import JSON
import SmartCard
import TestSupport
import Testing

@Suite("Deleting asks a person first", .mission(.point6))
struct DeleteVerbTests {
    private static let domain = "A0000001515344"

    private func bench() async throws -> CommandBench {
        let bench = try CommandBench("javacard-80k-predictable")
        try bench.writeSuite("suite.cap")
        for line in ["gp install @suite.cap --all", "gp domain create \(Self.domain)"] {
            try #require(await bench.run(line).exit == .success)
        }
        return bench
    }

    @Test("a person is asked with the names of all that goes, and a no deletes nothing")
    func asks() async throws {
        let bench = try await bench()
        let sent = SentCommands(bench)
        for answer in [["n"], [""], []] {
            let declined = await bench.run("gp delete @suite.cap --related", input: answer)
            #expect(declined.exit == .interrupted, "\(declined.errors)")
            for name in [CommandBench.suite, CommandBench.first, CommandBench.second] {
                #expect(declined.errors.contains(name), "\(declined.errors)")
            }
        }
        #expect(!sent.commands.contains { $0.ins == Instruction.delete })
        let done = await bench.run("gp delete @suite.cap --related", input: ["y"])
        #expect(done.exit == .success && bench.entry(CommandBench.first) == nil, "\(done.errors)")
    }

    static let answered = [
        "gp delete \(CommandBench.first) --yes", "gp delete \(CommandBench.first) -y",
        "gp delete @suite.cap -f",
        "gp delete @suite.cap --force", "gp delete @suite.cap --related --json",
    ]

    @Test("an answer given before, or output that is no text, is not asked about", arguments: answered)
    func unasked(line: String) async throws {
        let bench = try await bench()
        let outcome = await bench.run(line)
        #expect(outcome.exit == .success && bench.entry(CommandBench.first) == nil, "\(outcome.errors)")
    }

    @Test("where nobody can be asked applications go as told, and a domain needs its yes as in domain delete")
    func unattended() async throws {
        let bench = try await bench()
        let applet = await bench.run("gp delete \(CommandBench.first)", isPerson: false)
        #expect(applet.exit == .success, "\(applet.errors)")
        for options in ["", " --json"] {
            let refused = await bench.run("gp delete \(Self.domain)" + options, isPerson: false)
            #expect(refused.exit == .usage, "\(refused.errors)")
            #expect(bench.entry(Self.domain) != nil)
        }
        let done = await bench.run("gp delete \(Self.domain) --yes --json", isPerson: false)
        #expect(done.exit == .success && bench.entry(Self.domain) == nil, "\(done.output)")
        #expect(done.json?["receipts"] == .array([]))
    }

    @Test("a domain that holds something is not deleted, and it is said what it holds")
    func fullDomain() async throws {
        let bench = try await bench()
        for line in [
            "gp key put --domain \(Self.domain) --new-key default --new-key-version 0x31 --yes",
            "gp domain extradite \(CommandBench.first) --to \(Self.domain)",
        ] { try #require(await bench.run(line).exit == .success, "\(line)") }
        let refused = await bench.run("gp delete \(Self.domain) --yes --json")
        #expect(refused.exit == .inUse && refused.problemCode == "domain-not-empty", "\(refused.output)")
        #expect(bench.entry(Self.domain) != nil)
    }

    @Test("--yes of a script answers for its lines")
    func script() async throws {
        let bench = try await bench()
        try bench.write("script", "delete \(CommandBench.first)\ndelete \(Self.domain)\n")
        #expect(await bench.run("gp script @script").exit == .interrupted)
        let done = await bench.run("gp script @script --yes")
        #expect(done.exit == .success && bench.entry(CommandBench.first) == nil, "\(done.errors)")
        #expect(bench.entry(Self.domain) == nil)
    }
}

@Suite("The memory bar")
struct MemoryBarVerbTests {
    /// A card of no model that is known: its maker is another.
    private func bench() throws -> CommandBench {
        let bench = try CommandBench("javacard-80k")
        try bench.writeSuite("suite.cap", codeBytes: 6_000)
        bench.fault = Self.otherMaker
        return bench
    }

    private static func otherMaker(_ command: CommandAPDU, _ answer: ResponseAPDU) -> ResponseAPDU {
        guard command.ins == Instruction.getData, command.p1 == 0x9F, command.p2 == 0x7F,
            answer.data.count > 30
        else { return answer }
        var other = answer
        other.data[25] ^= 1
        return other
    }

    private func memory(_ bench: CommandBench, _ line: String = "gp list --json") async throws -> JSONValue {
        try #require(await bench.run(line).json?["memory"])
    }

    @Test("at the first look at a card of a known model it shows how full the card is")
    func model() async throws {
        let bench = try CommandBench("javacard-80k")
        try bench.installApplet()
        for line in ["gp list", "gp info"] {
            let shown = await bench.run(line)
            #expect(
                shown.output.contains("[#") && shown.output.contains(" of 81.9 kB used"), "\(shown.output)")
            #expect(shown.output.contains("Inferred: its size, from its model."))
        }
        let memory = try await memory(bench)
        #expect(memory["size"] == 81_920 && memory["sizeFrom"] == "model" && memory["isSizeExact"] == true)
    }

    @Test("at the first look at any other card there is a bar, and nothing in it is made up")
    func firstLook() async throws {
        let bench = try bench()
        try bench.installApplet()
        let shown = await bench.run("gp list")
        #expect(
            shown.output.contains("[?....") && shown.output.contains("at least 0 bytes of"), "\(shown.output)"
        )
        #expect(
            shown.output.contains("Not known: how much is used. 2 load files of unknown size."),
            "\(shown.output)")
        let memory = try await memory(bench)
        #expect(memory["sizeFrom"] == "free" && memory["isSizeExact"] == false && memory["used"] == 0)
    }

    @Test("what was installed from here is known, what is deleted gives its room back")
    func learned() async throws {
        let bench = try bench()
        let installed = await bench.run("gp install @suite.cap --applet \(CommandBench.first) --json")
        let took = try #require(installed.json?["footprintBytes"]?.integerValue)
        var seen = try await memory(bench)
        #expect(seen["used"]?.integerValue == took && seen["sizeFrom"] == "installed", "\(seen)")
        let size = seen["size"]
        let text = await bench.run("gp list")
        #expect(text.output.contains("[##") && text.output.contains("?.") && text.output.contains("at least"))
        // A second instance adds to it, and takes away again what it gave.
        let more = await bench.run("gp install @suite.cap --all --json")
        let added = try #require(more.json?["footprintBytes"]?.integerValue)
        seen = try await memory(bench)
        #expect(seen["used"]?.integerValue == took + added && seen["size"] == size)
        #expect(await bench.run("gp delete \(CommandBench.second) --yes").exit == .success)
        seen = try await memory(bench)
        #expect(seen["used"]?.integerValue == took && seen["size"] == size, "\(seen)")
        #expect(await bench.run("gp delete @suite.cap -f").exit == .success)
        seen = try await memory(bench)
        #expect(seen["used"] == 0 && seen["size"] == size, "\(seen)")
        // Filled by somebody else: the most that was free stands for the size.
        bench.fault = { $1 }
        try bench.installApplet()
        bench.fault = Self.otherMaker
        seen = try await memory(bench)
        #expect(seen["size"] == size && seen["sizeFrom"] == "most-free", "\(seen)")
    }

    @Test("a counter at its end is no model's size, and a card that tells nothing has no bar")
    func saturated() async throws {
        let bench = try CommandBench("javacard-80k-misleading")
        let memory = try await memory(bench)
        #expect(memory["freeNonVolatile"] == 32_767 && memory["isSizeExact"] == false)
        bench.fault = { command, answer in
            command.ins == Instruction.getData && command.p1 == 0xFF ? ResponseAPDU(status: 0x6A88) : answer
        }
        #expect(await bench.run("gp list").output.contains("the card does not tell"))
    }
}
