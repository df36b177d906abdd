extension Message {
    var english: String {
        switch self {
        case .insertCard: "Please insert your card."
        case .readingCard: "Reading the card ..."
        case .takeCard: "You may take your card."
        case .leaveCardIn: "Please leave the card in."
        case .cardUnknown: "This card is not known here."
        case .cardNotServed: "This card cannot be served."
        case .cardGone: "The card was taken out."
        case .nothingLost: "Nothing is lost."
        case .goesOnWhenBack: "It goes on when the card is back."
        case .goesOnElsewhere: "It also goes on at another terminal."
        case .askStaff: "Please ask the staff."
        case .centreAway: "The centre does not answer."
        case .centreBack: "The centre answers again."
        case .tryingAgain(let seconds): "Trying again in \(seconds) s."
        case .centreUntrusted: "This is not the right centre. Stopped."
        case .notEnrolled: "This terminal is not enrolled."
        case .working(let step, let steps): "Step \(step) of \(steps)"
        case .workingFor(let step, let steps, let seconds):
            "Step \(step) of \(steps), about \(seconds) s left"
        case .action(let action): action.english
        case .secondsLeft(let seconds): "about \(seconds) s left"
        case .done: "Done."
        case .failed: "It did not work."
        case .willGoOn: "It is not finished; it will go on."
        case .nothingToDo: "Nothing is waiting for this card."
        case .whatToDo: "What would you like to do?"
        case .menu(let item): item.english
        case .choose: "Number: "
        case .noSuchChoice: "There is no such choice."
        case .whichApplication: "Which application? "
        case .noApplications: "There are no applications."
        case .userNumber: "User number: "
        case .password: "Password"
        case .wrongSignIn: "User number or password is wrong."
        case .signedIn: "You are signed in."
        case .signedOut: "You are signed out."
        case .waitSeconds(let seconds): "Please wait \(seconds) s, then try again."
        case .newCardIntroduction: "What you had comes onto this card."
        case .validThrough: "Valid through (2030-12-31): "
        case .noSuchDay: "Please write the day as 2030-12-31."
        case .cardIsYours(let number): "This is your card now, number \(number)."
        case .plan: "This would be done:"
        case .missingRoom: "Missing room"
        case .leaves: "Goes into custody"
        case .goesForGood: "Removed for good"
        case .unusedCodeLeaves: "Leaves: code that nothing uses"
        case .gives(let bytes): "It gives \(bytes) bytes."
        case .dataStayWhole: "Its data stay whole and can come back."
        case .wantedButNeeded: "You want to keep it; less is too little."
        case .comes: "Comes onto the card"
        case .custodyPerDay: "Custody per day"
        case .takesAbout(let seconds): "It takes about \(seconds) s."
        case .notPossible: "This is not possible:"
        case .approve: "Shall this be done? (yes/no) "
        case .declined: "Nothing was changed."
        case .onCard: "On the card"
        case .inCustody: "In custody"
        case .since: "since"
        case .costUntilNow: "cost until now"
        case .nothingThere: "nothing"
        case .bill: "Your bill"
        case .memoryBefore: "Memory before"
        case .memoryAfter: "Memory after"
        case .memoryNow: "Memory"
        case .free: "free"
        case .used: "used"
        case .bytes(let count): "\(count) bytes"
        case .trouble(let trouble): trouble.english
        }
    }
}

extension Message.Action {
    fileprivate var english: String {
        switch self {
        case .check: "Asking the card"
        case .park: "Taking into custody"
        case .copy: "Making a copy of your data"
        case .remove: "Removing"
        case .load: "Loading"
        case .install: "Setting up"
        case .personalise: "Writing your data"
        case .restore: "Bringing your data back"
        case .move: "Moving it to its place"
        case .identify: "Writing who you are"
        case .room: "Arranging the room"
        case .keys: "Changing keys"
        }
    }
}

extension Message.MenuItem {
    fileprivate var english: String {
        switch self {
        case .add: "Add an application"
        case .remove: "Remove an application"
        case .park: "Give into custody"
        case .restore: "Bring back from custody"
        case .list: "What is there, and what it costs"
        case .statement: "The bill of this month"
        case .signIn: "Sign in"
        case .signOut: "Sign out"
        case .newCard: "I have a new card"
        case .language: "English / 日本語 / Deutsch"
        case .quit: "End"
        }
    }
}

extension Trouble {
    fileprivate var english: String {
        switch self {
        case .cardUnknown: "This card is not known here."
        case .cardBlocked: "This card is blocked."
        case .cardRetired: "This card is not valid any more."
        case .cardExpired: "This card has expired."
        case .cardNotServed: "This card is not served."
        case .cardDrifts: "The staff must look at this card."
        case .cardUnread: "The card must be read first."
        case .oldCardActive: "Your old card is still in use."
        case .applicationUnknown: "There is no such application."
        case .notOffered: "It is not offered at present."
        case .notForThisCard: "It does not run on this card."
        case .serviceStopped: "Its service is stopped at present."
        case .notInstalled: "It is not on this card."
        case .alreadyThere: "It is so already."
        case .placeTaken: "Something else has its place."
        case .partMissing: "Something that it needs is missing."
        case .stillNeeded: "Something else still needs it."
        case .cannotPark: "It cannot go into custody."
        case .notHeld: "It is not in custody."
        case .notEnoughRoom: "There is not enough room."
        case .quotaExceeded: "Its provider has no room left here."
        case .tooMany: "The card holds no more of them."
        case .contradiction: "These wishes go against each other."
        case .roomDoubtful: "Perhaps the room is not enough."
        case .dataLost: "It begins anew: its data stay behind."
        case .dataOld: "Its data are an older copy."
        case .leftOut: "It is left out for now."
        case .operationOpen: "Other work on the card is not over."
        case .planChanged: "The card has changed. Please try again."
        case .signInFailed: "These do not go together."
        case .signInOver: "Please sign in again."
        case .notAllowed: "This is not allowed here."
        case .terminalClosed: "This terminal is closed."
        case .tooOften: "Too often. Please wait a little."
        case .centreBusy: "The centre is busy. Please try again."
        }
    }
}
