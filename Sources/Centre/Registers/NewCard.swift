internal import SmartCard

/// What a terminal sends when a holder wants a new card (row C3): what the blank card says of itself, and who wants it.
package struct NewCardWish: Hashable, Sendable {
    package let holder: HolderNumber
    package let card: CardID
    /// The last day on which the card may be used, as the card itself says.
    package let expiry: CalendarDay

    package init(holder: HolderNumber, card: CardID, expiry: CalendarDay) {
        self.holder = holder
        self.card = card
        self.expiry = expiry
    }

    /// For `Act.once`: the wish without the password.
    package var canonicalBytes: CanonicalBytes {
        var bytes = CanonicalBytes()
        bytes.append("new card")
        bytes.append(holder.text)
        bytes.append(card.text)
        bytes.append(Int64(expiry.daysSinceEpoch))
        return bytes
    }
}

/// What becomes of the wish (row C4). One word for every mismatch, so that nobody learns from it which user numbers,
/// passwords, permissions or cards there are.
package enum NewCardAnswer: Hashable, Sendable {
    /// The card is recorded as the holder's: how many cards that makes.
    case recorded(issueNumber: Int)
    case mismatch

    package var reason: String? {
        switch self {
        case .recorded: nil
        case .mismatch: "User number, password and card do not go together, or no card may be issued now."
        }
    }

    package var remedy: String? {
        switch self {
        case .recorded: nil
        case .mismatch:
            "Check the user number and the password; after several wrong ones, wait. Ask for permission to get a new card."
        }
    }
}

extension NewCardAnswer: KeptAnswer {
    package var keptBytes: [UInt8] {
        switch self {
        case .recorded(let number): Int64(number).bigEndianBytes
        case .mismatch: []
        }
    }

    package init?(keptBytes bytes: [UInt8]) {
        switch bytes.count {
        case 0: self = .mismatch
        case 8: self = .recorded(issueNumber: Int(Int64(bigEndianBytes: bytes)))
        default: return nil
        }
    }
}

extension Act {
    /// The centre's check of a new card (row C4). A mismatch changes nothing but the count of wrong passwords, so it is
    /// an answer and not an error: an error would undo the count.
    package func recordNewCard(_ wish: NewCardWish, _ answer: PasswordAnswer) throws -> NewCardAnswer {
        guard answer.holder == wish.holder,
            var holder = try transaction.lock(Holder.self, key: .word(wish.holder))
        else { return .mismatch }
        let before = holder.throttle
        let verdict = holder.judge(answer, now: now)
        guard verdict == .right, permitsIssue(holder), wish.expiry >= now.day,
            let card = try blankCard(wish)
        else {
            if holder.throttle != before { transaction.put(holder) }
            return .mismatch
        }
        holder.issuePermission = .none
        try give(card, expiry: wish.expiry, to: holder)
        return .recorded(issueNumber: holder.issueCount + 1)
    }

    /// An operator hands a card to a holder: the first one, or one where no terminal is.
    package func assignCard(_ id: CardID, to number: HolderNumber) throws {
        let (card, holder) = try assignable(id, to: number)
        if let expiry = card.expiry, expiry < now.day { throw HolderRefusal.cardExpired(id, expiry) }
        try give(card, expiry: card.expiry, to: holder)
    }

    /// The same for a card that another register had: its last day may be over; and where it was retired there, its
    /// holder may have another one, which stays the one that counts.
    package func assignKnownCard(_ id: CardID, to number: HolderNumber, wasRetired: Bool) throws {
        let (card, holder) = try assignable(id, to: number)
        try give(card, expiry: card.expiry, to: holder, counts: !wasRetired || holder.card == nil)
    }

    private func assignable(_ id: CardID, to number: HolderNumber) throws -> (Card, Holder) {
        try requireOperator(to: "assign a card to a holder")
        let holder = try lockHolder(number)
        guard let card = try transaction.lock(Card.self, key: .word(id)) else {
            throw HolderRefusal.cardUnknown(id)
        }
        guard card.life == .active else { throw HolderRefusal.cardNotActive(id) }
        guard try isNobodys(card) else { throw HolderRefusal.cardTaken(id) }
        return (card, holder)
    }

    private func permitsIssue(_ holder: Holder) -> Bool {
        switch holder.issuePermission {
        case .none: false
        case .from(let first, let last): first <= now.day && now.day <= last
        }
    }

    /// The card of the wish if it is ours, whole, nobody's, and says the same of itself as we know.
    private func blankCard(_ wish: NewCardWish) throws -> Card? {
        guard let card = try transaction.lock(Card.self, key: .word(wish.card)), card.life == .active,
            card.expiry == nil || card.expiry == wish.expiry, try isNobodys(card)
        else { return nil }
        return card
    }

    private func isNobodys(_ card: Card) throws -> Bool {
        let holders = Query(Holder.table, [.init("card", .word(card.id))], limit: 1)
        return try card.holder == nil && transaction.all(Holder.self, holders).isEmpty
    }

    /// The old card is retired: there is one card of a holder that counts.
    private func give(
        _ card: Card, expiry: CalendarDay?, to holder: Holder, counts: Bool = true
    ) throws {
        var (card, holder) = (card, holder)
        if counts {
            if let old = holder.card { try retire(old, for: card.id) }
            (holder.card, holder.cardExpiry) = (card.id, expiry)
        }
        holder.issueCount += 1
        (card.holder, card.expiry, card.issueNumber) = (holder.number, expiry, holder.issueCount)
        transaction.put(holder)
        // What left the card while it was nobody's is its holder's from now on.
        for stay in try transaction.openStays(dependingOn: card.id)
        where stay.card == card.id && stay.holder == nil {
            var owned = stay
            owned.holder = holder.number
            try settle(owned, from: stay, on: &card)
        }
        note(
            Note(
                "card.issued", .card(card.id),
                facts: [.name("holder", holder.number), .number("issue", holder.issueCount)]),
            on: &card)
        transaction.put(card)
    }

    private func retire(_ id: CardID, for successor: CardID) throws {
        guard var old = try transaction.lock(Card.self, key: .word(id)) else { return }
        if case .retired = old.life { return }
        let reason = "Card \(successor) took its place."
        old.life = .retired(reason: reason)
        try giveUp(&old, reason: reason)
        note(Note("card.retired", .card(id), facts: [.name("successor", successor)]), on: &old)
        transaction.put(old)
    }
}
