import CardCrypto
import Centre
import CentreServer
import JSON
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("Sign-in")
struct SignInTests {
    private func signIn(
        _ bench: RestBench, _ name: String, _ password: String, from address: String = "203.0.113.7"
    )
        throws -> Reply
    {
        try bench.ask(
            .post, "/v1/sessions", body: ["operator": .string(name), "password": .string(password)],
            peer: Peer(address: address, isLoopback: false, isEncrypted: true))
    }

    private func signInHolder(_ bench: RestBench, _ number: String, _ password: String, at token: String)
        throws -> Reply
    {
        try bench.ask(
            .post, "/v1/holder-sessions", token: token,
            body: ["holder": .string(number), "password": .string(password)])
    }

    // MARK: Tokens

    @Test(
        "a token that is not one of ours is refused, whatever is wrong with it",
        arguments: [
            "", "x", "berth_", "berth_a_b", "berth_AAAAAAAAAAAA_AAAA", "eyJhbGciOiJub25lIn0.e30.",
            "berth_AAAAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ])
    func strangeTokens(_ token: String) throws {
        let bench = try RestBench()
        let reply = try bench.ask(.get, "/v1/sessions/current", token: token)
        #expect((reply.status, reply.code) == (401, "token-invalid"))
        #expect(reply.response.fields["WWW-Authenticate"]?.contains("invalid_token") == true)
    }

    @Test("every other text than the token itself is refused: no byte of it is decoration")
    func changedTokens() throws {
        let bench = try RestBench()
        let token = try bench.token(.admin)
        for index in token.indices {
            var other = token
            other.replaceSubrange(index...index, with: token[index] == "x" ? "y" : "x")
            let reply = try bench.ask(.get, "/v1/sessions/current", token: other)
            #expect(reply.status == 401, "\(other)")
        }
        #expect(try bench.ask(.get, "/v1/sessions/current", token: token).status == 200)
    }

    @Test("no public name of a token begins as an option of a command line does")
    func publicNames() {
        for seed in 0..<2_000 {
            let token = TokenText(SeededEntropy(seed: [UInt8(seed >> 8), UInt8(seed & 0xFF)]))
            #expect(!token.id.text.hasPrefix("-"), "seed \(seed)")
        }
    }

    @Test("when a token was used is kept by the hour, a little later, and once")
    func uses() throws {
        let bench = try RestBench()
        let token = try bench.token(.admin)
        func credentials() throws -> [Credential] {
            try bench.node.store.read { try $0.all(Credential.self, Query(Credential.table)) }
        }
        #expect(try bench.ask(.get, "/v1/sessions/current", token: token).status == 200)
        #expect(try credentials().allSatisfy { $0.lastUsedAt == nil })
        #expect(try !bench.signIn.keepUses())
        let now = bench.node.clock.now.milliseconds
        let hour = Instant(milliseconds: now - now % 3_600_000)
        let kept = try credentials()
        #expect(kept.filter { $0.lastUsedAt == hour }.count == 1)
        #expect(try bench.ask(.get, "/v1/sessions/current", token: token).status == 200)
        #expect(try !bench.signIn.keepUses())
        #expect(try credentials() == kept)
    }

    @Test("other schemes, two fields and empty ones are refused")
    func fields() throws {
        let bench = try RestBench()
        let token = try bench.token(.admin)
        let both = HTTPFields([
            .init("Authorization", "Bearer \(token)"), .init("Authorization", "Bearer \(token)"),
        ])
        #expect(try bench.ask(.get, "/v1/sessions/current", fields: both).status == 401)
        for text in ["Basic cm9vdDpyb290", "Bearer", "Bearer  \(token) x", token] {
            #expect(
                try bench.ask(.get, "/v1/sessions/current", fields: ["Authorization": text]).status == 401)
        }
        let small: HTTPFields = ["authorization": "bearer \(token)"]
        #expect(try bench.ask(.get, "/v1/sessions/current", fields: small).status == 200)
    }

    @Test("a token ends on its day, and at once where it is revoked")
    func ends() throws {
        let bench = try RestBench()
        let admin = try bench.token(.admin)
        let made = try bench.ask(
            .post, "/v1/tokens", token: admin,
            body: ["role": "supplier", "name": "rail", "expiresAt": "2026-11-22T00:00:00Z"])
        let token = try #require(made.json["token"]?.stringValue)
        let id = try #require(made.json["resource"]?["token"]?.stringValue)
        #expect(try bench.ask(.get, "/v1/sessions/current", token: token).json["role"] == "supplier")
        #expect(try bench.ask(.delete, "/v1/tokens/\(id)", token: admin).status == 204)
        #expect(try bench.ask(.get, "/v1/sessions/current", token: token).code == "token-invalid")
        let own = try bench.token(.operator)
        bench.clock.advance(by: .seconds(3_601))
        #expect(try bench.ask(.get, "/v1/sessions/current", token: own).code == "token-invalid")
    }

    @Test("a provider makes and revokes tokens of its own, and sees no others")
    func providersOwn() throws {
        let bench = try RestBench()
        let city = try bench.token(.provider)
        func request(
            _ role: String, _ name: String, seconds: Int64 = 1_800, token: String? = nil,
            scopes: [JSONValue] = []
        ) throws -> Reply {
            let end = bench.clock.now.advanced(by: .seconds(seconds))
            var body: JSONObject = [
                "role": .string(role), "name": .string(name), "expiresAt": .string(end.description),
            ]
            if !scopes.isEmpty { body["scopes"] = .array(scopes) }
            return try bench.ask(.post, "/v1/tokens", token: token ?? city, body: .object(body))
        }
        #expect(try request("supplier", "city").status == 201)
        // A stolen token would go on for ever, or do what it may not.
        #expect(try request("supplier", "city", seconds: 7_200).code == "forbidden")
        let narrow = try bench.token(
            .provider(ProviderID("city")), scopes: .only(["tokens:write", "cards:write"]))
        #expect(try request("provider", "city", token: narrow).code == "forbidden")
        #expect(try request("provider", "city", token: narrow, scopes: ["custody:read"]).code == "forbidden")
        #expect(try request("provider", "city", token: narrow, scopes: ["cards:read"]).status == 201)
        #expect(try request("provider", "city", scopes: ["nonsense:write"]).status == 422)
        #expect(Set(RestTable.endpoints.map(\.group)) == Set(Scopes.groups))
        for (role, name) in [
            ("supplier", "rail"), ("provider", "rail"), ("operator", "root"), ("terminal", "lobby"),
        ] {
            #expect(try request(role, name).status == 404, "\(role) \(name)")
        }
        let foreign = try bench.ask(
            .post, "/v1/tokens", token: try bench.token(.admin),
            body: ["role": "provider", "name": "rail", "expiresAt": "2026-12-24T08:00:00Z"])
        let id = foreign.json["resource"]?["token"]?.stringValue ?? ""
        #expect(try bench.ask(.get, "/v1/tokens/\(id)", token: city).status == 404)
        #expect(try bench.ask(.delete, "/v1/tokens/\(id)", token: city).status == 404)
        let items = try bench.ask(.get, "/v1/tokens", token: city).json["items"]?.arrayValue ?? []
        #expect(items.allSatisfy { $0["name"] == "city" } && !items.isEmpty)
    }

    @Test("an admin says whose a client certificate is; nobody else does, and it is nobody's twice")
    func certificates() throws {
        let bench = try RestBench()
        let certificate: [UInt8] = [0x30, 0x82, 1, 2, 3]
        var peer = RestBench.peer
        peer.certificate = certificate
        func claim(_ role: Role, for name: String) throws -> Reply {
            try bench.ask(
                .post, "/v1/tokens", token: try bench.token(role),
                body: [
                    "role": "provider", "name": .string(name), "expiresAt": "2026-12-24T08:00:00Z",
                    "certificate": .string(Digest.sha256.hash(certificate).hex),
                ])
        }
        #expect(try bench.ask(.get, "/v1/sessions/current", peer: peer).status == 401)
        #expect(try claim(.provider, for: "city").status == 403)
        let made = try claim(.admin, for: "city")
        #expect(
            (made.status, made.json["token"], made.json["resource"]?["kind"]) == (201, nil, "certificate"))
        let caller = try bench.ask(.get, "/v1/sessions/current", peer: peer)
        #expect((caller.json["role"], caller.json["name"]) == ("provider", "city"))
        #expect(try claim(.admin, for: "rail").code == "certificate-taken")
        let id = made.json["resource"]?["token"]?.stringValue ?? ""
        #expect(try bench.ask(.delete, "/v1/tokens/\(id)", token: try bench.token(.admin)).status == 204)
        #expect(try bench.ask(.get, "/v1/sessions/current", peer: peer).status == 401)
    }

