/// What the centre says with a code of its own: problems (docs/reference/problems.md), objections of plans, and reasons
/// why work ended. A code
/// that is not here is shown in the centre's words.
package enum Trouble: Hashable, Sendable, CaseIterable {
    case cardUnknown
    case cardBlocked
    case cardRetired
    case cardExpired
    case cardNotServed
    case cardDrifts
    case cardUnread
    case oldCardActive
    case applicationUnknown
    case notOffered
    case notForThisCard
    case serviceStopped
    case notInstalled
    case alreadyThere
    case placeTaken
    case partMissing
    case stillNeeded
    case cannotPark
    case notHeld
    case notEnoughRoom
    case quotaExceeded
    case tooMany
    case contradiction
    case roomDoubtful
    case dataLost
    case dataOld
    case leftOut
    case operationOpen
    case planChanged
    case signInFailed
    case signInOver
    case notAllowed
    case terminalClosed
    case tooOften
    case centreBusy
    case calledOff
    case tooLate
    case cardDidNot
    case staysNow
    case anotherCard
    case cardAway
    case usedElsewhere
    case brokeOff
    case unexplained

    package init?(code: String) {
        guard let trouble = Self.allCases.first(where: { $0.codes.contains(code) }) else { return nil }
        self = trouble
    }

    package var codes: [String] {
        switch self {
        case .cardUnknown: ["card-unknown"]
        case .cardBlocked: ["card-blocked"]
        case .cardRetired: ["card-retired", "card-terminated"]
        case .cardExpired: ["card-expired"]
        case .cardNotServed: ["card-not-active"]
        case .cardDrifts:
            [
                "card-drifts", "custody-contradiction", "card-copied", "keys-differ", "keys-refused",
                "keys-not-at-hand", "issuer-domain-unknown", "profile-silent",
            ]
        case .cardUnread: ["inventory-missing"]
        case .oldCardActive: ["old-card-active"]
        case .applicationUnknown: ["application-unknown"]
        case .notOffered: ["release-unknown", "release-not-published", "release-withdrawn"]
        case .notForThisCard: ["profile-unsuited", "profile-not-compatible", "load-file-too-long"]
        case .serviceStopped: ["service-stopped"]
        case .notInstalled: ["not-installed"]
        case .alreadyThere: ["already-installed", "already-so"]
        case .placeTaken: ["name-taken", "aid-taken"]
        case .partMissing: ["import-missing", "library-missing", "dependency-missing", "material-missing"]
        case .stillNeeded: ["still-needed", "library-needed"]
        case .cannotPark: ["cannot-park", "application-silent", "nothing-to-park", "image-not-kept"]
        case .notHeld: ["not-held", "custody-not-held", "custody-unknown"]
        case .notEnoughRoom: ["not-enough-room"]
        case .quotaExceeded: ["quota-exceeded", "provider-limit"]
        case .tooMany: ["too-many-applications"]
        case .contradiction: ["wishes-contradict"]
        case .roomDoubtful: ["room-doubtful"]
        case .dataLost: ["data-lost"]
        case .dataOld: ["data-old"]
        case .leftOut: ["left-out"]
        case .operationOpen: ["operation-open"]
        case .planChanged: ["plan-changed", "plan-outdated", "plan-not-feasible"]
        case .signInFailed: ["sign-in-failed", "new-card-mismatch"]
        case .signInOver: ["sign-in", "token-invalid"]
        case .notAllowed: ["forbidden", "not-permitted", "scope"]
        case .terminalClosed: ["terminal-blocked"]
        case .tooOften: ["throttled", "too-many-requests"]
        case .centreBusy:
            [
                "internal", "not-serving", "outcome-unknown", "store-busy", "store-full", "store-unreachable",
            ]
        case .calledOff: ["operation-cancelled"]
        case .tooLate: ["operation-overdue"]
        case .cardDidNot:
            [
                "card-silent", "step-impossible", "card-refused", "keys-not-taken", "data-not-taken",
            ]
        case .staysNow: ["application-refuses-to-leave"]
        case .anotherCard: ["another-card"]
        case .cardAway: ["card-gone"]
        case .usedElsewhere: ["card-elsewhere"]
        case .brokeOff:
            ["report-late", "answers-not-protected", "channel-failed", "keys-unproved", "card-endless"]
        case .unexplained: ["reason"]
        }
    }
}
