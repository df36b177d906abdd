import CardCrypto
import Centre
import CentreServer
import SmartCard
import Storage
import Testing
import VirtualCard
import Wire

/// A node that knows the token of a terminal presumes who asks, and proves it in the transaction of what is asked: a
/// token that was lost meanwhile must have no effect, at whichever moment of a session.
@Suite("A terminal's token is proved in the transaction that it begins")
struct TerminalProofTests {
    enum Loss: CaseIterable {
        case revoked
        case expired
        case gone
        case replaced
        case givenToAnother
        case blocked

        var code: String { self == .blocked ? "terminal-blocked" : "token-invalid" }
    }

    enum Moment: CaseIterable {
        case handshake
        case pollWithWork
        case report
        case reportOfAnUnknownVisit
        case sameReportAgain
        case pollWithoutWork
        case pollOfALostSession
        case pollOfUnknownCards
        /// The report of a card that was taken away: two transactions follow each other.
        case reportOfAGoneCard
    }

    @Test("who lost it is refused at every moment, and nothing changes", arguments: Loss.allCases)
    func lost(_ loss: Loss) throws {
        for moment in Moment.allCases {
            let stage = try ProofStage()
            try stage.go(to: moment)
            try stage.lose(loss)
            let before = try stage.rows()
            let answer = try stage.ask(moment)
            #expect(answer.status == (loss == .blocked ? 403 : 401), "\(moment)")
            #expect(answer.text.contains(loss.code), "\(moment): \(answer.text)")
            #expect(try stage.rows() == before, "\(moment)")
        }
    }

    @Test("who has it is served at every moment, with the questions of one who need not prove anything")
    func kept() throws {
        // What comes to no transaction needs a look of its own, and so does a session that this node has lost.
        let more: Set<Moment> = [.sameReportAgain, .pollOfALostSession, .pollOfUnknownCards]
        for moment in Moment.allCases {
            let counts = try [true, false].map { hasToken in
                let stage = try ProofStage(hasToken: hasToken)
                try stage.go(to: moment)
                let before = stage.store.questions
                #expect(try stage.ask(moment).status == 200, "\(moment)")
                return stage.store.questions - before
            }
            #expect(counts[0] == counts[1] + (more.contains(moment) ? 1 : 0), "\(moment)")
        }
    }

    @Test("one that belongs to another terminal now is the other's with the next request")
    func another() throws {
        let stage = try ProofStage()
        try stage.go(to: .handshake)
        try stage.lose(.givenToAnother)
        #expect(try stage.ask(.handshake).status == 401)
        #expect(try stage.ask(.handshake).status == 200)
        let bearers = try stage.bench.act { try $0.addresses(of: stage.id) }.filter { $0.until == nil }
        #expect(bearers.map(\.bearer) == [.terminal(try TerminalID("t2"))])
    }
}

/// One terminal with its token at one node, and a card that waits for work.
private final class ProofStage {
    struct Reply {
        var status: Int
        var text: String
    }

    let bench: SeramBench
    let store: AskCountingStore
    let id: CardID
    private let card: VirtualCard
    private let hasToken: Bool
    private let signIn: SignIn
    private var service: SeramService
    private let token = TokenText(SeededEntropy(seed: [77]))
    private let terminal: TerminalID
    private var report: [UInt8] = SeramReport.polling.written()
    private var last: [UInt8] = []

    /// - Parameter hasToken: else whoever comes is the terminal, and the store is not asked who that is.
    init(hasToken: Bool = true) throws {
        self.hasToken = hasToken
        bench = try SeramBench()
        (card, id) = try bench.makeCard()
        try bench.run(bench.agent([id: card], session: "before"), [card])
        try bench.wish("add", [.add(application: ApplicationID("purse"))], on: id)
        store = AskCountingStore(bench.store)
        let node = Self.node(bench, store)
        signIn = SignIn(node: node)
        service = Self.service(node, hasToken ? signIn : nil)
        terminal = try TerminalID("t1")
        let (id, digest, terminal) = (token.id, token.digest, terminal)
        try bench.act { act in
            for name in ["t1", "t2"] { _ = try act.registerTerminal(TerminalID(name), label: name) }
            act.transaction.insert(
                Credential(
                    id: id, kind: .token, subject: .terminal(terminal), digest: digest, scopes: "", label: "",
                    createdAt: act.now, createdBy: "test", expiresAt: act.now.advanced(by: .seconds(60)),
                    lastUsedAt: act.now))
        }
    }

    private static func node(_ bench: SeramBench, _ store: AskCountingStore) -> Node {
        let node = bench.node
        let desk = ExchangeDesk(
            store: store, vault: node.vault, models: node.models, clock: node.clock,
            entropy: SeededEntropy(seed: [5]))
        return Node(
            store: store, vault: node.vault, models: node.models, desk: desk, clock: node.clock,
            entropy: node.entropy, bell: node.bell)
    }

