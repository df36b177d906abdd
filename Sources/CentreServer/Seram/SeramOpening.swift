internal import CardCrypto
internal import Centre
internal import Synchronization
internal import Wire

/// A session that begins: with a handshake of its own, or with a visit that brings everything along.
struct SeramOpening {
    let terminal: TerminalID
    let id: String
    let command: SeramHandshakeCommand
    /// Of its only card.
    var greeting: Greeting?

    /// Writes down that it is open, and at which terminal its cards are.
    func keep(_ act: Act) throws -> [SeramSession.Element] {
        let elements = try Self.elements(command, act.transaction)
        for element in elements {
            if let card = element.card { try act.recordAddress(.terminal(terminal), of: card) }
        }
        try act.openSession(
            AgentSession(
                terminal: terminal, id: id, opening: command.written(), openedAt: act.now, isStarted: false))
        return elements
    }

    /// What `keep` asks where every card is at the terminal that it was at before.
    var questions: [Query] {
        let cards = command.secureElements.compactMap(Self.card)
        return [Query(AgentSession.table, key: [.word(terminal)])]
            + cards.flatMap { card in
                let itself = Query(Card.table, key: [.word(card)], limit: 1)
                return [itself, itself.locking(), CardAddress.query(of: card)]
            }
    }

    private static func card(_ element: SecureElement) -> CardID? { try? CardID(element.id.uppercased()) }

    /// Once it is kept. One that is opened again begins anew.
    @discardableResult
    func remember(_ elements: [SeramSession.Element], on node: Node) -> SeramSession {
        let now = node.clock.now
        let session = SeramSession(terminal: terminal, id: id, elements, isStarted: false, now: now)
        return node.sessions.keep(session, replacing: true, now: now)
    }

    /// What the agent would get for its first report, at once.
    func firstOrder(_ session: SeramSession, on node: Node) throws -> [UInt8] {
        let now = node.clock.now
        // Whatever is asked next by the agent is another message than this.
        let cause = Digest.sha256.hash(Array("visit".utf8))
        let outcome = try session.state.withLock { state in
            state.tellsMemory = true
            var step = SeramStep(
                node, terminal: terminal, session: id, state, now: now, greeting: greeting)
            let outcome = try step.take(.polling, cause: cause, since: now, patience: .zero)
            state = step.state
            return outcome
        }
        if !outcome.topics.isEmpty { node.bell.ring(outcome.topics) }
        switch outcome.reply {
        case .order(let bytes): return bytes
        case .wait: return SeramOrder(delay: 0).written()
        }
    }

    static func elements(
        _ command: SeramHandshakeCommand, _ transaction: any Transaction
    ) throws -> [SeramSession.Element] {
        try command.secureElements.map { element in
            let known = try card(element).flatMap { try transaction.find(Card.self, key: .word($0)) }
            return SeramSession.Element(element: element, card: known?.id)
        }
    }
}
