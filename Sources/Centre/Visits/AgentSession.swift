/// A session that an agent at a terminal opened to bring cards to the centre: enough of it for any node to go on.
package struct AgentSession: Hashable, Sendable, Record {
    package var terminal: TerminalID
    /// Made by the agent; two terminals may have made the same.
    package var id: String
    /// The message that opened it, as its protocol writes it.
    package var opening: [UInt8]
    package var openedAt: Instant
    /// The agent was told that the work begins.
    package var isStarted: Bool

    package init(terminal: TerminalID, id: String, opening: [UInt8], openedAt: Instant, isStarted: Bool) {
        self.terminal = terminal
        self.id = id
        self.opening = opening
        self.openedAt = openedAt
        self.isStarted = isStarted
    }

    package static let table = Table(
        "agent_sessions", key: [.text("terminal"), .text("id")],
        [.bytes("opening"), .integer("opened_at"), .integer("is_started")])

    package var row: [StoredValue] {
        [.word(terminal), .text(id), .bytes(opening), .instant(openedAt), .bool(isStarted)]
    }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            terminal: try row.identifier(), id: try row.text(), opening: try row.bytes(),
            openedAt: try row.instant(), isStarted: try row.bool())
    }
}

extension Act {
    /// A session that is opened again begins anew. Old ones of the same terminal make room.
    package func openSession(_ session: AgentSession) throws {
        let all = try transaction.all(AgentSession.self, key: .word(session.terminal))
            .filter { $0.id != session.id }
        let newest = all.sorted { $0.openedAt > $1.openedAt }
        for (index, other) in newest.enumerated()
        where index >= Bounds.sessionsPerTerminalMax - 1
            || other.openedAt.advanced(by: Bounds.sessionLife) < now
        {
            transaction.remove(other)
        }
        transaction.put(session)
    }

    /// Also one that is not there any more. Not looked at, as when it is closed: whoever looks has the session before
    /// the cards that it comes to, and waits for one who has such a card and comes to the session.
    package func markStarted(_ terminal: TerminalID, _ id: String) {
        let key: [StoredValue] = [.word(terminal), .text(id)]
        let columns = AgentSession.table.columns.indices.filter {
            AgentSession.table.columns[$0].name == "is_started"
        }
        transaction.change(.update(AgentSession.table, key: key, columns: columns, [.bool(true)]))
    }

    /// Also one that is not there any more.
    package func closeSession(_ terminal: TerminalID, _ id: String) {
        transaction.change(.remove(AgentSession.table, key: [.word(terminal), .text(id)]))
    }
}

// MARK: Agents
extension Bounds {
    /// Sessions that one terminal has open; a terminal has a few readers.
    package static let sessionsPerTerminalMax = 64
    /// Sessions that nobody closed are forgotten.
    package static let sessionLife = Duration.seconds(86_400)
    package static let sessionNameBytesMax = 128
}
