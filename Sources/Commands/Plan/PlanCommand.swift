internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import Centre
internal import FoundationEssentials
internal import JSON
internal import SmartCard
internal import Storage

/// `berth plan`: what it would take to reach a wish on this card. It changes nothing.
enum PlanCommand {
    private static let wishes = Option<[Wish]>.repeated(
        "wish", .wish,
        help:
            "What is wanted: add:NAME, remove:NAME, park:NAME, update:NAME@VERSION, reserve:PROVIDER:BYTES and more"
    )
    private static let keep = Option<[ApplicationID]>.repeated(
        "keep", .application, help: "An application that must not leave to make room")
    private static let prefer = Option<[ApplicationID]>.repeated(
        "prefer", .application, help: "An application that leaves only if nothing else is enough")

    private static let store = Option<String?>.optional(
        "store", .text("URL"),
        help: "Plan from the registers in this store and touch no card: --card is then the id of the card")

    static func verb(_ desks: DeskProvider, _ clock: any WallClock) -> Command {
        Command(
            "plan",
            "Show what it would take to reach a wish on a card: who leaves, why, how long, what it costs",
            discussion: """
                The card is read and nothing is changed. If there is not enough room, the plan chooses which \
                applications leave, and shows the cheapest choice that there is, with its reasons. The catalogue is \
                that of the example applications (berth card examples).

                With --store nothing is read from a card: what the centre knows of it, its holder, the catalogue, \
                tariffs, room made ready and what is in custody make the plan, as they would for the service.

                Wishes: add:NAME, add:NAME@VERSION, remove:NAME, remove:AID, park:NAME, snapshot:NAME, update:NAME@VERSION, \
                restore:CARD:AID:NUMBER, reserve:PROVIDER:BYTES, reserve:PROVIDER:BYTES:DOMAIN, release:PROVIDER, \
                renew, rotate-keys:NAME:VERSION.
                """,
            examples: [
                .init("make room for the purse", "berth plan --card my.card --wish add:purse"),
                .init(
                    "two wishes, and the pass stays",
                    "berth plan --card my.card --wish add:purse --wish remove:loans --keep pass"),
                .init(
                    "a card that is elsewhere, from the registers",
                    "berth plan --store store.db --card 4790-0001 --wish add:purse"),
            ],
            options: ConnectionOptions.session + [OptionGroup("Plan", [wishes, keep, prefer, store])]
        ) { parsed, terminal in
            guard !parsed[wishes].isEmpty else {
                throw Problem.usage(
                    "no wish was given", advice: "say what is wanted, such as --wish add:purse")
            }
            let picture =
                try parsed[store].map { try registered(parsed, in: $0, clock.now) }
                ?? onDesk(parsed, try desks.desk(parsed, terminal))
            let plan = picture.plan(parsed[wishes])
            if terminal.isJSON {
                terminal.print(json: try json(plan))
            } else {
                PlanView(plan, picture).show(on: terminal)
            }
            if let problem = problem(plan) { throw problem }
        }
    }

    /// What the wishes meet on the card at hand.
    private static func onDesk(_ parsed: ParsedCommand, _ desk: CardDesk) throws -> Picture {
        let identity = try desk.identify()
        try desk.authenticate()
        let contents = try desk.link.run(ReadContents())
        var ground = PlanGround(identity, contents, answerToReset: desk.link.channel.answerToReset)
        ground.stays = stays(parsed)
        return ground.picture
    }

    /// What they meet by the registers.
    private static func registered(
        _ parsed: ParsedCommand, in address: String, _ now: Instant
    ) throws -> Picture {
        guard let text = parsed[ConnectionOptions.card] else {
            throw Problem.usage("no card was named", advice: "give the id of the card with --card")
        }
        guard let id = try? CardID(text) else {
            throw Problem.usage(
                "'\(text)' is not the id of a card", advice: "with --store, --card is an id and not a file")
        }
        let store = try StoreCommands.current(StoreAddress(address))
        let wishes = parsed[wishes]
        var picture = try RefusalProblem.explaining {
            try store.read { transaction in
                let act = Act(transaction, now: now, actor: .centre, entropy: SystemEntropy())
                return try act.picture(of: id, for: wishes, BuiltInModels())
            }
        }
        let stays = stays(parsed)
        for index in picture.installed.indices {
            guard let application = picture.installed[index].entry.release?.application,
                let stay = stays[application]
            else { continue }
            picture.installed[index].entry.stay = stay
        }
        return picture
    }

    private static func stays(_ parsed: ParsedCommand) -> [ApplicationID: InstalledApplication.Stay] {
        Dictionary(
            parsed[prefer].map { ($0, .preferred) }
                + parsed[keep].map { ($0, .pinned(reason: "you said that it must")) },
            uniquingKeysWith: { $1 })
    }