    @Test("whoever is shut out is out at once: operator, suspended provider, blocked terminal")
    func shutOut() throws {
        let bench = try RestBench()
        let admin = try bench.token(.admin)
        let (olga, city, lobby) = (
            try bench.token(.operator), try bench.token(.provider), try bench.token(.terminal)
        )
        let change = try bench.ask(
            .put, "/v1/operators/olga", token: admin, body: ["role": "operator", "isActive": false],
            fields: ["If-Match": "*"])
        #expect(change.status == 200)
        #expect(try bench.ask(.get, "/v1/cards", token: olga).code == "token-invalid")
        try bench.node.act(by: .centre) { act in
            try act.suspendProvider(try ProviderID("city"), reason: "Unpaid.")
        }
        let suspended = try bench.ask(.get, "/v1/cards", token: city)
        #expect((suspended.status, suspended.code) == (403, "provider-suspended"))
        _ = try bench.ask(
            .put, "/v1/terminals/lobby", token: admin, body: ["label": "", "blocked": "Stolen."],
            fields: ["If-Match": "*"])
        let blocked = try bench.ask(.get, "/v1/sessions/current", token: lobby)
        #expect((blocked.status, blocked.code) == (403, "terminal-blocked"))
    }

    @Test("there is always an admin")
    func lastAdmin() throws {
        let bench = try RestBench()
        let admin = try bench.token(.admin)
        func shutOut(_ name: String) throws -> Reply {
            try bench.ask(
                .put, "/v1/operators/\(name)", token: admin, body: ["role": "admin", "isActive": false],
                fields: ["If-Match": "*"])
        }
        #expect(try shutOut("second").status == 200)
        #expect(try shutOut("root").code == "last-admin")
        // One who has no password can sign in nowhere, as far as anybody knows.
        let ghost: JSONValue = ["operator": "ghost", "role": "admin"]
        #expect(try bench.ask(.post, "/v1/operators", token: admin, body: ghost).status == 201)
        #expect(try shutOut("root").code == "last-admin")
    }

