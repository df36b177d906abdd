import Arguments
import CardManagement
import FoundationEssentials
import GlobalPlatform
import JSON
import SmartCard
import TestSupport
import Testing

@Suite("Rotating keys on a card", .mission(.point5), .mission(.a10))
struct KeyRotationVerbTests {
    private static let oldKey = "404142434445464748494A4B4C4D4E4F"
    private static let newKey = "00112233445566778899AABBCCDDEEFF"

    /// Cards by what stands in the way of two sets: initial keys that end, or nothing.
    static let profiles = ["javacard-80k", "javacard-80k-scp02", "javacard-80k-predictable", "small-16k"]

    private func bench(_ profile: String) throws -> CommandBench {
        let bench = try CommandBench(profile)
        try bench.write("old.key", Self.oldKey)
        try bench.write("new.key", Self.newKey)
        return bench
    }

    private func opens(_ bench: CommandBench, _ file: String) async -> Bool {
        await bench.run("gp domain list --json --key file:@\(file)").exit == .success
    }

    @Test("after it the new keys open the card and the old ones are gone", arguments: profiles)
    func rotates(profile: String) async throws {
        let bench = try bench(profile)
        let outcome = await bench.run(
            "gp key rotate --key file:@old.key --new-key file:@new.key", input: ["y"])
        #expect(outcome.exit == .success, "\(outcome.errors)")
        #expect(outcome.errors.contains("open a new session"))
        #expect(bench.keyVersions.count == 1)
        #expect(await opens(bench, "new.key"))
        #expect(!outcome.errors.contains(Self.newKey) && !outcome.output.contains(Self.newKey))
    }

    @Test("without a yes nothing is changed", arguments: profiles)
    func declined(profile: String) async throws {
        let bench = try bench(profile)
        let before = bench.keyVersions
        let outcome = await bench.run("gp key rotate --new-key file:@new.key", input: ["n"])
        #expect(outcome.exit == .interrupted)
        #expect(bench.keyVersions == before)
        let unattended = await bench.run("gp key rotate --new-key file:@new.key --json", isPerson: false)
        #expect(unattended.problemCode == "confirmation-needed")
    }

    @Test("a dry run shows the steps, writes no file and changes nothing", arguments: profiles)
    func dryRun(profile: String) async throws {
        let bench = try bench(profile)
        let before = bench.keyVersions
        let outcome = await bench.run("gp key rotate --generate @made.key --dry-run --json")
        #expect(outcome.exit == .success, "\(outcome.output)")
        #expect(outcome.json?["changed"] == false)
        #expect((outcome.json?["steps"]?.arrayValue?.count ?? 0) >= 2)
        #expect(bench.keyVersions == before)
        #expect(throws: (any Error).self) { try bench.read("made.key") }
    }

