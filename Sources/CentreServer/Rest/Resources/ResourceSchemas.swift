internal import Centre
internal import GlobalPlatform
internal import JSON
internal import Wire

// What the resources of this folder look like.

extension StringForm {
    static let webhook = identifier(WebhookID.self, pattern: "^[0-9a-z][0-9a-z._-]*$")
    static let currency = StringForm(
        pattern: "^[A-Z]{3}$", count: 3...3, rule: "a currency of ISO 4217",
        check: { Currency($0) != nil })
    static let month = StringForm(
        pattern: "^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])$", count: 7...7, rule: "a month, such as 2026-11",
        check: { CalendarDay($0 + "-01") != nil })
    static let eventType = StringForm(
        pattern: "^dev[.]berth[.][a-z-]+[.]([a-z-]+[.]v1|[*])$", count: 12...100,
        rule: "a type of event such as dev.berth.custody.held.v1, or dev.berth.custody.*",
        check: { EventFilter.kind(ofType: $0) != nil })
    static let eventSubject = StringForm(
        pattern: "^[!-~]*[!-.0-~]$", count: 1...Bounds.filterBytesMax,
        rule: "a subject such as card/45414D-0102", check: { EventFilter.Subject($0) != nil })
    static let webhookURL = StringForm(
        count: 9...Bounds.webhookURLBytesMax, format: "uri", rule: "an address that begins with https://",
        check: { WebhookURL($0) != nil })
}

extension Schema {
    /// Bytes as hex.
    static func bytes(_ count: ClosedRange<Int>) -> Schema { string(.hex(bytes: count)) }
    static let digest = bytes(32...32).described("A SHA-256.")
    static let position = integer(0...Int64.max)
    static let anyCount = integer(0...Int64.max)
    static let anyText = text(0...4_000)
    static let personName = text(1...Bounds.nameBytesMax)
    static let privileges = array(of: words(Privileges.named.map(\.name)), 0...20)
    static let aids = array(of: aid, 0...256)

    static let limits = named(
        "ProviderLimits",
        object(
            .required("roomPerCard", room),
            .required("cardsMax", integer(0...Int64(Bounds.cardsPerProviderMax)))))

    static let providerResource = named(
        "Provider",
        object(
            .required("id", provider), .required("name", personName),
            .required("life", words("active", "suspended")), .optional("reason", reason),
            .required("limits", limits), .required("domains", aids),
            .required("seesAlso", array(of: provider, 0...Bounds.sightMax))))

    static let applicationResource = named(
        "Application",
        object(
            .required("id", application), .required("name", personName), .required("provider", provider),
            .required("service", words("running", "stopped")), .optional("reason", reason)))

    static let parking = named(
        "Parking",
        object(
            .required("class", words("contract", "stateless", "re-personalised", "never")),
            .optional("reason", reason)
        ).described("How an application leaves a card with its data."))

    private static let loadFileProperties: [Property] = [
        .required("aid", aid), .required("digest", digest), .required("bytes", byteCount),
        .required("imports", aids), .required("declared", room),
    ]
    static let loadFile = named("LoadFile", object(loadFileProperties))
    static let keptLoadFile = named(
        "KeptLoadFile",
        object(
            loadFileProperties + [
                .required("version", text(3...7)),
                .required(
                    "modules",
                    array(
                        of: object(
                            .required("aid", aid), .optional("name", anyText), .optional("expected", room)),
                        0...Bounds.modulesPerLoadFileMax)),
            ]))

    static let instanceForm = named(
        "Instance",
        object(
            .required("aid", aid), .required("module", aid), .required("loadFile", aid),
            .optional("privileges", privileges),
            .optional("parameters", bytes(0...Bounds.instanceParametersBytesMax)),
            .required("declared", room)))

    private static let draftProperties: [Property] = [
        .required("loadFiles", array(of: loadFile, 0...Bounds.loadFilesPerReleaseMax)),
        .required("instances", array(of: instanceForm, 0...Bounds.instancesPerReleaseMax)),
        .optional(
            "personalisation",
            array(
                of: bytes(0...Bounds.personalisationBlockBytesMax),
                0...Bounds.personalisationBlocksMax
            ).described("Shown to its provider and to operators only.").secret),
        .required("parking", parking),
        .optional(
            "profiles", array(of: string(.profile), 1...Bounds.profilesPerReleaseMax)),
        .optional("permitsSnapshots", boolean),
    ]
    static let draft = named("ReleaseDraft", object(draftProperties))
    static let releaseResource = named(
        "Release",
        object(
            [
                .required("id", release), .required("application", application),
                .required("version", string(.version)),
                .required("life", words("draft", "published", "withdrawn")), .optional("since", instant),
                .optional("reason", reason),
            ] + draftProperties.map(\.shown)))

    static let berthResources = named(
        "BerthResources",
        object(
            .optional("privileges", privileges), .optional("logicalChannels", integer(0...19)),
            .optional("services", array(of: text(1...64), 0...Bounds.servicesPerBerthMax)),
            .optional("libraries", array(of: aid, 0...Bounds.librariesPerBerthMax))))

    static let reservation = named(
        "Reservation",
        object(
            .required("room", room), .optional("quota", room), .optional("domain", aid),
            .optional("resources", berthResources)))

    static let berth = named(
        "Berth",
        object(
            .required("card", card), .required("provider", provider),
            .required("state", words("requested", "ready", "releasing")), .optional("since", instant),
            .required("reserved", room), .optional("quota", room),
            .required("means", words("domain", "ledger")), .optional("domain", aid),
            .required("resources", berthResources)))

