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
            upgradesLoadFiles: profile.upgradesLoadFiles)
    }
}
