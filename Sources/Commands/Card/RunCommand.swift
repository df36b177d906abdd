internal import Arguments
internal import Readers
internal import SmartCard
internal import VirtualCard

/// `berth card run`: puts virtual cards into virtual readers.
enum RunCommand {
    private static let files = Positional<[String]>.repeated(
        .file("FILE", extensions: "card"), least: 1, help: "The cards' files")
    private static let host = Option<String>.value(
        "host", .text("HOST"), default: "127.0.0.1", help: "Where the virtual readers are")
    private static let ports = Option<[UInt16]>.repeated(
        "port", .integer("PORT", in: 1...65_535),
        help: "The reader's port; for several cards the first one's, or one for each (vpcd's is 35963)")
    private static let wait = Option<Bool>.flag(
        "wait", .short("w"), help: "Wait for a reader that is not there, and come back when it restarts")
    private static let timed = Option<Bool>.flag(
        "timed", help: "Take the time that a real card of this profile takes")
    private static let out = Option<Bool>.flag("out", help: "Begin with the cards out of the reader")
    private static let noLog = Option<Bool>.flag("no-log", help: "Log nothing this time")

    static func verb(_ workshop: CardWorkshop) -> Command {
        Command(
            "run", "Put virtual cards into virtual readers, where every program sees them",
            discussion: """
                Connects to vpcd, the virtual reader of the PC/SC daemon (Debian: pcscd and vsmartcard-vpcd), which has \
                two readers, on ports 35963 and 35964. Runs until Ctrl-C. While it runs, 'berth card remove FILE' and \
                'berth card insert FILE' take a card out and put it in; so do r and i with the card's number and Enter. A card \
                that is out can be used with --card.
                """,
            examples: [
                .init("one card", "berth card run my.card"),
                .init("two, in the two readers of vpcd", "berth card run a.card b.card"),
                .init("see every command in words", "berth card run my.card --trace"),
            ], arguments: [files],
            options: [
                OptionGroup("Options", [host, ports, wait, timed, out, noLog]),
                OptionGroup("Trace", [ConnectionOptions.trace]),
            ]
        ) { parsed, terminal in
            let files = parsed[files]
            let ports = try ports(parsed[ports], count: files.count)
            terminal.interrupts.begin()
            let events = EventQueue<RunDesk.Event>()
            var cards: [RunningCard] = []
            for (index, path) in files.enumerated() {
                // A file that is no card is told before any card goes in.
                _ = try VirtualCard(
                    viewing: path, environment: workshop.environment, entropy: workshop.entropy())
                let mount = mount(
                    path, parsed, workshop, prefix: files.count > 1 ? "card \(index + 1)  " : "", terminal)
                cards.append(
                    RunningCard(
                        path, number: index + 1, host: parsed[host], port: ports[index],
                        waitsForReader: parsed[wait], mount: mount
                    ) { number, event in events.add(.card(number, event)) })
            }
            let desk = try RunDesk(cards, events: events, on: terminal)
            try desk.run(startsInserted: !parsed[out])
        }
    }

    private static func mount(
        _ path: String, _ parsed: ParsedCommand, _ workshop: CardWorkshop, prefix: String,
        _ terminal: Terminal
    ) -> RunningCard.Mount {
        { () throws(CardFileError) in
            let mounted = try MountedCard(
                path, in: workshop, isTimed: parsed[timed], logs: !parsed[noLog])
            if parsed[ConnectionOptions.trace] { mounted.onExchange = trace(prefix, on: terminal) }
            return mounted
        }
    }

    private static func ports(_ given: [UInt16], count: Int) throws(Problem) -> [UInt16] {
        let first = given.first ?? VirtualReaderClient.defaultPort
        switch given.count {
        case count: return given
        case 0, 1:
            guard Int(first) + count - 1 <= Int(UInt16.max) else {
                throw .usage("there are no \(count) ports from \(first) on")
            }
            return (0..<count).map { first + UInt16($0) }
        default:
            throw .usage(
                "\(given.count) ports are given for \(count) cards",
                advice: "give one --port for all, or one for each card")
        }
    }

    private static func trace(_ prefix: String, on terminal: Terminal) -> (CardExchange) -> Void {
        { exchange in
            let text = ExchangeText(exchange)
            let secured = exchange.plain == nil ? "" : " (protected)"
            for (index, line) in text.commandLines.enumerated() {
                terminal.note(
                    prefix + (index == 0 ? "-> \(exchange.number)  \(line)\(secured)" : "      " + line))
            }
            for (index, line) in text.answerLines.enumerated() {
                terminal.note(prefix + (index == 0 ? "<- \(exchange.number)  " : "      ") + line)
            }
        }
    }
}
