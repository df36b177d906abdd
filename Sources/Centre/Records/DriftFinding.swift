package import SmartCard

/// One thing on a drifting card that is not as the centre left it; kept until somebody accepts or repairs it.
package struct DriftFinding: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case applicationAppeared
        /// The release that should be there, where the centre knows it.
        case applicationVanished(ReleaseID?)
        case applicationChanged
        case loadFileAppeared
        case loadFileVanished
        case loadFileChanged
        /// Free and used add up to more or less than they did: by how much.
        case roomChanged(Room)
        /// The ledger promised more than the card has free: by how much.
        case roomPromisedTwice(Room)
    }

    package var card: CardID
    package var number: Int
    package var kind: Kind
    /// `nil` where it is about the whole card.
    package var aid: AID?
    package var foundAt: Instant
    /// What is different, as a sentence.
    package var words: String

    package init(card: CardID, number: Int, kind: Kind, aid: AID?, foundAt: Instant, words: String) {
        self.card = card
        self.number = number
        self.kind = kind
        self.aid = aid
        self.foundAt = foundAt
        self.words = words
    }
}
