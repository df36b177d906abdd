import Arguments
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@Suite("Secrets stay out of everything that is shown")
struct TraceSecretTests {
    /// No other bytes of a session look like this.
    private static let marker = "D00DFEEDCAFEBABE0BADF00DDEADBEEF"
    private static let modes = ["clr", "mac", "enc", "rmac", "enc+rmac", "renc"]

    /// Neither the marker nor any six bytes of it, in any case of letters, with or without spaces.
    private static func expectSafe(_ outcome: Outcome, _ line: String) {
        let shown = (outcome.output + outcome.errors).uppercased().filter { !$0.isWhitespace }
        for start in 0...10 {
            let part = marker.dropFirst(start * 2).prefix(12)
            #expect(!shown.contains(part), "\(line) shows \(part)")
        }
    }

    @Test(
        "keys that are put, rotated to and authenticated with, with --trace in every mode", arguments: modes)
    func keys(mode: String) async throws {
        // Not a card with initial keys, which end with the first set that is put.
        let bench = try CommandBench("javacard-80k-predictable")
        try bench.write("marker.key", Self.marker)
        let options = " --trace --mode \(mode)"
        let key = " --key file:@marker.key"
        for line in [
            "gp key put --new-key file:@marker.key --new-key-version 0x31 --yes",
            "gp key put --new-key \(Self.marker) --new-key-version 0x32 --yes",
            "gp key put --single --new-key file:@marker.key --new-key-version 0x71 --yes",
            "gp list --key-version 0x31" + key, "gp list --key-version 0x31 --key \(Self.marker)",
            "gp key delete 0x32 --yes --key-version 0x31" + key,
            "gp key rotate --key-version 0x31 --new-key-version 0x33 --yes --new-key file:@marker.key"
                + key,
        ] {
            let outcome = await bench.run(line + options)
            #expect(outcome.exit == .success, "\(line): \(outcome.errors)")
            #expect(outcome.errors.contains("EXTERNAL AUTHENTICATE"), "nothing was traced")
            Self.expectSafe(outcome, line)
        }
    }

    @Test("data of applications and domains, with --trace in every mode", arguments: modes)
    func data(mode: String) async throws {
        let bench = try CommandBench()
        try bench.installApplet()
        try bench.write("data.hex", Self.marker)
        for line in [
            "gp personalise \(CommandBench.applet) --data file:@data.hex",
            "gp personalise \(CommandBench.applet) --data \(Self.marker)",
            "gp personalise \(CommandBench.applet) --format dgi --data 800110\(Self.marker)",
        ] {
            let outcome = await bench.run(line + " --trace --mode \(mode)")
            #expect(outcome.exit == .success, "\(line): \(outcome.errors)")
            Self.expectSafe(outcome, line)
        }
    }

    @Test(
        "parameters of an installation, with --trace in every mode that may manage",
        arguments: modes.dropFirst())
    func parameters(mode: String) async throws {
        let bench = try CommandBench()
        try bench.writeSuite("suite.cap")
        let line = "gp install @suite.cap --all --params \(Self.marker)"
        let outcome = await bench.run(line + " --trace --mode \(mode)")
        #expect(outcome.exit == .success, "\(outcome.errors)")
        #expect(outcome.errors.contains("application parameters: 16 bytes"))
        Self.expectSafe(outcome, line)
    }

    @Test("wrong keys and refused commands tell nothing of them either")
    func refusals() async throws {
        let bench = try CommandBench()
        try bench.write("marker.key", Self.marker)
        try bench.write("long.key", Self.marker + "AA")
        for (line, exit) in [
            ("gp list --key file:@marker.key", ExitCode.notAuthenticated),
            ("gp list --key file:@long.key", .badData),
            ("gp list --key \(Self.marker)ZZ", .badData),
            ("gp list --key-enc \(Self.marker)", .usage),
            ("gp key put --key default --new-key \(Self.marker)00 --new-key-version 0x31", .badData),
        ] {
            for form in ["", " --json"] {
                let outcome = await bench.run(
                    line + " --trace --allow-retry" + form, variables: ["BERTH_KEY": ""])
                #expect(outcome.exit == exit, "\(line): \(outcome.output)\(outcome.errors)")
                Self.expectSafe(outcome, line)
            }
        }
    }

    @Test("a key on the command line works and warns; from elsewhere it does not warn")
    func warning() async throws {
        let bench = try CommandBench()
        let key = "404142434445464748494A4B4C4D4E4F"
        try bench.write("test.key", key)
        let warned = await bench.run("gp list --key \(key)")
        #expect(warned.exit == .success && warned.errors.contains("can be seen by every program"))
        for line in ["gp list --key file:@test.key", "gp list --key env:CARD_KEY", "gp list"] {
            let quiet = await bench.run(line, variables: ["CARD_KEY": key])
            #expect(quiet.exit == .success, "\(line): \(quiet.errors)")
            #expect(!quiet.errors.contains("can be seen"), "\(line)")
        }
        let variable = await bench.run("gp list", variables: ["BERTH_KEY": "env:CARD_KEY", "CARD_KEY": key])
        #expect(variable.exit == .success && !variable.errors.contains("test key"))
    }
}
