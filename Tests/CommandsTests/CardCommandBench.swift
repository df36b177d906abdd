import Arguments
import CardCrypto
import CardManagement
import FoundationEssentials
import GlobalPlatform
import JSON
import Readers
import SmartCard
import Testing
import VirtualCard

@testable import Commands

/// A folder for cards, and command lines of `berth card` that meet it.
final class CardCommandBench: Sendable {
    struct Outcome {
        let exit: ExitCode
        let output: String
        let errors: String

        var json: JSONValue? { try? JSONValue(decoding: output) }
        var problemCode: String? { json?["problem"]?["code"]?.stringValue }
        var text: String { output + errors }
    }

    static let package = "F04265727401"
    static let applet = "F0426572740101"
    /// 2026-11-21T10:00:16Z.
    static let now: Int64 = 1_795_255_216

    let folder: String
    let workshop: CardWorkshop

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/berth-cards-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        workshop = CardWorkshop(
            environment: CardEnvironment(
                channels: StandardChannels(), authority: StandardAuthority(), runtimes: []),
            entropy: { SystemEntropy() }, now: { Self.now })
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { folder + "/" + name }

    /// Runs `berth card` with the words; a word that names a file of the bench begins with `@`.
    func run(_ line: String, input: [String] = [], isPerson: Bool = false) async -> Outcome {
        let output = MemorySink()
        let errors = MemorySink()
        let terminal = Terminal(
            output: output, errors: errors, input: ScriptedInput(input, isTerminal: isPerson),
            environment: Environment(["COLUMNS": "200"]), clock: ContinuousClock(), interrupts: .none)
        let words = line.split(separator: " ").map { String($0).replacing("@", with: folder + "/") }
        let program = Program(
            "berth", "Test", version: "0", date: "2026-01-01", commands: [CardCommands.noun(self.workshop)])
        let exit = await program.run(["card"] + words, on: terminal)
        return Outcome(exit: exit, output: output.text, errors: errors.text)
    }

    /// Makes a card that must be made.
    func create(_ name: String, _ options: String = "") async throws {
        let outcome = await run("create @\(name) \(options) --json")
        try #require(outcome.exit == .success, "\(outcome.text)")
    }

    func info(_ name: String) async throws -> JSONValue {
        try #require(await run("info @\(name) --json").json)
    }

    /// Puts the card to use as `--card FILE` does.
    func use(_ name: String) throws -> any CardChannel { try CardOpener.file(in: workshop)(path(name)) }

    /// Sends commands in hex to the card in one use of it, and gives the answers in hex.
    func send(_ commands: [String], to name: String) throws -> [String] {
        let channel = try use(name)
        return try commands.map { try channel.transmit(try Hex.decode($0)).hex }
    }

    func bytes(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path(name)).map { Array($0) }
    }

    /// Names the contents of a file, in short.
    func fingerprint(_ name: String) -> String? { bytes(name).map { Digest.sha256.hash($0).hex } }

    func write(_ name: String, _ bytes: [UInt8]) {
        _ = FileManager.default.createFile(atPath: path(name), contents: Data(bytes))
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// Loads and installs an application with the card's factory keys.
    func install(on name: String) throws {
        let link = CardLink(try use(name))
        _ = try link.send(.select(nil))
        let wish = Handshake.Wish(
            hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8], level: .commandMAC, keyVersion: 0,
            scp02Options: SCP02Options(rawValue: 0x15))
        try link.authenticate(wish, keys: KeySource(.one(Secret(Array(0x40...0x4F)))).provider)
        let package = try AID(hex: Self.package)
        let applet = try AID(hex: Self.applet)
        let cap = try CAPFile(
            CAPBlueprint(
                aid: package, version: CAPVersion(1, 0), packageName: "org.berth.idle",
                applets: [.init(aid: applet, name: "Idle")]
            ).build())
        let load = InstallCommand.load(.init(loadFile: package, securityDomain: nil)).command()
        let file = BERTLV.encode(.loadFileDataBlock, cap.loadFileDataBlock())
        let blocks = try #require(LoadCommand.commands(loadFile: file, blockBytesMax: link.commandDataMax))
        let install = InstallCommand.install(
            .init(loadFile: package, module: applet, instance: applet), makeSelectable: true
        ).command()
        for command in [load] + blocks + [install] {
            let answer = try link.send(command)
            try #require(answer.status.isSuccess, "\(command): \(answer.status)")
        }
    }
}
