internal import Centre
internal import JSON
internal import Wire

/// What happened, as CloudEvents: in pages, or as a stream that goes on.
enum EventEndpoints {
    static let all: [Endpoint] = [
        Endpoint(
            .get, "/v1/events", "listEvents", group: "events",
            "Events, oldest first; with 'Accept: text/event-stream' as they happen, from now on or from after "
                + "'Last-Event-ID'",
            access: .only(.staff.union([.provider])),
            parameters: [
                .query(
                    "limit", .integer(1...Int64(Page.limitMax)),
                    "How many at most; \(Page.limitDefault) where nothing is said."),
                .query("after", .position, "Events behind this position; 0 for all that are kept."),
                .query(
                    "type", .string(.eventType),
                    "Only this type, or, with a star at its end, everything about a noun."),
                .query("subject", .string(.eventSubject), "Only this subject and what belongs to it."),
            ],
            outcomes: [
                .json(
                    200, "Events, and how far was looked.",
                    .object(
                        .required("items", .array(of: .cloudEvent, 0...Page.limitMax)),
                        .required("position", .position), .required("newest", .position))),
                .other(200, "Events as they happen.", EventStream.mediaType),
            ],
            handler: list)
    ]

    private static func list(_ call: RestCall) throws -> RestAnswer {
        let filter = EventFilter(
            kinds: call.text("type").flatMap { EventFilter.kind(ofType: $0) }.map { [$0] } ?? [],
            subjects: call.text("subject").flatMap { EventFilter.Subject($0) }.map { [$0] } ?? [])
        let sight = call.principal.tenant.map(EventSight.provider) ?? .everything
        let source = call.node.eventSource
        if let tenant = call.principal.tenant { _ = try call.look { try $0.activeProvider(tenant) } }
        if call.wants([Endpoint.jsonType, EventStream.mediaType]) == EventStream.mediaType {
            return try stream(call, sight, filter, source)
        }
        let (look, newest) = try call.look { act in
            (
                try EventLook(
                    after: Int64(call.integer("after") ?? 0), sight, filter,
                    limit: call.integer("limit") ?? Page.limitDefault, act.transaction),
                try act.transaction.newestEvent()
            )
        }
        return .ok([
            "items": .array(look.events.map { CloudEvent($0, source: source).json }),
            "position": .integer(look.position), "newest": .integer(newest),
        ])
    }

    private static func stream(
        _ call: RestCall, _ sight: EventSight, _ filter: EventFilter, _ source: String
    ) throws -> RestAnswer {
        let position: Int64
        if let text = call.request.fields["Last-Event-ID"] {
            guard let known = Int64(text), known >= 0 else {
                throw Problem.invalid("'Last-Event-ID' is not the id of an event of this stream.")
            }
            position = known
        } else if let after = call.integer("after") {
            position = Int64(after)
        } else {
            position = try call.look { try $0.transaction.newestEvent() }
        }
        guard let place = call.node.eventStreams.take(for: call.principal) else {
            throw Problem.known(
                "too-many-streams", "There are \(Bounds.eventStreamsMax) streams of this name already.")
        }
        let (signIn, request, caller) = (call.signIn, call.request, call.caller)
        let stream = EventStream(
            after: position, sight, filter, source: source, store: call.node.store, clock: call.node.clock,
            place: place
        ) { (try? signIn.caller(for: request)) == caller }
        return RestAnswer(
            200, .stream(stream, mediaType: EventStream.mediaType),
            // What stands between must not hold events back.
            fields: ["Cache-Control": "no-store", "X-Accel-Buffering": "no"])
    }
}