    @Test("a holder's new password ends the sessions of the old one")
    func holderPassword() throws {
        let bench = try RestBench()
        let session = TokenText(bench.node.entropy)
        let holder = RestBench.city.holder
        try bench.node.act(by: .centre) { act in
            try act.issue(
                Credential(
                    id: session.id, kind: .session,
                    subject: .holder(HolderNumber(holder), at: TerminalID(RestBench.city.terminal)),
                    digest: session.digest, scopes: Scopes.everything.text, label: "", createdAt: act.now,
                    createdBy: "test", expiresAt: act.now.advanced(by: .seconds(600))))
        }
        func status() throws -> Int {
            try bench.ask(.get, "/v1/sessions/current", token: session.text).status
        }
        #expect(try status() == 200)
        let changed = try bench.ask(
            .put, "/v1/holders/\(holder)/password", token: bench.token(.operator),
            body: ["password": "another long password"])
        #expect(changed.status == 204)
        #expect(try status() == 401)
    }

    // MARK: Operators

    @Test("an operator signs in by password, works, and signs out")
    func operatorSignsIn() throws {
        let bench = try RestBench()
        let reply = try signIn(bench, "olga", RestBench.password)
        #expect(reply.status == 201)
        let token = try #require(reply.json["token"]?.stringValue)
        let me = try bench.ask(.get, "/v1/sessions/current", token: token)
        #expect((me.json["role"], me.json["name"]) == ("operator", "olga"))
        #expect(try bench.ask(.delete, "/v1/sessions/current", token: token).status == 204)
        #expect(try bench.ask(.get, "/v1/sessions/current", token: token).status == 401)
    }