    @Test(
        "made keys are three, on three lines of a file, and open the card; nobody prints them",
        arguments: profiles)
    func generated(profile: String) async throws {
        let bench = try bench(profile)
        let outcome = await bench.run("gp key rotate --generate @made.key --yes")
        #expect(outcome.exit == .success, "\(outcome.errors)")
        let lines = try bench.read("made.key").split(separator: "\n")
        #expect(Set(lines).count == 3 && lines.allSatisfy { $0.count == 32 })
        for line in lines { #expect(!outcome.output.contains(line) && !outcome.errors.contains(line)) }
        #expect(await opens(bench, "made.key"))
        let again = await bench.run("gp key rotate --key file:@made.key --generate @made.key --yes --json")
        #expect(again.problemCode == "key-file-exists")
    }

    @Test(
        "pulled at any command and run again it ends with the new keys, and at no moment with none",
        arguments: profiles)
    func interruptedAnywhere(profile: String) async throws {
        let line = "gp key rotate --key file:@old.key --new-key file:@new.key --yes"
        let whole = try bench(profile)
        _ = await whole.run(line)
        let count = whole.commandCount
        #expect(count > 8)
        for pull in (1...count).flatMap({ [CommandBench.Pull.before($0), .after($0)] }) {
            let bench = try bench(profile)
            bench.pull = pull
            let first = await bench.run(line)
            bench.pull = nil
            #expect([.inputOutput, .success].contains(first.exit), "\(pull): \(first.errors)")
            let versions = bench.keyVersions
            #expect(!versions.isEmpty, "\(pull)")
            let again = await bench.run(line)
            #expect(again.exit == .success, "\(pull) left \(versions): \(again.errors)")
            #expect(bench.keyVersions.count == 1, "\(pull)")
            #expect(await opens(bench, "new.key"), "\(pull)")
        }
    }

    @Test("run again after it has ended, it finds its work done and spends no try", arguments: profiles)
    func again(profile: String) async throws {
        for source in ["--new-key file:@new.key", "--generate @made.key"] {
            let bench = try bench(profile)
            let line = "gp key rotate --key file:@old.key --yes --json " + source
            #expect(await bench.run(line).exit == .success)
            let versions = bench.keyVersions
            let made = try? bench.read("made.key")
            let sent = SentCommands(bench)
            let again = await bench.run(line)
            #expect(again.exit == .success && again.json?["changed"] == false, "\(again.output)")
            #expect(!sent.commands.contains { $0.ins == Instruction.putKey || $0.ins == Instruction.delete })
            #expect(bench.keyVersions == versions && (try? bench.read("made.key")) == made)
            // Nothing was counted: the new keys need no flag.
            #expect(await opens(bench, made == nil ? "new.key" : "made.key"))
        }
    }

    @Test("another rotation after one that ended is one of its own, and looks for no keys first")
    func another() async throws {
        let bench = try bench("javacard-80k-predictable")
        try bench.write("third.key", "33333333333333333333333333333333")
        let first = "gp key rotate --key file:@old.key --new-key file:@new.key --yes --json"
        #expect(await bench.run(first).exit == .success)
        let sent = SentCommands(bench)
        let second = await bench.run(
            "gp key rotate --key file:@new.key --new-key file:@third.key --yes --json")
        #expect(second.exit == .success && second.json?["changed"] == true, "\(second.output)")
        #expect(sent.commands.first { $0.ins == Instruction.initializeUpdate }?.p1 == 0)
        // The record is of the last one: the first again finds that its keys are not in force.
        bench.fault = { $1 }
        let stale = await bench.run(first)
        #expect(stale.problemCode == "wrong-keys", "\(stale.output)")
        #expect(await bench.run("gp list --allow-retry --key file:@third.key").exit == .success)
    }

    @Test("a file of keys that are not those of the ended rotation is never taken up")
    func otherFile() async throws {
        let bench = try bench("javacard-80k")
        let line = "gp key rotate --key file:@old.key --generate @made.key --yes --json"
        #expect(await bench.run(line).exit == .success)
        let made = try bench.read("made.key")
        try bench.write("made.key", "44444444444444444444444444444444\n")
        let other = await bench.run(line)
        #expect(other.problemCode == "key-file-exists" && other.exit == .cannotCreate, "\(other.output)")
        // The same keys, and a card on which they are not in force any more.
        try bench.write("made.key", made)
        let next = await bench.run("gp key rotate --key file:@made.key --new-key file:@new.key --yes")
        #expect(next.exit == .success, "\(next.errors)")
        let record = try bench.read("berth/key-rotations")
        let gone = await bench.run("gp key rotate --key file:@new.key --generate @made.key --yes --json")
        #expect(gone.problemCode == "key-file-exists", "\(gone.output)")
        #expect(try bench.read("berth/key-rotations") == record)
    }

    @Test("what is done pushes nothing out that is not, and a record that cannot be read is left as it is")
    func record() async throws {
        let bench = try bench("javacard-80k-predictable")
        let other = "4711-A000000151000000 255 48"
        let done = (0..<1_200).map { "\($0)-A000000151000000 1 2 done ABCDEF" }
        try FileManager.default.createDirectory(
            atPath: bench.folder + "/berth", withIntermediateDirectories: true)
        try bench.write("berth/key-rotations", ([other] + done).joined(separator: "\n") + "\n")
        let line = "gp key rotate --key file:@old.key --new-key file:@new.key --yes --json"
        #expect(await bench.run(line).exit == .success)
        let lines = try bench.read("berth/key-rotations").split(separator: "\n")
        #expect(lines.first.map(String.init) == other && lines.count == 1_001)
        #expect(lines.last?.contains(" done ") == true && lines[1].hasPrefix("201-"))
        for bad in [
            "4711", "4711 1", "4711 1 256", "4711 1 2 done", "4711 1 2 over ABCDEF", "4711 1 2 done AB",
        ] {
            try bench.write("berth/key-rotations", other + "\n" + bad + "\n")
            let outcome = await bench.run(line)
            #expect(
                outcome.exit == .configuration && outcome.problemCode == "rotation-memory-damaged", "\(bad)")
            #expect(try bench.read("berth/key-rotations") == other + "\n" + bad + "\n")
        }
    }

    @Test("interrupted anywhere with made keys, it goes on with the keys in the file")
    func interruptedGenerating() async throws {
        let line = "gp key rotate --key file:@old.key --generate @made.key --yes"
        let whole = try bench("javacard-80k")
        _ = await whole.run(line)
        for pull in (1...whole.commandCount).flatMap({ [CommandBench.Pull.before($0), .after($0)] }) {
            let bench = try bench("javacard-80k")
            bench.pull = pull
            let first = await bench.run(line)
            bench.pull = nil
            // Closing the spare channel comes last and is not waited for.
            guard first.exit != .success else { continue }
            let again = await bench.run(line)
            #expect(again.exit == .success, "\(pull): \(again.errors)")
            #expect(await opens(bench, "made.key"), "\(pull)")
        }
    }

