internal import Arguments
internal import CardCrypto
internal import Centre
internal import HTTPClient
internal import JSON
internal import Readers
internal import SmartCard
internal import Terminal

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What every verb of the noun `terminal` is told, and what follows from it.
enum TerminalOptions {
    static let folder = Option<String?>.optional(
        "state", .directory("DIR"), .environment("BERTH_TERMINAL"),
        help:
            "Where the terminal keeps what it is and what it has not delivered; else …/berth/terminal in the data folder"
    )
    static let language = Option<Language?>.optional(
        "language", .choice("LANGUAGE", Language.allCases.map { ($0.rawValue, $0, $0.name) }),
        .environment("BERTH_LANGUAGE"), help: "The language for people; else that of the environment")
    static let spoken = Option<Bool>.flag(
        "plain", OptionTraits(aliases: ["screen-reader"], environment: "BERTH_PLAIN"),
        help: "For screen readers: a line for each thing that is new, and nothing that is drawn")
    static let patience = Option<Int>.value(
        "patience", .integer("SECONDS", in: 0...86_400), default: 300,
        help: "How long the centre may stay away before the work is left for later")
    static let holder = Option<String?>.optional(
        "holder", .text("NUMBER"), help: "Sign in as this holder first; the password is asked for")
    static let password = Option<SecretSource?>.optional(
        "password", .secret("PASSWORD"), .environment("BERTH_HOLDER_PASSWORD"),
        help: "The holder's password: env:NAME, file:PATH, fd:N or prompt")

    static let common = OptionGroup("This terminal", [folder, language, spoken, patience])
    static let card = OptionGroup(
        "Card of the holder",
        [
            ConnectionOptions.reader, ConnectionOptions.card, ConnectionOptions.transmission,
            ConnectionOptions.exclusive,
        ])
    static let person = OptionGroup("Holder", [holder, password])

    // MARK: The folder

    static func folder(_ parsed: ParsedCommand, _ terminal: Arguments.Terminal) throws(Problem) -> String {
        if let path = parsed[folder] { return path }
        let environment = terminal.environment
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/berth/terminal" }
        if let home = environment["HOME"], home.hasPrefix("/") {
            return home + "/.local/share/berth/terminal"
        }
        throw Problem(
            "no-terminal-folder", exit: .configuration, "there is no home folder to keep the terminal in",
            advice: ["say where it is with --state"])
    }

    static func identityPath(_ folder: String) -> String { folder + "/identity.json" }

    static func identity(_ folder: String) throws(Problem) -> TerminalIdentity {
        let path = identityPath(folder)
        guard access(path, F_OK) == 0 else {
            throw Problem(
                "not-enrolled", exit: .configuration, "this machine is no terminal of a centre yet",
                why: path,
                advice: [
                    "ask the centre's operator for a code, then: berth terminal enrol URL --terminal NAME"
                ])
        }
        guard let identity = TerminalIdentity(json: try InputFile.read(path, bytesMax: 65_536)) else {
            throw Problem(
                "identity-broken", exit: .configuration, "what this terminal is cannot be read", why: path,
                advice: ["enrol it again with a new code"])
        }
        return identity
    }

    /// One program at a time is the terminal of a folder: another one's reports would be taken for left ones.
    static func lock(_ parsed: ParsedCommand, _ terminal: Arguments.Terminal) throws(Problem) -> TerminalLock
    {
        let lock = try TerminalLock(try folder(parsed, terminal))
        try queue(lock.folder).tidy()
        return lock
    }

    static func queue(_ folder: String) throws(Problem) -> ReportQueue {
        let path = folder + "/reports"
        guard FileSystem.makeFolder(path) else {
            throw Problem(
                "no-terminal-folder", exit: .cannotCreate, "\(path) cannot be made",
                why: String(cString: strerror(errno)), advice: ["say where else with --state"])
        }
        return ReportQueue(folder: path)
    }

    // MARK: People

