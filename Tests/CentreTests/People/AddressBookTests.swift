import Centre
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("The address book", .mission(.a9))
struct AddressBookTests {
    private static let sms = bearer("sms", "+4915112345678")
    private static let kiosk = bearer("terminal", "kiosk-1")
    private static let reader = bearer("reader", "Virtual PCD 00 00")
    private static let agent = bearer("https", "https://agent.example/cards")

    private static func bearer(_ kind: String, _ address: String) -> Bearer {
        guard let bearer = Bearer(kind: kind, address: address) else {
            preconditionFailure("\(address) is no \(kind)")
        }
        return bearer
    }

    private func bench() throws -> PeopleBench {
        let bench = try PeopleBench()
        try bench.addCard("0A")
        try bench.addCard("0B")
        return bench
    }

    private func see(_ bench: PeopleBench, _ bearer: Bearer, until: String? = nil) throws {
        try bench.act(as: .centre) {
            try $0.recordAddress(bearer, of: name("0A"), until: until.map(instant))
        }
    }

    private func now(_ bench: PeopleBench) throws -> [Bearer] {
        try bench.act { try $0.addresses(of: name("0A")).map(\.bearer) }
    }

    @Test("a card is where it was last seen, and in one place at a time; the history stays")
    func places() throws {
        let bench = try bench()
        var expected: [Bearer] = []
        for (bearer, valid) in [
            (Self.reader, [Self.reader]), (Self.kiosk, [Self.kiosk]), (Self.sms, [Self.sms, Self.kiosk]),
            (Self.agent, [Self.agent, Self.sms, Self.kiosk]),
            (
                Self.bearer("sms", "+4915187654321"),
                [Self.bearer("sms", "+4915187654321"), Self.agent, Self.kiosk]
            ),
            (Self.reader, [Self.reader, Self.bearer("sms", "+4915187654321"), Self.agent]),
        ] {
            bench.clock.advance(by: .seconds(60))
            try see(bench, bearer)
            expected.insert(bearer, at: 0)
            #expect(try now(bench) == valid)
            #expect(try bench.act { try $0.history(of: name("0A")).map(\.bearer) } == expected)
        }
        #expect(try bench.act { try $0.addresses(of: name("0B")) }.isEmpty)
        guard case .whole(links: 6) = try bench.verdict(.card(name("0A"))) else {
            Issue.record("the chain is broken")
            return
        }
    }

    @Test("the same place again is no new line")
    func again() throws {
        let bench = try bench()
        try see(bench, Self.kiosk)
        let before = try bench.dump()
        bench.clock.advance(by: .seconds(3_600))
        try see(bench, Self.kiosk)
        #expect(try bench.dump() == before)
    }

    @Test("an address ends when it was said to, or when the card has left")
    func ends() throws {
        let bench = try bench()
        try see(bench, Self.sms, until: "2026-03-10T13:00:00Z")
        try see(bench, Self.kiosk)
        try see(bench, Self.sms, until: "2026-03-10T14:00:00Z")
        #expect(try bench.act { try $0.history(of: name("0A")).count } == 2)
        bench.clock.advance(by: .seconds(2 * 3_600 - 1))
        #expect(try now(bench) == [Self.kiosk, Self.sms])
        bench.clock.advance(by: .seconds(1))
        #expect(try now(bench) == [Self.kiosk])
        try bench.act { try $0.endAddress(Self.kiosk, of: name("0A")) }
        #expect(try now(bench).isEmpty)
        let before = try bench.dump()
        try bench.act { try $0.endAddress(Self.kiosk, of: name("0A")) }
        #expect(try bench.dump() == before)
    }

    @Test("a clock that was set back hides nothing and mixes nothing up")
    func clockBack() throws {
        let bench = try bench()
        try see(bench, Self.kiosk)
        bench.clock.advance(by: .seconds(-3_600))
        #expect(try now(bench) == [Self.kiosk])
        try see(bench, Self.reader)
        #expect(try now(bench) == [Self.reader])
        #expect(try bench.act { try $0.history(of: name("0A")).map(\.bearer) } == [Self.reader, Self.kiosk])
    }

    @Test("the oldest lines make room")
    func bounded() throws {
        let bench = try bench()
        for index in 0..<100 { try see(bench, Self.bearer("terminal", "t-\(index)")) }
        let history = try bench.act { try $0.history(of: name("0A")) }
        #expect(history.count == Bounds.addressesPerCardMax)
        #expect(history.first?.bearer.address == "t-99" && history.last?.bearer.address == "t-68")
    }

    @Test("an unknown card, and an end that has passed, are refused")
    func refused() throws {
        let bench = try bench()
        #expect(try bench.refusal { try $0.recordAddress(Self.kiosk, of: name("99")) } == "card-unknown")
        #expect(try bench.refusal { try $0.endAddress(Self.kiosk, of: name("99")) } == "card-unknown")
        for until in ["2026-03-10T12:00:00Z", "2020-01-01T00:00:00Z"] {
            let code = try bench.refusal {
                try $0.recordAddress(Self.kiosk, of: name("0A"), until: instant(until))
            }
            #expect(code == "address-over")
        }
    }

    @Test(
        "addresses have a form",
        arguments: [
            ("sms", "+4915112345678", true), ("sms", "+1234567", true), ("sms", "+123456789012345", true),
            ("sms", "4915112345678", false), ("sms", "+123456", false), ("sms", "+1234567890123456", false),
            ("sms", "+0151123456", false), ("sms", "+49 151 123456", false), ("sms", "+", false),
            ("https", "https://a", true), ("https", "https://[2001:db8::1]:8443/x", true),
            ("https", "http://a", false), ("https", "https://", false), ("https", "https:///x", false),
            ("https", "https://:443", false), ("https", "https://user@a", false),
            ("https", "https://a/?q", false), ("https", "https://a/#f", false),
            ("https", "https://a b", false),
            ("https", "https://" + String(repeating: "a", count: 248), false),
            ("reader", "Virtual PCD 00 00", true), ("reader", "", false), ("reader", "a\u{1B}[2J", false),
            ("terminal", "kiosk-1", true), ("terminal", "Kiosk 1", false), ("pigeon", "home", false),
        ])
    func forms(_ kind: String, _ address: String, _ isValid: Bool) {
        let bearer = Bearer(kind: kind, address: address)
        #expect((bearer != nil) == isValid)
        #expect(bearer.map { "\($0.kind)" } ?? kind == kind)
        #expect(bearer?.address ?? address == address)
    }
}
