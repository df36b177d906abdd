internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// What a command works with: the card, what it told of itself, the command line, and where to show things.
struct CardDesk {
    /// What lasts from one verb to the next when a script runs several in one session.
    final class Shared {
        let link: CardLink
        var securityDomain: AID?
        var identity: CardIdentity?
        /// The recognition data that came with the selection, on cards that put them there.
        var told: RecognitionData?
        /// Who made the card and when, once it was asked; nothing inside where it does not tell.
        var productionLifeCycle: CardProductionLifeCycle??
        /// The command line that opened the card: in a script, the script's own and not the line's.
        let connection: ParsedCommand

        /// What the end of the session waits for.
        private var endings: [() -> Void] = []

        init(_ link: CardLink, connection: ParsedCommand) {
            self.link = link
            self.connection = connection
        }

        deinit { endings.forEach { $0() } }

        func atEnd(_ body: @escaping () -> Void) { endings.append(body) }
    }

    let shared: Shared
    let parsed: ParsedCommand
    let terminal: Terminal

    var link: CardLink { shared.link }
    var securityDomain: AID? { shared.securityDomain }
    var identity: CardIdentity? { shared.identity }
    /// Says which card, which domain and which keys.
    var connection: ParsedCommand { shared.connection }

    /// Opens the card that the command line names.
    init(_ opener: CardOpener, _ parsed: ParsedCommand, _ terminal: Terminal) throws {
        terminal.interrupts.begin()
        if parsed.declares(ConnectionOptions.mode) { WarmUp.begin() }
        let tracer = parsed[ConnectionOptions.trace] ? Tracer(terminal) : nil
        let channel = try opener.open(parsed)
        let link = CardLink(channel) { tracer?.show($0) }
        self.init(Shared(link, connection: parsed), parsed, terminal)
    }

    init(_ shared: Shared, _ parsed: ParsedCommand, _ terminal: Terminal) {
        self.shared = shared
        self.parsed = parsed
        self.terminal = terminal
    }

    /// Selects the domain to work with, and nothing more.
    func selectDomain() throws {
        let wanted = connection[ConnectionOptions.domain]
        let answer = try link.send(.select(wanted))
        if answer.isSelected {
            shared.told = (try? FileControlInformation(answer.data))?.recognition
            shared.securityDomain = wanted ?? Self.name(in: answer)
            return
        }
        if let wanted, Problem.isAbsence(answer.status) {
            throw Problem.domainNotOnCard(wanted, answer.status)
        }
        guard wanted == nil, answer.status != 0x6E00 else {
            throw LinkError.procedure(.refused(.select(wanted), answer.status))
        }
        // Cards without a default, or with another, are asked by the names that issuer domains have.
        for candidate in IdentifyCard.candidates where try link.send(.select(candidate)).isSelected {
            shared.securityDomain = candidate
            return
        }
        throw LinkError.procedure(.refused(.select(nil), answer.status))
    }

    /// Selects the domain and asks it for everything that it tells without a session.
    func identify() throws -> CardIdentity {
        let wanted = connection[ConnectionOptions.domain]
        let identity: CardIdentity
        do {
            identity = try link.run(IdentifyCard(issuerDomain: wanted))
        } catch LinkError.procedure(.refused(let command, let status)) {
            if let wanted, Problem.isAbsence(status) { throw Problem.domainNotOnCard(wanted, status) }
            throw LinkError.procedure(.refused(command, status))
        }
        shared.securityDomain = identity.issuerDomain
        shared.identity = identity
        return identity
    }

    /// Opens the secure channel with the keys of the command line, unless a script has opened it.
    func authenticate() throws {
        guard link.peer == nil else { return }
        guard isOwnCard || KeyReading.isGiven(connection) else { throw Problem.keyMissing }
        if connection[ConnectionOptions.computedAhead] {
            link.sendsMessages = true
            if try AheadAuthentication(self).open() { return }
        }
        try selectDomain()
        try Authentication(self).open()
    }

    /// A virtual card whose file this process has opened: whoever has the file has the card's keys too.
    var isOwnCard: Bool { link.channel is VirtualCardChannel }

