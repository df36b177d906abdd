internal import Arguments
internal import Centre
internal import HTTPClient
internal import Readers
internal import SmartCard
internal import Terminal

/// `berth terminal kiosk`: menus for whoever puts a card in.
enum KioskVerb {
    private static let slice = Duration.milliseconds(250)

    static func verb(_ opener: CardOpener, _ readers: ReaderSource, _ clock: any WallClock) -> Command {
        Command(
            "kiosk", "Serve whoever puts a card in, by menus in English, Japanese and German",
            discussion: """
                Everything fits a display of 40 columns, needs no colour, and is answered with numbers. With --plain it \
                suits a screen reader. With --card FILE a virtual card is in the reader.
                """,
            options: [TerminalOptions.card, TerminalOptions.common]
        ) { parsed, terminal in
            guard terminal.input.isTerminal, !terminal.isJSON else {
                throw Problem.usage(
                    "a kiosk needs a person at the keyboard",
                    advice: "for programs there are: berth terminal add, work and serve")
            }
            terminal.interrupts.begin()
            var desk = KioskDesk(opener, parsed, terminal, TerminalOptions.month(clock))
            guard parsed[ConnectionOptions.card] == nil else {
                _ = try desk.serve(nil)
                return
            }
            try desk.serveReaders(readers, slice)
        }
    }
}

/// A kiosk and the people who come to it, one after the other.
private struct KioskDesk {
    private let opener: CardOpener
    private let parsed: ParsedCommand
    private let terminal: Arguments.Terminal
    private let month: String
    private var display: Display

    init(_ opener: CardOpener, _ parsed: ParsedCommand, _ terminal: Arguments.Terminal, _ month: String) {
        self.opener = opener
        self.parsed = parsed
        self.terminal = terminal
        self.month = month
        display = TerminalOptions.display(parsed, terminal)
    }

    /// Until Ctrl-C: waits for a card, serves it, waits for it to leave.
    mutating func serveReaders(_ readers: ReaderSource, _ slice: Duration) throws {
        let next = readers.watch()
        terminal.print(display.text(.insertCard))
        while terminal.interrupts.raised() == nil {
            for event in try next(slice) {
                switch event {
                case .cardInserted(let reader, _) where isOurs(reader):
                    if try !serve(reader) { return }
                case .cardRemoved(let reader) where isOurs(reader):
                    terminal.print(lines: ["", display.text(.insertCard)])
                case .cardMute(let reader) where isOurs(reader):
                    terminal.print(lines: [display.text(.cardNotServed), display.text(.askStaff)])
                case .cardInserted, .cardRemoved, .cardMute, .readerAdded, .readerRemoved: break
                }
            }
        }
    }

    private func isOurs(_ reader: String) -> Bool {
        parsed[ConnectionOptions.reader].map { reader.lowercased().contains($0.lowercased()) } ?? true
    }

    /// False when the kiosk is to end.
    mutating func serve(_ reader: String?) throws -> Bool {
        var desk: CentreDesk?
        while true {
            let around = try TerminalOptions.surroundings(parsed, terminal)
            let narrator = Narrator(terminal, display)
            TerminalErrands.deliver(around, narrator)
            guard let channel = try open(reader, narrator) else { return true }
            let kiosk: Kiosk
            do throws(KioskFailure) {
                kiosk = try Kiosk(channel, around, narrator, desk: desk ?? CentreDesk(around.link))
                if try !kiosk.doWaitingWork() { narrator.say(.nothingToDo) }
            } catch {
                if case .cancelled = error { return false }
                guard case .failed = error else { return reader != nil }
                return true
            }
            switch try KioskMenu(kiosk, terminal, month: month).run() {
            case .switchLanguage:
                desk = kiosk.desk
                display = Display(Self.next(display.language), isSpoken: display.isSpoken)
            case .cardGone: return true
            case .quit:
                narrator.say(.takeCard)
                return reader != nil && terminal.interrupts.raised() == nil
            }
        }
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
