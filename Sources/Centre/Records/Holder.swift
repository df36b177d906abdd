/// A person with a card (row C8).
package struct Holder: Hashable, Sendable {
    /// Whether a new card may be issued (row C4).
    package enum IssuePermission: Hashable, Sendable {
        case none
        /// Only inside this window; both days included.
        case from(CalendarDay, through: CalendarDay)
    }

    /// Wrong passwords since the last right one, and until when none is taken.
    package struct Throttle: Hashable, Sendable {
        package var wrongCount: Int
        package var closedUntil: Instant?

        package init(wrongCount: Int = 0, closedUntil: Instant? = nil) {
            self.wrongCount = wrongCount
            self.closedUntil = closedUntil
        }
    }

    package var number: HolderNumber
    package var name: String
    package var birthDate: CalendarDay?
    package var address: String
    /// A memory-hard verifier; the password itself is nowhere.
    package var passwordVerifier: [UInt8]
    package var issuePermission: IssuePermission
    package var issueCount: Int
    package var card: CardID?
    package var cardExpiry: CalendarDay?
    package var throttle: Throttle

    package init(
        number: HolderNumber, name: String, birthDate: CalendarDay? = nil, address: String = "",
        passwordVerifier: [UInt8], issuePermission: IssuePermission = .none, issueCount: Int = 0,
        card: CardID? = nil, cardExpiry: CalendarDay? = nil, throttle: Throttle = Throttle()
    ) {
        self.number = number
        self.name = name
        self.birthDate = birthDate
        self.address = address
        self.passwordVerifier = passwordVerifier
        self.issuePermission = issuePermission
        self.issueCount = issueCount
        self.card = card
        self.cardExpiry = cardExpiry
        self.throttle = throttle
    }
}

/// Whether a holder uses an application (rows C7, C8, C14).
package struct UseFlag: Hashable, Sendable {
    package var holder: HolderNumber
    package var application: ApplicationID
    package var isUsed: Bool
    package var changedAt: Instant

    package init(holder: HolderNumber, application: ApplicationID, isUsed: Bool, changedAt: Instant) {
        self.holder = holder
        self.application = application
        self.isUsed = isUsed
        self.changedAt = changedAt
    }
}
