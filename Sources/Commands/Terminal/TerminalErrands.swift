internal import Arguments
internal import Centre
internal import JSON
internal import SmartCard
internal import Terminal

/// The verbs that do one thing and end: for scripts, and for shops.
enum TerminalErrands {
    private static let application = Positional<String>.required(
        .text("APPLICATION"), help: "Its name at the centre")
    private static let yes = ConnectionOptions.yes
    private static let groups = [TerminalOptions.card, TerminalOptions.common, TerminalOptions.person]
    private static let wishGroups = groups + [OptionGroup("Consent", [yes])]

    static func add(_ opener: CardOpener) -> Command {
        wish(
            "add", "Put an application on the card; where there is no room, another goes into custody", opener
        ) { .add($0) }
    }

    static func remove(_ opener: CardOpener) -> Command {
        wish("remove", "Remove an application from the card for good, its data included", opener) {
            .remove($0)
        }
    }

    static func park(_ opener: CardOpener) -> Command {
        wish("park", "Give an application and its data into custody", opener) { .park($0) }
    }

    static func restore(_ opener: CardOpener) -> Command {
        wish("restore", "Bring an application and its data back from custody", opener) { .restore($0) }
    }

    static func list(_ opener: CardOpener) -> Command {
        Command(
            "list", "Show what is on the card and what is in custody, with what that costs until now",
            aliases: ["ls"], options: groups
        ) { parsed, terminal in
            try run(.list, opener, parsed, terminal)
        }
    }

    private static let month = Option<String?>.optional(
        "month", .text("YYYY-MM"), help: "The month; the present one by default")

    static func statement(_ opener: CardOpener, _ clock: any WallClock) -> Command {
        Command(
            "statement", "Show the holder's bill for a month", aliases: ["bill"],
            options: groups + [OptionGroup("Bill", [month])]
        ) { parsed, terminal in
            let month = parsed[month] ?? TerminalOptions.month(clock)
            guard month.wholeMatch(of: /\d{4}-\d{2}/) != nil else {
                throw Problem.usage("'\(month)' is no month", advice: "write it as 2026-11")
            }
            try run(.statement(month: month), opener, parsed, terminal)
        }
    }

    private static let expiry = Option<String?>.optional(
        "expiry", .text("YYYY-MM-DD"),
        help: "The last day of the card, as it is printed on it; where the centre does not know it")

    static func newCard(_ opener: CardOpener) -> Command {
        Command(
            "new-card", "A holder takes this blank card instead of the old one, and everything comes back",
            discussion: """
                The centre must permit it (berth holders permit-issue). The old card is retired. What was in custody comes \
                back with its data, and every other application that the holder uses.
                """,
            examples: [
                .init("the holder 1001", "berth terminal new-card --holder 1001 --expiry 2030-12-31 --yes")
            ], options: wishGroups + [OptionGroup("New card", [expiry])]
        ) { parsed, terminal in
            guard parsed[TerminalOptions.holder] != nil else {
                throw Problem.usage("a new card is for somebody", advice: "say for whom with --holder")
            }
            if let day = parsed[expiry], day.wholeMatch(of: /\d{4}-\d{2}-\d{2}/) == nil {
                throw Problem.usage("'\(day)' is no day", advice: "write it as 2030-12-31")
            }
            try run(.renew, opener, parsed, terminal)
        }
    }

    static func work(_ opener: CardOpener) -> Command {
        Command(
            "work", "Do what waits for the card, and end",
            discussion:
                "Somebody asked for it elsewhere: a provider, an operator, or the holder by another way.",
            options: groups
        ) { parsed, terminal in
            try run(nil, opener, parsed, terminal)
        }
    }

    private static func wish(
        _ name: String, _ summary: String, _ opener: CardOpener,
        _ errand: @escaping @Sendable (String) -> Errand
    ) -> Command {
        Command(
            name, summary, examples: [.init("the purse", "berth terminal \(name) purse --yes")],
            arguments: [application], options: wishGroups
        ) { parsed, terminal in
            let name = parsed[application]
            guard (try? ApplicationID(name)) != nil else {
                throw Problem.usage("'\(name)' is no name of an application")
            }
            try run(errand(name), opener, parsed, terminal)
        }
    }

