import CardManagement
import Centre
import CentreServer
import Foundation
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard
import Wire

@Suite("GP SERAM 2.0 as a service")
struct SeramServiceTests {
    private static func purse(_ card: VirtualCard, _ command: String) throws -> String {
        card.powerOn()
        _ = card.process(CommandAPDU.select(ExampleApplication.purse.module).bytes)
        return try PlainChannel(card).exchange(CommandAPDU(parsing: try Hex.decode(command))).bytes.hex
    }

    private static func notices(_ agent: LocalAgent) -> [SeramNotice] {
        agent.notifications.compactMap { SeramNotice($0) }
    }

    /// What a node asks the store in each request of a session: on a server each is a round trip.
    private static func questions(
        _ bench: SeramBench, _ session: String, _ id: CardID, _ card: VirtualCard
    ) throws -> [Int] {
        var counts: [Int] = []
        card.powerOn()
        let agent = LocalAgent(
            sessionID: session, cards: [id.text],
            post: { endpoint, session, body in
                let before = bench.asked.questions
                defer { counts.append(bench.asked.questions - before) }
                return bench.post(bench.request(endpoint, session: session, body))
            }, transmit: { _, command in card.process(command) })
        try agent.shakeHands()
        for _ in 0..<20 where try !agent.turn() { break }
        return counts
    }

    @Test("each request of a session asks the store once; data that leave are looked up beside")
    func questions() throws {
        let bench = try SeramBench()
        let (card, id) = try bench.makeCard()
        func questions(_ name: String, _ wishes: [Wish]) throws -> [Int] {
            try bench.wish(name, wishes, on: id)
            let counts = try Self.questions(bench, name, id, card)
            #expect(try bench.state(name, on: id) == .ended(.done))
            return counts
        }
        // Without work the card is read; who asks again finds out once more that there is none.
        let first = try Self.questions(bench, "first", id, card)
        #expect(first == [1, 1, 1, 3, 1], "\(first)")
        let purse = try ApplicationID("purse")
        // The catalogue is asked for what it says of this code, once: a node remembers it.
        _ = try questions("add-1", [.add(application: purse)])
        _ = try questions("remove-1", [.remove(application: purse)])
        #expect(try questions("add", [.add(application: purse)]) == [1, 1, 1, 1, 1])
        #expect(try questions("park", [.park(application: purse)]) == [1, 1, 1, 2, 1])
        let stay = try #require(try bench.act { try $0.dossier(of: id) }.custody.last)
        #expect(try questions("restore", [.restore(stay.key)]) == [1, 1, 1, 1, 1])
        #expect(try questions("remove", [.remove(application: purse)]) == [1, 1, 1, 1, 1])
    }

    @Test("a handshake asks the store once, at a new place and at the same, and so does a look for work")
    func handshakes() throws {
        let bench = try SeramBench()
        let (_, id) = try bench.makeCard("javacard-80k")
        func asked(_ resource: String, _ body: [UInt8]) -> Int {
            let before = bench.asked.questions
            #expect(bench.post(bench.request(resource, session: "s1", body))?.status == 200)
            return bench.asked.questions - before
        }
        let hello = SeramHandshakeCommand(secureElements: [SecureElement(.undefined, id: id.text)]).written()
        #expect(asked("handshake", hello) == 1)
        #expect(try bench.act { try $0.addresses(of: id) }.map(\.bearer) == [.terminal(TerminalID("t1"))])
        #expect(asked("handshake", hello) == 1)
        #expect(asked("remoteManagement", SeramReport.polling.written()) == 1)
    }

