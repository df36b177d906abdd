import CardCrypto
import CardManagement
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

/// The card in hands of the off-card side, over the whole path of a command. Published vectors hold each side
/// by itself; this shows that the core asks the channel at the right moments, with the right bytes, over
/// either transport.
@Suite("A card and a host")
struct CoreHostTests {
    struct Situation: Sendable, CustomTestStringConvertible {
        let profile: String
        let level: SecurityLevel
        var testDescription: String { "\(profile), level \(level.rawValue)" }
    }

    static let levels: [SecurityLevel] = [
        [], [.commandMAC], [.commandMAC, .commandEncryption], [.commandMAC, .responseMAC],
        [.commandMAC, .commandEncryption, .responseMAC],
        [.commandMAC, .commandEncryption, .responseMAC, .responseEncryption],
    ]

    static let situations: [Situation] =
        ["small-16k", "uicc-64k", "javacard-80k", "javacard-80k-predictable", "javacard-80k-scp02"].flatMap {
            name in
            levels.compactMap { level in
                let options = CardProfile.builtIn(name)?.firstChannel
                return options?.offers(level) == true ? Situation(profile: name, level: level) : nil
            }
        }

    @Test("agree at every level, and after the keys have changed", arguments: situations)
    func wholePath(_ situation: Situation) throws {
        let host = try Host(situation.profile)
        try host.open(situation.level, keys: host.factoryKeys)
        #expect(try host.send(Step.getStatus("80")).status.isSuccess)
        for step in [Step.forLoad(Bench.packageAID)] + Step.loads(Step.loadFile(SampleCAP.applets)) {
            #expect(try host.send(step).status.isSuccess, "\(step.prefix(12))")
        }
        #expect(try host.send(Step.forInstall(CoreRules.applet)).data == [0x00])
        #expect(try host.send(Step.delete(CoreRules.other)).status == 0x6A88)
        #expect(try host.send(Step.getStatus("40")).data.hex.contains(CoreRules.applet))

        let keys = try host.newKeys(version: 0x21)
        let put = try PutKey(keySet: keys)
        let answer = try host.send(try put.command(for: try #require(host.session)))
        #expect(answer.data == (try put.expectedAnswer()))
        try host.open(situation.level, keys: keys)
        #expect(try host.send(Step.getStatus("80")).status.isSuccess)
    }

    @Test("agree on a command that is chained", arguments: situations)
    func chained(_ situation: Situation) throws {
        let host = try Host(situation.profile)
        try host.open(situation.level, keys: host.factoryKeys)
        for step in [Step.forLoad(Bench.packageAID)] + Step.loads(Step.loadFile(SampleCAP.applets)) {
            #expect(try host.send(step).status.isSuccess)
        }
        let parameters = BERTLV.encode(0xC9, [UInt8](repeating: 0x55, count: 400))
        var fields = SampleCAP.bytes(
            Bench.packageAID.counted + Bench.appletAID.counted + CoreRules.applet.counted + "0100")
        fields += BERTLV.encodeLength(parameters.count) + parameters + [0]
        let answers = try host.sendChained(CommandAPDU(0x80, 0xE6, 0x0C, 0x00, data: fields, expecting: 256))
        #expect(answers.allSatisfy { $0.status.isSuccess })
        #expect(host.bench.card.contents.application(try AID(hex: CoreRules.applet)) != nil)
        #expect(try host.send(Step.getStatus("80")).status.isSuccess)
    }

    @Test("an altered MAC is refused, and ends the session")
    func alteredMAC() throws {
        let host = try Host("javacard-80k")
        try host.open([.commandMAC], keys: host.factoryKeys)
        var command = try #require(host.session).wrapped(Step.getStatus("80"))
        command.data[command.data.count - 1] ^= 0x01
        #expect(try host.transmit(command).status == 0x6982)
        #expect(try host.transmit(try #require(host.session).wrapped(Step.getStatus("80"))).status == 0x6982)
    }
}

extension SecureSession {
    fileprivate func wrapped(_ hex: String) throws -> CommandAPDU {
        var copy = self
        return try copy.wrap(try CommandAPDU(parsing: SampleCAP.bytes(hex)))
    }
}

enum FirstChannel {
    case scp02(SCP02Options)
    case scp03(SCP03Options)

    func offers(_ level: SecurityLevel) -> Bool {
        switch self {
        case .scp02(let options): options.offers(level)
        case .scp03(let options): options.offers(level)
        }
    }
}

extension CardProfile {
    /// What the factory's keys open.
    var firstChannel: FirstChannel? {
        channelProtocol(for: factoryKeys.type).map {
            $0.version == .scp02
                ? .scp02(SCP02Options(rawValue: $0.options)) : .scp03(SCP03Options(rawValue: $0.options))
        }
    }
}

/// An off-card entity with its session.
final class Host {
    let bench: Bench
    let factoryKeys: CardKeys
    private(set) var session: SecureSession?
    private let profile: CardProfile

    init(_ name: String) throws {
        profile = try #require(CardProfile.builtIn(name))
        let environment = CardEnvironment(channels: StandardChannels(), authority: OpenAuthority())
        bench = Bench(
            VirtualCard(
                profile: profile, environment: environment, entropy: SeededEntropy(seed: [3])))
        factoryKeys = try Self.keys(
            profile.factoryKeys.type, version: profile.factoryKeys.version, profile.factoryKeys.value)
    }

    func newKeys(version: UInt8) throws -> CardKeys {
        try Self.keys(profile.factoryKeys.type, version: version, [UInt8](0x60...0x6F))
    }

    private static func keys(_ type: KeyType, version: UInt8, _ value: [UInt8]) throws -> CardKeys {
        try CardKeys(
            type == .aes ? .aes : .tripleDES, version: version, encryption: Secret(value), mac: Secret(value),
            dataEncryption: Secret(value))
    }

    func open(_ level: SecurityLevel, keys: CardKeys) throws {
        session = nil
        _ = try transmit(try CommandAPDU(parsing: SampleCAP.bytes(Step.select(Bench.issuer))))
        // The factory's keys are found without their version; which of several sets is the default is the
        // card's choice.
        let version = keys.version == profile.factoryKeys.version ? 0 : keys.version
        var wish = Handshake.Wish(
            hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8], level: level, keyVersion: version)
        if case .scp02(let options)? = profile.firstChannel { wish.scp02Options = options }
        var handshake = Handshake(wish) { _ throws(KeySourceError) in keys }
        var action = handshake.start()
        for _ in 0..<4 {
            switch action {
            case .send(let command): action = handshake.received(try transmit(command))
            case .established(let session):
                self.session = session
                return
            case .failed(let failure): throw failure
            }
        }
    }

    func send(_ hex: String) throws -> ResponseAPDU {
        try send(try CommandAPDU(parsing: SampleCAP.bytes(hex)))
    }

    func send(_ command: CommandAPDU) throws -> ResponseAPDU {
        var open = try #require(session)
        defer { session = open }
        return try open.unwrap(try transmit(try open.wrap(command)))
    }

    func sendChained(_ command: CommandAPDU) throws -> [ResponseAPDU] {
        var open = try #require(session)
        defer { session = open }
        let parts = try open.wrapChained(command)
        #expect(parts.count > 1)
        return try parts.map { try open.unwrap(try transmit($0)) }
    }

    /// As a reader does it: GET RESPONSE after 61xx, and again with the exact length after 6Cxx.
    func transmit(_ command: CommandAPDU) throws -> ResponseAPDU {
        var answer = try ResponseAPDU(parsing: bench.card.process(command.bytes))
        var data = answer.data
        for _ in 0..<8 {
            let next: CommandAPDU
            switch answer.status.classification {
            case .moreData(let count): next = CommandAPDU(0x00, 0xC0, 0, 0, expecting: count)
            case .wrongLength(let length):
                var again = command
                again.expectedLength = length
                next = again
            default: return ResponseAPDU(data: data, status: answer.status)
            }
            answer = try ResponseAPDU(parsing: bench.card.process(next.bytes))
            data += answer.data
        }
        return ResponseAPDU(data: data, status: answer.status)
    }
}
