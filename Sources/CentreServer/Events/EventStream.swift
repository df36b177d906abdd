package import Centre
internal import JSON
internal import Synchronization
internal import Wire

/// Events as they happen, as server-sent events (HTML Living Standard §9.2). A reader that comes back says where it
/// was with `Last-Event-ID`.
package final class EventStream: BodyStream {
    package static let mediaType = "text/event-stream"
    /// Something is sent at least so often, so that both ends notice when the other is gone; and so often the sign-in
    /// is asked again.
    package static let heartbeat = Duration.seconds(15)
    /// After a stream ended, for the reader's next attempt.
    private static let retryMilliseconds = 2_000

    private struct State {
        var position: Int64
        var lastSent: Instant?
        var provedAt: Instant
    }

    private let store: any Store
    private let clock: any WallClock
    private let sight: EventSight
    private let filter: EventFilter
    private let source: String
    private let end: Instant
    private let place: EventStreamPlaces.Place
    private let isStillLetIn: @Sendable () -> Bool
    private let state: Mutex<State>

    /// - Parameter isStillLetIn: whether whoever reads is who it was, by a sign-in that is still good.
    package init(
        after position: Int64, _ sight: EventSight, _ filter: EventFilter, source: String,
        store: any Store, clock: any WallClock, place: EventStreamPlaces.Place,
        isStillLetIn: @escaping @Sendable () -> Bool
    ) {
        self.store = store
        self.clock = clock
        self.sight = sight
        self.filter = filter
        self.source = source
        self.place = place
        self.isStillLetIn = isStillLetIn
        let now = clock.now
        end = now.advanced(by: .seconds(Bounds.eventStreamSeconds))
        state = Mutex(State(position: position, provedAt: now))
    }

    package func next() -> StreamStep {
        let now = clock.now
        let known = state.withLock { $0 }
        guard let lastSent = known.lastSent else {
            // The place is told before any event: a reader that got none comes back to it as well.
            return next(sending: "retry: \(Self.retryMilliseconds)\nid: \(known.position)\n\n", at: now)
        }
        // What a sign-in may see can have changed; and the reader comes back by itself.
        guard now < end else { return .end }
        var proofDue = known.provedAt.advanced(by: Self.heartbeat)
        if proofDue <= now {
            guard isStillLetIn() else { return .end }
            state.withLock { $0.provedAt = now }
            proofDue = now.advanced(by: Self.heartbeat)
        }
        // A store that is away for a moment is no reason to let go; a stream that can never go on would hold its place.
        guard let look = try? look(after: known.position) else { return .end }
        state.withLock { $0.position = look.position }
        guard look.events.isEmpty else {
            state.withLock { $0.lastSent = now }
            return .bytes(look.events.flatMap(text))
        }
        if look.position - known.position > 1_000 {
            return next(sending: "id: \(look.position)\n\n", at: now)
        }
        let due = lastSent.advanced(by: Self.heartbeat)
        if due <= now { return next(sending: ": \n\n", at: now) }
        // What happens meanwhile, at whatever node, rings (`StoreWatch`).
        return .wait(Waiting(for: [.events], until: min(due, proofDue, end)))
    }

    package func closed() {}

    private func next(sending text: String, at now: Instant) -> StreamStep {
        state.withLock { $0.lastSent = now }
        return .bytes(Array(text.utf8))
    }

    private func look(after position: Int64) throws -> EventLook {
        try store.read { try EventLook(after: position, sight, filter, limit: 100, $0) }
    }

    /// The id is the event's place. JSON has no line end in it, so one line holds it.
    private func text(_ event: Event) -> [UInt8] {
        Array("id: \(event.position)\ndata: ".utf8) + CloudEvent(event, source: source).json.encoded()
            + Array("\n\n".utf8)
    }
}
