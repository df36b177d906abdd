import Arguments
import CentreServer
import FoundationEssentials
import JSON
import TestSupport
import Testing

@testable import Commands

@Suite("Bringing in many at once")
struct ImportVerbTests {
    private let bench: CommandBench

    init() throws { bench = try CommandBench() }

    @Test("bad rows are told by their line and cost no good one")
    func badRows() async throws {
        try bench.write(
            "providers.csv",
            """
            id,name,limits-room-per-card-non-volatile,limits-room-per-card-volatile,limits-cards-max,domains
            city,City Transit,100,10,7,A000000151 A000000152
            Rail,Wrong name,100,10,7,
            bank,"Bank, and more",many,10,7,
            shop,Shop,1,1,1,
            pub,"Pub
            """)
        let outcome = await bench.run("providers import @providers.csv --dry-run --rejects @bad.csv --json")
        #expect(outcome.exit == .badData, "\(outcome.output)\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n").compactMap { try? JSONValue(decoding: String($0)) }
        #expect(lines.compactMap { $0["line"]?.integerValue } == [3, 4, 6])
        #expect(lines.contains { $0["done"] == 2 && $0["refused"] == 3 })
        let rejects = try bench.read("bad.csv").split(separator: "\n")
        #expect(rejects.count == 4)
        #expect(rejects[0].hasPrefix("id,name,"))
        #expect(rejects[2] == "bank,\"Bank, and more\",many,10,7,")
    }

    @Test("lines of JSON are rows too, and a column that nobody knows is refused")
    func jsonLines() async throws {
        try bench.write(
            "a.jsonl",
            """
            {"id":"purse","name":"Purse","provider":"city"}
            {"id":"pass","name":"Pass"}
            [1]

            {"id":"x","name":"X","provider":"city","more":1}
            """)
        let outcome = await bench.run("applications import @a.jsonl --dry-run --json")
        let lines = outcome.output.split(separator: "\n").compactMap { try? JSONValue(decoding: String($0)) }
        #expect(lines.compactMap { $0["line"]?.integerValue } == [2, 3, 5])
        try bench.write("b.csv", "id,name,provider,colour\npurse,Purse,city,red\n")
        #expect(await bench.run("applications import @b.csv --dry-run").exit == .badData)
    }

    @Test(
        "a header that is wrong ends the import, and is told once",
        arguments: [
            ("applications", "id,name,provider,colour\npurse,Purse,city,red\npass,Pass,city,red\n", "colour"),
            ("tariffs", "basis,rate,currency\nday,1,EUR\nday,2,EUR\n", "provider"),
            ("terminals", "terminal,label,label\na,A,A\n", "twice"),
            ("terminals", "terminal,place\n", "place"),
        ])
    func header(_ noun: String, _ text: String, _ word: String) async throws {
        try bench.write("a.csv", text)
        let outcome = await bench.run("\(noun) import @a.csv --dry-run --rejects @bad.csv --json")
        #expect(outcome.exit == .badData && outcome.problemCode == "columns-unknown", "\(outcome.output)")
        #expect(outcome.lines.count == 1)
        let problem = outcome.json?["problem"]
        #expect(problem?["what"]?.stringValue?.hasPrefix("line 1 of ") == true, "\(outcome.output)")
        #expect(problem?["why"]?.stringValue?.contains(word) == true, "\(outcome.output)")
        #expect(!FileManager.default.fileExists(atPath: bench.folder + "/bad.csv"))
    }

    @Test("--rejects is never the file that is imported, by whatever name")
    func rejectsItself() async throws {
        let text = "terminal,label\nUPPER,Case\n"
        try bench.write("a.csv", text)
        let path = bench.folder + "/a.csv"
        let files = FileManager.default
        try files.createSymbolicLink(atPath: bench.folder + "/soft.csv", withDestinationPath: path)
        try files.linkItem(atPath: path, toPath: bench.folder + "/hard.csv")
        for name in ["a.csv", "./a.csv", "soft.csv", "hard.csv"] {
            let outcome = await bench.run("terminals import @a.csv --dry-run --rejects @\(name)")
            #expect(outcome.exit == .usage, "\(name): \(outcome.output)\(outcome.errors)")
            #expect(try bench.read("a.csv") == text, "\(name)")
        }
        #expect(await bench.run("terminals import @a.csv --dry-run --rejects @b.csv").exit == .badData)
        #expect(try bench.read("b.csv") == text)
    }

