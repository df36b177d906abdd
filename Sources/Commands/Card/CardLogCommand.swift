internal import Arguments
internal import JSON
internal import VirtualCard

/// `berth card log`: every command that a card saw.
enum CardLogCommand {
    private static let last = Option<Int?>.optional(
        "last", .integer("N", in: 1...1_000_000), .short("n"), help: "Only the last N entries")
    private static let brief = Option<Bool>.flag("brief", .short("b"), help: "One line for each entry")
    private static let clear = Option<Bool>.flag(
        "clear", help: "Forget what was logged, after showing nothing")

    static func verb(_ workshop: CardWorkshop) -> Command {
        Command(
            "log", "Show every command that a virtual card saw, in words",
            discussion: """
                Keys, PINs and data of applications are not in the log: it holds descriptions only. It stands beside the \
                card in FILE.log, and the oldest entries go when it grows beyond 2 MB. A card that was made with \
                --no-log has none. A command that was protected is shown as the card understood it.
                """,
            examples: [
                .init("everything", "berth card log my.card"),
                .init("the last ten, one line each", "berth card log my.card --last 10 --brief"),
            ], arguments: [CardCommands.file], options: [OptionGroup("Options", [last, brief, clear])]
        ) { parsed, terminal in
            let path = parsed[CardCommands.file]
            let card = try VirtualCard(
                viewing: path, environment: workshop.environment, entropy: workshop.entropy())
            let settings = try card.settings()
            if parsed[clear] {
                CardLog.clear(beside: path)
                if terminal.isJSON { terminal.print(json: ["file": .string(path), "cleared": true]) }
                return
            }
            let entries = CardLog.entries(beside: path).suffix(parsed[last] ?? .max)
            if terminal.isJSON {
                terminal.print(
                    json: ["file": .string(path), "entries": .array(entries.map { .object($0) })])
                return
            }
            if entries.isEmpty {
                terminal.note(settings.keepsLog ? "The card saw no command yet." : "This card keeps no log.")
            }
            for entry in entries { terminal.print(lines: lines(entry, isBrief: parsed[brief])) }
        }
    }

    private static func lines(_ entry: JSONObject, isBrief: Bool) -> [String] {
        let time = UTC.text(entry["at"]?.integerValue ?? 0)
        if let event = entry["event"]?.stringValue {
            return ["\(time)  -- \(words(for: event)) --".printable]
        }
        let number = entry["number"]?.integerValue ?? 0
        let command = texts(entry["command"])
        let answer = texts(entry["answer"])
        let secured = entry["secured"]?.boolValue == true ? " (protected)" : ""
        let head = "\(time)  \(number)  "
        if isBrief {
            return ["\(head)\(command.first ?? "")\(secured) -> \(answer.first ?? "")".printable]
        }
        let first = ["\(head)\(command.first ?? "")\(secured)"]
        let rest = (command.dropFirst() + ["<- " + (answer.first ?? "")] + answer.dropFirst()).map {
            String(repeating: " ", count: head.count) + $0
        }
        return (first + rest).map(\.printable)
    }

    private static func texts(_ value: JSONValue?) -> [String] {
        (value?.arrayValue ?? []).compactMap(\.stringValue)
    }

    private static func words(for event: String) -> String {
        switch CardLog.Event(rawValue: event) {
        case .powerOn: "power on"
        case .powerOff: "power off"
        case .reset: "reset"
        case .torn: "the power went away in the middle of the command above"
        case nil: event
        }
    }
}

/// Points in time as ISO 8601 writes them.
enum UTC {
    static func text(_ seconds: Int64) -> String {
        let days = seconds / 86_400 - (seconds % 86_400 < 0 ? 1 : 0)
        let rest = seconds - days * 86_400
        // Days since 0000-03-01, in eras of 400 years of 146,097 days: leap days come last in each year.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let day = shifted - era * 146_097
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let civilYear = year + era * 400 + (civilMonth <= 2 ? 1 : 0)
        let date = "\(padded(civilYear, 4))-\(padded(civilMonth, 2))-\(padded(dayOfMonth, 2))"
        return "\(date)T\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))Z"
    }

    private static func padded(_ number: Int64, _ count: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }
}