    static let address = named(
        "CardAddress",
        object(
            .required("card", card), .required("ordinal", position),
            .required("bearer", words("reader", "terminal", "sms", "https")),
            .required("address", text(1...255)), .required("since", instant), .optional("until", instant)))
}

extension Schema {
    static let money = named(
        "Money",
        object(
            .required("minorUnits", integer(Int64.min...Int64.max)), .required("currency", string(.currency))
        ).described("An amount in whole minor units of its currency."))

    static let custody = named(
        "Custody",
        object(
            .required("card", card), .required("aid", aid), .required("stay", position),
            .required("release", release), .required("provider", provider), .optional("holder", holder),
            .required("parking", parking),
            .required(
                "state",
                words(
                    "frozen", "provisional", "surrendering", "held", "returning", "returned", "discarded")),
            .optional("since", instant), .optional("destination", card), .optional("reason", anyText),
            .required("openedAt", instant), .optional("heldSince", instant), .required("bytes", anyCount),
            .required("digest", bytes(0...64)), .required("generation", anyCount),
            .required("lineage", bytes(0...64)), .required("format", anyCount), .required("room", room),
            .optional("cost", money)))

    private static let tariffProperties: [Property] = [
        .optional("application", application), .optional("validFrom", instant),
        .required("basis", words("day", "kilobyte-day")),
        .required(
            "rate", integer(0...Bounds.tariffRateMax).described("In millionths of the minor unit.")),
        .required("currency", string(.currency)),
        .optional("freeDays", integer(0...Int64(Bounds.freeDaysMax))),
        .optional("minimum", integer(0...Bounds.tariffAmountMax)),
        .optional("cap", integer(0...Bounds.tariffAmountMax)),
    ]
    static let newTariff = named("NewTariff", object(tariffProperties))
    static let tariff = named(
        "Tariff",
        object([.required("provider", provider), .required("recordedAt", instant)] + tariffProperties))

    private static let amount = text(1...40).described("As on a bill: 12.05.")
    static let statement = named(
        "Statement",
        object(
            .optional("provider", provider), .optional("holder", holder), .required("from", instant),
            .required("until", instant),
            .required(
                "lines",
                array(
                    of: object(
                        .required("application", application), .required("provider", provider),
                        .required("card", card), .required("aid", aid), .required("stay", position),
                        .required("from", instant), .required("until", instant),
                        .required("open", boolean), .required("bytes", anyCount),
                        .optional("amount", amount), .optional("currency", string(.currency))),
                    0...Bounds.staysPerStatementMax)),
            .required(
                "totals",
                array(
                    of: object(.required("amount", amount), .required("currency", string(.currency))),
                    0...200))))

    static let auditEntry = named(
        "AuditEntry",
        object(
            .required("stream", text(1...66)), .required("number", position), .required("at", instant),
            .required("actor", text(1...100)), .optional("request", string(.request)),
            .required("kind", text(1...100)), .required("subject", text(1...200)),
            .optional("provider", provider),
            .required(
                "facts",
                array(
                    of: object(
                        .required("name", text(1...32)),
                        .optional("number", integer(Int64.min...Int64.max)), .optional("instant", instant),
                        .optional("word", anyText), .optional("bytes", bytes(0...2_048))),
                    0...Bounds.noteFactsMax)),
            .required("digest", digest)))

    static let verdict = named(
        "AuditVerdict",
        object(
            .required("stream", text(1...66)), .required("whole", boolean), .required("links", position),
            .optional("finding", anyText)))

    static let cloudEvent = named(
        "Event",
        object(
            .required("specversion", words("1.0")), .required("id", text(1...100)),
            .required("source", text(1...200)), .required("type", text(1...120)),
            .required("subject", text(1...200)), .required("time", instant),
            .required("datacontenttype", text(1...40)), .required("sequence", text(19...19)),
            .optional("provider", provider), .required("data", .init(.map(anything)))
        ).described("An event: CloudEvents 1.0, structured."))

    private static let filterProperties: [Property] = [
        .optional("types", array(of: string(.eventType), 0...Bounds.filtersPerWebhookMax)),
        .optional("subjects", array(of: string(.eventSubject), 0...Bounds.filtersPerWebhookMax)),
    ]
    static let newWebhook = named(
        "NewWebhook",
        object(
            [.required("url", string(.webhookURL)), .optional("provider", provider)] + filterProperties))
    static let webhookChange = named(
        "WebhookChange", object([.optional("url", string(.webhookURL))] + filterProperties))
    private static let webhookProperties: [Property] =
        [
            .required("id", string(.webhook)), .optional("provider", provider),
            .required("url", string(.webhookURL)), .required("life", words("active", "disabled")),
            .optional("cause", words("person", "gone", "failing")), .optional("since", instant),
            .required("createdAt", instant), .required("secretVersion", position),
            .optional("previousSecretUntil", instant), .required("position", position),
            .optional(
                "replay", object(.required("position", position), .required("through", position))),
            .optional(
                "trouble",
                object(
                    .required("since", instant), .required("attempts", position),
                    .required("nextTry", instant))),
            .optional("lastAttempt", object(.required("at", instant), .required("outcome", anyText))),
        ] + filterProperties
    static let webhook = named("Webhook", object(webhookProperties))
    static let webhookWithSecret = named(
        "WebhookWithSecret",
        object(
            webhookProperties + [
                .required("secret", text(1...100).described("Shown this once: whsec_ and base 64."))
            ]))
    static let reasonBody = named("Reason", object(.required("reason", reason)))
}
