internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// `berth gp lock` and `unlock`: an application, a domain, or the card.
enum LockVerbs {
    enum Target: Sendable, Equatable {
        case card
        case object(AID)
    }

    private static let target = Positional<Target>.required(
        ArgumentValue("AID|card", candidates: .words([.init("card", "the whole card")])) {
            (text) throws(ValueRefusal) in
            if text.lowercased() == "card" { return .card }
            return .object(try ArgumentValue<AID>.aid().read(text))
        }, help: "The application or domain, or the word card")
    private static let withApplications = Option<Bool>.flag(
        "with-applications", help: "A domain with everything that is associated with it")

    static func lock(_ desks: DeskProvider) -> Command {
        Command(
            "lock", "Lock an application, a domain or the card",
            discussion: """
                What is locked keeps its data and cannot be selected until it is unlocked. A locked card answers \
                its issuer only.
                """,
            examples: [.init("one application", "berth gp lock A00000006201")],
            arguments: [target],
            options: [OptionGroup("Options", [withApplications])] + ConnectionOptions.session
                + [ConnectionOptions.confirmedGroup]
        ) { parsed, terminal in try run(parsed, try desks.desk(parsed, terminal), isLocking: true) }
    }

    static func unlock(_ desks: DeskProvider) -> Command {
        Command(
            "unlock", "Unlock an application, a domain or the card", arguments: [target],
            options: [OptionGroup("Options", [withApplications])] + ConnectionOptions.session
                + [ConnectionOptions.confirmedGroup]
        ) { parsed, terminal in try run(parsed, try desks.desk(parsed, terminal), isLocking: false) }
    }

    private static func run(_ parsed: ParsedCommand, _ desk: CardDesk, isLocking: Bool) throws {
        try desk.authenticate()
        switch parsed[target] {
        case .card: try CardStates.change(to: isLocking ? .cardLocked : .secured, desk, isLockVerb: true)
        case .object(let aid):
            try change(aid, isLocking: isLocking, withApplications: parsed[withApplications], desk)
        }
    }

    private static func change(
        _ aid: AID, isLocking: Bool, withApplications: Bool, _ desk: CardDesk
    ) throws {
        let contents = try desk.registry()
        guard aid != contents.issuerDomain?.aid else {
            throw Problem.usage(
                "\(aid) is the issuer domain", why: "it is locked and unlocked with the card",
                advice: "berth gp \(isLocking ? "lock" : "unlock") card")
        }
        let entry = try contents.requireApplication(aid)
        guard !withApplications || entry.isSecurityDomain else {
            throw Problem.usage("\(aid) is no security domain", advice: "leave --with-applications out")
        }
        let before = ApplicationLifeCycle(rawValue: entry.lifeCycle)
        let after = isLocking ? before.locked : before.unlocked
        let commands: [CommandAPDU]
        if withApplications {
            commands = [.setStatus(domainAndApplications: aid, state: after.rawValue)]
        } else {
            commands =
                before.isLocked == isLocking ? [] : [.setStatus(application: aid, state: after.rawValue)]
        }
        let word = isLocking ? "locked" : "unlocked"
        try desk.carryOut(
            commands, done: commands.isEmpty ? "\(aid) is \(word) already" : "\(word) \(aid)",
            [
                "aid": .string("\(aid)"),
                "before": .string(before.name(isSecurityDomain: entry.isSecurityDomain)),
                "state": .string(after.name(isSecurityDomain: entry.isSecurityDomain)),
            ])
    }
}

/// The states of the card itself (GPCS 2.3.1 figure 5-1).
enum CardStates {
    /// The states on the way, the wanted one last; `nil` where no way leads there.
    static func path(from now: CardLifeCycle, to wanted: CardLifeCycle) -> [CardLifeCycle]? {
        if now == wanted { return [] }
        switch (now, wanted) {
        case (.terminated, _), (_, .opReady): return nil
        case (_, .terminated): return [.terminated]
        case (.opReady, .initialized), (.initialized, .secured), (.secured, .cardLocked),
            (.cardLocked, .secured):
            return [wanted]
        case (.opReady, .secured), (.opReady, .cardLocked):
            return path(from: .initialized, to: wanted).map { [.initialized] + $0 }
        case (.initialized, .cardLocked): return [.secured, .cardLocked]
        case (.initialized, _), (.secured, _), (.cardLocked, _): return nil
        }
    }

