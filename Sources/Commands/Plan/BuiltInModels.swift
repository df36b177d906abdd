internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import Synchronization
internal import VirtualCard

/// What the built-in profiles say of the cards of their models. A profile is a text: it is read when it is first asked
/// for, and not again for every exchange with a card.
final class BuiltInModels: CardModels {
    private struct Known {
        let model: CardModel
        let options: [Card.KeySet.Channel: UInt8]
    }

    private let known = Mutex<[ProfileName: Known]>([:])

    func model(of name: ProfileName) -> CardModel? { find(name)?.model }

    func channelOptions(of name: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8? {
        find(name)?.options[channel]
    }

    private func find(_ name: ProfileName) -> Known? {
        known.withLock { known in
            if let found = known[name] { return found }
            // Names that nobody knows are as many as somebody thinks of: they are not kept.
            guard let profile = CardProfile.builtIn(name.text) else { return nil }
            var options: [Card.KeySet.Channel: UInt8] = [:]
            options[.scp03] = profile.channelProtocol(for: .aes)?.options
            options[.scp02] = profile.channelProtocol(for: .des)?.options
            let read = Known(model: CardModel(profile), options: options)
            known[name] = read
            return read
        }
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
            upgradesLoadFiles: profile.upgradesLoadFiles,
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