    static func display(_ parsed: ParsedCommand, _ terminal: Arguments.Terminal) -> Display {
        let environment = terminal.environment
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].lazy.compactMap { environment[$0] }.first {
            !$0.isEmpty
        }
        let language = parsed[language] ?? locale.flatMap { Language(locale: $0) } ?? .english
        return Display(language, isSpoken: parsed[spoken])
    }

    /// 2026-11, in UTC.
    static func month(_ clock: any WallClock) -> String { String(clock.now.description.prefix(7)) }

    /// - Parameter isHurried: whether the centre will be asked in a moment, so that the way to it is begun at once.
    static func surroundings(
        _ parsed: ParsedCommand, _ terminal: Arguments.Terminal,
        _ cancellation: Cancellation = Cancellation(),
        isHurried: Bool = false
    ) throws -> Kiosk.Surroundings {
        let folder = try folder(parsed, terminal)
        let identity = try identity(folder)
        let early = isHurried ? EarlyConnection(to: identity.centre) : nil
        if let early { _ = startThread { early.begin() } }
        let entropy = SystemEntropy()
        let link: CentreLink
        do throws(HTTPClientError) { link = try CentreLink(identity, early: early) } catch {
            throw Problem(link: .unreachable(error))
        }
        return Kiosk.Surroundings(
            link: link, queue: try queue(folder), greeting: GreetingFile(folder: folder),
            newName: { entropy.bytes(16).hex.lowercased() },
            pause: { rest($0, terminal, cancellation) }, cancellation: cancellation,
            patience: .seconds(parsed[patience]))
    }

    /// Waits in small pieces, so that Ctrl-C is heard.
    static func rest(_ time: Duration, _ terminal: Arguments.Terminal, _ cancellation: Cancellation) {
        let watch = terminal.stopwatch()
        while watch.elapsed < time, !cancellation.isCancelled {
            if terminal.interrupts.raised() != nil { cancellation.cancel() }
            let left = max(.zero, min(time - watch.elapsed, .milliseconds(100)))
            usleep(useconds_t(left / .microseconds(1)))
        }
    }

    /// A holder who is named on the command line.
    static func signIn(
        _ parsed: ParsedCommand, _ terminal: Arguments.Terminal, _ desk: inout CentreDesk
    ) throws {
        guard let number = parsed[holder] else { return }
        let source = try parsed[password] ?? SecretSource("prompt")
        var signed = desk
        let outcome = try terminal.withSecret(source, label: "password") { bytes in
            Result { () throws(CentreFailure) in try signed.signIn(number, password: bytes) }
        }
        if case .failure(let failure) = outcome { throw Problem(link: failure) }
        desk = signed
    }
}

extension Problem {
    /// What the centre said, or that it said nothing.
    init(link failure: CentreFailure) {
        switch failure {
        case .unreachable(let error):
            let isTrust = error.code == .notTrusted
            self.init(
                isTrust ? "centre-not-trusted" : "centre-away", exit: isTrust ? .mismatch : .tryAgain,
                isTrust
                    ? "this is not the centre that the terminal belongs to" : "the centre does not answer",
                why: error.message,
                advice: [
                    isTrust
                        ? "ask the centre's operator whether its key has changed; if so, enrol again"
                        : "try again later; nothing is lost"
                ])
        case .refused(let refusal):
            self.init(
                refusal.code,
                exit: refusal.status == 401 || refusal.status == 403 ? .notAuthenticated : .refused,
                String(refusal.detail.hasSuffix(".") ? refusal.detail.dropLast() : refusal.detail[...]),
                advice: refusal.remedy.map { [$0] } ?? [], details: ["status": .count(refusal.status)])
        case .malformed(let why):
            self.init(
                "centre-unclear", exit: .protocolViolation, "what the centre said makes no sense", why: why)
        }
    }

    /// How an errand ended; people have read it already.
    init(_ failure: KioskFailure) {
        switch failure {
        case .centre(let failure): self.init(link: failure)
        case .cardUnreadable:
            self.init("card-unreadable", exit: .unsupported, "the card does not tell its name")
        case .cardGone:
            self.init(
                "card-gone", exit: .unfinished, "the card was gone before the work was done",
                advice: ["put it in again, here or at another terminal: it goes on"])
        case .cardUnknown: self.init("card-unknown", exit: .notFound, "the centre does not know this card")
        case .cardNotServed(let why):
            self.init("card-not-served", exit: .refused, "the card is not served", why: why)
        case .notFeasible(let obstacle):
            let kind = obstacle.flatMap { Objection.Kind(rawValue: $0) }
            self.init(
                "not-feasible", exit: kind.map { PlanCommand.exit($0) } ?? .refused,
                "this is not possible on this card now")
        case .declined:
            self.init("declined", exit: .interrupted, "nothing was changed", why: "the answer was no")
        case .notHeld(let name):
            self.init(
                "not-held", exit: .notFound, "nothing of \(name) is in custody that could come back",
                advice: ["sign in with --holder: a holder sees what is kept"])
        case .failed(let why): self.init("operation-failed", exit: .refused, "it did not work", why: why)
        case .unfinished:
            self.init(
                "unfinished", exit: .unfinished, "it is not finished yet",
                advice: ["put the card in again later: it goes on"])
        case .notKept(let why):
            self.init(
                "report-not-kept", exit: .cannotCreate, "the terminal's folder cannot be written", why: why)
        case .cancelled: self = .interrupted
        }
    }
}