    /// - Parameter isLockVerb: locking and unlocking may not make the card secured on the way: that is for good.
    static func change(to wanted: CardLifeCycle, _ desk: CardDesk, isLockVerb: Bool = false) throws {
        let issuer = try desk.registry().issuerDomain
        guard let issuer, let now = CardLifeCycle(rawValue: issuer.lifeCycle) else {
            throw Problem(
                "card-state-unknown", exit: .unsupported, "the card does not tell the state it is in",
                advice: ["work with the issuer domain: leave --domain out"])
        }
        if isLockVerb, now != .secured, now != .cardLocked { throw Problem.cardNotSecured(now, wanted) }
        guard let path = path(from: now, to: wanted) else { throw Problem.noWay(from: now, to: wanted) }
        if path.contains(where: { $0 != .cardLocked && now != .cardLocked }), wanted != .terminated {
            let way = ([now] + path).map(\.name).joined(separator: " -> ")
            try desk.confirm("Take the card from \(way)? There is no way back to \(now.name).")
        }
        // The issuer domain is named or not, as cards like it: the standard leaves the data to be ignored (§11.10.2.3).
        let commands = path.map { CommandAPDU.setStatus(card: $0, issuer: issuer.aid) }
        try desk.carryOut(
            commands,
            done: path.isEmpty ? "the card is \(wanted.name) already" : "the card is \(wanted.name)",
            ["card": .string(wanted.name), "before": .string(now.name)])
    }
}

extension Problem {
    fileprivate static func noWay(from now: CardLifeCycle, to wanted: CardLifeCycle) -> Problem {
        Problem(
            "state-unreachable", exit: .refused, "the card cannot go from \(now.name) to \(wanted.name)",
            why: "a card goes OP_READY, INITIALIZED, SECURED, and from there to CARD_LOCKED and back; "
                + "TERMINATED is the end (GPCS 2.3.1 figure 5-1)",
            details: ["state": .string(now.name), "wanted": .string(wanted.name)])
    }

    fileprivate static func cardNotSecured(_ now: CardLifeCycle, _ wanted: CardLifeCycle) -> Problem {
        guard now != .terminated else { return .noWay(from: now, to: wanted) }
        return Problem(
            "state-unreachable", exit: .refused, "the card cannot be locked or unlocked: it is \(now.name)",
            why: "only a SECURED card can be locked, and becoming SECURED cannot be undone",
            advice: ["secure it first with: berth gp set-state secured"],
            details: ["state": .string(now.name), "wanted": .string(wanted.name)])
    }
}

/// `berth gp set-state`: every other step of a life cycle.
enum SetStateVerb {
    enum State: Sendable, Equatable {
        case card(CardLifeCycle)
        case application(UInt8)
    }

    private static let state = Positional<State>.required(
        ArgumentValue(
            "STATE",
            candidates: .words([
                .init("initialized"), .init("secured"), .init("locked"), .init("terminated", "for good"),
                .init("selectable"), .init("personalized"),
            ])
        ) { (text) throws(ValueRefusal) in
            switch text.lowercased() {
            case "initialized": return .card(.initialized)
            case "secured": return .card(.secured)
            case "locked", "card-locked": return .card(.cardLocked)
            case "terminated": return .card(.terminated)
            case "selectable": return .application(0x07)
            case "personalized": return .application(0x0F)
            default:
                guard let bytes = try? Hex.decode(text), bytes.count == 1 else {
                    throw ValueRefusal(
                        "it must be initialized, secured, locked or terminated for the card, and selectable, "
                            + "personalized or two hexadecimal digits for an application")
                }
                return .application(bytes[0])
            }
        },
        help: "initialized, secured, locked or terminated; of an application: selectable, personalized or hex"
    )
    private static let application = Option<AID?>.optional(
        "of", .aid(), help: "The application or domain to change, instead of the card")
    private static let confirmation = Option<String?>.optional(
        "confirm", .text("CARD"), help: "The card's id, to terminate it without being asked")

    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "set-state", "Take the card or an application to another state of its life",
            aliases: ["set-status"],
            discussion: """
                The states of a card lead from OP_READY over INITIALIZED to SECURED and never back. A terminated card \
                is lost for good: its id must be typed to do that.
                """,
            examples: [.init("before it is given out", "berth gp set-state secured")],
            arguments: [state],
            options: [OptionGroup("Options", [application, confirmation])] + ConnectionOptions.session
                + [ConnectionOptions.confirmedGroup]
        ) { parsed, terminal in
            let desk = try desks.desk(parsed, terminal)
            switch (parsed[state], parsed[application]) {
            case (.card(let wanted), nil):
                if wanted == .terminated { try confirmTermination(desk) }
                try desk.authenticate()
                try CardStates.change(to: wanted, desk)
            case (.application(let byte), let aid?):
                try desk.authenticate()
                try set(aid, to: byte, desk)
            case (.card(let wanted), .some):
                throw Problem.usage(
                    "\(wanted.name) is a state of cards", advice: "leave --of out, or use: berth gp lock AID")
            case (.application, nil):
                throw Problem.usage("this is a state of applications", advice: "name one with --of AID")
            }
        }
    }

    private static func set(_ aid: AID, to byte: UInt8, _ desk: CardDesk) throws {
        let entry = try desk.registry().requireApplication(aid)
        let name = ApplicationLifeCycle(rawValue: byte).name(isSecurityDomain: entry.isSecurityDomain)
        try desk.carryOut(
            entry.lifeCycle == byte ? [] : [.setStatus(application: aid, state: byte)],
            done: entry.lifeCycle == byte ? "\(aid) is \(name) already" : "\(aid) is \(name)",
            ["aid": .string("\(aid)"), "state": .string(name), "lifeCycle": .string(byte.hex)])
    }

    /// Only who can read the card's id off the screen or the card knows which one is meant.
    private static func confirmTermination(_ desk: CardDesk) throws {
        guard !desk.isDryRun else { return }
        let word = try desk.identify().cardID ?? "terminate"
        if let given = desk.parsed[confirmation] {
            guard given.uppercased() == word.uppercased() else { throw Problem.otherCard(given, word) }
            return
        }
        let terminal = desk.terminal
        guard terminal.input.isTerminal, !terminal.isJSON else {
            throw Problem(
                "confirmation-needed", exit: .usage, "terminating a card must be confirmed",
                why: "a terminated card can never be used again",
                advice: ["give --confirm \(word) if that is the card"], details: ["card": .string(word)])
        }
        terminal.note("A terminated card can never be used again, by anybody.")
        let answer = try terminal.ask("Type \(word) to terminate this card: ")
        guard answer?.uppercased() == word.uppercased() else {
            throw Problem(
                "declined", exit: .interrupted, "nothing was changed", why: "the card's id was not typed")
        }
    }
}

