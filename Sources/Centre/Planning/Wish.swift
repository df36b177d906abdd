package import SmartCard

/// One thing that somebody wants of a card.
package enum Wish: Hashable, Sendable, Codable {
    /// The newest published release that fits the card's profile.
    case add(application: ApplicationID)
    case addRelease(ReleaseID)
    /// For good, data included.
    case remove(application: ApplicationID)
    /// For what no release is known of.
    case removeInstance(AID)
    case park(application: ApplicationID)
    /// A copy of its data, while it stays where it is.
    case snapshot(application: ApplicationID)
    /// Back from the vault, with all instances that were kept together.
    case restore(CustodyKey)
    /// Another release, the data kept.
    case update(to: ReleaseID)
    case reserve(Reservation)
    /// A provider's berth, which must be empty.
    case release(provider: ProviderID)
    /// A blank card gets everything its holder uses.
    case renew
    case rotateKeys(to: MasterKeyName, version: UInt8)
}

/// Room that a provider asks for.
package struct Reservation: Hashable, Sendable, Codable {
    package var provider: ProviderID
    package var room: Room
    package var quota: Room?
    /// Where the card has quotas: the name of the domain to make.
    package var domain: AID?
    package var privileges: UInt32
    package var logicalChannels: Int
    package var services: [String]
    package var libraries: [AID]

    package init(
        provider: ProviderID, room: Room, quota: Room? = nil, domain: AID? = nil, privileges: UInt32 = 0,
        logicalChannels: Int = 0, services: [String] = [], libraries: [AID] = []
    ) {
        self.provider = provider
        self.room = room
        self.quota = quota
        self.domain = domain
        self.privileges = privileges
        self.logicalChannels = logicalChannels
        self.services = services
        self.libraries = libraries
    }
}

/// Names one stay in custody.
package struct CustodyKey: Hashable, Sendable, Codable {
    package var card: CardID
    package var aid: AID
    package var ordinal: Int

    package init(card: CardID, aid: AID, ordinal: Int) {
        self.card = card
        self.aid = aid
        self.ordinal = ordinal
    }
}
