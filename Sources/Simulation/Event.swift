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
