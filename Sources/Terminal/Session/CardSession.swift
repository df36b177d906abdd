package import HTTPClient
package import SmartCard
package import Wire

/// What happens in a session, for whoever shows it.
package enum SessionEvent: Sendable {
    /// The centre says what it does, or how it ended.
    case notice(SeramNotice)
    /// A remote agent of another make says something.
    case text(String)
    /// So many bytes of the present order were sent to the card.
    case carried(bytes: Int)
    /// The centre is away; the same is sent again after so long.
    case offline(CentreFailure, again: Duration)
    case online
    /// The card does not answer any more.
    case cardGone
}

/// How a session ended, or paused.
package enum SessionEnd: Hashable, Sendable {
    /// The centre ended it.
    case stopped
    /// Nothing is to be done at this moment; it can be gone on with.
    case idle
    case cancelled
    /// The centre stayed away for as long as was waited.
    case offline(CentreFailure)
    case failed(CentreFailure)
    /// The report could not be kept on disk, so it was not sent and nothing more was done.
    case notKept(String)
}

/// A local agent of GP SERAM 2.0 for one card: a pipe between centre and card that understands neither.
///
/// Every report is on disk before it is sent. Whatever breaks in between, the same report is sent again, and the centre
/// gives the same order.
package final class CardSession {
    /// Each attempt waits longer than the one before it.
    private static let pauses: [Duration] = [
        .milliseconds(500), .seconds(1), .seconds(2), .seconds(5), .seconds(10),
    ]

    private let link: CentreLink
    private let queue: ReportQueue
    private let id: String
    private let element: SecureElement
    private let channel: any CardChannel
    private let cancellation: Cancellation
    private let pause: (Duration) -> Void
    private let show: (SessionEvent) -> Void
    private var report = SeramReport.polling
    private var number = 0
    private var hasShakenHands = false
    private var isCardGone = false
    /// An order that came by another way than a report.
    private var brought: SeramOrder?

    /// - Parameter id: random and new, in hexadecimal digits.
    /// - Parameter pause: waits, and returns early when the session is cancelled.
    package init(
        _ id: String, _ element: SecureElement, _ channel: any CardChannel, link: CentreLink,
        queue: ReportQueue, until cancellation: Cancellation, pause: @escaping (Duration) -> Void,
        show: @escaping (SessionEvent) -> Void
    ) {
        self.id = id
        self.element = element
        self.channel = channel
        self.link = link
        self.queue = queue
        self.cancellation = cancellation
        self.pause = pause
        self.show = show
    }

    /// Tells the centre that the card is here.
    package func open(patience: Duration) -> SessionEnd? {
        let command = SeramHandshakeCommand(
            secureElements: [element], transports: [Seram.transport], formats: [Seram.mediaType],
            versions: [Seram.version])
        let outcome = exchange("handshake", command.written(), key: "h", waits: false, patience: patience)
        switch outcome {
        case .failure(let end): return end
        case .success(let bytes):
            guard let response = try? SeramHandshakeResponse(reading: bytes),
                response == SeramHandshakeResponse()
            else { return .failed(.malformed("The centre speaks no GP SERAM 2.0.")) }
            hasShakenHands = true
            return nil
        }
    }

    /// Goes on with the order that opened the session, in the place of a handshake.
    package func begin(with order: SeramOrder) {
        (hasShakenHands, brought, report, number) = (true, order, .polling, 0)
    }

    /// Carries orders until the centre ends the session, or, where `waits` is false, has nothing to do.
    package func run(waits: Bool, patience: Duration) -> SessionEnd {
        if !hasShakenHands, let end = open(patience: patience) { return end }
        if let order = brought {
            brought = nil
            if let end = take(order, waits: waits) { return end }
        }
        while !cancellation.isCancelled {
            let isPolling = report.status.word == .polling
            let message = report.written()
            let key = "\(number)"
            if !isPolling {
                do throws(ReportQueue.Failure) {
                    try queue.keep(.init(session: id, key: key, report: message))
                } catch {
                    return .notKept("\(error.path): \(error.reason)")
                }
            }
            let outcome = exchange("remoteManagement", message, key: key, waits: waits, patience: patience)
            guard case .success(let bytes) = outcome else {
                guard case .failure(let end) = outcome else { return .cancelled }
                // A session that the centre does not know any more has nothing to acknowledge.
                if case .failed(.refused) = end { queue.remove(id) }
                return end
            }
            number += 1
            if !isPolling { queue.remove(id) }
            guard let order = try? SeramOrder(reading: bytes) else {
                return .failed(.malformed("The centre sent no order."))
            }
            if let end = take(order, waits: waits) { return end }
        }
        return .cancelled
    }

    private func take(_ order: SeramOrder, waits: Bool) -> SessionEnd? {
        carryOut(order)
        if order.isStop { return .stopped }
        guard order.sends.isEmpty else { return nil }
        // Who brings nothing has nothing: asking once more would be a round trip for the same answer.
        if !waits { return .idle }
        if let delay = order.delay, delay > 0 { pause(.milliseconds(delay)) }
        return nil
    }

    // MARK: Orders

    private func carryOut(_ order: SeramOrder) {
        var responses: [[[UInt8]]] = []
        commands: for command in order.commands {
            switch command {
            case .start: break
            case .stop: break commands
            case .notify(let text): show(SeramNotice(text).map(SessionEvent.notice) ?? .text(text))
            case .send(let list):
                let answers = carry(list)
                responses.append(answers)
                if answers.count < list.count { break commands }
            }
        }
        guard !responses.isEmpty else {
            report = .polling
            return
        }
        let status: SeramStatus =
            isCardGone
            ? SeramStatus(.unavailableElement, executed: responses.count, message: "the card was taken out")
            : SeramStatus(.processed, executed: responses.count)
        report = SeramReport(status, responses: responses)
    }

    /// Answers in the order of the commands, fewer where the card went away.
    private func carry(_ commands: [[UInt8]]) -> [[UInt8]] {
        var answers: [[UInt8]] = []
        var sent = 0
        for bytes in commands {
            guard !isCardGone, let command = try? CommandAPDU(parsing: bytes),
                let answer = try? channel.exchange(command)
            else {
                if !isCardGone { show(.cardGone) }
                isCardGone = true
                return answers
            }
            answers.append(answer.bytes)
            sent += bytes.count
            show(.carried(bytes: sent))
        }
        return answers
    }

    // MARK: The way

    private enum Outcome {
        case success([UInt8])
        case failure(SessionEnd)
    }

    /// Sends the same until it is answered, for as long as the patience lasts.
    private func exchange(
        _ endpoint: String, _ body: [UInt8], key: String, waits: Bool, patience: Duration
    ) -> Outcome {
        var waited = Duration.zero
        var attempt = 0
        while !cancellation.isCancelled {
            do throws(CentreFailure) {
                let bytes = try link.seram(
                    endpoint, session: id, body, key: "\(id)-\(key)", waits: waits, until: cancellation)
                if attempt > 0 { show(.online) }
                return .success(bytes)
            } catch {
                if case .unreachable(let failure) = error, failure.code == .cancelled { break }
                guard error.isPassing else { return .failure(.failed(error)) }
                guard waited < patience else { return .failure(.offline(error)) }
                let rest = Self.pauses[min(attempt, Self.pauses.count - 1)]
                show(.offline(error, again: rest))
                pause(rest)
                waited += rest
                attempt += 1
            }
        }
        return .failure(.cancelled)
    }
}

extension ReportQueue {
    /// Sends what an earlier run left; the card is not here any more, and the centre is told so. What cannot be sent
    /// now stays.
    package func flush(over link: CentreLink) -> (sent: Int, left: Int) {
        var sent = 0
        for pending in all() {
            do throws(CentreFailure) {
                _ = try link.seram(
                    "remoteManagement", session: pending.session, pending.report,
                    key: "\(pending.session)-\(pending.key)", waits: false)
                sayGone(pending, over: link)
            } catch {
                // A refusal is an answer: the centre knows what it has to know.
                guard case .refused(let refusal) = error, (400..<500).contains(refusal.status),
                    ![401, 403, 408, 429].contains(refusal.status)
                else { continue }
            }
            remove(pending.session)
            sent += 1
        }
        return (sent, all().count)
    }

    /// So that the next terminal need not wait for this one.
    private func sayGone(_ pending: Pending, over link: CentreLink) {
        let report = SeramReport(
            SeramStatus(.unavailableElement, executed: 0, message: "the terminal was started anew"))
        _ = try? link.seram(
            "remoteManagement", session: pending.session, report.written(),
            key: "\(pending.session)-gone", waits: false)
    }
}
