internal import CardCrypto
internal import Centre
internal import JSON
internal import SmartCard
internal import Wire

/// Plans and operations: what would be done on a card, and what is.
enum OperationEndpoints {
    static let all: [Endpoint] = [plan, request, list, listAll, get, cancel, journal]

    private static let card: [Parameter] = [.path("card", .card)]
    private static let one: [Parameter] =
        card + [.path("operation", .string(.request), "The id that the client made, or was given.")]
    private static let wishers: Set<Role> = [.admin, .operator, .provider, .holder, .terminal]
    private static let onlookers: Set<Role> = wishers.union([.auditor])

    // MARK: Plans

    private static let plan = Endpoint(
        .post, "/v1/cards/{card}/plans", "planWishes", group: "plans",
        "The best way to these wishes, explained; nothing is changed", access: .only(onlookers),
        parameters: card, body: .json(.named("PlanRequest", .object(.required("wishes", .wishes)))),
        outcomes: [.json(200, "The plan.", Schema.plan)], isReading: true
    ) { call in
        let id: CardID = try call.name("card")
        let wishes = try wishes(call)
        return try call.lookLocking { act in
            let plan = try make(wishes, id, call, act)
            return .ok(try plan.json(for: call.principal, isOwn: try own(plan, call, act)))
        }
    }

    static func wishes(_ call: RestCall) throws -> [Wish] {
        try (call.body["wishes"]?.arrayValue ?? []).map { try Wish(json: $0) }
    }

    static func make(_ wishes: [Wish], _ id: CardID, _ call: RestCall, _ act: Act) throws -> Plan {
        try call.checkSight(of: id, for: wishes, act)
        if call.principal.role != .auditor { try call.check(wishes, on: id, act) }
        return try act.plan(wishes, on: id, call.node.models)
    }

    /// Which applications of a plan the caller may know of.
    private static func own(
        _ plan: Plan, _ call: RestCall, _ act: Act
    ) throws -> (ApplicationID?) -> Bool {
        guard let tenant = call.principal.tenant else { return { _ in true } }
        let query = Query(Application.table, [.init("provider", .word(tenant))])
        let ids = Set(try act.transaction.all(Application.self, query).map(\.id))
        return { id in id.map(ids.contains) ?? false }
    }

    // MARK: Requests

    private static let request = Endpoint(
        .post, "/v1/cards/{card}/operations", "requestOperation", group: "operations",
        "Begins to carry wishes out: by the best plan, or only by the one that was approved. It waits for the card",
        access: .only(wishers), parameters: card,
        body: .json(
            .named(
                "OperationRequest",
                .object(
                    .required("wishes", .wishes),
                    .optional(
                        "approval",
                        .string(.hex(bytes: 32...32)).described("Of the plan; another plan is refused.")),
                    .optional("deadline", .instant)))),
        outcomes: [.json(202, "The operation; look there how it goes on.", .operation)]
    ) { call in
        let id: CardID = try call.name("card")
        let wishes = try wishes(call)
        let deadline = call.body["deadline"]?.stringValue.flatMap { Instant($0) }
        // Also who sends no key gets an operation that has a name.
        let operationID = try call.idempotencyKey ?? RequestID(Base64URL.encode(call.node.entropy.bytes(15)))
        return try call.change(asking: { transaction in
            Act.planQuestions(of: id, in: transaction) + Act.requestQuestions(operationID, on: id)
        }) { act in
            let plan = try make(wishes, id, call, act)
            if let approval = call.body["approval"]?.stringValue, try plan.approval() != approval.uppercased()
            {
                throw Problem.known(
                    "plan-changed", "The best plan is not the one that was approved any more.")
            }
            let operation = try call.hidingOthers(on: id, act) {
                try act.requestOperation(
                    operationID, plan, deadline: deadline ?? call.defaultDeadline(act), call.node.models)
            }
            return .accepted(
                operation.json(isOwn: try own(plan, call, act)),
                at: "/v1/cards/\(id)/operations/\(operationID)"
            ).ringing(.card(id))
        }
    }

    private static let cancel = Endpoint(
        .post, "/v1/cards/{card}/operations/{operation}/cancel", "cancelOperation", group: "operations",
        "Turns an operation back, unless the card has given something up", access: .only(wishers),
        parameters: one, outcomes: [.json(200, "The operation.", .operation)]
    ) { call in
        let (card, id) = try names(call)
        return try call.change { act in
            _ = try find(card, id, call, act)
            let operation = try act.cancelOperation(id, on: card, call.node.models)
            return .ok(try shown(operation, call, act)).ringing(.card(card))
        }
    }

    // MARK: Looking

