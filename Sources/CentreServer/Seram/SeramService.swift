internal import CardCrypto
package import Centre
internal import JSON
internal import Synchronization
internal import Wire

/// GP SERAM 2.0 at `/gp/seram` (HTTP binding of the same text): the remote agent, to whom any conforming local agent
/// can
/// bring cards.
///
/// What must last is in the store. A node that never heard of a session takes it over from there, and a visit that was
/// lost with another node is begun anew: the card is asked what is true.
package final class SeramService: HTTPService {
    /// Who asks; throws a `Problem`.
    package typealias SignIn = @Sendable (HTTPRequest) throws -> Principal

    /// Who asks as far as one may guess, and how that is proved.
    package typealias Presume = @Sendable (HTTPRequest) -> TerminalProof?

    let node: Node
    private let signIn: SignIn
    private let presume: Presume

    package init(node: Node, presume: @escaping Presume = { _ in nil }, signIn: @escaping SignIn) {
        self.node = node
        self.presume = presume
        self.signIn = signIn
    }

    /// Sessions that this node remembers.
    package var sessionCount: Int { node.sessions.count }

    package func answer(_ request: HTTPRequest, since: Instant) -> Answer {
        do throws(Problem) {
            return try route(request, since: since)
        } catch {
            return .now(Self.response(error, request))
        }
    }

    private func route(_ request: HTTPRequest, since: Instant) throws(Problem) -> Answer {
        guard request.segments.count == 3, request.segments[0] == "gp", request.segments[1] == "seram",
            let resource = Resource(rawValue: request.segments[2])
        else { throw .seram(404, "not-found", "GP SERAM has no such resource.") }
        guard request.method == .post else {
            throw .seram(405, "method-not-allowed", "GP SERAM takes POST only.")
        }
        let caller = try caller(request)
        guard let id = request.queryValue("sessionId"), Self.isName(id) else {
            throw .seram(
                400, "invalid-request", "The query must name a sessionId, of 1 to 128 visible characters.")
        }
        if let type = request.fields["Content-Type"], !Self.isJSON(type) {
            throw .seram(415, "unsupported-media-type", "Messages are application/json.")
        }
        do {
            switch resource {
            case .handshake: return try shakeHands(request, caller, id, since)
            case .remoteManagement: return try exchange(request, caller, id, since)
            }
        } catch let problem as Problem {
            throw problem
        } catch let error as SeramError {
            throw .seram(400, "invalid-request", error.reason)
        } catch StoreFailure.full(_) {
            throw .seram(503, "store-full", "The store has no room left; send the same again later.")
        } catch is StoreFailure {
            throw .seram(503, "not-serving", "The store does not answer; send the same again in a moment.")
        } catch {
            throw .seram(500, "internal", "The centre has failed here; send the same again in a moment.")
        }
    }

    private enum Resource: String {
        case handshake
        case remoteManagement
    }

    /// The terminal that asks, and what is still to be proved of that.
    private struct Caller {
        let terminal: TerminalID
        var proof: TerminalProof?
    }

    private func caller(_ request: HTTPRequest) throws(Problem) -> Caller {
        if let proof = presume(request) { return Caller(terminal: proof.terminal, proof: proof) }
        do {
            if case .terminal(let id) = try signIn(request) { return Caller(terminal: id) }
        } catch let problem as Problem {
            throw problem
        } catch {
            throw .seram(503, "not-serving", "Nobody can sign in at this moment.")
        }
        throw .seram(403, "forbidden", "Only a terminal brings cards.")
    }

    private static func isName(_ id: String) -> Bool {
        (1...Bounds.sessionNameBytesMax).contains(id.utf8.count)
            && id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    private static func isJSON(_ type: String) -> Bool {
        type.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() == Seram.mediaType
    }

    // MARK: Handshake

    private func shakeHands(
        _ request: HTTPRequest, _ caller: Caller, _ id: String, _ since: Instant
    ) throws -> Answer {
        let terminal = caller.terminal
        let command = try SeramHandshakeCommand(reading: request.body)
        guard command.isAcceptable else {
            throw Problem.seram(406, "not-acceptable", "This is GP SERAM 2.0.0: JSON over HTTPS.")
        }
        let opening = SeramOpening(terminal: terminal, id: id, command: command)
        let questions = (caller.proof?.questions ?? []) + opening.questions
        let elements = try node.act(by: .terminal(terminal), asking: questions) { act in
            try caller.proof?.admit(act.transaction)
            return try opening.keep(act)
        }
        opening.remember(elements, on: node)
        return .now(Self.message(SeramHandshakeResponse().written()))
    }

    // MARK: Reports

    private func exchange(
        _ request: HTTPRequest, _ caller: Caller, _ id: String, _ since: Instant
    ) throws -> Answer {
        var caller = caller
        let terminal = caller.terminal
        let report = try SeramReport(reading: request.body)
        // A number in this field tells two reports of the same text apart.
        let cause = Digest.sha256.hash(
            Array((request.fields["Idempotency-Key"] ?? "").utf8) + [0] + request.body)
        let session = try session(&caller, id)
        session.isSeen(at: node.clock.now)
        let proof = caller.proof
        let outcome = try session.state.withLock { state in
            var step = SeramStep(
                self.node, terminal: terminal, session: id, state, now: self.node.clock.now, proof: proof)
            let outcome = try step.take(report, cause: cause, since: since, patience: Self.patience(request))
            state = step.state
            return outcome
        }
        if !outcome.topics.isEmpty { node.bell.ring(outcome.topics) }
        switch outcome.reply {
        case .order(let bytes): return .now(Self.message(bytes))
        case .wait(let waiting): return .wait(waiting)
        }
    }

    /// An agent with somebody in front of it may prefer a void order at once (RFC 7240 §4.3: `Prefer: wait=0`).
    private static func patience(_ request: HTTPRequest) -> Duration {
        for item in request.fields.values("Prefer").flatMap({ $0.split(separator: ",") }) {
            let parts = item.split(separator: "=").map { $0.filter { $0 != " " }.lowercased() }
            guard parts.count == 2, parts[0] == "wait", let seconds = Int(parts[1]), seconds >= 0 else {
                continue
            }
            return min(.seconds(seconds), SeramStep.pollMax)
        }
        return SeramStep.pollMax
    }

    /// One that this node does not remember may be in the store; another terminal's is nobody's.
    private func session(_ caller: inout Caller, _ id: String) throws -> SeramSession {
        let terminal = caller.terminal
        if let session = node.sessions.find(terminal, id) { return session }
        try caller.proof?.prove(in: node.store)
        caller.proof = nil
        let now = node.clock.now
        let found = try node.store.glance { transaction -> (AgentSession, [SeramSession.Element])? in
            guard
                let kept = try transaction.find(AgentSession.self, key: .word(terminal), .text(id)),
                kept.openedAt.advanced(by: Bounds.sessionLife) > now,
                let command = try? SeramHandshakeCommand(reading: kept.opening)
            else { return nil }
            return (kept, try SeramOpening.elements(command, transaction))
        }
        guard let (kept, elements) = found else {
            throw Problem.seram(404, "session-unknown", "There is no such session; begin with a handshake.")
        }
        let session = SeramSession(
            terminal: terminal, id: id, elements, isStarted: kept.isStarted, now: node.clock.now)
        return node.sessions.keep(session, replacing: false, now: node.clock.now)
    }

    // MARK: HTTP

    private static func message(_ bytes: [UInt8]) -> HTTPResponse {
        HTTPResponse(
            200, ["Content-Type": Seram.mediaType, "Cache-Control": "no-store"], body: .bytes(bytes))
    }

    private static func response(_ problem: Problem, _ request: HTTPRequest) -> HTTPResponse {
        var fields: HTTPFields = ["Content-Type": Problem.mediaType, "Cache-Control": "no-store"]
        switch problem.status {
        case 401: fields["WWW-Authenticate"] = "Bearer"
        case 405: fields["Allow"] = "POST"
        case 429, 503: fields["Retry-After"] = "\(problem.members["retryAfter"]?.integerValue ?? 2)"
        default: break
        }
        return HTTPResponse(
            problem.status, fields, body: .bytes(problem.json(tag: request.tag).encoded()))
    }
}

extension Problem {
    static func seram(_ status: Int, _ code: String, _ detail: String) -> Problem {
        let title =
            switch status {
            case 400: "The request is not as it must be"
            case 403: "This is not allowed"
            case 404: "There is no such thing"
            case 405: "The method does not fit"
            case 406: "No common ground"
            case 415: "The media type does not fit"
            case 503: "Not serving at the moment"
            default: "The centre has failed"
            }
        return Problem(status, code, title: title, detail: detail)
    }
}
