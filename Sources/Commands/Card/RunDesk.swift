internal import Arguments
internal import JSON
internal import Readers
internal import SmartCard
internal import VirtualCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Runs cards until somebody ends it: listens to the keyboard, to other programs, and to the cards.
final class RunDesk {
    enum Event: Sendable {
        case card(Int, RunningCard.Event)
        case line(String)
    }

    /// A signal may reach another thread than this one: look at least so often.
    private static let lookMilliseconds: Int32 = 200
    private static let presenceMax = Duration.seconds(3)

    private let cards: [RunningCard]
    /// Each with the index of its card.
    private let controls: [(socket: ControlSocket, card: Int)]
    private let events: EventQueue<Event>
    private let terminal: Terminal
    private var seen: Set<Int> = []
    private var failed: Set<Int> = []

    init(_ cards: [RunningCard], events: EventQueue<Event>, on terminal: Terminal) throws {
        self.cards = cards
        self.events = events
        self.terminal = terminal
        var controls: [(socket: ControlSocket, card: Int)] = []
        for (index, card) in cards.enumerated() {
            if try ControlSocket.ask(ControlCommands.Request.look.rawValue, of: card.path) != nil {
                throw CardFileError.inUse(card.path)
            }
            do throws(Problem) {
                controls.append((try ControlSocket(listeningBeside: card.path), index))
            } catch {
                // The card works without it; only 'card insert' and 'card remove' do not.
                terminal.warn("\(error.what): \(error.why ?? "")")
            }
        }
        self.controls = controls
    }

    private var hasKeyboard: Bool { terminal.input.isTerminal && !terminal.isJSON }

    func run(startsInserted: Bool) throws {
        defer { for card in cards { card.remove() } }
        if startsInserted { for card in cards { try card.insert() } }
        if hasKeyboard {
            terminal.note("r N takes card N out, i N puts it in, q ends (then Enter; without N: all cards).")
            readKeyboard()
        }
        while terminal.interrupts.raised() == nil {
            wait()
            for event in events.take() {
                switch event {
                case .card(let number, let event): try handle(event, of: number)
                case .line(let line): if obey(line) { return }
                }
            }
        }
    }

    private func wait() {
        var waiting = [pollfd(fd: events.descriptor, events: Int16(POLLIN), revents: 0)]
        waiting += controls.map { pollfd(fd: $0.socket.descriptor, events: Int16(POLLIN), revents: 0) }
        guard poll(&waiting, nfds_t(waiting.count), Self.lookMilliseconds) > 0 else { return }
        for (index, control) in controls.enumerated() where waiting[index + 1].revents != 0 {
            control.socket.serve { request in self.answer(request, for: control.card) }
        }
    }

    // MARK: Cards

    private func handle(_ event: RunningCard.Event, of number: Int) throws {
        let card = cards[number - 1]
        switch event {
        case .inserted:
            seen.insert(number)
            failed.remove(number)
            tell("inserted", card, "is in the reader at \(card.host):\(card.port)")
        case .removed: tell("removed", card, "is out")
        case .torn: tell("torn", card, "lost its power in the middle of a command, and goes in again")
        case .failed(let error):
            failed.insert(number)
            // Before anything worked, or when nothing works any more, it is better to end than to wait for nothing.
            guard seen.contains(number), hasKeyboard || failed.count < cards.count else { throw error }
            tell("failed", card, "is out: \(error.message)")
        }
    }

    private func tell(_ event: String, _ card: RunningCard, _ words: String) {
        if terminal.isJSON {
            terminal.print(json: [
                "event": .string(event), "card": .count(card.number), "file": .string(card.path),
                "host": .string(card.host), "port": .count(Int(card.port)),
            ])
        } else {
            terminal.print("card \(card.number), \(card.path), \(words)".printable)
        }
    }

    // MARK: Other programs

    /// Requests and answers of the control socket.
    private func answer(_ request: String, for index: Int) -> String {
        let card = cards[index]
        var answer: JSONObject = ["changed": false]
        switch ControlCommands.Request(rawValue: request) {
        case .insert:
            do throws(CardFileError) {
                answer["changed"] = .bool(try card.insert())
                card.awaitPresence(atMost: Self.presenceMax)
            } catch { answer["refusal"] = .string(error.problem.what) }
        case .remove: answer["changed"] = .bool(card.remove())
        case .look, nil: break
        }
        answer["place"] = .string(card.place.rawValue)
        return String(decoding: JSONValue.object(answer).encoded(), as: UTF8.self)
    }

    // MARK: Keyboard

    /// Does what a line says; true to end.
    private func obey(_ line: String) -> Bool {
        let word = line.filter { !$0.isWhitespace }.lowercased()
        guard let letter = word.first else { return false }
        if word == "q" { return true }
        let digits = word.dropFirst()
        let chosen = digits.isEmpty ? cards : cards.filter { String($0.number) == digits }
        guard !chosen.isEmpty, letter == "i" || letter == "r" else {
            terminal.note("r N takes card N out, i N puts it in, q ends; there are \(cards.count) cards.")
            return false
        }
        for card in chosen {
            guard letter == "i" else {
                card.remove()
                continue
            }
            do throws(CardFileError) {
                try card.insert()
            } catch { terminal.note("card \(card.number), \(card.path), stays out: \(error.problem.what)") }
        }
        return false
    }

    private func readKeyboard() {
        // In the background, reading fails instead of stopping the program with its cards.
        _ = signal(SIGTTIN, SIG_IGN)
        let (input, events) = (terminal.input, events)
        _ = startThread {
            while true {
                do {
                    guard let line = try Self.line(from: input) else { return }
                    events.add(.line(line))
                } catch {
                    // Perhaps it comes to the foreground again.
                    _ = sleep(1)
                }
            }
        }
    }

    private static func line(from input: any InputSource) throws(InputError) -> String? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 1)
        defer { buffer.deallocate() }
        let count = try input.readLine(into: buffer, isSecret: false) {}
        return count.map { String(decoding: buffer[..<$0], as: UTF8.self) }
    }
}
