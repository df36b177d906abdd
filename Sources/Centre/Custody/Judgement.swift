package import SmartCard

/// What a card shows of one instance, and what is known beside it.
package struct Sighting: Hashable, Sendable {
    package var card: CardID
    package var aid: AID
    package var evidence: InstanceEvidence
    /// The card register says that the instance should be there.
    package var isExpected: Bool
    /// Another card that shows the same lineage at work.
    package var activeElsewhere: CardID?

    package init(
        card: CardID, aid: AID, evidence: InstanceEvidence, isExpected: Bool = true,
        activeElsewhere: CardID? = nil
    ) {
        self.card = card
        self.aid = aid
        self.evidence = evidence
        self.isExpected = isExpected
        self.activeElsewhere = activeElsewhere
    }
}

/// Who has the live copy, and what is to be done (docs/parking-contract.md, "What the centre knows after anything").
package struct Judgement: Hashable, Sendable {
    package enum LiveCopy: Hashable, Sendable {
        /// The card that was looked at.
        case here
        case vault
        case otherCard(CardID)
        /// There is none that the centre knows of.
        case nowhere
        /// More than one place claims it.
        case contested
    }

    package enum Next: Hashable, Sendable {
        case nothing
        /// Only the contract's STATUS can tell more.
        case askStatus
        /// READ again; or THAW and give the stay up.
        case readOrThaw
        /// SURRENDER; or THAW and give the copy up. Without data: DELETE, or leave it.
        case surrenderOrThaw
        /// What is left here must never work again: SURRENDER, DELETE; never THAW.
        case surrenderAndDelete
        /// An empty instance: DELETE at leisure, or import into it.
        case deleteOrImport
        /// Install where it is not, and import from the beginning.
        case beginImport
        /// Go on with the import behind these bytes.
        case continueImport(received: Int)
        /// What stands here holds nothing that counts.
        case deleteRemains
        /// Nothing more is done with this application until a person decided.
        case askPerson(Contradiction)
    }

    package var liveCopy: LiveCopy
    /// The event that the card's words prove, to be applied to the stay.
    package var proves: CustodyEvent?
    package var next: Next

    package init(_ liveCopy: LiveCopy, proves: CustodyEvent? = nil, _ next: Next) {
        self.liveCopy = liveCopy
        self.proves = proves
        self.next = next
    }
}

/// What cannot be true together, and what no program may resolve.
package enum Contradiction: Hashable, Sendable {
    /// The same data work on two cards.
    case clone(CardID)
    /// An older copy than what is known to have been there.
    case oldCopy(shown: UInt32, known: UInt32)
    /// The card had given its copy up, and has it again.
    case aliveAgain
    /// Another instance, with other data, has taken the place.
    case otherLineage
    /// The card gave its data to somebody else.
    case surrenderedElsewhere
    /// The instance is gone, and nobody wrote down that it should go.
    case deletedBehindOurBack
    /// A later generation than any that could be there.
    case unexplained
}

extension Contradiction: Refusal {
    package var code: String {
        switch self {
        case .clone: "custody-clone"
        case .oldCopy: "custody-old-copy"
        case .aliveAgain: "custody-alive-again"
        case .otherLineage: "custody-other-lineage"
        case .surrenderedElsewhere: "custody-surrendered-elsewhere"
        case .deletedBehindOurBack: "custody-deleted"
        case .unexplained: "custody-unexplained"
        }
    }

    package var reason: String {
        switch self {
        case .clone(let card): "The same application data work on this card and on card \(card)."
        case .oldCopy(let shown, let known):
            "The card shows generation \(shown) of the application's data; generation \(known) has been known."
        case .aliveAgain: "The card had given the application up, and shows it at work again."
        case .otherLineage: "In the place of the application stands another one with data of its own."
        case .surrenderedElsewhere: "The application's data were taken off the card by somebody else."
        case .deletedBehindOurBack: "The application is gone from the card, and nobody here asked for that."
        case .unexplained: "The card shows a state of the application that nothing known here leads to."
        }
    }

    package var remedy: String {
        switch self {
        case .clone, .oldCopy, .aliveAgain:
            "One of the cards, or a part of its memory, is a copy: keep both from use until a person knows which."
        case .otherLineage:
            "Ask the application's provider who installed it, and whether the old data are needed."
        case .surrenderedElsewhere: "Ask the application's provider: another centre may hold the data."
        case .deletedBehindOurBack:
            "Ask the application's provider; if the vault has a copy, declare the card's own lost to use it."
        case .unexplained: "Look at the card's log and the register before anything goes on."
        }
    }
}

extension Judgement {
    /// The judgement as a sentence for people.
    package var words: String {
        switch next {
        case .askPerson(let contradiction): contradiction.reason
        case .askStatus: "Only the application itself can tell its state."
        case .nothing, .readOrThaw, .surrenderOrThaw, .surrenderAndDelete, .deleteOrImport, .beginImport,
            .continueImport, .deleteRemains:
            "\(liveCopy.words) \(nextWords)"
        }
    }

    private var nextWords: String {
        switch next {
        case .nothing: "There is nothing to do."
        case .readOrThaw: "It is frozen: its data are read again, or it is thawed."
        case .surrenderOrThaw: "It is frozen and kept: it is given up, or thawed."
        case .surrenderAndDelete: "What is left on this card is given up and deleted, and never thawed."
        case .deleteOrImport: "The empty instance can be deleted, or take the data back."
        case .beginImport: "The data are brought to the card from the beginning."
        case .continueImport(let received): "The data are brought to the card from byte \(received) on."
        case .deleteRemains: "What stands on the card holds nothing that counts and is deleted."
        case .askStatus, .askPerson: ""
        }
    }
}

extension Judgement.LiveCopy {
    package var words: String {
        switch self {
        case .here: "This card has the live copy."
        case .vault: "The vault has the live copy."
        case .otherCard(let card): "Card \(card) has the live copy."
        case .nowhere: "Nothing here holds live data."
        case .contested: "More than one place claims the live copy."
        }
    }
}
