package import CardCrypto
package import Centre
package import JSON

extension EventFilter {
    private static let prefix = "dev.berth."
    private static let suffix = ".v1"

    /// `dev.berth.custody.held.v1`, or `dev.berth.custody.*`.
    package static func kind(ofType type: String) -> Kind? {
        guard type.hasPrefix(prefix) else { return nil }
        let rest = String(type.dropFirst(prefix.count))
        if rest.hasSuffix(".*") { return Kind(rest) }
        guard rest.hasSuffix(suffix) else { return nil }
        let kind = String(rest.dropLast(suffix.count))
        return kind.hasSuffix("*") ? nil : Kind(kind)
    }

    package var types: [String] {
        kinds.map { $0.text.hasSuffix(".*") ? Self.prefix + $0.text : CloudEvent.type(of: $0.text) }
    }

    /// The members `types` and `subjects`.
    package init(_ form: FormReader) throws(FormProblem) {
        self.init(
            kinds: try form.optionalWords("types", "a type of event", Self.kind(ofType:)) ?? [],
            subjects: try form.optionalWords("subjects", "a subject such as 'card/45414D-0102'") {
                Subject($0)
            } ?? [])
    }
}

/// A webhook as its owner sees it.
package struct WebhookForm: Form, Hashable {
    package var webhook: Webhook

    package init(_ webhook: Webhook) { self.webhook = webhook }

    package var json: JSONValue {
        let (life, cause, since): (String, String?, Instant?) =
            switch webhook.life {
            case .active: ("active", nil, nil)
            case .disabled(let at, let cause): ("disabled", cause.rawValue, at)
            }
        return .object(
            JSONObject(members: [
                ("id", .name(webhook.id)), ("provider", webhook.provider.map(JSONValue.name)),
                ("url", .string(webhook.url.text)), ("types", .texts(webhook.filter.types)),
                ("subjects", .texts(webhook.filter.subjects.map(\.text))), ("life", .string(life)),
                ("cause", cause.map(JSONValue.string)), ("since", since.map(JSONValue.instant)),
                ("createdAt", .instant(webhook.createdAt)), ("secretVersion", .count(webhook.secretVersion)),
                ("previousSecretUntil", webhook.previousSecretUntil.map(JSONValue.instant)),
                ("position", .integer(webhook.position)), ("replay", webhook.replay?.json),
                ("trouble", webhook.trouble?.json), ("lastAttempt", webhook.lastAttempt?.json),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        webhook = Webhook(
            id: try form.identifier("id"), provider: try form.optionalIdentifier("provider"),
            url: try form.webhookURL("url"), filter: try EventFilter(form), life: try Webhook.Life(form),
            createdAt: try form.instant("createdAt"), secretVersion: try form.count("secretVersion"),
            previousSecretUntil: try form.optionalInstant("previousSecretUntil"),
            position: try form.integer("position"), replay: try form.optionalForm("replay"),
            trouble: try form.optionalForm("trouble"), lastAttempt: try form.optionalForm("lastAttempt"))
    }
}

extension FormReader {
    package func webhookURL(_ name: String) throws(FormProblem) -> WebhookURL {
        try word(name, "an address such as 'https://example.org/hooks'") { WebhookURL($0) }
    }
}

extension Webhook.Life {
    fileprivate init(_ form: FormReader) throws(FormProblem) {
        let cause = try form.optionalWord("cause", "a cause") { Webhook.Cause(rawValue: $0) }
        switch (try form.text("life"), cause, try form.optionalInstant("since")) {
        case ("active", nil, nil): self = .active
        case ("disabled", let cause?, let at?): self = .disabled(at: at, because: cause)
        default: throw form.problem("life", "does not go with what stands beside it")
        }
    }
}

extension Webhook.Replay: Form {
    package var json: JSONValue { ["position": .integer(position), "through": .integer(through)] }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(position: try form.integer("position"), through: try form.integer("through"))
    }
}

extension Webhook.Trouble: Form {
    package var json: JSONValue {
        ["since": .instant(since), "attempts": .count(attempts), "nextTry": .instant(nextTry)]
    }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(
            since: try form.instant("since"), attempts: try form.count("attempts"),
            nextTry: try form.instant("nextTry"))
    }
}

extension Webhook.Attempt: Form {
    package var json: JSONValue { ["at": .instant(at), "outcome": .string(outcome)] }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(at: try form.instant("at"), outcome: try form.text("outcome"))
    }
}

// MARK: Standard Webhooks 1.0

/// One message to one receiver, signed.
package struct WebhookMessage: Hashable, Sendable {
    package static let secretPrefix = "whsec_"

    package let url: String
    package let fields: [Field]
    package let body: [UInt8]

    package struct Field: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    /// Every secret that still counts signs, the newest first.
    package init(
        _ event: CloudEvent, to webhook: Webhook, at now: Instant, signedWith secrets: [Secret]
    ) throws(CryptoError) {
        url = webhook.url.text
        body = event.json.encoded()
        let seconds = String(now.milliseconds / 1_000)
        var signatures: [String] = []
        for secret in secrets {
            signatures.append(try Self.signature(id: event.id, seconds: seconds, body: body, secret: secret))
        }
        fields = [
            Field(name: "Content-Type", value: CloudEvent.mediaType + "; charset=utf-8"),
            Field(name: "User-Agent", value: "Berth"), Field(name: "webhook-id", value: event.id),
            Field(name: "webhook-timestamp", value: seconds),
            Field(name: "webhook-signature", value: signatures.joined(separator: " ")),
        ]
    }

    /// `v1,` and the HMAC-SHA256 of id, time and body with points between, in base 64.
    package static func signature(
        id: String, seconds: String, body: [UInt8], secret: Secret
    ) throws(CryptoError) -> String {
        let signed = Array("\(id).\(seconds).".utf8) + body
        return "v1," + Base64.encode(try HMAC.authenticate(signed, key: secret))
    }

    /// As its owner gets it, once.
    package static func text(of secret: Secret) -> String {
        secretPrefix + secret.withBytes { Base64.encode(Array($0)) }
    }
}