extension Problem {
    fileprivate static func otherCard(_ given: String, _ card: String) -> Problem {
        Problem(
            "other-card", exit: .mismatch, "this is not the card \(given)", why: "its id is \(card)",
            details: ["card": .string(card)])
    }
}

/// `berth gp privileges`: what an application or domain may do, shown or changed.
enum PrivilegesVerb {
    private static let aid = Positional<AID>.required(.aid("AID"), help: "The application or domain")
    private static let set = option("set", "Exactly these privileges")
    private static let add = option("add", "These beside what it has")
    private static let remove = option("remove", "All it has but these")

    private static func option(_ name: String, _ help: String) -> Option<Privileges?> {
        .optional(name, .privileges, help: help)
    }

    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "privileges", "Show or change what an application or domain may do",
            examples: [
                .init(
                    "let a provider manage its own content",
                    "berth gp privileges A0000001515344 --add DelegatedManagement")
            ],
            arguments: [aid],
            options: [OptionGroup("Options", [set, add, remove]), InstallOptions.delegationGroup]
                + ConnectionOptions.session + [ConnectionOptions.confirmedGroup]
        ) { parsed, terminal in
            let isExact = parsed[set] != nil
            guard !isExact || (parsed[add] == nil && parsed[remove] == nil) else {
                throw Problem.usage("--set says all, so --add and --remove have nothing to say")
            }
            let desk = try desks.desk(parsed, terminal)
            try desk.authenticate()
            let contents = try desk.registry()
            let aid = parsed[aid]
            let isIssuer = contents.issuerDomain?.aid == aid
            let entry = try contents.domain(aid) ?? contents.requireApplication(aid)
            var wanted = parsed[set] ?? entry.privileges
            wanted.formUnion(parsed[add] ?? [])
            if let removed = parsed[remove] { wanted.remove(removed, keepingDomain: entry.isSecurityDomain) }
            if entry.isSecurityDomain { wanted.insert(.securityDomain) }
            let isChanged = wanted != entry.privileges
            if isChanged, isIssuer {
                try desk.confirm("Change the privileges of the issuer domain? Some cannot be given back.")
            }
            let update = InstallCommand.registryUpdate(
                .init(newDomain: nil, application: aid, privileges: wanted))
            let names = wanted.names.joined(separator: ", ")
            try desk.carryOut(
                isChanged
                    ? [
                        (
                            .install(update),
                            .registryUpdate(
                                from: nil, aid, to: nil, privileges: wanted.bytes, parameters: [])
                        )
                    ] : [],
                done: "\(aid): \(names.isEmpty ? "no privileges" : names)",
                [
                    "aid": .string("\(aid)"),
                    "before": .array(entry.privileges.names.map { .string($0) }),
                    "privileges": .array(wanted.names.map { .string($0) }),
                ])
        }
    }
}

extension Privileges {
    /// The bits of DAPVerification and DelegatedManagement carry the bit of SecurityDomain, which stays.
    fileprivate mutating func remove(_ removed: Privileges, keepingDomain: Bool) {
        subtract(keepingDomain ? removed.subtracting(.securityDomain) : removed)
    }
}
