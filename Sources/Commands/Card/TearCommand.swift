internal import Arguments
internal import JSON
internal import VirtualCard

/// `berth card tear`: lets a card lose its power at a chosen persistent write.
enum TearCommand {
    private static let at = Option<Int?>.optional(
        "at", .integer("N", in: 1...1_000_000), help: "Which persistent write, counted from 1")
    private static let before = Option<Bool>.flag(
        "before", help: "Just before the write; this is the default")
    private static let after = Option<Bool>.flag("after", help: "Just after the write")
    private static let count = Option<Int>.value(
        "count", .integer("N", in: 1...1_000_000), default: 1, help: "How many times it happens")
    private static let off = Option<Bool>.flag("off", help: "Disarm it")

    static func verb(_ workshop: CardWorkshop) -> Command {
        Command(
            "tear", "Let a virtual card lose its power at a chosen write",
            discussion: """
                Arms the card: the next time it is used, by --card or in a reader, its power goes away at the given \
                persistent write, as if it were torn out of the reader. Writes are counted from 1 each time the file is \
                opened, and anew after each tear. What the card holds afterwards is the state before the interrupted \
                command or the state after it. Without --at, shows what is armed.
                """,
            examples: [
                .init("lose power before the third write", "berth card tear my.card --at 3"),
                .init("after it, and twice", "berth card tear my.card --at 3 --after --count 2"),
                .init("no tear after all", "berth card tear my.card --off"),
            ], arguments: [CardCommands.file],
            options: [OptionGroup("Options", [at, before, after, count, off])]
        ) { parsed, terminal in
            let path = parsed[CardCommands.file]
            let wanted = try wanted(parsed)
            let card: VirtualCard
            if case .show = wanted {
                card = try VirtualCard(
                    viewing: path, environment: workshop.environment, entropy: workshop.entropy())
            } else {
                card = try VirtualCard(
                    opening: path, environment: workshop.environment, entropy: workshop.entropy())
            }
            var settings = try card.settings()
            switch wanted {
            case .show: break
            case .arm(let tear): settings.tear = tear
            case .disarm: settings.tear = nil
            }
            if case .show = wanted {} else { try card.keep(settings) }
            if terminal.isJSON {
                terminal.print(json: ["file": .string(path), "tear": settings.tear?.json ?? .null])
            } else {
                terminal.print("\(path): " + (settings.tear.map { "tear \($0.text)" } ?? "no tear is armed"))
            }
        }
    }

    private enum Wanted {
        case show
        case arm(CardSettings.Tear)
        case disarm
    }

    private static func wanted(_ parsed: ParsedCommand) throws(Problem) -> Wanted {
        if parsed[before], parsed[after] {
            throw .usage("--before and --after exclude each other", advice: "give one of them")
        }
        if let write = parsed[at] {
            guard !parsed[off] else {
                throw .usage("--at arms a tear and --off disarms it", advice: "give one of them")
            }
            return .arm(
                CardSettings.Tear(
                    moment: parsed[after] ? .after : .before, write: write, times: parsed[count]))
        }
        if parsed[off] { return .disarm }
        guard !parsed[before], !parsed[after], parsed.source(of: count) == .fallback else {
            throw .usage("a tear needs its write", advice: "say which one with --at N")
        }
        return .show
    }
}

extension CardSettings.Tear {
    var text: String {
        "\(moment.rawValue) write \(write)" + (times == 1 ? "" : ", \(times) times")
    }

    var json: JSONValue {
        ["moment": .string(moment.rawValue), "write": .count(write), "times": .count(times)]
    }
}
