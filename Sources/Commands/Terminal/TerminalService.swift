internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import HTTPClient
internal import JSON
internal import Readers
internal import SmartCard
internal import Synchronization
internal import Terminal
internal import Wire

/// `berth terminal serve`: every reader of a machine, day and night.
enum TerminalService {
    private static let slice = Duration.milliseconds(250)
    private static let cards = Option<[String]>.repeated(
        "card", .file("FILE", extensions: "card"), help: "A virtual card in a file, as if it lay in a reader")
    private static let readersOption = Option<[String]>.repeated(
        "reader", .reader(), help: "Only readers with this in their name; all of them by default")

    private static let socket = Option<String?>.optional(
        "socket", .file("PATH"),
        help: "A socket where other programs of this user hear and ask, in JSON, one object a line")

    static func verb(_ opener: CardOpener, _ readers: ReaderSource) -> Command {
        Command(
            "serve", "Bring the cards in all readers of this machine to the centre, until Ctrl-C",
            discussion: """
                Work that waits for a card begins when the card is put in, and work that is asked for while it lies there \
                begins at once. With --json every event is an object on a line of its own. Over the --socket a page or a \
                program shows plans, takes consent and begins work. A unit for systemd is berth-terminal.service.
                """,
            options: [
                OptionGroup("Cards", [readersOption, cards]), TerminalOptions.common,
                OptionGroup("Other programs", [socket]),
            ]
        ) { parsed, terminal in
            terminal.interrupts.begin()
            let lock = try TerminalOptions.lock(parsed, terminal)
            defer { lock.release() }
            let entropy = SystemEntropy()
            let desk = LocalDesk(
                terminal: try TerminalOptions.identity(lock.folder).name,
                newName: { entropy.bytes(16).hex.lowercased() },
                pause: { TerminalOptions.rest($0, terminal, Cancellation()) })
            let socket = try parsed[socket].map { try EventSocket($0, answer: desk.answer) }
            defer { socket?.close() }
            let service = Service(opener, parsed, terminal, desk, socket)
            try service.start(files: parsed[cards])
            defer { service.stop() }
            guard parsed[cards].isEmpty || !parsed[readersOption].isEmpty else {
                while terminal.interrupts.raised() == nil, service.isBusy {
                    TerminalOptions.rest(slice, terminal, Cancellation())
                }
                return
            }
            let next = readers.watch()
            while terminal.interrupts.raised() == nil, terminal.output.failure == nil {
                do {
                    for event in try next(slice) { service.take(event, names: parsed[readersOption]) }
                } catch let error as CardChannelError where error.code == .noService {
                    TerminalOptions.rest(.seconds(1), terminal, Cancellation())
                } catch let error as CardChannelError where error.code == .cancelled {
                    break
                }
            }
        }
    }
}

/// A thread for each card that is there.
private final class Service: Sendable {
    private static let stopMax = Duration.seconds(5)

    private let opener: CardOpener
    private let parsed: ParsedCommand
    private let terminal: Arguments.Terminal
    private let desk: LocalDesk
    private let socket: EventSocket?
    private let workers = Mutex<[String: Cancellation]>([:])

    init(
        _ opener: CardOpener, _ parsed: ParsedCommand, _ terminal: Arguments.Terminal, _ desk: LocalDesk,
        _ socket: EventSocket?
    ) {
        self.opener = opener
        self.parsed = parsed
        self.terminal = terminal
        self.desk = desk
        self.socket = socket
    }

    var isBusy: Bool { workers.withLock { !$0.isEmpty } }

    /// Delivers what an earlier run left, and begins with the cards in files.
    func start(files: [String]) throws {
        let around = try TerminalOptions.surroundings(parsed, terminal)
        let (sent, left) = around.queue.flush(over: around.link)
        if sent + left > 0 {
            tell(
                "delivered", nil, "\(sent) reports delivered, \(left) left",
                ["sent": .count(sent), "left": .count(left)])
        }
        for file in files {
            let opener = opener
            begin(file) { try opener.openFile(file) }
        }
    }

    func take(_ event: ReaderEvent, names: [String]) {
        func isOurs(_ reader: String) -> Bool {
            names.isEmpty || names.contains { reader.lowercased().contains($0.lowercased()) }
        }
        switch event {
        case .cardInserted(let reader, _) where isOurs(reader):
            let opener = opener
            begin(reader) { try opener.openReader(ReaderChoice(reader), ConnectOptions()) }
        case .cardRemoved(let reader), .readerRemoved(let reader): end(reader)
        case .cardMute(let reader) where isOurs(reader):
            tell("card-mute", reader, "the card does not answer: turn it round, or clean it")
        case .cardInserted, .cardMute, .readerAdded: break
        }
    }

