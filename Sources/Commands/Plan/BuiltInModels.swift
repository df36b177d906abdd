internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import VirtualCard

/// What the built-in profiles say of the cards of their models.
struct BuiltInModels: CardModels {
    func model(of name: ProfileName) -> CardModel? { CardProfile.builtIn(name.text).map { CardModel($0) } }

    func channelOptions(of name: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8? {
        CardProfile.builtIn(name.text)?.channelProtocol(for: channel == .scp03 ? .aes : .des)?.options
    }
}

extension CardModel {
    init(_ profile: CardProfile) {
        let memory = profile.memory
        self.init(
            profile: (try? ProfileName(profile.name)) ?? .unknown,
            total: Room(nonVolatile: memory.nonVolatileBytes, volatile: memory.volatileBytes),
            blockBytes: memory.blockBytes,
            // The entry of a module and the object of the code itself.
            loadFileOverheadBytes: memory.blockBytes + memory.objectOverheadBytes,
            instanceBytes: memory.instanceBytes, domainBytes: memory.domainBytes,
            hasQuotas: memory.hasQuotas,
            isChallengePredictable: profile.scp03Options.map { $0 & 0x10 != 0 } ?? false,
            logicalChannelCount: profile.logicalChannelCount, loadBlockBytesMax: profile.loadBlockBytes,
            hasExtendedLength: profile.hasExtendedLength)
    }
}

extension CardProfile {
    /// What a short LOAD carries when it is encrypted and has the MAC of the longest kind that the card makes.
    fileprivate var loadBlockBytes: Int {
        let macBytes = scp03Options.map { SCP03Options(rawValue: $0).macBytes } ?? 8
        return (255 - macBytes) / 16 * 16 - 1
    }
}
