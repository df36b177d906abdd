/// Mistakes that the centre could have and does not: the simulator switches each of them on and must find it.
///
/// They exist in test builds only; in a release build no flaw is ever there.
package struct Flaws: OptionSet, Sendable, Hashable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package func contains(_ flaw: Flaws) -> Bool {
        #if DEBUG
            isSuperset(of: flaw) && !flaw.isEmpty
        #else
            false
        #endif
    }

    /// A card's counter is expected again after it was spent.
    package static let reusesSequenceCounter = Flaws(rawValue: 1 << 0)
    /// An instance is deleted in the same order that reads its data.
    package static let deletesBeforeDurable = Flaws(rawValue: 1 << 1)
    /// The digest of what was read is not compared with the card's.
    package static let ignoresDigest = Flaws(rawValue: 1 << 2)
    /// A frozen instance is forgotten when the operation is given up.
    package static let forgetsThaw = Flaws(rawValue: 1 << 3)
    /// A copy that the card still has is given to a card.
    package static let restoresProvisional = Flaws(rawValue: 1 << 4)
    /// An answer counts although its protection does not check.
    package static let trustsUnproven = Flaws(rawValue: 1 << 5)
    /// A refused GET STATUS counts as an empty card.
    package static let believesEmptyRegistry = Flaws(rawValue: 1 << 6)
    /// The intent to bring data back is not written down before it is sent.
    package static let forgetsReturnIntent = Flaws(rawValue: 1 << 7)
    /// The intent to let the card give up its copy is not written down before it is sent.
    package static let forgetsSurrenderIntent = Flaws(rawValue: 1 << 8)
    /// Data count as returned before the card proved its commit.
    package static let returnsWithoutProof = Flaws(rawValue: 1 << 9)
    /// A copy counts as held before the card proved that it gave up its own.
    package static let holdsWithoutProof = Flaws(rawValue: 1 << 10)
    /// A report to an older order is taken for one to the last.
    package static let takesOldReports = Flaws(rawValue: 1 << 11)
    /// The same request makes a second operation.
    package static let repeatsRequests = Flaws(rawValue: 1 << 12)
    /// Two visits have one card at once.
    package static let ignoresLease = Flaws(rawValue: 1 << 13)
    /// The fee begins anew when a stay goes on.
    package static let restartsFee = Flaws(rawValue: 1 << 14)
    /// The fee runs on after the card proved its commit.
    package static let neverEndsFee = Flaws(rawValue: 1 << 15)
    /// A deadline passes unnoticed.
    package static let ignoresDeadline = Flaws(rawValue: 1 << 16)
    /// A step counts as done because it was sent.
    package static let believesIntent = Flaws(rawValue: 1 << 17)
    /// An image is thrown away as soon as it was sent.
    package static let discardsImageEarly = Flaws(rawValue: 1 << 18)
    /// Whichever card answers is taken for the one that was meant.
    package static let ignoresIdentity = Flaws(rawValue: 1 << 19)
    /// A counter that went back is not noticed.
    package static let ignoresCounter = Flaws(rawValue: 1 << 20)
    /// A half-made copy is left on a card when data are brought back a second time.
    package static let keepsHalfCopy = Flaws(rawValue: 1 << 21)
    /// An application whose service was stopped meanwhile is installed all the same.
    package static let installsStopped = Flaws(rawValue: 1 << 22)
    /// What a card that drifted says is not written down.
    package static let ignoresDrift = Flaws(rawValue: 1 << 23)
    /// A personalisation that broke off is begun again on the same instance.
    package static let personalisesTwice = Flaws(rawValue: 1 << 24)
    /// New keys count before a session with them was opened.
    package static let trustsNewKeys = Flaws(rawValue: 1 << 25)
    /// A confirmation of the card is not kept.
    package static let losesConfirmation = Flaws(rawValue: 1 << 26)
    /// An image of another generation is offered to the card.
    package static let offersOldImage = Flaws(rawValue: 1 << 27)

    /// A stay is charged twice.
    package static let countsFeeTwice = Flaws(rawValue: 1 << 28)
    /// A plan is carried out on a card that has changed since it was made.
    package static let acceptsOldPlans = Flaws(rawValue: 1 << 29)
    /// A receipt counts as proved, whoever made it.
    package static let believesReceipts = Flaws(rawValue: 1 << 30)
    /// The least counter that a card can show is forgotten with a session that was computed ahead.
    package static let forgetsLeastCounter = Flaws(rawValue: 1 << 31)
    /// What was read of an application is written into the journal.
    package static let tellsImages = Flaws(rawValue: 1 << 32)
    /// A copy of data whose application goes on working is kept as if they had left.
    package static let revivesCopies = Flaws(rawValue: 1 << 33)
    /// Room counts as given back although the card still keeps it.
    package static let forgetsKeptRoom = Flaws(rawValue: 1 << 34)
    /// An operation ends, and nobody is told.
    package static let endsSilently = Flaws(rawValue: 1 << 35)

    /// What was added anew counts as that whose data are in custody.
    package static let takesNewForOlder = Flaws(rawValue: 1 << 38)

    package static let all: [(name: String, flaw: Flaws)] = [
        ("reuses-sequence-counter", .reusesSequenceCounter),
        ("deletes-before-durable", .deletesBeforeDurable),
        ("ignores-digest", .ignoresDigest), ("forgets-thaw", .forgetsThaw),
        ("restores-provisional", .restoresProvisional), ("trusts-unproven", .trustsUnproven),
        ("believes-empty-registry", .believesEmptyRegistry), ("forgets-return-intent", .forgetsReturnIntent),
        ("forgets-surrender-intent", .forgetsSurrenderIntent),
        ("returns-without-proof", .returnsWithoutProof), ("holds-without-proof", .holdsWithoutProof),
        ("takes-old-reports", .takesOldReports), ("repeats-requests", .repeatsRequests),
        ("ignores-lease", .ignoresLease), ("restarts-fee", .restartsFee), ("never-ends-fee", .neverEndsFee),
        ("ignores-deadline", .ignoresDeadline), ("believes-intent", .believesIntent),
        ("discards-image-early", .discardsImageEarly), ("ignores-identity", .ignoresIdentity),
        ("ignores-counter", .ignoresCounter), ("keeps-half-copy", .keepsHalfCopy),
        ("installs-stopped", .installsStopped), ("ignores-drift", .ignoresDrift),
        ("personalises-twice", .personalisesTwice), ("trusts-new-keys", .trustsNewKeys),
        ("loses-confirmation", .losesConfirmation), ("offers-old-image", .offersOldImage),
        ("counts-fee-twice", .countsFeeTwice), ("accepts-old-plans", .acceptsOldPlans),
        ("believes-receipts", .believesReceipts), ("forgets-least-counter", .forgetsLeastCounter),
        ("tells-images", .tellsImages), ("revives-copies", .revivesCopies),
        ("forgets-kept-room", .forgetsKeptRoom), ("ends-silently", .endsSilently),
        ("takes-new-for-older", .takesNewForOlder),
    ]

    // Not among them is what concerns others' acts between two exchanges of a visit, where worlds do nothing.

    /// What a visit remembers of its card is believed without a look at what proves it.
    package static let believesMemory = Flaws(rawValue: 1 << 36)
    /// No mistake, but what those who remember are compared with: every exchange asks for everything.
    package static let remembersNothing = Flaws(rawValue: 1 << 37)
}
