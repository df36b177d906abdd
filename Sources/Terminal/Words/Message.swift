/// Everything that a terminal says, once. Every language has a text for each (the compiler sees to that), and every
/// text fits a display of 40 columns (a test sees to that).
package enum Message: Hashable, Sendable {
    // The card and the centre.
    case insertCard
    case readingCard
    case takeCard
    case leaveCardIn
    case cardUnknown
    case cardNotServed
    case cardGone
    case nothingLost
    case goesOnWhenBack
    case goesOnElsewhere
    case askStaff
    case centreAway
    case centreBack
    case tryingAgain(seconds: Int)
    case centreUntrusted
    case notEnrolled

    // Work.
    case working(step: Int, of: Int)
    case workingFor(step: Int, of: Int, seconds: Int)
    case action(Action)
    case secondsLeft(Int)
    case done
    case failed
    case willGoOn
    case nothingToDo

    // The menu.
    case whatToDo
    case menu(MenuItem)
    case choose
    case noSuchChoice
    case whichApplication
    case noApplications
    case userNumber
    case password
    case wrongSignIn
    case signedIn
    case signedOut
    case waitSeconds(Int)

    // A new card.
    case newCardIntroduction
    case validThrough
    case noSuchDay
    case cardIsYours(number: Int)

    // The plan.
    case plan
    case missingRoom
    case leaves
    case goesForGood
    case unusedCodeLeaves
    case gives(Int)
    case dataStayWhole
    case wantedButNeeded
    case comes
    case custodyPerDay
    case takesAbout(seconds: Int)
    case notPossible
    case approve
    case declined

    // What is there, and what it costs.
    case onCard
    case inCustody
    case since
    case costUntilNow
    case nothingThere
    case bill
    case memoryBefore
    case memoryAfter
    case memoryNow
    case free
    case used
    case bytes(Int)

    // What the centre told with a code of its own.
    case trouble(Trouble)

    package enum Action: String, Hashable, Sendable, CaseIterable {
        case check
        case park
        case copy
        case remove
        case load
        case install
        case personalise
        case restore
        case move
        case identify
        case room
        case keys
    }

    package enum MenuItem: Hashable, Sendable, CaseIterable {
        case add
        case remove
        case park
        case restore
        case list
        case statement
        case signIn
        case signOut
        case newCard
        case language
        case quit
    }

    /// One of each, with the widest figures that there can be.
    package static let samples: [Message] =
        [
            .insertCard, .readingCard, .takeCard, .leaveCardIn, .cardUnknown, .cardNotServed, .cardGone,
            .nothingLost, .goesOnWhenBack, .goesOnElsewhere, .askStaff, .centreAway, .centreBack,
            .tryingAgain(seconds: 9_999), .centreUntrusted, .notEnrolled, .working(step: 999, of: 999),
            .workingFor(step: 999, of: 999, seconds: 9_999), .secondsLeft(99_999), .done, .failed, .willGoOn,
            .nothingToDo, .whatToDo, .choose,
            .noSuchChoice, .whichApplication, .noApplications, .userNumber, .password, .wrongSignIn,
            .signedIn, .signedOut, .waitSeconds(99_999), .newCardIntroduction, .validThrough, .noSuchDay,
            .cardIsYours(number: 9_999), .plan, .missingRoom, .leaves, .goesForGood,
            .unusedCodeLeaves,
            .gives(999_999_999), .dataStayWhole, .wantedButNeeded, .comes,
            .custodyPerDay, .takesAbout(seconds: 99_999), .notPossible, .approve, .declined, .onCard,
            .inCustody, .since, .costUntilNow, .nothingThere, .bill, .memoryBefore, .memoryAfter,
            .memoryNow, .free, .used, .bytes(999_999_999),
        ] + Action.allCases.map(Message.action) + MenuItem.allCases.map(Message.menu)
        + Trouble.allCases.map(Message.trouble)
}

/// The languages of a terminal.
package enum Language: String, Hashable, Sendable, CaseIterable {
    case english = "en"
    case japanese = "ja"
    case german = "de"

    /// What it calls itself.
    package var name: String {
        switch self {
        case .english: "English"
        case .japanese: "日本語"
        case .german: "Deutsch"
        }
    }

    package func text(_ message: Message) -> String {
        switch self {
        case .english: message.english
        case .japanese: message.japanese
        case .german: message.german
        }
    }

    /// What a person may answer to a question of yes or no, in small letters; English is always understood.
    package var yes: [String] {
        switch self {
        case .english: ["y", "yes"]
        case .japanese: ["y", "yes", "はい", "h"]
        case .german: ["j", "ja", "y", "yes"]
        }
    }

    package var no: [String] {
        switch self {
        case .english: ["n", "no"]
        case .japanese: ["n", "no", "いいえ", "i"]
        case .german: ["n", "nein", "no"]
        }
    }

    /// By `LC_ALL`, `LC_MESSAGES` or `LANG`: `ja_JP.UTF-8`.
    package init?(locale: String) {
        self.init(rawValue: String(locale.prefix(2)).lowercased())
    }
}