    /// Lets every session come to its end between two commands.
    func stop() {
        for cancellation in workers.withLock({ Array($0.values) }) { cancellation.cancel() }
        let watch = terminal.stopwatch()
        while isBusy, watch.elapsed < Self.stopMax {
            TerminalOptions.rest(.milliseconds(50), terminal, Cancellation())
        }
    }

    private func end(_ place: String) {
        workers.withLock { $0[place] }?.cancel()
    }

    private func begin(_ place: String, _ open: @escaping @Sendable () throws -> any CardChannel) {
        let cancellation = Cancellation()
        workers.withLock { workers in
            workers[place]?.cancel()
            workers[place] = cancellation
        }
        let hasStarted = startThread { [self] in
            do {
                try serve(try open(), place, cancellation)
            } catch {
                tell("failed", place, Arguments.Problem(error).what)
            }
            workers.withLock { workers in
                if workers[place] === cancellation { workers[place] = nil }
            }
        }
        if !hasStarted { tell("failed", place, "the system has no thread left") }
    }

    // MARK: One card

    private func serve(_ channel: any CardChannel, _ place: String, _ cancellation: Cancellation) throws {
        var around = try TerminalOptions.surroundings(parsed, terminal, cancellation)
        // A service waits for its centre for as long as the card is there.
        around.patience = .seconds(86_400 * 365)
        guard let card = try CardLink(channel).run(IdentifyCard()).cardID else {
            tell("card-unreadable", place, "the card does not tell its name")
            return
        }
        var isWelcome = false
        let repetition = Repetition()
        defer { desk.sayGoodbye(at: place) }
        while !cancellation.isCancelled {
            let session = CardSession(
                around.newName(), SecureElement(.undefined, id: card), channel, link: around.link,
                queue: around.queue, until: cancellation, pause: around.pause
            ) { [self] event in
                if case .notice(let notice) = event, !repetition.isNew(notice.text) { return }
                show(event, place)
            }
            let refusal = session.open(patience: around.patience)
            if refusal == nil, !isWelcome {
                // From now on the centre knows that the card is here, and answers questions about it.
                isWelcome = true
                desk.welcome(card, at: place, around.link)
                tell("card", place, "the card \(card)", ["card": .string(card)])
            }
            switch refusal ?? session.run(waits: true, patience: around.patience) {
            case .stopped, .idle: around.pause(repetition.pause())
            case .cancelled: break
            case .offline(let failure), .failed(let failure):
                tell("failed", place, failure.words)
                guard failure.isPassing || failure.isForgotten else { return }
                around.pause(.seconds(5))
            case .notKept(let why):
                tell("failed", place, "a report cannot be kept: \(why)")
                around.pause(.seconds(10))
            }
        }
        // Who hears of it finds nobody here any more.
        desk.sayGoodbye(at: place)
        tell("card-removed", place, "the card is out")
        socket?.forget(place)
    }

    private func show(_ event: SessionEvent, _ place: String) {
        switch event {
        case .carried: return
        case .notice(let notice):
            let words = [
                notice.action, notice.subject, notice.step.map { "step \($0) of \(notice.steps ?? $0)" },
                notice.message,
                notice.nextStep,
            ]
            var members: JSONObject = [:]
            if let value = try? JSONValue(decoding: notice.text), case .object(let object) = value {
                members = object
            }
            members["berth"] = nil
            tell(
                notice.event.rawValue, place,
                ([notice.event.rawValue] + words.compactMap { $0 }).joined(separator: ", "), members)
        case .text(let text): tell("text", place, text)
        case .offline(let failure, let again):
            tell("offline", place, "\(failure.words); again in \(again)")
        case .online: tell("online", place, "the centre answers again")
        case .cardGone: tell("card-gone", place, "the card is gone; what was begun goes on when it is back")
        }
    }

    /// One line, whole, whichever thread says it.
    private func tell(_ event: String, _ place: String?, _ words: String, _ members: JSONObject = [:]) {
        var object: JSONObject = ["event": .string(event)]
        object["place"] = place.map { .string($0) }
        for member in members.members { object[member.name] = member.value }
        if members.members.isEmpty { object["what"] = .string(words) }
        socket?.tell(object, at: place)
        guard terminal.isJSON else {
            return terminal.print(((place.map { "\($0): " } ?? "") + words).printable)
        }
        terminal.print(json: .object(object))
    }
}

extension CentreFailure {
    /// The session is not known any more: a new one will do.
    fileprivate var isForgotten: Bool {
        if case .refused(let refusal) = self { refusal.status == 404 } else { false }
    }
}
