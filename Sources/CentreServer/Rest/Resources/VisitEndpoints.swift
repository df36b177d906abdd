internal import CardCrypto
internal import Centre
internal import JSON
internal import SmartCard
internal import Wire

/// Visits: a terminal has the card in its hands, and gets with one answer what would otherwise take it a handshake, a
/// plan, a look at the memory, a request and a first report, each as long as the way is.
enum VisitEndpoints {
    static let all: [Endpoint] = [begin]

    private static let begin = Endpoint(
        .post, "/v1/cards/{card}/visits", "beginVisit", group: "operations",
        "A terminal that has the card opens a GP SERAM session for it, says what is wished, and gets the first order",
        access: .only([.terminal, .holder]), parameters: [.path("card", .card)],
        body: .json(.named("VisitRequest", request)),
        outcomes: [.json(200, "What is planned or begun, and what the session goes on with.", answer)]
    ) { call in
        let visit = try Visit(call)
        var outcome = Outcome()
        // What is kept for a request that comes twice is what was planned; a session is opened each time.
        var answer = try call.change(asking: visit.questions) { act in
            outcome = Outcome()
            return try visit.begin(act, &outcome)
        }
        let opening = visit.opening
        let elements =
            try outcome.elements
            ?? call.node.act(by: .terminal(opening.terminal), asking: opening.questions, opening.keep)
        let order = try opening.firstOrder(opening.remember(elements, on: call.node), on: call.node)
        guard case .json(.object(var object)) = answer.content else { return answer }
        object["order"] = try JSONValue(decoding: order)
        let next = call.node.desk.greeting(for: opening.terminal)
        object["greeting"] = .array(next.map { .string($0.bytes.hex) })
        answer.content = .json(.object(object))
        return answer
    }

    private static let request = Schema.object(
        .required(
            "session",
            .text(1...Bounds.sessionNameBytesMax).described(
                "Its name, made by the terminal; a session of this name begins anew.")),
        .required("wishes", .wishes),
        .required(
            "begins", Schema.boolean.described("Whether the plan is begun at once, or only told.")),
        .optional(
            "approval",
            .string(.hex(bytes: 32...32)).described("Of the plan; another plan is refused.")),
        .optional(
            "greeting",
            Schema.object(
                .required("commands", apdus), .required("answers", apdus)
            ).described(
                "What the card said already to the commands of an earlier answer; each of those counts once.")
        ))

    private static let answer = Schema.named(
        "VisitAnswer",
        .object(
            .optional(
                "plan",
                Schema.plan.described("Missing where the card has to be read, or something waits for it.")),
            .optional("memory", .object(.required("used", bytes), .required("free", bytes))),
            .optional("operation", .operation),
            .required("order", Schema.anything.described("Of GP SERAM; its report goes to the session.")),
            .required(
                "greeting",
                apdus.described(
                    "Commands for the issuer domain of the next card at this terminal, whichever it is, where its "
                        + "challenges are random: what it says to them, brought with the next visit, saves a round "
                        + "trip."))))

    private static let bytes = Schema.integer(0...Int64.max)
    private static let apdus = Schema.array(of: .string(.hex(bytes: 2...261)), 1...Greeting.commandsMax)
}

/// What came of a visit beside its answer.
private struct Outcome {
    /// Of the session that was opened in the same transaction.
    var elements: [SeramSession.Element]?
}

private struct Visit {
    let opening: SeramOpening
    private let call: RestCall
    private let card: CardID
    private let wishes: [Wish]
    /// Of the operation that it may begin.
    private let id: RequestID

    init(_ call: RestCall) throws {
        self.call = call
        card = try call.name("card")
        wishes = try OperationEndpoints.wishes(call)
        id = try call.idempotencyKey ?? RequestID(Base64URL.encode(call.node.entropy.bytes(15)))
        let name = call.body["session"]?.stringValue ?? ""
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Problem.member("/session", "It takes visible characters only.")
        }
        let terminal: TerminalID
        switch call.principal {
        case .terminal(let id), .holder(_, at: .some(let id)): terminal = id
        case .admin, .operator, .auditor, .provider, .supplier, .holder(_, at: nil):
            throw NotPermitted(actor: call.principal.actor, what: "begin a visit without a terminal")
        }
        opening = SeramOpening(
            terminal: terminal, id: name,
            command: SeramHandshakeCommand(secureElements: [SecureElement(.undefined, id: card.text)]),
            greeting: try Self.greeting(call.body["greeting"]))
    }

    private static func greeting(_ value: JSONValue?) throws -> Greeting? {
        guard let value else { return nil }
        func all<APDU>(_ name: String, _ parse: ([UInt8]) throws -> APDU) throws -> [APDU] {
            do {
                return try (value[name]?.arrayValue ?? []).map { try parse(Hex.decode($0.stringValue ?? "")) }
            } catch {
                throw Problem.member("/greeting/\(name)", "They are commands and answers of a card in hex.")
            }
        }
        return Greeting(
            commands: try all("commands") { try CommandAPDU(parsing: $0) },
            answers: try all("answers") { try ResponseAPDU(parsing: $0) })
    }

    /// What a visit asks that begins what it wishes for.
    func questions(_ transaction: any Transaction) -> [Query] {
        opening.questions + Act.planQuestions(of: card, in: transaction)
            + (call.body["begins"] == true
                ? Act.requestQuestions(id, on: card) : [Operation.openQuery(on: card)])
    }

    func begin(_ act: Act, _ outcome: inout Outcome) throws -> RestAnswer {
        let elements = try opening.keep(act)
        outcome.elements = elements
        // Nobody's card: the order says so, as it does to whoever comes with a handshake.
        guard elements.contains(where: { $0.card != nil }) else { return .ok([:]) }
        let dossier = try call.dossier(of: card, act)
        guard try isReady(dossier, act) else { return .ok([:]) }
        let plan = try OperationEndpoints.make(wishes, card, call, act)
        let memory = SeramNotice.Memory(try act.ledger(of: card, call.node.models).account)
        var object: JSONObject = [
            "plan": try plan.json(for: call.principal) { _ in true }, "memory": memory.json,
        ]
        guard call.body["begins"] == true else { return .ok(.object(object)) }
        if let approval = call.body["approval"]?.stringValue, try plan.approval() != approval.uppercased() {
            throw Problem.known(
                "plan-changed", "The best plan is not the one that was approved any more.")
        }
        guard plan.isFeasible else { return .ok(.object(object)) }
        let operation = try act.requestOperation(
            id, plan, deadline: call.defaultDeadline(act), call.node.models)
        object["operation"] = operation.json { _ in true }
        return .ok(.object(object)).ringing(.card(card))
    }

    /// The plan is made of what is on the card, so it must have been read; and what waits for the card goes first.
    private func isReady(_ dossier: CardDossier, _ act: Act) throws -> Bool {
        guard let readAt = dossier.card.inventory?.readAt,
            readAt.advanced(by: SeramStep.freshness) >= act.now
        else { return false }
        return try act.transaction.openOperation(on: card) == nil
    }
}