    @Test("a session ends by itself, and with a new password")
    func sessionEnds() throws {
        let bench = try RestBench()
        let token = try signIn(bench, "olga", RestBench.password).json["token"]?.stringValue ?? ""
        let own = try bench.ask(
            .put, "/v1/operators/olga/password", token: token, body: ["password": "a new long password"])
        #expect(own.status == 204)
        #expect(try bench.ask(.get, "/v1/cards", token: token).status == 401)
        let next = try signIn(bench, "olga", "a new long password").json["token"]?.stringValue ?? ""
        #expect(try bench.ask(.get, "/v1/cards", token: next).status == 200)
        bench.clock.advance(by: Bounds.operatorSessionLife)
        #expect(try bench.ask(.get, "/v1/cards", token: next).status == 401)
    }

    @Test("an operator sets no other's password")
    func othersPassword() throws {
        let bench = try RestBench()
        let reply = try bench.ask(
            .put, "/v1/operators/root/password", token: try bench.token(.operator),
            body: ["password": "a new long password"])
        #expect(reply.status == 403)
    }

    @Test("a token sets no password but an admin's without scopes: it would become a session")
    func passwordByToken() throws {
        let bench = try RestBench()
        let narrow = Scopes.only(["operators:write"])
        func set(_ name: String, _ scopes: Scopes) throws -> Reply {
            let token = try bench.token(Credential.Subject.operator(OperatorID(name)), scopes: scopes)
            return try bench.ask(
                .put, "/v1/operators/\(name)/password", token: token,
                body: ["password": "a new long password"])
        }
        for (name, scopes) in [
            ("olga", Scopes.everything), ("olga", narrow), ("anne", .everything), ("root", narrow),
        ] {
            let refused = try set(name, scopes)
            #expect((refused.status, refused.code) == (403, "not-permitted"), "\(name): \(refused.text)")
            #expect(try signIn(bench, name, RestBench.password).status == 201)
        }
        #expect(try set("root", .everything).status == 204)
    }

    @Test("a known name and an unknown one are refused alike, step by step", arguments: [true, false])
    func unknownOperators(isKnown: Bool) throws {
        let bench = try RestBench()
        let name = isKnown ? "olga" : "nobody-of-ours"
        for attempt in 1...5 {
            let reply = try signIn(bench, name, "wrong password", from: "203.0.113.\(attempt)")
            #expect((reply.status, reply.code) == (401, "sign-in-failed"), "attempt \(attempt)")
        }
        let closed = try signIn(bench, name, RestBench.password, from: "203.0.113.9")
        #expect((closed.status, closed.code) == (429, "throttled"))
        #expect(closed.response.fields["Retry-After"] == "60")
        bench.clock.advance(by: .seconds(60))
        let sixth = try signIn(bench, name, "wrong password")
        #expect(sixth.status == 401)
        let longer = try signIn(bench, name, "wrong password")
        #expect(longer.response.fields["Retry-After"] == "120")
        bench.clock.advance(by: .seconds(120))
        #expect(try signIn(bench, name, RestBench.password).status == (isKnown ? 201 : 401))
    }

