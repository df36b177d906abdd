internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Testing
internal import VirtualCard

/// A virtual card as a channel, with what a reader can do to it: pull it at any command, before or after it was
/// carried out.
final class TestReader: CardChannel {
    let card: VirtualCard
    private(set) var answerToReset: [UInt8]
    private(set) var exchangeCount = 0
    /// The number of the command at which the card is pulled, and whether it was carried out by then.
    var pull: (exchange: Int, isCarriedOut: Bool)?

    init(_ card: VirtualCard) {
        self.card = card
        answerToReset = card.powerOn()
    }

    func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] {
        defer { exchangeCount += 1 }
        if let pull, pull.exchange == exchangeCount {
            if pull.isCarriedOut { _ = card.process(command) }
            card.powerOff()
            throw CardChannelError(.cardRemoved, "The card was taken out.")
        }
        let answer = card.process(command)
        guard !answer.isEmpty else { throw CardChannelError(.cardMute, "The card does not answer.") }
        return answer
    }

    func reset() throws(CardChannelError) { answerToReset = card.reset() }

    /// Puts the card back in.
    func insert() {
        pull = nil
        answerToReset = card.powerOn()
    }
}

/// Cards and keys for the tests in which both sides meet.
enum Bench {
    static let testKey = [UInt8](0x40...0x4F)
    static let profiles = CardProfile.builtInTexts.map(\.name)

    static func card(_ profile: String, seed: UInt8 = 1) throws -> VirtualCard {
        let environment = CardEnvironment(channels: StandardChannels(), authority: StandardAuthority())
        return VirtualCard(
            profile: try #require(CardProfile.builtIn(profile)), environment: environment,
            entropy: SeededEntropy(seed: [seed]))
    }

    static func keys(_ key: [UInt8] = testKey) -> KeyProvider { KeySource(.one(Secret(key))).provider }

    /// Selects the default domain and opens a session.
    static func open(
        _ reader: TestReader, level: SecurityLevel = .commandMAC, challenge: UInt8 = 7, keyVersion: UInt8 = 0,
        keys: @escaping KeyProvider = keys()
    ) throws -> CardLink {
        let link = CardLink(reader)
        let identity = try link.run(IdentifyCard())
        let scp02 = identity.secureChannels.first { $0.version == .scp02 }
        let wish = Handshake.Wish(
            hostChallenge: .init(repeating: challenge, count: 8), level: level, keyVersion: keyVersion,
            scp02Options: SCP02Options(rawValue: scp02?.options ?? 0x15), application: identity.issuerDomain)
        try link.authenticate(wish, keys: keys)
        return link
    }

    /// A CAP file with two applets, and the request to install the first.
    static func suite(codeBytes: Int = 2_000) throws -> CAPFile {
        let blueprint = CAPBlueprint(
            aid: try AID(hex: "F04265727468"), version: CAPVersion(1, 0), packageName: "berth.suite",
            applets: [
                .init(aid: try AID(hex: "F0426572746801"), name: "First"),
                .init(aid: try AID(hex: "F0426572746802"), name: "Second"),
            ], codeBytes: codeBytes)
        return try CAPFile(blueprint.build())
    }

    static func request(_ file: CAPFile, applets: Int = 2) -> InstallRequest {
        let estimate = FootprintEstimate(file, on: .typical).nonVolatile
        return InstallRequest(
            package: .init(
                aid: file.loadFile.aid, major: file.loadFile.version.major, minor: file.loadFile.version.minor
            ),
            imports: file.imports.map {
                .init(aid: $0.aid, major: $0.version.major, minor: $0.version.minor)
            }, modules: file.applets.map(\.aid),
            instances: file.applets.prefix(applets).map { .init(module: $0.aid, aid: $0.aid) },
            nonVolatileLow: estimate.low, nonVolatileExpected: estimate.expected, volatileExpected: 0)
    }

    /// What `berth gp install` does: look, decide, carry out.
    static func install(_ file: CAPFile, _ link: CardLink, applets: Int = 2) throws -> InstallPlan {
        let contents = try link.run(ReadContents(scopes: [.applications, .loadFilesAndModules]))
        let plan = InstallPlan(request(file, applets: applets), on: contents)
        let load = InstallProcedure.Load(
            securityDomain: nil, loadFile: SignedLoadFile(dataBlock: file.loadFileDataBlock()).encoded)
        let procedure = try #require(
            InstallProcedure(
                plan: plan, package: file.loadFile.aid, load: load, domain: nil,
                blockBytesMax: link.commandDataMax))
        _ = try link.run(procedure)
        return plan
    }
}
