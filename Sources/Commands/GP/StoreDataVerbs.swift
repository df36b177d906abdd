package import Arguments
package import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// `berth gp store-data` and `personalise`: data for the domain itself, or through it for an application.
enum StoreDataVerbs {
    private static let data = Option<[SecretSource]>.repeated(
        "data", .secret("DATA"), .aliases("hex"),
        help:
            "Data in hex, or where it is: file:PATH, env:NAME, fd:N, -; several are sent as blocks of their own"
    )
    private static let format = Option<StoreDataFormat>.value(
        "format",
        .choice(
            "FORMAT",
            [
                ("plain", .unstructured, "the receiver knows"), ("dgi", .dgi, "data groupings of EMV CPS"),
                ("tlv", .berTLV, "BER-TLV objects"),
            ]), default: .unstructured, help: "How the data are built")
    private static let encrypt = Option<Bool>.flag(
        "encrypt", help: "Encrypt the values under the data encryption key of the session")
    private static let answer = Option<Bool>.flag(
        "answer", help: "Ask for response data (a case 4 command) and show them")
    private static let application = Positional<AID>.required(
        .aid("APP"), help: "The application to personalise")

    private static let group = OptionGroup("Options", [data, format, encrypt, answer])

    static func storeData(_ desks: DeskProvider) -> Command {
        Command(
            "store-data", "Give data to the domain of the session", aliases: ["put-data"],
            discussion:
                "Data that fit no single command are cut into numbered blocks as long as the session allows.",
            examples: [
                .init("the card's own number", "berth gp store-data --format tlv --data 4506010203040506"),
                .init("from a file of hex", "berth gp store-data --format dgi --data file:domain.hex"),
            ],
            options: [group] + ConnectionOptions.session + [ConnectionOptions.dryRunGroup]
        ) { parsed, terminal in try run(parsed, terminal, desks, application: nil) }
    }

    static func personalise(_ desks: DeskProvider) -> Command {
        Command(
            "personalise", "Give data to an application through its domain",
            aliases: ["personalize", "perso"],
            examples: [
                .init("a purse", "berth gp personalise A00000006201 --format dgi --data file:purse.hex")
            ],
            arguments: [application],
            options: [group] + ConnectionOptions.session + [ConnectionOptions.dryRunGroup]
        ) { parsed, terminal in try run(parsed, terminal, desks, application: parsed[application]) }
    }

    private static func run(
        _ parsed: ParsedCommand, _ terminal: Terminal, _ desks: DeskProvider, application: AID?
    ) throws {
        guard !parsed[data].isEmpty else {
            throw Problem.usage("there are no data to store", advice: "give --data HEX or --data file:PATH")
        }
        let parts = try parsed[data].map { try read($0, on: terminal) }
        let desk = try desks.desk(parsed, terminal)
        try desk.authenticate()
        if let application { try checkPresence(application, desk) }
        let store = StoreData(
            format: parsed[format], encryption: parsed[encrypt] ? .all : .none, expectsAnswer: parsed[answer])
        let blocks = try parts.flatMap { try cut($0, parsed, desk) }
        guard blocks.count <= StoreDataBlocks.countMax else {
            throw StoreDataBlocks.Failure.tooManyBlocks(blocks.count)
        }
        let opening = application.map { [InstallCommand.personalize($0).command()] } ?? []
        let commands = opening + store.commands(blocks: blocks)
        try send(commands, skipping: opening.count, parts.reduce(0) { $0 + $1.count }, desk)
    }

    private static func send(
        _ commands: [CommandAPDU], skipping openings: Int, _ byteCount: Int, _ desk: CardDesk
    ) throws {
        var result: JSONObject = ["bytes": .count(byteCount), "blocks": .count(commands.count - openings)]
        guard !desk.isDryRun else { return try desk.carryOut(commands, done: "", result) }
        var bar = ProgressBar("storing", total: commands.count, on: desk.terminal)
        var answers: [[UInt8]] = []
        for (index, command) in commands.enumerated() {
            try desk.terminal.checkInterrupted()
            let response = try desk.require(command)
            if index >= openings, desk.parsed[answer] { answers.append(response.data) }
            bar.advance(to: index + 1)
        }
        bar.finish()
        result["changed"] = true
        if desk.parsed[answer] { result["answers"] = .array(answers.map { .string($0.hex) }) }
        let shown = answers.filter { !$0.isEmpty }.map { "\n" + $0.hex }.joined()
        let count = commands.count - openings
        desk.show(
            "stored \(byteCount) bytes in \(count) block\(count == 1 ? "" : "s")" + shown, .object(result))
    }