    @Test("one address that guesses at many names is kept out, however many names it has")
    func guessing() throws {
        let bench = try RestBench()
        for attempt in 0..<Bounds.wrongPasswordsPerDoorMax {
            #expect(try signIn(bench, "name-\(attempt)", "wrong password").status == 401)
        }
        #expect(try signIn(bench, "olga", RestBench.password).code == "throttled")
        #expect(try signIn(bench, "olga", RestBench.password, from: "198.51.100.1").status == 201)
    }

    @Test(
        "a name that nobody has, one that is shut out and a known one are the same work: one hash of the same cost"
    )
    func sameWork() throws {
        let works = Box<[String]>([])
        let bench = try RestBench { password, salt, cost, count throws(CryptoError) in
            works.value += [
                "\(cost.workExponent) \(cost.blockSize) \(cost.parallelism) \(salt.count) \(count)"
            ]
            return try PasswordVerifier.scrypt(password, salt, cost, count)
        }
        // Verifiers of the cost that real ones have.
        let verifier = try PasswordVerifier(Secret(Array("a long password".utf8)), entropy: SystemEntropy())
        try bench.node.act(by: .centre) { act in
            _ = try act.registerOperator(OperatorID("grace"), .auditor, password: verifier)
            _ = try act.registerOperator(OperatorID("out"), .auditor, password: verifier)
            var out = try #require(try act.transaction.lock(Operator.self, key: .word(try OperatorID("out"))))
            out.isActive = false
            act.transaction.put(out)
            try act.registerHolder(HolderNumber("30003"), HolderDetails(name: "Grace"), password: verifier)
        }
        for name in ["grace", "out", "nobody-of-ours"] { _ = try signIn(bench, name, "wrong password") }
        let terminal = try bench.token(.terminal)
        for number in ["30003", "99999"] {
            _ = try signInHolder(bench, number, "wrong password", at: terminal)
        }
        #expect(works.value.count == 5 && Set(works.value) == ["15 8 3 16 32"], "\(works.value)")
        // Behind a closed door nobody's is computed.
        for _ in 1...5 { _ = try signIn(bench, "nobody-of-ours", "wrong password") }
        let count = works.value.count
        #expect(try signIn(bench, "nobody-of-ours", "wrong password").status == 429)
        #expect(works.value.count == count)
    }

    @Test("sign-ins stand in the registers' chain, refusals in their own, without passwords")
    func audit() throws {
        let bench = try RestBench()
        let (anne, terminal) = (try bench.token(.auditor), try bench.token(.terminal))
        let head = try bench.registersHead()
        _ = try signIn(bench, "olga", "wrong password")
        _ = try signInHolder(bench, "10001", "wrong password", at: terminal)
        #expect(try bench.registersHead() == head)
        let refusals = try bench.audit("refusals", token: anne)
        #expect(refusals.compactMap { $0["kind"]?.stringValue } == ["sign-in.refused", "sign-in.refused"])
        #expect(refusals.compactMap { $0["subject"]?.stringValue } == ["operator/olga", "holder/10001"])
        _ = try signIn(bench, "olga", RestBench.password)
        let entries = try bench.audit("registers", token: anne)
        let kinds = entries.filter { $0["subject"] == "operator/olga" }.compactMap { $0["kind"]?.stringValue }
        #expect(kinds.last == "sign-in.accepted" && !kinds.contains("sign-in.refused"))
        #expect(!"\(refusals)\(entries)".contains("password:"))
    }

    // MARK: The first admin

