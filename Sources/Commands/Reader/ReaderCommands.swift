internal import Arguments
internal import JSON
internal import Readers
internal import SmartCard

/// The noun `reader`: what is plugged into this machine, and what is in it.
enum ReaderCommands {
    static func noun(_ readers: ReaderSource) -> Command {
        Command(
            "reader", "Show the readers of this machine and the cards in them", aliases: ["readers"],
            commands: [list(readers), watch(readers)])
    }

    private static func list(_ readers: ReaderSource) -> Command {
        Command(
            "list", "Show the readers, and which card is in which", aliases: ["ls"],
            examples: [.init("what is there", "berth reader list")]
        ) { _, terminal in
            let states = try readers.list()
            if terminal.isJSON {
                terminal.print(json: ["readers": .array(states.enumerated().map { json($1, number: $0 + 1) })]
                )
                return
            }
            guard !states.isEmpty else {
                terminal.print("There is no reader.")
                terminal.note("plug one in, or use a virtual card with --card FILE")
                return
            }
            var table = Table([
                .init("No", .right), .init("Reader"), .init("Card"), .init("Use"), .init("ATR"),
            ])
            for (index, state) in states.enumerated() {
                let (card, atr) = words(state.card)
                table.add([
                    .init("\(index + 1)"), .init(state.name), .init(card),
                    .init(state.isCardPresent ? state.use.rawValue : ""), .init(atr),
                ])
            }
            terminal.print(table)
        }
    }

    private static func words(_ card: ReaderState.Card) -> (String, String) {
        switch card {
        case .absent: ("none", "")
        case .mute: ("does not answer: turn it round, or clean it", "")
        case .unknown: ("the reader does not work at the moment", "")
        case .present(let bytes): (AnswerToReset(bytes).summary, bytes.hex)
        }
    }

    private static func json(_ state: ReaderState, number: Int) -> JSONValue {
        var object: JSONObject = ["number": .count(number), "name": .string(state.name)]
        switch state.card {
        case .absent: object["card"] = "absent"
        case .mute: object["card"] = "mute"
        case .unknown: object["card"] = "unknown"
        case .present(let bytes):
            object["card"] = "present"
            object["use"] = .string(state.use.rawValue)
            object["atr"] = .string(bytes.hex)
            object["explained"] = AnswerToReset(bytes).json
        }
        return .object(object)
    }

    // MARK: watch

    /// How soon Ctrl-C is heard.
    private static let slice = Duration.milliseconds(250)

    private static func watch(_ readers: ReaderSource) -> Command {
        Command(
            "watch", "Tell when readers and cards come and go, until Ctrl-C",
            discussion: "With --json every event is an object on a line of its own."
        ) { _, terminal in
            terminal.interrupts.begin()
            let next = readers.watch()
            var watch = ReaderWatch(terminal)
            if !terminal.isJSON { terminal.note("watching the readers; Ctrl-C ends it") }
            while terminal.interrupts.raised() == nil, terminal.output.failure == nil {
                do {
                    watch.show(try next(slice))
                } catch let error as CardChannelError where error.code == .noService {
                    watch.serviceIsAway(error)
                } catch let error as CardChannelError where error.code == .cancelled {
                    break
                }
            }
        }
    }
}

/// Shows what happens, and once that the reader service went away or came back.
private struct ReaderWatch {
    private let terminal: Terminal
    private var isAway = false

    init(_ terminal: Terminal) { self.terminal = terminal }

    mutating func show(_ events: [ReaderEvent]) {
        if isAway {
            isAway = false
            tell("the reader service is back", ["event": "service-back"])
        }
        for event in events { show(event) }
    }

    mutating func serviceIsAway(_ error: CardChannelError) {
        guard !isAway else { return }
        isAway = true
        tell(
            "the reader service is away; waiting for it. \(error.message)",
            ["event": "service-away", "what": .string(error.message)])
    }

    private func show(_ event: ReaderEvent) {
        switch event {
        case .readerAdded(let reader): tell("reader added: \(reader)", json("reader-added", reader))
        case .readerRemoved(let reader): tell("reader removed: \(reader)", json("reader-removed", reader))
        case .cardRemoved(let reader): tell("card removed from \(reader)", json("card-removed", reader))
        case .cardMute(let reader):
            tell(
                "a card in \(reader) does not answer: turn it round, or clean it", json("card-mute", reader))
        case .cardInserted(let reader, let bytes):
            let atr = AnswerToReset(bytes)
            tell(
                "card inserted into \(reader): \(atr.summary), ATR \(bytes.hex)",
                json("card-inserted", reader).adding("atr", .string(bytes.hex)).adding("explained", atr.json))
        }
    }

    private func json(_ event: String, _ reader: String) -> JSONObject {
        ["event": .string(event), "reader": .string(reader)]
    }

    private func tell(_ text: String, _ object: JSONObject) {
        if terminal.isJSON { terminal.print(json: .object(object)) } else { terminal.print(text.printable) }
    }
}