    private static let list = Endpoint(
        .get, "/v1/cards/{card}/operations", "listCardOperations", group: "operations",
        "Operations of one card", access: .only(onlookers), parameters: card + Parameter.page,
        outcomes: [.json(200, "A page of operations.", .page(of: "Operation", .operation))]
    ) { call in
        let card: CardID = try call.name("card")
        let page = try call.page()
        return try call.look { act in
            _ = try call.dossier(of: card, act)
            let rows = try seen(on: card, page, call, act)
            return try call.list(rows, page, key: { [$0.id.text] }) { try shown($0, call, act) }
        }
    }

    /// A page of what the caller sees. A tenant's is read until it is full: where it ended before, the cursor would
    /// name what is another's. An operation takes a visit, so no card comes near to so many turns.
    private static func seen(
        on card: CardID, _ page: Page, _ call: RestCall, _ act: Act
    ) throws -> [Operation] {
        let after = try page.after.map { [StoredValue.word(card), .word(try RequestID($0.first ?? ""))] }
        var query = Query(Operation.table, [.init("card", .word(card))], after: after, limit: page.limit)
        guard call.principal.tenant != nil else { return try act.transaction.all(Operation.self, query) }
        query.limit = Query.rowsMax
        var found: [Operation] = []
        for _ in 0..<turnsMax {
            let rows = try act.transaction.all(Operation.self, query)
            for row in rows where try call.sees(row, act) {
                found.append(row)
                if found.count == page.limit { return found }
            }
            guard rows.count == query.limit, let last = rows.last else { break }
            query.after = last.keyValues
        }
        return found
    }

    private static let turnsMax = 100

    private static let listAll = Endpoint(
        .get, "/v1/operations", "listOperations", group: "operations", "Operations of all cards",
        access: .only(.staff),
        parameters: Parameter.page + [
            .query(
                "state",
                .words("waiting", "running", "undoing", "done", "failed", "cancelled", "needs-person"),
                "Only those in this state.")
        ], outcomes: [.json(200, "A page of operations.", .page(of: "Operation", .operation))]
    ) { call in
        let page = try call.page()
        let conditions = call.text("state").map { [Query.Condition("state", .text($0))] } ?? []
        return try call.look { act in
            let after = try page.after.map { parts -> [StoredValue] in
                guard parts.count == 2 else {
                    throw Problem.parameter("cursor", "This is not a cursor that this list gave.")
                }
                return [.word(try CardID(parts[0])), .word(try RequestID(parts[1]))]
            }
            let rows = try act.transaction.all(
                Operation.self, Query(Operation.table, conditions, after: after, limit: page.limit))
            return call.list(rows, page, key: { [$0.card.text, $0.id.text] }) { $0.json { _ in true } }
        }
    }

    private static let get = Endpoint(
        .get, "/v1/cards/{card}/operations/{operation}", "getOperation", group: "operations",
        "One operation. With 'Prefer: wait=30' the answer comes when it is over, or after so many seconds",
        access: .only(onlookers), parameters: one, outcomes: [.json(200, "The operation.", .operation)]
    ) { call in
        let (card, id) = try names(call)
        return try call.look { act in
            let operation = try find(card, id, call, act)
            if operation.isOpen, let until = call.waitsUntil {
                return .wait(Waiting(for: [.card(card)], until: until))
            }
            var answer = RestAnswer.ok(try shown(operation, call, act))
            if call.patience != nil { answer.fields["Preference-Applied"] = "wait" }
            return answer
        }
    }

    private static let journal = Endpoint(
        .get, "/v1/cards/{card}/operations/{operation}/journal", "listJournal", group: "operations",
        "What an operation intended and what came of it, line by line", access: .only(.staff),
        parameters: one + Parameter.page,
        outcomes: [.json(200, "A page of the journal.", .page(of: "JournalLine", .journalLine))]
    ) { call in
        let (card, id) = try names(call)
        let page = try call.page()
        return try call.look { act in
            _ = try find(card, id, call, act)
            let after = try page.after.map { parts -> [StoredValue] in
                guard let number = Int64(parts.first ?? "") else {
                    throw Problem.parameter("cursor", "This is not a cursor that this list gave.")
                }
                return [.word(card), .word(id), .integer(number)]
            }
            let conditions = [
                Query.Condition("card", .word(card)), Query.Condition("operation", .word(id)),
            ]
            let lines = try act.transaction.all(
                JournalEntry.self,
                Query(JournalEntry.table, conditions, after: after, limit: page.limit))
            return call.list(lines, page, key: { ["\($0.number)"] }) { $0.json }
        }
    }

    // MARK: Common