    static func json(_ plan: Plan) throws -> JSONValue {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try JSONValue(decoding: String(decoding: encoder.encode(plan), as: UTF8.self))
    }

    /// What a script must know when the plan cannot be carried out.
    private static func problem(_ plan: Plan) -> Problem? {
        let obstacles = plan.objections.filter(\.isObstacle)
        guard let first = obstacles.first else { return nil }
        return Problem(
            first.kind.rawValue, exit: exit(first.kind),
            "this cannot be done: " + RefusalProblem.clause(first.reason),
            advice: obstacles.map { RefusalProblem.clause($0.remedy) },
            details: first.missing.map {
                ["missingNonVolatile": .count($0.nonVolatile), "missingVolatile": .count($0.volatile)]
            } ?? [:])
    }

    static func exit(_ kind: Objection.Kind) -> ExitCode {
        switch kind {
        case .notEnoughRoom, .quotaExceeded, .tooManyApplications: .noRoom
        case .applicationUnknown, .releaseUnknown, .notInstalled, .notHeld, .berthMissing: .notFound
        case .alreadyInstalled, .nameTaken, .berthTaken: .alreadyExists
        case .importMissing: .missingImport
        case .stillNeeded, .berthInUse: .inUse
        case .profileUnsuited, .domainNameMissing, .loadFileTooLong: .unsupported
        case .cardDrifts: .mismatch
        case .cardBlocked, .inventoryMissing, .oldCardActive, .releaseNotPublished, .serviceStopped,
            .cannotPark,
            .wishesContradict, .roomDoubtful, .dataLost, .dataOld, .alreadySo, .leftOut:
            .refused
        }
    }
}

extension ArgumentValue where Value == ApplicationID {
    static let application = Self("NAME", show: { $0.text }) { (text) throws(ValueRefusal) in
        try name(text)
    }
}

/// A chosen name, or why it is none.
private func name<Kind: IdentifierKind>(_ text: some StringProtocol) throws(ValueRefusal) -> Identifier<Kind>
{
    do {
        return try Identifier<Kind>(String(text))
    } catch {
        switch error.problem {
        case .length(let max): throw ValueRefusal("the name of a \(error.noun) has 1 to \(max) characters")
        case .character(_, let rule): throw ValueRefusal("the name of a \(error.noun) has only \(rule)")
        case .place: throw ValueRefusal("'\(error.text)' is no name of a \(error.noun)")
        }
    }
}

extension ArgumentValue where Value == Wish {
    /// A wish as one word: what to do, and of what, with colons between.
    static let wish = Self("WISH") { (text) throws(ValueRefusal) in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch (parts[0], parts.count) {
        case ("add", 2):
            return parts[1].contains("@")
                ? .addRelease(try release(parts[1])) : .add(application: try name(parts[1]))
        case ("remove", 2):
            if let aid = try? AID(hex: parts[1]) { return .removeInstance(aid) }
            return .remove(application: try name(parts[1]))
        case ("park", 2): return .park(application: try name(parts[1]))
        case ("snapshot", 2): return .snapshot(application: try name(parts[1]))
        case ("update", 2): return .update(to: try release(parts[1]))
        case ("restore", 4):
            return .restore(
                CustodyKey(
                    card: try name(parts[1]), aid: try aid(parts[2]),
                    ordinal: try number(parts[3], max: Int(Int32.max))))
        case ("reserve", 3), ("reserve", 4):
            return .reserve(
                Reservation(
                    provider: try name(parts[1]),
                    room: Room(nonVolatile: try number(parts[2], max: Int(Int32.max))),
                    domain: parts.count == 4 ? try aid(parts[3]) : nil))
        case ("release", 2): return .release(provider: try name(parts[1]))
        case ("renew", 1): return .renew
        case ("rotate-keys", 3):
            return .rotateKeys(to: try name(parts[1]), version: UInt8(try number(parts[2], max: 127)))
        default:
            throw ValueRefusal("a wish looks like add:purse, remove:loans or reserve:bank:4096")
        }
    }

    private static func release(_ text: String) throws(ValueRefusal) -> ReleaseID {
        guard let release = ReleaseID(text) else {
            throw ValueRefusal("a release is written as NAME@VERSION, such as purse@1.0")
        }
        return release
    }

    private static func aid(_ text: String) throws(ValueRefusal) -> AID {
        do { return try AID(hex: text) } catch {
            throw ValueRefusal("an AID is written in hexadecimal, such as A000000151000000")
        }
    }

    private static func number(_ text: String, max: Int) throws(ValueRefusal) -> Int {
        guard let number = Int(text), (1...max).contains(number) else {
            throw ValueRefusal("'\(text)' is not a number from 1 to \(max)")
        }
        return number
    }
}
