import JSON
import Synchronization
import Terminal
import TestSupport
import Testing

@Suite("Other programs at a terminal")
struct LocalDeskTests {
    private let names = Names()
    private let desk: LocalDesk

    private final class Names: Sendable {
        private let count = Mutex(0)
        func next() -> String {
            count.withLock {
                $0 += 1; return "00\($0)"
            }
        }
    }

    init() {
        let names = names
        desk = LocalDesk(terminal: "lobby-1", newName: { names.next() }, pause: { _ in })
    }

    private func link(_ url: String) throws -> CentreLink {
        try CentreLink(TerminalIdentity(centre: url, name: "lobby-1", token: "berth_t", trust: .system))
    }

    private func code(_ question: JSONValue) -> String? {
        desk.answer(question)["problem"]?["code"]?.stringValue
    }

    @Test("the state names every card, and the answer names the question")
    func state() throws {
        desk.welcome("0102", at: "A", try link("http://127.0.0.1:1"))
        desk.welcome("0304", at: "B", try link("http://127.0.0.1:1"))
        desk.sayGoodbye(at: "B")
        #expect(
            desk.answer(["ask": "state", "id": 7]) == [
                "terminal": "lobby-1",
                "cards": [["place": "A", "card": "0102", "isSignedIn": false]], "answer": "state", "id": 7,
            ])
    }

    @Test("what cannot be answered is told with a code")
    func refusals() throws {
        #expect(code(.null) == "question-unclear")
        #expect(code(["ask": "work"]) == "no-card")
        desk.welcome("0102", at: "A", try link("http://127.0.0.1:1"))
        #expect(code(["ask": "sing"]) == "question-unknown")
        #expect(code(["ask": "plan", "place": "C"]) == "no-card")
        #expect(code(["ask": "plan", "wish": "eat"]) == "wish-unknown")
        #expect(code(["ask": "plan", "wish": "add"]) == "question-unclear")
        // Consent is to a plan that was seen.
        #expect(code(["ask": "do", "wish": "add", "application": "purse"]) == "question-unclear")
        #expect(code(["ask": "offers"]) == "centre-away")
        desk.welcome("0304", at: "B", try link("http://127.0.0.1:1"))
        #expect(code(["ask": "work"]) == "place-missing")
    }

    @Test("a plan is shown, and with its name it is begun; a holder who signed in is gone with the card")
    func consent() throws {
        let server = try LoopbackServer { request in
            let line = String(request.prefix { $0 != "\r\n" })
            if line.hasPrefix("POST /v1/holder-sessions") {
                return LoopbackServer.text("201 Created", #"{"token":"berth_h"}"#)
            }
            guard request.contains("\r\nAuthorization: Bearer berth_h\r\n") else {
                return LoopbackServer.text(
                    "403 Forbidden", #"{"code":"forbidden","detail":"No.","remedy":"Ask."}"#)
            }
            if line.contains("/plans") {
                return LoopbackServer.text("200 OK", #"{"approval":"AA","isFeasible":true}"#)
            }
            if line.contains("/operations") {
                return LoopbackServer.text("202 Accepted", #"{"operation":"op-1"}"#)
            }
            return LoopbackServer.text("200 OK", #"{"items":[]}"#)
        }
        defer { server.stop() }
        desk.welcome("0102", at: "A", try link(server.url))
        let plan: JSONValue = ["ask": "plan", "wish": "add", "application": "purse"]
        #expect(code(plan) == "forbidden")
        #expect(desk.answer(plan)["problem"]?["remedy"] == "Ask.")
        #expect(desk.answer(["ask": "sign-in", "holder": "1001", "password": "p"]) == ["answer": "sign-in"])
        #expect(desk.answer(plan)["plan"]?["approval"] == "AA")
        let done = desk.answer(["ask": "do", "wish": "add", "application": "purse", "approval": "AA"])
        #expect(done["operation"] == "op-1")
        let body = try #require(server.requests.last)
        #expect(body.contains(#""approval":"AA""#) && body.contains(#""application":"purse""#))
        #expect(code(["ask": "plan", "wish": "restore", "application": "purse"]) == "not-held")
        desk.welcome("0102", at: "A", try link(server.url))
        #expect(code(plan) == "forbidden")
    }

    @Test("a card that is being read is asked for again, and no longer than that", arguments: [3, 1_000])
    func reading(untilRequest count: Int) throws {
        let asked = Mutex(0)
        let server = try LoopbackServer { _ in
            let number = asked.withLock {
                $0 += 1; return $0
            }
            return LoopbackServer.text(
                "200 OK",
                number < count
                    ? #"{"isFeasible":false,"objections":[{"kind":"inventory-missing"}]}"#
                    : #"{"isFeasible":true,"objections":[]}"#)
        }
        defer { server.stop() }
        desk.welcome("0102", at: "A", try link(server.url))
        let plan = desk.answer(["ask": "plan", "wish": "add", "application": "purse"])["plan"]
        #expect(plan?["isFeasible"] == .bool(count == 3))
        #expect(asked.withLock { $0 } == min(count, 41))
    }
}
