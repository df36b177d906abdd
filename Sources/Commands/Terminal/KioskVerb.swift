internal import Arguments
internal import Centre
internal import HTTPClient
internal import Readers
internal import SmartCard
internal import Terminal

/// `berth terminal kiosk`: menus for whoever puts a card in.
enum KioskVerb {
    private static let idle = Option<Int>.value(
        "idle", .integer("SECONDS", in: 0...86_400), default: 300,
        help: "Sign a holder out who has answered nothing for so long; 0 for never")

    static func verb(_ opener: CardOpener, _ readers: ReaderSource, _ clock: any WallClock) -> Command {
        Command(
            "kiosk", "Serve whoever puts a card in, by menus in English, Japanese and German",
            discussion: """
                Everything fits a display of 40 columns, needs no colour, and is answered with numbers. With --plain it \
                suits a screen reader. With --card FILE a virtual card is in the reader. Whoever takes the card out, or \
                answers nothing for long, is signed out.
                """,
            options: [
                TerminalOptions.card, TerminalOptions.common, OptionGroup("Person at the kiosk", [idle]),
            ]
        ) { parsed, terminal in
            guard terminal.input.isTerminal, !terminal.isJSON else {
                throw Problem.usage(
                    "a kiosk needs a person at the keyboard",
                    advice: "for programs there are: berth terminal add, work and serve")
            }
            terminal.interrupts.begin()
            let lock = try TerminalOptions.lock(parsed, terminal)
            defer { lock.release() }
            let desk = KioskDesk(
                opener, readers, parsed, terminal, TerminalOptions.month(clock),
                idle: .seconds(parsed[idle]))
            guard parsed[ConnectionOptions.card] == nil else {
                _ = try desk.serve(nil)
                return
            }
            try desk.serveReaders()
        }
    }
}

/// A kiosk and the people who come to it, one after the other.
private final class KioskDesk {
    private static let slice = Duration.milliseconds(250)

    private let opener: CardOpener
    private let parsed: ParsedCommand
    private let terminal: Arguments.Terminal
    private let month: String
    private let idle: Duration
    private let next: ReaderSource.Next
    private var display: Display
    /// Readers with a card that nobody has served yet.
    private var waiting: [String] = []
    /// The reader of the card that is served now.
    private var reader: String?
    private var isGone = false

    init(
        _ opener: CardOpener, _ readers: ReaderSource, _ parsed: ParsedCommand,
        _ terminal: Arguments.Terminal, _ month: String, idle: Duration
    ) {
        self.opener = opener
        self.parsed = parsed
        self.terminal = terminal
        self.month = month
        self.idle = idle
        next = readers.watch()
        display = TerminalOptions.display(parsed, terminal)
    }

    /// Until Ctrl-C: waits for a card, serves it, waits for the next.
    func serveReaders() throws {
        terminal.print(display.text(.insertCard))
        while terminal.interrupts.raised() == nil {
            guard !waiting.isEmpty else {
                try look(within: Self.slice)
                continue
            }
            guard try serve(waiting.removeFirst()) else { return }
            terminal.print(lines: ["", display.text(.insertCard)])
        }
    }

    /// What happened at the readers since the last look.
    private func look(within time: Duration) throws {
        for event in try next(time) {
            switch event {
            case .cardInserted(let reader, _) where isOurs(reader): waiting.append(reader)
            case .cardRemoved(let reader), .readerRemoved(let reader):
                waiting.removeAll { $0 == reader }
                if reader == self.reader { isGone = true }
            case .cardMute(let reader) where isOurs(reader):
                terminal.print(lines: [display.text(.cardNotServed), display.text(.askStaff)])
            case .cardInserted, .cardMute, .readerAdded: break
            }
        }
    }

    private func isOurs(_ reader: String) -> Bool {
        parsed[ConnectionOptions.reader].map { reader.lowercased().contains($0.lowercased()) } ?? true
    }

    /// False when the kiosk is to end.
    func serve(_ reader: String?) throws -> Bool {
        (self.reader, isGone) = (reader, false)
        defer { self.reader = nil }
        var desk: CentreDesk?
        while true {
            let around = try TerminalOptions.surroundings(parsed, terminal)
            let narrator = Narrator(terminal, display)
            TerminalErrands.deliver(around, narrator)
            guard let channel = try open(reader, narrator) else { return true }
            let kiosk: Kiosk
            do throws(KioskFailure) {
                kiosk = try Kiosk(channel, around, narrator, desk: desk ?? CentreDesk(around.link))
                if desk == nil, try !kiosk.doWaitingWork() { narrator.say(.nothingToDo) }
            } catch {
                if case .cancelled = error { return false }
                return reader != nil
            }
            switch try KioskMenu(kiosk, terminal, month: month, idle: idle, watch: watch).run() {
            case .switchLanguage:
                desk = kiosk.desk
                display = Display(Self.next(display.language), isSpoken: display.isSpoken)
            case .cardGone: return reader != nil
            case .quit:
                narrator.say(.takeCard)
                return reader != nil && terminal.interrupts.raised() == nil
            }
        }
    }

    /// Looks at the reader while a person thinks; a file stays where it is.
    private func watch() throws -> KioskMenu.Outcome? {
        if reader != nil { try look(within: .zero) }
        return isGone ? .cardGone : nil
    }

    private func open(_ reader: String?, _ narrator: Narrator) throws -> (any CardChannel)? {
        guard let reader else { return try opener.open(parsed) }
        do {
            return try opener.openReader(
                ReaderChoice(reader),
                ConnectOptions(sharing: .shared, transmission: parsed[ConnectionOptions.transmission]))
        } catch {
            narrator.say(.cardNotServed, .askStaff)
            return nil
        }
    }

    private static func next(_ language: Language) -> Language {
        let all = Language.allCases
        let index = all.firstIndex(of: language) ?? 0
        return all[(index + 1) % all.count]
    }
}