    private static func service(_ node: Node, _ signIn: SignIn?) -> SeramService {
        guard let signIn else { return SeramService(node: node) { _ in .terminal(try TerminalID("t1")) } }
        return SeramService(node: node, presume: signIn.presumed) { try signIn.principal(for: $0) }
    }

    // MARK: A session

    /// Up to the request of this moment, which is not sent. The token was used before.
    func go(to moment: TerminalProofTests.Moment) throws {
        #expect(try shakeHands(session: "known").status == 200)
        switch moment {
        case .handshake: return
        case .pollOfUnknownCards: _ = try shakeHands(cards: ["0102030405"])
        case .pollWithWork: _ = try shakeHands()
        case .pollOfALostSession:
            _ = try shakeHands()
            service = Self.service(Self.node(bench, store), hasToken ? signIn : nil)
        case .report, .reportOfAGoneCard:
            _ = try shakeHands()
            card.powerOn()
            try turn()
            if moment == .reportOfAGoneCard {
                report = SeramReport(SeramStatus(.unavailableElement, executed: 0), responses: []).written()
            }
        case .reportOfAnUnknownVisit:
            _ = try shakeHands()
            card.powerOn()
            try turn()
            // The lease is another visit's by now, and the visit is nobody's.
            let (desk, id, terminal) = (bench.node.desk, id, terminal)
            _ = try desk.arrive(id, at: terminal)
        case .sameReportAgain:
            _ = try shakeHands()
            card.powerOn()
            try turn()
            try turn()
        case .pollWithoutWork:
            _ = try shakeHands()
            card.powerOn()
            while try turn() {}
            _ = try shakeHands(session: "s2")
        }
    }

    func ask(_ moment: TerminalProofTests.Moment) throws -> Reply {
        switch moment {
        case .handshake: try shakeHands()
        case .sameReportAgain: send("remoteManagement", last)
        case .pollWithoutWork: send("remoteManagement", SeramReport.polling.written(), session: "s2")
        case .pollOfUnknownCards, .pollWithWork, .report, .reportOfAnUnknownVisit, .pollOfALostSession,
            .reportOfAGoneCard:
            send("remoteManagement", report)
        }
    }

    private func shakeHands(session: String = "s1", cards: [String]? = nil) throws -> Reply {
        let elements = (cards ?? [id.text]).map { SecureElement(.undefined, id: $0) }
        return send("handshake", SeramHandshakeCommand(secureElements: elements).written(), session: session)
    }

    /// One report and what the card says to its order; false where no command came.
    @discardableResult
    private func turn() throws -> Bool {
        last = report
        let answer = send("remoteManagement", report)
        #expect(answer.status == 200)
        let order = try SeramOrder(reading: Array(answer.text.utf8))
        let responses = order.sends.map { $0.map(card.process) }
        report = SeramReport(SeramStatus(.processed, executed: responses.count), responses: responses)
            .written()
        return !responses.isEmpty && !order.isStop
    }

    private func send(_ resource: String, _ body: [UInt8], session: String = "s1") -> Reply {
        var request = bench.request(resource, session: session, body, token: token.text)
        request.fields["Prefer"] = "wait=0"
        guard case .now(let response) = service.answer(request, since: bench.clock.now),
            case .bytes(let bytes) = response.body
        else { return Reply(status: 0, text: "") }
        return Reply(status: response.status, text: String(decoding: bytes, as: UTF8.self))
    }

    // MARK: The store

    func lose(_ loss: TerminalProofTests.Loss) throws {
        let (id, terminal) = (token.id, terminal)
        if loss == .expired { bench.clock.advance(by: .seconds(61)) }
        try bench.act { act in
            let transaction = act.transaction
            var credential = try #require(try transaction.find(Credential.self, key: .word(id)))
            switch loss {
            case .revoked: credential.revokedAt = act.now
            case .expired: return
            case .gone: return transaction.remove(credential)
            case .replaced: credential.digest = Digest.sha256.hash([1])
            case .givenToAnother: credential.subject = .terminal(try TerminalID("t2"))
            case .blocked:
                var entry = try #require(try transaction.find(TerminalEntry.self, key: .word(terminal)))
                entry.life = .blocked(reason: "Stolen.")
                return transaction.put(entry)
            }
            transaction.put(credential)
        }
    }

    /// All of them.
    func rows() throws -> [String: [[StoredValue]]] {
        let tables = try bench.store.tables()
        return try bench.store.read { transaction in
            var rows: [String: [[StoredValue]]] = [:]
            for table in tables { rows[table.name] = try transaction.ask([Query(table)])[0] }
            return rows
        }
    }
}
