import Arguments
import CentreServer
import Commands
import FoundationEssentials
import JSON
import TestSupport
import Testing

@Suite("Administration by command line")
struct AdminVerbTests {
    private let bench: CommandBench

    init() throws { bench = try CommandBench() }

    private func run(_ line: String, _ variables: [String: String] = [:]) async -> Outcome {
        await bench.run(line, variables: ["BERTH_SERVER": "https://127.0.0.1:1"].merging(variables) { $1 })
    }

    @Test("every endpoint has a noun, and a verb of its own there")
    func complete() {
        let nouns = AdminNouns.summaries.map(\.group)
        #expect(Set(nouns).count == nouns.count)
        let groups = Set(RestTable.endpoints.map(\.group))
        #expect(groups.subtracting(nouns) == AdminNouns.hiddenGroups)
        #expect(Set(nouns).subtracting(groups).isEmpty, "a noun has nothing to do")
        for noun in nouns {
            let verbs = RestTable.described.filter { $0.group == noun }
                .map { AdminNames.verb($0.operationID, in: noun) }
            #expect(Set(verbs).count == verbs.count, "\(noun): \(verbs)")
            #expect(verbs.allSatisfy { !$0.isEmpty })
        }
    }

    static let names: [(String, String, String)] = [
        ("listCards", "cards", "list"), ("getCardContents", "cards", "get-contents"),
        ("setCardExpiry", "cards", "set-expiry"), ("listHoldersUsing", "figures", "list-holders-using"),
        ("suspendProvider", "providers", "suspend"), ("uploadLoadFile", "releases", "upload-load-file"),
        ("listCustody", "custody", "list"), ("renewWebhookSecret", "webhooks", "renew-secret"),
        ("verifyCardAudit", "audit", "verify-card"), ("whoAmI", "sessions", "who-am-i"),
    ]

    @Test("a verb is the operation without its noun", arguments: names)
    func naming(_ operation: String, _ group: String, _ verb: String) {
        #expect(AdminNames.verb(operation, in: group) == verb)
    }

