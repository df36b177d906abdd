import Centre
import CentreServer
import JSON
import TestSupport
import Testing
import Wire

/// What was kept is read; nothing more can be kept.
private struct FullStore: Store {
    let base: any Store

    func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try base.read(body)
    }

    func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        throw StoreFailure.full("no space left on device")
    }
}

@Suite("Refusals of GP SERAM")
struct SeramRefusalTests {
    private static let handshake = SeramHandshakeCommand(secureElements: []).written()
    private static let polling = SeramReport.polling.written()

    private static func status(_ bench: SeramBench, _ request: HTTPRequest) -> Int? {
        bench.post(request)?.status
    }

    @Test("another terminal's session does not exist, and neither does one that was never opened")
    func otherSession() throws {
        let bench = try SeramBench()
        #expect(Self.status(bench, bench.request("remoteManagement", session: "s1", Self.polling)) == 404)
        #expect(Self.status(bench, bench.request("handshake", session: "s1", Self.handshake)) == 200)
        #expect(
            Self.status(bench, bench.request("remoteManagement", session: "s1", Self.polling, token: "two"))
                == 404)
        // Also at a node that has to look into the store.
        bench.restart()
        #expect(
            Self.status(bench, bench.request("remoteManagement", session: "s1", Self.polling, token: "two"))
                == 404)
        #expect(bench.post(bench.request("remoteManagement", session: "s1", Self.polling)) == nil)
    }

    @Test("who is nobody, or no terminal, is refused before anything is read")
    func strangers() throws {
        let bench = try SeramBench()
        for endpoint in ["handshake", "remoteManagement"] {
            for token in [nil, "three"] as [String?] {
                #expect(
                    Self.status(bench, bench.request(endpoint, session: "s1", [0xFF], token: token)) == 401)
            }
            #expect(
                Self.status(bench, bench.request(endpoint, session: "s1", [0xFF], token: "holder")) == 403)
        }
    }

    @Test("a store without room is 503, and told as what it is")
    func storeFull() throws {
        let bench = try SeramBench()
        let node = Node(
            store: FullStore(base: bench.store), vault: bench.vault, models: bench.node.models,
            desk: bench.node.desk, clock: bench.clock, entropy: bench.node.entropy, bell: bench.bells)
        let terminal = Principal.terminal(try TerminalID("t1"))
        let service = SeramService(node: node) { _ in terminal }
        let request = bench.request("handshake", session: "s1", Self.handshake)
        guard case .now(let response) = service.answer(request, since: bench.clock.now) else {
            Issue.record("it waits")
            return
        }
        let reply = Reply(response: response)
        #expect((reply.status, reply.code) == (503, "store-full"), "\(reply.text)")
        #expect(response.fields["Retry-After"] != nil)
    }

    @Test("no common ground is 406, as published")
    func notAcceptable() throws {
        let bench = try SeramBench()
        let command = SeramHandshakeCommand(secureElements: [], versions: ["3.0.0"])
        #expect(Self.status(bench, bench.request("handshake", session: "s1", command.written())) == 406)
    }

    @Test("malformed messages, names, methods and types are refused with a problem in words")
    func malformed() throws {
        let bench = try SeramBench()
        let long = String(repeating: "x", count: 129)
        for (request, status) in [
            (bench.request("handshake", session: nil, Self.handshake), 400),
            (bench.request("handshake", session: "", Self.handshake), 400),
            (bench.request("handshake", session: long, Self.handshake), 400),
            (bench.request("handshake", session: "a b", Self.handshake), 400),
            (bench.request("handshake", session: "s1", [UInt8]("{}".utf8)), 400),
            (bench.request("handshake", session: "s1", []), 400),
            (bench.request("remoteManagement", session: "s1", [UInt8]("[[[[".utf8)), 400),
            (bench.request("handshake", session: "s1", Self.handshake, method: .get), 405),
            (bench.request("handshake", session: "s1", Self.handshake, type: "text/plain"), 415),
            (bench.request("order", session: "s1", Self.handshake), 404),
        ] {
            let answer = try #require(bench.post(request))
            #expect(answer.status == status)
            let problem = try JSONValue(decoding: answer.body)
            #expect(problem["status"]?.integerValue == Int64(status))
            #expect(problem["detail"]?.stringValue?.isEmpty == false)
            #expect(problem["request"] == "r1")
        }
        #expect(
            Self.status(
                bench,
                bench.request(
                    "handshake", session: "s1", Self.handshake, type: "Application/JSON; charset=utf-8"))
                == 200)
    }

    @Test("a session that is opened again begins anew")
    func again() throws {
        let bench = try SeramBench()
        let (card, id) = try bench.makeCard()
        for _ in 0..<3 {
            let agent = bench.agent([id: card])
            bench.clock.advance(by: .seconds(61))
            try bench.run(agent, [card])
            #expect(!agent.commandCounts.isEmpty)
        }
        #expect(bench.service.sessionCount == 1)
    }

    @Test("a terminal has so many sessions; the oldest make room")
    func manySessions() throws {
        let bench = try SeramBench()
        for number in 0...Bounds.sessionsPerTerminalMax {
            bench.clock.advance(by: .seconds(1))
            #expect(
                Self.status(bench, bench.request("handshake", session: "s\(number)", Self.handshake)) == 200)
        }
        bench.restart()
        #expect(Self.status(bench, bench.request("remoteManagement", session: "s0", Self.polling)) == 404)
        #expect(bench.post(bench.request("remoteManagement", session: "s1", Self.polling)) == nil)
    }
}

@Suite("Notices to terminals")
struct SeramNoticeTests {
    @Test("what is written reads the same; what another agent writes is none")
    func text() {
        var notice = SeramNotice(.progress, card: "0102", message: "m")
        notice.operation = "op"
        notice.step = 2
        notice.steps = 7
        notice.action = "load"
        notice.subject = "purse@1.0"
        notice.bytes = 12_345
        notice.secondsLeft = 9
        notice.nextStep = "n"
        #expect(SeramNotice(notice.text) == notice)
        for text in [
            "step1/action2/OK", "{}", "[]", "", #"{"berth":2,"event":"done"}"#, #"{"berth":1,"event":"x"}"#,
        ] {
            #expect(SeramNotice(text) == nil)
        }
    }
}
