internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// `berth gp apdu`: commands as they are typed, and what the card says to them.
enum APDUVerb {
    private static let commands = Positional<[CommandAPDU]>.repeated(
        ArgumentValue("HEX", isSecret: true) { (text) throws(ValueRefusal) in
            guard let bytes = try? Hex.decode(text) else {
                throw ValueRefusal("a command is written in hexadecimal, such as 00A4040000")
            }
            do throws(APDUError) {
                return try CommandAPDU(parsing: bytes)
            } catch {
                switch error {
                case .tooShort(let count):
                    throw ValueRefusal("a command has four bytes at least, this has \(count)")
                case .lengthMismatch(let declared, let actual):
                    throw ValueRefusal("its length byte says \(declared) bytes, and \(actual) follow")
                }
            }
        }, least: 1, help: "The commands, in hex, each in one word")
    private static let secure = Option<Bool>.flag(
        "secure", .short("s"), help: "In a session with the keys, protected as --mode says")
    private static let plain = Option<Bool>.flag(
        "plain", help: "As they are; this is how it is done by default")
    private static let selected = Option<AID?>.optional(
        "aid", .aid(), .short("a"), help: "Select this application first")
    private static let keepGoing = Option<Bool>.flag(
        "keep-going", .short("k"), help: "Send the rest although the card refused one")

    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "apdu", "Send commands as they are written, and explain the answers",
            discussion: "Nothing is checked before: what is sent is done. The answers are shown whole.",
            examples: [
                .init("a question", "berth gp apdu 80CA9F7F00"),
                .init("to an application", "berth gp apdu --aid A00000006201 00B0000000"),
            ],
            arguments: [commands],
            options: [OptionGroup("Options", [selected, secure, plain, keepGoing])]
                + ConnectionOptions.session
                + [ConnectionOptions.dryRunGroup]
        ) { parsed, terminal in
            guard !(parsed[secure] && parsed[plain]) else {
                throw Problem.usage("--secure and --plain exclude each other")
            }
            guard !(parsed[secure] && parsed[selected] != nil) else {
                throw Problem.usage(
                    "--secure is for commands to the domain, and --aid selects an application",
                    advice: "name a domain with --domain")
            }
            let desk = try desks.desk(parsed, terminal)
            guard !desk.isDryRun else {
                try desk.carryOut(parsed[commands], done: "", [:])
                return
            }
            try prepare(parsed, desk)
            try send(parsed, desk)
        }
    }

    private static func prepare(_ parsed: ParsedCommand, _ desk: CardDesk) throws {
        if parsed[secure] { return try desk.authenticate() }
        if desk.link.peer != nil {
            // The card must forget the session too: in one it takes no command in clear.
            try desk.selectDomain()
            desk.terminal.note(
                "commands in clear end the session; the next command that needs one opens another")
        }
        if let aid = parsed[selected] { try desk.require(.select(aid)) }
    }

    private static func send(_ parsed: ParsedCommand, _ desk: CardDesk) throws {
        var array: [JSONValue] = []
        var refusal: Problem?
        let commands = parsed[commands]
        // With --keep-going no answer decides about what follows, so that one message can carry it all.
        let isAhead = desk.link.sendsMessages && parsed[keepGoing]
        var answers = isAhead ? try desk.link.send(message: commands)[...] : []
        for command in commands {
            try desk.terminal.checkInterrupted()
            guard let answer = isAhead ? answers.popFirst() : try desk.link.send(command) else { break }
            let context = CommandContext(command)
            let explanation = answer.status.explanation(after: context)
            array.append(json(command, answer, explanation))
            if !desk.terminal.isJSON { show(command, answer, explanation, desk.terminal) }
            // 62xx and 63xx are warnings: the card has done what it was told, in some way.
            guard !answer.status.isSuccess, ![0x62, 0x63].contains(answer.status.sw1) else { continue }
            refusal = refusal ?? Problem.refusal(of: command, answer.status)
            if !parsed[keepGoing] { break }
        }
        let exchanges: JSONObject = [
            "exchanges": .array(array), "roundTrips": .count(desk.link.roundTripCount),
        ]
        guard let refusal else {
            if desk.terminal.isJSON { desk.terminal.print(json: .object(exchanges)) }
            return
        }
        // One value for one command line: a refusal carries what was answered before it.
        guard desk.terminal.isJSON else { throw refusal }
        throw Problem(
            refusal.code, exit: refusal.exit, refusal.what, why: refusal.why, advice: refusal.advice,
            details: refusal.details.adding("exchanges", .array(array)))
    }

    private static func show(
        _ command: CommandAPDU, _ answer: ResponseAPDU, _ explanation: StatusExplanation, _ terminal: Terminal
    ) {
        terminal.note("-> " + CommandText.describe(command))
        if !answer.data.isEmpty { terminal.print(answer.data.hex) }
        terminal.print("\(answer.status) \(explanation.title)")
    }

    private static func json(
        _ command: CommandAPDU, _ answer: ResponseAPDU, _ explanation: StatusExplanation
    ) -> JSONValue {
        [
            "header": .string([command.cla, command.ins, command.p1, command.p2].hex),
            "data": .string(answer.data.hex), "statusWord": .string("\(answer.status)"),
            "title": .string(explanation.title),
        ]
    }
}
