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
        case .workingFor(let step, let steps, let seconds):
            "Schritt \(step) von \(steps), noch etwa \(seconds) s"
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
        case .newCardIntroduction: "Was Sie hatten, kommt auf diese Karte."
        case .validThrough: "Gültig bis (2030-12-31): "
        case .noSuchDay: "Bitte den Tag als 2030-12-31 schreiben."
        case .cardIsYours(let number): "Das ist jetzt Ihre Karte, Nummer \(number)."
        case .plan: "Das würde geschehen:"
        case .missingRoom: "Es fehlt"
        case .leaves: "Kommt in Verwahrung"
        case .goesForGood: "Wird endgültig entfernt"
        case .unusedCodeLeaves: "Geht: Code, den nichts benutzt"
        case .gives(let bytes): "Das gibt \(bytes) Bytes."
        case .dataStayWhole: "Die Daten bleiben ganz und abrufbar."
        case .wantedButNeeded: "Sie wollten es behalten; es muss sein."
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
        case .trouble(let trouble): trouble.german
        }
    }
}

extension Message.Action {
    fileprivate var german: String {
        switch self {
        case .check: "Die Karte wird befragt"
        case .park: "Wird in Verwahrung genommen"
        case .copy: "Ihre Daten werden kopiert"
        case .remove: "Wird entfernt"
        case .load: "Wird geladen"
        case .install: "Wird eingerichtet"
        case .personalise: "Ihre Daten werden geschrieben"
        case .restore: "Ihre Daten kommen zurück"
        case .move: "Es kommt an seinen Platz"
        case .identify: "Es wird eingetragen, wer Sie sind"
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
        case .newCard: "Ich habe eine neue Karte"
        case .language: "English / 日本語 / Deutsch"
        case .quit: "Beenden"
        }
    }
}

extension Trouble {
    fileprivate var german: String {
        switch self {
        case .cardUnknown: "Diese Karte ist hier nicht bekannt."
        case .cardBlocked: "Diese Karte ist gesperrt."
        case .cardRetired: "Diese Karte gilt nicht mehr."
        case .cardExpired: "Diese Karte ist abgelaufen."
        case .cardNotServed: "Diese Karte wird nicht bedient."
        case .cardDrifts: "Das Personal muss die Karte ansehen."
        case .cardUnread: "Die Karte muss erst gelesen werden."
        case .oldCardActive: "Ihre alte Karte ist noch in Gebrauch."
        case .applicationUnknown: "Diese Anwendung gibt es nicht."
        case .notOffered: "Das wird zurzeit nicht angeboten."
        case .notForThisCard: "Das läuft auf dieser Karte nicht."
        case .serviceStopped: "Der Dienst ruht zurzeit."
        case .notInstalled: "Das ist nicht auf dieser Karte."
        case .alreadyThere: "Das ist schon so."
        case .placeTaken: "Etwas anderes hat seinen Platz."
        case .partMissing: "Es fehlt etwas, das es braucht."
        case .stillNeeded: "Etwas anderes braucht es noch."
        case .cannotPark: "Das kann nicht in Verwahrung."
        case .notHeld: "Das ist nicht in Verwahrung."
        case .notEnoughRoom: "Der Platz reicht nicht."
        case .quotaExceeded: "Ihr Anbieter hat hier keinen Platz mehr."
        case .tooMany: "Mehr davon fasst die Karte nicht."
        case .contradiction: "Diese Wünsche widersprechen sich."
        case .roomDoubtful: "Vielleicht reicht der Platz nicht."
        case .dataLost: "Es fängt neu an, ohne alte Daten."
        case .dataOld: "Die Daten sind eine ältere Kopie."
        case .leftOut: "Das bleibt vorerst weg."
        case .operationOpen: "Andere Arbeit ist noch nicht fertig."
        case .planChanged: "Die Karte ist anders. Bitte noch einmal."
        case .signInFailed: "Die Angaben passen nicht zusammen."
        case .signInOver: "Bitte neu anmelden."
        case .notAllowed: "Das ist hier nicht erlaubt."
        case .terminalClosed: "Dieses Terminal ist geschlossen."
        case .tooOften: "Zu oft. Bitte etwas warten."
        case .centreBusy: "Die Zentrale ist belegt. Bitte nochmal."
        }
    }
}
