package import SmartCard

/// An application parked in the vault, or on its way in or out (docs/architecture.md, "Custody").
package struct Custody: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// The card holds the live copy, frozen; the vault may hold bytes that do not count yet.
        case frozen
        /// The vault holds a durable copy whose digest agreed; the card's copy is still the live one.
        case provisional
        /// The intent to make the card give up its copy is written down; who has the live copy, only the card can say.
        case surrendering
        /// The vault holds the live copy, and the fee runs.
        case held(since: Instant)
        /// On its way to one card, named before anything was sent; still held until that card proves its commit.
        case returning(to: CardID, since: Instant)
        /// That card proved that it has the live copy.
        case returned(to: CardID, at: Instant)
        /// Given up: the copy was thrown away because the card's is live again, or a person decided so.
        case discarded(at: Instant, reason: String)
    }

    /// The card it left.
    package var card: CardID
    /// The instance on the card.
    package var aid: AID
    /// Counts the stays of this instance of this card in custody.
    package var ordinal: Int
    package var release: ReleaseID
    package var provider: ProviderID
    package var holder: HolderNumber?
    package var parking: Release.Parking
    package var state: State
    /// Of the parking contract: which image this is.
    package var generation: UInt32
    package var lineage: [UInt8]
    package var format: UInt32
    package var imageBytes: Int
    /// Of the image, as card and centre computed it.
    package var digest: [UInt8]
    /// What it took on the card it left: what it will need to come back.
    package var room: Room
    package var openedAt: Instant
    /// When the fee began to run; kept when the state goes on.
    package var heldSince: Instant?

    package init(
        card: CardID, aid: AID, ordinal: Int, release: ReleaseID, provider: ProviderID,
        holder: HolderNumber? = nil, parking: Release.Parking, state: State, generation: UInt32 = 0,
        lineage: [UInt8] = [], format: UInt32 = 0, imageBytes: Int = 0, digest: [UInt8] = [], room: Room,
        openedAt: Instant, heldSince: Instant? = nil
    ) {
        self.card = card
        self.aid = aid
        self.ordinal = ordinal
        self.release = release
        self.provider = provider
        self.holder = holder
        self.parking = parking
        self.state = state
        self.generation = generation
        self.lineage = lineage
        self.format = format
        self.imageBytes = imageBytes
        self.digest = digest
        self.room = room
        self.openedAt = openedAt
        self.heldSince = heldSince
    }
}
