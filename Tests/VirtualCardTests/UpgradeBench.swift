import CardCrypto
import GlobalPlatform
import SmartCard
import Testing

@testable import VirtualCard

/// A card that upgrades load files, and what is sent to it, over real secure channels.
enum Upgrade {
    static let profile = "javacard-80k-upgrade"
    static let package = "F05570677201"
    static let module = package + "01"
    static let (one, two) = (package + "0A", package + "0B")

    static let interface = SampleCAP.package("A00000015107", major: 1, minor: 1)

    static func block(_ minor: UInt8, isUpgradable: Bool = true) -> [UInt8] {
        SampleCAP.block(
            package, minor: minor, applets: [module],
            imports: [RulesFiles.framework] + (isUpgradable ? [interface] : []),
            methodBytes: 200 + Int(minor))
    }

    // MARK: Acts

    static func start(_ aid: String = package, options: String = "") -> Act {
        .send("80EA0100", RulesBytes.tlv("A1", RulesBytes.tlv("4F", aid) + options))
    }
    static let resume = Act.send("80EA0200")
    static let recovery = Act.send("80EA0300")
    static let abort = Act.send("80EA0400")
    static let status = Act.send("80EA0800")

    static func load(_ minor: UInt8) -> [Act] { Act.loading(package, block(minor)) }

    /// The answer that tells a state of this load file.
    static func told(_ state: String) -> String { "000DA10B9001" + state + "4F06" + package + "9000" }
    static let nothing = "0005A103900100" + "9000"

    /// Version 1.0 with one instance that was given a word, or with two.
    static let ready: [Act] =
        Act.issuer + load(0) + [.forInstall(one, package: package, module: module)] + word(one, "CAFE")
    static let both: [Act] =
        ready + [.forInstall(two, package: package, module: module)] + word(two, "BEEF")
    static let waiting: [Act] = ready + [start()]

    static func word(_ aid: String, _ word: String) -> [Act] {
        [.select(aid), .raw("8010000002" + word)] + Act.issuer
    }

    static func host(_ programs: WordProgram = WordProgram()) throws -> RulesHost {
        let profile = try #require(RulesHost.profiles[profile])
        return RulesHost(
            VirtualCard(
                profile: profile, environment: try environment(programs), entropy: SeededEntropy(seed: [1])))
    }

    static func environment(_ program: WordProgram = WordProgram()) throws -> CardEnvironment {
        CardEnvironment(
            channels: StandardChannels(), authority: StandardAuthority(), runtimes: [WordRuntime(program)],
            library: RulesHost.library)
    }
}

/// Finds the same program in every version, which it is told.
struct WordRuntime: ApplicationRuntime {
    let program: WordProgram
    init(_ program: WordProgram) { self.program = program }

    func program(for module: ExecutableModule) -> (any CardProgram)? {
        guard module.loadFile.bytes.hex == Upgrade.package else { return nil }
        var program = program
        program.version = module.loadFileVersion
        return program
    }
}

/// Keeps a word of two bytes: `8010` writes it, `8012` reads it with the version of the code and what was called.
struct WordProgram: UpgradableProgram {
    var version: [UInt8] = []
    /// What this minor version refuses.
    var refusesSaving: UInt8?
    var refusesRestoring: UInt8?
    /// Makes what it wrote durable on its own.
    var checkpoints = false

    func install(_ request: InstallationRequest, in context: ApplicationContext) throws(Refusal) {
        try context.create(1, byteCount: 2)
        if checkpoints { context.checkpoint() }
        try context.create(2, byteCount: 2)
    }

    func process(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> ResponseAPDU {
        switch command.ins {
        case 0x10:
            try context.write(command.data, to: 1)
            return ResponseAPDU()
        case 0x12: return ResponseAPDU(data: version + (context.read(1) ?? []) + (context.read(2) ?? []))
        default: throw .instructionNotSupported
        }
    }

    func save(in context: ApplicationContext) throws(Refusal) -> [UInt8] {
        if refusesSaving == version.last { throw .notEnoughMemory }
        return context.read(1) ?? []
    }

    func cleanUp(in context: ApplicationContext) throws(Refusal) {
        // What is written here is gone with the old instance, and must not be in what was saved.
        try context.write([0xFF, 0xFF], to: 1)
    }

    func restore(
        _ element: [UInt8], from version: [UInt8], in context: ApplicationContext
    ) throws(Refusal) {
        if refusesRestoring == self.version.last { throw .incorrectData }
        try context.write(element, to: 1)
        try context.write(version, to: 2)
    }

    func consolidate(in context: ApplicationContext) throws(Refusal) {
        if refusesRestoring != nil { throw .conditionsNotSatisfied }
    }
}
