internal import Arguments
internal import JSON
internal import VirtualCard

/// `berth card insert` and `berth card remove`: for a card that another program runs.
enum ControlCommands {
    enum Request: String {
        case insert
        case remove
        /// Only says where the card is.
        case look
    }

    static let insert = Command(
        "insert", "Put a running card into its reader again",
        discussion: "For a card that 'berth card run' has and that was taken out.",
        examples: [.init("put it in", "berth card insert my.card")], arguments: [CardCommands.file]
    ) { parsed, terminal in try send(.insert, parsed, terminal) }

    static let remove = Command(
        "remove", "Take a running card out of its reader", aliases: ["eject"],
        discussion: """
            For a card that 'berth card run' has. Its power is gone at once, whatever a program is doing with it; the \
            reader's service sees the empty reader within half a second. Until it is put in again, others may use \
            its file, with --card for instance.
            """,
        examples: [.init("take it out", "berth card remove my.card")], arguments: [CardCommands.file]
    ) { parsed, terminal in try send(.remove, parsed, terminal) }

    private static func send(_ request: Request, _ parsed: ParsedCommand, _ terminal: Terminal) throws {
        let path = parsed[CardCommands.file]
        guard let text = try ControlSocket.ask(request.rawValue, of: path),
            let answer = try? JSONValue(decoding: text)
        else { throw try notRunning(path) }
        if let refusal = answer["refusal"]?.stringValue {
            throw Problem("card-stays-out", exit: .tryAgain, "\(path) stays out", why: refusal)
        }
        let place = answer["place"]?.stringValue.flatMap(RunningCard.Place.init(rawValue:))
        guard request == .remove || place == .inserted else {
            throw Problem(
                "no-reader-service", exit: .unavailable, "no virtual reader takes \(path)",
                advice: ["start pcscd with vpcd: sudo systemctl restart pcscd"])
        }
        let isChanged = answer["changed"]?.boolValue ?? false
        if terminal.isJSON {
            terminal.print(
                json: [
                    "file": .string(path), "place": .string(place?.rawValue ?? ""),
                    "changed": .bool(isChanged),
                ])
        } else {
            let words = request == .insert ? "in the reader" : "out of the reader"
            terminal.print("\(path) is \(words)\(isChanged ? "" : " already")".printable)
        }
    }

    private static func notRunning(_ path: String) throws -> Problem {
        guard readFile(path, atMost: .max) != nil else { throw CardFileError.system("open", 2, path) }
        return Problem(
            "card-not-running", exit: .unavailable, "\(path) is in no reader: nothing runs it",
            advice: ["put it into a virtual reader with: berth card run \(path)"])
    }
}
