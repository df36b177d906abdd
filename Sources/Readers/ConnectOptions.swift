/// How a card is opened, and how it is left.
package struct ConnectOptions: Hashable, Sendable {
    package enum Sharing: Hashable, Sendable {
        /// Others may be connected too; a transaction keeps them out while the channel is open.
        case shared
        /// Nobody else may even be connected.
        case exclusive
        /// The reader rather than the card: works without a card, for control codes only.
        case direct
    }

    /// ISO/IEC 7816-3: the transmission protocol.
    package enum Transmission: Hashable, Sendable {
        case t0
        case t1
        case any
    }

    /// What happens to the card at the end.
    package enum Leaving: Hashable, Sendable {
        /// It keeps its selection and its secure channel: the next program finds them.
        case untouched
        case reset
        case poweredOff
        case ejected
    }

    package var sharing: Sharing
    package var transmission: Transmission
    package var leaving: Leaving
    /// How long to wait for a program that holds the card.
    package var patience: Duration

    package init(
        sharing: Sharing = .shared, transmission: Transmission = .any, leaving: Leaving = .reset,
        patience: Duration = .seconds(10)
    ) {
        self.sharing = sharing
        self.transmission = transmission
        self.leaving = leaving
        self.patience = patience
    }
}
