internal import Centre
internal import JSON
internal import Wire

/// The chains of everything that is not on a card, and whether chains are whole.
enum AuditEndpoints {
    /// A longer chain is looked through by `berth store check`, which nobody waits for.
    private static let pagesMax = 500

    static let all: [Endpoint] = [
        Endpoint(
            .get, "/v1/audit", "listAudit", group: "audit", "What was done to the registers, in order",
            access: .only(.staff), parameters: Parameter.page + [stream],
            outcomes: [.json(200, "A page of the chain.", .page(of: "AuditEntry", .auditEntry))],
            handler: { call in
                let page = try call.page()
                return try call.look { try call.audit(call.stream, page, $0) }
            }),
        Endpoint(
            .get, "/v1/audit/verification", "verifyAudit", group: "audit",
            "Whether the registers' chain is as it was written", access: .only(.staff), parameters: [stream],
            outcomes: [.json(200, "What was found.", .verdict)],
            handler: { call in try verify(call, call.stream) }),
        Endpoint(
            .get, "/v1/cards/{card}/audit/verification", "verifyCardAudit", group: "audit",
            "Whether a card's chain is as it was written", access: .only(.staff),
            parameters: [.path("card", .card)], outcomes: [.json(200, "What was found.", .verdict)],
            handler: { call in try verify(call, .card(try call.name("card"))) }),
    ]

    private static let stream = Parameter.query(
        "stream", .words(AuditStream.registers.text, AuditStream.refusals.text),
        "Which chain: 'registers' where nothing is said, or 'refusals' of whoever did not sign in.")

    /// Page by page, each in a look of its own: others go on meanwhile.
    private static func verify(_ call: RestCall, _ stream: AuditStream) throws -> RestAnswer {
        let head = try call.look { act -> AuditHead in
            switch stream {
            case .registers, .refusals:
                return try act.transaction.find(AuditStreamHead.self, key: stream.value)?.head ?? .none
            case .card(let id):
                guard let card = try act.transaction.find(Card.self, key: .word(id)) else {
                    throw CardRefusal.unknown(id)
                }
                return AuditHead(bytes: card.auditHead)
            }
        }
        var check = AuditChainCheck(stream, head: head)
        for _ in 0..<pagesMax {
            let before = check
            check = try call.look { act in
                var next = before
                try next.step(act.transaction)
                return next
            }
            if let verdict = check.verdict { return .ok(VerdictForm(stream, verdict).json) }
        }
        throw Problem.known("audit-too-long", "The chain of \(stream.text) is too long for one request.")
    }
}

extension RestCall {
    fileprivate var stream: AuditStream { text("stream").flatMap { AuditStream(text: $0) } ?? .registers }
}