    @Test(
        "an option is its place in the request",
        arguments: [
            (["limits", "roomPerCard", "nonVolatile"], "limits-room-per-card-non-volatile"),
            (["seesAlso"], "sees-also"), (["url"], "url"), (["aid"], "aid"),
        ])
    func options(_ path: [String], _ name: String) { #expect(AdminNames.option(path) == name) }

    @Test("--dry-run shows the request, and asks nothing")
    func dryRun() async throws {
        let outcome = await run(
            "providers register --id city --name City --limits-cards-max 7 --limits-room-per-card-non-volatile 9"
                + " --limits-room-per-card-volatile 1 --domains A000000151 --domains A000000152 --request r-1"
                + " --dry-run --json")
        #expect(outcome.exit == .success, "\(outcome.errors)")
        let json = try #require(outcome.json)
        #expect(json["method"] == "POST")
        #expect(json["target"] == "/v1/providers")
        #expect(json["fields"]?.arrayValue?.contains("Idempotency-Key: r-1") == true)
        #expect(
            json["body"]?.text
                == #"{"id":"city","name":"City","limits":{"roomPerCard":{"nonVolatile":9,"volatile":1},"#
                + #""cardsMax":7},"domains":["A000000151","A000000152"]}"#)
    }

    @Test("what a path names is escaped, what a query names too")
    func escapes() async throws {
        let outcome = await run(
            "addresses list 42ABCDEF-01 --all yes --dry-run --json")
        #expect(outcome.json?["target"] == "/v1/cards/42ABCDEF-01/addresses?all=true", "\(outcome.errors)")
        let events = await run("events list --subject card/0A --after 3 --dry-run --json")
        #expect(events.json?["target"]?.stringValue?.contains("subject=card%2F0A") == true)
    }

    @Test(
        "null is nothing where nothing may be said, and a text where only a text is taken",
        arguments: [
            ("cards set-expiry 42ABCDEF-01 --expiry null", #"{"expiry":null}"#),
            ("cards set-expiry 42ABCDEF-01 --expiry none", #"{"expiry":null}"#),
            ("cards set-expiry 42ABCDEF-01 --expiry 2027-05-31", #"{"expiry":"2027-05-31"}"#),
            (
                "terminals change lobby --label L --blocked Lost. --if-match 7",
                #"{"label":"L","blocked":"Lost."}"#
            ),
            (
                "terminals change lobby --label null --blocked null --if-match 7",
                #"{"label":"null","blocked":null}"#
            ),
        ])
    func null(_ line: String, _ body: String) async {
        let outcome = await run(line + " --dry-run --json")
        #expect(outcome.exit == .success, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.json?["body"]?.text == body, "\(outcome.output)")
    }

    @Test("a request that is not complete is told so before anything is sent")
    func incomplete() async {
        let outcome = await run("providers register --id city --json")
        #expect(outcome.exit == .usage)
        #expect(outcome.output.contains("/limits"))
    }

    @Test("no secret stands on the command line, and none is shown")
    func secrets() async throws {
        for line in [
            "providers list --token berth_abc_def", "operators set-password anne --password correct-horse",
        ] {
            let outcome = await run(line)
            #expect(outcome.exit == .usage, "\(line): \(outcome.output)\(outcome.errors)")
            #expect(!(outcome.output + outcome.errors).contains("correct-horse"))
            #expect(!(outcome.output + outcome.errors).contains("berth_abc"))
        }
        let shown = await run(
            "operators set-password anne --password env:SECRET --dry-run --json",
            ["SECRET": "correct horse battery"])
        #expect(shown.exit == .success, "\(shown.errors)\(shown.output)")
        #expect(!shown.output.contains("correct horse"))
    }

    @Test("a centre that does not answer is unavailable")
    func unreachable() async {
        let outcome = await run("providers list --json")
        #expect(outcome.exit == .unavailable, "\(outcome.output)")
    }

    @Test(
        "a tag gets its quotes, and what has them, or is a star, goes as it is (RFC 9110 §13.1.1)",
        arguments: [
            ("*", "*"), ("7", "\"7\""), ("\"7\"", "\"7\""), ("W/\"7\"", "W/\"7\""),
            ("\"7\",\"8\"", "\"7\",\"8\""),
        ])
    func ifMatch(_ given: String, _ sent: String) async {
        let outcome = await run("applications rename purse --name P --if-match \(given) --dry-run --json")
        #expect(
            outcome.json?["fields"]?.arrayValue?.contains(.string("If-Match: \(sent)")) == true,
            "\(outcome.output)\(outcome.errors)")
    }

    private static func answer(_ body: String, _ fields: String = "") -> LoopbackServer.Script {
        LoopbackServer.text("200 OK", body, "Content-Type: application/json\r\n" + fields)
    }

    @Test("what can be changed on its state is shown with its tag, as --if-match takes it")
    func tags() async throws {
        let server = try LoopbackServer { _ in
            Self.answer(#"{"holder":"10001","name":"Ada"}"#, "ETag: \"5b1f\"\r\n")
        }
        defer { server.stop() }
        func run(_ line: String) async -> Outcome {
            await bench.run(line, variables: ["BERTH_SERVER": server.url])
        }
        let lines = await run("holders get 10001")
        #expect(lines.output.contains("tag:"), "\(lines.output)\(lines.errors)")
        #expect(lines.output.contains("5b1f") && !lines.output.contains("etag"))
        for line in [
            "holders get 10001", "releases get purse 1.0", "holders change 10001 --name A --if-match 5b1f",
        ] {
            let json = await run(line + " --json")
            #expect(json.json?["etag"] == "5b1f", "\(line): \(json.output)\(json.errors)")
        }
        #expect(server.requests.last?.lowercased().contains("if-match: \"5b1f\"") == true)
        for line in ["cards get-drift 42", "sessions who-am-i", "holders list"] {
            #expect(await run(line + " --json").json?["etag"] == nil, "\(line)")
        }
    }

    /// A centre with events at 3, 7 and 9 of 9; it looks at four places for one answer, and gives at most so many.
    private static func eventPage(_ request: String) -> LoopbackServer.Script {
        func number(_ name: String) -> Int? {
            guard let start = request.firstRange(of: name + "=")?.upperBound else { return nil }
            return Int(request[start...].prefix { $0.isNumber })
        }
        let (after, limit) = (number("after") ?? 0, number("limit") ?? 100)
        var (items, position): ([JSONValue], Int) = ([], after)
        while position < min(after + 4, 9), items.count < limit {
            position += 1
            if [3, 7, 9].contains(position) { items.append(["id": .integer(Int64(position))]) }
        }
        let body: JSONValue = [
            "items": .array(items), "position": .integer(Int64(position)), "newest": 9,
        ]
        return answer(body.text)
    }

    @Test(
        "events are read on from where the centre stopped looking, to a page or to the newest",
        arguments: [
            ("--after 3 --limit 1", [7], 7), ("--limit 2", [3, 7], 7), ("--limit 1", [3], 3),
            ("", [3, 7, 9], 9), ("--limit 1 --all", [3, 7, 9], 9), ("--after 9", [], 9),
        ] as [(String, [Int64], Int64)])
    func events(_ options: String, _ ids: [Int64], _ position: Int64) async throws {
        let server = try LoopbackServer { Self.eventPage($0) }
        defer { server.stop() }
        let line = "events list " + options
        let variables = ["BERTH_SERVER": server.url]
        let json = await bench.run(line + " --json", variables: variables)
        #expect(
            json.json?["items"]?.arrayValue?.compactMap { $0["id"]?.integerValue } == ids,
            "\(json.output)\(json.errors)")
        #expect(json.json?["position"]?.integerValue == position)
        let shown = await bench.run(line, variables: variables)
        #expect(shown.errors.contains("--all, or --after \(position)") == (position < 9), "\(shown.errors)")
        #expect(shown.errors.contains("there are none") == ids.isEmpty)
    }

    private static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    @Test("events are followed on from the last whole one where the connection was cut")
    func follow() async throws {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        let event = #"data: {"time":"t","type":"dev.berth.card.read.v1","subject":"card/0A"}"#
        let server = try LoopbackServer { request in
            // Cut between the two lines of the first event; then given whole and ended; then refused.
            if request.contains("Last-Event-ID: 8") { return LoopbackServer.text("401 Unauthorized", "") }
            guard request.contains("Last-Event-ID: 7") else {
                return LoopbackServer.Script(
                    pieces: [head + Self.chunk("retry: 20\nid: 7\n\nid: 8\n")], closes: true)
            }
            return LoopbackServer.Script(
                pieces: [head + Self.chunk("id: 8\n\(event)\n\n") + "0\r\n\r\n"])
        }
        defer { server.stop() }
        let outcome = await bench.run("events list --follow", variables: ["BERTH_SERVER": server.url])
        #expect(server.requests.count == 3, "\(outcome.errors)")
        #expect(outcome.output.split(separator: "\n").count == 1, "\(outcome.output)")
        #expect(outcome.output.contains("card/0A"))
        #expect(outcome.exit == .protocolViolation, "the last answer is not a centre's")
    }

    @Test("signing in needs no token, and puts the new one where the profile takes it from")
    func signingIn() async throws {
        let variables = ["XDG_CONFIG_HOME": bench.folder + "/config", "PASSWORD": "harbour-lights-1"]
        func run(_ line: String) async -> Outcome { await bench.run(line, variables: variables) }
        let path = bench.folder + "/admin.token"
        _ = await run("centre add a --server http://localhost:1 --token file:\(path)")
        #expect(await run("operators list").exit == .noInput, "there is no token yet")
        let signIn = "sessions sign-in --operator admin --password env:PASSWORD"
        #expect(await run(signIn).exit == .unavailable)
        #expect(await run(signIn + " --save").exit == .unavailable)
        #expect(await run(signIn + " --save --server http://localhost:1").exit == .usage, "no file is named")

        let answer = CentreAnswer(
            status: 201, fields: [("Content-Type", "application/json")],
            body: Array(#"{"token":"berth_a_b","session":"a","expiresAt":"2026-11-22T12:00:00Z"}"#.utf8))
        let shown = try SavedToken(path: path).save(answer)
        #expect(shown["token"] == nil && shown["session"] == "a" && shown["savedIn"]?.stringValue == path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "berth_a_b\n")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(await run("operators list").exit == .unavailable)
        let nowhere = SavedToken(path: bench.folder + "/nowhere/admin.token")
        #expect(throws: Problem.self) { try nowhere.save(answer) }
    }

    @Test("centres are added, chosen and forgotten; their file holds no secret")
    func profiles() async throws {
        let folder = bench.folder + "/config"
        let variables = ["XDG_CONFIG_HOME": folder]
        func run(_ line: String) async -> Outcome { await bench.run(line, variables: variables) }
        #expect(await run("providers list").exit == .configuration)
        #expect(await run("centre add a --server https://a.example --token env:T").exit == .success)
        #expect(await run("centre add b --server http://localhost:1").exit == .success)
        #expect(await run("centre add c --server http://c.example").exit == .usage)
        #expect(await run("centre add c --server https://c.example --token berth_x_y").exit == .usage)
        let listed = await run("centre list --json")
        #expect(
            listed.json?.text
                == #"{"default":"a","centres":{"a":{"server":"https://a.example","token":"env:T"},"#
                + #""b":{"server":"http://localhost:1"}}}"#)
        #expect(await run("centre use b").exit == .success)
        #expect(await run("centre use nobody").exit == .notFound)
        #expect(await run("providers list").exit == .unavailable)
        #expect(await run("providers list --centre nobody").exit == .configuration)
        #expect(await run("centre remove b").exit == .success)
        #expect(await run("providers list").exit == .configuration)
        let path = folder + "/berth/centres.json"
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }
}

@Suite("What a centre answers, for people")
struct AdminViewTests {
    private static func answer(_ status: Int, _ code: String) -> CentreAnswer {
        let body: JSONValue = [
            "type": "x", "title": "No such card.", "detail": "It is not there.", "code": .string(code),
            "remedy": "Register it.", "errors": [["pointer": "/a", "detail": "Wrong."]],
        ]
        return CentreAnswer(
            status: status, fields: [("content-type", "application/problem+json")], body: body.encoded())
    }

    static let exits: [(Int, String, ExitCode)] = [
        (400, "request-invalid", .badData), (401, "sign-in", .notAuthenticated),
        (403, "forbidden", .notAuthenticated), (404, "card-unknown", .notFound),
        (409, "provider-exists", .alreadyExists), (409, "service-stopped", .refused),
        (412, "changed-meanwhile", .mismatch), (422, "invalid", .badData), (429, "throttled", .tryAgain),
        (500, "internal", .unavailable), (503, "store-busy", .tryAgain),
        (503, "overloaded", .tryAgain), (503, "stopping", .tryAgain), (503, "outcome-unknown", .unavailable),
        (503, "store-unreachable", .unavailable), (302, "x", .protocolViolation),
    ]

    @Test("the class of a problem follows its status and code", arguments: exits)
    func exit(_ status: Int, _ code: String, _ exit: ExitCode) {
        let problem = Problem(Self.answer(status, code))
        #expect(problem.exit == exit)
        #expect(problem.code == code)
        #expect(problem.what == "No such card")
        #expect(problem.why == "It is not there. /a: Wrong.")
        #expect(problem.advice == ["Register it"])
    }

    @Test("what is no problem of a centre is not believed")
    func noCentre() {
        let html = CentreAnswer(
            status: 404, fields: [("Content-Type", "text/html")], body: Array("<h1>Not here</h1>".utf8))
        #expect(Problem(html).exit == .protocolViolation)
        #expect(Problem(html).code == "not-a-centre")
    }

    @Test("a list becomes columns of what is plain in any row")
    func columns() throws {
        let rows: [JSONValue] = [
            ["id": "a", "room": ["nonVolatile": 1], "tags": []],
            ["id": "b", "tags": ["x", "y"], "ok": true],
        ]
        #expect(AdminView.columns(of: rows) == ["id", "tags", "ok"])
        #expect(AdminView.cell(["x", "y"]) == "x y")
        #expect(AdminView.cell(true) == "yes")
        #expect(AdminView.cell(.null) == "")
    }

    @Test("an object becomes lines, and nothing in it can write to the terminal")
    func lines() {
        let lines = AdminView.lines(
            ["id": "a\u{1B}[2J", "limits": ["cardsMax": 7], "list": [["x": 1]]], indent: "")
        #expect(!lines.joined().contains("\u{1B}"))
        #expect(lines.contains("  cardsMax: 7"))
        #expect(lines.contains("list:"))
    }
}
