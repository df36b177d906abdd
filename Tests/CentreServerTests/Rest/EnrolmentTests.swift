import Centre
import CentreServer
import JSON
import TestSupport
import Testing

@Suite("Terminals are let in, and new cards recorded")
struct EnrolmentTests {
    private func code(_ bench: RestBench, _ terminal: String = "lobby") throws -> String {
        let reply = try bench.ask(
            .post, "/v1/terminals/\(terminal)/enrolment-codes", token: try bench.token(.operator))
        return try #require(reply.json["code"]?.stringValue)
    }

    private func enrol(
        _ bench: RestBench, _ code: String, _ terminal: String = "lobby", peer: Peer = RestBench.peer
    ) throws -> Reply {
        try bench.ask(
            .post, "/v1/enrolments", body: ["terminal": .string(terminal), "code": .string(code)], peer: peer)
    }

    @Test("a machine with the code becomes the terminal, once", .mission(.a2))
    func once() throws {
        let bench = try RestBench()
        let code = try code(bench)
        let reply = try enrol(bench, code)
        #expect((reply.status, reply.json["kind"]) == (201, "token"))
        let token = reply.json["token"]?.stringValue ?? ""
        let me = try bench.ask(.get, "/v1/sessions/current", token: token)
        #expect((me.json["role"], me.json["name"]) == ("terminal", "lobby"))
        #expect(try enrol(bench, code).code == "enrolment-code")
    }

    @Test("how it is typed does not matter; what is typed does")
    func typing() throws {
        let bench = try RestBench()
        let code = try code(bench)
        #expect(try enrol(bench, String(code.reversed())).status == 403)
        #expect(try enrol(bench, code, "depot").status == 403)
        #expect(try enrol(bench, code, "nowhere").status == 403)
        #expect(try enrol(bench, " " + code.lowercased().replacing("-", with: " ")).status == 201)
    }

    @Test("a code ends after its time, when a newer one is made, and when the terminal is cut off")
    func ends() throws {
        let bench = try RestBench()
        let first = try code(bench)
        let second = try code(bench)
        #expect(try enrol(bench, first).status == 403)
        bench.clock.advance(by: Bounds.enrolmentLife)
        #expect(try enrol(bench, second).status == 403)
        let third = try code(bench)
        _ = try bench.ask(
            .put, "/v1/terminals/lobby", token: try bench.token(.operator),
            body: ["label": "", "blocked": "Moved."], fields: ["If-Match": "*"])
        #expect(try enrol(bench, third).status == 403)
    }

    @Test(
        "a machine that shows a certificate is known by it from then on; its older token is not good any more"
    )
    func certificate() throws {
        let bench = try RestBench()
        let old = try enrol(bench, try code(bench)).json["token"]?.stringValue ?? ""
        let peer = Peer(
            address: "203.0.113.8", isLoopback: false, isEncrypted: true, certificate: [0x30, 0x82, 1, 2, 3])
        let reply = try enrol(bench, try code(bench), peer: peer)
        #expect((reply.json["kind"], reply.json["token"]) == ("certificate", nil))
        #expect(try bench.ask(.get, "/v1/sessions/current", peer: peer).json["name"] == "lobby")
        #expect(try bench.ask(.get, "/v1/sessions/current", token: old).status == 401)
        var other = peer
        other.certificate = [0x30, 0x82, 1, 2, 4]
        #expect(try bench.ask(.get, "/v1/sessions/current", peer: other).status == 401)
        let taken = try enrol(bench, try code(bench, "depot"), "depot", peer: peer)
        #expect((taken.status, taken.code) == (409, "certificate-taken"))
    }

    @Test("whoever guesses codes is kept out")
    func guessing() throws {
        let bench = try RestBench()
        let code = try code(bench)
        for _ in 0..<Bounds.wrongPasswordsPerDoorMax { _ = try enrol(bench, "AAAAA-AAAAA-AAAAA-AAAAA") }
        #expect(try enrol(bench, code).code == "throttled")
    }

    @Test("whoever has a network of version 6 has one door, not one for every address")
    func networks() throws {
        let bench = try RestBench()
        let code = try code(bench)
        func peer(_ number: Int) -> Peer {
            Peer(address: "2001:db8::\(number)", isLoopback: false, isEncrypted: true)
        }
        for number in 1...Bounds.wrongPasswordsPerDoorMax {
            _ = try enrol(bench, "AAAAA-AAAAA-AAAAA-AAAAA", peer: peer(number))
        }
        let again = try enrol(bench, code, peer: peer(Bounds.wrongPasswordsPerDoorMax + 1))
        #expect((again.status, again.code) == (429, "throttled"))
        let olga: JSONValue = ["operator": "olga", "password": .string(RestBench.password)]
        #expect(try bench.ask(.post, "/v1/sessions", body: olga, peer: peer(99)).code == "throttled")
        let other = Peer(address: "2001:db8:0:1::1", isLoopback: false, isEncrypted: true)
        #expect(try enrol(bench, code, peer: other).status == 201)
    }

