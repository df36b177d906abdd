package import Arguments
internal import JSON
internal import SmartCard

/// The menus of a kiosk: numbers, read from a keyboard of any kind.
package final class KioskMenu {
    package enum Outcome: Hashable, Sendable {
        case quit
        case switchLanguage
        /// The card is not in the reader any more.
        case cardGone
    }

    /// Whether the menu is over while a person thinks: the card was taken.
    package typealias Watch = () throws -> Outcome?

    private static let slice = Duration.milliseconds(250)

    private let kiosk: Kiosk
    private let terminal: Arguments.Terminal
    private let month: String
    private let idle: Duration
    private let watch: Watch
    private var ending: Outcome?

    /// - Parameter month: the present one, as 2026-11.
    /// - Parameter idle: who answers nothing for so long is signed out; zero for never.
    package init(
        _ kiosk: Kiosk, _ terminal: Arguments.Terminal, month: String, idle: Duration, watch: @escaping Watch
    ) {
        self.kiosk = kiosk
        self.terminal = terminal
        self.month = month
        self.idle = idle
        self.watch = watch
    }

    private var display: Display { kiosk.narrator.display }
    private var isSignedIn: Bool { kiosk.desk.holderToken != nil }

    private var items: [Message.MenuItem] {
        [.add, .remove, .park]
            + (isSignedIn ? [.restore, .statement, .list, .signOut] : [.list, .signIn, .newCard])
            + [.language, .quit]
    }

    /// Offers the menu until the person is done, or gone. Whoever comes next is not signed in.
    package func run() throws -> Outcome {
        while true {
            if let ending = try self.ending ?? watch() { return leave(ending) }
            terminal.print()
            terminal.print(display.text(.whatToDo))
            let items = self.items
            for (index, item) in items.enumerated() {
                terminal.print(lines: display.folded("\(index + 1)  \(display.text(.menu(item)))", indent: 4))
            }
            guard let answer = try ask(.choose) else { continue }
            guard let number = Int(answer), items.indices.contains(number - 1) else {
                terminal.print(display.text(.noSuchChoice))
                continue
            }
            try follow(items[number - 1])
        }
    }

    private func leave(_ ending: Outcome) -> Outcome {
        if ending != .switchLanguage { signOut() }
        return ending
    }

    private func signOut() {
        guard isSignedIn else { return }
        kiosk.desk.signOut()
        terminal.print(display.text(.signedOut))
    }

    /// `nil` when there is nobody to answer.
    private func ask(_ message: Message) throws -> String? {
        let sinceQuestion = terminal.stopwatch()
        var outcome: Outcome?
        let answer = try terminal.ask(display.text(message), every: Self.slice) {
            outcome = try watch()
            return outcome != nil || isSignedIn && idle > .zero && sinceQuestion.elapsed >= idle
        }
        switch answer {
        case .line(let line): return line
        // Somebody closed the window.
        case .endOfInput: ending = .quit
        case .calledOff:
            ending = outcome
            if outcome == nil { signOut() }
        }
        return nil
    }

    private func follow(_ item: Message.MenuItem) throws {
        switch item {
        case .quit: ending = .quit
        case .language: ending = .switchLanguage
        case .signIn: try signIn()
        case .newCard: try takeNewCard()
        case .signOut: signOut()
        case .list: try run(.list)
        case .statement: try run(.statement(month: month))
        case .add: try choose { try $0.offers(for: self.kiosk.card) }.map { try run(.add($0)) }
        case .remove: try choose { try $0.applications(on: self.kiosk.card) }.map { try run(.remove($0)) }
        case .park: try choose { try $0.applications(on: self.kiosk.card) }.map { try run(.park($0)) }
        case .restore:
            try choose { try $0.kept(of: self.kiosk.card).filter(\.isHeld).map(\.application) }
                .map { try run(.restore($0)) }
        }
    }

    /// Of the names, each once, by number.
    private func choose(_ question: (CentreDesk) throws -> [String]) throws -> String? {
        var names: [String] = []
        do {
            for name in try question(kiosk.desk) where !names.contains(name) { names.append(name) }
        } catch let failure as CentreFailure {
            kiosk.showFailure(failure)
            return nil
        }
        guard !names.isEmpty else {
            terminal.print(display.text(.noApplications))
            return nil
        }
        for (index, name) in names.enumerated() {
            terminal.print(lines: display.folded("\(index + 1)  \(name)", indent: 4))
        }
        guard let answer = try ask(.whichApplication), !answer.isEmpty else { return nil }
        if let number = Int(answer), names.indices.contains(number - 1) { return names[number - 1] }
        if names.contains(answer) { return answer }
        terminal.print(display.text(.noSuchChoice))
        return nil
    }

    private func run(_ errand: Errand) throws {
        do throws(KioskFailure) {
            try kiosk.run(errand, .asked { try Self.approve(self.display, self.ask) })
        } catch {
            switch error {
            case .cardGone: ending = .cardGone
            case .cancelled: ending = .quit
            case .notKept(let why): terminal.print(lines: display.folded(why))
            case .centre, .cardUnreadable, .cardUnknown, .cardNotServed, .notFeasible, .declined, .notHeld,
                .failed, .unfinished:
                break
            }
        }
    }

    /// After a few answers that are neither, it is a no.
    package static func approve(_ display: Display, _ ask: (Message) throws -> String?) throws -> Bool {
        for _ in 0..<3 {
            guard let answer = try ask(.approve)?.lowercased() else { return false }
            if display.language.yes.contains(answer) { return true }
            if display.language.no.contains(answer) { return false }
        }
        return false
    }

    // MARK: Who it is

    private func signIn() throws {
        guard let number = try ask(.userNumber), !number.isEmpty else { return }
        let outcome = try terminal.withSecret(SecretSource("prompt"), label: display.text(.password)) {
            bytes in
            Result { () throws(CentreFailure) in try kiosk.desk.signIn(number, password: bytes) }
        }
        show(outcome, .signedIn)
    }

    /// Rows C2 to C4: who has a blank card, a number and a password gets everything back.
    private func takeNewCard() throws {
        guard let expiry = try expiry(), let number = try ask(.userNumber), !number.isEmpty else { return }
        let outcome = try terminal.withSecret(SecretSource("prompt"), label: display.text(.password)) {
            bytes in
            Result { () throws(CentreFailure) in
                try kiosk.takeNewCard(expiry: expiry, holder: number, password: bytes)
            }
        }
        show(outcome, .signedIn)
        if isSignedIn { try run(.renew) }
    }

    /// As the centre knows it, or as it is printed on the card.
    private func expiry() throws -> String? {
        if let known = try? kiosk.desk.expiry(of: kiosk.card) { return known }
        guard let answer = try ask(.validThrough), !answer.isEmpty else { return nil }
        guard answer.wholeMatch(of: /\d{4}-\d{2}-\d{2}/) != nil else {
            terminal.print(display.text(.noSuchDay))
            return nil
        }
        return answer
    }

    private func show(_ outcome: Result<Void, CentreFailure>, _ message: Message) {
        switch outcome {
        case .success: terminal.print(display.text(message))
        case .failure(.refused(let refusal)) where refusal.status == 401 || refusal.status == 422:
            terminal.print(display.text(.wrongSignIn))
        case .failure(.refused(let refusal)) where refusal.status == 429:
            terminal.print(display.text(.waitSeconds(refusal.retryAfter ?? 60)))
        case .failure(let failure): kiosk.showFailure(failure)
        }
    }
}
