import Centre
import CentreServer
import JSON
import Testing
import Wire

@Suite("Events as a stream")
struct EventStreamTests {
    private let bench: EventBench

    init() throws { bench = try EventBench() }

    private func stream(
        after position: Int64 = 0, _ sight: EventSight = .everything, _ filter: EventFilter = .everything
    ) throws -> EventStream {
        let place = try #require(EventStreamPlaces().take(for: .admin(try OperatorID("root"))))
        return EventStream(
            after: position, sight, filter, source: "urn:berth:test", store: bench.store, clock: bench.clock,
            place: place
        ) { true }
    }

    private func text(_ step: StreamStep) -> String? {
        if case .bytes(let bytes) = step { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    private func newest() throws -> Int64 { try bench.store.read { try $0.newestEvent() } }

    @Test("tells when to come back, then the events with their places, then waits")
    func events() throws {
        try bench.happen("one")
        let stream = try stream(after: try newest() - 1)
        #expect(text(stream.next()) == "retry: 2000\nid: \(try newest() - 1)\n\n")
        let event = try #require(text(stream.next()))
        let lines = event.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines[0] == "id: \(try newest())")
        #expect(lines[1].hasPrefix("data: {"))
        #expect(lines.dropFirst(2) == ["", ""])
        let json = try JSONValue(decoding: String(lines[1].dropFirst(6)))
        #expect(try CloudEvent(json: json).subject == "application/one")
        guard case .wait(let waiting) = stream.next() else {
            Issue.record("it does not wait")
            return
        }
        #expect(waiting.topics == [.events])
        #expect(waiting.until == bench.clock.now.advanced(by: EventStream.heartbeat))
    }

    @Test("a reader that comes back gets exactly what it missed, whatever its place was")
    func resumes() throws {
        for name in ["one", "two", "three", "four"] { try bench.happen(name) }
        let newest = try newest()
        for missed in 0...4 {
            let stream = try stream(after: newest - Int64(missed))
            _ = stream.next()
            let sent = missed == 0 ? "" : try #require(text(stream.next()))
            let ids = sent.split(separator: "\n").filter { $0.hasPrefix("id: ") }.compactMap {
                Int64($0.dropFirst(4))
            }
            #expect(ids == Array((newest - Int64(missed) + 1)..<(newest + 1)))
        }
    }

    @Test("a provider's stream has nothing of another's")
    func tenancy() throws {
        try bench.happen("purse", of: "city")
        try bench.happen("pass", of: "rail")
        let stream = try stream(.provider(try ProviderID("rail")))
        _ = stream.next()
        let seen = try #require(text(stream.next()))
        #expect(seen.contains("application/pass"))
        #expect(!seen.contains("purse"))
        #expect(!seen.contains("city"))
    }

    @Test("only what the filter passes")
    func filters() throws {
        try bench.happen("one")
        let kind = try #require(EventFilter.Kind("provider.*"))
        let stream = try stream(.everything, EventFilter(kinds: [kind]))
        _ = stream.next()
        let seen = try #require(text(stream.next()))
        #expect(seen.contains("provider/city"))
        #expect(!seen.contains("application/one"))
    }

    @Test("a reader that got no event yet and comes back gets what happened meanwhile")
    func resumesWithoutEvent() throws {
        let first = try #require(text(try stream(after: try newest()).next()))
        let id = try #require(first.split(separator: "\n").first { $0.hasPrefix("id: ") })
        try bench.happen("meanwhile")
        let again = try stream(after: try #require(Int64(id.dropFirst(4))))
        _ = again.next()
        #expect(text(again.next())?.contains("application/meanwhile") == true)
    }

    @Test("a quiet stream asks the store with its heartbeats only: who waits for events is rung")
    func quiet() throws {
        let store = AskCountingStore(bench.store)
        let place = try #require(EventStreamPlaces().take(for: .admin(try OperatorID("root"))))
        let stream = EventStream(
            after: try newest(), .everything, .everything, source: "urn:berth:test", store: store,
            clock: bench.clock, place: place
        ) { true }
        let end = bench.clock.now.advanced(by: .seconds(120))
        while bench.clock.now < end {
            guard case .wait(let waiting) = stream.next() else { continue }
            #expect(waiting.topics == [.events])
            bench.clock.advance(by: bench.clock.now.duration(to: waiting.until))
        }
        #expect(store.questions <= 40, "eight heartbeats, and a look before and behind each")
    }

    @Test("a quiet stream shows that it lives")
    func heartbeat() throws {
        let stream = try stream(after: try newest())
        _ = stream.next()
        bench.clock.advance(by: .seconds(14))
        guard case .wait(let waiting) = stream.next() else {
            Issue.record("it does not wait")
            return
        }
        #expect(waiting.until == bench.clock.now.advanced(by: .seconds(1)))
        bench.clock.advance(by: .seconds(1))
        #expect(text(stream.next()) == ": \n\n")
        guard case .wait = stream.next() else {
            Issue.record("it does not wait")
            return
        }
    }

    @Test("ends after its time, so that its reader signs in anew")
    func ends() throws {
        let stream = try stream(after: try newest())
        _ = stream.next()
        bench.clock.advance(by: .seconds(Bounds.eventStreamSeconds))
        guard case .end = stream.next() else {
            Issue.record("it goes on")
            return
        }
    }

    @Test("the pump orders what happened, rings once, and forgets what is old")
    func pump() throws {
        let pump = EventPump(bench.node)
        #expect(try pump.turn() == 0)
        let rung = bench.bell.rung.count
        try bench.act {
            try $0.registerApplication(ApplicationID("one"), name: "One", provider: ProviderID("city"))
        }
        #expect(try pump.turn() == 1)
        #expect(bench.bell.rung.dropFirst(rung) == [.events])
        #expect(try pump.forget() == 0)
        bench.clock.advance(by: .seconds(86_400 * Bounds.eventDays + 1))
        try bench.happen("two")
        let before = try newest()
        #expect(try pump.forget() == 3)
        #expect(try pump.forget() == 0)
        #expect(try newest() == before)
        #expect(
            try bench.store.read { try Outbox.events(after: 0, $0) }.map(\.subject) == ["application/two"])
    }
}
