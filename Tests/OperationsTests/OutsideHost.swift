import CardCrypto
import CardManagement
import GlobalPlatform
import SmartCard
import Testing
import VirtualCard

/// Somebody who has a card's keys beside the centre: a provider's unit, or whoever acts behind the centre's back.
struct OutsideHost {
    let issuer: AID
    private let card: VirtualCard
    private let link: CardLink
    private let scheme: Diversification

    /// - Parameter scheme: how the card's keys are derived from those of sample cards.
    init(_ card: VirtualCard, keys scheme: Diversification = .none) throws {
        self.card = card
        self.scheme = scheme
        card.powerOn()
        link = CardLink(TestChannel(card))
        issuer = try #require(try link.run(IdentifyCard()).issuerDomain)
    }

    /// A session with a domain that has the card's keys.
    func open(_ domain: AID, _ level: SecurityLevel = .commandMAC) throws {
        _ = try link.send(.select(domain))
        let options = SCP02Options(rawValue: card.profile.scp02Options ?? 0x15)
        try link.authenticate(
            Handshake.Wish(
                hostChallenge: .init(repeating: 7, count: 8), level: level, scp02Options: options,
                application: domain),
            keys: KeySource(.one(Secret([UInt8](0x40...0x4F))), diversification: scheme).provider)
    }

    /// A command that the card must carry out.
    func must(_ command: CommandAPDU) throws {
        let status = try link.send(command).status
        try #require(status.isSuccess, "\(command): \(status)")
    }
}
