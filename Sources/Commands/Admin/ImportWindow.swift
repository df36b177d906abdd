internal import Arguments
internal import HTTPClient
internal import JSON
internal import Synchronization

/// Rows of a file that are asked for at the same time: a distant centre answers many of them in one round trip, and a
/// near one makes them durable together. What comes of them is told in the order of the file.
struct ImportWindow {
    /// So many rows are in memory, and so many requests under way; a centre keeps its rate of requests all the same.
    static let rowsMax = 64
    private static let atOnceMax = 16

    struct Row: Sendable {
        let line: Int
        /// As it stands in the file.
        let text: [UInt8]
        /// Or what is wrong with it.
        let call: Result<CentreCall, Problem>
        /// What may be there already of what it is about.
        let existing: ExistingEntry?

        /// What it is about: two rows about the same come one after the other, as they stand in the file.
        fileprivate var subject: String? {
            guard case .success(let call) = call else { return nil }
            let body = call.body.flatMap { try? JSONValue(decoding: $0) }
            return call.path + " " + (body?.objectValue?.members.first?.value.text ?? "")
        }
    }

    /// What came of a row.
    enum Answer: Hashable, Sendable {
        case taken
        /// It is there already, just so.
        case known
        case refused(Problem)
    }

    private(set) var rows: [Row] = []
    private var subjects: Set<String> = []

    var isFull: Bool { rows.count >= Self.rowsMax }

    /// Whether the row can be asked for beside the others.
    func takes(_ row: Row) -> Bool { row.subject.map { !subjects.contains($0) } ?? true }

    mutating func add(_ row: Row) {
        rows.append(row)
        if let subject = row.subject { subjects.insert(subject) }
    }

    mutating func clear() {
        rows.removeAll(keepingCapacity: true)
        subjects.removeAll(keepingCapacity: true)
    }

    /// What came of each of the rows, in their order; asked of nobody without a client.
    func send(by client: CentreClient?, on terminal: Arguments.Terminal) throws -> [Answer] {
        guard let client else { return rows.map { $0.call.failure.map(Answer.refused) ?? .taken } }
        let work = Sending(rows, client, terminal)
        let others = (1..<max(1, min(Self.atOnceMax, rows.count))).map { _ in WorkBeside(work.run) }
        var answers = work.run()
        for other in others { answers.merge(try other.value()) { first, _ in first } }
        return rows.indices.map { answers[$0] ?? .taken }
    }
}

/// The rows of one window, taken by whoever is free.
private final class Sending: Sendable {
    /// A centre that has too much to do is asked again when it says, or after a second: so often, and for so long.
    private static let attemptsMax = 60
    private static let restMax = Duration.seconds(300)

    private let rows: [ImportWindow.Row]
    private let client: CentreClient
    private let terminal: Arguments.Terminal
    private let next = Atomic<Int>(0)

    init(_ rows: [ImportWindow.Row], _ client: CentreClient, _ terminal: Arguments.Terminal) {
        self.rows = rows
        self.client = client
        self.terminal = terminal
    }

    /// What came of them, by the place of the row in the window.
    @Sendable func run() -> [Int: ImportWindow.Answer] {
        var answers: [Int: ImportWindow.Answer] = [:]
        // Bounded: every round takes one of the rows.
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < rows.count else { return answers }
            answers[index] = answer(to: rows[index])
        }
    }

    private func answer(to row: ImportWindow.Row) -> ImportWindow.Answer {
        switch row.call {
        case .failure(let problem): return .refused(problem)
        case .success(let call):
            switch ask(call) {
            case .success: return .taken
            case .failure(let problem): return answer(to: problem, row.existing)
            }
        }
    }

    /// Whatever the centre refused a row for: one that is there just so is in.
    private func answer(to problem: Problem, _ existing: ExistingEntry?) -> ImportWindow.Answer {
        guard let existing, [.alreadyExists, .refused, .badData].contains(problem.exit) else {
            return .refused(problem)
        }
        switch ask(CentreCall("GET", existing.path)) {
        case .success(let answer): return existing.answer(to: problem, answer.json)
        case .failure(let other):
            // It is not there, or not for these eyes.
            let isHidden = [.notFound, .notAuthenticated].contains(other.exit)
            return .refused(isHidden ? problem : other)
        }
    }

    private func ask(_ call: CentreCall) -> Result<CentreAnswer, Problem> {
        var left = Self.restMax
        var result = attempt(call)
        for _ in 1..<Self.attemptsMax {
            guard case .failure(let problem) = result, Self.isPassing(problem) else { return result }
            let rest = Duration.seconds(max(1, problem.details["retryAfter"]?.integerValue ?? 1))
            guard rest <= left else { return result }
            left -= rest
            TerminalOptions.rest(rest, terminal, Cancellation())
            result = attempt(call)
        }
        return result
    }

    /// A request has its key: what came of one whose outcome nobody knows is told when it is sent again.
    private static func isPassing(_ problem: Problem) -> Bool {
        problem.exit == .tryAgain || problem.code == "outcome-unknown"
    }

    private func attempt(_ call: CentreCall) -> Result<CentreAnswer, Problem> {
        Result { try client.send(call) }.mapError { Problem($0) }
    }
}

extension Result where Failure == Problem {
    fileprivate var failure: Problem? { if case .failure(let problem) = self { problem } else { nil } }
}