    /// A centre that has the terminal `desk`, shows none of the others that it says it has, and takes `door`.
    private static func answer(_ request: String) -> LoopbackServer.Script {
        let json = "Content-Type: application/json\r\n"
        let problem = "Content-Type: application/problem+json\r\n"
        if request.hasPrefix("GET /v1/terminals/desk ") {
            return LoopbackServer.text("200 OK", #"{"terminal":"desk","label":"Desk","revision":1}"#, json)
        }
        if request.hasPrefix("GET ") {
            return LoopbackServer.text(
                "404 Not Found", #"{"code":"terminal-unknown","title":"No."}"#, problem)
        }
        if request.contains("door") { return LoopbackServer.text("201 Created", "{}", json) }
        return LoopbackServer.text("409 Conflict", #"{"code":"terminal-exists","title":"There."}"#, problem)
    }

    @Test("what is there just so is known; what differs is refused, and told")
    func known() async throws {
        let server = try LoopbackServer { Self.answer($0) }
        defer { server.stop() }
        try bench.write("t.csv", "terminal,label\ndesk,Desk\ndoor,Door\ndesk,Table\ngone,Gone\ndesk,\n")
        let outcome = await bench.run(
            "terminals import @t.csv --rejects @bad.csv --json", variables: ["BERTH_SERVER": server.url])
        #expect(outcome.exit == .badData, "\(outcome.output)\(outcome.errors)")
        let told = outcome.lines.filter { $0["line"] != nil }
        #expect(told.compactMap { $0["line"]?.integerValue } == [4, 5, 6])
        #expect(
            told.compactMap { $0["code"]?.stringValue } == ["row-differs", "terminal-exists", "row-differs"])
        #expect(told.first?["why"] == "label is 'Desk', not 'Table'")
        #expect(told.last?["why"] == "label is 'Desk', not empty")
        #expect(outcome.lines.contains { $0["done"] == 2 && $0["known"] == 1 && $0["refused"] == 3 })
        #expect(try bench.read("bad.csv") == "terminal,label\ndesk,Table\ngone,Gone\ndesk,\n")
    }

    @Test("a text that says yes or no stays that text")
    func wordsOfTexts() async throws {
        let server = try LoopbackServer { request in
            request.hasPrefix("GET ")
                ? LoopbackServer.text(
                    "200 OK", #"{"terminal":"desk","label":"no"}"#, "Content-Type: application/json\r\n")
                : LoopbackServer.text(
                    "409 Conflict", #"{"code":"terminal-exists","title":"There."}"#,
                    "Content-Type: application/problem+json\r\n")
        }
        defer { server.stop() }
        try bench.write("t.csv", "terminal,label\ndesk,no\n")
        let outcome = await bench.run(
            "terminals import @t.csv --json", variables: ["BERTH_SERVER": server.url])
        #expect(outcome.exit == .success, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.lines.contains { $0["known"] == 1 && $0["refused"] == 0 })
    }

    @Test(
        "a centre that says to come back later than an import waits ends it, to be tried again",
        arguments: ["overloaded", "stopping"])
    func muchTooBusy(_ code: String) async throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.text(
                "503 Service Unavailable", #"{"code":"\#(code)","title":"Later."}"#,
                "Content-Type: application/problem+json\r\nRetry-After: 301\r\n")
        }
        defer { server.stop() }
        try bench.write("t.csv", "terminal,label\ndesk,Desk\n")
        let outcome = await bench.run(
            "terminals import @t.csv --json", variables: ["BERTH_SERVER": server.url])
        #expect(outcome.exit == .tryAgain, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.problemCode == code)
        #expect(outcome.lines.last?["problem"]?["details"]?["retryAfter"] == 301)
    }

    private static let card: JSONValue = [
        "card": "0A", "profile": "javacard-80k", "issuerDomain": "A000000151000000",
        "keySet": ["masterKey": "fleet", "version": 1, "channel": "scp03"],
    ]
    private static let shownCard: JSONValue = [
        "card": "0A", "profile": "javacard-80k", "issuerDomain": "A000000151000000", "revision": 7,
        "keySet": ["masterKey": "fleet", "version": 2, "channel": "scp03", "diversificationData": "0A0B"],
    ]
    private static let holder: JSONValue = ["holder": "1", "name": "Ada", "password": "harbour-lights-1"]
    private static let shownHolder: JSONValue = [
        "holder": "1", "name": "Ada", "address": "", "issueCount": 0,
    ]
    private static let otherHolder: JSONValue = ["holder": "1", "name": "Bob", "birthDate": "1990-02-28"]
    private static let provider: JSONValue = [
        "id": "city", "name": "City", "domains": ["A000000151", "A000000152"],
        "limits": ["cardsMax": 7, "roomPerCard": ["nonVolatile": 1, "volatile": 1]],
    ]
    private static let shownProvider: JSONValue = [
        "id": "city", "name": "City", "life": "active", "domains": ["A000000152", "A000000151"],
        "limits": ["roomPerCard": ["nonVolatile": 1, "volatile": 2], "cardsMax": 7], "seesAlso": [],
    ]
    private static let tariff: JSONValue = [
        "validFrom": "2026-01-01T00:00:00.000Z", "basis": "day", "rate": 5, "currency": "EUR",
    ]
    private static let purseTariff: JSONValue = [
        "application": "purse", "validFrom": "2026-01-01T00:00:00Z", "basis": "day", "rate": 5,
        "currency": "EUR",
    ]
    private static let shownTariff: JSONValue = [
        "provider": "city", "validFrom": "2026-01-01T00:00:00Z", "basis": "day", "rate": 5,
        "currency": "EUR", "freeDays": 0, "minimum": 0,
    ]
    private static let shownPurseTariff: JSONValue = [
        "provider": "city", "application": "purse", "validFrom": "2026-01-01T00:00:00Z", "basis": "day",
        "rate": 7, "currency": "EUR", "freeDays": 0, "minimum": 0, "cap": 9,
    ]
    private static let tariffs: JSONValue = ["items": .array([shownTariff, shownPurseTariff])]

    /// What a row says, what the centre shows, and what differs; nothing where it is known.
    static let entries: [(String, JSONValue, JSONValue, String?)] = [
        ("registerCard", card, card, nil),
        ("registerCard", card, shownCard, "key-set-version is 2, not 1"),
        ("registerHolder", holder, shownHolder, nil),
        (
            "registerHolder", holder, otherHolder,
            "name is 'Bob', not 'Ada'; birth-date is '1990-02-28', not empty"
        ),
        ("registerProvider", provider, provider, nil),
        ("registerProvider", provider, shownProvider, "limits-room-per-card-volatile is 2, not 1"),
        ("setTariff", tariff, tariffs, nil),
        ("setTariff", purseTariff, tariffs, "rate is 7, not 5; cap is 9, not empty"),
    ]

    @Test("a row is compared with what is there, without passwords", arguments: entries)
    func compares(
        _ operation: String, _ said: JSONValue, _ there: JSONValue, _ differing: String?
    ) throws {
        let endpoint = try #require(RestTable.described.first { $0.operationID == operation })
        guard case .json(let schema) = endpoint.body else {
            Issue.record("\(operation) takes no JSON")
            return
        }
        let body = try #require(said.objectValue)
        let entry = try #require(ExistingEntry(of: operation, at: "/v1/x", body, schema))
        let refusal = Problem("exists", exit: .alreadyExists, "there is one")
        switch entry.answer(to: refusal, there) {
        case .known: #expect(differing == nil)
        case .refused(let problem): #expect(problem.code == "row-differs" && problem.why == differing)
        case .taken: Issue.record("nothing was taken")
        }
    }

    @Test("what is not there leaves the centre's own refusal")
    func notThere() throws {
        let endpoint = try #require(RestTable.described.first { $0.operationID == "setTariff" })
        guard case .json(let schema) = endpoint.body else { return }
        let body: JSONObject = ["validFrom": "2025-01-01T00:00:00Z", "rate": 5]
        let entry = try #require(ExistingEntry(of: "setTariff", at: "/v1/x", body, schema))
        let refusal = Problem("tariff-past", exit: .badData, "it is over")
        #expect(entry.answer(to: refusal, Self.tariffs) == .refused(refusal))
        #expect(entry.answer(to: refusal, nil) == .refused(refusal))
        #expect(ExistingEntry(of: "setTariff", at: "/v1/x", ["rate": 5], schema) == nil)
    }

    @Test("a way to the centre that is cut is no bad row: the run stops, and goes on there")
    func resumes() async throws {
        try bench.write("c.csv", "id,name,provider\npurse,Purse,city\n")
        let variables = ["BERTH_SERVER": "http://127.0.0.1:1"]
        let outcome = await bench.run("applications import @c.csv", variables: variables)
        #expect(outcome.exit == .unavailable, "\(outcome.output)\(outcome.errors)")
        #expect(await bench.run("applications import @missing.csv", variables: variables).exit == .noInput)
    }
}
