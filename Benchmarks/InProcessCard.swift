internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

/// A virtual card without reader and service between it and the host's side.
final class InProcessCard: CardChannel {
    let answerToReset: [UInt8]
    private let card: VirtualCard

    /// - Parameter isPowered: in the middle of a session; the card is not powered anew.
    init(_ card: VirtualCard, isPowered: Bool = false) {
        self.card = card
        answerToReset = isPowered ? [] : card.powerOn()
    }

    func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] {
        let answer = card.process(command)
        guard !answer.isEmpty else { throw CardChannelError(.cardMute, "The card does not answer.") }
        return answer
    }

    func reset() throws(CardChannelError) { card.reset() }
}

/// Where the figures' cards come from, and what is done to them.
struct CardFactory {
    let profile: CardProfile
    let environment = CardEnvironment(channels: StandardChannels(), authority: StandardAuthority())
    private let entropy: SeededEntropy
    private let keys: CardKeys

    init() throws {
        guard let profile = CardProfile.builtIn("javacard-80k") else {
            throw BenchmarkError("there is no profile javacard-80k")
        }
        self.profile = profile
        entropy = SeededEntropy(seed: filler(16, seed: 9))
        let value = profile.factoryKeys.value
        keys = try CardKeys(
            .aes, version: profile.factoryKeys.version, encryption: Secret(value), mac: Secret(value),
            dataEncryption: Secret(value))
    }

    /// All cards draw from one source, as the cards of one simulation do.
    func card() -> VirtualCard {
        VirtualCard(profile: profile, environment: environment, entropy: entropy)
    }

    func authenticate(_ link: CardLink) throws {
        let keys = keys
        try link.authenticate(
            Handshake.Wish(hostChallenge: filler(8, seed: 7), level: SCP03Fixture.level),
            keys: { (_) throws(KeySourceError) -> CardKeys in keys })
    }

    /// Answers the link in its open session.
    func select(_ card: VirtualCard) throws -> CardLink {
        let link = CardLink(InProcessCard(card))
        try Self.expectSuccess(link.send(.select(profile.issuerDomain)))
        try authenticate(link)
        return link
    }

    /// INSTALL [for load], LOAD, INSTALL [for install and make selectable], in a session with all protection.
    func install(_ application: LoadedApplication, on link: CardLink) throws {
        try Self.expectSuccess(
            link.send(
                InstallCommand.load(.init(loadFile: application.package, securityDomain: nil)).command()))
        guard
            let blocks = LoadCommand.commands(
                loadFile: application.loadFile.bytes, blockBytesMax: link.commandDataMax)
        else { throw BenchmarkError("the load file has too many blocks") }
        for block in blocks { try Self.expectSuccess(link.send(block)) }
        let install = InstallCommand.Install(
            loadFile: application.package, module: application.applet, instance: application.applet)
        try Self.expectSuccess(link.send(InstallCommand.install(install, makeSelectable: true).command()))
    }

    static func expectSuccess(_ answer: ResponseAPDU) throws {
        guard answer.status.isSuccess else { throw BenchmarkError("the card answers \(answer.status)") }
    }
}

/// A CAP file of one applet, ready to be loaded.
struct LoadedApplication {
    let package: AID
    let applet: AID
    let loadFile: LoadFile

    init(archive: [UInt8]) throws {
        let cap = try CAPFile(archive)
        guard let applet = cap.applets.first else { throw BenchmarkError("the CAP file has no applet") }
        package = cap.loadFile.aid
        self.applet = applet.aid
        loadFile = cap.loadFile()
    }
}
