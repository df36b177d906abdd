package import Arguments
internal import JSON
internal import SmartCard

/// The menus of a kiosk: numbers, read from a keyboard of any kind.
package final class KioskMenu {
    private let kiosk: Kiosk
    private let terminal: Arguments.Terminal
    private let month: String

    /// - Parameter month: the present one, as 2026-11.
    package init(_ kiosk: Kiosk, _ terminal: Arguments.Terminal, month: String) {
        self.kiosk = kiosk
        self.terminal = terminal
        self.month = month
    }

    private var display: Display { kiosk.narrator.display }

    package enum Outcome: Hashable, Sendable {
        case quit
        case switchLanguage
        /// The card is not in the reader any more.
        case cardGone
    }

    private var items: [Message.MenuItem] {
        [.add, .remove, .park]
            + (kiosk.desk.holderToken == nil ? [.signIn] : [.restore, .statement, .signOut])
            + [.list, .language, .quit]
    }

    /// Offers the menu until the person is done.
    package func run() throws -> Outcome {
        while true {
            terminal.print()
            terminal.print(display.text(.whatToDo))
            let items = self.items
            for (index, item) in items.enumerated() {
                terminal.print(lines: display.folded("\(index + 1)  \(display.text(.menu(item)))", indent: 4))
            }
            // The end of input is somebody who went away.
            guard let answer = try terminal.ask(display.text(.choose)) else { return .quit }
            guard let number = Int(answer), items.indices.contains(number - 1) else {
                terminal.print(display.text(.noSuchChoice))
                continue
            }
            if let outcome = try follow(items[number - 1]) { return outcome }
        }
    }

    private func follow(_ item: Message.MenuItem) throws -> Outcome? {
        switch item {
        case .quit: return .quit
        case .language: return .switchLanguage
        case .signIn:
            try signIn()
            return nil
        case .signOut:
            kiosk.desk.signOut()
            terminal.print(display.text(.signedOut))
            return nil
        case .list: return try run(.list)
        case .statement: return try run(.statement(month: month))
        case .add: return try choose(kiosk.desk.catalogue()).flatMap { try run(.add($0)) }
        case .remove: return try choose(onCard()).flatMap { try run(.remove($0)) }
        case .park: return try choose(onCard()).flatMap { try run(.park($0)) }
        case .restore: return try choose(held()).flatMap { try run(.restore($0)) }
        }
    }

    private func onCard() -> [String] { (try? kiosk.desk.applications(on: kiosk.card)) ?? [] }

    private func held() -> [String] {
        let kept = (try? kiosk.desk.kept(of: kiosk.card)) ?? []
        return kept.filter(\.isHeld).map(\.application)
    }

    /// By number, or by name where the list does not have it.
    private func choose(_ names: [String]) throws -> String? {
        for (index, name) in names.enumerated() {
            terminal.print(lines: display.folded("\(index + 1)  \(name)", indent: 4))
        }
        guard let answer = try terminal.ask(display.text(.whichApplication)), !answer.isEmpty else {
            return nil
        }
        if let number = Int(answer), names.indices.contains(number - 1) { return names[number - 1] }
        // What goes into a message must be a name.
        guard answer.utf8.count <= 64, answer.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            terminal.print(display.text(.noSuchChoice))
            return nil
        }
        return answer
    }

    private func run(_ errand: Errand) throws -> Outcome? {
        do throws(KioskFailure) {
            try kiosk.run(errand) { try Self.approve(terminal, display) }
            return nil
        } catch {
            switch error {
            case .cardGone: return .cardGone
            case .cancelled: return .quit
            case .centre, .cardUnreadable, .cardUnknown, .cardNotServed, .notFeasible, .declined, .notHeld,
                .failed, .unfinished, .notKept:
                return nil
            }
        }
    }

    /// After a few answers that are neither, it is a no.
    package static func approve(_ terminal: Arguments.Terminal, _ display: Display) throws -> Bool {
        for _ in 0..<3 {
            guard let answer = try terminal.ask(display.text(.approve))?.lowercased() else { return false }
            if display.language.yes.contains(answer) { return true }
            if display.language.no.contains(answer) { return false }
        }
        return false
    }

    private func signIn() throws {
        guard let number = try terminal.ask(display.text(.userNumber)), !number.isEmpty else { return }
        let outcome = try terminal.withSecret(SecretSource("prompt"), label: display.text(.password)) {
            bytes in
            Result { () throws(CentreFailure) in try kiosk.desk.signIn(number, password: bytes) }
        }
        switch outcome {
        case .success: terminal.print(display.text(.signedIn))
        case .failure(.refused(let refusal)) where [401, 403, 422].contains(refusal.status):
            terminal.print(display.text(.wrongSignIn))
        case .failure(.refused(let refusal)) where refusal.status == 429:
            terminal.print(display.text(.waitSeconds(refusal.retryAfter ?? 60)))
        case .failure(let failure): kiosk.showFailure(failure)
        }
    }
}
