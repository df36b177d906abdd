internal import CardCrypto
internal import Centre
internal import JSON
internal import Wire

/// Who is told of events.
enum WebhookEndpoints {
    private static let path = [Parameter.path("webhook", .string(.webhook))]
    private static let readers: Set<Role> = .staff.union([.provider])
    private static let writers: Set<Role> = .operators.union([.provider])
    private static let asItIs = [Endpoint.Outcome.json(200, "The webhook as it is now.", .webhook)]

    static let all: [Endpoint] =
        [
            Endpoint(
                .get, "/v1/webhooks", "listWebhooks", group: "webhooks", "Webhooks",
                access: .only(readers),
                parameters: Parameter.page + [.query("provider", .provider, "Only this provider's.")],
                outcomes: [.json(200, "A page of webhooks.", .page(of: "Webhook", .webhook))], handler: list),
            Endpoint(
                .post, "/v1/webhooks", "addWebhook", group: "webhooks",
                "Adds a webhook; its secret is shown this once", access: .only(writers),
                body: .json(.newWebhook),
                outcomes: [.json(201, "The webhook and its secret.", .webhookWithSecret)], handler: add),
            Endpoint(
                .get, "/v1/webhooks/{webhook}", "getWebhook", group: "webhooks", "A webhook",
                access: .only(readers), parameters: path, outcomes: [.json(200, "The webhook.", .webhook)],
                handler: { call in answer(try call.look { try seen(call, $0) }) }),
            Endpoint(
                .patch, "/v1/webhooks/{webhook}", "changeWebhook", group: "webhooks",
                "Changes where a webhook goes, and what it is told", access: .only(writers),
                parameters: path,
                body: .json(.webhookChange), outcomes: asItIs, precondition: .optional, handler: change),
            Endpoint(
                .delete, "/v1/webhooks/{webhook}", "removeWebhook", group: "webhooks", "Removes a webhook",
                access: .only(writers), parameters: path, outcomes: [.empty("It is gone.")],
                precondition: .optional,
                handler: { call in
                    try call.change { act in
                        try call.requireMatch(tag(try seen(call, act)))
                        try act.removeWebhook(try call.name("webhook"))
                        return .noContent
                    }
                }),
        ] + acts

    private static let acts: [Endpoint] = [
        act("disable", "disableWebhook", "Sends nothing until the webhook is enabled") { act, id in
            try act.disableWebhook(id)
        },
        act("enable", "enableWebhook", "Goes on where the webhook stopped") { act, id in
            try act.enableWebhook(id)
        },
        Endpoint(
            .post, "/v1/webhooks/{webhook}/renew-secret", "renewWebhookSecret", group: "webhooks",
            "Makes a new secret, shown this once; the one before signs too for a day",
            access: .only(writers), parameters: path,
            outcomes: [.json(200, "The webhook and its secret.", .webhookWithSecret)],
            precondition: .optional,
            handler: { call in
                try call.change { act in
                    try call.requireMatch(tag(try seen(call, act)))
                    let renewed = try act.renewSecret(
                        of: try call.name("webhook"), sealedIn: call.node.vault)
                    let shown = json(renewed.webhook, renewed.secret)
                    return RestAnswer.ok(shown, tag: tag(renewed.webhook)).secret
                }
            }),
        Endpoint(
            .post, "/v1/webhooks/{webhook}/replay", "replayWebhook", group: "webhooks",
            "Sends events of a range once more, before those that are new", access: .only(writers),
            parameters: path,
            body: .json(
                .named(
                    "ReplayRange",
                    .object(
                        .required("from", .integer(1...Int64.max)),
                        .required("through", .integer(1...Int64.max))))),
            outcomes: asItIs, precondition: .optional,
            handler: { call in
                try call.change { act in
                    try call.requireMatch(tag(try seen(call, act)))
                    let webhook = try act.replay(
                        try call.name("webhook"), from: call.body["from"]?.integerValue ?? 0,
                        through: call.body["through"]?.integerValue ?? 0)
                    return answer(webhook)
                }
            }),
    ]

