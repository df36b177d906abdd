import Arguments
import FoundationEssentials
import GlobalPlatform
import JSON
import SmartCard
import TestSupport
import Testing
import VirtualCard

extension CommandBench {
    static let suite = "F04265727468"
    static let first = "F0426572746801"
    static let second = "F0426572746802"

    static func blueprint(
        version: CAPVersion = CAPVersion(1, 0), imports: [CAPPackage] = [], codeBytes: Int = 0
    ) throws -> CAPBlueprint {
        CAPBlueprint(
            aid: try AID(hex: suite), version: version, packageName: "org.berth.suite",
            applets: [
                .init(aid: try AID(hex: first), name: "First"),
                .init(aid: try AID(hex: second), name: "Second"),
            ], imports: imports, codeBytes: codeBytes)
    }

    func write(_ name: String, bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: folder + "/" + name))
    }

    /// A CAP file with two applets.
    func writeSuite(
        _ name: String, version: CAPVersion = CAPVersion(1, 0), imports: [CAPPackage] = [],
        codeBytes: Int = 0
    ) throws {
        let blueprint = try Self.blueprint(version: version, imports: imports, codeBytes: codeBytes)
        try write(name, bytes: try blueprint.build())
    }
}

@Suite("Install, load and delete from the command line")
struct InstallVerbTests {
    @Test("memory, SIM and UICC parameters go out as tables 11-48 and 11-49 of GPCS 2.3.1 have them")
    func parameters() async throws {
        let bench = try CommandBench()
        try bench.writeSuite("suite.cap")
        let sent = SentCommands(bench)
        _ = await bench.run(
            "gp install @suite.cap --applet \(CommandBench.first) --params 0102 --quota 4000 --reserve 1000 "
                + "--volatile-quota 200 --volatile-reserve 100 --sim-params 010001 --uicc-params 8001AA "
                + "--code-memory 2000 --data-memory 300 --volatile-data-memory 40")
        let installs = sent.commands.filter { $0.ins == Instruction.install }
        let load = try #require(installs.first { $0.p1 == 0x02 })
        #expect(load.data.hex.contains("EF0CC60207D0C7020028C802012C"))
        let install = try #require(installs.first { $0.p1 == 0x0C })
        #expect(
            install.data.hex.contains("C9020102EF15C70200C8C8020FA0D7020064D80203E8CA03010001EA038001AA"))
    }

    @Test("amounts above 32,767 take four bytes, and the names of other verbs work too")
    func largeAmounts() async throws {
        let bench = try CommandBench()
        try bench.writeSuite("suite.cap")
        let sent = SentCommands(bench)
        let outcome = await bench.run(
            "gp install @suite.cap --applet \(CommandBench.first) --quota-nonvolatile 40000 "
                + "--reserve-nonvolatile 2000 --quota-volatile 300 --reserve-volatile 10")
        #expect(outcome.exit == .success, "\(outcome.errors)")
        let install = try #require(sent.commands.last { $0.ins == Instruction.install })
        #expect(install.data.hex.contains("C702012CC80400009C40D702000AD80207D0"))
        let memory = bench.card.freeMemory
        let again = try CommandBench()
        try again.writeSuite("suite.cap")
        _ = await again.run("gp install @suite.cap --applet \(CommandBench.first)")
        #expect(again.card.freeMemory.nonVolatile > memory.nonVolatile)
    }

    @Test("a broken CAP file is told by component and offset, before the card is asked anything")
    func broken() async throws {
        let bench = try CommandBench()
        let block = try CAPFile(CommandBench.blueprint().build()).loadFileDataBlock()
        var magic = block
        magic[3] ^= 1
        try bench.write("cut.ijc", bytes: Array(block.dropLast(3)))
        try bench.write("magic.ijc", bytes: magic)
        try bench.write("text.cap", bytes: Array("no archive at all".utf8))
        for (name, place) in [("cut.ijc", " component, byte "), ("magic.ijc", "Header component, byte 3: ")] {
            for verb in ["install", "load", "delete"] {
                let outcome = await bench.run("gp \(verb) @\(name) --json")
                #expect(outcome.exit == .badData && outcome.problemCode == "cap-broken")
                let why = outcome.lines.last?["problem"]?["why"]?.stringValue ?? ""
                #expect(why.contains(place), "\(why)")
                #expect(bench.commandCount == 0)
            }
        }
        let text = await bench.run("gp install @text.cap --json")
        #expect(text.exit == .badData && text.problemCode == "cap-broken")
    }

    struct Line: Sendable, CustomTestStringConvertible {
        let line: String
        let exit: ExitCode
        let code: String?
        var testDescription: String { line }

        init(_ line: String, _ exit: ExitCode, _ code: String? = nil) {
            self.line = line
            self.exit = exit
            self.code = code
        }
    }

    /// One after the other, on one card.
    static let story: [Line] = [
        .init("gp install @none.cap", .noInput, "input-missing"),
        .init("gp install @suite.cap", .usage, "several-applets"),
        .init("gp install @suite.cap --applet F04265727499", .badData, "applet-not-in-file"),
        .init("gp install @suite.cap --all --aid F0426572746877", .usage, "usage"),
        .init("gp install @library.cap", .badData, "no-applet"),
        .init("gp install @large.cap --all", .noRoom, "not-enough-room"),
        .init("gp install @importing.cap --all", .missingImport, "import-missing"),
        // The card itself says the same: 6438.
        .init("gp install @importing.cap --all --force", .missingImport, "card-refused"),
        .init("gp install @suite.cap --all --dry-run", .success),
        .init("gp delete \(CommandBench.suite)", .notFound, "not-on-card"),
        .init("gp delete \(CommandBench.suite) --if-present", .success),
        .init("gp install @suite.cap --applet \(CommandBench.first)", .success),
        .init("gp install @suite.cap --applet \(CommandBench.first)", .success),
        .init("gp install @newer.cap --all", .alreadyExists, "other-version"),
        .init("gp install @suite.cap --all", .success),
        .init("gp delete @suite.cap", .inUse, "still-in-use"),
        .init("gp delete @suite.cap --related --dry-run", .success),
        .init("gp install @newer.cap --all --replace", .success),
        .init("gp delete @suite.cap --related", .success),
        .init("gp load @library.cap", .success),
        .init("gp load @library.cap", .success),
        .init("gp install @importing.cap --all", .success),
        .init("gp delete @library.cap", .inUse, "card-refused"),
        .init("gp delete @suite.cap --related", .success),
        .init("gp delete @library.cap", .success),
        .init("gp delete nonsense", .usage, "usage"),
    ]

    @Test("a dry run says what would be done, and does none of it")
    func dryRun() async throws {
        let bench = try CommandBench()
        try bench.writeSuite("suite.cap")
        let free = bench.card.freeMemory
        let planned = await bench.run("gp install @suite.cap --all --dry-run")
        #expect(planned.exit == .success)
        for step in ["load \(CommandBench.suite)", "install \(CommandBench.first)"] {
            #expect(planned.output.contains("Would \(step).\n"), "\(planned.output)")
        }
        #expect(planned.output.hasSuffix("Nothing was changed.\n"))
        let plan = await bench.run("gp install @suite.cap --all --dry-run --json")
        #expect(plan.json?["dryRun"] == true && plan.json?["steps"]?.arrayValue?.count == 3)
        #expect(bench.card.freeMemory == free)
        #expect(await bench.run("gp install @suite.cap --all").exit == .success)
        let done = await bench.run("gp install @suite.cap --all --dry-run")
        #expect(done.output.hasSuffix("Nothing to do: everything is on the card.\n"))
        let names = [CommandBench.first, CommandBench.second, CommandBench.suite]
        let text = await bench.run("gp delete @suite.cap --related --dry-run")
        #expect(text.output == names.map { "Would delete \($0).\n" }.joined() + "Nothing was changed.\n")
        let json = await bench.run("gp delete @suite.cap --related --dry-run --json")
        #expect(json.json == ["dryRun": true, "wouldDelete": .array(names.map { .string($0) })])
        #expect(bench.entry(CommandBench.first) != nil)
    }

    @Test("a platform package that the card turns out to lack is named")
    func platformLacks() async throws {
        let bench = try CommandBench()
        // The SIM toolkit (sim.toolkit of TS 43.019): a card that is no SIM lacks it.
        let toolkit = CAPPackage(
            aid: try AID(hex: "A0000000090003FFFFFFFF8910710002"), version: CAPVersion(2, 6))
        try bench.writeSuite("toolkit.cap", imports: [toolkit])
        let outcome = await bench.run("gp install @toolkit.cap --all --json")
        #expect(outcome.exit == .missingImport && outcome.problemCode == "card-refused")
        let problem = try #require(outcome.lines.last?["problem"])
        let assumed = problem["details"]?["assumedImports"]?.arrayValue ?? []
        #expect(assumed.contains(.string("\(toolkit.aid) (sim.toolkit) version 2.6")), "\(outcome.output)")
        // Running it again would help nothing here.
        let text = await bench.run("gp install @toolkit.cap --all")
        #expect(text.errors.contains("%: the card refused\n"), "\(text.errors)")
    }

    @Test("every outcome has the exit code of its class, as JSON and as text")
    func exitCodes() async throws {
        let bench = try CommandBench("small-16k")
        let library = CAPBlueprint(
            aid: try AID(hex: "F0426572746C"), version: CAPVersion(1, 0), packageName: "org.berth.library",
            libraryMethods: 2)
        try bench.write("library.cap", bytes: try library.build())
        try bench.writeSuite("suite.cap")
        try bench.writeSuite("newer.cap", version: CAPVersion(1, 1))
        try bench.writeSuite("large.cap", codeBytes: 30_000)
        try bench.writeSuite(
            "importing.cap", imports: [CAPPackage(aid: library.aid, version: CAPVersion(1, 0))])
        let free = bench.card.freeMemory
        for line in Self.story {
            let outcome = await bench.run(line.line + " --json")
            #expect(outcome.exit == line.exit, "\(line): \(outcome.output)\(outcome.errors)")
            #expect(outcome.problemCode == line.code, "\(line): \(outcome.output)")
            // Whatever the outcome, the output is JSON.
            #expect(!outcome.lines.isEmpty, "\(line)")
        }
        #expect(bench.card.freeMemory == free)
    }

    @Test(
        "interrupted at any command and run again, it finishes, with nothing deleted by hand",
        .mission(.point5),
        arguments: [false, true])
    func interrupted(isCarriedOut: Bool) async throws {
        let line = "gp install @suite.cap --all --json"
        var number = 0
        var isWhole = false
        while !isWhole {
            number += 1
            try #require(number < 100)
            let bench = try CommandBench()
            try bench.writeSuite("suite.cap", codeBytes: 700)
            bench.pull = isCarriedOut ? .after(number) : .before(number)
            let first = await bench.run(line)
            isWhole = first.exit == .success
            if !isWhole { #expect(first.exit == .inputOutput && first.problemCode == "card-removed") }
            bench.pull = nil
            let second = await bench.run(line)
            #expect(second.exit == .success, "pulled at \(number): \(second.output)")
            for aid in [CommandBench.first, CommandBench.second] {
                #expect(bench.entry(aid)?.lifeCycle == .selectable, "pulled at \(number)")
            }
        }
        #expect(number > 8)
    }
}
