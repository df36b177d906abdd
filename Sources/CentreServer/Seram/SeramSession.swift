internal import CardCrypto
internal import Centre
internal import SmartCard
internal import Synchronization
internal import Wire

/// What one node remembers of one session of an agent; it can be lost and is then made again from the store.
final class SeramSession: Sendable {
    /// One card of the session.
    struct Element: Sendable {
        let element: SecureElement
        /// `nil` where its name is none that a card can have here, or the card is unknown.
        let card: CardID?
        var isSeen = false
        /// It needed nothing when it came.
        var isIdle = false
        /// Why nothing more is done with it in this session.
        var isClosed = false
        /// The operation that this session was last busy with, and when that came to an end.
        var tried: RequestID?
        var triedAt: Instant?
        var interruptions = 0
    }

    /// An order with commands for a card: it waits for its report.
    struct Outstanding: Sendable {
        let index: Int
        let visit: [UInt8]
        let number: Int
        /// For each command, whether it is a SELECT.
        let selects: [Bool]
    }

    /// The answer to a report; the same report again gets it again.
    struct Kept: Sendable {
        let cause: [UInt8]
        let order: [UInt8]
    }

    struct State: Sendable {
        var elements: [Element]
        var isStarted: Bool
        var outstanding: Outstanding?
        var kept: Kept?
        /// It was ended; only its last order is given, as often as it is asked for.
        var isOver = false
        /// An operation came to an end here.
        var hasWorked = false
        /// Its terminal shows how full the card is, and asked for it when it began.
        var tellsMemory = false
        /// What the agent will be told with the next commands.
        var notices: [SeramNotice] = []
    }

    let terminal: TerminalID
    let id: String
    let state: Mutex<State>
    private let lastSeen: Atomic<Int64>

    init(terminal: TerminalID, id: String, _ elements: [Element], isStarted: Bool, now: Instant) {
        self.terminal = terminal
        self.id = id
        state = Mutex(State(elements: elements, isStarted: isStarted))
        lastSeen = Atomic(now.milliseconds)
    }

    func isSeen(at now: Instant) { lastSeen.store(now.milliseconds, ordering: .relaxed) }

    func isSilent(since then: Instant) -> Bool { lastSeen.load(ordering: .relaxed) < then.milliseconds }
}

extension SeramSession.Outstanding {
    /// The answers in the order of the commands, as far as there are any.
    ///
    /// An agent whose access to the card has its own way to select gives an empty answer there, which then stands for
    /// success, as what follows was sent (description of `seRamResponse`). Anywhere else an empty answer is none.
    func answers(_ report: SeramReport) -> [ResponseAPDU] {
        let all = report.responses.joined().prefix(selects.count)
        var last = -1
        for (index, bytes) in all.enumerated() where !bytes.isEmpty { last = index }
        var answers: [ResponseAPDU] = []
        answers.reserveCapacity(selects.count)
        for (index, bytes) in all.enumerated() {
            if bytes.isEmpty {
                guard selects[index], index < last else { break }
                answers.append(ResponseAPDU(status: 0x9000))
            } else {
                guard let answer = try? ResponseAPDU(parsing: bytes) else { break }
                answers.append(answer)
            }
        }
        return answers
    }
}

/// The sessions of a node.
final class SeramShelf: Sendable {
    struct Name: Hashable {
        let terminal: TerminalID
        let id: String
    }

    /// A remote agent should take an agent for lost after five minutes (HTTP binding, "Transmission Errors").
    static let silence = Duration.seconds(300)
    static let sessionsMax = 100_000

    private struct Contents {
        var sessions: [Name: SeramSession] = [:]
        var sweptAt: Instant?
    }

    private let contents = Mutex(Contents())

    var count: Int { contents.withLock { $0.sessions.count } }

    func find(_ terminal: TerminalID, _ id: String) -> SeramSession? {
        contents.withLock { $0.sessions[Name(terminal: terminal, id: id)] }
    }

    /// Another thread may have been faster: its session is the one.
    func keep(_ session: SeramSession, replacing: Bool, now: Instant) -> SeramSession {
        contents.withLock { contents in
            let name = Name(terminal: session.terminal, id: session.id)
            if !replacing, let known = contents.sessions[name] { return known }
            if contents.sweptAt.map({ $0.duration(to: now) > .seconds(60) || $0 > now }) ?? true {
                contents.sweptAt = now
                contents.sessions = contents.sessions.filter { _, other in
                    !other.isSilent(since: now.advanced(by: .zero - Self.silence))
                }
            }
            if contents.sessions.count >= Self.sessionsMax, let other = contents.sessions.keys.first {
                contents.sessions[other] = nil
            }
            contents.sessions[name] = session
            return session
        }
    }
}