    @Test("new keys that open no session are taken away again, and the old ones hold", arguments: profiles)
    func verificationFails(profile: String) async throws {
        let bench = try bench(profile)
        bench.fault = { command, answer in
            // The cryptogram begins at byte 20 (SCP02) or 21 (SCP03), so byte 22 is in both.
            guard command.ins == Instruction.initializeUpdate, command.p1 == 0x35, answer.data.count > 22
            else { return answer }
            var wrong = answer
            wrong.data[22] ^= 1
            return wrong
        }
        let outcome = await bench.run(
            "gp key rotate --key file:@old.key --new-key file:@new.key --new-key-version 0x35 --yes --json")
        #expect(outcome.exit == .mismatch, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.problemCode == "rotation-undone")
        bench.fault = { $1 }
        #expect(await opens(bench, "old.key"))
        let again = await bench.run("gp key rotate --key file:@old.key --new-key file:@new.key --yes")
        #expect(again.exit == .success, "\(again.errors)")
        #expect(await opens(bench, "new.key"))
    }

    @Test("check values of other keys end it, and the old keys hold", arguments: profiles)
    func otherCheckValues(profile: String) async throws {
        let bench = try bench(profile)
        bench.fault = { command, answer in
            guard command.ins == Instruction.putKey, answer.data.count > 3 else { return answer }
            var wrong = answer
            wrong.data[1] ^= 1
            return wrong
        }
        let outcome = await bench.run(
            "gp key rotate --key file:@old.key --new-key file:@new.key --yes --json --mode mac")
        bench.fault = { $1 }
        #expect(outcome.exit == .mismatch, "\(outcome.output)")
        #expect(await opens(bench, "old.key"))
    }

    @Test("a card that keeps one session only needs a word more where the old keys end first")
    func noSpareChannel() async throws {
        let bench = try bench("javacard-80k")
        bench.fault = { command, answer in
            command.ins == Instruction.manageChannel ? ResponseAPDU(status: 0x6881) : answer
        }
        let line = "gp key rotate --key file:@old.key --new-key file:@new.key --yes --json"
        let refused = await bench.run(line)
        #expect(refused.problemCode == "no-way-back" && refused.exit == .refused)
        #expect(bench.keyVersions == [0xFF])
        let done = await bench.run(line + " --one-way")
        #expect(done.exit == .success, "\(done.output)")
        #expect(await opens(bench, "new.key"))
    }

    @Test("in place: one command, the same version")
    func inPlace() async throws {
        let bench = try bench("javacard-80k-predictable")
        let outcome = await bench.run("gp key rotate --new-key file:@new.key --in-place --yes --json")
        #expect(outcome.exit == .success, "\(outcome.output)")
        #expect(outcome.json?["way"] == "in-place")
        #expect(bench.keyVersions == [0x30])
        #expect(await opens(bench, "new.key"))
    }

    @Test("--keep-old keeps both sets")
    func keepsOld() async throws {
        let bench = try bench("javacard-80k-predictable")
        let outcome = await bench.run("gp key rotate --new-key file:@new.key --keep-old --yes")
        #expect(outcome.exit == .success, "\(outcome.errors)")
        #expect(bench.keyVersions == [0x30, 0x31])
    }

    @Test(
        "a version that is taken, keys of no length, and two ways to give keys are refused before anything is sent",
        arguments: [
            ("--new-key file:@second.key --new-key-version 0x31", ExitCode.alreadyExists),
            ("--new-key 1234", .badData), ("--new-key file:@new.key --generate @x.key", .usage),
            ("--new-key file:@new.key --new-kdf auto", .usage), ("", .usage),
            ("--new-key-enc file:@new.key", .usage),
            ("--new-key file:@long.key --new-key-type des", .badData),
            ("--new-key file:@long.key --in-place", .unsupported), ("--new-key file:@none.key", .noInput),
            ("--generate /nowhere/made.key", .cannotCreate),
        ])
    func refusals(options: String, exit: ExitCode) async throws {
        let bench = try bench("javacard-80k-predictable")
        try bench.write("second.key", "22222222222222222222222222222222")
        try bench.write("long.key", String(repeating: "33", count: 32))
        let put = await bench.run("gp key put --new-key file:@second.key --new-key-version 0x31 --yes")
        #expect(put.exit == .success)
        let outcome = await bench.run("gp key rotate --key-version 0x30 --yes --json " + options)
        #expect(outcome.exit == exit, "\(outcome.output)")
        #expect(bench.keyVersions == [0x30, 0x31])
    }
}
