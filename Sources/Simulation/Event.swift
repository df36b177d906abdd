/// One thing that happens in a simulated world. Everything it decides comes from its own number, so that leaving out
/// one event changes none of the others.
package struct Event: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case wish
        /// Two people plan for the same card at the same moment.
        case rivals
        case repeatedWish
        case cancel
        case visit
        case use
        case time
        case service
        case clone
        case cloneVisit
        case lateReport
        case outsider
        /// A plan that was made earlier is asked for.
        case oldPlan
        /// A holder loses a card and gets a blank one.
        case renewal
        /// Somebody says that nothing is on a card, while the centre waits to hear that something left it.
        case denial
        /// Room is given back, and while the card has not heard of it, kept after all.
        case secondThoughts = "second-thoughts"
        /// A person takes the picture of a card that drifted as true.
        case acceptance
    }

    package var kind: Kind
    /// Which card, by its number.
    package var card: Int
    package var number: UInt64
}

/// How hard a world is on its centre.
package enum Mood: String, Hashable, Sendable, CaseIterable {
    /// Nothing but interruptions: every operation must reach its end.
    case interruptions
    /// Everything that there is.
    case malice
}

/// What people wish of a card.
enum WishKind: String, Hashable, Sendable, CaseIterable {
    case add
    case park
    case parkTwo = "park-two"
    case swap
    case restore
    case remove
    case rotateKeys = "rotate-keys"
    case update
    case snapshot
    case reserve
    case release

    /// Things that go deeper the more often they happen.
    static let focusable: [WishKind] = [
        .park, .parkTwo, .restore, .rotateKeys, .update, .snapshot, .reserve,
    ]

    var weight: Int {
        switch self {
        case .add: 6
        case .restore: 5
        case .park, .update: 3
        case .swap, .snapshot, .reserve, .release: 2
        case .parkTwo, .remove, .rotateKeys: 1
        }
    }
}
