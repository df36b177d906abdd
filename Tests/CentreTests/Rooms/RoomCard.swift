import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Testing
import VirtualCard

/// A virtual card with an open session, on which things are loaded, installed and measured step by step.
final class RoomCard {
    private final class Channel: CardChannel {
        let card: VirtualCard
        let answerToReset: [UInt8]

        init(_ card: VirtualCard) {
            self.card = card
            answerToReset = card.powerOn()
        }

        func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] { card.process(command) }
        func reset() throws(CardChannelError) { _ = card.reset() }
    }

    let card: VirtualCard
    let link: CardLink
    let identity: CardIdentity
    let model: CardModel
    private(set) var measurements: [Footprint.Part: FootprintMeasurement] = [:]
    /// What the steps really took, whatever the card says.
    private(set) var truths: [Footprint.Part: Room] = [:]

    init(_ profile: String, seed: UInt8 = 1) throws {
        let environment = CardEnvironment(
            channels: StandardChannels(), authority: StandardAuthority(),
            runtimes: [ExampleApplications.runtime])
        let profile = try #require(CardProfile.builtIn(profile))
        card = VirtualCard(profile: profile, environment: environment, entropy: SeededEntropy(seed: [seed]))
        let channel = Channel(card)
        link = CardLink(channel)
        identity = try link.run(IdentifyCard())
        let scp02 = identity.secureChannels.first { $0.version == .scp02 }
        try link.authenticate(
            Handshake.Wish(
                hostChallenge: .init(repeating: 7, count: 8), level: .commandMAC,
                scp02Options: SCP02Options(rawValue: scp02?.options ?? 0x15),
                application: identity.issuerDomain),
            keys: KeySource(.one(Secret([UInt8](0x40...0x4F)))).provider)
        model = CardModel(
            profile: try ProfileName(profile.name),
            total: Room(nonVolatile: profile.memory.nonVolatileBytes, volatile: profile.memory.volatileBytes),
            blockBytes: profile.memory.blockBytes, instanceBytes: profile.memory.instanceBytes,
            domainBytes: profile.memory.domainBytes, hasQuotas: profile.memory.hasQuotas)
    }

    static let profiles = CardProfile.builtInTexts.map(\.name)
    var isHonest: Bool { card.profile.memory.reportPercent == 100 && card.profile.memory.hasReport }

    /// What FF21 says.
    func report() throws -> Room {
        let answer = try link.send(.getData(.extendedCardResources))
        let resources = try CardResources(value: BERTLV.readOne(answer.data).value)
        return Room(nonVolatile: resources.freeNonVolatile, volatile: resources.freeVolatile)
    }

    private var truth: Room {
        Room(nonVolatile: card.freeMemory.nonVolatile, volatile: card.freeMemory.volatile)
    }

    func contents() throws -> CardContents { try link.run(ReadContents()) }

    /// One command that must succeed.
    func must(_ command: CommandAPDU) throws {
        let status = try link.send(command).status
        try #require(status.isSuccess, "\(command) was answered \(status)")
    }

    @discardableResult
    func load(_ example: RoomExample, in dossier: inout CardDossier?) throws -> FootprintMeasurement {
        let blocks = try #require(
            LoadCommand.commands(
                loadFile: SignedLoadFile(dataBlock: example.dataBlock).encoded,
                blockBytesMax: link.commandDataMax))
        let load = InstallCommand.load(
            .init(loadFile: example.file.aid, securityDomain: nil, hash: [], parameters: []))
        let measurement = try measure(
            .loadFile(digest: example.file.digest), least: example.least
        ) { [load.command()] + blocks }
        dossier?.loaded(
            InstalledLoadFile(
                card: RoomFacts.id(), aid: example.file.aid, lifeCycle: 1,
                digest: example.file.digest), measurement, on: model)
        return measurement
    }

    @discardableResult
    func install(_ example: RoomExample, in dossier: inout CardDossier?) throws -> FootprintMeasurement? {
        guard let instance = example.instance else { return nil }
        let command = InstallCommand.install(
            .init(
                loadFile: instance.loadFile, module: instance.module, instance: instance.aid, privileges: []),
            makeSelectable: true)
        let measurement = try measure(
            .instance(example.release.id, instance.aid), least: Room(nonVolatile: 1)
        ) { [command.command()] }
        dossier?.installed(
            InstalledApplication(
                card: RoomFacts.id(), aid: instance.aid, lifeCycle: 7,
                loadFile: instance.loadFile, release: example.release.id),
            measurement, on: model)
        return measurement
    }

    private func measure(
        _ part: Footprint.Part, least: Room, _ commands: () -> [CommandAPDU]
    ) throws -> FootprintMeasurement {
        let (before, truthBefore) = (try report(), truth)
        for command in commands() { try must(command) }
        let measurement = FootprintMeasurement(before: before, after: try report(), least: least)
        measurements[part] = measurement
        truths[part] = truthBefore - truth
        return measurement
    }
}

/// An example application as a release of the catalogue.
struct RoomExample: Sendable {
    let release: Release
    let file: Release.LoadFile
    let instance: Release.Instance?
    let dataBlock: [UInt8]
    let least: Room

    init(_ example: ExampleApplication) throws {
        let cap = try CAPFile(example.capFile)
        dataBlock = cap.loadFileDataBlock()
        let digest = Digest.sha256.hash(dataBlock)
        let estimate = FootprintEstimate(cap, on: .typical)
        file = Release.LoadFile(
            aid: example.loadFile, digest: digest, byteCount: dataBlock.count,
            declared: Room(nonVolatile: estimate.code.expected))
        instance =
            example.isLibrary
            ? nil
            : Release.Instance(
                aid: example.module, module: example.module, loadFile: example.loadFile,
                declared: Room(nonVolatile: estimate.instances.first?.nonVolatile.expected ?? 0, volatile: 64)
            )
        let id = RoomFacts.release(example.rawValue)
        release = Release(
            id: id, loadFiles: [file], instances: [instance].compactMap { $0 }, parking: .stateless)
        least = Room(nonVolatile: estimate.code.low)
    }

    var parts: [Footprint.Part] {
        [.loadFile(digest: file.digest)] + [instance].compactMap { $0 }.map { .instance(release.id, $0.aid) }
    }

    /// The library first, which others need; all fit on a card of 80 kB, and the first four on one of 16 kB.
    static func some(on profile: String) throws -> [RoomExample] {
        let examples: [ExampleApplication] =
            profile == "small-16k"
            ? [.library, .loyalty, .identity] : [.library, .loyalty, .loans, .purse, .identity, .pass]
        return try examples.map { try RoomExample($0) }
    }
}