    private static func act(
        _ word: String, _ name: String, _ text: String,
        _ body: @escaping @Sendable (Act, WebhookID) throws -> Webhook
    ) -> Endpoint {
        Endpoint(
            .post, PathTemplate(stringLiteral: "/v1/webhooks/{webhook}/\(word)"), name, group: "webhooks",
            text,
            access: .only(writers), parameters: path, outcomes: asItIs, precondition: .optional,
            handler: { call in
                try call.change { act in
                    try call.requireMatch(tag(try seen(call, act)))
                    return answer(try body(act, try call.name("webhook")))
                }
            })
    }

    private static func list(_ call: RestCall) throws -> RestAnswer {
        let page = try call.page()
        let provider = try call.tenantFilter()
        let after: WebhookID? = try page.after?.first.map { try WebhookID($0) }
        let webhooks = try call.look { act in
            try act.webhooks(of: provider, after: after, limit: page.limit)
        }
        return call.list(webhooks, page, key: { [$0.id.text] }, { WebhookForm($0).json })
    }

    private static func seen(_ call: RestCall, _ act: Act) throws -> Webhook {
        try act.webhook(try call.name("webhook"), for: call.principal.tenant)
    }

    private static func filter(_ call: RestCall) throws -> EventFilter {
        try call.reading { () throws(FormProblem) in try EventFilter(try FormReader(call.body)) }
    }

    private static func url(_ call: RestCall) throws -> WebhookURL? {
        guard let text = call.body["url"]?.stringValue else { return nil }
        guard let url = WebhookURL(text) else { throw Problem.member("/url", "This is no address.") }
        // Without encryption only into networks that the operator of the centre allowed, which the sender sees to.
        guard url.isEncrypted || call.principal.tenant == nil else { throw WebhookRefusal.notEncrypted(url) }
        return url
    }

    private static func add(_ call: RestCall) throws -> RestAnswer {
        guard let url = try url(call) else { throw Problem.member("/url", "This member is missing.") }
        let asked: ProviderID? = try call.optionalMember("provider")
        if let asked { try call.requireOwn(asked) }
        let filter = try filter(call)
        return try call.change { act in
            let made = try act.addWebhook(
                for: asked ?? call.principal.tenant, url: url, filter: filter, sealedIn: call.node.vault)
            return RestAnswer.created(
                json(made.webhook, made.secret), at: "/v1/webhooks/\(made.webhook.id)",
                tag: tag(made.webhook)
            ).secret
        }
    }

    private static func change(_ call: RestCall) throws -> RestAnswer {
        let (url, filter) = (try url(call), try filter(call))
        return try call.change { act in
            let known = try seen(call, act)
            try call.requireMatch(tag(known))
            var wanted = known.filter
            if call.body["types"] != nil { wanted.kinds = filter.kinds }
            if call.body["subjects"] != nil { wanted.subjects = filter.subjects }
            return answer(try act.changeWebhook(known.id, url: url, filter: wanted))
        }
    }

    private static func answer(_ webhook: Webhook) -> RestAnswer {
        var answer = RestAnswer.ok(WebhookForm(webhook).json, tag: tag(webhook))
        answer.showsMoreThanTag = true
        return answer
    }

    /// Members that change as messages go out and as time passes, without anybody deciding anything.
    private static let passing = ["previousSecretUntil", "position", "replay", "trouble", "lastAttempt"]

    /// Of the settings: deliveries go on between reading and changing, and must not refuse the change.
    private static func tag(_ webhook: Webhook) -> EntityTag {
        guard case .object(var object) = WebhookForm(webhook).json else { return EntityTag(of: .null) }
        for name in passing { object[name] = nil }
        return EntityTag(of: .object(object))
    }

    private static func json(_ webhook: Webhook, _ secret: Secret) -> JSONValue {
        guard case .object(var object) = WebhookForm(webhook).json else { return .null }
        object["secret"] = .string(WebhookMessage.text(of: secret))
        return .object(object)
    }
}
