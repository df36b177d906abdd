import Arguments
import Centre
import Commands
import Foundation
import JSON
import SmartCard
import TestSupport
import Testing

@Suite("berth terminal")
struct TerminalVerbTests {
    private struct Outcome {
        let exit: ExitCode
        let output: String
        let errors: String
        var json: JSONValue? { try? JSONValue(decoding: output) }
        var code: String? { json?["problem"]?["code"]?.stringValue }
    }

    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/berth-tv-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func run(_ line: String, environment: [String: String] = [:]) async -> Outcome {
        let (output, errors) = (MemorySink(), MemorySink())
        let variables = environment.merging(["BERTH_TERMINAL": folder + "/state", "COLUMNS": "200"]) {
            one, _ in one
        }
        let terminal = Terminal(
            output: output, errors: errors, input: DescriptorInput(descriptor: -1),
            environment: Environment(variables), clock: ContinuousClock(), interrupts: .none)
        let program = BerthProgram.make(
            .live, readers: .live, clock: ManualClock(Instant(milliseconds: 1_795_000_000_000)))
        let words = line.split(separator: " ").map(String.init)
        let exit = await program.run(["terminal"] + words, on: terminal)
        return Outcome(exit: exit, output: output.text, errors: errors.text)
    }

    private var identity: String { folder + "/state/identity.json" }

    @Test(
        "enrolment takes the code from anywhere but the command line, and keeps what comes for its user only")
    func enrol() async throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.text(
                "201 Created",
                #"{"terminal":"lobby-1","kind":"token","token":"berth_x","expiresAt":"2027-01-01T00:00:00Z"}"#
            )
        }
        defer { server.stop() }
        let outcome = await run(
            "enrol \(server.url) --terminal lobby-1 --json",
            environment: ["BERTH_ENROLMENT_CODE": "env:CODE", "CODE": "AAAAA-BBBBB"])
        #expect(outcome.exit == .success, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.json?["terminal"] == "lobby-1")
        #expect(!outcome.output.contains("berth_x"))
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("POST /v1/enrolments HTTP/1.1"))
        #expect(request.hasSuffix(#"{"terminal":"lobby-1","code":"AAAAA-BBBBB"}"#))
        let mode = try FileManager.default.attributesOfItem(atPath: identity)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let kept = try JSONValue(decoding: Array(try Data(contentsOf: URL(filePath: identity))))
        #expect(kept["token"] == "berth_x")
    }

    @Test("a code that is refused leaves nothing behind")
    func refusedCode() async throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.text(
                "403 Forbidden", #"{"code":"enrolment-code","detail":"The code is not good here."}"#)
        }
        defer { server.stop() }
        let outcome = await run(
            "enrol \(server.url) --terminal lobby-1 --code env:CODE --json", environment: ["CODE": "AAAAA"])
        #expect(outcome.code == "enrolment-code")
        #expect(outcome.exit == .notAuthenticated)
        #expect(!FileManager.default.fileExists(atPath: identity))
    }

    @Test(
        "what is wrong is said before anything is done",
        arguments: [
            ("enrol http://centre.example --terminal a --json", "usage"),
            ("add purse --json --yes", "not-enrolled"),
            ("add purse --json", "confirmation-needed"), ("add Purse! --json --yes", "usage"),
            ("statement --month november --json", "usage"), ("kiosk --json", "usage"),
            ("new-card --json --yes", "usage"), ("new-card --holder 1 --expiry soon --json --yes", "usage"),
            ("status --json", "not-enrolled"), ("serve --card x.card --json", "not-enrolled"),
        ])
    func refusals(line: String, code: String) async {
        let outcome = await run(line)
        #expect(outcome.code == code, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.exit != .success)
    }

    @Test("one program at a time is the terminal of a folder; looking at it is always possible")
    func busy() async throws {
        try FileManager.default.createDirectory(
            atPath: folder + "/state/reports", withIntermediateDirectories: true)
        let text = #"{"centre":"http://127.0.0.1:1","terminal":"lobby-1","token":"berth_x"}"#
        try Data(text.utf8).write(to: URL(filePath: identity))
        let half = folder + "/state/reports/00.report.new"
        try Data("{".utf8).write(to: URL(filePath: half))
        let other = open(folder + "/state/lock", O_RDWR | O_CREAT, 0o600)
        defer { close(other) }
        #expect(flock(other, LOCK_EX) == 0)
        for line in [
            "add purse --json --yes", "serve --json", "enrol http://127.0.0.1:1 --terminal a --json",
        ] {
            let outcome = await run(line, environment: ["BERTH_ENROLMENT_CODE": "env:CODE", "CODE": "A"])
            #expect(outcome.code == "terminal-busy" && outcome.exit == .tryAgain, "\(outcome.output)")
        }
        #expect(FileManager.default.fileExists(atPath: half))
        #expect(await run("status --json").exit == .success)
        flock(other, LOCK_UN)
        #expect(await run("work --json --card /nowhere.card").code != "terminal-busy")
        #expect(!FileManager.default.fileExists(atPath: half), "nobody else writes it")
    }

    @Test("a centre that is away is said calmly, and can be tried again")
    func away() async throws {
        try FileManager.default.createDirectory(atPath: folder + "/state", withIntermediateDirectories: true)
        let text = #"{"centre":"http://127.0.0.1:1","terminal":"lobby-1","token":"berth_x"}"#
        try Data(text.utf8).write(to: URL(filePath: identity))
        let outcome = await run("status --json")
        #expect(outcome.exit == .success)
        #expect(outcome.json?["answers"] == false)
        #expect(outcome.json?["reportsWaiting"] == 0)
    }
}

@Suite("What a terminal's service says again and again")
struct RepetitionTests {
    @Test("the same is said once, and asked for ever more seldom; what is new, at once")
    func once() {
        let repetition = Repetition()
        var said: [String] = []
        var pauses: [Duration] = []
        for word in ["unknown", "unknown", "unknown", "unknown", "unknown", "unknown", "progress"] {
            if repetition.isNew(word) { said.append(word) }
            pauses.append(repetition.pause())
        }
        #expect(said == ["unknown", "progress"])
        #expect(pauses == [1, 2, 4, 8, 10, 10, 1].map { .seconds($0) })
        // A turn in which nothing was said at all is no repetition.
        #expect(repetition.pause() == .seconds(1))
    }
}
