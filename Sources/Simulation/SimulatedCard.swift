internal import CardCrypto
internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

/// A card in somebody's pocket.
final class SimulatedCard {
    let number: Int
    let chip: VirtualCard
    let id: CardID
    let factoryKeySet: Card.KeySet
    let isClone: Bool
    let isAES: Bool

    init(number: Int, profile: CardProfile, environment: CardEnvironment, seed: UInt64) throws {
        self.number = number
        func make(_ profile: CardProfile) -> VirtualCard {
            VirtualCard(
                profile: profile, environment: environment,
                entropy: SeededEntropy(seed: seed.bigEndianBytes + [1, UInt8(truncatingIfNeeded: number)]))
        }
        var chip = make(profile)
        // Of two cards whose challenge is predictable one has keys that no other has.
        let hasOwnKeys = profile.name.hasSuffix("predictable") && (UInt64(number) ^ seed) & 1 == 1
        let data = chip.contents.card.diversificationData
        if hasOwnKeys { chip = make(try OwnKeys.profile(profile, of: data)) }
        self.chip = chip
        chip.powerOn()
        let identity = try CardLink(ChipChannel(chip)).run(IdentifyCard())
        guard let name = identity.cardID else { throw SimulationFailure.namelessCard(profile.name) }
        id = try CardID(name)
        isAES = profile.factoryKeys.type == .aes
        isClone = false
        factoryKeySet = Card.KeySet(
            masterKey: hasOwnKeys
                ? OwnKeys.masterKey : SimulatedCentre.masterKey(isAES: isAES, isFresh: false),
            version: profile.factoryKeys.version, channel: isAES ? .scp03 : .scp02,
            diversificationData: hasOwnKeys ? data : [],
            isChallengePredictable: profile.name.hasSuffix("predictable"))
    }

    private init(_ other: SimulatedCard, isClone: Bool, seed: UInt64) {
        number = other.number
        chip = other.chip.clone(entropy: SeededEntropy(seed: seed.bigEndianBytes))
        id = other.id
        isAES = other.isAES
        self.isClone = isClone
        factoryKeySet = other.factoryKeySet
    }

    /// A copy that pretends to be the card.
    func clone(seed: UInt64) -> SimulatedCard { SimulatedCard(self, isClone: true, seed: seed) }
    /// The same card, in another world.
    func twin(seed: UInt64) -> SimulatedCard { SimulatedCard(self, isClone: false, seed: seed) }

    /// What the next session with this key set shows: its counter (SCP03 counts first); `nil` without that key set.
    func nextCounter(ofKeys version: UInt8) -> UInt32? {
        let keySet = chip.contents.domains[chip.profile.issuerDomain]?.keySets.first {
            $0.channelProtocol != nil && $0.version == version
        }
        return keySet.map { isAES ? $0.sequenceCounter + 1 : $0.sequenceCounter }
    }

    var instances: Set<AID> { Set(chip.contents.applications.filter { !$0.isIssuerDomain }.map(\.aid)) }

    /// As a reader has it, which fetches what a card of T=0 keeps ready; `nil` once the card is out.
    func answer(_ command: CommandAPDU) -> ResponseAPDU? {
        guard chip.isPowered else { return nil }
        return try? ChipChannel(chip).exchange(command)
    }

    /// The holder does business: the answer's status.
    func use(_ example: ExampleApplication, _ command: [UInt8]) -> StatusWord? {
        chip.powerOn()
        guard answer(.select(example.module))?.status.isSuccess == true,
            let command = try? CommandAPDU(parsing: command)
        else { return nil }
        return answer(command)?.status
    }
}

/// Keys that are derived from everything that a card shows before a session: one for all three uses, since that is what
/// cards leave the factory with.
enum OwnKeys {
    static let scheme = "$_000000$0$1$2$3$4$5$6$7$8$9"
    static let material: [UInt8] = Array(0x70...0x7F)
    static let masterKey: MasterKeyName = {
        guard let name = try? MasterKeyName("aes-own") else {
            preconditionFailure("names of master keys are valid")
        }
        return name
    }()

    static func profile(_ profile: CardProfile, of data: [UInt8]) throws -> CardProfile {
        let key = try Diversification(parsing: scheme).derive(
            from: Secret(material), .mac, algorithm: .aes, data: data)
        let line = "key-value = " + key.withBytes { Array($0) }.hex
        let lines = profile.text.split(separator: "\n", omittingEmptySubsequences: false)
        return try CardProfile(
            text: lines.map { $0.hasPrefix("key-value =") ? line : String($0) }.joined(separator: "\n"))
    }
}

/// The card as a channel, for identifying it.
final class ChipChannel: CardChannel {
    private let chip: VirtualCard
    let answerToReset: [UInt8] = []
    init(_ chip: VirtualCard) { self.chip = chip }

    func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] {
        let answer = chip.process(command)
        guard !answer.isEmpty else { throw CardChannelError(.cardRemoved, "The card was taken out.") }
        return answer
    }
    func reset() throws(CardChannelError) { chip.powerOn() }
}

package enum SimulationFailure: Error, Hashable {
    case namelessCard(String)
    case unknownProfile(String)
    case refused(String)
}
