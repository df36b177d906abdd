extension Message {
    var german: String {
        switch self {
        case .insertCard: "Bitte die Karte einstecken."
        case .readingCard: "Die Karte wird gelesen ..."
        case .takeCard: "Sie können die Karte nehmen."
        case .leaveCardIn: "Bitte die Karte stecken lassen."
        case .cardUnknown: "Diese Karte ist hier nicht bekannt."
        case .cardNotServed: "Diese Karte wird nicht bedient."
        case .cardGone: "Die Karte wurde herausgenommen."
        case .nothingLost: "Es ist nichts verloren."
        case .goesOnWhenBack: "Mit der Karte geht es weiter."
        case .goesOnElsewhere: "Auch an einem anderen Terminal."
        case .askStaff: "Bitte das Personal fragen."
        case .centreAway: "Die Zentrale antwortet nicht."
        case .centreBack: "Die Zentrale antwortet wieder."
        case .tryingAgain(let seconds): "Neuer Versuch in \(seconds) s."
        case .centreUntrusted: "Das ist die falsche Zentrale. Halt."
        case .notEnrolled: "Dieses Terminal ist nicht angemeldet."
        case .working(let step, let steps): "Schritt \(step) von \(steps)"
        case .action(let action): action.german
        case .secondsLeft(let seconds): "noch etwa \(seconds) s"
        case .done: "Fertig."
        case .failed: "Es hat nicht geklappt."
        case .willGoOn: "Noch nicht fertig; es geht weiter."
        case .nothingToDo: "Für diese Karte liegt nichts vor."
        case .whatToDo: "Was möchten Sie tun?"
        case .menu(let item): item.german
        case .choose: "Nummer: "
        case .noSuchChoice: "Diese Nummer gibt es nicht."
        case .whichApplication: "Welche Anwendung? "
        case .noApplications: "Es gibt keine Anwendungen."
        case .userNumber: "Benutzernummer: "
        case .password: "Kennwort"
        case .wrongSignIn: "Nummer oder Kennwort ist falsch."
        case .signedIn: "Sie sind angemeldet."
        case .signedOut: "Sie sind abgemeldet."
        case .waitSeconds(let seconds): "Bitte in \(seconds) s erneut versuchen."
        case .plan: "Das würde geschehen:"
        case .missingRoom: "Es fehlt"
        case .leaves: "Kommt in Verwahrung"
        case .comes: "Kommt auf die Karte"
        case .custodyPerDay: "Verwahrung je Tag"
        case .takesAbout(let seconds): "Es dauert etwa \(seconds) s."
        case .notPossible: "Das ist nicht möglich:"
        case .approve: "Soll das geschehen? (ja/nein) "
        case .declined: "Es wurde nichts geändert."
        case .onCard: "Auf der Karte"
        case .inCustody: "In Verwahrung"
        case .since: "seit"
        case .costUntilNow: "Kosten bisher"
        case .nothingThere: "nichts"
        case .bill: "Ihre Rechnung"
        case .memoryBefore: "Speicher vorher"
        case .memoryAfter: "Speicher nachher"
        case .memoryNow: "Speicher"
        case .free: "frei"
        case .used: "belegt"
        case .bytes(let count): "\(count) Bytes"
        }
    }
}

extension Message.Action {
    fileprivate var german: String {
        switch self {
        case .check: "Die Karte wird befragt"
        case .park: "Wird in Verwahrung genommen"
        case .remove: "Wird entfernt"
        case .load: "Wird geladen"
        case .install: "Wird eingerichtet"
        case .personalise: "Ihre Daten werden geschrieben"
        case .restore: "Ihre Daten kommen zurück"
        case .room: "Platz wird eingeteilt"
        case .keys: "Schlüssel werden erneuert"
        }
    }
}

extension Message.MenuItem {
    fileprivate var german: String {
        switch self {
        case .add: "Anwendung hinzufügen"
        case .remove: "Anwendung entfernen"
        case .park: "In Verwahrung geben"
        case .restore: "Aus der Verwahrung holen"
        case .list: "Was da ist, und was es kostet"
        case .statement: "Die Rechnung dieses Monats"
        case .signIn: "Anmelden"
        case .signOut: "Abmelden"
        case .language: "English / 日本語 / Deutsch"
        case .quit: "Beenden"
        }
    }
}