    private static func run(
        _ errand: Errand?, _ opener: CardOpener, _ parsed: ParsedCommand, _ terminal: Arguments.Terminal
    ) throws {
        terminal.interrupts.begin()
        if let errand, errand.needsApproval { try requireSomebody(parsed, terminal) }
        let lock = try TerminalOptions.lock(parsed, terminal)
        defer { lock.release() }
        let around = try TerminalOptions.surroundings(parsed, terminal, isHurried: true)
        let display = TerminalOptions.display(parsed, terminal)
        let narrator = Narrator(terminal, display)
        deliver(around, narrator)
        var desk = CentreDesk(around.link)
        if errand != .renew { try TerminalOptions.signIn(parsed, terminal, &desk) }
        let channel = try opener.open(parsed)
        let kiosk: Kiosk
        do throws(KioskFailure) { kiosk = try Kiosk(channel, around, narrator, desk: desk) } catch {
            throw Problem(error)
        }
        if errand == .renew { try takeNewCard(kiosk, parsed, terminal) }
        do throws(KioskFailure) {
            guard let errand else {
                if try !kiosk.doWaitingWork() {
                    narrator.tell("nothing-to-do")
                    narrator.say(.nothingToDo)
                }
                return
            }
            try kiosk.run(errand, consent(to: errand, parsed, terminal, display))
        } catch {
            if terminal.interrupts.raised() != nil { try terminal.checkInterrupted() }
            throw Problem(error)
        }
    }

    private static func takeNewCard(
        _ kiosk: Kiosk, _ parsed: ParsedCommand, _ terminal: Arguments.Terminal
    ) throws {
        // The centre must have heard that the card is here before it tells anything about it.
        do throws(KioskFailure) { try kiosk.doWaitingWork() } catch { throw Problem(error) }
        let known: String?
        do throws(CentreFailure) { known = try kiosk.desk.expiry(of: kiosk.card) } catch {
            throw Problem(link: error)
        }
        guard let expiry = parsed[expiry] ?? known else {
            throw Problem.usage(
                "nobody knows how long the card is good", advice: "say it with --expiry, as it is printed")
        }
        let source = try parsed[TerminalOptions.password] ?? SecretSource("prompt")
        let outcome = try terminal.withSecret(source, label: "password") { bytes in
            Result { () throws(CentreFailure) in
                try kiosk.takeNewCard(
                    expiry: expiry, holder: parsed[TerminalOptions.holder] ?? "", password: bytes)
            }
        }
        if case .failure(let failure) = outcome { throw Problem(link: failure) }
    }

    /// Who cannot be asked must have said it in advance.
    private static func requireSomebody(_ parsed: ParsedCommand, _ terminal: Arguments.Terminal) throws {
        guard parsed[yes] || (terminal.input.isTerminal && !terminal.isJSON) else {
            throw Problem(
                "confirmation-needed", exit: .usage, "this needs a yes, and there is nobody to ask",
                advice: ["give --yes to approve the plan in advance"])
        }
    }

    private static func consent(
        to errand: Errand, _ parsed: ParsedCommand, _ terminal: Arguments.Terminal, _ display: Display
    ) -> Kiosk.Consent {
        // Who only looks has no such option.
        if errand.needsApproval, parsed[yes] { return .given }
        return .asked { try KioskMenu.approve(display) { try terminal.ask(display.text($0)) } }
    }

    /// What an earlier run could not deliver goes first.
    static func deliver(_ around: Kiosk.Surroundings, _ narrator: Narrator) {
        guard !around.queue.all().isEmpty else { return }
        let (sent, left) = around.queue.flush(over: around.link)
        narrator.tell("delivered", ["sent": .count(sent), "left": .count(left)])
    }
}

extension Errand {
    fileprivate var needsApproval: Bool {
        switch self {
        case .add, .remove, .park, .restore, .renew: true
        case .list, .statement: false
        }
    }
}