    @Test("a wrong code is written down, and leaves the registers' head as it was")
    func refusals() throws {
        let bench = try RestBench()
        let head = try bench.registersHead()
        for _ in 1...3 { #expect(try enrol(bench, "AAAAA-AAAAA-AAAAA-AAAAA").status == 403) }
        #expect(try bench.registersHead() == head)
        let token = try bench.token(.auditor)
        let entries = try bench.audit("refusals", token: token)
        let kinds = entries.compactMap { $0["kind"]?.stringValue }
        #expect(kinds == [String](repeating: "enrolment.refused", count: 3))
        #expect(entries.allSatisfy { $0["subject"] == "terminal/lobby" })
        let verdict = try bench.ask(.get, "/v1/audit/verification?stream=refusals", token: token)
        #expect((verdict.json["whole"], verdict.json["links"]) == (true, 3), "\(verdict.text)")
    }

    // MARK: New cards (rows C3, C4)

    private func blank(_ bench: RestBench) throws {
        let token = try bench.token(.operator)
        let card = try bench.ask(
            .post, "/v1/cards", token: token,
            body: [
                "card": "42ABCDEF-0B", "profile": "javacard-80k", "issuerDomain": "A000000151000000",
                "keySet": ["masterKey": "batch", "version": 1, "channel": "scp03"], "expiry": "2030-12-31",
            ])
        #expect(card.status == 201, "\(card.text)")
    }

    private func wish(_ bench: RestBench, _ password: String, key: String? = nil) throws -> Reply {
        try bench.ask(
            .post, "/v1/new-cards", token: try bench.token(.terminal),
            body: [
                "holder": "10001", "password": .string(password), "card": "42ABCDEF-0B",
                "expiry": "2030-12-31",
            ], fields: key.map { ["Idempotency-Key": $0] } ?? [:])
    }

    @Test(
        "with password and permission the blank card is the holder's, and the old one retired", .mission(.c4))
    func newCard() throws {
        let bench = try RestBench()
        try blank(bench)
        let early = try wish(bench, RestBench.password)
        #expect((early.status, early.code) == (403, "new-card-mismatch"))
        let permit = try bench.ask(
            .put, "/v1/holders/10001/issue-permission", token: try bench.token(.operator),
            body: ["from": "2026-11-01", "through": "2026-12-31"])
        #expect(permit.status == 200)
        #expect(try wish(bench, "wrong password").code == "new-card-mismatch")
        let done = try wish(bench, RestBench.password, key: "new-1")
        #expect((done.status, done.json["issueNumber"]) == (201, 2), "\(done.text)")
        #expect(try wish(bench, RestBench.password, key: "new-1").json["issueNumber"] == 2)
        let token = try bench.token(.operator)
        let old = try bench.ask(.get, "/v1/cards/\(RestBench.city.card)", token: token)
        #expect(old.json["life"]?["state"] == "retired")
        #expect(try bench.ask(.get, "/v1/holders/10001", token: token).json["card"] == "42ABCDEF-0B")
    }

    @Test("a mismatch is decided anew with its key, and a wrong password learns nothing that was kept")
    func newCardTwice() throws {
        let bench = try RestBench()
        try blank(bench)
        let permit = try bench.ask(
            .put, "/v1/holders/10001/issue-permission", token: try bench.token(.operator),
            body: ["from": "2026-11-01", "through": "2026-12-31"])
        #expect(permit.status == 200)
        #expect(try wish(bench, "wrong password", key: "new-1").code == "new-card-mismatch")
        for _ in 1...2 {
            let done = try wish(bench, RestBench.password, key: "new-1")
            #expect((done.status, done.json["issueNumber"]) == (201, 2), "\(done.text)")
        }
        for _ in 1...5 {
            #expect(try wish(bench, "wrong password", key: "new-1").code == "new-card-mismatch")
        }
        #expect(try wish(bench, RestBench.password, key: "new-1").code == "throttled")
    }

    @Test("a mismatch changes nothing but counts, and closes the door like any wrong password", .mission(.c4))
    func mismatches() throws {
        let bench = try RestBench()
        try blank(bench)
        for _ in 1...5 { #expect(try wish(bench, "wrong password").status == 403) }
        let closed = try wish(bench, RestBench.password)
        #expect((closed.status, closed.code) == (429, "throttled"))
        let card = try bench.ask(.get, "/v1/cards/42ABCDEF-0B", token: try bench.token(.operator))
        #expect(card.json["holder"] == nil)
    }
}
