package import GlobalPlatform

/// Why a stay in custody does not go on as asked; it is as it was.
package enum CustodyRefusal: Refusal, Hashable {
    /// What was to happen.
    package enum Act: String, Hashable, Sendable {
        case keep
        case surrender
        case thaw
        case restore
        case commit
        case abandonment
        case dismissal
    }

    case outOfOrder(Act, Custody.State)
    /// The release's class leaves no way to begin a stay like this.
    case notParked(Release.Parking)
    case notFrozen(ParkingState)
    case imageTooLong(byteCount: Int)
    case incomplete(byteCount: Int, wanted: Int)
    /// Card and centre do not agree about the image.
    case otherDigest
    /// The vault does not have the data yet.
    case notKept
    /// A copy that does not count yet may not be restored.
    case notHeld(Custody.State)
    /// What the card shows does not prove it.
    case notProved(Act)
    /// The card shows something that nobody wrote down before.
    case notIntended
    case promised(to: CardID)
    case notOnThatCard(CardID)
    /// Only the card can say who has the live copy.
    case undecided(Custody.State)
    case unknown
}

extension CustodyRefusal {
    package var code: String {
        switch self {
        case .outOfOrder: "custody-out-of-order"
        case .notParked: "custody-not-parked"
        case .notFrozen: "custody-not-frozen"
        case .imageTooLong: "custody-image-too-long"
        case .incomplete: "custody-incomplete"
        case .otherDigest: "custody-other-digest"
        case .notKept: "custody-not-kept"
        case .notHeld: "custody-not-held"
        case .notProved: "custody-not-proved"
        case .notIntended: "custody-not-intended"
        case .promised: "custody-promised"
        case .notOnThatCard: "custody-not-on-that-card"
        case .undecided: "custody-undecided"
        case .unknown: "custody-unknown"
        }
    }

    package var reason: String {
        switch self {
        case .outOfOrder(let act, let state): "An application that is \(state.words) cannot \(act.words)."
        case .notParked(let parking): parking.refusalWords
        case .notFrozen: "The application on the card is not frozen, so its data can still change."
        case .imageTooLong(let count):
            "The application announces \(count) bytes; from 1 to \(Bounds.parkedImageBytesMax) can be kept."
        case .incomplete(let count, let wanted): "The vault has \(count) of \(wanted) bytes."
        case .otherDigest: "The data in the vault are not those that the card froze."
        case .notKept: "The vault does not have the application's data yet; the card has the only copy."
        case .notHeld(let state):
            "The application is \(state.words): its card may still have the live copy, "
                + "and a second one must not come to life."
        case .notProved(let act): "What the card shows does not prove its \(act.noun)."
        case .notIntended: "The card shows something that was not begun here."
        case .promised(let card): "The application is on its way to card \(card)."
        case .notOnThatCard(let card): "Nothing of this application depends on card \(card)."
        case .undecided(let state):
            "The application is \(state.words), so only a card can say who has the live copy."
        case .unknown: "There is no such stay in custody."
        }
    }

    package var remedy: String {
        switch self {
        case .outOfOrder, .unknown: "Look at the stay, and do what its state allows."
        case .notParked: "Choose another application to leave, or another release of this one."
        case .notFrozen: "Freeze it first."
        case .imageTooLong: "Leave it on its card, and choose another application to leave."
        case .incomplete, .notKept: "Read the data again from the frozen application, or thaw it."
        case .otherDigest:
            "Read the data again; if they differ again, thaw the application and tell its provider."
        case .notHeld: "Put the card into a terminal, so that the parking can end or be undone."
        case .notProved: "Ask the card again in a new session."
        case .notIntended: "A person must look at card and register before anything goes on."
        case .promised(let card):
            "Put card \(card) into a terminal to finish, or declare it lost if it is gone."
        case .notOnThatCard: "Name the card that the application left, or the one it is going to."
        case .undecided: "Put that card into a terminal, or declare it lost if it is gone."
        }
    }
}

extension CustodyRefusal.Act {
    fileprivate var words: String {
        switch self {
        case .keep: "be kept again"
        case .surrender: "be given up by its card"
        case .thaw: "be thawed"
        case .restore: "be restored"
        case .commit: "become live on a card"
        case .abandonment: "come back from a return"
        case .dismissal: "be given up"
        }
    }

    fileprivate var noun: String {
        switch self {
        case .keep: "keeping"
        case .surrender: "giving up the application"
        case .thaw: "having gone on with the application"
        case .restore: "return"
        case .commit: "having the live copy"
        case .abandonment: "having nothing of the application"
        case .dismissal: "end"
        }
    }
}

extension Custody.State {
    /// How the state is spoken of: "the application is …".
    package var words: String {
        switch self {
        case .frozen: "frozen on its card"
        case .provisional: "kept, while its card still has the live copy"
        case .surrendering: "being given up by its card"
        case .held: "in custody"
        case .returning(let card, _): "on its way to card \(card)"
        case .returned(let card, _): "back on card \(card)"
        case .discarded: "no longer in custody"
        }
    }
}

extension Release.Parking {
    fileprivate var refusalWords: String {
        switch self {
        case .contract: "The application has data that must be read off the card first."
        case .stateless: "The application has no data: there is nothing to read."
        case .rePersonalised:
            "The application's data are written anew by its provider: there is nothing to read."
        case .never(let reason): "The application never leaves a card: \(reason)."
        }
    }
}
