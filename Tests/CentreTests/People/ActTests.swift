import CardCrypto
import Centre
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("Acts, their notes and their requests")
struct ActTests {
    // MARK: Requests that come twice

    private static func asked(_ text: String) -> CanonicalBytes {
        var bytes = CanonicalBytes()
        bytes.append(text)
        return bytes
    }

    private struct Number: KeptAnswer, Equatable {
        var value: UInt8
        var keptBytes: [UInt8] { [value] }
        init(_ value: UInt8) { self.value = value }
        init?(keptBytes: [UInt8]) {
            guard keptBytes.count == 1 else { return nil }
            value = keptBytes[0]
        }
    }

    @Test("a request that comes again has one effect and the same answer")
    func twice() throws {
        let bench = try PeopleBench()
        try bench.addProvider("city")
        for answer in [UInt8(1), 2, 3] {
            let given = try bench.act(request: "r-1") { act in
                try act.once(Self.asked("add purse")) {
                    try act.registerApplication(name("purse"), name: "Purse", provider: name("city"))
                    return Number(answer)
                }
            }
            #expect(given == Number(1))
        }
        #expect(try bench.all(Application.self).count == 1)
        #expect(
            try bench.all(AuditEntry.self).map(\.kind) == ["provider.registered", "application.registered"])
        #expect(try bench.all(AuditEntry.self).last?.request == name("r-1"))
    }

    @Test("the id of one actor is not the id of another")
    func actors() throws {
        let bench = try PeopleBench()
        let actors: [Act.Actor] = [
            PeopleBench.root, .provider(name("root")), .holder(name("root")), .terminal(name("root")),
            .centre,
        ]
        for (index, actor) in actors.enumerated() {
            let answer = try bench.act(as: actor, request: "r") { act in
                try act.once(Self.asked("\(index)")) { Number(UInt8(index)) }
            }
            #expect(answer == Number(UInt8(index)))
        }
    }

    @Test("an id that comes with something else is refused")
    func reused() throws {
        let bench = try PeopleBench()
        _ = try bench.act(request: "r-1") { act in try act.once(Self.asked("one")) { Number(1) } }
        #expect(throws: RequestReused(request: name("r-1"))) {
            try bench.act(request: "r-1") { act in try act.once(Self.asked("two")) { Number(2) } }
        }
    }

    @Test("what was refused is decided anew")
    func refusedOnce() throws {
        let bench = try PeopleBench()
        func register() throws -> Number {
            try bench.act(request: "r-1") { act in
                try act.once(Self.asked("add purse")) {
                    try act.registerApplication(name("purse"), name: "Purse", provider: name("city"))
                    return Number(7)
                }
            }
        }
        #expect(throws: ProviderRefusal.unknown(name("city"))) { try register() }
        try bench.addProvider("city")
        #expect(try register() == Number(7))
    }

    @Test("requests are forgotten after their days, and not before")
    func forgotten() throws {
        let bench = try PeopleBench()
        let first = bench.clock.now.day
        _ = try bench.act(request: "r-1") { act in try act.once(Self.asked("one")) { Number(1) } }
        for (days, count) in [(0, 0), (30, 0), (31, 1), (31, 0)] {
            bench.clock.advance(by: .seconds(86_400 * days))
            #expect(try bench.act { try $0.forgetRequests(of: first) } == count)
            bench.clock.advance(by: .seconds(-86_400 * days))
        }
        let again = try bench.act(request: "r-1") { act in try act.once(Self.asked("two")) { Number(2) } }
        #expect(again == Number(2))
    }

    // MARK: The chains

    /// A few acts on two cards and on the registers.
    private func busyBench() throws -> PeopleBench {
        let bench = try PeopleBench()
        try bench.addCard("45414D-0102")
        try bench.addCard("0A")
        try bench.addProvider("city")
        try bench.addApplication("purse", of: "city")
        for card in ["45414D-0102", "0A", "45414D-0102"] {
            bench.clock.advance(by: .seconds(60))
            let terminal = Bearer.terminal(name("t-\(try bench.card(card).revision)"))
            try bench.act(request: "see-\(card)") { try $0.recordAddress(terminal, of: name(card)) }
        }
        try bench.act { try $0.stopService(of: name("purse"), reason: "Recalled.") }
        return bench
    }

    private static let streams: [AuditStream] = [.registers, .card(name("45414D-0102")), .card(name("0A"))]

    @Test("every chain is whole, and each counts for itself", arguments: zip(streams, [3, 2, 1] as [Int64]))
    func whole(_ stream: AuditStream, _ links: Int64) throws {
        #expect(try busyBench().verdict(stream) == .whole(links: links))
    }

    @Test("a card's head and revision follow its chain")
    func heads() throws {
        let bench = try busyBench()
        let card = try bench.card("45414D-0102")
        let last = try #require(try bench.all(AuditEntry.self).last { $0.stream == .card(card.id) })
        #expect(AuditHead(bytes: card.auditHead) == AuditHead(number: 2, digest: last.digest))
        #expect(card.revision == 2)
    }

    @Test("a change to any column of any link is found", arguments: streams)
    func tampering(_ stream: AuditStream) throws {
        let bench = try busyBench()
        for entry in try bench.all(AuditEntry.self) where entry.stream == stream {
            for changed in variants(of: entry) {
                try bench.store.write { $0.put(changed) }
                #expect(try bench.verdict(stream) == .broken(number: entry.number), "\(changed)")
                try bench.store.write { $0.put(entry) }
            }
        }
        guard case .whole = try bench.verdict(stream) else {
            Issue.record("the chain was not put back")
            return
        }
    }

    private func variants(of entry: AuditEntry) -> [AuditEntry] {
        var variants: [AuditEntry] = []
        func vary(_ change: (inout AuditEntry) -> Void) {
            var copy = entry
            change(&copy)
            variants.append(copy)
        }
        vary { $0.at = Instant(milliseconds: $0.at.milliseconds + 1) }
        vary { $0.actor += "x" }
        vary { $0.request = $0.request == nil ? name("r") : nil }
        vary { $0.kind += "x" }
        vary { $0.subject += "x" }
        vary { $0.provider = $0.provider == nil ? name("city") : nil }
        vary { $0.facts.append(.number("more", 1)) }
        for index in entry.digest.indices { vary { $0.digest[index] ^= 1 << UInt8(index % 8) } }
        return variants
    }

    @Test("a link that is missing, and an end that was cut off, are found")
    func missing() throws {
        let bench = try busyBench()
        let entries = try bench.all(AuditEntry.self).filter { $0.stream == .registers }
        for entry in entries {
            try bench.store.write { $0.remove(entry) }
            let expected: AuditVerdict =
                entry.number == entries.last?.number
                ? .endsElsewhere(links: entry.number - 1, head: entry.number)
                : .broken(number: entry.number)
            #expect(try bench.verdict(.registers) == expected)
            try bench.store.write { $0.insert(entry) }
        }
        let head = AuditHead(number: 9, digest: entries[0].digest)
        try bench.store.write { $0.put(AuditStreamHead(stream: .registers, head: head)) }
        #expect(try bench.verdict(.registers) == .endsElsewhere(links: 3, head: 9))
    }

    @Test("links written after the head was read are no objection")
    func later() throws {
        let bench = try busyBench()
        let entry = try #require(try bench.all(AuditEntry.self).first { $0.stream == .registers })
        let verdict = try bench.store.read {
            try AuditChainCheck.run(
                .registers, head: AuditHead(number: 1, digest: entry.digest), $0)
        }
        #expect(verdict == .whole(links: 1))
    }

    @Test("the first link's digest is SHA-256 over what docs/decisions/0005 says, written out by hand")
    func vector() throws {
        let bench = try PeopleBench(now: "1970-01-01T00:00:01Z")
        try bench.addHolder("7")
        let entry = try #require(try bench.all(AuditEntry.self).first)
        func text(_ text: String) -> [UInt8] { [0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8) }
        var content: [UInt8] = text("berth audit 1")
        content += [0, 0, 0, 32] + [UInt8](repeating: 0, count: 32)
        content += text("registers")
        content += [0, 0, 0, 0, 0, 0, 0, 1]
        content += [0, 0, 0, 0, 0, 0, 0x03, 0xE8]
        content += text("operator/root") + [0]
        content += text("holder.registered") + text("holder/7") + [0]
        content += [0, 0, 0, 0]
        #expect(entry.digest == Digest.sha256.hash(content))
    }

    @Test("a long chain is read page by page")
    func long() throws {
        let bench = try PeopleBench()
        try bench.act { act in
            for _ in 0..<2_500 { try act.note(Note("test.noted", .centre, isAnnounced: false)) }
        }
        #expect(try bench.verdict(.registers) == .whole(links: 2_500))
    }

    @Test("facts come back as they were written, and half of them are none")
    func facts() throws {
        let facts: [Fact] =
            [
                .number("count", -5), .instant("at", Instant(milliseconds: .max)), .word("kind", "sms"),
                .aid("aid", aid("A000000151")), .digest([]),
                .name("application", name("purse") as ApplicationID),
                .release(release("purse@1.2")),
            ] + Fact.room(Room(nonVolatile: 1, volatile: 2))
        let bench = try PeopleBench()
        try bench.act { try $0.note(Note("test.noted", .centre, facts: facts)) }
        #expect(try bench.all(AuditEntry.self).first?.facts == facts)
        let stored = try #require(try bench.dump()["audit_entries"]?.first)
        guard case .bytes(let bytes) = stored[8] else {
            Issue.record("facts are bytes")
            return
        }
        var broken = stored
        broken[8] = .bytes(Array(bytes.dropLast()))
        var reader = try RowReader(AuditEntry.table, broken)
        #expect(throws: RowError.self) { try AuditEntry(row: &reader) }
    }
}