    @Test("an empty centre gets its first admin once, with a password that works")
    func firstAdmin() throws {
        let memory = try SQLiteStore(.memory, mode: .direct)
        try memory.migrate(to: .current)
        let filled = try RestBench()
        let name = try OperatorID("admin")
        var shown: [String] = []
        let late = try filled.signIn.makeFirstAdmin(named: name) { shown.append($0) }
        #expect(late == .somebodyWas && shown.isEmpty)
        let bench = try RestBench(store: memory)
        try bench.store.write { transaction in
            for entry in try transaction.all(Operator.self, Query(Operator.table)) {
                transaction.remove(entry)
            }
        }
        #expect(throws: CryptoError.notAuthentic, "words that nobody saw make no admin") {
            try bench.signIn.makeFirstAdmin(named: name) { _ in throw CryptoError.notAuthentic }
        }
        let made = try bench.signIn.makeFirstAdmin(named: name) { shown.append($0) }
        let again = try bench.signIn.makeFirstAdmin(named: name) { shown.append($0) }
        let password = try #require(shown.first)
        #expect(made == .made(password: password) && again == .somebodyWas && shown.count == 1)
        let reply = try signIn(bench, "admin", password)
        let token = reply.json["token"]?.stringValue ?? ""
        #expect(try bench.ask(.get, "/v1/sessions/current", token: token).json["role"] == "admin")
    }

    // MARK: Holders

    @Test("a holder signs in at a terminal and sees the own card only", .mission(.c3))
    func holderSignsIn() throws {
        let bench = try RestBench()
        let terminal = try bench.token(.terminal)
        let reply = try signInHolder(bench, "10001", RestBench.password, at: terminal)
        #expect(reply.status == 201)
        let token = reply.json["token"]?.stringValue ?? ""
        let cards = try bench.ask(.get, "/v1/cards", token: token).json["items"]?.arrayValue
        #expect(cards?.map { $0["card"] } == [.string(RestBench.city.card)])
        #expect(try bench.ask(.get, "/v1/holders/20002", token: token).code == "holder-unknown")
        bench.clock.advance(by: Bounds.holderSessionLife)
        #expect(try bench.ask(.get, "/v1/cards", token: token).status == 401)
    }

    @Test("holders that exist and numbers that nobody has are refused alike", arguments: ["10001", "99999"])
    func unknownHolders(_ number: String) throws {
        let bench = try RestBench()
        let terminal = try bench.token(.terminal)
        for attempt in 1...5 {
            let reply = try signInHolder(bench, number, "wrong password", at: terminal)
            #expect((reply.status, reply.code) == (401, "sign-in-failed"), "attempt \(attempt)")
        }
        let other = try bench.token(.terminal, of: RestBench.rail)
        let closed = try signInHolder(bench, number, RestBench.password, at: other)
        #expect((closed.status, closed.response.fields["Retry-After"]) == (429, "60"))
    }

    @Test("a terminal that guesses is kept out, whoever it guesses for; another is not")
    func terminalDoor() throws {
        let bench = try RestBench()
        let (lobby, depot) = (
            try bench.token(.terminal), try bench.token(.terminal, of: RestBench.rail)
        )
        for attempt in 0..<Bounds.wrongPasswordsPerDoorMax {
            _ = try signInHolder(bench, "9\(attempt)", "wrong password", at: lobby)
        }
        #expect(try signInHolder(bench, "10001", RestBench.password, at: lobby).code == "throttled")
        #expect(try signInHolder(bench, "10001", RestBench.password, at: depot).status == 201)
    }

    @Test("a closed door stays closed when the node starts anew")
    func durable() throws {
        let bench = try RestBench()
        for _ in 1...5 { _ = try signIn(bench, "olga", "wrong password") }
        let again = SignIn(node: bench.node)
        #expect(throws: (any Error).self) {
            try again.signIn(
                try OperatorID("olga"), password: Secret(Array(RestBench.password.utf8)), from: RestBench.peer
            )
        }
    }

    @Test("an operator's new password for a holder opens the door")
    func newPassword() throws {
        let bench = try RestBench()
        let terminal = try bench.token(.terminal)
        for _ in 1...5 { _ = try signInHolder(bench, "10001", "wrong password", at: terminal) }
        let set = try bench.ask(
            .put, "/v1/holders/10001/password", token: try bench.token(.operator),
            body: ["password": "a new long password"])
        #expect(set.status == 204)
        #expect(try signInHolder(bench, "10001", "a new long password", at: terminal).status == 201)
    }
}
