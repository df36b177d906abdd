import Arguments
import CardCrypto
import CardManagement
import Centre
import FoundationEssentials
import GlobalPlatform
import JSON
import Readers
import SmartCard
import TestSupport
import Testing
import VirtualCard

@testable import Commands

/// A virtual card with example applications, and `berth plan` that meets it.
final class PlanBench: Sendable {
    let folder: String
    private let workshop: CardWorkshop

    init(_ profile: String, with examples: [ExampleApplication]) async throws {
        folder = FileManager.default.temporaryDirectory.path + "/berth-plans-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        workshop = CardWorkshop(
            environment: CardEnvironment(
                channels: StandardChannels(), authority: StandardAuthority(),
                runtimes: [ExampleApplications.runtime]),
            entropy: { SystemEntropy() }, now: { 1_795_255_216 })
        let created = await run("card create @c.card --profile \(profile)")
        try #require(created.exit == .success, "\(created.text)")
        try install(examples)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    struct Outcome {
        let exit: ExitCode
        let output: String
        let errors: String
        var text: String { output + errors }
        var lines: [JSONValue] {
            output.split(separator: "\n").compactMap { try? JSONValue(decoding: String($0)) }
        }
    }

    func run(_ line: String) async -> Outcome {
        let workshop = workshop
        let (output, errors) = (MemorySink(), MemorySink())
        let terminal = Terminal(
            output: output, errors: errors, input: ScriptedInput([], isTerminal: false),
            environment: Environment(["COLUMNS": "120", "XDG_STATE_HOME": folder]), clock: ContinuousClock(),
            interrupts: .none)
        let opener = CardOpener(
            openFile: { try CardOpener.file(in: workshop)($0) },
            openReader: { _, _ in throw CardChannelError(.noCard, "no readers here") })
        let program = Program(
            "berth", "Test", version: "0", date: "2026-01-01",
            commands: [
                CardCommands.noun(self.workshop),
                PlanCommand.verb(DeskProvider(opener), ManualClock(Instant(milliseconds: 1_795_255_216_000))),
            ])
        let words = line.split(separator: " ").map { String($0).replacing("@", with: folder + "/") }
        let exit = await program.run(words, on: terminal)
        return Outcome(exit: exit, output: output.text, errors: errors.text)
    }

    func plan(_ wishes: String) async -> Outcome { await run("plan --card @c.card " + wishes) }

    private func install(_ examples: [ExampleApplication]) throws {
        let link = CardLink(try CardOpener.file(in: workshop)(folder + "/c.card"))
        _ = try link.send(.select(nil))
        try link.authenticate(
            .init(
                hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8], level: .commandMAC, keyVersion: 0,
                scp02Options: SCP02Options(rawValue: 0x15)),
            keys: KeySource(.one(Secret(Array(0x40...0x4F)))).provider)
        for example in examples {
            let block = try CAPFile(example.capFile).loadFileDataBlock()
            let file = BERTLV.encode(.loadFileDataBlock, block)
            let load = InstallCommand.load(.init(loadFile: example.loadFile, securityDomain: nil)).command()
            let blocks = try #require(
                LoadCommand.commands(loadFile: file, blockBytesMax: link.commandDataMax))
            var commands = [load] + blocks
            if !example.isLibrary {
                commands.append(
                    InstallCommand.install(
                        .init(
                            loadFile: example.loadFile, module: example.module, instance: example.module),
                        makeSelectable: true
                    ).command())
            }
            for command in commands {
                let answer = try link.send(command)
                try #require(answer.status.isSuccess, "\(example): \(answer.status)")
            }
        }
    }

    /// What FF21 says.
    func free() throws -> CardResources {
        let link = CardLink(try CardOpener.file(in: workshop)(folder + "/c.card"))
        _ = try link.send(.select(nil))
        let answer = try link.send(.getData(.extendedCardResources))
        return try CardResources(value: try BERTLV.readAll(answer.data).value(.extendedCardResources))
    }
}

@Suite("berth plan")
struct PlanVerbTests {
    static let full: [ExampleApplication] = [.identity, .pass, .library, .loans]

    @Test("shows what fits, with its steps, and changes nothing", .mission(.b3))
    func fits() async throws {
        let bench = try await PlanBench("javacard-80k", with: [.identity])
        let before = try Data(contentsOf: URL(fileURLWithPath: bench.folder + "/c.card"))
        let outcome = await bench.plan("--wish add:purse")
        #expect(outcome.exit == .success, "\(outcome.text)")
        for words in [
            "Memory now:", "Memory afterwards:", "There is room enough", "load F0426572746802 of purse@1.0",
            "install F042657274680201 of purse@1.0", "round trips",
        ] {
            #expect(outcome.output.contains(words), "\(words) in:\n\(outcome.output)")
        }
        #expect(!outcome.output.contains("leaves"))
        #expect(before.count > 0)
    }