    private static func names(_ call: RestCall) throws -> (CardID, RequestID) {
        (try call.name("card"), try call.name("operation"))
    }

    private static func find(
        _ card: CardID, _ id: RequestID, _ call: RestCall, _ act: Act
    ) throws -> Operation {
        // A tenant that has asked for room may look how it goes, though it has nothing on the card yet.
        if call.principal.tenant == nil { _ = try call.dossier(of: card, act) }
        guard let operation = try act.transaction.find(Operation.self, key: .word(card), .word(id)),
            try call.sees(operation, act)
        else { throw OperationRefusal.unknown(id) }
        return operation
    }

    private static func shown(_ operation: Operation, _ call: RestCall, _ act: Act) throws -> JSONValue {
        guard let tenant = call.principal.tenant else { return operation.json { _ in true } }
        let query = Query(Application.table, [.init("provider", .word(tenant))])
        let ids = Set(try act.transaction.all(Application.self, query).map(\.id))
        return operation.json { id in id.map(ids.contains) ?? false }
    }
}

extension RestCall {
    /// How long an operation waits for its card where nobody says otherwise. It keeps the card from all others for so
    /// long: a provider's for a week, as the card is not its own.
    func defaultDeadline(_ act: Act) -> Instant {
        act.now.advanced(by: .seconds((principal.tenant == nil ? 30 : 7) * 86_400))
    }
}

extension Schema {
    package static let operation = named(
        "Operation",
        object(
            .required("operation", .string(.request)), .required("card", .card),
            .required(
                "state",
                .words("waiting", "running", "undoing", "done", "failed", "cancelled", "needs-person")),
            .required("wishes", .wishes),
            .required("steps", .array(of: operationStep, 0...1_000)),
            .required("requestedAt", .instant), .required("deadline", .instant),
            .required("isCancelRequested", .boolean), .required("isPastReturn", .boolean),
            .optional("reason", .text(0...10_000)),
            .optional("reasonCode", .words(Reason.Code.allCases.map(\.rawValue))),
            .optional("reasonSubjects", .array(of: .text(0...300), 0...8)),
            .optional("nextStep", .text(0...10_000)),
            .optional("lastRefusal", .text(0...10_000))))

    private static let operationStep = object(
        .required("step", .step), .required("progress", .words("to-do", "begun", "done")))

    static let journalLine = named(
        "JournalLine",
        object(
            .required("number", .integer(0...Int64.max)), .required("at", .instant),
            .required("kind", .words("intent", "result")), .required("step", .integer(-1...10_000)),
            .required("text", .text(0...10_000))))
}

extension Operation {
    func json(isOwn: (ApplicationID?) -> Bool) -> JSONValue {
        let (word, reason, next) = words
        let steps = self.steps.enumerated().map { index, step -> JSONValue in
            let progress: JSONValue =
                done.contains(index) ? "done" : begun.contains(index) ? "begun" : "to-do"
            return ["step": step.json(isOwn: isOwn), "progress": progress]
        }
        var object: JSONObject = [
            "operation": .string(id.text), "card": .string(card.text), "state": .string(word),
            "wishes": .array(wishes.map(\.json)), "steps": .array(steps),
            "requestedAt": .string(requestedAt.description), "deadline": .string(deadline.description),
            "isCancelRequested": .bool(isCancelRequested), "isPastReturn": .bool(isPastReturn),
        ]
        // Reasons name what is on the card.
        guard isOwn(nil) else { return .object(object) }
        object["reason"] = reason.map { .string($0.text) }
        object["reasonCode"] = reason.map { .string($0.code.rawValue) }
        if let reason, !reason.subjects.isEmpty {
            object["reasonSubjects"] = .array(reason.subjects.map { .string($0) })
        }
        object["nextStep"] = next.map { .string($0) }
        object["lastRefusal"] = lastRefusal.map { .string($0.text) }
        return .object(object)
    }

    private var words: (state: String, reason: Reason?, next: String?) {
        switch state {
        case .waiting: ("waiting", nil, nil)
        case .running: ("running", nil, nil)
        case .undoing(let reason): ("undoing", reason, nil)
        case .ended(.done): ("done", nil, nil)
        case .ended(.failed(let reason, let next)): ("failed", reason, next)
        case .ended(.cancelled(let reason)): ("cancelled", reason, nil)
        case .ended(.needsPerson(let reason, let next)): ("needs-person", reason, next)
        }
    }
}

extension JournalEntry {
    fileprivate var json: JSONValue {
        [
            "number": .count(number), "at": .string(at.description), "kind": .string(kind.rawValue),
            "step": .count(step), "text": .string(text),
        ]
    }
}
