/// One type of problem: what programs may rely on.
package struct ProblemType: Hashable, Sendable {
    package let status: Int
    package let code: String
    package let title: String
    /// What to do about it; empty where the problem itself always says it.
    package let remedy: String?

    init(_ status: Int, _ code: String, _ title: String, _ remedy: String? = nil) {
        self.status = status
        self.code = code
        self.title = title
        self.remedy = remedy
    }
}

/// Every type of problem that any door of the centre tells. Types are added; none changes its code or its status.
package enum ProblemTypes {
    package static let groups: [(name: String, types: [ProblemType])] = [
        ("Requests", requests),
        ("Who may", whoMay),
        ("Sign-in", signIn),
        ("Cards", cards),
        ("Holders", holders),
        ("Operations and plans", operationsPlans),
        ("Providers and berths", providersBerths),
        ("Catalogue", catalogue),
        ("Custody", custody),
        ("Money", money),
        ("Events and webhooks", eventsWebhooks),
    ]

    package static let all: [String: ProblemType] = Dictionary(
        groups.flatMap(\.types).map { ($0.code, $0) }
        // A code that is there twice is a mistake that a test finds; the first stands.
    ) { first, _ in first }

    package static func title(_ code: String) -> String { all[code]?.title ?? code }

    private static let requests: [ProblemType] = [
        .init(
            400, "request-malformed", "The request is not well-formed",
            "Send it as RFC 9112 and RFC 3986 say; a proxy on the way may have changed it."),
        .init(
            403, "certificate-refused", "The client's certificate is not accepted",
            "Show a certificate that the centre's authority for clients has issued."),
        .init(403, "address-not-allowed", "Not for this address"),
        .init(405, "method-not-allowed", "The method is not for this path"),
        .init(
            404, "path-unknown", "There is nothing at this path",
            "The paths are described in /v1/openapi.json."),
        .init(408, "client-gone", "The client closed its side of the connection"),
        .init(431, "fields-too-many", "The request has too many or too large fields", "Send fewer fields."),
        .init(501, "method-unknown", "This method is not known here"),
        .init(
            503, "overloaded", "The centre has too much to do",
            "Try again after the time that Retry-After says."),
        .init(
            503, "stopping", "This node of the centre is being stopped",
            "Send it again: another node, or this one when it is back, answers it."),
        .init(
            400, "request-invalid", "The request is not as described",
            "Look at the description of this endpoint."),
        .init(400, "json-malformed", "The body is not JSON", "Send one JSON value in UTF-8."),
        .init(
            400, "parameter-invalid", "A query parameter is wrong", "Look at the parameters of this endpoint."
        ),
        .init(
            400, "idempotency-key", "The idempotency key is unusable",
            "Make one random key for every request, such as a UUID."),
        .init(401, "sign-in", "Sign-in is needed", "Send a token: 'Authorization: Bearer …'."),
        .init(
            401, "token-invalid", "The token is not taken",
            "Get a new token; this one is unknown, over, or was revoked."),
        .init(
            401, "sign-in-failed", "Name and password do not go together",
            "Check both. After several wrong ones, wait."),
        .init(403, "forbidden", "This role may not do this", "Ask an operator of the centre."),
        .init(403, "scope", "The token is not for this", "Use a token with that scope."),
        .init(404, "not-found", "There is no such thing", "Check the name."),
        .init(405, "method", "The method is not for this path", "Use one of the methods in 'Allow'."),
        .init(406, "not-acceptable", "The answer has no such form", "Accept what this endpoint answers."),
        .init(409, "exists", "There is one already", "Read what is there, or choose another name."),
        .init(
            409, "reference", "Something else is in the way", "Look at what it needs, and at what needs it."),
        .init(
            409, "shown-once", "A secret is shown only once",
            "Make a new one, and revoke the one whose secret was lost."),
        .init(
            412, "changed-meanwhile", "The resource has changed meanwhile",
            "Read it again, look at what changed, and decide anew."),
        .init(413, "body-too-large", "The body is too large", "Send less at once."),
        .init(
            415, "media-type", "The body has another form than this takes", "Name the form in 'Content-Type'."
        ),
        .init(422, "invalid", "The body is not as described", "Correct the members that 'errors' names."),
        .init(422, "request-reused", "The idempotency key was used for another request"),
        .init(
            428, "precondition-missing", "The change must name the state that it was decided on",
            "Read the resource and send its entity tag as 'If-Match'."),
        .init(429, "throttled", "Too many attempts", "Wait for as long as 'Retry-After' says."),
        .init(
            429, "too-many-requests", "Too many requests from this address",
            "Wait for as long as 'Retry-After' says."),
        .init(
            429, "too-many-streams", "Too many streams of events are open",
            "End one that is open; one whose reader is gone ends by itself."),
        .init(
            500, "internal", "Something went wrong inside the centre",
            "Tell the operators the request's id; the log has more."),
        .init(503, "store-busy", "The store is busy", "Repeat the request with the same idempotency key."),
        .init(
            503, "store-unreachable", "The store does not answer",
            "Repeat the request with the same idempotency key."),
        .init(
            503, "store-full", "The store has no room left",
            "Tell the operators: nothing can be kept until there is room."),
        .init(
            503, "store-newer", "A newer version of the centre has taken over",
            "Tell the operators: this node is too old."),
        .init(
            503, "outcome-unknown", "Nobody knows yet whether it happened",
            "Repeat the request with the same idempotency key: it is done once."),
        .init(503, "not-serving", "The node does not serve now", "Repeat the request a little later."),
    ]

    private static let whoMay: [ProblemType] = [
        .init(403, "not-permitted", "The actor may not do this"),
        .init(403, "provider-suspended", "The provider is suspended"),
    ]

    private static let signIn: [ProblemType] = [
        .init(409, "not-a-session", "This sign-in has no end to be asked for"),
        .init(404, "operator-unknown", "There is no such operator"),
        .init(409, "operator-exists", "There is already such an operator"),
        .init(409, "last-admin", "Somebody must be able to administer"),
        .init(404, "token-unknown", "There is no such token"),
        .init(422, "token-terms", "The token's terms make no sense"),
        .init(409, "token-too-many", "There are too many tokens"),
        .init(404, "terminal-unknown", "There is no such terminal"),
        .init(409, "terminal-exists", "There is already such a terminal"),
        .init(403, "terminal-blocked", "The terminal is cut off"),
        .init(409, "certificate-taken", "The certificate is somebody's already"),
        .init(422, "service-text", "A text is unusable"),
        .init(403, "enrolment-code", "The enrolment code is not taken"),
        .init(422, "password-length", "The password has the wrong length"),
        .init(422, "password-verifier", "The password verifier cannot be read"),
    ]

    private static let cards: [ProblemType] = [
        .init(404, "card-unknown", "The card is not registered"),
        .init(404, "not-installed", "The card has no such application"),
        .init(422, "card-nameless", "The card has no name"),
        .init(422, "card-name", "This cannot be the name of a card"),
        .init(422, "issuer-domain-unknown", "The issuer domain is not known"),
        .init(422, "channel-not-offered", "The card does not offer this secure channel"),
        .init(422, "key-version-not-on-card", "The card has no such key version"),
        .init(409, "card-registered", "The card is already registered"),
        .init(409, "card-id-taken", "Another card has this name"),
        .init(409, "card-terminated", "The card is terminated"),
        .init(409, "card-blocked", "The card is blocked"),
        .init(409, "card-retired", "The card is retired"),
        .init(409, "card-not-blocked", "The card is not blocked"),
        .init(409, "card-not-active", "The card is not served"),
        .init(409, "card-expired", "The card has expired"),
        .init(422, "expiry-passed", "The day is over"),
        .init(422, "reason", "The reason is unusable"),
        .init(409, "card-does-not-drift", "The card does not drift"),
        .init(409, "card-drifts", "The card is not as the centre left it"),
        .init(409, "room-promised-twice", "Room is promised twice"),
        .init(422, "inventory-too-long", "The card lists more than any card holds"),
        .init(422, "inventory-ambiguous", "The card lists one thing twice"),
        .init(409, "inventory-outdated", "The picture of the card is older than the known one"),
        .init(422, "address-over", "The address would be over already"),
        .init(409, "address-ended", "The card is not at this address any more"),
        .init(
            404, "master-key-unknown", "The vault has no such master key",
            "Name a master key that is in the vault."),
        .init(
            409, "master-key-algorithm", "The master key is of another kind",
            "Name a master key of the card's kind."),
    ]

    private static let holders: [ProblemType] = [
        .init(404, "holder-unknown", "There is no such holder"),
        .init(409, "holder-exists", "There is already such a holder"),
        .init(422, "holder-text", "A text about the holder is unusable"),
        .init(422, "holder-birth-date", "Nobody was born on that day"),
        .init(422, "issue-window", "The time in which a card may be issued makes no sense"),
        .init(409, "holder-uses", "The holder has too many use flags"),
        .init(422, "veto-reason", "The reason of a veto is unusable"),
        .init(409, "veto-too-many", "The holder has too many vetoes"),
        .init(409, "card-taken", "The card is somebody's already"),
        .init(403, "new-card-mismatch", "User number, password and card do not go together"),
    ]

    private static let operationsPlans: [ProblemType] = [
        .init(404, "operation-unknown", "There is no such operation"),
        .init(409, "operation-open", "Another operation on the card is not over"),
        .init(409, "plan-outdated", "The card has changed since the plan was made"),
        .init(409, "plan-not-feasible", "The plan cannot be carried out"),
        .init(
            409, "plan-changed", "The plan is not the one that was approved",
            "Look at the new plan and approve it."),
        .init(422, "deadline-passed", "The deadline is over"),
        .init(422, "deadline-too-far", "The deadline is too far away"),
        .init(409, "operation-id-taken", "The id names another operation"),
        .init(409, "operation-over", "The operation is over"),
        .init(409, "operation-past-return", "The operation cannot turn back"),
    ]

    private static let providersBerths: [ProblemType] = [
        .init(404, "provider-unknown", "There is no such provider"),
        .init(409, "provider-exists", "There is already such a provider"),
        .init(422, "provider-text", "A text about the provider is unusable"),
        .init(422, "provider-limits", "The provider's limits make no sense"),
        .init(409, "provider-too-many", "There are too many of a kind"),
        .init(409, "domain-taken", "The domain names are another provider's"),
        .init(422, "domain-twice", "A domain name is there twice"),
        .init(422, "provider-sight", "The list of visible providers makes no sense"),
        .init(409, "provider-not-suspended", "The provider is not suspended"),
        .init(404, "berth-missing", "There is no such berth"),
        .init(409, "berth-pending", "The berth is not ready yet"),
        .init(409, "berth-ready", "The berth is ready already"),
        .init(409, "berth-releasing", "The berth is being released"),
        .init(409, "berth-not-ready", "The berth is not ready"),
        .init(409, "berth-not-releasing", "The berth is not being released"),
        .init(409, "berth-in-use", "The berth is in use"),
        .init(409, "berth-not-changeable", "The berth cannot be changed on this card"),
        .init(422, "room-senseless", "The room makes no sense"),
        .init(422, "quota-below-reserve", "The quota is smaller than the reserve"),
        .init(422, "domain-name-missing", "The domain needs a name"),
        .init(409, "domain-name-taken", "The domain's name is taken on the card"),
        .init(409, "provider-limit", "The provider may not hold so much room"),
        .init(409, "provider-card-limit", "The provider may not be on so many cards"),
        .init(409, "not-enough-room", "There is not enough room"),
        .init(409, "reserve-below-use", "More is used than would be reserved"),
        .init(409, "quota-exceeded", "The quota would be exceeded"),
        .init(409, "not-proven", "The card has not confirmed it"),
        .init(409, "privileges-not-grantable", "The privileges cannot be granted"),
        .init(409, "privilege-taken", "Only one may have the privilege"),
        .init(409, "channels-short", "The card has too few logical channels"),
        .init(422, "service-name", "The name of a service is unusable"),
        .init(409, "service-taken", "The service is another's on the card"),
        .init(409, "library-missing", "A library is not on the card"),
        .init(409, "library-needed", "A library is still needed"),
        .init(409, "too-many", "There are too many of a kind"),
    ]

    private static let catalogue: [ProblemType] = [
        .init(404, "application-unknown", "The catalogue has no such application"),
        .init(404, "release-unknown", "The catalogue has no such release"),
        .init(409, "application-exists", "There is already such an application"),
        .init(422, "catalogue-text", "A text of the catalogue is unusable"),
        .init(409, "service-stopped", "The application's service is stopped"),
        .init(409, "service-runs", "The application's service runs"),
        .init(409, "release-published", "The release is published"),
        .init(409, "release-not-published", "The release is not published"),
        .init(409, "release-withdrawn", "The release is withdrawn"),
        .init(409, "release-too-many", "There are too many of a kind"),
        .init(422, "release-too-long", "A part of the release is too long"),
        .init(422, "release-empty", "The release has nothing in it"),
        .init(422, "release-room", "The room of the release makes no sense"),
        .init(422, "release-no-profile", "The release is for no profile"),
        .init(422, "aid-twice", "A name is there twice"),
        .init(409, "load-file-missing", "A load file was not uploaded"),
        .init(422, "load-file-differs", "The load file is not as described"),
        .init(422, "module-missing", "No load file has the module"),
        .init(422, "load-file-not-listed", "The release does not list the load file"),
        .init(409, "dependency-missing", "Something that the release needs is not there"),
        .init(409, "dependency-version", "Something that the release needs is too old"),
        .init(422, "dependency-order", "The load files are in an order that no card can load"),
        .init(422, "dependency-cycle", "The load files need each other in a circle"),
        .init(409, "dependency-conflict", "Two releases need different versions of one library"),
        .init(409, "aid-taken", "The name is another application's"),
        .init(422, "not-a-cap-file", "The file is not a CAP file"),
        .init(422, "profile-not-compatible", "The release does not fit the profile"),
    ]

    private static let custody: [ProblemType] = [
        .init(404, "custody-unknown", "There is no such stay in custody"),
        .init(422, "receipt-missing", "The answer has no receipt"),
        .init(422, "receipt-unreadable", "The receipt cannot be read"),
        .init(422, "receipt-not-proved", "The receipt is not of this card and operation"),
        .init(409, "custody-clone", "The same data are in two places"),
        .init(409, "custody-old-copy", "The card has an old copy of the data"),
        .init(409, "custody-alive-again", "Frozen data came alive again"),
        .init(409, "custody-other-lineage", "The data are of another application"),
        .init(409, "custody-surrendered-elsewhere", "The data were surrendered elsewhere"),
        .init(409, "custody-deleted", "The data were deleted"),
        .init(409, "custody-unexplained", "The card's answer is not explained"),
        .init(409, "custody-out-of-order", "The custody is in another state"),
        .init(409, "custody-not-parked", "The application is not parked"),
        .init(409, "custody-not-frozen", "The application is not frozen"),
        .init(409, "custody-image-too-long", "The data are too long"),
        .init(409, "custody-incomplete", "The data are not complete"),
        .init(409, "custody-other-digest", "The data are not the ones that were announced"),
        .init(409, "custody-not-kept", "The data are not kept"),
        .init(409, "custody-not-held", "The vault does not hold the data"),
        .init(409, "custody-not-proved", "The card has not proved it"),
        .init(409, "custody-not-intended", "Nobody intended this"),
        .init(409, "custody-promised", "The data are promised to a card"),
        .init(409, "custody-not-on-that-card", "The data are for another card"),
        .init(409, "custody-undecided", "The custody is not decided"),
        .init(409, "custody-already-open", "The data are in custody already"),
        .init(409, "custody-lineage-elsewhere", "The application's data are elsewhere"),
        .init(409, "custody-too-many-stays", "The application left its card too often"),
    ]

    private static let money: [ProblemType] = [
        .init(422, "money-overflow", "The amount is too large"),
        .init(409, "money-currencies", "The amounts are in different currencies"),
        .init(409, "stay-twice", "A stay would be counted twice"),
        .init(422, "statement-period", "The time of the statement makes no sense"),
        .init(409, "statement-too-long", "The statement is too long"),
        .init(422, "statement-too-old", "The statement is of too long ago"),
        .init(422, "tariff-terms", "The tariff's terms make no sense"),
        .init(409, "tariff-exists", "There is already such a tariff"),
        .init(422, "tariff-past", "The tariff would change the past"),
        .init(409, "tariff-too-many", "There are too many tariffs"),
    ]

    private static let eventsWebhooks: [ProblemType] = [
        .init(404, "webhook-unknown", "There is no such webhook"),
        .init(409, "webhook-too-many", "There are as many webhooks as there may be"),
        .init(422, "webhook-too-many-filters", "The webhook names too much"),
        .init(409, "webhook-active", "The webhook is active"),
        .init(409, "webhook-disabled", "The webhook is disabled"),
        .init(422, "webhook-replay-range", "The range is not one of kept events"),
        .init(409, "webhook-replay-runs", "The webhook is still being sent what was asked for again"),
        .init(422, "webhook-not-encrypted", "The address is not https"),
        .init(
            409, "audit-too-long", "The chain is too long for one request",
            "Look through it on the machine of the centre: berth store check."),
    ]
}

extension ProblemTypes {
    /// docs/reference/problems.md.
    package static var markdown: String {
        var text = """
            # Problems

            What goes wrong is told as a problem (RFC 9457), `application/problem+json`: `type` is
            `https://berth.dev/problems/` and the code, `title` is the same for every problem of the type, `detail` says what
            happened this time, `remedy` what to do about it, and `request` names the request in the logs. Programs rely on the
            code and the status; neither ever changes. This page is printed by `berth __problems`.

            Some have members of their own: `errors` (a JSON pointer and a detail for everything that is wrong with a body),
            `parameter`, `scope`, `retryAfter` in seconds as in `Retry-After`, and `statusWord` where a card's answer is part of the
            story: its value, what it means, its likely causes, and what to try.

            """
        for group in groups {
            text += "\n## \(group.name)\n\n| code | status | title |\n|---|---|---|\n"
            for type in group.types { text += "| `\(type.code)` | \(type.status) | \(type.title) |\n" }
        }
        return text
    }
}