    /// Asked once: it is the same in every session.
    func productionLifeCycle() throws -> CardProductionLifeCycle? {
        if let known = shared.productionLifeCycle { return known }
        let answer = try link.send(.getData(.cardProductionLifeCycle))
        let told = answer.status.isSuccess ? CardProductionLifeCycle(answer.data) : nil
        shared.productionLifeCycle = .some(told)
        return told
    }

    /// Nothing may be changed: the command line says so, or that of the script around it.
    var isDryRun: Bool { parsed[ConnectionOptions.dryRun] || connection[ConnectionOptions.dryRun] }

    /// Asks before something that cannot be taken back, unless it is a dry run or was answered in advance.
    func confirm(_ question: String) throws {
        let isAnswered = parsed[ConnectionOptions.yes] || connection[ConnectionOptions.yes]
        guard !isDryRun, !isAnswered else { return }
        guard try terminal.confirm(question, default: false, override: "--yes") else {
            throw Problem("declined", exit: .interrupted, "nothing was changed", why: "the answer was no")
        }
    }

    /// Sends one command that the card must accept.
    @discardableResult
    func require(_ command: CommandAPDU) throws -> ResponseAPDU {
        let answer = try link.send(command)
        guard answer.status.isSuccess else { throw LinkError.procedure(.refused(command, answer.status)) }
        return answer
    }

    /// Sends commands that change the card, or with `--dry-run` shows them and sends nothing.
    ///
    /// - Returns: the answers, or nothing when it was a dry run.
    func change(_ commands: [CommandAPDU]) throws -> [ResponseAPDU]? {
        guard !isDryRun else {
            for command in commands { terminal.note("would send: " + CommandText.describe(command)) }
            return nil
        }
        var answers: [ResponseAPDU] = []
        for command in commands {
            try terminal.checkInterrupted()
            answers.append(try require(command))
        }
        return answers
    }

    static func name(in answer: ResponseAPDU) -> AID? {
        (try? FileControlInformation(answer.data)).flatMap { $0.name.flatMap { try? AID($0) } }
    }
}

extension ResponseAPDU {
    /// 6283 says that the domain is selected and locked (GPCS 2.3.1 table 11-83).
    var isSelected: Bool { status.isSuccess || status == 0x6283 }
}

extension Problem {
    /// What cards answer to SELECT for a name that they do not have (GPCS 2.3.1 table 11-84, ISO/IEC 7816-4 table 6).
    fileprivate static func isAbsence(_ status: StatusWord) -> Bool { [0x6A82, 0x6A88].contains(status) }

    fileprivate static func domainNotOnCard(_ domain: AID, _ status: StatusWord) -> Problem {
        Problem(
            "domain-not-on-card", exit: .notFound,
            "there is no domain \(domain) on the card that can be selected",
            why: "the card answered \(status) to its name",
            advice: [
                "see the domains with: berth gp domain list", "leave --domain out for the issuer domain",
            ],
            details: ["aid": .string("\(domain)"), "statusWord": .string(status.description)])
    }
}

/// Gives a verb its desk: a new one from the command line, or the one that a script already sits at.
struct DeskProvider: Sendable {
    let desk: @Sendable (ParsedCommand, Terminal) throws -> CardDesk

    init(_ opener: CardOpener) {
        desk = { try CardDesk(opener, $0, $1) }
    }

    /// For the lines of a script, one after the other on one task.
    init(sharing shared: CardDesk.Shared) {
        let box = OneTask(shared)
        desk = { parsed, terminal in
            for option in ConnectionOptions.ofOpening
            where parsed.isOnCommandLine(option) {
                throw Problem.usage(
                    "--\(option.specification.name) stands in a line of a script",
                    why: "all lines work with the card and the keys of the script",
                    advice: "give it to the script command")
            }
            return CardDesk(box.shared, parsed, terminal)
        }
    }

    private final class OneTask: @unchecked Sendable {
        // Sendable because a script runs its lines one at a time, on the task that made this.
        let shared: CardDesk.Shared
        init(_ shared: CardDesk.Shared) { self.shared = shared }
    }
}