    @Test(
        "work waits for its card and is done by any conforming agent, in few orders",
        .mission(.a1), .mission(.a9), .mission(.b3),
        arguments: ["javacard-80k", "javacard-80k-scp02", "javacard-80k-predictable"])
    func work(profile: String) throws {
        let bench = try SeramBench()
        let (card, id) = try bench.makeCard(profile)
        // The first contact: nothing is wanted, the card is read, and the session stays.
        let first = bench.agent([id: card])
        try bench.run(first, [card])
        #expect(!first.isStopped)
        #expect(try bench.act { try $0.dossier(of: id) }.card.inventory != nil)
        #expect(try bench.act { try $0.addresses(of: id) }.map(\.bearer) == [.terminal(TerminalID("t1"))])
        // Work is asked for, and the very session that waits gets it.
        try bench.wish("add", [.add(application: ApplicationID("purse"))], on: id)
        while try first.turn() {}
        #expect(first.isStopped)
        #expect(try bench.state("add", on: id) == .ended(.done))
        #expect(first.commandCounts.count <= 8, "\(first.commandCounts)")
        let notices = Self.notices(first)
        #expect(notices.count == first.notifications.count)
        #expect(notices.last?.event == .done)
        #expect(
            notices.contains { $0.action == "load" && $0.subject == "purse@1.0" && ($0.secondsLeft ?? 0) > 0 }
        )
        #expect(notices.allSatisfy { $0.card == id.text })
        #expect(bench.bells.rung.contains(.card(id)))
        // The data of the purse go into custody and come back at another terminal.
        _ = try Self.purse(card, "803200000400002710")
        let balance = try Self.purse(card, "8030000000")
        try bench.wish("park", [.park(application: ApplicationID("purse"))], on: id)
        let second = bench.agent([id: card], session: "s2", token: "two")
        try bench.run(second, [card])
        #expect(second.isStopped)
        #expect(try bench.state("park", on: id) == .ended(.done))
        #expect(try bench.act { try $0.addresses(of: id) }.map(\.bearer) == [.terminal(TerminalID("t2"))])
        let stay = try #require(try bench.act { try $0.dossier(of: id) }.custody.last)
        try bench.wish("back", [.restore(stay.key)], on: id)
        let third = bench.agent([id: card], session: "s3")
        try bench.run(third, [card])
        #expect(try bench.state("back", on: id) == .ended(.done))
        #expect(try Self.purse(card, "8030000000") == balance)
    }

    @Test("an agent that selects in its own way and gives no answer to it is understood")
    func hiddenSelects() throws {
        let bench = try SeramBench()
        let (card, id) = try bench.makeCard()
        try bench.run(bench.agent([id: card]), [card])
        try bench.wish("add", [.add(application: ApplicationID("purse"))], on: id)
        let agent = bench.agent([id: card], session: "s2")
        agent.hidesSelectAnswers = true
        try bench.run(agent, [card])
        #expect(try bench.state("add", on: id) == .ended(.done))
    }

    @Test("an order that was lost comes again for the same report, and nothing happens twice")
    func lostOrders() throws {
        let bench = try SeramBench()
        let (card, id) = try bench.makeCard()
        try bench.run(bench.agent([id: card]), [card])
        try bench.wish("add", [.add(application: ApplicationID("purse"))], on: id)
        var losses = 0
        var before: [UInt8]?
        card.powerOn()
        let agent = LocalAgent(
            sessionID: "s2", cards: [id.text],
            post: { endpoint, session, body in
                let request = bench.request(endpoint, session: session, body)
                // Every answer is lost three times before it arrives.
                for _ in 0..<3 {
                    let lost = bench.post(request)
                    if endpoint == "remoteManagement", let lost, let before, before != lost.body {
                        losses += 1
                    }
                    before = lost?.body
                }
                let answer = bench.post(request)
                #expect(answer?.body == before)
                return answer
            },
            transmit: { _, command in card.process(command) })
        try agent.shakeHands()
        while try agent.turn() {}
        #expect(losses > 2)
        #expect(try bench.state("add", on: id) == .ended(.done))
        // The last order is repeated, too: the stop cannot be missed.
        let last = bench.post(
            bench.request("remoteManagement", session: "s2", try LocalAgent.bytes(LocalAgent.polling)))
        #expect(last.map { String(decoding: $0.body, as: UTF8.self).contains("ramStopCommand") } == true)
    }

    @Test(
        "a node that dies at any report loses nothing: another goes on with the same session",
        arguments: 0..<8)
    func nodeDies(turn: Int) throws {
        let bench = try SeramBench()
        let (card, id) = try bench.makeCard()
        try bench.run(bench.agent([id: card]), [card])
        try bench.wish("add", [.add(application: ApplicationID("purse"))], on: id)
        let agent = bench.agent([id: card], session: "s2")
        card.powerOn()
        try agent.shakeHands()
        for number in 0..<60 {
            if number == turn { bench.restart() }
            guard try agent.turn() else { break }
        }
        #expect(try bench.state("add", on: id) == .ended(.done))
    }

    @Test(
        "a card that is pulled ends the session politely, and the work goes on at another terminal",
        .mission(.a2))
    func pulled() throws {
        for at in stride(from: 1, to: 40, by: 3) {
            let bench = try SeramBench()
            let (card, id) = try bench.makeCard()
            try bench.run(bench.agent([id: card]), [card])
            try bench.wish("add", [.add(application: ApplicationID("purse"))], on: id)
            let agent = bench.agent([id: card], session: "s2") { $0 != at }
            try bench.run(agent, [card])
            guard Self.notices(agent).last?.event == .interrupted else {
                #expect(try bench.state("add", on: id) == .ended(.done), "\(at)")
                continue
            }
            #expect(agent.isStopped)
            #expect(try bench.act { try $0.addresses(of: id) }.isEmpty)
            bench.clock.advance(by: .seconds(61))
            let other = bench.agent([id: card], session: "s3", token: "two")
            try bench.run(other, [card])
            #expect(try bench.state("add", on: id) == .ended(.done), "\(at)")
        }
    }

    @Test("several cards in one session are served one after the other")
    func severalCards() throws {
        let bench = try SeramBench()
        let (one, first) = try bench.makeCard(seed: 1)
        let (two, second) = try bench.makeCard(seed: 2)
        try #require(first != second)
        try bench.run(bench.agent([first: one, second: two]), [one, two])
        for id in [first, second] {
            try bench.wish("add", [.add(application: ApplicationID("loyalty"))], on: id)
        }
        let agent = bench.agent([first: one, second: two], session: "s2")
        try bench.run(agent, [one, two])
        #expect(agent.isStopped)
        #expect(Self.notices(agent).filter { $0.event == .done }.count == 2)
        for id in [first, second] { #expect(try bench.state("add", on: id) == .ended(.done)) }
    }

    @Test("a card that nobody knows is told so, and the session ends")
    func unknownCard() throws {
        let bench = try SeramBench()
        for name in ["0102-0304", "not a card at all", ""] {
            let agent = LocalAgent(
                sessionID: "u\(name.count)", cards: [name],
                post: { bench.post(bench.request($0, session: $1, $2)) }, transmit: { _, _ in nil })
            try agent.shakeHands()
            while try agent.turn() {}
            #expect(agent.isStopped)
            #expect(Self.notices(agent).map(\.event) == [.cardUnknown])
        }
    }

    @Test("another card in the place of the one that was named is found out")
    func swapped() throws {
        let bench = try SeramBench()
        let (_, id) = try bench.makeCard(seed: 1)
        let (other, _) = try bench.makeCard(seed: 2)
        let agent = bench.agent([id: other])
        try bench.run(agent, [other])
        #expect(Self.notices(agent).last?.event == .stopped)
        #expect(agent.isStopped)
    }

    @Test(
        "without a card the session waits for the terminal to have something to say, and ends a poll in time")
    func longPoll() throws {
        let bench = try SeramBench()
        let (card, id) = try bench.makeCard()
        try bench.run(bench.agent([id: card]), [card])
        let poll = bench.request("remoteManagement", session: "s1", try LocalAgent.bytes(LocalAgent.polling))
        let since = bench.clock.now
        guard case .wait(let waiting) = bench.service.answer(poll, since: since) else {
            Issue.record("it does not wait")
            return
        }
        #expect(Set(waiting.topics) == [.card(id), .terminal(try TerminalID("t1"))])
        #expect(waiting.until > since && waiting.until <= since.advanced(by: .seconds(30)))
        // Put again when the time has come: a void order, before an agent loses patience.
        bench.clock.advance(by: .seconds(25))
        guard case .now(let response) = bench.service.answer(poll, since: since),
            case .bytes(let body) = response.body
        else {
            Issue.record("it waits longer than an agent does")
            return
        }
        #expect(String(decoding: body, as: UTF8.self) == #"{"delay":0}"#)
    }
    @Test(
        "an agent that prefers not to wait is answered at once",
        arguments: ["wait=0", "handling=lenient, Wait = 0"])
    func preference(field: String) throws {
        let bench = try SeramBench()
        let (card, id) = try bench.makeCard()
        try bench.run(bench.agent([id: card]), [card])
        var poll = bench.request(
            "remoteManagement", session: "s1", try LocalAgent.bytes(LocalAgent.polling))
        #expect(bench.post(poll) == nil)
        poll.fields["Prefer"] = field
        #expect(bench.post(poll).map { String(decoding: $0.body, as: UTF8.self) } == #"{"delay":0}"#)
    }
}
