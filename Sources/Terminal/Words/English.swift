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
        case .plan: "This would be done:"
        case .missingRoom: "Missing room"
        case .leaves: "Goes into custody"
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
        }
    }
}

extension Message.Action {
    fileprivate var english: String {
        switch self {
        case .check: "Asking the card"
        case .park: "Taking into custody"
        case .remove: "Removing"
        case .load: "Loading"
        case .install: "Setting up"
        case .personalise: "Writing your data"
        case .restore: "Bringing your data back"
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
        case .language: "English / 日本語 / Deutsch"
        case .quit: "End"
        }
    }
}
