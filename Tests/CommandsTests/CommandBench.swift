import Arguments
import CardCrypto
import CardManagement
import Commands
import FoundationEssentials
import GlobalPlatform
import JSON
import Readers
import SmartCard
import Synchronization
import TestSupport
import Testing
import VirtualCard

import struct Centre.Instant
import class Centre.ManualClock

/// What a command line came to.
struct Outcome {
    let exit: ExitCode
    let output: String
    let errors: String

    /// The first JSON value of the output.
    var json: JSONValue? { lines.first }
    var lines: [JSONValue] {
        output.split(separator: "\n").compactMap { try? JSONValue(decoding: String($0)) }
    }
    var problemCode: String? { lines.last?["problem"]?["code"]?.stringValue }
}

/// A program that keeps what it is personalised with, and gives it back when asked to answer.
struct KeepingProgram: CardProgram {
    func install(_ request: InstallationRequest, in context: ApplicationContext) throws(Refusal) {
        try context.create(1, byteCount: 4)
    }

    func process(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> ResponseAPDU {
        guard command.ins == 0xB0 else { throw .instructionNotSupported }
        return ResponseAPDU(data: context.read(1) ?? [])
    }

    func storeData(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> [UInt8] {
        guard command.data.count >= 4 else { throw .incorrectData }
        try context.write(Array(command.data.prefix(4)), to: 1)
        return command.p1 & 0x01 != 0 ? command.data.reversed() : []
    }
}

/// A virtual card in a reader, and command lines that meet it as they would a real one.
final class CommandBench: @unchecked Sendable {
    // One command line runs at a time, on the task of the test.
    static let package = "F04265727401"
    static let applet = "F0426572740101"
    static let issuer = "A000000151000000"

    enum Pull: Hashable {
        /// The card is gone before it sees the command.
        case before(Int)
        /// The card has done it, and the answer is lost.
        case after(Int)
    }

    let card: VirtualCard
    let folder: String
    var pull: Pull?
    /// Changes what the card answers, as a card with a fault of its own would.
    var fault: (CommandAPDU, ResponseAPDU) -> ResponseAPDU = { $1 }
    private(set) var commandCount = 0
    /// How many commands each message carried; a command that went out on its own is none.
    private(set) var messages: [Int] = []
    /// How the reader was asked to connect.
    private(set) var connectOptions: ConnectOptions?
    /// What GET RESPONSE asks the rest of.
    private var asked: CommandAPDU?

    init(_ profile: String = "javacard-80k") throws {
        let name = try NativeRuntime.Name(loadFile: AID(hex: Self.package), module: AID(hex: Self.applet))
        let environment = CardEnvironment(
            channels: StandardChannels(), authority: StandardAuthority(),
            runtimes: [NativeRuntime([name: KeepingProgram()])])
        card = VirtualCard(
            profile: try #require(CardProfile.builtIn(profile)), environment: environment,
            entropy: SeededEntropy(seed: [1]))
        folder = FileManager.default.temporaryDirectory.path + "/berth-commands-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Runs `berth` with the words; a word that names a file of the bench begins with `@`. The key is the test key
    /// unless `BERTH_KEY` is another, or empty for none.
    func run(
        _ line: String, input: [String] = [], isPerson: Bool = true, variables: [String: String] = [:]
    ) async -> Outcome {
        commandCount = 0
        messages = []
        let output = MemorySink()
        let errors = MemorySink()
        var environment = variables
        environment["XDG_STATE_HOME"] = folder
        environment["BERTH_KEY"] = variables["BERTH_KEY", default: "default"]
        if environment["BERTH_KEY"] == "" { environment["BERTH_KEY"] = nil }
        let terminal = Terminal(
            output: output, errors: errors, input: ScriptedInput(input, isTerminal: isPerson),
            environment: Environment(environment), clock: ContinuousClock(), interrupts: .none)
        let opener = CardOpener(
            openFile: CardOpener.file(in: .live),
            openReader: { _, options in
                self.connectOptions = options
                return BenchChannel(self)
            })
        let words = line.split(separator: " ").map { String($0.replacing("@", with: folder + "/")) }
        let exit = await BerthProgram.make(
            opener, readers: .none, clock: ManualClock(Instant(milliseconds: 0))
        ).run(words, on: terminal)
        card.powerOff()
        return Outcome(exit: exit, output: output.text, errors: errors.text)
    }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
    }

    /// Loads and installs the keeping program with the card's factory keys.
    func installApplet() throws {
        let link = CardLink(BenchChannel(self))
        _ = try link.send(.select(nil))
        let version = card.profile.factoryKeys.version
        let keys = KeySource(.one(Secret(card.profile.factoryKeys.value)))
        try link.authenticate(
            .init(
                hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8], level: .commandMAC, keyVersion: version,
                scp02Options: SCP02Options(rawValue: card.profile.scp02Options ?? 0x15)),
            keys: keys.provider)
        let package = try AID(hex: Self.package)
        let applet = try AID(hex: Self.applet)
        let cap = try CAPFile(
            CAPBlueprint(
                aid: package, version: CAPVersion(1, 0), packageName: "org.berth.keeping",
                applets: [.init(aid: applet, name: "Keeping")]
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
        card.powerOff()
    }

    fileprivate func noteMessage(_ count: Int) { messages.append(count) }

    fileprivate func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] {
        commandCount += 1
        if pull == .before(commandCount) { throw removed() }
        let answer = card.process(command)
        guard pull != .after(commandCount), !answer.isEmpty else { throw removed() }
        guard let parsed = try? CommandAPDU(parsing: command),
            let response = try? ResponseAPDU(parsing: answer)
        else { return answer }
        if parsed.ins != Instruction.getResponse { asked = parsed }
        return fault(asked ?? parsed, response).bytes
    }

    private func removed() -> CardChannelError {
        card.powerOff()
        return CardChannelError(.cardRemoved, "The card was removed.")
    }
}

/// The way to the card of a bench; opening it is inserting the card.
private final class BenchChannel: CardChannel {
    let answerToReset: [UInt8]
    private let bench: CommandBench

    init(_ bench: CommandBench) {
        self.bench = bench
        answerToReset = bench.card.powerOn()
    }

    func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] { try bench.transmit(command) }
    func reset() throws(CardChannelError) { bench.card.reset() }

    func exchange(message: [CommandAPDU]) throws(CardChannelError) -> [ResponseAPDU] {
        bench.noteMessage(message.count)
        return try message.map { (command) throws(CardChannelError) in try exchange(command) }
    }
}

extension ReaderSource {
    static let none = ReaderSource(list: { [] }, watch: { { _ in [] } })
}

extension CommandBench {
    var issuer: ApplicationEntry { card.contents.issuerDomain }

    func entry(_ aid: String) -> ApplicationEntry? {
        (try? AID(hex: aid)).flatMap { card.contents.application($0) }
    }

    /// The versions of the issuer domain's keys, as the card itself knows them.
    var keyVersions: [UInt8] {
        (card.contents.domains[issuer.aid]?.keySets.map(\.version) ?? []).sorted()
    }
}