    private static func checkPresence(_ aid: AID, _ desk: CardDesk) throws {
        let contents = try desk.registry()
        let entry = try contents.requireApplication(aid)
        guard !ApplicationLifeCycle(rawValue: entry.lifeCycle).isLocked else {
            throw Problem(
                "application-locked", exit: .refused, "\(aid) is locked", advice: ["berth gp unlock \(aid)"])
        }
        guard let holder = entry.securityDomain, let domain = desk.securityDomain, holder != domain else {
            return
        }
        throw Problem(
            "other-domain", exit: .refused, "\(aid) is personalised through its own domain, \(holder)",
            why: "the session is with \(domain)", advice: ["add --domain \(holder) and that domain's keys"])
    }

    /// As long as the session allows, without parts of a command: cards take STORE DATA one by one.
    private static func cut(_ data: [UInt8], _ parsed: ParsedCommand, _ desk: CardDesk) throws -> [[UInt8]] {
        let size = desk.link.commandDataMax
        guard parsed[encrypt] else {
            return try StoreDataBlocks.cut(data, format: parsed[format], blockBytesMax: size)
        }
        let link = desk.link
        let block = try link.withSession { session in session.sensitiveBlockBytes }
        return try StoreDataBlocks.cut(
            data, format: parsed[format], blockBytesMax: size,
            encrypt: (
                block,
                { plain in
                    try link.withSession { session throws(LinkError) in
                        do throws(SecureMessagingError) { return try session.encryptSensitive(plain) } catch {
                            throw .secureMessaging(error)
                        }
                    }
                }
            ))
    }

    /// Hex as text; the bytes of a file that is no text are taken as they are.
    private static func read(_ source: SecretSource, on terminal: Terminal) throws -> [UInt8] {
        try terminal.withSecret(source, label: "data") { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            if let data = try? Hex.decode(text) { return data }
            if case .file = source { return Array(bytes) }
            throw Problem(
                "data-malformed", exit: .badData, "the data are not hexadecimal",
                why: "they came from \(source)",
                advice: ["pairs of hexadecimal digits are needed, with or without spaces"])
        }
    }
}

extension TLVError {
    /// Where the structure breaks, counted in bytes from 0.
    fileprivate var reason: String {
        switch self {
        case .truncated(let offset): "they end at byte \(offset), inside an object"
        case .tagTooLong(let offset): "the tag at byte \(offset) is too long"
        case .lengthTooLong(let offset): "the length at byte \(offset) is too long"
        case .indefiniteLength(let offset): "the length at byte \(offset) is indefinite"
        case .missing(let tag): "tag \(tag) is missing"
        }
    }
}

extension StoreDataBlocks.Failure: ExplainedError {
    package var problem: Problem {
        switch self {
        case .notGroups(let offset):
            Problem(
                "data-malformed", exit: .badData, "the data are not data groupings: at byte \(offset)",
                why: "each has two bytes of name, its length, and as many bytes as that says",
                advice: ["if the receiver knows another form: --format plain, or --format tlv"])
        case .notObjects(let error):
            Problem(
                "data-malformed", exit: .badData, "the data are not BER-TLV objects", why: error.reason,
                advice: ["if the receiver knows another form: --format plain, or --format dgi"])
        case .tooManyBlocks(let count):
            Problem(
                "data-too-long", exit: .badData, "the data take \(count) blocks, and 256 can be numbered",
                advice: [
                    "store them in several steps", "--mode mac leaves more room in a block than --mode enc",
                ])
        case .encryptionNeedsStructure:
            Problem.usage(
                "--encrypt needs --format dgi or tlv",
                why: "it is the values of structures that are encrypted (GPCS 2.3.1 table 11-85)")
        }
    }
}
