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

        /// What it is about: two rows about the same come one after the other, as they stand in the file.
        fileprivate var subject: String? {
            guard case .success(let call) = call else { return nil }
            let body = call.body.flatMap { try? JSONValue(decoding: $0) }
            return call.path + " " + (body?.objectValue?.members.first?.value.text ?? "")
        }
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

    /// What was wrong with each of the rows, in their order; asked of nobody without a client.
    func send(by client: CentreClient?, on terminal: Arguments.Terminal) throws -> [Problem?] {
        let calls = rows.map(\.call)
        guard let client else { return calls.map(\.failure) }
        let work = Sending(calls, client, terminal)
        let others = (1..<max(1, min(Self.atOnceMax, calls.count))).map { _ in WorkBeside(work.run) }
        var problems = work.run()
        for other in others { problems.merge(try other.value()) { first, _ in first } }
        return calls.indices.map { problems[$0] }
    }
}

/// The rows of one window, taken by whoever is free.
private final class Sending: Sendable {
    /// A centre that has too much to do is asked again after a second, for about a minute.
    private static let attemptsMax = 60

    private let calls: [Result<CentreCall, Problem>]
    private let client: CentreClient
    private let terminal: Arguments.Terminal
    private let next = Atomic<Int>(0)

    init(_ calls: [Result<CentreCall, Problem>], _ client: CentreClient, _ terminal: Arguments.Terminal) {
        self.calls = calls
        self.client = client
        self.terminal = terminal
    }

    /// What was wrong, by the place of the row in the window.
    @Sendable func run() -> [Int: Problem] {
        var problems: [Int: Problem] = [:]
        // Bounded: every round takes one of the calls.
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < calls.count else { return problems }
            problems[index] = problem(of: calls[index])
        }
    }

    private func problem(of call: Result<CentreCall, Problem>) -> Problem? {
        var found: Problem?
        for _ in 0..<Self.attemptsMax {
            do {
                _ = try client.send(call.get())
                return nil
            } catch {
                let problem = Problem(error)
                guard problem.exit == .tryAgain else { return problem }
                found = problem
                TerminalOptions.rest(.seconds(1), terminal, Cancellation())
            }
        }
        return found
    }
}

extension Result where Failure == Problem {
    fileprivate var failure: Problem? { if case .failure(let problem) = self { problem } else { nil } }
}
