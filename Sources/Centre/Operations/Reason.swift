/// Why work on a card broke off, was turned round, or ended without being done: a code that never changes its meaning,
/// what it is about, and English words.
package struct Reason: Hashable, Sendable {
    /// Terminals say it in the language of the person, so each has its words there.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        // How an operation ends, or why it is turned round.
        case cancelled = "operation-cancelled"
        case overdue = "operation-overdue"
        case materialMissing = "material-missing"
        case cardSilent = "card-silent"
        case stepImpossible = "step-impossible"
        case cardRefused = "card-refused"
        case appSilent = "application-silent"
        case appRefusesToLeave = "application-refuses-to-leave"
        case nothingToPark = "nothing-to-park"
        case imageNotKept = "image-not-kept"
        case keysNotTaken = "keys-not-taken"
        case dataNotTaken = "data-not-taken"
        /// Something that no program may resolve.
        case contradiction = "custody-contradiction"
        case cardCopied = "card-copied"
        // How a visit ends.
        case cardGone = "card-gone"
        case cardElsewhere = "card-elsewhere"
        case reportLate = "report-late"
        case answersForged = "answers-not-protected"
        case channelFailed = "channel-failed"
        case keysUnproved = "keys-unproved"
        case cardEndless = "card-endless"
        case cardUnserved = "card-not-active"
        case keysNotAtHand = "keys-not-at-hand"
        case domainUnknown = "issuer-domain-unknown"
        case anotherCard = "another-card"
        case keysDiffer = "keys-differ"
        case keysRefused = "keys-refused"
        case profileSilent = "profile-silent"
        /// Kept before reasons had codes.
        case unnamed = "reason"
    }

    package let code: Code
    /// Names and status words that it is about, the same in every language.
    package let subjects: [String]
    /// In English.
    package let text: String

    package init(_ code: Code, about subjects: String..., text: String) {
        self.code = code
        self.subjects = subjects
        self.text = text
    }

    // MARK: In the store

    /// U+001F, the unit separator, is in no name and in no words.
    private static let separator: Character = "\u{1F}"

    /// `card-refused␟6A84␟The card refused to …`: the code, what it is about, the words.
    package var stored: String {
        ([code.rawValue] + subjects + [text]).map { $0.filter { $0 != Self.separator } }
            .joined(separator: String(Self.separator))
    }

    package init(stored: String) {
        let parts = stored.split(separator: Self.separator, omittingEmptySubsequences: false).map(String.init)
        if parts.count > 1, let code = Code(rawValue: parts[0]) {
            self.code = code
            subjects = Array(parts[1..<(parts.count - 1)])
            text = parts[parts.count - 1]
        } else {
            (code, subjects, text) = (.unnamed, [], stored)
        }
    }
}

extension Reason: CustomStringConvertible {
    package var description: String { text }
}

extension Reason {
    static let cancelled = Reason(.cancelled, text: "It was cancelled.")
    static let reportLate = Reason(.reportLate, text: "The report belongs to another order.")
    static let seenElsewhere = Reason(.cardElsewhere, text: "The card was seen elsewhere meanwhile.")
    static let servedElsewhere = Reason(
        .cardElsewhere, text: "The card is being served elsewhere; try again in a minute.")
    static let profileSilent = Reason(
        .profileSilent, text: "The profile of the card does not tell its channel.")
}