    @Test("on a full card of 16 kB one application leaves, with reasons", .mission(.b4), .mission(.point2))
    func oneLeaves() async throws {
        let bench = try await PlanBench("small-16k", with: Self.full)
        let outcome = await bench.plan("--wish add:purse")
        #expect(outcome.exit == .success, "\(outcome.text)")
        for words in [
            "Missing: ", " leaves, ", "is missing.", "park ", "delete instance ", "load F0426572746802",
            "No other choice is cheaper.",
        ] {
            #expect(outcome.output.contains(words), "\(words) in:\n\(outcome.output)")
        }
        // Its record must not leave.
        #expect(!outcome.output.contains("identity@1.0 leaves"))
        let leaving = outcome.output.split(separator: "\n").filter { $0.contains(" leaves, ") }
        #expect(leaving.count == 1, "\(outcome.output)")
    }

    @Test("what must stay stays, and another leaves in its place")
    func keep() async throws {
        let bench = try await PlanBench("small-16k", with: Self.full)
        let first = await bench.plan("--wish add:purse")
        let name = first.output.contains("pass@1.0 leaves") ? "pass" : "loans"
        let second = await bench.plan("--wish add:purse --keep \(name)")
        #expect(!second.output.contains("\(name)@1.0 leaves"), "\(second.output)")
    }

    @Test("what cannot fit says by how much, and what to do", .mission(.b3))
    func cannotFit() async throws {
        let bench = try await PlanBench("small-16k", with: Self.full)
        let outcome = await bench.plan("--wish add:purse --keep pass --keep loans")
        #expect(outcome.exit == .noRoom, "\(outcome.text)")
        for words in ["This cannot be done:", "would be missing", "identity stays", "What helps: "] {
            #expect(outcome.output.contains(words), "\(words) in:\n\(outcome.output)")
        }
        let json = await bench.plan("--wish add:purse --keep pass --keep loans --json")
        #expect(json.exit == .noRoom)
        let objections = json.lines.first?["objections"]?.arrayValue
        #expect(objections?.first?["kind"]?.stringValue == "not-enough-room", "\(json.output)")
        #expect(json.text.contains("missingNonVolatile"))
    }

    @Test("several wishes make one plan")
    func several() async throws {
        let bench = try await PlanBench("small-16k", with: Self.full)
        let outcome = await bench.plan("--wish add:purse --wish remove:pass")
        #expect(outcome.exit == .success, "\(outcome.text)")
        #expect(outcome.output.contains("You wished to remove it for good."))
    }

    @Test("a plan in JSON names its steps in order")
    func json() async throws {
        let bench = try await PlanBench("small-16k", with: Self.full)
        let outcome = await bench.plan("--wish add:purse --json")
        #expect(outcome.exit == .success, "\(outcome.text)")
        let plan = try #require(outcome.lines.first)
        let steps = try #require(plan["steps"]?.arrayValue)
        let kinds = steps.compactMap { step -> String? in
            guard case .object(let object)? = step["step"] else { return nil }
            return object.members.first?.name
        }
        #expect(kinds.first == "park" && kinds.last == "install", "\(kinds)")
        #expect(plan["optimality"] != nil && plan["ground"]?["card"]?.stringValue != nil)
    }

    @Test(
        "each refusal has the exit code of its class",
        arguments: [
            ("--wish add:nothing", ExitCode.notFound), ("--wish remove:purse", .notFound),
            ("--wish park:identity", .refused), ("--wish release:bank", .notFound),
            ("--wish fly:purse", .usage),
            ("--wish add:", .usage), ("--wish add:UPPER", .usage), ("--wish reserve:bank:0", .usage),
            ("--wish update:purse", .usage), ("--wish reserve:bank:500", .unsupported), ("", .usage),
            ("--wish remove:pass --wish remove:pass", .refused),
            ("--wish reserve:bank:500000:F00102030405", .noRoom),
            ("--wish restore:AA:F00102030405:1", .notFound),
        ])
    func refusals(_ wishes: String, exit: ExitCode) async throws {
        let bench = try await PlanBench("small-16k", with: Self.full)
        let outcome = await bench.plan(wishes)
        #expect(outcome.exit == exit, "\(wishes): \(outcome.text)")
    }

    @Test(
        "the catalogue's sizes are those that a card really uses, or a little more",
        arguments: [
            "small-16k", "javacard-80k", "uicc-64k",
        ])
    func sizes(_ profile: String) async throws {
        let empty = try await PlanBench(profile, with: [])
        let bench = try await PlanBench(profile, with: [.pass])
        let took = try empty.free().freeNonVolatile - bench.free().freeNonVolatile
        let outcome = await empty.plan("--wish add:pass --json")
        let plan = try #require(outcome.lines.first)
        let before = try #require(plan["freeBefore"]?["nonVolatile"]?.integerValue)
        let after = try #require(plan["freeAfter"]?["nonVolatile"]?.integerValue)
        let planned = Int(before - after)
        #expect(planned >= took && planned <= took + took / 5, "took \(took), planned \(planned)")
    }
}
