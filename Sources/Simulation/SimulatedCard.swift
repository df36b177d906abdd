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
        chip = VirtualCard(
            profile: profile, environment: environment,
            entropy: SeededEntropy(seed: seed.bigEndianBytes + [1, UInt8(truncatingIfNeeded: number)]))
        chip.powerOn()
        let identity = try CardLink(ChipChannel(chip)).run(IdentifyCard())
        guard let name = identity.cardID else { throw SimulationFailure.namelessCard(profile.name) }
        id = try CardID(name)
        isAES = profile.factoryKeys.type == .aes
        isClone = false
        factoryKeySet = Card.KeySet(
            masterKey: SimulatedCentre.masterKey(isAES: isAES, isFresh: false),
            version: profile.factoryKeys.version, channel: isAES ? .scp03 : .scp02,
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
